//! `metrics`, and what the views of statistics are made of.

use altlas_stats::{Counts, Exposition, Histogram, Labels, MetricKind, Numeric};
use pgrx::prelude::*;

use crate::engine;
use crate::error::{Error, Result, sql};
use crate::store::read;
use crate::store::stats::{self, Counters};

/// Durations in the metrics: up to 2^k ns, from 128 ns to 34 s.
const LATENCY_POWERS: std::ops::RangeInclusive<u32> = 7..=35;
/// Rows run together in the metrics: below 2^k, from 1 to 65,535.
const BATCH_POWERS: std::ops::RangeInclusive<u32> = 1..=16;

/// Merges two summaries of one kind.
#[pg_extern(immutable, parallel_safe)]
fn _merge_stats(left: &[u8], right: &[u8]) -> sql::Result<Vec<u8>> {
    Ok(altlas_stats::merge_states(left, right).map_err(Error::from)?)
}

/// What a histogram tells.
#[pg_extern(immutable, parallel_safe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn _histogram_summary(
    state: &[u8],
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(count, i64),
            name!(mean, Option<f64>),
            name!(p50, Option<f64>),
            name!(p95, Option<f64>),
            name!(p99, Option<f64>),
            name!(max, Option<f64>),
        ),
    >,
> {
    let h = Histogram::decode(state).map_err(Error::from)?;
    let max = (h.count() > 0).then_some(h.max() as f64);
    let row = (bigint(h.count()), h.mean(), h.quantile(0.5), h.quantile(0.95), h.quantile(0.99), max);
    Ok(TableIterator::once(row))
}

/// What a summary of numbers tells.
#[pg_extern(immutable, parallel_safe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn _sketch_summary(
    state: &[u8],
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(count, i64),
            name!(missing_share, Option<f64>),
            name!(mean, Option<f64>),
            name!(stddev, Option<f64>),
            name!(min, Option<f64>),
            name!(p05, Option<f64>),
            name!(p50, Option<f64>),
            name!(p95, Option<f64>),
            name!(max, Option<f64>),
            name!(infinite, i64),
            name!(sampled, i64),
        ),
    >,
> {
    let n = Numeric::decode(state).map_err(Error::from)?;
    let some = |value: f64| (n.count > 0).then_some(value);
    Ok(TableIterator::once((
        bigint(n.count),
        n.missing_share(),
        some(n.mean),
        n.stddev(),
        some(n.min),
        n.quantile(0.05),
        n.quantile(0.5),
        n.quantile(0.95),
        some(n.max),
        bigint(n.infinite),
        bigint(n.sampled),
    )))
}

/// The labels in a summary, most frequent first, and how many there were in all.
#[pg_extern(immutable, parallel_safe)]
fn _label_counts(
    state: &[u8],
) -> sql::Result<TableIterator<'static, (name!(label, String), name!(count, i64), name!(total, i64))>> {
    let counts = Counts::decode(state).map_err(Error::from)?;
    let total = bigint(counts.total());
    let top = counts.top().into_iter().map(|(label, n)| (label.to_owned(), bigint(n), total));
    Ok(TableIterator::new(top.collect::<Vec<_>>()))
}

fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The engine's state and the models' counters, in the text format of Prometheus. Starts nothing.
#[pg_extern(volatile, parallel_restricted)]
fn metrics() -> sql::Result<String> {
    let mut page = Exposition::default();
    engine_metrics(&mut page);
    model_metrics(&mut page)?;
    Ok(page.finish())
}

fn engine_metrics(page: &mut Exposition) {
    let status = engine::status();
    page.family("altlas_info", MetricKind::Gauge, "The version of the extension.");
    page.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.family(
        "altlas_engine_up",
        MetricKind::Gauge,
        "Whether the engine answers; it starts when it is needed.",
    );
    page.sample(&[], f64::from(u8::from(status.is_some())));
    let Some(s) = status else { return };
    page.family("altlas_engine_info", MetricKind::Gauge, "Versions of the engine and of ONNX Runtime.");
    page.sample(&[("version", &s.version), ("runtime_version", &s.runtime_version)], 1.0);
    let values = [
        (
            "altlas_engine_start_time_seconds",
            MetricKind::Gauge,
            "When the engine started, since 1970-01-01 UTC.",
            s.started_us as f64 / 1e6,
        ),
        (
            "altlas_engine_restarts_total",
            MetricKind::Counter,
            "How often the supervisor had to start the engine again.",
            f64::from(s.restarts),
        ),
        (
            "altlas_engine_models_loaded",
            MetricKind::Gauge,
            "Models in the engine's memory.",
            f64::from(s.models_loaded),
        ),
        (
            "altlas_engine_memory_bytes",
            MetricKind::Gauge,
            "Memory that loaded models take, estimated from their files.",
            s.memory_bytes as f64,
        ),
        (
            "altlas_engine_memory_budget_bytes",
            MetricKind::Gauge,
            "Memory that loaded models may take (altlas.model_memory).",
            s.memory_budget_bytes as f64,
        ),
        (
            "altlas_engine_queue_depth",
            MetricKind::Gauge,
            "Requests that wait in the engine.",
            f64::from(s.queue_depth),
        ),
        (
            "altlas_engine_connections",
            MetricKind::Gauge,
            "Connections open to the engine.",
            f64::from(s.connections),
        ),
    ];
    for (name, kind, help, value) in values {
        page.family(name, kind, help);
        page.sample(&[], value);
    }
}

/// Writes one version's samples.
type Write<'a> = &'a dyn Fn(&mut Exposition, Labels<'_>, &Counters);

fn model_metrics(page: &mut Exposition) -> Result<()> {
    let counters = stats::counters()?;
    let database =
        read::one::<String>("SELECT pg_catalog.current_database()::text", &[])?.unwrap_or_default();
    // The labels of each version: a built-in model has no number.
    let labels: Vec<[(&str, &str); 3]> = counters
        .iter()
        .map(|c| {
            let (model, version) = c.model_version.rsplit_once('/').unwrap_or((&c.model_version, ""));
            [("database", database.as_str()), ("model", model), ("version", version)]
        })
        .collect();
    let mut family = |name, kind, help, write: Write<'_>| {
        page.family(name, kind, help);
        for (labels, counters) in labels.iter().zip(&counters) {
            write(page, labels, counters);
        }
    };
    family(
        "altlas_model_calls_total",
        MetricKind::Counter,
        "Calls of the model, the failed ones too.",
        &|p, l, c| {
            p.sample(l, c.calls as f64);
        },
    );
    family("altlas_model_rows_total", MetricKind::Counter, "Rows that the model scored.", &|p, l, c| {
        p.sample(l, c.rows as f64);
    });
    family(
        "altlas_model_errors_total",
        MetricKind::Counter,
        "Calls that failed, by SQLSTATE.",
        &|p, l, c| {
            for (code, count) in &c.errors {
                let labels: Vec<_> = l.iter().copied().chain([("sqlstate", code.as_str())]).collect();
                p.sample(&labels, *count as f64);
            }
        },
    );
    family(
        "altlas_model_last_call_timestamp_seconds",
        MetricKind::Gauge,
        "When the model was called last, since 1970-01-01 UTC.",
        &|p, l, c| p.sample(l, c.last_call),
    );
    family(
        "altlas_model_latency_seconds",
        MetricKind::Histogram,
        "Time of a call: waiting and running.",
        &|p, l, c| p.histogram(l, &c.latency, LATENCY_POWERS, 1e-9, false),
    );
    family(
        "altlas_model_batch_rows",
        MetricKind::Histogram,
        "Rows that the engine ran together.",
        &|p, l, c| {
            p.histogram(l, &c.batches, BATCH_POWERS, 1.0, true);
        },
    );
    Ok(())
}
