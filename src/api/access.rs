//! `grant_access`, `revoke_access`.

use pgrx::prelude::*;

use crate::error::{required, sql};
use crate::store::{access, artefact};

/// Gives a role the level `read`, `score`, `train` or `admin`; each includes the ones before it.
#[pg_extern(volatile, parallel_unsafe)]
fn grant_access(role: Option<&str>, level: Option<&str>) -> sql::Result<()> {
    artefact::must_be_writable("grant access")?;
    Ok(access::grant(required(role, "role")?, required(level, "level")?)?)
}

/// Takes every level from a role. False when it had none.
#[pg_extern(volatile, parallel_unsafe)]
fn revoke_access(role: Option<&str>) -> sql::Result<bool> {
    artefact::must_be_writable("revoke access")?;
    Ok(access::revoke(required(role, "role")?)?)
}
