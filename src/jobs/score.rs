//! A scoring job: rows from the store, through the model, into pieces of scores.
//!
//! Scores are stored as they come, with the progress, in short transactions; users see them when the state says done. A job that
//! is begun again goes on behind the last stored row.

use std::time::{Duration, Instant};

use super::rows::Rows;
use super::submit::{self, ScoreSpec};
use super::worker::{PACE, Stop, patiently, transaction};
use crate::convert::Batches;
use crate::error::{Error, Result};
use crate::scoring::{Reader, score_rows};
use crate::store::job::{self, Claimed, Ending, Scores};
use crate::store::{model, with_role};

/// Rows scored at once at first, and at most. In between, as many as take about `BLOCK_TIME`.
const BLOCK: (usize, usize) = (256, 8192);
const BLOCK_TIME: Duration = Duration::from_millis(500);

/// Runs the job.
pub fn run(claimed: &Claimed) -> std::result::Result<(), Stop> {
    let spec: ScoreSpec = claimed.spec()?;
    let (role, version, stored) = transaction(|| {
        let role = job::authorise(&claimed.submitted_by, claimed.kind)?;
        submit::apply(&spec.settings);
        let version = with_role(role, || model::resolve(&spec.model))?;
        let stored = job::status(claimed.job)?.map_or(0, |status| status.done);
        Ok((role, version, stored))
    })?;
    let mut batches = Batches::open(Rows::new(claimed.job))?;
    let reader = patiently(|| transaction(|| with_role(role, || Reader::new(&version, batches.columns()))))?;
    let mut writer = Writer::new(claimed, stored);
    let mut block = BLOCK.0;
    let mut before = 0;
    while let Some(batch) = batches.next()? {
        let mut row = usize::try_from(stored).unwrap_or(0).saturating_sub(before).min(batch.rows());
        before += batch.rows();
        while row < batch.rows() {
            let end = batch.rows().min(row + block);
            let begun = Instant::now();
            let features =
                || (row..end).map(|n| reader.features(|c| batch.cell(c, n), |c| batch.text(c, n))).collect();
            let scored = patiently(|| transaction(|| with_role(role, || score_rows(&version, features()))))?;
            block = match begun.elapsed() {
                fast if fast < BLOCK_TIME / 2 => (block * 2).min(BLOCK.1),
                slow if slow > BLOCK_TIME * 2 => (block / 2).max(1),
                _ => block,
            };
            scored.into_iter().for_each(|s| writer.scores.push(s));
            writer.save_if_due()?;
            row = end;
        }
    }
    if i64::try_from(before).ok() != Some(claimed.rows) {
        let message = format!("{before} of {} rows of the job are stored", claimed.rows);
        return Err(Error::Internal { message }.into());
    }
    writer.finish()
}

/// Stores scores.
struct Writer<'a> {
    claimed: &'a Claimed,
    /// Rows stored, now and when this attempt began.
    stored: i64,
    stored_before: i64,
    scores: Scores,
    begun: Instant,
    saved: Instant,
}

impl<'a> Writer<'a> {
    fn new(claimed: &'a Claimed, stored: i64) -> Self {
        let now = Instant::now();
        Self { claimed, stored, stored_before: stored, scores: Scores::default(), begun: now, saved: now }
    }

    fn save_if_due(&mut self) -> std::result::Result<(), Stop> {
        if !self.scores.is_full() && self.saved.elapsed() < PACE {
            return Ok(());
        }
        transaction(|| self.save())?.then_some(()).ok_or(Stop::Gone)?;
        self.stored += self.rows();
        self.scores = Scores::default();
        self.saved = Instant::now();
        Ok(())
    }

    /// The last scores and the job's end, in one transaction.
    fn finish(self) -> std::result::Result<(), Stop> {
        let ended = transaction(|| {
            Ok(self.save()? && job::end(self.claimed.job, self.claimed.attempt, Ending::Done(None))?)
        })?;
        ended.then_some(()).ok_or(Stop::Gone)
    }

    fn save(&self) -> Result<bool> {
        let Claimed { job, attempt, rows, .. } = *self.claimed;
        let done = self.stored + self.rows();
        let rate = (done - self.stored_before) as f64 / self.begun.elapsed().as_secs_f64().max(1e-6);
        if !job::progress(job, attempt, "score", done, Some(rows), Some(rate))? {
            return Ok(false);
        }
        job::save_scores(job, self.stored + 1, &self.scores)?;
        Ok(true)
    }

    fn rows(&self) -> i64 {
        i64::try_from(self.scores.rows()).unwrap_or(i64::MAX)
    }
}
