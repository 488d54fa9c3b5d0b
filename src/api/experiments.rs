//! Runs as experiments: `reproduce`, `export_mlflow`, `import_mlflow`. `compare_runs` is SQL.

use pgrx::prelude::*;

use crate::error::{Error, required, sql};
use crate::mlflow;
use crate::store::{artefact, audit, run};
use crate::training::reproduce;

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

/// Records the runs of files of MLflow's directory layout, by their paths below its root; returns the numbers of their runs here.
#[pg_extern(volatile, parallel_unsafe)]
fn import_mlflow(
    paths: Option<Vec<Option<String>>>,
    contents: Option<pgrx::Array<'_, &[u8]>>,
    metric: default!(Option<&str>, "NULL"),
) -> sql::Result<
    TableIterator<'static, (name!(run_id, i64), name!(project, String), name!(mlflow_run, String))>,
> {
    artefact::must_be_writable("import a run")?;
    let (paths, contents) = (required(paths, "paths")?, required(contents, "contents")?);
    let contents: Vec<Option<Vec<u8>>> = contents.iter().map(|c| c.map(<[u8]>::to_vec)).collect();
    if paths.len() != contents.len() {
        return Err(Error::BadArgument {
            argument: "contents".into(),
            problem: format!("it has {} elements, \"paths\" has {}", contents.len(), paths.len()),
            hint: "Give a content for each path.".into(),
        }
        .into());
    }
    let files = paths.into_iter().zip(contents).filter_map(|(path, content)| path.zip(content)).collect();
    let mut found = Vec::new();
    for (name, foreign) in mlflow::runs(files, metric)? {
        let project = foreign.project.clone();
        let run_id = run::add_foreign(foreign)?;
        let after = serde_json::json!({ "run_id": run_id, "mlflow_run": name });
        audit::record("import_mlflow", &project, None, Some(after))?;
        found.push((run_id, project, name));
    }
    Ok(TableIterator::new(found))
}
