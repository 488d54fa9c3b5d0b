//! The labelled rows that models are compared on.

use crate::convert::Cell;
use crate::error::{Error, Result};
use crate::store::source::{Sink, SourceColumn};

/// The rows of a source, without the target's column.
pub struct Rows {
    target: String,
    /// The label that stands for none of the model's classes.
    none: Option<String>,
    most: usize,
    target_column: usize,
    pub columns: Vec<SourceColumn>,
    pub cells: Vec<Vec<Cell>>,
    pub targets: Vec<Cell>,
    /// Rows whose target is NULL: left out.
    pub unlabelled: usize,
}

impl Rows {
    /// Takes at most so many rows.
    pub fn new(target: &str, none: Option<String>, most: usize) -> Self {
        Self {
            target: target.to_owned(),
            none,
            most,
            target_column: 0,
            columns: Vec::new(),
            cells: Vec::new(),
            targets: Vec::new(),
            unlabelled: 0,
        }
    }

    /// The right label of a row; `None` where no class is right.
    pub fn label(&self, row: usize) -> Option<String> {
        let label = match self.targets.get(row)? {
            Cell::Null => return None,
            Cell::Number(number) | Cell::Interval(number) => number.to_string(),
            Cell::Boolean(truth) => truth.to_string(),
            Cell::Text(text) => text.clone(),
            Cell::Timestamp(at) => at.to_string(),
        };
        (self.none.as_ref() != Some(&label)).then_some(label)
    }

    /// The right number of a row.
    pub fn number(&self, row: usize) -> Result<f64> {
        let cell = self.targets.get(row).unwrap_or(&Cell::Null);
        cell.as_number().filter(|n| n.is_finite()).ok_or_else(|| Error::BadInput {
            message: format!("column \"{}\" is no number in row {}", self.target, row + 1),
            detail: "The models give numbers.".into(),
            hint: "Name the column that holds the right numbers as target.".into(),
        })
    }
}

impl Sink for Rows {
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        self.columns = columns.to_vec();
        let at = columns.iter().position(|c| c.name == self.target).ok_or_else(|| Error::UnknownColumn {
            argument: "target".into(),
            column: self.target.clone(),
            have: columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        self.target_column = at;
        self.columns.remove(at);
        Ok(())
    }

    fn row(&mut self, mut cells: Vec<Cell>) -> Result<()> {
        let target = cells.remove(self.target_column);
        if target == Cell::Null {
            self.unlabelled += 1;
            return Ok(());
        }
        if self.targets.len() == self.most {
            return Err(Error::BadInput {
                message: format!("the source has more than {} labelled rows", self.most),
                detail: "All of them are held in memory, and each model scores each of them.".into(),
                hint: "Take a sample (ORDER BY random() LIMIT …), or raise the option \"max_rows\".".into(),
            });
        }
        self.cells.push(cells);
        self.targets.push(target);
        Ok(())
    }
}
