//! `predict_duration`, `predict_interval`.

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
    let coverage = share(coverage)?;
    let Some(task) = task else {
        return Ok(TableIterator::new(None));
    };
    let name = model.map_or_else(guc::duration_model, str::to_owned);
    let version = resolved(&name).map_err(|e| without_default(e, model.is_none()))?;
    let seconds = seconds_per_unit(&version)?;
    let Predicted { value, lower, upper } =
        predicted(&version, &task, coverage)?.ok_or_else(|| not_a_duration(&version))?;
    // A duration is not negative, whatever a linear model says.
    let interval = |value: f64| -> Option<Interval> {
        let us = value.max(0.0) * seconds * 1e6;
        (us < 9.2e18).then(|| Interval::from_micros(us.round() as i64))
    };
    let estimate = interval(value).ok_or_else(|| not_a_duration(&version))?;
    let (lower, upper) = (lower.and_then(interval), upper.and_then(interval));
    Ok(TableIterator::once((estimate, lower, upper, coverage, version.label.clone())))
}

/// What a regression predicts, in its target's unit, with an interval that holds the truth in `coverage` of the cases: memory,
/// processor time, tokens, money.
#[pg_extern(stable, parallel_safe, cost = 10000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn predict_interval(
    model: Option<&str>,
    features: Option<JsonB>,
    coverage: default!(Option<f32>, "0.9"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(estimate, f64),
            name!(lower, Option<f64>),
            name!(upper, Option<f64>),
            name!(unit, Option<String>),
            name!(coverage, f32),
            name!(model_version, String),
        ),
    >,
> {
    let (name, coverage) = (required(model, "model")?, share(coverage)?);
    let Some(features) = features else {
        return Ok(TableIterator::new(None));
    };
    let version = resolved(name)?;
    let found = predicted(&version, &features, coverage)?.ok_or_else(|| Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "does not predict a number".into(),
        hint: "altlas.predict_row gives the labels and probabilities of classifiers.".into(),
    })?;
    let Predicted { value, lower, upper } = found;
    let unit = version.manifest.target.unit.clone();
    Ok(TableIterator::once((value, lower, upper, unit, coverage, version.label.clone())))
}

/// A prediction with the bounds that there are.
struct Predicted {
    value: f64,
    lower: Option<f64>,
    upper: Option<f64>,
}

/// What a model predicts; `None` where it gives no number.
fn predicted(version: &Version, features: &JsonB, coverage: f32) -> Result<Option<Predicted>> {
    let features = fields_of_value(&features.0, &version.label)?;
    let Some(value) = version.score(&[features])?.into_iter().next().and_then(|s| s.value) else {
        return Ok(None);
    };
    let bounds = version.manifest.conformal.as_ref().map(|c| c.interval(value, f64::from(coverage)));
    let finite = |bound: f64| Some(bound).filter(|b| b.is_finite());
    let (lower, upper) = bounds.map_or((None, None), |(low, high)| (finite(low), finite(high)));
    Ok(Some(Predicted { value, lower, upper }))
}

/// A coverage, checked.
fn share(coverage: Option<f32>) -> Result<f32> {
    let coverage = required(coverage, "coverage")?;
    if coverage > 0.0 && coverage < 1.0 {
        return Ok(coverage);
    }
    Err(Error::BadArgument {
        argument: "coverage".into(),
        problem: format!("{coverage} is not between 0 and 1"),
        hint: "0.9 asks for an interval that holds nine of ten values.".into(),
    })
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
