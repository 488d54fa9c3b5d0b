//! `define_kpi`, `drop_kpi`, `kpi_rollup`.

use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde_json::{Map, Value};

use crate::error::{Error, Result, required, sql};
use crate::store::artefact;
use crate::store::kpi::{self, Definition, Grain, Period, Question, Statement};

/// Defines a KPI, or changes its definition; returns its version. The caller must be able to read its source.
#[pg_extern(volatile, parallel_unsafe)]
fn define_kpi(name: Option<&str>, definition: Option<JsonB>) -> sql::Result<i32> {
    artefact::must_be_writable("define a KPI")?;
    Ok(kpi::define(required(name, "name")?, required(definition, "definition")?.0)?)
}

/// Removes a KPI from the catalogue.
#[pg_extern(volatile, parallel_unsafe)]
fn drop_kpi(name: Option<&str>) -> sql::Result<()> {
    artefact::must_be_writable("drop a KPI")?;
    Ok(kpi::drop(required(name, "name")?)?)
}

/// A KPI by periods of the calendar in its time zone, and by dimensions. Reads the source by the caller's rights.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn kpi_rollup(
    kpi: Option<&str>,
    grain: default!(Option<&str>, "'day'"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    until: default!(Option<TimestampWithTimeZone>, "NULL"),
    by: default!(Option<Vec<Option<String>>>, "'{}'"),
    filter: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(period_start, TimestampWithTimeZone),
            name!(period_end, TimestampWithTimeZone),
            name!(dimensions, JsonB),
            name!(value, Option<f64>),
            name!(target, Option<f64>),
            name!(status, Option<&'static str>),
            name!(previous, Option<f64>),
            name!(change_ratio, Option<f64>),
            name!(sample_count, i64),
            name!(is_final, bool),
        ),
    >,
> {
    let name = required(kpi, "kpi")?;
    let grain = Grain::parse(required(grain, "grain")?)?;
    let definition = kpi::find(name)?;
    let by = split(name, &definition, by.unwrap_or_default())?;
    let filter = narrowing(name, &definition, filter.map(|f| f.0))?;
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(Error::BadArgument {
            argument: "until".into(),
            problem: "it lies before \"since\"".into(),
            hint: "Rows with since <= time < until are counted.".into(),
        }
        .into());
    }
    let question = Question { grain, since, until, by: &by, filter: &filter };
    let periods = Statement::new(&definition, &question)?.run(&definition, &question)?;
    let mut before: Option<(i64, Option<f64>)> = None;
    Ok(TableIterator::new(periods.into_iter().map(move |period| {
        let Period { start, end, combination, dimensions, value, samples, is_final } = period;
        let value = value.or(definition.empty_value());
        let previous = before.filter(|(c, _)| *c == combination).and_then(|(_, v)| v);
        before = Some((combination, value));
        let change = value
            .zip(previous)
            .filter(|(_, p)| *p != 0.0)
            .map(|(v, p)| (v - p) / p.abs())
            .filter(|c| !c.is_nan());
        (
            start,
            end,
            JsonB(dimensions),
            value,
            definition.target,
            value.and_then(|v| definition.status(v)),
            previous,
            change,
            samples,
            is_final,
        )
    })))
}

/// The dimensions to split by.
fn split(name: &str, definition: &Definition, by: Vec<Option<String>>) -> Result<Vec<String>> {
    let wrong = |problem: String| Error::BadArgument {
        argument: "by".into(),
        problem,
        hint: dimensions_of(name, definition),
    };
    let by = by
        .into_iter()
        .map(|dimension| dimension.ok_or_else(|| wrong("a dimension is NULL".into())))
        .collect::<Result<Vec<_>>>()?;
    if let Some(unknown) = by.iter().find(|d| !definition.dimensions.contains(d)) {
        return Err(wrong(format!("\"{unknown}\" is not a dimension")));
    }
    match kpi::duplicate(&by) {
        Some(twice) => Err(wrong(format!("\"{twice}\" is there twice"))),
        None => Ok(by),
    }
}

/// The call's own filter: it narrows the definition's, on the same columns or on dimensions.
fn narrowing(name: &str, definition: &Definition, filter: Option<Value>) -> Result<Map<String, Value>> {
    let wrong =
        |problem: String, hint: String| Error::BadDocument { what: "the filter".into(), problem, hint };
    let object = match filter {
        None => Map::new(),
        Some(Value::Object(object)) => object,
        Some(_) => {
            return Err(wrong(
                "it is not a JSON object".into(),
                "For example: {\"carrier\": [\"AA\", \"UA\"]}.".into(),
            ));
        }
    };
    let known =
        |column: &String| definition.dimensions.contains(column) || definition.filter.contains_key(column);
    match object.keys().find(|column| !known(column)) {
        Some(column) => Err(wrong(
            format!("\"{column}\" is neither a dimension nor a column of the definition's filter"),
            dimensions_of(name, definition),
        )),
        None => Ok(object),
    }
}

fn dimensions_of(name: &str, definition: &Definition) -> String {
    if definition.dimensions.is_empty() {
        format!("KPI \"{name}\" has no dimensions.")
    } else {
        format!("The dimensions of KPI \"{name}\" are: {}.", definition.dimensions.join(", "))
    }
}
