/// Why bytes are no state of a summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatsError {
    /// The bytes end too early.
    #[error("the state is cut short")]
    Truncated,
    /// The state is of another kind, or of a version that this build does not read.
    #[error("the state is not a {expected} that this version reads")]
    Unknown {
        /// What was to be read.
        expected: &'static str,
    },
    /// The parts contradict each other, or are out of range.
    #[error("the state is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
}
