//! Rows that are scored together, as many at once as `altlas.batch_size` says. What the engine scores is given back one batch
//! later, so that it works while the next is read.

use std::ops::Deref;

use altlas_prep::Document;

use super::asked::Asked;
use super::takes::Rows;
use super::{Features, Scored, Version, Want};
use crate::convert::{RowPlan, tick};
use crate::error::Result;
use crate::{guc, monitor};

/// Bytes of text after which a batch is full, however few rows these are.
pub const MOST_TEXT: usize = 1 << 20;
/// The same for numbers.
const MOST_NUMBERS: usize = 1 << 19;

/// A batch that is being filled, and those of the engine before it.
pub struct Batch<V> {
    version: V,
    want: Want,
    /// Also where this backend could score.
    by_engine: bool,
    rows: Rows,
    /// Whether the n-th row is NULL.
    nulls: Vec<bool>,
    text_bytes: usize,
    size: usize,
    /// The same of the batches that the engine has, and the texts of those that need them once more.
    asked: Asked<(Vec<bool>, Vec<String>)>,
}

impl<V: Deref<Target = Version>> Batch<V> {
    /// An empty batch.
    pub fn new(version: V, want: Want) -> Self {
        Self {
            version,
            want,
            by_engine: false,
            rows: Rows::default(),
            nulls: Vec::new(),
            text_bytes: 0,
            size: guc::batch_size(),
            asked: Asked::default(),
        }
    }

    /// An empty batch that the engine will score, also with a model that this backend could score.
    pub fn by_engine(version: V) -> Self {
        Self { by_engine: true, ..Self::new(version, Want::All) }
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
    pub fn push_tuple(&mut self, take: impl FnOnce(&mut RowPlan) -> Result<()>) -> Result<()> {
        if let Some(plan) = self.rows.plan() {
            take(plan)?;
        }
        self.nulls.push(false);
        self.rows.push_planned(&self.version).inspect_err(|e| monitor::failed(&self.version, e))
    }

    /// Whether no more rows should be appended before the batch is scored.
    pub fn is_full(&self) -> bool {
        self.nulls.len() >= self.size
            || self.text_bytes >= MOST_TEXT
            || self.rows.numbers.len() >= MOST_NUMBERS
    }

    /// Has the rows scored and forgets them. Gives the answers that are there, one a row in the order of all rows, none for NULL;
    /// those of the engine follow with the next batch, or with [`Batch::finish`].
    pub fn score(&mut self) -> Result<Vec<Option<Scored>>> {
        self.settle(false)
    }

    /// As [`Batch::score`], all answers that are left. More rows may follow.
    pub fn finish(&mut self) -> Result<Vec<Option<Scored>>> {
        self.settle(true)
    }

    fn settle(&mut self, all: bool) -> Result<Vec<Option<Scored>>> {
        tick();
        let nulls = std::mem::take(&mut self.nulls);
        let mut answers = Vec::with_capacity(nulls.len());
        let here = !self.by_engine && self.version.is_compiled()?;
        if here || self.rows.count == 0 {
            // What asks nothing of the engine waits for what did before.
            self.receive(true, &mut answers)?;
            let scored =
                if self.rows.count > 0 { self.version.here(&self.rows, self.want)? } else { Vec::new() };
            among(&nulls, scored, &mut answers);
        } else {
            let question = self.version.question(&self.rows)?;
            let features = self.version.preprocess.as_ref().and_then(Document::as_features);
            let texts = features.map(|_| std::mem::take(&mut self.rows.texts)).unwrap_or_default();
            self.asked.ask(&self.version, question, (nulls, texts))?;
            self.receive(all, &mut answers)?;
        }
        self.rows.clear();
        self.text_bytes = 0;
        Ok(answers)
    }

    fn receive(&mut self, all: bool, answers: &mut Vec<Option<Scored>>) -> Result<()> {
        while let Some((answer, (nulls, texts))) = self.asked.receive(&self.version, all)? {
            let rows = nulls.iter().filter(|null| !**null).count();
            among(&nulls, self.version.answered(answer, rows, &texts)?, answers);
        }
        Ok(())
    }

    /// The model version.
    pub fn version(&self) -> &V {
        &self.version
    }
}

/// Appends the answers, and none where a row is NULL.
fn among(nulls: &[bool], scored: Vec<Scored>, answers: &mut Vec<Option<Scored>>) {
    let mut scored = scored.into_iter();
    answers.extend(nulls.iter().map(|null| if *null { None } else { scored.next() }));
}
