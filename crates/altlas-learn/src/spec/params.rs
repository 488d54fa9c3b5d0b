//! Hyperparameters of each estimator, with their defaults.

use serde::{Deserialize, Serialize};

/// What LightGBM minimises in a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Squared error: the mean.
    L2,
    /// Absolute error: the median.
    L1,
    /// Pinball loss: the quantile `alpha`.
    Quantile,
    /// Poisson deviance, for counts.
    Poisson,
    /// Huber's loss with threshold `alpha`.
    Huber,
}

impl Objective {
    /// Whether LightGBM renews the leaves after each tree; such a training runs in one call (boost.rs).
    pub(crate) fn in_one_call(self) -> bool {
        matches!(self, Self::L1 | Self::Quantile)
    }
}

/// Hyperparameters of LightGBM, by its own names but `num_trees`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LightgbmParams {
    /// The most boosting rounds, 1 to 10,000.
    pub num_trees: u32,
    /// Shrinkage of each round, in (0, 1].
    pub learning_rate: f64,
    /// Leaves of a tree, 2 to 4,096.
    pub num_leaves: u32,
    /// Rows of a leaf. Columns that cannot be split into 20 and 20 rows are not used in any case.
    pub min_data_in_leaf: u32,
    /// Depth of a tree; -1 for no limit.
    pub max_depth: i32,
    /// Share of the features tried in a tree, in (0, 1].
    pub feature_fraction: f64,
    /// Share of the rows drawn for a tree, in (0, 1].
    pub bagging_fraction: f64,
    /// Rows are drawn anew after this many rounds; 0 for never.
    pub bagging_freq: u32,
    /// L1 penalty on leaf values.
    pub lambda_l1: f64,
    /// L2 penalty on leaf values.
    pub lambda_l2: f64,
    /// Gain that a split must have.
    pub min_gain_to_split: f64,
    /// What is minimised in a regression.
    pub objective: Objective,
    /// The quantile, or Huber's threshold.
    pub alpha: f64,
    /// Rounds without improvement on the inner part after which boosting stops; 0 for never.
    pub early_stopping_rounds: u32,
}

/// Hyperparameters of ridge regression on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RidgeParams {
    /// Weight of the squared coefficients beside the sum of squared errors.
    pub alpha: f64,
}

/// Hyperparameters of the lasso, on standardised features and a standardised target.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LassoParams {
    /// Weight of the absolute coefficients beside half the mean squared error.
    pub alpha: f64,
    /// The most passes over the coefficients.
    pub max_iter: u32,
}

/// Hyperparameters of the elastic net, on standardised features and a standardised target.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ElasticNetParams {
    /// Weight of both penalties beside half the mean squared error.
    pub alpha: f64,
    /// Share of the L1 penalty in it, 0 to 1.
    pub l1_ratio: f64,
    /// The most passes over the coefficients.
    pub max_iter: u32,
}

/// Hyperparameters of logistic regression on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogisticParams {
    /// Weight of half the squared coefficients beside the sum of log losses.
    pub l2: f64,
    /// The most iterations of the solver.
    pub max_iter: u32,
}

/// Hyperparameters of a single decision tree.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TreeParams {
    /// The most branches from the root to a leaf; -1 for no limit.
    pub max_depth: i32,
    /// The least rows of a leaf; 0 for 3, and more where there are many rows.
    pub min_samples_leaf: u32,
}

/// Hyperparameters of a random forest, and of extremely randomised trees.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForestParams {
    /// Trees, 1 to 2,000.
    pub num_trees: u32,
    /// The most branches from the root to a leaf; -1 for no limit.
    pub max_depth: i32,
    /// The least rows of a leaf; 0 for 3, and more where there are many rows.
    pub min_samples_leaf: u32,
    /// Share of the features tried at a branch, in (0, 1]. By default a third of them in a regression, their
    /// number's square root in a classification; all of them for extremely randomised trees of a regression.
    pub max_features: Option<f64>,
}

/// Hyperparameters of Gaussian naive Bayes.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BayesParams {
    /// Share of the largest variance of a standardised feature that is added to all of them.
    pub var_smoothing: f64,
}

/// Hyperparameters of a neural network, on standardised features and a standardised target.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlpParams {
    /// Units of each hidden layer: one to three of 1 to 1,024.
    pub hidden: Vec<u32>,
    /// Step of Adam, in (0, 1].
    pub learning_rate: f64,
    /// Weight of half the squared weights beside the sum of losses.
    pub l2: f64,
    /// Rows of a step.
    pub batch_size: u32,
    /// The most passes over the rows.
    pub max_epochs: u32,
    /// Passes without improvement on the inner part after which training stops; 0 for never.
    pub patience: u32,
}

/// How neighbours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourWeights {
    /// All alike.
    Uniform,
    /// By the inverse of their distance.
    Distance,
}

/// Hyperparameters of nearest neighbours on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeighbourParams {
    /// Neighbours, 1 to 200.
    pub k: u32,
    /// How they count.
    pub weights: NeighbourWeights,
}

/// Hyperparameters of a linear support vector machine, on standardised features and a standardised target.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinearSvmParams {
    /// Weight of the sum of losses beside half the squared coefficients.
    pub c: f64,
    /// Errors up to this are none (regression).
    pub epsilon: f64,
    /// The most iterations of the solver.
    pub max_iter: u32,
}

/// Hyperparameters of a support vector machine with a Gaussian kernel.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KernelSvmParams {
    /// Weight of the sum of losses beside half the squared norm.
    pub c: f64,
    /// exp(-gamma·distance²); by default one over the number of features.
    pub gamma: Option<f64>,
    /// Errors up to this are none (regression).
    pub epsilon: f64,
    /// More rows than this are sampled, at most 20,000.
    pub max_rows: u32,
}

macro_rules! defaults {
    ($($name:ident { $($field:ident: $value:expr),* $(,)? })*) => {
        $(impl Default for $name {
            fn default() -> Self {
                Self { $($field: $value),* }
            }
        })*
    };
}

defaults! {
    LightgbmParams {
        num_trees: 500, learning_rate: 0.05, num_leaves: 31, min_data_in_leaf: 20, max_depth: -1,
        feature_fraction: 1.0, bagging_fraction: 1.0, bagging_freq: 0, lambda_l1: 0.0, lambda_l2: 0.0,
        min_gain_to_split: 0.0, objective: Objective::L2, alpha: 0.9, early_stopping_rounds: 50,
    }
    RidgeParams { alpha: 1.0 }
    LassoParams { alpha: 0.01, max_iter: 1000 }
    ElasticNetParams { alpha: 0.01, l1_ratio: 0.5, max_iter: 1000 }
    LogisticParams { l2: 1.0, max_iter: 500 }
    TreeParams { max_depth: 10, min_samples_leaf: 0 }
    ForestParams { num_trees: 100, max_depth: -1, min_samples_leaf: 0, max_features: None }
    BayesParams { var_smoothing: 1e-9 }
    MlpParams {
        hidden: vec![64, 32], learning_rate: 0.002, l2: 1e-4, batch_size: 256, max_epochs: 200, patience: 15,
    }
    NeighbourParams { k: 5, weights: NeighbourWeights::Uniform }
    LinearSvmParams { c: 1.0, epsilon: 0.1, max_iter: 500 }
    KernelSvmParams { c: 1.0, gamma: None, epsilon: 0.1, max_rows: 5000 }
}
