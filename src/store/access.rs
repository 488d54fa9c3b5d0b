//! Who may do what: rows in `altlas.access`, applied as grants.

use pgrx::Spi;
use serde_json::json;

use super::{audit, caller, read, with_owner};
use crate::error::{Error, Result};

/// The levels, lowest first.
pub const LEVELS: [&str; 4] = ["read", "score", "train", "admin"];

/// Gives `role` a level, instead of the one it may have.
pub fn grant(role: &str, level: &str) -> Result<()> {
    if !LEVELS.contains(&level) {
        return Err(Error::BadArgument {
            argument: "level".into(),
            problem: format!("\"{level}\" is not a level"),
            hint: format!("Levels are: {}.", LEVELS.join(", ")),
        });
    }
    role_must_exist(role)?;
    let before = level_of(role)?;
    let granted_by = caller();
    with_owner(|| {
        Spi::run_with_args(
            "INSERT INTO altlas.access (role_name, level, granted_by) VALUES ($1, $2, $3) \
             ON CONFLICT (role_name) DO UPDATE SET level = excluded.level, granted_by = excluded.granted_by, granted_at = now()",
            &[role.into(), level.into(), granted_by.as_str().into()],
        )?;
        Ok(Spi::run_with_args("SELECT altlas._apply_access($1, $2)", &[role.into(), level.into()])?)
    })?;
    audit::record(
        "grant_access",
        role,
        before.map(|b| json!({ "level": b })),
        Some(json!({ "level": level })),
    )
}

/// Takes what `role` has. Returns whether it had anything.
pub fn revoke(role: &str) -> Result<bool> {
    let Some(before) = level_of(role)? else {
        return Ok(false);
    };
    with_owner(|| {
        Spi::run_with_args("DELETE FROM altlas.access WHERE role_name = $1", &[role.into()])?;
        let exists = Spi::get_one_with_args::<bool>(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)",
            &[role.into()],
        )?;
        if exists == Some(true) {
            Spi::run_with_args("SELECT altlas._apply_access($1, NULL)", &[role.into()])?;
        }
        Ok(())
    })?;
    audit::record("revoke_access", role, Some(json!({ "level": before })), None)?;
    Ok(true)
}

fn level_of(role: &str) -> Result<Option<String>> {
    with_owner(|| {
        read::latest(|| read::one("SELECT level FROM altlas.access WHERE role_name = $1", &[role.into()]))
    })
}

fn role_must_exist(role: &str) -> Result<()> {
    let known = read::one::<bool>(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)",
        &[role.into()],
    )?;
    if known == Some(true) { Ok(()) } else { Err(Error::UnknownRole { role: role.into() }) }
}
