//! The crate's errors.

use altlas_onnx::OnnxError;
use altlas_prep::{ColumnType, PrepError};

/// Why training was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// The specification has an unknown key, or a value of the wrong type.
    #[error("training options: {0}")]
    Options(String),
    /// An option is out of its range, or does not go with another.
    #[error("training option \"{key}\": {problem}")]
    Option {
        /// The option.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No such algorithm.
    #[error("unknown algorithm \"{name}\"; there are {available}")]
    UnknownAlgorithm {
        /// The name given.
        name: String,
        /// The algorithms there are.
        available: String,
    },
    /// A known algorithm or task that cannot be trained, or not together.
    #[error("{what} is not supported; there are {available}")]
    NotSupported {
        /// What was asked for.
        what: String,
        /// What there is instead.
        available: String,
    },
    /// A column named by an option is not in the data.
    #[error("column \"{0}\" is not in the data")]
    MissingColumn(String),
    /// The target cannot be learned.
    #[error("target \"{column}\" of type {found}: {problem}")]
    Target {
        /// The target column.
        column: String,
        /// Its type.
        found: ColumnType,
        /// Why not.
        problem: String,
    },
    /// Too few usable rows.
    #[error("{found} usable rows, at least {needed} are needed")]
    TooFewRows {
        /// Rows whose target is known.
        found: usize,
        /// The least.
        needed: usize,
    },
    /// Labels with too few rows.
    #[error("too few examples of the labels {labels}: at least {needed} are needed of each")]
    FewExamples {
        /// Some of them.
        labels: String,
        /// The least.
        needed: usize,
    },
    /// The working memory would be too large.
    #[error("training would take about {} MB, {} MB are left for it", needed >> 20, limit >> 20)]
    NeedsMemory {
        /// Bytes.
        needed: u64,
        /// Bytes.
        limit: u64,
    },
    /// More rows or features than the trainer can address.
    #[error("{rows} rows of {features} features are too many")]
    TooLarge {
        /// Rows.
        rows: usize,
        /// Features.
        features: usize,
    },
    /// Every column was dropped; the reasons.
    #[error("no usable feature column: {0}")]
    NoFeatures(String),
    /// LightGBM's own message.
    #[error("LightGBM: {0}")]
    Lightgbm(String),
    /// LightGBM's model text is not as expected.
    #[error("LightGBM model text: {0}")]
    ModelText(String),
    /// The estimates are not finite.
    #[error("{0} did not converge to finite numbers")]
    NotFinite(&'static str),
    /// The encoder gave no vectors; whoever runs it knows more.
    #[error("the encoder failed: {0}")]
    Encoder(String),
    /// The preprocessing document.
    #[error(transparent)]
    Prep(#[from] PrepError),
    /// Writing the graph.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
}

impl LearnError {
    pub(crate) fn option(key: &str, problem: impl Into<String>) -> Self {
        Self::Option { key: key.to_owned(), problem: problem.into() }
    }
}

impl From<lightgbm3::Error> for LearnError {
    fn from(error: lightgbm3::Error) -> Self {
        Self::Lightgbm(error.to_string())
    }
}
