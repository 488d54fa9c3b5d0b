//! The crate's errors.

use crate::ColumnType;

/// Why a document was refused or could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepError {
    /// The text is not a document: no JSON, an unknown or missing key, a value of another type.
    #[error("not a preprocessing document: {0}")]
    Syntax(String),
    /// The document's `format` is one this version does not read.
    #[error("preprocessing document has format {found}, this version reads {expected}")]
    UnknownFormat {
        /// The format found.
        found: u64,
        /// The format read by this version.
        expected: u32,
    },
    /// A part of the document breaks a rule of the format.
    #[error("preprocessing document: {place}: {problem}")]
    Invalid {
        /// Where: `features[3]`, `columns[0].name`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// Columns of a table differ in length.
    #[error("column \"{column}\" has {found} rows, the table has {expected}")]
    UnequalLength {
        /// The column that differs.
        column: String,
        /// Its rows.
        found: usize,
        /// The rows of the first column.
        expected: usize,
    },
    /// Two columns of a table have one name.
    #[error("column \"{0}\" appears twice")]
    DuplicateColumn(String),
    /// The number of names is not the number of columns.
    #[error("{names} names for {columns} columns")]
    NameCount {
        /// Names given.
        names: usize,
        /// Columns given.
        columns: usize,
    },
    /// A column asked for is not in the table.
    #[error("column \"{0}\" is missing")]
    MissingColumn(String),
    /// A column, or a cell of it, has another type than the document declares.
    #[error("column \"{column}\" is of type {found}, the model expects {expected}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type in the table.
        found: ColumnType,
        /// Its type in the document.
        expected: ColumnType,
    },
    /// A row has another number of cells than the document has columns.
    #[error("the row has {found} values, the model expects {expected}")]
    RowWidth {
        /// Cells given.
        found: usize,
        /// Columns in the document.
        expected: usize,
    },
    /// A row number beyond the table.
    #[error("row {row} is beyond the table's {rows} rows")]
    RowOutOfRange {
        /// The row asked for.
        row: usize,
        /// Rows in the table.
        rows: usize,
    },
    /// The result would be larger than an allocation can be.
    #[error("{rows} rows of {width} values are too many")]
    TooLarge {
        /// Rows asked for.
        rows: usize,
        /// Values in a row.
        width: usize,
    },
}

impl PrepError {
    /// A broken rule at a place in the document.
    pub(crate) fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), problem: problem.into() }
    }
}
