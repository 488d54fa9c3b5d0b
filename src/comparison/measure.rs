//! Answers of a model, and what they cost.

use std::time::Instant;

use altlas_metrics::quantile;

use super::Options;
use super::rows::Rows;
use crate::convert::tick;
use crate::error::Result;
use crate::guc;
use crate::scoring::{Reader, Scored, Version, Want, score_rows};

/// Rows that are scored before anything is timed: they load the model.
const WARM_UP: usize = 16;

/// What a model costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Milliseconds of a call of one row: half of the calls took no longer.
    pub latency_p50_ms: f64,
    /// The same for 99 of 100 calls.
    pub latency_p99_ms: f64,
    /// Rows scored in a second when all are given at once.
    pub rows_per_second: f64,
    /// Bytes of its files.
    pub size_bytes: i64,
    /// Bytes that it takes in memory, once for all connections.
    pub memory_bytes: Option<i64>,
    /// What 1,000 calls cost, one after the other, where the setting says what an hour does.
    pub cost_per_1000: Option<f64>,
}

/// Has a model score all rows at once, and some of them one by one.
pub fn measure(version: &Version, rows: &Rows, options: &Options) -> Result<(Vec<Scored>, Cost)> {
    let reader = Reader::new(version, &rows.columns)?;
    let taken = |count: usize| rows.cells.iter().take(count).map(|row| reader.features_of(row)).collect();
    score_rows(version, taken(WARM_UP))?;
    let given = taken(rows.cells.len());
    let begun = Instant::now();
    let answers = score_rows(version, given)?;
    let seconds = begun.elapsed().as_secs_f64().max(1e-9);
    let apart = rows.cells.len().div_ceil(options.calls);
    let mut times = Vec::new();
    for row in rows.cells.iter().step_by(apart) {
        tick();
        let Some(features) = reader.features_of(row) else { continue };
        let begun = Instant::now();
        version.one(&features, Want::All)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
    let hours = mean * 1000.0 / 3.6e6;
    let cost = Cost {
        latency_p50_ms: quantile(&times, 0.5).unwrap_or_default(),
        latency_p99_ms: quantile(&times, 0.99).unwrap_or_default(),
        rows_per_second: answers.len() as f64 / seconds,
        size_bytes: version.size()?,
        memory_bytes: version.memory()?,
        cost_per_1000: guc::price_per_hour().map(|price| price * hours),
    };
    Ok((answers, cost))
}
