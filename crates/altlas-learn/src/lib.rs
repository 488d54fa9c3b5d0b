//! Estimators, validation and conformal intervals.
//!
//! [`train`] takes a table and a [`TrainSpec`] and gives a [`Trained`]: an ONNX graph, the preprocessing document
//! that feeds it, its manifest, and test vectors. The document and every estimate in it (category means,
//! imputed means) come from the training part alone; rounds of boosting are found on an inner part of it;
//! the conformal scores come from the calibration part, the metrics from the test part. [`train_texts`] does the same for
//! texts with labels. [`Plan`] tells the two apart.

mod boost;
mod candidates;
mod conformal;
mod error;
mod features;
mod free_text;
mod graph;
mod lbfgs;
mod linear;
mod logistic;
mod manifest;
mod metrics;
mod model_text;
mod plan;
mod rng;
mod search;
mod spec;
mod split;
mod target;
mod texts;
mod train;

pub use boost::{Boosted, Run};
pub use conformal::{Calibration, ConformalKind};
pub use error::LearnError;
pub use linear::{LinearFit, Standard, least_squares};
pub use logistic::{LogisticFit, logistic};
pub use manifest::data_sha256;
pub use metrics::{classification, regression};
pub use model_text::trees;
pub use plan::Plan;
pub use spec::{
    Algorithm, LightgbmParams, LogisticParams, Objective, Options, Preprocess, RidgeParams, Task, TrainSpec,
    Validation, ValidationKind,
};
pub use texts::{
    ClassWeights, Embed, NamedWeights, NgramParams, TextAlgorithm, TextOptions, TextSpec, TextValidation,
    Vectors, train_texts,
};
pub use train::{TestVector, Trained, train};
