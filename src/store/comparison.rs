//! Comparisons that are kept.

use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{audit, caller, session_role, with_owner};
use crate::error::Result;

/// A comparison to be kept.
pub struct Kept<'a> {
    pub source: &'a str,
    pub target: &'a str,
    pub options: Value,
    pub rows: i64,
    pub unlabelled: i64,
    /// An object a model, the best first, with the columns of `compare_models`.
    pub models: Value,
}

/// Keeps a comparison; returns its number.
pub fn keep(comparison: Kept<'_>) -> Result<i64> {
    let (session, active) = (session_role(), caller());
    let audited = serde_json::json!({ "target": comparison.target, "rows": comparison.rows });
    let id = with_owner(|| {
        let id = Spi::get_one_with_args::<i64>(
            include_str!("../../sql/queries/keep_comparison.sql"),
            &[
                comparison.source.into(),
                comparison.target.into(),
                JsonB(comparison.options).into(),
                comparison.rows.into(),
                comparison.unlabelled.into(),
                JsonB(comparison.models).into(),
                session.into(),
                active.into(),
            ],
        )?;
        Ok(id.unwrap_or_default())
    })?;
    audit::record("compare_models", &format!("comparison {id}"), None, Some(audited))?;
    Ok(id)
}
