//! Tables of columns: what a document reads, and what training is given.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Cell, PrepError};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// A `float64`.
    Number,
    /// True or false.
    Boolean,
    /// Unicode text.
    Text,
    /// Microseconds since 1970-01-01 UTC.
    Timestamp,
    /// Seconds; a number in every other respect.
    Interval,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
            Self::Interval => "interval",
        })
    }
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; NaN stands for NULL.
    Number(Vec<f64>),
    /// Truth values.
    Boolean(Vec<Option<bool>>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(Vec<Option<i64>>),
    /// Seconds; NaN stands for NULL.
    Interval(Vec<f64>),
}

impl Column {
    /// An empty column of a type, with room for `capacity` rows.
    pub fn with_capacity(column_type: ColumnType, capacity: usize) -> Self {
        match column_type {
            ColumnType::Number => Self::Number(Vec::with_capacity(capacity)),
            ColumnType::Boolean => Self::Boolean(Vec::with_capacity(capacity)),
            ColumnType::Text => Self::Text(Vec::with_capacity(capacity)),
            ColumnType::Timestamp => Self::Timestamp(Vec::with_capacity(capacity)),
            ColumnType::Interval => Self::Interval(Vec::with_capacity(capacity)),
        }
    }

    /// The column's type.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Self::Number(_) => ColumnType::Number,
            Self::Boolean(_) => ColumnType::Boolean,
            Self::Text(_) => ColumnType::Text,
            Self::Timestamp(_) => ColumnType::Timestamp,
            Self::Interval(_) => ColumnType::Interval,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(v) | Self::Interval(v) => v.len(),
            Self::Boolean(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Timestamp(v) => v.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row; `None` beyond the end.
    pub fn cell(&self, row: usize) -> Option<Cell<'_>> {
        Some(match self {
            Self::Number(v) => Cell::number(*v.get(row)?),
            Self::Interval(v) => Cell::interval(*v.get(row)?),
            Self::Boolean(v) => v.get(row)?.map_or(Cell::Null, Cell::Boolean),
            Self::Text(v) => v.get(row)?.as_deref().map_or(Cell::Null, Cell::Text),
            Self::Timestamp(v) => v.get(row)?.map_or(Cell::Null, Cell::Timestamp),
        })
    }

    /// Appends a value, which must be NULL or of the column's type.
    pub fn push(&mut self, name: &str, cell: Cell<'_>) -> Result<(), PrepError> {
        match (&mut *self, cell) {
            (Self::Number(v) | Self::Interval(v), Cell::Null) => v.push(f64::NAN),
            (Self::Number(v) | Self::Interval(v), Cell::Number(x) | Cell::Interval(x)) => v.push(x),
            (Self::Boolean(v), Cell::Null) => v.push(None),
            (Self::Boolean(v), Cell::Boolean(x)) => v.push(Some(x)),
            (Self::Text(v), Cell::Null) => v.push(None),
            (Self::Text(v), Cell::Text(x)) => v.push(Some(x.to_owned())),
            (Self::Timestamp(v), Cell::Null) => v.push(None),
            (Self::Timestamp(v), Cell::Timestamp(x)) => v.push(Some(x)),
            (column, cell) => {
                let expected = column.column_type();
                let found = cell.column_type().unwrap_or(expected);
                return Err(PrepError::ColumnType { column: name.to_owned(), found, expected });
            }
        }
        Ok(())
    }

    fn take(&self, rows: &[usize]) -> Option<Self> {
        fn pick<T: Clone>(values: &[T], rows: &[usize]) -> Option<Vec<T>> {
            rows.iter().map(|&row| values.get(row).cloned()).collect()
        }
        Some(match self {
            Self::Number(v) => Self::Number(pick(v, rows)?),
            Self::Boolean(v) => Self::Boolean(pick(v, rows)?),
            Self::Text(v) => Self::Text(pick(v, rows)?),
            Self::Timestamp(v) => Self::Timestamp(pick(v, rows)?),
            Self::Interval(v) => Self::Interval(pick(v, rows)?),
        })
    }
}

/// Named columns of equal length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table; names must be unique and columns of equal length.
    pub fn new(names: Vec<String>, columns: Vec<Column>) -> Result<Self, PrepError> {
        if names.len() != columns.len() {
            return Err(PrepError::NameCount { names: names.len(), columns: columns.len() });
        }
        let rows = columns.first().map_or(0, Column::len);
        let mut seen = HashSet::with_capacity(names.len());
        for (name, column) in names.iter().zip(&columns) {
            if !seen.insert(name.as_str()) {
                return Err(PrepError::DuplicateColumn(name.clone()));
            }
            if column.len() != rows {
                let (column, found) = (name.clone(), column.len());
                return Err(PrepError::UnequalLength { column, found, expected: rows });
            }
        }
        Ok(Self { names, columns, rows })
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.names.iter().zip(&self.columns).find(|(n, _)| *n == name).map(|(_, c)| c)
    }

    /// The value of a row and column; `None` where there is no such column or row.
    pub fn cell(&self, name: &str, row: usize) -> Option<Cell<'_>> {
        self.column(name)?.cell(row)
    }

    /// The named columns, in the order given.
    pub fn select(&self, names: &[&str]) -> Result<Self, PrepError> {
        let columns = names
            .iter()
            .map(|name| {
                self.column(name).cloned().ok_or_else(|| PrepError::MissingColumn((*name).to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Self::new(names.iter().map(|name| (*name).to_owned()).collect(), columns)
    }

    /// The rows of these numbers, in the order given; a number may repeat.
    pub fn take(&self, rows: &[usize]) -> Result<Self, PrepError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.rows) {
            return Err(PrepError::RowOutOfRange { row, rows: self.rows });
        }
        let columns = self.columns.iter().filter_map(|column| column.take(rows)).collect();
        Self::new(self.names.clone(), columns)
    }

    /// The named columns of the rows of these numbers: `select` and `take` in one copy.
    pub fn pick(&self, names: &[&str], rows: &[usize]) -> Result<Self, PrepError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.rows) {
            return Err(PrepError::RowOutOfRange { row, rows: self.rows });
        }
        let missing = |name: &str| PrepError::MissingColumn(name.to_owned());
        let pick = |name: &&str| self.column(name).and_then(|c| c.take(rows)).ok_or_else(|| missing(name));
        let columns = names.iter().map(pick).collect::<Result<_, _>>()?;
        Self::new(names.iter().map(|name| (*name).to_owned()).collect(), columns)
    }

    /// `length` rows from row `start` on.
    pub fn slice(&self, start: usize, length: usize) -> Result<Self, PrepError> {
        let end = start.saturating_add(length);
        if end > self.rows {
            return Err(PrepError::RowOutOfRange { row: end.saturating_sub(1), rows: self.rows });
        }
        self.take(&(start..end).collect::<Vec<_>>())
    }

    /// The columns and their names, given up.
    pub fn into_parts(self) -> (Vec<String>, Vec<Column>) {
        (self.names, self.columns)
    }
}
