//! What people said about models' answers.

use pgrx::Spi;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{audit, caller, read, session_role, with_owner};
use crate::error::{Error, Result};

/// What a correction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The class of a text.
    Label,
    /// The task segments of a text, as JSON.
    Segmentation,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Segmentation => "segmentation",
        }
    }
}

/// A correction, checked.
pub struct Given<'a> {
    pub kind: Kind,
    pub model: &'a str,
    pub version: &'a str,
    pub input: &'a str,
    pub predicted: Option<&'a str>,
    pub correct: &'a str,
    pub origin: Option<&'a str>,
    pub comment: Option<&'a str>,
}

/// Stores a correction, or counts it where it is there; returns its number.
pub fn give(given: &Given<'_>) -> Result<i64> {
    let (session, active) = (session_role(), caller());
    let id = with_owner(|| {
        let id = Spi::get_one_with_args::<i64>(
            include_str!("../../sql/queries/give_feedback.sql"),
            &[
                given.kind.name().into(),
                given.model.into(),
                given.version.into(),
                given.input.into(),
                given.predicted.into(),
                given.correct.into(),
                digest(given).into(),
                session.into(),
                active.into(),
                given.origin.into(),
                given.comment.into(),
            ],
        )?;
        Ok(id.unwrap_or_default())
    })?;
    // The text itself may be private and is not for the log.
    let after = json!({ "kind": given.kind.name(), "model_version": given.version });
    audit::record("give_feedback", &object(id), None, Some(after))?;
    Ok(id)
}

/// Of what makes two corrections the same.
fn digest(given: &Given<'_>) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in [given.kind.name(), given.version, given.input, given.correct] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

/// Kind, input and state of an entry.
pub fn find(id: i64) -> Result<(Kind, String)> {
    let found = with_owner(|| {
        read::latest(|| {
            read::first(
                "SELECT kind = 'label', input FROM altlas.feedback_entry WHERE feedback_id = $1",
                &[id.into()],
                |row| {
                    let kind = if row.get(1) == Some(true) { Kind::Label } else { Kind::Segmentation };
                    (kind, row.get(2).unwrap_or_default())
                },
            )
        })
    })?;
    found.ok_or(Error::UnknownFeedback { feedback: id })
}

/// Accepts an entry, with another correction where one is given, or rejects it. May be done again.
pub fn review(id: i64, accept: bool, correct: Option<&str>) -> Result<()> {
    let role = caller();
    let state = if accept { "accepted" } else { "rejected" };
    let before = with_owner(|| {
        let before = Spi::get_one_with_args::<String>(
            "SELECT (SELECT state FROM altlas.feedback_entry WHERE feedback_id = $1 FOR UPDATE)",
            &[id.into()],
        )?;
        Spi::run_with_args(
            "UPDATE altlas.feedback_entry SET state = $2, accepted_as = $3, reviewed_by = $4, reviewed_at = clock_timestamp() \
             WHERE feedback_id = $1",
            &[id.into(), state.into(), correct.into(), role.as_str().into()],
        )?;
        Ok(before)
    })?;
    let after = json!({ "state": state, "changed": correct.is_some() });
    audit::record("review_feedback", &object(id), Some(json!({ "state": before })), Some(after))
}

/// Inputs with the labels that people gave them, for training.
pub fn labelled(model: &str, version: Option<&str>, unreviewed: bool) -> Result<Vec<(String, String)>> {
    with_owner(|| {
        read::all(
            include_str!("../../sql/queries/feedback_set.sql"),
            &[model.into(), version.into(), unreviewed.into()],
            |row| (row.get(1).unwrap_or_default(), row.get(2).unwrap_or_default()),
        )
    })
}

fn object(id: i64) -> String {
    format!("feedback/{id}")
}
