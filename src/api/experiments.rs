//! Runs as experiments: `reproduce`, `export_mlflow`. `compare_runs` is SQL.

use pgrx::prelude::*;

use crate::error::{required, sql};
use crate::store::artefact;
use crate::store::run;
use crate::training::reproduce;
use crate::{error::Error, mlflow};

/// Trains again what a run trained, from its source, options and seed, and says what came out differently. Refused where the source
/// gives other rows now; nothing is registered.
#[pg_extern(name = "reproduce", volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn reproduce_run(
    run_id: Option<i64>,
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(item, String),
            name!(original, Option<String>),
            name!(reproduced, Option<String>),
            name!(same, bool),
        ),
    >,
> {
    artefact::must_be_writable("train a model")?;
    let parts = reproduce::reproduce(required(run_id, "run_id")?)?;
    Ok(TableIterator::new(parts.into_iter().map(|p| (p.item, p.original, p.reproduced, p.same))))
}

/// A run as files of MLflow's directory layout, for a client to write.
#[pg_extern(stable, parallel_safe)]
fn export_mlflow(
    run_id: Option<i64>,
    root: default!(Option<&str>, "'file:///mlruns'"),
) -> sql::Result<TableIterator<'static, (name!(path, String), name!(content, Vec<u8>))>> {
    let run_id = required(run_id, "run_id")?;
    let run = run::stored(run_id)?.ok_or(Error::UnknownRun { run: run_id })?;
    Ok(TableIterator::new(mlflow::files(&run, required(root, "root")?)?))
}
