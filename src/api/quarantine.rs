//! `quarantine`, `release_quarantine`.

use altlas_proto::{Reply, Request};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde_json::json;

use crate::convert::timestamp_of_unix_us;
use crate::engine;
use crate::error::{required, sql};
use crate::store::{artefact, audit, model};

/// The models that ended the engine too often. Behind `altlas.quarantine()`.
#[pg_extern(volatile, parallel_restricted)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn _quarantine() -> TableIterator<
    'static,
    (
        name!(model_sha256, String),
        name!(crashes, i32),
        name!(last_crash, Option<TimestampWithTimeZone>),
        name!(reason, String),
    ),
> {
    let models = engine::quarantine::known().models.into_iter().filter(|(_, crashes)| crashes.quarantined());
    TableIterator::new(models.map(|(sha256, c)| {
        (sha256, i32::try_from(c.crashes).unwrap_or(i32::MAX), timestamp_of_unix_us(c.last_us), c.reason)
    }))
}

/// Lets a model run again that ended the engine, by its name or the SHA-256 of its file. False when it is not known for that.
/// On a replica, too, where it leaves no audit row.
#[pg_extern(volatile, parallel_unsafe)]
fn release_quarantine(model: Option<&str>) -> sql::Result<bool> {
    // SAFETY: a plain function of this process.
    let replica = unsafe { pg_sys::RecoveryInProgress() };
    if !replica {
        artefact::must_be_writable("release a model")?;
    }
    let model = required(model, "model")?;
    let sha256 = if artefact::is_hash(model) { model.to_owned() } else { model::resolve(model)?.sha256 };
    let Some(crashes) = engine::quarantine::known().models.remove(&sha256) else {
        return Ok(false);
    };
    if !replica {
        let before = json!({"crashes": crashes.crashes, "reason": crashes.reason});
        audit::record("release_quarantine", &sha256, Some(before), None)?;
    }
    match engine::call(&Request::Release { model: sha256 }, &[], |_, _| Ok(()))?.0 {
        Reply::Released { found } => Ok(found),
        other => Err(engine::unexpected(&other).into()),
    }
}
