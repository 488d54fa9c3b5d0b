//! `importance`, `partial_dependence`, `counterfactual`.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::json;

use super::predict::{of_json, of_text};
use crate::convert::Record;
use crate::error::{Result, required, sql};
use crate::explain::{
    self, Changed, Counterfactual, CounterfactualOptions, DependenceOptions, ImportanceOptions,
};
use crate::scoring::{Features, Version};

/// How much worse a model is on labelled rows when a column is shuffled; the most important column first.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn importance(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(importance, f64),
            name!(lower, f64),
            name!(upper, f64),
            name!(standard_deviation, f64),
            name!(metric, String),
            name!(baseline, f64),
        ),
    >,
> {
    let (model, source, target) =
        (required(model, "model")?, required(source, "source")?, required(target, "target")?);
    let options = ImportanceOptions::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    let (metric, base, found) = explain::importance(model, source, target, &options)?;
    Ok(TableIterator::new(found.into_iter().map(move |i| {
        let (lower, upper) = i.spread.interval;
        (i.column, i.spread.mean, lower, upper, i.spread.deviation, metric.to_owned(), base)
    })))
}

/// The mean answer of a model over the rows of a source when a column is set to each value of a grid.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn partial_dependence(
    model: Option<&str>,
    source: Option<&str>,
    feature: Option<&str>,
    grid: default!(Option<i32>, "20"),
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(value, Option<String>),
            name!(number, Option<f64>),
            name!(mean, f64),
            name!(lower, f64),
            name!(upper, f64),
            name!(class, Option<String>),
        ),
    >,
> {
    let (model, source, feature) =
        (required(model, "model")?, required(source, "source")?, required(feature, "feature")?);
    let options = DependenceOptions::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    let (class, points) =
        explain::partial_dependence(model, source, feature, required(grid, "grid")?, &options)?;
    Ok(TableIterator::new(
        points.into_iter().map(move |p| (p.value, p.number, p.mean, p.lower, p.upper, class.clone())),
    ))
}

type Change = (String, Option<String>, Option<String>, f64, Option<f64>, Option<String>);

/// One row a column that changes.
fn changes(
    model: Option<&str>,
    desired: Option<JsonB>,
    options: Option<JsonB>,
    features: impl FnOnce(&Version) -> Result<Option<Features<'static>>>,
) -> Result<Vec<Change>> {
    let (model, desired) = (required(model, "model")?, required(desired, "desired")?);
    let options = CounterfactualOptions::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    match explain::counterfactual(model, features, &desired.0, &options)? {
        Ok(Counterfactual { changes, distance, answer }) => {
            let row = |c: Changed| (c.column, c.from, c.to, distance, answer.value, answer.label.clone());
            Ok(changes.into_iter().map(row).collect())
        }
        Err(already) => {
            if !already {
                notice!("no change of at most {} columns gives the wanted answer", options.max_changes);
            }
            Ok(Vec::new())
        }
    }
}

/// The smallest change of few columns of a table's row that gives a wanted label or range.
#[pg_extern(name = "counterfactual", stable, parallel_safe, cost = 100000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn counterfactual_record(
    model: Option<&str>,
    features: Option<Record>,
    desired: Option<JsonB>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(value, Option<String>),
            name!(changed, Option<String>),
            name!(distance, f64),
            name!(prediction, Option<f64>),
            name!(label, Option<String>),
        ),
    >,
> {
    let rows = changes(model, desired, options, |_| Ok(features.map(Features::Record)))?;
    Ok(TableIterator::new(rows))
}

/// The smallest change of few keys of a JSON object that gives a wanted label or range.
#[pg_extern(name = "counterfactual", stable, parallel_safe, cost = 100000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn counterfactual_json(
    model: Option<&str>,
    features: Option<JsonB>,
    desired: Option<JsonB>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(value, Option<String>),
            name!(changed, Option<String>),
            name!(distance, f64),
            name!(prediction, Option<f64>),
            name!(label, Option<String>),
        ),
    >,
> {
    let rows = changes(model, desired, options, |version| of_json(features, version))?;
    Ok(TableIterator::new(rows))
}

/// The same for a JSON object as text.
#[pg_extern(name = "counterfactual", stable, parallel_safe, cost = 100000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn counterfactual_text(
    model: Option<&str>,
    features: Option<&str>,
    desired: Option<JsonB>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(feature, String),
            name!(value, Option<String>),
            name!(changed, Option<String>),
            name!(distance, f64),
            name!(prediction, Option<f64>),
            name!(label, Option<String>),
        ),
    >,
> {
    let rows = changes(model, desired, options, |version| {
        of_text(features.map(|text| text.to_owned().into()), version)
    })?;
    Ok(TableIterator::new(rows))
}
