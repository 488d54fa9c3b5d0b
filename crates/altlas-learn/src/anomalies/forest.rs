//! Isolation forests (Liu, Ting and Zhou 2008): what a few random splits set apart is unusual.
#![allow(clippy::indexing_slicing)] // Rows and features are numbers below those of the matrix.

use std::f64::consts::LN_2;

use altlas_onnx::OnnxError;
use altlas_onnx::write::{IsolationForest, Tree, TreeNode, isolation_forest};
use altlas_prep::Matrix;

use super::spec::IsolationParams;
use crate::rng::Rng;

/// The Euler–Mascheroni constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// A fitted forest. A row's leaves sum up to the logarithm of its score.
pub(super) struct Forest {
    trees: Vec<Tree>,
    width: usize,
}

impl Forest {
    /// Grows the trees, each on a sample of the rows. `report` is called with the number of those that are done.
    pub(super) fn new(
        params: &IsolationParams,
        matrix: &Matrix,
        seed: u64,
        report: &mut dyn FnMut(u64),
    ) -> Self {
        let sample = matrix.rows.min(params.max_samples as usize);
        let depth = (sample.max(2) as f64).log2().ceil() as usize;
        // The score is 2 to the power of −(mean path / expected path).
        let scale = -LN_2 / (path(sample) * f64::from(params.num_trees));
        let mut rows: Vec<usize> = (0..matrix.rows).collect();
        let trees = (0..params.num_trees).map(|number| {
            report(u64::from(number));
            let mut rng = Rng::new(seed, 1000 + u64::from(number));
            for i in 0..sample {
                let other = i + rng.below(rows.len() - i);
                rows.swap(i, other);
            }
            let mut tree = Growing { matrix, rng, depth, scale, nodes: Vec::new() };
            tree.grow(&mut rows[..sample].to_vec(), 0);
            Tree { nodes: tree.nodes }
        });
        Self { trees: trees.collect(), width: matrix.width }
    }

    /// The scores of rows by some of the trees, of each `step` the one at `first`, as if they were all.
    pub(super) fn scores(
        &self,
        matrix: &Matrix,
        (first, step): (usize, usize),
        tick: &mut dyn FnMut(usize),
    ) -> Vec<f64> {
        let some: Vec<&Tree> = self.trees.iter().skip(first).step_by(step).collect();
        let factor = self.trees.len() as f64 / some.len().max(1) as f64;
        let score = |row: usize| {
            tick(row);
            (sum(some.iter().copied(), matrix.row(row)) * factor).exp()
        };
        (0..matrix.rows).map(score).collect()
    }

    /// The score of a row.
    pub(super) fn score(&self, row: &[f32]) -> f64 {
        sum(self.trees.iter(), row).exp()
    }

    pub(super) fn onnx(&self, threshold: f64) -> Result<Vec<u8>, OnnxError> {
        isolation_forest(&IsolationForest {
            width: self.width,
            trees: &self.trees,
            threshold: threshold as f32,
            input: "features",
        })
    }
}

/// The sum of the leaves that a row comes to.
fn sum<'t>(trees: impl Iterator<Item = &'t Tree>, row: &[f32]) -> f64 {
    trees.filter_map(|tree| tree.leaf(row)?.first()).map(|leaf| f64::from(*leaf)).sum()
}

/// The expected number of branches to a leaf of a search tree of so many rows.
fn path(rows: usize) -> f64 {
    let n = rows as f64;
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => 2.0 * ((n - 1.0).ln() + EULER) - 2.0 * (n - 1.0) / n,
    }
}

/// A tree that grows.
struct Growing<'a> {
    matrix: &'a Matrix,
    rng: Rng,
    /// The most branches to a leaf.
    depth: usize,
    scale: f64,
    nodes: Vec<TreeNode>,
}

impl Growing<'_> {
    /// Grows the node of these rows; gives its number.
    fn grow(&mut self, rows: &mut [usize], depth: usize) -> u32 {
        let own = self.nodes.len();
        let leaf = (self.scale * (depth as f64 + path(rows.len()))) as f32;
        self.nodes.push(TreeNode::Leaf { values: vec![leaf] });
        if depth < self.depth
            && rows.len() > 1
            && let Some((feature, threshold)) = self.split(rows)
        {
            // Missing values are no reason to be set apart: they go by chance, all of a branch to one side.
            let missing_left = self.rng.below(2) == 0;
            let goes_left = |row: usize| {
                let x = self.matrix.row(row)[feature];
                x <= threshold || (missing_left && x.is_nan())
            };
            rows.sort_by_key(|row| !goes_left(*row));
            let middle = rows.partition_point(|row| goes_left(*row));
            let (left, right) = rows.split_at_mut(middle);
            let left = self.grow(left, depth + 1);
            let right = self.grow(right, depth + 1);
            let feature = feature as u32;
            self.nodes[own] = TreeNode::Branch { feature, threshold, missing_left, left, right };
        }
        own as u32
    }

    /// A feature that is drawn of those in which the rows differ, and a threshold between its least and its largest value.
    fn split(&mut self, rows: &[usize]) -> Option<(usize, f32)> {
        let mut features: Vec<usize> = (0..self.matrix.width).collect();
        while !features.is_empty() {
            let feature = features.swap_remove(self.rng.below(features.len()));
            let values = rows.iter().map(|row| self.matrix.row(*row)[feature]).filter(|x| x.is_finite());
            let (least, most) =
                values.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
            if least < most {
                let at = f64::from(least) + self.rng.uniform() * (f64::from(most) - f64::from(least));
                // Rounding may reach the largest value, which must go to the right.
                let at = at as f32;
                return Some((feature, if at < most { at.max(least) } else { least }));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{correlation, ranks};
    use super::*;
    use crate::reference::numbers;

    /// Scores of many trees by scikit-learn (scripts/reference/density.py): the same formula, other draws.
    #[test]
    fn scores_are_near_those_of_other_draws() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/data/density.json")).unwrap();
        for case in cases["isolation"].as_array().unwrap() {
            let width = case["width"].as_u64().unwrap() as usize;
            let values: Vec<f32> = numbers(&case["x"]).into_iter().map(|x| x as f32).collect();
            let matrix = Matrix { rows: values.len() / width, width, values };
            let params = IsolationParams {
                num_trees: 1000,
                max_samples: case["max_samples"].as_u64().unwrap() as u32,
                contamination: None,
            };
            let forest = Forest::new(&params, &matrix, 1, &mut |_| ());
            let found = forest.scores(&matrix, (0, 1), &mut |_| ());
            let expected = numbers(&case["scores"]);
            let furthest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // A score of 1000 trees has a standard error of some 0.002.
            assert!(furthest < 0.015, "{furthest}");
            let spearman = correlation(&ranks(&found), &ranks(&expected));
            assert!(spearman > 0.99, "{spearman}");
            assert!((path(params.max_samples as usize) - case["path"].as_f64().unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn missing_values_and_infinities_find_a_leaf() {
        let rows = 50;
        let values = (0..rows).flat_map(|n| {
            let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0];
            [odd[n % 4], n as f32]
        });
        let matrix = Matrix { rows, width: 2, values: values.collect() };
        let params = IsolationParams::default();
        let forest = Forest::new(&params, &matrix, 3, &mut |_| ());
        let scores = forest.scores(&matrix, (0, 1), &mut |_| ());
        assert!(scores.iter().all(|s| *s > 0.0 && *s < 1.0), "{scores:?}");
        assert_eq!(
            scores,
            Forest::new(&params, &matrix, 3, &mut |_| ()).scores(&matrix, (0, 1), &mut |_| ())
        );
    }
}
