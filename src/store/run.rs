//! Training runs.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{caller, with_owner};
use crate::error::Result;

/// A finished training.
pub struct NewRun<'a> {
    pub project: &'a str,
    pub task: &'a str,
    pub algorithm: &'a str,
    pub source: &'a str,
    pub target: &'a str,
    pub options: Value,
    pub row_count: i64,
    pub data_sha256: &'a str,
    pub metric: &'a str,
    pub score: f64,
    pub baseline: Option<f64>,
    pub report: Value,
    pub started_at: TimestampWithTimeZone,
}

/// Records a training; returns its number.
pub fn add(run: NewRun<'_>) -> Result<i64> {
    let role = caller();
    with_owner(|| {
        let id = Spi::get_one_with_args::<i64>(
            "INSERT INTO altlas.training_run (project, task, algorithm, source, target, options, row_count, data_sha256, \
             metric, score, baseline, report, started_at, ended_at, submitted_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, clock_timestamp(), $14) RETURNING run_id",
            &[
                run.project.into(),
                run.task.into(),
                run.algorithm.into(),
                run.source.into(),
                run.target.into(),
                JsonB(run.options).into(),
                run.row_count.into(),
                run.data_sha256.into(),
                run.metric.into(),
                run.score.into(),
                run.baseline.into(),
                JsonB(run.report).into(),
                run.started_at.into(),
                role.as_str().into(),
            ],
        )?;
        Ok(id.unwrap_or_default())
    })
}
