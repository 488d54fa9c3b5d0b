//! A model of columns seen from outside: rows as cells in the order of its columns, and the numbers that its graph gets of them.

use altlas_prep::Document;

use super::takes::{Rows, Takes};
use super::{Features, Scored, Version, score_rows};
use crate::convert::{Cell, RowPlan, tick};
use crate::error::{Error, Result};

use super::missing_column;

/// Rows scored between two looks for an interrupt.
const AT_ONCE: usize = 4096;

impl Version {
    /// The names of the columns that the model takes.
    pub fn column_names(&self) -> Result<Vec<String>> {
        let takes = self.takes()?;
        let wrong = |problem: &str, hint: &str| Error::WrongKindOfModel {
            model: self.label.clone(),
            problem: problem.into(),
            hint: hint.into(),
        };
        match takes {
            Takes::Text => Err(wrong("takes a text", "This function is for models that take columns.")),
            Takes::Matrix { columns: None, .. } => Err(wrong(
                "does not name its columns",
                "Register the model with \"columns\" in its manifest.",
            )),
            _ => Ok(takes.names(self)?.map(str::to_owned).collect()),
        }
    }

    /// A row as cells, in the order of [`Version::column_names`].
    pub fn cells_of(&self, row: &Features<'_>) -> Result<Vec<Cell>> {
        let names = self.column_names()?;
        match row {
            Features::Record(record) => {
                // SAFETY: a record argument is a composite value that lives as long as the call.
                let plan = unsafe {
                    let missing = |column: &str, have: Vec<&str>| missing_column(self, column, have);
                    let mut plan = RowPlan::of_record(*record, names.iter().map(String::as_str), missing)?;
                    plan.take_record(*record)?;
                    plan
                };
                Ok((0..names.len()).map(|n| plan.cell(n)).collect())
            }
            Features::Fields(fields) => names
                .iter()
                .map(|name| {
                    let have = || fields.keys().map(String::as_str).collect();
                    fields.get(name).cloned().ok_or_else(|| missing_column(self, name, have()))
                })
                .collect(),
            Features::Vector(values) if values.len() == names.len() => {
                Ok(values.iter().map(|v| if v.is_nan() { Cell::Null } else { Cell::Number(*v) }).collect())
            }
            Features::Vector(values) => {
                Err(Error::WrongWidth { model: self.label.clone(), expected: names.len(), got: values.len() })
            }
            Features::Text(_) => Err(Error::BadInput {
                message: format!("model \"{}\" takes columns, not a text", self.label),
                detail: String::new(),
                hint: "Give a row or a jsonb object.".into(),
            }),
        }
    }

    /// The numbers that the graph gets of a row of cells; `None` where it has several inputs.
    pub fn encoded(&self, cells: &[Cell]) -> Result<Option<Vec<f64>>> {
        if matches!(self.takes()?, Takes::Inputs(_)) {
            return Ok(None);
        }
        let names = self.column_names()?;
        let mut rows = Rows::default();
        rows.push(self, &fields(&names, cells))?;
        Ok(Some(rows.numbers))
    }

    /// The column, by its place, that each of the graph's numbers is made of.
    pub fn columns_of_features(&self) -> Result<Vec<usize>> {
        let names = self.column_names()?;
        let Some(document) = self.preprocess.as_ref().and_then(Document::as_tabular) else {
            return Ok((0..names.len()).collect());
        };
        Ok(document.feature_columns())
    }

    /// Scores rows of cells.
    pub fn score_cells(&self, rows: &[Vec<Cell>]) -> Result<Vec<Scored>> {
        let names = self.column_names()?;
        let mut scored = Vec::with_capacity(rows.len());
        for part in rows.chunks(AT_ONCE) {
            tick();
            scored.extend(score_rows(self, part.iter().map(|cells| Some(fields(&names, cells))).collect())?);
        }
        Ok(scored)
    }
}

fn fields(names: &[String], cells: &[Cell]) -> Features<'static> {
    Features::Fields(names.iter().cloned().zip(cells.iter().cloned()).collect())
}
