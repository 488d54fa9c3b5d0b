//! Estimators, validation and conformal intervals.
//!
//! [`train`] takes a table and a [`TrainSpec`] and gives a [`Trained`]: an ONNX graph, the preprocessing document
//! that feeds it, its manifest, and test vectors. The document and every estimate in it (category means,
//! imputed means) come from the training part alone; rounds of boosting are found on an inner part of it;
//! the conformal scores come from the calibration part, the metrics from the test part. [`train_texts`] does the same for
//! texts with labels, [`train_clusters`] finds groups of rows, [`train_components`] the directions in which they differ most, and
//! [`train_anomalies`] those that are unlike the others; [`train_ranking`] learns an order. [`Plan`] tells them apart.

mod anomalies;
mod arena;
mod bayes;
mod blocks;
mod boost;
mod candidates;
mod choose;
mod clusters;
mod components;
mod conformal;
mod elastic;
mod error;
mod features;
mod forest;
mod free_text;
mod graph;
mod kernel;
mod lbfgs;
mod linear;
mod logistic;
mod machines;
mod manifest;
mod margin;
mod metrics;
mod model;
mod model_text;
mod neighbours;
mod network;
mod offset;
mod plan;
mod platt;
mod ranking;
#[cfg(test)]
mod reference;
mod refit;
mod report;
mod rng;
mod spec;
mod split;
mod target;
mod texts;
mod train;
mod tune;
mod untargeted;

pub use anomalies::{AnomalySpec, IsolationParams, train_anomalies};
pub use bayes::{BayesFit, naive_bayes};
pub use boost::{Boosted, Run};
pub use clusters::{
    ClusterAlgorithm, ClusterSpec, DensityParams, HierarchyParams, KmeansParams, train_clusters,
};
pub use components::{ComponentSpec, PcaParams, train_components};
pub use conformal::{Calibration, ConformalKind};
pub use elastic::elastic_net;
pub use error::LearnError;
pub use forest::{Forest, ForestKind, ForestRun};
pub use kernel::{KernelFit, KernelRun};
pub use linear::{LinearFit, Standard, least_squares};
pub use logistic::{LogisticFit, logistic};
pub use manifest::data_sha256;
pub use margin::linear_svm;
pub use metrics::{classification, lower_is_better, regression};
pub use model_text::trees;
pub use neighbours::Neighbours;
pub use network::{Network, NetworkRun};
pub use plan::Plan;
pub use platt::Platt;
pub use ranking::{RankSpec, mean_ndcg, ndcg, train_ranking};
pub use spec::{
    Algorithm, BayesParams, Dimension, ElasticNetParams, ForestParams, KernelSvmParams, LassoParams,
    LightgbmParams, LinearSvmParams, LogisticParams, Metric, MlpParams, NeighbourParams, NeighbourWeights,
    Objective, Options, Preprocess, Range, RidgeParams, Search, SearchMethod, SearchOptions, Task, TrainSpec,
    TreeParams, Validation, ValidationKind,
};
pub use texts::{
    ClassWeights, Embed, NamedWeights, NgramParams, TextAlgorithm, TextOptions, TextSpec, TextValidation,
    Vectors, train_texts,
};
pub use train::{TestVector, Trained, train, train_until};
pub use untargeted::UntargetedOptions;
