//! Training runs.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{caller, read, with_owner};
use crate::error::Result;

/// A finished training.
pub struct NewRun<'a> {
    pub project: &'a str,
    pub task: &'a str,
    pub algorithm: &'a str,
    /// The algorithm as it was ordered, `auto` say.
    pub requested: &'a str,
    pub threads: i32,
    pub graph_sha256: &'a str,
    pub peak_memory: Option<i64>,
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
             metric, score, baseline, report, started_at, ended_at, submitted_by, requested, threads, graph_sha256, peak_memory) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, clock_timestamp(), $14, $15, $16, $17, $18) RETURNING run_id",
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
                run.requested.into(),
                run.threads.into(),
                run.graph_sha256.into(),
                run.peak_memory.into(),
            ],
        )?;
        Ok(id.unwrap_or_default())
    })
}

/// A run as it is stored.
pub struct Stored {
    pub run_id: i64,
    pub project: String,
    pub task: String,
    pub algorithm: String,
    /// The algorithm as it was ordered; unknown of runs of earlier versions of altlas.
    pub requested: Option<String>,
    pub source: String,
    pub target: Option<String>,
    pub options: Value,
    pub row_count: i64,
    pub data_sha256: String,
    pub metric: String,
    pub graph_sha256: Option<String>,
    /// Whether the registry still has that graph.
    pub graph_is_stored: bool,
    pub threads: Option<i32>,
    pub report: Value,
    /// Milliseconds since 1970.
    pub started_ms: i64,
    pub ended_ms: i64,
    pub submitted_by: String,
}

/// The run of a number.
pub fn stored(run_id: i64) -> Result<Option<Stored>> {
    with_owner(|| {
        read::first(include_str!("../../sql/queries/stored_run.sql"), &[run_id.into()], |row| Stored {
            run_id,
            project: row.get(1).unwrap_or_default(),
            task: row.get(2).unwrap_or_default(),
            algorithm: row.get(3).unwrap_or_default(),
            requested: row.get(4),
            source: row.get(5).unwrap_or_default(),
            target: row.get(6),
            options: row.get::<JsonB>(7).map(|j| j.0).unwrap_or_default(),
            row_count: row.get(8).unwrap_or_default(),
            data_sha256: row.get(9).unwrap_or_default(),
            graph_sha256: row.get(10),
            graph_is_stored: row.get(11).unwrap_or_default(),
            threads: row.get(12),
            report: row.get::<JsonB>(13).map(|j| j.0).unwrap_or_default(),
            started_ms: row.get(14).unwrap_or_default(),
            ended_ms: row.get(15).unwrap_or_default(),
            submitted_by: row.get(16).unwrap_or_default(),
            metric: row.get(17).unwrap_or_default(),
        })
    })
}

/// A run that another system carried out.
pub struct Foreign {
    pub project: String,
    pub task: String,
    pub algorithm: String,
    pub source: String,
    pub target: Option<String>,
    pub options: Value,
    pub row_count: i64,
    pub data_sha256: String,
    pub metric: String,
    pub score: f64,
    pub report: Value,
    /// Milliseconds since 1970.
    pub started_ms: i64,
    pub ended_ms: i64,
    pub submitted_by: String,
}

/// Records such a run; returns its number.
pub fn add_foreign(run: Foreign) -> Result<i64> {
    with_owner(|| {
        let id = Spi::get_one_with_args::<i64>(
            include_str!("../../sql/queries/add_foreign_run.sql"),
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
                JsonB(run.report).into(),
                run.started_ms.into(),
                run.ended_ms.into(),
                run.submitted_by.into(),
            ],
        )?;
        Ok(id.unwrap_or_default())
    })
}
