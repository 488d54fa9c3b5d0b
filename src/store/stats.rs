//! Statistics of scoring.

use std::collections::BTreeMap;

use altlas_prep::Document;
use altlas_stats::{Histogram, Key, ModelStats};
use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{model, read, with_owner};
use crate::convert::timestamp_of_unix_us;
use crate::error::{Error, Result};
use crate::guc;
use crate::monitor::flush::{Hours, sqlstate_of};

/// Adds statistics to the tables, and removes what is too old.
pub fn merge(hours: &Hours) -> Result<()> {
    with_owner(|| {
        // Somebody who locks the tables for long must not keep the worker in the database.
        Spi::run("SET LOCAL lock_timeout = '3s'")?;
        for ((hour, key), stats) in hours {
            merge_hour(*hour, key, stats)?;
        }
        match guc::stats_retention_min() {
            0 => Ok(()),
            minutes => Ok(Spi::run_with_args(
                include_str!("../../sql/queries/retire_model_stats.sql"),
                &[minutes.into()],
            )?),
        }
    })
}

fn merge_hour(hour: i64, key: &Key, stats: &ModelStats) -> Result<()> {
    let time = |us| {
        timestamp_of_unix_us(us)
            .ok_or_else(|| Error::Internal { message: format!("a time out of range: {us}") })
    };
    let hour = time(hour)?;
    let mut errors = BTreeMap::<String, u64>::new();
    for (code, count) in &stats.errors {
        *errors.entry(sqlstate_of(code)).or_default() += count;
    }
    Spi::run_with_args(
        include_str!("../../sql/queries/merge_model_stats.sql"),
        &[
            key.model_version.as_str().into(),
            key.sha256.as_str().into(),
            hour.into(),
            bigint(stats.calls).into(),
            bigint(stats.rows).into(),
            JsonB(serde_json::json!(errors)).into(),
            stats.latency.encode().into(),
            stats.batches.encode().into(),
            time(stats.last_us)?.into(),
        ],
    )?;
    let rows = Sketches::of(stats, &Names::of(key, stats));
    if rows.states.is_empty() {
        return Ok(());
    }
    Ok(Spi::run_with_args(
        include_str!("../../sql/queries/merge_model_sketch.sql"),
        &[
            key.model_version.as_str().into(),
            key.sha256.as_str().into(),
            hour.into(),
            rows.kinds.into(),
            rows.positions.into(),
            rows.names.into(),
            rows.counts.into(),
            rows.states.into(),
        ],
    )?)
}

fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What the positions of a version's inputs and answers are called.
#[derive(Default)]
struct Names {
    features: Vec<String>,
    classes: Vec<String>,
}

impl Names {
    /// From the version's documents; none when it was dropped since.
    fn of(key: &Key, stats: &ModelStats) -> Self {
        let Some(version) = model::resolve(&key.model_version).ok().filter(|v| v.sha256 == key.sha256) else {
            return Self::default();
        };
        // An input of several columns is known by its manifest only if that names all of them.
        let fits = |names: &Vec<String>| names.len() == stats.features.len();
        let features = match &version.preprocess {
            Some(Document::Tabular(document)) => Some(document.feature_names()),
            _ => version.manifest.columns.filter(fits),
        };
        Self { features: features.unwrap_or_default(), classes: version.manifest.labels.unwrap_or_default() }
    }
}

/// Rows of `altlas.model_sketch`, in columns.
#[derive(Default)]
struct Sketches {
    kinds: Vec<&'static str>,
    positions: Vec<i32>,
    names: Vec<String>,
    counts: Vec<i64>,
    states: Vec<Vec<u8>>,
}

impl Sketches {
    fn of(stats: &ModelStats, names: &Names) -> Self {
        let mut rows = Self::default();
        let named =
            |names: &[String], n: usize, otherwise: String| names.get(n).cloned().unwrap_or(otherwise);
        for (n, feature) in stats.features.iter().enumerate() {
            let name = named(&names.features, n, format!("x{}", n + 1));
            rows.push("feature", n + 1, name, feature.sampled, feature.count, feature.encode());
        }
        rows.push("score", 0, "score".into(), stats.score.sampled, stats.score.count, stats.score.encode());
        for (n, class) in stats.proba.iter().enumerate() {
            let name = named(&names.classes, n, n.to_string());
            rows.push("proba", n, name, class.sampled, class.count, class.encode());
        }
        let labels = stats.labels.named(&names.classes);
        rows.push("label", 0, "label".into(), labels.total(), labels.total(), labels.encode());
        rows
    }

    /// Adds a row unless nothing was sampled for it.
    fn push(
        &mut self,
        kind: &'static str,
        position: usize,
        name: String,
        sampled: u64,
        count: u64,
        state: Vec<u8>,
    ) {
        if sampled > 0 {
            self.kinds.push(kind);
            self.positions.push(i32::try_from(position).unwrap_or(i32::MAX));
            self.names.push(name);
            self.counts.push(bigint(count));
            self.states.push(state);
        }
    }
}

/// Everything that was ever counted of a version.
pub struct Counters {
    pub model_version: String,
    pub calls: i64,
    pub rows: i64,
    pub errors: BTreeMap<String, i64>,
    pub latency: Histogram,
    pub batches: Histogram,
    pub last_call: f64,
}

/// The counters of all versions.
pub fn counters() -> Result<Vec<Counters>> {
    with_owner(|| {
        let rows = read::all(
            include_str!("../../sql/queries/model_counters.sql"),
            &[],
            |row| -> Result<Counters> {
                let state = |column| Histogram::decode(&row.get::<Vec<u8>>(column).unwrap_or_default());
                let errors = match row.get::<JsonB>(4).map(|codes| codes.0) {
                    Some(Value::Object(codes)) => {
                        codes.into_iter().map(|(code, n)| (code, n.as_i64().unwrap_or(0))).collect()
                    }
                    _ => BTreeMap::new(),
                };
                Ok(Counters {
                    model_version: row.get(1).unwrap_or_default(),
                    calls: row.get(2).unwrap_or(0),
                    rows: row.get(3).unwrap_or(0),
                    errors,
                    latency: state(5)?,
                    batches: state(6)?,
                    last_call: row.get(7).unwrap_or(0.0),
                })
            },
        )?;
        rows.into_iter().collect()
    })
}
