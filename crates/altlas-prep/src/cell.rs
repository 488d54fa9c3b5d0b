//! One value of a row.

use crate::ColumnType;

/// One value, borrowed from wherever the row lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A number; NaN is as good as NULL.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A text.
    Text(&'a str),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// Seconds.
    Interval(f64),
}

impl Cell<'_> {
    /// A number, or NULL for NaN.
    pub fn number(value: f64) -> Self {
        if value.is_nan() { Self::Null } else { Self::Number(value) }
    }

    /// Seconds, or NULL for NaN.
    pub fn interval(value: f64) -> Self {
        if value.is_nan() { Self::Null } else { Self::Interval(value) }
    }

    /// The type of the value; `None` for NULL.
    pub fn column_type(&self) -> Option<ColumnType> {
        match self {
            Self::Null => None,
            Self::Number(_) => Some(ColumnType::Number),
            Self::Boolean(_) => Some(ColumnType::Boolean),
            Self::Text(_) => Some(ColumnType::Text),
            Self::Timestamp(_) => Some(ColumnType::Timestamp),
            Self::Interval(_) => Some(ColumnType::Interval),
        }
    }
}
