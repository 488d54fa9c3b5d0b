//! `train`: reads the source, has a job of the engine train, and registers the result.

use pgrx::JsonB;
use pgrx::prelude::*;

use crate::convert::ArrowStream;
use crate::error::{required, sql};
use crate::store::{artefact, source};
use crate::training::{self, Order, Registered};

/// Trains a model on the rows of a source and registers it. It goes into production when it is the first, or no worse than
/// the one that is there.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn train(
    project: Option<&str>,
    task: Option<&str>,
    source: Option<&str>,
    target: default!(Option<&str>, "NULL"),
    algorithm: default!(Option<&str>, "'auto'"),
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(project, String),
            name!(version, i32),
            name!(algorithm, String),
            name!(metric, String),
            name!(score, f64),
            name!(baseline, Option<f64>),
            name!(deployed, bool),
            name!(run_id, i64),
        ),
    >,
> {
    artefact::must_be_writable("train a model")?;
    let order = order(project, task, source, target, algorithm, options)?;
    let feed = |send: &mut dyn FnMut(&[u8]) -> crate::error::Result<()>| {
        let mut stream = ArrowStream::new(send).with_longest(order.longest_text());
        let rows = source::read(&order.source, None, &mut stream)?;
        stream.finish()?;
        Ok(rows)
    };
    Ok(TableIterator::once(row(training::run_now(&order, feed)?)))
}

/// The order that the arguments make.
pub fn order(
    project: Option<&str>,
    task: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    algorithm: Option<&str>,
    options: Option<JsonB>,
) -> crate::error::Result<Order> {
    let task = required(task, "task")?;
    // Without a target there is nothing to learn but the rows themselves; the job refuses one where there can be none.
    let untargeted = matches!(task, "clustering" | "decomposition" | "anomaly");
    let target = if untargeted { target.unwrap_or_default() } else { required(target, "target")? };
    Order::new(
        required(project, "project")?,
        task,
        required(source, "source")?,
        target,
        algorithm,
        options.map(|o| o.0),
    )
}

/// The columns of a training's row.
pub type Row = (String, i32, String, String, f64, Option<f64>, bool, i64);

/// A training as a row.
pub fn row(r: Registered) -> Row {
    (r.project, r.version, r.algorithm, r.metric, r.score, r.baseline, r.deployed, r.run_id)
}
