//! Rows that a model is tried on.

use crate::convert::Cell;
use crate::error::{Error, Result};
use crate::scoring::{Version, fields_of_value};
use crate::store::background;
use crate::store::source::{self, Sink, SourceColumn};

/// Rows that a background may have.
const MOST_BACKGROUND: usize = 1000;

struct Rows {
    rows: Vec<Vec<Cell>>,
    most: usize,
    raise: &'static str,
}

impl Sink for Rows {
    fn columns(&mut self, _: &[SourceColumn]) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        if self.rows.len() == self.most {
            return Err(Error::BadInput {
                message: format!("the source has more than {} rows", self.most),
                detail: "All of them are held in memory.".into(),
                hint: format!("Take a sample (ORDER BY random() LIMIT …){}.", self.raise),
            });
        }
        self.rows.push(cells);
        Ok(())
    }
}

/// The rows of a source, at most `most`, as the cells of a model's columns.
pub fn of_source(
    columns: &[String],
    source: &str,
    most: usize,
    raise: &'static str,
) -> Result<Vec<Vec<Cell>>> {
    let wanted: Vec<(&str, &str)> = columns.iter().map(|c| ("source", c.as_str())).collect();
    let mut rows = Rows { rows: Vec::new(), most, raise };
    source::read(source, Some(&wanted), &mut rows)?;
    if rows.rows.is_empty() {
        return Err(Error::BadInput {
            message: "the source has no rows".into(),
            detail: String::new(),
            hint: String::new(),
        });
    }
    Ok(rows.rows)
}

/// The rows that a version's are compared with: of a source, or those stored with it.
pub fn background(version: &Version, source: Option<&str>) -> Result<Vec<Vec<Cell>>> {
    let columns = version.column_names()?;
    if let Some(source) = source {
        return of_source(&columns, source, MOST_BACKGROUND, "");
    }
    let stored = match background::version_id(&version.label)? {
        Some(id) => background::rows(id)?,
        None => Vec::new(),
    };
    if stored.is_empty() {
        return Err(Error::WrongKindOfModel {
            model: version.label.clone(),
            problem: "has no background rows stored with it".into(),
            hint: "Training stores them. For another model name rows to compare with: options => '{\"background\": \"SELECT … LIMIT 100\"}'."
                .into(),
        });
    }
    stored.iter().map(|row| version.cells_of(&fields_of_value(row, &version.label)?)).collect()
}
