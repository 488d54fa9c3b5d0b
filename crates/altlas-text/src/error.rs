//! The crate's errors.

/// What a name given to this crate can be wrong about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No task type has this name.
    #[error("unknown task type \"{0}\"")]
    UnknownTaskType(String),
    /// No language has this code.
    #[error("unknown language \"{0}\": expected tr, en or und")]
    UnknownLanguage(String),
    /// Segments that a person gave do not fit their text.
    #[error("{0}")]
    Annotation(String),
}
