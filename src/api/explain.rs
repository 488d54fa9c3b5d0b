//! `explain`, for a row, `jsonb` and text.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::json;

use super::predict::{of_json, of_text};
use crate::convert::Record;
use crate::error::{Result, required, sql};
use crate::explain::{Explainer, ShapleyOptions};
use crate::scoring::{Features, Version};

/// The columns of `explain`.
type Row = (String, Option<String>, f64, f64, f64, Option<f64>, Option<String>);

/// One row a column of the model, in its order. NULL features give none.
fn explained(
    model: Option<&str>,
    options: Option<JsonB>,
    features: impl FnOnce(&Version) -> Result<Option<Features<'static>>>,
) -> Result<Vec<Row>> {
    let options = ShapleyOptions::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    let explainer = Explainer::of(required(model, "model")?, &options)?;
    let Some(features) = features(&explainer.version)? else { return Ok(Vec::new()) };
    let row = explainer.version.cells_of(&features)?;
    let found = explainer.explain(&row, &options)?;
    let (base, prediction) = (found.contributions.base, found.contributions.prediction);
    let parts = found.parts(&explainer.columns, &row);
    Ok(parts
        .map(|p| {
            (p.column.to_owned(), p.value, p.contribution, base, prediction, p.error, found.class.clone())
        })
        .collect())
}

/// What each column of a table's row adds to the model's answer (Shapley values).
#[pg_extern(name = "explain", stable, parallel_safe, cost = 100000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn explain_record(
    model: Option<&str>,
    features: Option<Record>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(value, Option<String>),
            name!(contribution, f64),
            name!(base, f64),
            name!(prediction, f64),
            name!(standard_error, Option<f64>),
            name!(class, Option<String>),
        ),
    >,
> {
    let rows = explained(model, options, |_| Ok(features.map(Features::Record)))?;
    Ok(TableIterator::new(rows))
}

/// What each key of a JSON object adds to the model's answer (Shapley values).
#[pg_extern(name = "explain", stable, parallel_safe, cost = 100000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn explain_json(
    model: Option<&str>,
    features: Option<JsonB>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(value, Option<String>),
            name!(contribution, f64),
            name!(base, f64),
            name!(prediction, f64),
            name!(standard_error, Option<f64>),
            name!(class, Option<String>),
        ),
    >,
> {
    let rows = explained(model, options, |version| of_json(features, version))?;
    Ok(TableIterator::new(rows))
}

/// The same for a JSON object as text.
#[pg_extern(name = "explain", stable, parallel_safe, cost = 100000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn explain_text(
    model: Option<&str>,
    features: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(value, Option<String>),
            name!(contribution, f64),
            name!(base, f64),
            name!(prediction, f64),
            name!(standard_error, Option<f64>),
            name!(class, Option<String>),
        ),
    >,
> {
    let rows =
        explained(model, options, |version| of_text(features.map(|text| text.to_owned().into()), version))?;
    Ok(TableIterator::new(rows))
}
