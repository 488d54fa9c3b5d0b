//! `analyze_tasks`.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::json;

use crate::error::{required, sql};
use crate::history::{Options, findings};

/// What a history of task runs says: types, durations, what goes with failures and long runs, bottlenecks, critical paths.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn analyze_tasks(
    source: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(section, &'static str),
            name!(item, Option<String>),
            name!(measure, &'static str),
            name!(value, f64),
            name!(lower, Option<f64>),
            name!(upper, Option<f64>),
            name!(sample_count, i64),
            name!(p_value, Option<f64>),
        ),
    >,
> {
    let source = required(source, "source")?;
    let options = Options::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    let found = findings(source, &options)?;
    Ok(TableIterator::new(found.into_iter().map(|f| {
        let (lower, upper) = f.bounds.unzip();
        let item = Some(f.item).filter(|item| !item.is_empty());
        let count = i64::try_from(f.count).unwrap_or(i64::MAX);
        (f.section, item, f.measure, f.value, lower, upper, count, f.p_value)
    })))
}
