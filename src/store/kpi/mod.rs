//! The catalogue of KPIs, and their computation.

mod definition;
mod filter;
mod rollup;
mod source;

use pgrx::{JsonB, Spi};
use serde_json::{Map, Value, json};

use super::{audit, caller, model, read, with_owner};
use crate::error::{Error, Result};

pub use definition::{Definition, Grain, duplicate};
pub use rollup::{Period, Question, Statement};

/// Defines a KPI or changes its definition. Returns its version, which grows with every change.
pub fn define(name: &str, document: Value) -> Result<i32> {
    model::check_name(name, "name")?;
    let definition = Definition::parse(&document)?;
    check_time_zone(&definition.time_zone)?;
    check_source(&definition)?;
    let role = caller();
    let (before, version) = with_owner(|| {
        // Definitions of one KPI take turns, so that the audit's "before" is the one that was replaced; others go on.
        Spi::run_with_args(
            "SELECT pg_advisory_xact_lock(hashtext('altlas.kpi'), hashtext($1))",
            &[name.into()],
        )?;
        let before = read::latest(|| stored(name))?;
        let changed = Spi::connect_mut(|client| -> Result<Option<i32>> {
            let arguments = [name.into(), JsonB(document.clone()).into(), role.as_str().into()];
            let rows = client.update(include_str!("../../../sql/queries/kpi_put.sql"), None, &arguments)?;
            let version = rows.into_iter().next().map(|row| row.get(1)).transpose()?;
            Ok(version.flatten())
        })?;
        Ok((before, changed))
    })?;
    let Some(version) = version else {
        return Ok(before.map_or(1, |(_, version)| version));
    };
    audit::record(
        "define_kpi",
        name,
        before.map(|(definition, version)| json!({ "version": version, "definition": definition })),
        Some(json!({ "version": version, "definition": document })),
    )?;
    Ok(version)
}

/// Removes a KPI.
pub fn drop(name: &str) -> Result<()> {
    let gone = with_owner(|| {
        let (definition, version) = Spi::get_two_with_args::<JsonB, i32>(
            "WITH gone AS (DELETE FROM altlas.kpi WHERE name = $1 RETURNING definition, version) \
             SELECT g.definition, g.version FROM (SELECT 1) one LEFT JOIN gone g ON true",
            &[name.into()],
        )?;
        Ok(definition.zip(version))
    })?;
    let (definition, version) = gone.ok_or_else(|| Error::UnknownKpi { name: name.into() })?;
    audit::record("drop_kpi", name, Some(json!({ "version": version, "definition": definition.0 })), None)
}

/// The definition of a KPI.
pub fn find(name: &str) -> Result<Definition> {
    let (document, _) = with_owner(|| read::latest(|| stored(name)))?
        .ok_or_else(|| Error::UnknownKpi { name: name.into() })?;
    Definition::parse(&document)
}

fn stored(name: &str) -> Result<Option<(Value, i32)>> {
    let found =
        read::first("SELECT definition, version FROM altlas.kpi WHERE name = $1", &[name.into()], |row| {
            row.get::<JsonB>(1).map(|d| d.0).zip(row.get(2))
        })?;
    Ok(found.flatten())
}

fn check_time_zone(zone: &str) -> Result<()> {
    let known = read::one::<bool>(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name OPERATOR(pg_catalog.=) $1)",
        &[zone.into()],
    )?;
    if known == Some(true) {
        return Ok(());
    }
    Err(Error::BadDocument {
        what: definition::WHAT.into(),
        problem: format!("\"{zone}\" is not a time zone"),
        hint: "SELECT name FROM pg_timezone_names lists them; write it as there, like \"Europe/Istanbul\"."
            .into(),
    })
}

/// Columns exist, types fit, and the caller may read the source: the statement is written as for a rollup.
fn check_source(definition: &Definition) -> Result<()> {
    let question = Question {
        grain: Grain::Day,
        since: None,
        until: None,
        by: &definition.dimensions,
        filter: &Map::new(),
    };
    Statement::new(definition, &question).map(|_| ())
}
