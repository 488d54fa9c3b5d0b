//! Writes the graphs of the models that altlas trains.
//!
//! The graphs use operators of `ai.onnx` 17 and `ai.onnx.ml` 3 with IR version 8 (2022), which every runtime of
//! the last years reads; the encoder those of ONNX Runtime's own that compute with weights in four bits. The bytes depend on the arguments alone, so equal models have equal hashes.

mod encoder;
mod graph;
mod linear;
mod text;
mod tree;
mod tree_models;

pub use encoder::{Encoder, EncoderLayer, FourBits, Linear, Norm, encoder};
pub use linear::{LinearRegressor, linear_regressor};
pub use text::{TextBagClassifier, text_bag_classifier};
pub use tree::{Tree, TreeNode};
pub use tree_models::{
    ClassScores, IsolationForest, TreeClassifier, TreeRegressor, isolation_forest, tree_classifier,
    tree_regressor,
};

/// What happens to a regression's raw score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Post {
    /// Nothing.
    #[default]
    None,
    /// `exp(score)`: the model was trained on `ln(y)`.
    Exp,
    /// `exp(score) − 1`: the model was trained on `ln(y + 1)`.
    ExpM1,
}
