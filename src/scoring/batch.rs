//! Rows that are scored together, as many at once as `altlas.batch_size` says.

use std::rc::Rc;

use super::takes::Rows;
use super::{Features, Scored, Version, Want};
use crate::convert::{RowPlan, tick};
use crate::error::Result;
use crate::{guc, monitor};

/// Bytes of text after which a batch is full, however few rows these are.
const MOST_TEXT: usize = 4 << 20;

/// A batch that is being filled.
pub struct Batch {
    version: Rc<Version>,
    want: Want,
    rows: Rows,
    /// Whether the n-th row is NULL.
    nulls: Vec<bool>,
    text_bytes: usize,
    size: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new(version: Rc<Version>, want: Want) -> Self {
        let size = guc::batch_size();
        Self { version, want, rows: Rows::default(), nulls: Vec::with_capacity(size), text_bytes: 0, size }
    }

    /// Appends a row; NULL is answered by none.
    pub fn push(&mut self, row: Option<&Features<'_>>) -> Result<()> {
        if let Some(row) = row {
            if let Features::Text(text) = row {
                self.text_bytes += text.len();
            }
            self.rows.push(&self.version, row).inspect_err(|e| monitor::failed(&self.version, e))?;
        }
        self.nulls.push(row.is_none());
        Ok(())
    }

    /// Looks the model's columns up in rows that come as tuples of one type.
    pub fn plan(
        &mut self,
        make: impl FnOnce(&Version, &mut dyn Iterator<Item = &str>) -> Result<RowPlan>,
    ) -> Result<()> {
        let takes = self.version.takes()?;
        let plan = make(&self.version, &mut *takes.names(&self.version)?)?;
        self.rows.set_plan(plan);
        Ok(())
    }

    /// Appends a row that `take` puts into the plan.
    pub fn push_tuple(&mut self, take: impl FnOnce(&mut RowPlan)) -> Result<()> {
        if let Some(plan) = self.rows.plan() {
            take(plan);
        }
        self.nulls.push(false);
        self.rows.push_planned(&self.version).inspect_err(|e| monitor::failed(&self.version, e))
    }

    /// Rows in the batch.
    pub fn len(&self) -> usize {
        self.nulls.len()
    }

    /// Whether no more rows should be appended before the batch is scored.
    pub fn is_full(&self) -> bool {
        self.len() >= self.size || self.text_bytes >= MOST_TEXT
    }

    /// Scores the rows and forgets them; one answer a row, none for NULL.
    pub fn score(&mut self) -> Result<Vec<Option<Scored>>> {
        tick();
        let mut scored = self.version.many(&self.rows, self.want)?.into_iter();
        let answers = self.nulls.iter().map(|null| if *null { None } else { scored.next() }).collect();
        self.rows.clear();
        self.nulls.clear();
        self.text_bytes = 0;
        Ok(answers)
    }

    /// The model version.
    pub fn version(&self) -> &Rc<Version> {
        &self.version
    }
}
