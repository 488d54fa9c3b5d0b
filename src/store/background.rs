//! The background sample of a version: training rows that explanations compare a row with.

use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{model::Reference, read, with_owner};
use crate::error::Result;

/// Adds the sample of a new version. Called as the owner.
pub fn add(version_id: Option<i64>, rows: &[Value]) -> Result<()> {
    Spi::run_with_args(
        "INSERT INTO altlas.background_row (version_id, n, input) \
         SELECT $1, n - 1, input FROM jsonb_array_elements($2) WITH ORDINALITY r (input, n)",
        &[version_id.into(), JsonB(Value::Array(rows.to_vec())).into()],
    )?;
    Ok(())
}

/// The version that a label, `name/version`, means, by its number; `None` of a built-in model.
pub fn version_id(label: &str) -> Result<Option<i64>> {
    let reference = Reference::parse(label)?;
    let Some(version) = reference.version else { return Ok(None) };
    with_owner(|| {
        read::one::<i64>(
            "SELECT version_id FROM altlas.model_version JOIN altlas.model USING (model_id) WHERE name = $1 AND version = $2",
            &[reference.name.into(), version.into()],
        )
    })
}

/// The rows of a version, in order.
pub fn rows(version_id: i64) -> Result<Vec<Value>> {
    with_owner(|| {
        read::all(
            "SELECT input FROM altlas.background_row WHERE version_id = $1 ORDER BY n",
            &[version_id.into()],
            |row| row.get::<JsonB>(1).map(|j| j.0).unwrap_or_default(),
        )
    })
}
