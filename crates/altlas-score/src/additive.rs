//! The part of a model that is a sum: an ensemble of trees, or a linear function, before what turns its scores into answers.

/// Scores as sums. [`additive`](crate::additive()) finds them in a graph.
#[derive(Debug, Clone, PartialEq)]
pub enum Additive {
    /// Sums of trees' leaves.
    Trees(Ensemble),
    /// Weighted sums of features.
    Linear(Linear),
}

/// An ensemble of trees. The score of a target is its base value and the sum of the leaves that a row falls into.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ensemble {
    /// The trees; the first node is the root, and parents come before their children.
    pub trees: Vec<Vec<TreeNode>>,
    /// One for each score.
    pub base: Vec<f64>,
    /// Features are rounded to single precision before they are compared.
    pub single: bool,
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum TreeNode {
    /// A test, and the nodes that it leads to.
    Branch {
        /// The feature tested.
        feature: u32,
        /// The comparison, `x ? threshold`.
        test: Test,
        /// What is compared with.
        threshold: f64,
        /// The test holds for a missing value.
        missing_yes: bool,
        /// Where it holds.
        yes: usize,
        /// Where it does not.
        no: usize,
    },
    /// Targets, and what is added to each.
    Leaf(Vec<(u32, f64)>),
}

/// A comparison of a feature with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The names say it.
pub enum Test {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
}

/// Scores `bias + Σ weight · (x − center)`. A value that is not finite counts as its center where `fills`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Linear {
    /// The weights of each score.
    pub weights: Vec<Vec<f64>>,
    /// One for each score.
    pub bias: Vec<f64>,
    /// One for each feature.
    pub center: Vec<f64>,
    /// Whether the center stands for values that are not finite.
    pub fills: bool,
}

impl Test {
    /// Whether it holds for a value that is there.
    pub fn holds(self, x: f64, threshold: f64) -> bool {
        match self {
            Self::LessOrEqual => x <= threshold,
            Self::Less => x < threshold,
            Self::GreaterOrEqual => x >= threshold,
            Self::Greater => x > threshold,
            Self::Equal => x == threshold,
            Self::NotEqual => x != threshold,
        }
    }
}

impl Additive {
    /// How many scores there are.
    pub fn scores(&self) -> usize {
        match self {
            Self::Trees(ensemble) => ensemble.base.len(),
            Self::Linear(linear) => linear.bias.len(),
        }
    }

    /// Whether every feature it looks at is among the first `width`.
    pub fn fits(&self, width: usize) -> bool {
        match self {
            Self::Trees(ensemble) => ensemble.trees.iter().flatten().all(|node| match node {
                TreeNode::Branch { feature, .. } => (*feature as usize) < width,
                TreeNode::Leaf(_) => true,
            }),
            Self::Linear(linear) => linear.center.len() == width,
        }
    }

    /// A score of a row of features.
    pub fn score(&self, row: &[f64], target: usize) -> f64 {
        match self {
            Self::Trees(ensemble) => ensemble.score(row, target),
            Self::Linear(linear) => linear.score(row, target),
        }
    }
}

impl Ensemble {
    /// A feature as it is compared.
    pub fn compared(&self, x: f64) -> f64 {
        if self.single { f64::from(x as f32) } else { x }
    }

    fn score(&self, row: &[f64], target: usize) -> f64 {
        let leaf = |tree: &Vec<TreeNode>| {
            let mut at = 0;
            loop {
                match tree.get(at) {
                    Some(TreeNode::Leaf(values)) => return leaf_value(values, target),
                    Some(branch @ TreeNode::Branch { feature, yes, no, .. }) => {
                        let x = self.compared(row.get(*feature as usize).copied().unwrap_or(f64::NAN));
                        at = if branch.goes_yes(x) { *yes } else { *no };
                    }
                    None => return 0.0,
                }
            }
        };
        let sum: f64 = self.trees.iter().map(leaf).sum();
        self.base.get(target).copied().unwrap_or_default() + sum
    }
}

/// What a leaf adds to a target.
pub fn leaf_value(values: &[(u32, f64)], target: usize) -> f64 {
    values.iter().filter(|(t, _)| *t as usize == target).map(|(_, value)| value).sum()
}

impl TreeNode {
    /// Whether a value, as it is compared, goes where the test holds; false for a leaf.
    pub fn goes_yes(&self, x: f64) -> bool {
        match self {
            Self::Branch { test, threshold, missing_yes, .. } => {
                (*missing_yes && x.is_nan()) || test.holds(x, *threshold)
            }
            Self::Leaf(_) => false,
        }
    }
}

impl Linear {
    /// How far a feature is from its center.
    pub fn centred(&self, row: &[f64], feature: usize) -> f64 {
        let center = self.center.get(feature).copied().unwrap_or_default();
        let x = row.get(feature).copied().unwrap_or(f64::NAN);
        if self.fills && !x.is_finite() { 0.0 } else { x - center }
    }

    fn score(&self, row: &[f64], target: usize) -> f64 {
        let weights = self.weights.get(target).map(Vec::as_slice).unwrap_or_default();
        let sum: f64 = weights.iter().enumerate().map(|(i, w)| w * self.centred(row, i)).sum();
        self.bias.get(target).copied().unwrap_or_default() + sum
    }
}
