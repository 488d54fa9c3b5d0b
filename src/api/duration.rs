//! `predict_duration`.

use pgrx::JsonB;
use pgrx::datum::Interval;
use pgrx::prelude::*;

use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::{Version, fields_of_value, resolved};

/// How long a task will take, with an interval that holds the truth in `coverage` of the cases.
#[pg_extern(stable, parallel_safe, cost = 10000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn predict_duration(
    task: Option<JsonB>,
    model: default!(Option<&str>, "NULL"),
    coverage: default!(Option<f32>, "0.9"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(estimate, Interval),
            name!(lower, Option<Interval>),
            name!(upper, Option<Interval>),
            name!(coverage, f32),
            name!(model_version, String),
        ),
    >,
> {
    let coverage = required(coverage, "coverage")?;
    if !(coverage > 0.0 && coverage < 1.0) {
        return Err(Error::BadArgument {
            argument: "coverage".into(),
            problem: format!("{coverage} is not between 0 and 1"),
            hint: "0.9 asks for an interval that holds nine of ten durations.".into(),
        }
        .into());
    }
    let Some(task) = task else {
        return Ok(TableIterator::new(None));
    };
    let name = model.map_or_else(guc::duration_model, str::to_owned);
    let version = resolved(&name).map_err(|e| without_default(e, model.is_none()))?;
    let seconds = seconds_per_unit(&version)?;
    let features = fields_of_value(&task.0, &version.label)?;
    let scored = version.score(&[features])?.into_iter().next();
    let predicted = scored.and_then(|s| s.value).ok_or_else(|| not_a_duration(&version))?;
    // A duration is not negative, whatever a linear model says.
    let interval = |value: f64| -> Option<Interval> {
        let us = value.max(0.0) * seconds * 1e6;
        (us < 9.2e18).then(|| Interval::from_micros(us.round() as i64))
    };
    let estimate = interval(predicted).ok_or_else(|| not_a_duration(&version))?;
    let (lower, upper) = match &version.manifest.conformal {
        Some(conformal) => {
            let (low, high) = conformal.interval(predicted, f64::from(coverage));
            (interval(low), interval(high))
        }
        None => (None, None),
    };
    Ok(TableIterator::once((estimate, lower, upper, coverage, version.label.clone())))
}

fn seconds_per_unit(version: &Version) -> Result<f64> {
    match version.manifest.target.unit.as_deref() {
        Some("us") => Ok(1e-6),
        Some("ms") => Ok(1e-3),
        Some("s") => Ok(1.0),
        Some("min") => Ok(60.0),
        Some("h") => Ok(3600.0),
        Some("d") => Ok(86_400.0),
        _ => Err(not_a_duration(version)),
    }
}

fn not_a_duration(version: &Version) -> Error {
    Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "does not predict a duration".into(),
        hint: "Train it on an interval column, or name the unit: altlas.train(…, options => '{\"unit\": \"min\"}').".into(),
    }
}

/// The default model is nobody's typing error: say how to make it.
fn without_default(e: Error, by_default: bool) -> Error {
    match e {
        Error::UnknownModel { name } if by_default => Error::WrongKindOfModel {
            model: name.clone(),
            problem: "(the setting altlas.duration_model) does not exist yet".into(),
            hint: format!(
                "Train it on your history: SELECT * FROM altlas.train('{name}', 'regression', 'SELECT … FROM task_runs', 'duration')."
            ),
        },
        other => other,
    }
}
