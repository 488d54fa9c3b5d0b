//! The audit log.

use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{caller, is_installed, session_role, with_owner};
use crate::engine::maintenance;
use crate::error::Result;

/// What happened to which object. Written in the caller's transaction: it is there if and only if the deed is.
pub fn record(action: &str, object: &str, before: Option<Value>, after: Option<Value>) -> Result<()> {
    let (session, active) = (session_role(), caller());
    with_owner(|| {
        Spi::run_with_args(
            include_str!("../../sql/queries/insert_audit.sql"),
            &[
                session.into(),
                active.into(),
                action.into(),
                object.into(),
                before.map(JsonB).into(),
                after.map(JsonB).into(),
            ],
        )?;
        Ok(())
    })?;
    maintenance::request_after_commit();
    Ok(())
}

/// Seals committed rows (called by the maintenance worker, which visits databases that may have lost altlas).
pub fn seal_if_installed() -> Result<()> {
    if is_installed() {
        with_owner(|| Ok(Spi::run("SELECT altlas._seal_audit()")?))?;
    }
    Ok(())
}
