//! Exact interventional Shapley values.
//!
//! The value of a set of features is the mean score of rows that have these from the row explained and the others from a row of
//! the background. Trees: Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees",
//! algorithm 3. Linear functions: `weight · (x − mean of the background)`.

use altlas_score::{Additive, Ensemble, Linear, TreeNode, leaf_value};

use crate::Contributions;

/// The Shapley values of a score, a feature each. The rows are as wide as the function needs; `tick` is called often.
pub fn shapley(
    additive: &Additive,
    row: &[f64],
    background: &[Vec<f64>],
    target: usize,
    tick: &dyn Fn(),
) -> Contributions {
    let count = background.len().max(1) as f64;
    let values = match additive {
        Additive::Trees(ensemble) => trees(ensemble, row, background, target, tick),
        Additive::Linear(linear) => weights(linear, row, background, target),
    };
    Contributions {
        values,
        errors: None,
        base: background.iter().map(|other| additive.score(other, target)).sum::<f64>() / count,
        prediction: additive.score(row, target),
    }
}

fn weights(linear: &Linear, row: &[f64], background: &[Vec<f64>], target: usize) -> Vec<f64> {
    let weights = linear.weights.get(target).map(Vec::as_slice).unwrap_or_default();
    let value = |(feature, weight): (usize, &f64)| {
        let sum: f64 = background.iter().map(|other| linear.centred(other, feature)).sum();
        weight * (linear.centred(row, feature) - sum / background.len().max(1) as f64)
    };
    weights.iter().enumerate().map(value).collect()
}

fn trees(
    ensemble: &Ensemble,
    row: &[f64],
    background: &[Vec<f64>],
    target: usize,
    tick: &dyn Fn(),
) -> Vec<f64> {
    let compared = |values: &[f64]| values.iter().map(|x| ensemble.compared(*x)).collect::<Vec<_>>();
    let row = compared(row);
    let background: Vec<Vec<f64>> = background.iter().map(|other| compared(other)).collect();
    let mut walk = Walk {
        row: &row,
        other: &[],
        target,
        sides: vec![Side::Open; row.len()],
        from_row: vec![],
        from_other: vec![],
        sums: vec![0.0; row.len()],
    };
    for other in &background {
        walk.other = other;
        for (number, tree) in ensemble.trees.iter().enumerate() {
            if number % 64 == 0 {
                tick();
            }
            walk.visit(tree, 0);
        }
    }
    let count = background.len().max(1) as f64;
    walk.sums.into_iter().map(|sum| sum / count).collect()
}

/// Where a feature's value comes from on the way to a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Open,
    Row,
    Other,
}

/// A walk to every leaf that a mixture of two rows falls into.
struct Walk<'a> {
    row: &'a [f64],
    other: &'a [f64],
    target: usize,
    sides: Vec<Side>,
    /// Features that must be the row's, and those that must be the other's, for the leaf to be reached.
    from_row: Vec<u32>,
    from_other: Vec<u32>,
    sums: Vec<f64>,
}

impl Walk<'_> {
    /// As deep as the tree, which its reader limits.
    fn visit(&mut self, tree: &[TreeNode], at: usize) {
        let (feature, yes, no, node) = match tree.get(at) {
            Some(TreeNode::Leaf(values)) => return self.add(leaf_value(values, self.target)),
            Some(node @ TreeNode::Branch { feature, yes, no, .. }) => (*feature, *yes, *no, node),
            None => return,
        };
        let place = feature as usize;
        let side = |values: &[f64]| {
            if node.goes_yes(values.get(place).copied().unwrap_or(f64::NAN)) { yes } else { no }
        };
        let (row, other) = (side(self.row), side(self.other));
        match self.sides.get(place).copied().unwrap_or(Side::Other) {
            Side::Row => self.visit(tree, row),
            Side::Other => self.visit(tree, other),
            Side::Open if row == other => self.visit(tree, row),
            Side::Open => {
                self.set(place, Side::Row);
                self.from_row.push(feature);
                self.visit(tree, row);
                self.from_row.pop();
                self.set(place, Side::Other);
                self.from_other.push(feature);
                self.visit(tree, other);
                self.from_other.pop();
                self.set(place, Side::Open);
            }
        }
    }

    fn set(&mut self, place: usize, side: Side) {
        self.sides.get_mut(place).into_iter().for_each(|s| *s = side);
    }

    /// Shares out a leaf: among p features of the row and q of the other each of the former gets (p−1)! q! / (p+q)! of its value,
    /// each of the latter loses p! (q−1)! / (p+q)! of it.
    fn add(&mut self, value: f64) {
        let (p, q) = (self.from_row.len(), self.from_other.len());
        let sides = [(&self.from_row, share(p, q)), (&self.from_other, -share(q, p))];
        for (features, share) in sides {
            for feature in features {
                self.sums.get_mut(*feature as usize).into_iter().for_each(|sum| *sum += value * share);
            }
        }
    }
}

/// (p−1)! q! / (p+q)!, which is 1 / (p · C(p+q, p)).
fn share(p: usize, q: usize) -> f64 {
    let choices = (1..=p).fold(1.0, |c, i| c * (q + i) as f64 / i as f64);
    1.0 / (p as f64 * choices)
}
