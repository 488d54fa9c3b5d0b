//! `compare_models`.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::comparison::{Compared, MOST_MODELS, Options, Quality, compare};
use crate::error::{Error, Result, required, sql};
use crate::store::artefact;
use crate::store::comparison::{Kept, keep};

/// Scores the labelled rows of a source with several models and says how good they are, whether the differences are more than
/// chance, how fast they are and what they cost; the best model first.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn compare_models(
    models: Option<Vec<Option<String>>>,
    source: Option<&str>,
    target: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(model_version, String),
            name!(row_count, i64),
            name!(accuracy, Option<f64>),
            name!(macro_f1, Option<f64>),
            name!(calibration_error, Option<f64>),
            name!(mae, Option<f64>),
            name!(rmse, Option<f64>),
            name!(median_ae, Option<f64>),
            name!(r2, Option<f64>),
            name!(p_value, Option<f64>),
            name!(latency_p50_ms, f64),
            name!(latency_p99_ms, f64),
            name!(rows_per_second, f64),
            name!(size_bytes, i64),
            name!(memory_bytes, Option<i64>),
            name!(cost_per_1000, Option<f64>),
            name!(comparison_id, Option<i64>),
        ),
    >,
> {
    let names = checked(required(models, "models")?)?;
    let (source, target) = (required(source, "source")?, required(target, "target")?);
    let options = Options::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    if options.keep {
        artefact::must_be_writable("keep a comparison")?;
    }
    let found = compare(&names, source, target, &options)?;
    if found.unlabelled > 0 {
        notice!("left out: {} rows in which column \"{target}\" is NULL", found.unlabelled);
    }
    let rows = i64::try_from(found.rows).unwrap_or(i64::MAX);
    let id = match options.keep {
        false => None,
        true => Some(keep(Kept {
            source,
            target,
            options: serde_json::to_value(&options).unwrap_or_default(),
            rows,
            unlabelled: i64::try_from(found.unlabelled).unwrap_or(i64::MAX),
            models: (1..).zip(&found.models).map(|(rank, model)| stored(rank, model)).collect(),
        })?),
    };
    Ok(TableIterator::new((1..).zip(found.models).map(move |(rank, model)| {
        let (labels, numbers) = match model.quality {
            Quality::Labels(l) => (Some(l), None),
            Quality::Numbers(n) => (None, Some(n)),
        };
        let cost = model.cost;
        (
            rank,
            model.version,
            rows,
            labels.map(|l| l.accuracy),
            labels.map(|l| l.macro_f1),
            labels.and_then(|l| l.calibration_error),
            numbers.map(|n| n.mae),
            numbers.map(|n| n.rmse),
            numbers.map(|n| n.median_ae),
            numbers.and_then(|n| n.r2),
            model.p_value,
            cost.latency_p50_ms,
            cost.latency_p99_ms,
            cost.rows_per_second,
            cost.size_bytes,
            cost.memory_bytes,
            cost.cost_per_1000,
            id,
        )
    })))
}

/// A model's row as it is kept.
fn stored(rank: i32, model: &Compared) -> Value {
    let (quality, cost) = (model.quality, model.cost);
    let mut row = json!({
        "rank": rank, "model": model.version, "p_value": model.p_value,
        "latency_p50_ms": cost.latency_p50_ms, "latency_p99_ms": cost.latency_p99_ms,
        "rows_per_second": cost.rows_per_second, "size_bytes": cost.size_bytes,
        "memory_bytes": cost.memory_bytes, "cost_per_1000": cost.cost_per_1000,
    });
    let figures = match quality {
        Quality::Labels(l) => json!({
            "accuracy": l.accuracy, "macro_f1": l.macro_f1, "calibration_error": l.calibration_error,
        }),
        Quality::Numbers(n) => json!({
            "mae": n.mae, "rmse": n.rmse, "median_ae": n.median_ae, "r2": n.r2,
        }),
    };
    if let (Value::Object(row), Value::Object(figures)) = (&mut row, figures) {
        row.extend(figures);
    }
    row
}

fn checked(models: Vec<Option<String>>) -> Result<Vec<String>> {
    let wrong = |problem: String| Error::BadArgument {
        argument: "models".into(),
        problem,
        hint: "Give names as in altlas.predict: ARRAY['churn', 'churn@candidate', 'churn/3'].".into(),
    };
    let count = models.len();
    let names: Vec<String> = models.into_iter().flatten().collect();
    if names.len() != count {
        return Err(wrong("a name is NULL".into()));
    }
    match count {
        0 => Err(wrong("it is empty".into())),
        _ if count > MOST_MODELS => {
            Err(wrong(format!("it has {count} models, at most {MOST_MODELS} are compared at once")))
        }
        _ => Ok(names),
    }
}
