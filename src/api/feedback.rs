//! `give_feedback`, `review_feedback`, `feedback_set`.

use altlas_text::annotation;
use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::Value;

use super::text::check_length;
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::resolved;
use crate::segments::TASK_TYPE;
use crate::store::artefact;
use crate::store::feedback::{self, Given, Kind};

/// Bytes of a label or of the name of an origin, and of a comment.
const MAX_LABEL: usize = 1000;
const MAX_COMMENT: usize = 10_000;
/// Segments as JSON may be so many times longer than a text.
const JSON_FACTOR: usize = 4;

/// Says that a classifier's answer for a text should have been another label; returns the entry's number. Said again, it is
/// counted.
#[pg_extern(volatile, parallel_unsafe)]
fn give_feedback(
    input: Option<&str>,
    predicted: Option<&str>,
    correct: Option<&str>,
    model: default!(Option<&str>, "NULL"),
    source: default!(Option<&str>, "NULL"),
    comment: default!(Option<&str>, "NULL"),
) -> sql::Result<i64> {
    artefact::must_be_writable("give feedback")?;
    let correct = required(correct, "correct")?;
    limited(predicted, "predicted", MAX_LABEL)?;
    let version = resolved(model.unwrap_or(TASK_TYPE))?;
    if version.manifest.task() == "regression" {
        return Err(Error::WrongKindOfModel {
            model: version.label.clone(),
            problem: "gives no labels".into(),
            hint: "Feedback is on labels of texts, and on segments.".into(),
        }
        .into());
    }
    Ok(give(Kind::Label, input, predicted, check_label(correct)?, &version.label, source, comment)?)
}

/// Says which task segments a text has, where `segment_text` was wrong; returns the entry's number. Segments have the columns of
/// `segment_text` as keys.
#[pg_extern(volatile, parallel_unsafe, name = "give_feedback")]
fn give_feedback_on_segments(
    input: Option<&str>,
    predicted: Option<JsonB>,
    correct: Option<JsonB>,
    model: default!(Option<&str>, "NULL"),
    source: default!(Option<&str>, "NULL"),
    comment: default!(Option<&str>, "NULL"),
) -> sql::Result<i64> {
    artefact::must_be_writable("give feedback")?;
    let text = required(input, "input")?;
    check_length(text)?;
    let correct = check_segments(text, &required(correct, "correct")?.0, "correct")?;
    let predicted = predicted.map(|p| check_segments(text, &p.0, "predicted")).transpose()?;
    limited(model, "model", MAX_LABEL)?;
    let version = model.unwrap_or(altlas_text::RULES_VERSION);
    Ok(give(Kind::Segmentation, input, predicted.as_deref(), &correct, version, source, comment)?)
}

fn give(
    kind: Kind,
    input: Option<&str>,
    predicted: Option<&str>,
    correct: &str,
    version: &str,
    origin: Option<&str>,
    comment: Option<&str>,
) -> Result<i64> {
    let input = required(input, "input")?;
    check_length(input)?;
    if input.trim().is_empty() {
        return Err(wrong("input", "it is empty".into()));
    }
    limited(origin, "source", MAX_LABEL)?;
    limited(comment, "comment", MAX_COMMENT)?;
    let model = version.rsplit_once('/').map_or(version, |(name, _)| name);
    feedback::give(&Given { kind, model, version, input, predicted, correct, origin, comment })
}

/// Accepts feedback for retraining, corrected where `correct` is given, or rejects it. May be done again.
#[pg_extern(volatile, parallel_unsafe)]
fn review_feedback(
    feedback_id: Option<i64>,
    accept: Option<bool>,
    correct: default!(Option<&str>, "NULL"),
) -> sql::Result<()> {
    artefact::must_be_writable("review feedback")?;
    let id = required(feedback_id, "feedback_id")?;
    let accept = required(accept, "accept")?;
    if !accept && correct.is_some() {
        return Err(wrong("correct", "what is rejected needs no correction".into()).into());
    }
    let (kind, input) = feedback::find(id)?;
    let corrected = match (kind, correct) {
        (_, None) => None,
        (Kind::Label, Some(label)) => Some(check_label(label)?.to_owned()),
        (Kind::Segmentation, Some(json)) => {
            let value: Value = serde_json::from_str(json).map_err(|e| wrong("correct", e.to_string()))?;
            Some(check_segments(&input, &value, "correct")?)
        }
    };
    Ok(feedback::review(id, accept, corrected.as_deref())?)
}

/// Texts with the labels that accepted feedback gives them, as a source for training.
#[pg_extern(stable, parallel_restricted)]
fn feedback_set(
    model: Option<&str>,
    include_unreviewed: default!(Option<bool>, "false"),
) -> sql::Result<TableIterator<'static, (name!(text, String), name!(label, String))>> {
    let model = required(model, "model")?;
    let unreviewed = required(include_unreviewed, "include_unreviewed")?;
    // A name stands for all versions: what was wrong with one is worth knowing to the next.
    let version = match model.contains(['/', '@']) {
        true => Some(resolved(model)?.label.clone()),
        false => None,
    };
    let name =
        version.as_deref().map_or(model, |label| label.rsplit_once('/').map_or(label, |(name, _)| name));
    let rows = feedback::labelled(name, version.as_deref(), unreviewed)?;
    if rows.is_empty() {
        // A model that was dropped keeps its feedback; one that never was is a mistake.
        resolved(model)?;
    }
    Ok(TableIterator::new(rows))
}

fn check_label(label: &str) -> Result<&str> {
    limited(Some(label), "correct", MAX_LABEL)?;
    if label.trim().is_empty() {
        return Err(wrong("correct", "it is empty".into()));
    }
    Ok(label)
}

/// The segments in their stored form.
fn check_segments(text: &str, segments: &Value, argument: &str) -> Result<String> {
    let limit = guc::max_text_bytes().saturating_mul(JSON_FACTOR);
    let checked = annotation(text, segments).map_err(|e| wrong(argument, e.to_string()))?;
    let stored = serde_json::to_string(&checked).map_err(|e| Error::Internal { message: e.to_string() })?;
    if stored.len() > limit {
        return Err(Error::TextTooLong { bytes: stored.len(), limit });
    }
    Ok(stored)
}

fn limited(text: Option<&str>, argument: &str, limit: usize) -> Result<()> {
    match text.map(str::len) {
        Some(bytes) if bytes > limit => {
            Err(wrong(argument, format!("it has {bytes} bytes, at most {limit} are kept")))
        }
        _ => Ok(()),
    }
}

fn wrong(argument: &str, problem: String) -> Error {
    Error::BadArgument { argument: argument.into(), problem, hint: String::new() }
}
