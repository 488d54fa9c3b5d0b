//! Nearest neighbours by Euclidean distance of standardised features (Cover and Hart 1967).
//!
//! Distances are compared in single precision after 1 was added to their squares, so that rounding does not decide which of equal
//! ones is the nearer: the first row is.
#![allow(clippy::indexing_slicing)] // Row numbers are below the rows kept.

use altlas_onnx::proto::data_type;
use altlas_onnx::write::Post;
use altlas_prep::Matrix;

use crate::graph::{Dense, Link};
use crate::linear::{Standard, dot};
use crate::rng::Rng;

/// The most rows that are kept, and the most of their features.
const MAX_ROWS: usize = 10_000;
const MAX_VALUES: usize = 1 << 21;
/// No distance counts as less.
const LEAST_DISTANCE: f64 = 1e-3;

/// The rows that were learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    standard: Standard,
    points: Vec<f64>,
    norms: Vec<f64>,
    target: Vec<f64>,
    classes: usize,
    k: usize,
    by_distance: bool,
}

impl Neighbours {
    /// Keeps the rows, or a sample of them.
    pub fn new(
        matrix: &Matrix,
        target: &[f64],
        classes: usize,
        k: usize,
        by_distance: bool,
        seed: u64,
    ) -> Self {
        let standard = Standard::new(matrix);
        let most = MAX_ROWS.min(MAX_VALUES / matrix.width.max(1)).max(1);
        let mut rows: Vec<usize> = (0..matrix.rows).collect();
        if rows.len() > most {
            Rng::new(seed, 11).shuffle(&mut rows);
            rows.truncate(most);
            rows.sort_unstable();
        }
        let mut points = vec![0.0; rows.len() * matrix.width];
        for (row, point) in rows.iter().zip(points.chunks_exact_mut(matrix.width)) {
            standard.row(matrix.row(*row), point);
        }
        let norms = points.chunks_exact(matrix.width).map(|p| dot(p, p)).collect();
        let target: Vec<f64> = rows.iter().map(|&row| target[row]).collect();
        let k = k.min(target.len());
        Self { standard, points, norms, target, classes, k, by_distance }
    }

    /// The number of rows kept.
    pub fn rows(&self) -> usize {
        self.target.len()
    }

    /// Predictions of each row, or probabilities of its classes.
    pub fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let width = matrix.width;
        let mut z = vec![0.0; width];
        let mut near: Vec<(f32, u32, f64)> = Vec::with_capacity(self.rows());
        let mut scores = Vec::with_capacity(matrix.rows * self.classes.max(1));
        for row in matrix.values.chunks_exact(width) {
            self.standard.row(row, &mut z);
            let own = dot(&z, &z);
            near.clear();
            for (n, (point, norm)) in (0..).zip(self.points.chunks_exact(width).zip(&self.norms)) {
                let distance = norm - 2.0 * dot(&z, point) + own;
                near.push(((distance + 1.0) as f32, n, distance));
            }
            let order =
                |a: &(f32, u32, f64), b: &(f32, u32, f64)| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1));
            if self.k < near.len() {
                near.select_nth_unstable_by(self.k - 1, order);
            }
            let start = scores.len();
            scores.resize(start + self.classes.max(1), 0.0);
            let weight = |distance: f64| match self.by_distance {
                true => 1.0 / distance.max(LEAST_DISTANCE * LEAST_DISTANCE).sqrt(),
                false => 1.0,
            };
            let all: f64 = near[..self.k].iter().map(|n| weight(n.2)).sum();
            for (_, n, distance) in &near[..self.k] {
                let (y, share) = (self.target[*n as usize], weight(*distance) / all);
                match self.classes {
                    0 => scores[start] += y * share,
                    _ => scores[start + y as usize] += share,
                }
            }
        }
        scores
    }

    pub(crate) fn onnx(&self, post: Post) -> Vec<u8> {
        let mut dense = Dense::scaled("nearest_neighbours", &self.standard);
        dense.distances(&self.points, self.standard.mean.len());
        dense.constant("one_more", &[1], &[1.0]);
        dense.op("Add", &["distances", "one_more"], "raised");
        dense.cast("raised", "single", data_type::FLOAT);
        dense.whole("k", &[self.k as i64]);
        dense.op_with("TopK", &["single", "k"], &["least", "nearest"], &[("axis", 1), ("largest", 0)]);
        dense.constant("target", &[self.rows()], &self.target);
        dense.op("Gather", &["target", "nearest"], "theirs");
        if self.by_distance {
            dense.op_with("GatherElements", &["distances", "nearest"], &["exact"], &[("axis", 1)]);
            dense.constant("floor", &[1], &[LEAST_DISTANCE * LEAST_DISTANCE]);
            dense.op("Max", &["exact", "floor"], "kept");
            dense.op("Sqrt", &["kept"], "roots");
            dense.op("Reciprocal", &["roots"], "weights");
            dense.row_mean("weights", "all_weights");
            dense.op("Div", &["weights", "all_weights"], "shares_of_k");
        }
        if self.classes == 0 {
            self.mean(&mut dense, "theirs", "scores");
            return dense.value("scores", post);
        }
        let names: Vec<String> = (0..self.classes).map(|class| format!("share_{class}")).collect();
        for (class, name) in names.iter().enumerate() {
            let (number, is, member) =
                (format!("class_{class}"), format!("is_{class}"), format!("of_{class}"));
            dense.constant(&number, &[1], &[class as f64]);
            dense.op("Equal", &["theirs", &number], &is);
            dense.cast(&is, &member, data_type::DOUBLE);
            self.mean(&mut dense, &member, name);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        dense.op_with("Concat", &names, &["votes"], &[("axis", 1)]);
        dense.classes("votes", Link::Shares, self.classes)
    }

    /// The weighted mean of the neighbours' values.
    fn mean(&self, dense: &mut Dense, values: &str, output: &str) {
        if self.by_distance {
            let product = format!("{output}_weighted");
            dense.op("Mul", &[values, "shares_of_k"], &product);
            dense.row_mean(&product, output);
        } else {
            dense.row_mean(values, output);
        }
    }
}
