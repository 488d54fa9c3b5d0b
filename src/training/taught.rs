//! Rows with what a model says of them as the target: what a smaller model learns from a larger one.

use crate::convert::{Cell, Kind};
use crate::error::{Error, Result};
use crate::guc;
use crate::scoring::{Reader, Version, score_rows};
use crate::store::source::{Sink, SourceColumn};

/// The column that holds the teacher's answers.
pub const TARGET: &str = "teacher_answer";

/// Gives the rows on, each with the teacher's answer; rows without one are left out.
pub struct Taught<'a, S> {
    teacher: &'a Version,
    inner: &'a mut S,
    reader: Option<Reader>,
    waiting: Vec<Vec<Cell>>,
    /// Rows given on.
    pub rows: usize,
}

impl<'a, S: Sink> Taught<'a, S> {
    pub fn new(teacher: &'a Version, inner: &'a mut S) -> Self {
        Self { teacher, inner, reader: None, waiting: Vec::new(), rows: 0 }
    }

    /// Has the teacher answer what waits.
    pub fn flush(&mut self) -> Result<()> {
        let Some(reader) = &self.reader else { return Ok(()) };
        let rows = std::mem::take(&mut self.waiting);
        let given = rows.iter().map(|row| reader.features_of(row)).collect();
        let answers = score_rows(self.teacher, given)?;
        for (mut row, answer) in rows.into_iter().zip(answers) {
            let cell = match self.teacher.manifest.classifies() {
                true => answer.label.map(Cell::Text),
                false => answer.value.filter(|v| v.is_finite()).map(Cell::Number),
            };
            if let Some(cell) = cell {
                row.push(cell);
                self.rows += 1;
                self.inner.row(row)?;
            }
        }
        Ok(())
    }
}

impl<S: Sink> Sink for Taught<'_, S> {
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        if columns.iter().any(|c| c.name == TARGET) {
            return Err(Error::BadInput {
                message: format!("the source has a column \"{TARGET}\""),
                detail: "That is where the teacher's answers go.".into(),
                hint: "Leave it out, or give it another name.".into(),
            });
        }
        self.reader = Some(Reader::new(self.teacher, columns)?);
        let kind = if self.teacher.manifest.classifies() { Kind::Text } else { Kind::Number };
        let answer = SourceColumn { name: TARGET.into(), kind };
        self.inner.columns(&[columns, &[answer]].concat())
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        self.waiting.push(cells);
        if self.waiting.len() >= guc::batch_size() { self.flush() } else { Ok(()) }
    }
}
