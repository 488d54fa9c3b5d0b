//! `install_task_schema`.

use pgrx::prelude::*;

use crate::error::{Error, Result, required, sql};
use crate::store::artefact;

const TABLES: [&str; 7] =
    ["commands", "tasks", "task_dependencies", "task_runs", "resources", "metric_samples", "metric_defs"];

/// Makes the tables of a task platform (commands, tasks, runs, resources, metrics) in a schema, as the caller. The schema is made
/// when it is not there.
#[pg_extern(volatile, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn install_task_schema(schema: Option<&str>) -> sql::Result<()> {
    artefact::must_be_writable("make tables")?;
    Ok(install(required(schema, "schema")?)?)
}

fn install(schema: &str) -> Result<()> {
    if schema.is_empty() {
        return Err(Error::BadArgument {
            argument: "schema".into(),
            problem: "it is empty".into(),
            hint: String::new(),
        });
    }
    let exists = Spi::get_one_with_args::<bool>(
        "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)",
        &[schema.into()],
    )?;
    let quoted = pgrx::spi::quote_identifier(schema);
    if exists == Some(true) {
        let there = Spi::get_one_with_args::<String>(
            "SELECT string_agg(format('\"%s\"', c.relname), ', ' ORDER BY c.relname) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = ANY ($2)",
            &[schema.into(), TABLES.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>().into()],
        )?;
        if let Some(tables) = there {
            return Err(Error::TableExists { schema: schema.into(), tables });
        }
    } else {
        Spi::run(&format!("CREATE SCHEMA {quoted}"))?;
    }
    let script = include_str!("../../sql/queries/task_schema.sql").replace("{schema}", &quoted);
    Ok(Spi::run(&script)?)
}
