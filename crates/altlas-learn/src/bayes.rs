//! Gaussian naive Bayes (Hastie, Tibshirani and Friedman 2009, section 6.6.3). A missing value tells nothing of the class.
#![allow(clippy::indexing_slicing)] // Tables of classes times features.

use altlas_onnx::proto::data_type;
use altlas_prep::Matrix;

use crate::LearnError;
use crate::graph::{Dense, Link};
use crate::linear::Standard;

/// A fitted model: of each feature's standardised value `z` class `c` has the log density `a·z² + b·z + k`.
#[derive(Debug, Clone, PartialEq)]
pub struct BayesFit {
    standard: Standard,
    classes: usize,
    /// `[features, classes]` each.
    square: Vec<f64>,
    linear: Vec<f64>,
    constant: Vec<f64>,
    /// Logarithms of the classes' shares.
    prior: Vec<f64>,
}

/// Fits means and variances of each class. `smoothing` times the largest variance is added to all.
pub fn naive_bayes(
    matrix: &Matrix,
    target: &[f64],
    classes: usize,
    smoothing: f64,
) -> Result<BayesFit, LearnError> {
    let width = matrix.width;
    let standard = Standard::new(matrix);
    let (mut count, mut sum, mut squares) =
        (vec![0.0; width * classes], vec![0.0; width * classes], vec![0.0; width * classes]);
    let mut members = vec![0.0_f64; classes];
    let rows = || matrix.values.chunks_exact(width).zip(target.iter().map(|y| *y as usize));
    let known = |row: &[f32], visit: &mut dyn FnMut(usize, f64)| {
        for (i, x) in row.iter().enumerate().filter(|(_, x)| x.is_finite()) {
            visit(i, (f64::from(*x) - standard.mean[i]) / standard.scale[i]);
        }
    };
    for (row, class) in rows() {
        members[class] += 1.0;
        known(row, &mut |i, z| {
            count[i * classes + class] += 1.0;
            sum[i * classes + class] += z;
        });
    }
    let mean: Vec<f64> = sum.iter().zip(&count).map(|(s, n)| if *n > 0.0 { s / n } else { 0.0 }).collect();
    for (row, class) in rows() {
        known(row, &mut |i, z| squares[i * classes + class] += (z - mean[i * classes + class]).powi(2));
    }
    // Standardised features have variance 1 or, if constant, 0.
    let added = smoothing.max(1e-12);
    let (mut square, mut linear, mut constant) = (vec![], vec![], vec![]);
    for ((n, m), s) in count.iter().zip(&mean).zip(&squares) {
        // Of a class without a known value the feature tells nothing.
        let variance = if *n > 0.0 { s / n + added } else { f64::INFINITY };
        square.push(-0.5 / variance);
        linear.push(m / variance);
        let log = if *n > 0.0 { (std::f64::consts::TAU * variance).ln() } else { 0.0 };
        constant.push(-0.5 * (m * m / variance + log));
    }
    let n = target.len() as f64;
    let prior = members.iter().map(|m| (m.max(0.5) / n).ln()).collect();
    if square.iter().chain(&linear).chain(&constant).any(|v| !v.is_finite()) {
        return Err(LearnError::NotFinite("naive Bayes"));
    }
    Ok(BayesFit { standard, classes, square, linear, constant, prior })
}

impl BayesFit {
    /// Logarithms of the joint density, one for each class of each row.
    pub fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let mut scores = Vec::with_capacity(matrix.rows * self.classes);
        for row in matrix.values.chunks_exact(matrix.width) {
            let start = scores.len();
            scores.extend_from_slice(&self.prior);
            for (i, x) in row.iter().enumerate().filter(|(_, x)| x.is_finite()) {
                let z = (f64::from(*x) - self.standard.mean[i]) / self.standard.scale[i];
                for (class, score) in scores[start..].iter_mut().enumerate() {
                    let at = i * self.classes + class;
                    *score += self.square[at] * z * z + self.linear[at] * z + self.constant[at];
                }
            }
        }
        scores
    }

    pub(crate) fn onnx(&self) -> Vec<u8> {
        let (width, classes) = (self.standard.mean.len(), self.classes);
        let mut dense = Dense::scaled("naive_bayes", &self.standard);
        dense.op("Not", &["missing"], "present");
        dense.cast("present", "known", data_type::DOUBLE);
        dense.op("Mul", &["z", "z"], "squares");
        for (name, input, table) in [
            ("of_squares", "squares", &self.square),
            ("of_values", "z", &self.linear),
            ("of_presence", "known", &self.constant),
        ] {
            let weights = format!("{name}_weights");
            dense.constant(&weights, &[width, classes], table);
            dense.op("MatMul", &[input, &weights], name);
        }
        dense.constant("prior", &[classes], &self.prior);
        dense.op("Add", &["of_squares", "of_values"], "curves");
        dense.op("Add", &["curves", "of_presence"], "densities");
        dense.op("Add", &["densities", "prior"], "scores");
        dense.classes("scores", Link::Softmax, classes)
    }
}
