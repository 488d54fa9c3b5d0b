/// Why a model cannot be compiled, a flat form cannot be opened, or a row cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The graph has something that this crate does not evaluate; the engine does.
    #[error("the graph cannot be compiled: {what}")]
    Unsupported {
        /// The operator, with what about it is not evaluated.
        what: String,
    },
    /// The bytes are no ONNX model, or one that contradicts itself.
    #[error("the model cannot be compiled: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes are no flat form of this version, or a damaged one.
    #[error("the compiled model cannot be used: {reason}")]
    Flat {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A row has more or fewer values than the model takes.
    #[error("the model takes {expected} {what}, not {actual}")]
    Width {
        /// `numbers` or `texts`.
        what: &'static str,
        /// What the model takes.
        expected: usize,
        /// What was given.
        actual: usize,
    },
    /// A row leads to something that the runtime refuses too: an index out of range, an unknown category, or a missing
    /// value where there may be none.
    #[error("the model has no result for this row")]
    Row,
    /// The working memory was made by another program.
    #[error("the working memory is that of another model")]
    Scratch,
    /// The rows of a batch have text columns, which only single rows may have.
    #[error("a model with text inputs scores single rows only")]
    TextRows,
}
