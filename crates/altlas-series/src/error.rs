/// What can be wrong with a call of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// The name is none of the methods.
    #[error("unknown method {name:?}; expected auto, zscore, mad, iqr or seasonal")]
    UnknownMethod {
        /// The name as given.
        name: String,
    },
    /// An option lies outside its range.
    #[error("option {option:?} is {given}; it must be {expected}")]
    Option {
        /// The option's key.
        option: &'static str,
        /// The value as given.
        given: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Method `seasonal` without option `period` found no period that the data support.
    #[error("no seasonal period found in {points} points; give option \"period\" or use method auto")]
    NoPeriod {
        /// Points with a finite value.
        points: usize,
    },
    /// Method `seasonal` needs three full cycles.
    #[error(
        "{points} points are fewer than three cycles of period {period}; use method auto or a shorter period"
    )]
    TooShort {
        /// Points between the first and the last one, gaps included.
        points: usize,
        /// The period, in points.
        period: usize,
    },
}
