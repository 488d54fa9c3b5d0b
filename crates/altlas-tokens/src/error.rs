use altlas_prep::PrepError;
use altlas_proto::{Failure, FailureKind};

/// Why a tokenizer, a graph or a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    /// The file is no tokenizer, or one that this library does not read.
    #[error("its tokenizer cannot be read")]
    Tokenizer {
        /// What is wrong with it.
        reason: String,
    },
    /// The document is not valid.
    #[error(transparent)]
    Document(#[from] PrepError),
    /// The document and the graph, or the document and the tokenizer, do not belong together.
    #[error("{problem}")]
    Mismatch {
        /// What does not fit.
        problem: String,
        /// What there is instead.
        detail: String,
    },
    /// A text cannot be turned into tokens.
    #[error("the tokenizer failed on a text")]
    Text {
        /// Why.
        reason: String,
    },
    /// The graph's answer is not what the document says.
    #[error("its output {name:?} has shape {shape:?}, which the pooling {pooling:?} cannot use")]
    Output {
        /// The output.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What the document asks for.
        pooling: String,
    },
}

impl TokensError {
    pub(crate) fn mismatch(problem: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Mismatch { problem: problem.into(), detail: detail.into() }
    }
}

impl From<TokensError> for Failure {
    fn from(error: TokensError) -> Self {
        let message = error.to_string();
        match error {
            TokensError::Tokenizer { reason } => Self::new(FailureKind::BadModel, message)
                .detail(reason)
                .hint("Give the file tokenizer.json as the library tokenizers writes it, not a vocabulary alone."),
            TokensError::Document(_) => Self::new(FailureKind::BadParameter, message),
            TokensError::Mismatch { detail, .. } => {
                Self { detail: Some(detail).filter(|d| !d.is_empty()), ..Self::new(FailureKind::BadModel, message) }
                    .hint("Name the graph's inputs and its output in the manifest: {\"preprocess\": {\"inputs\": {…}, \"output\": …}}.")
            }
            TokensError::Text { reason } => Self::new(FailureKind::BadInput, message).detail(reason),
            TokensError::Output { .. } => Self::new(FailureKind::BadModel, message)
                .hint("Pooling is \"mean\", \"cls\" or \"tokens\" for an output [rows, tokens, width], \"none\" for [rows, width]."),
        }
    }
}
