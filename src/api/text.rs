//! `classify_task`, and what functions of texts share.

use altlas_text::Language;
use pgrx::prelude::*;

use crate::convert::tick;
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::{Features, Scored, Version, resolved};
use crate::segments::TASK_TYPE;

/// The type of one task, by a text classification model; several with `top_k`.
#[pg_extern(stable, parallel_safe, cost = 10000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn classify_task(
    input: Option<&str>,
    model: default!(Option<&str>, "NULL"),
    top_k: default!(Option<i32>, "1"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(label, Option<String>),
            name!(confidence, f32),
            name!(priority, f32),
            name!(model_version, String),
        ),
    >,
> {
    let top_k = required(top_k, "top_k")?;
    if top_k < 1 {
        return Err(Error::BadArgument {
            argument: "top_k".into(),
            problem: format!("{top_k} is less than 1"),
            hint: String::new(),
        }
        .into());
    }
    let Some(input) = input.filter(|t| !t.trim().is_empty()) else {
        return Ok(TableIterator::new(Vec::new()));
    };
    check_length(input)?;
    let version = resolved(model.unwrap_or(TASK_TYPE))?;
    let answer = version.score(&[Features::Text(input.into())])?.into_iter().next().unwrap_or_default();
    let priority = priority(input);
    // A rejected text is of none of the labels, as far as the model can tell: that comes first.
    let rejected = version.manifest.rejects(answer.proba.as_deref()).then(|| (None, answer.likeliest()));
    let labels = ranked(&version, &answer)?.into_iter().map(|(label, confidence)| (Some(label), confidence));
    let rows = rejected
        .into_iter()
        .chain(labels)
        .take(top_k as usize)
        .zip(1..)
        .map(|((label, confidence), rank)| (rank, label, confidence, priority, version.label.clone()));
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}

/// The highest priority of the tasks in a text; the middle of "medium" when it asks for none.
fn priority(input: &str) -> f32 {
    let segments = altlas_text::segment(input, None, &tick).segments;
    segments.iter().map(|s| s.priority).reduce(f32::max).unwrap_or(0.4)
}

/// Labels with probabilities, likeliest first.
fn ranked(version: &Version, answer: &Scored) -> Result<Vec<(String, f32)>> {
    match (&answer.proba, &version.manifest.labels, &answer.label) {
        (Some(proba), Some(labels), _) if proba.len() == labels.len() => {
            let mut ranked: Vec<_> = labels.iter().cloned().zip(proba.iter().map(|p| *p as f32)).collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            Ok(ranked)
        }
        (_, _, Some(label)) => Ok(vec![(label.clone(), answer.likeliest())]),
        _ => Err(Error::WrongKindOfModel {
            model: version.label.clone(),
            problem: "is not a text classifier".into(),
            hint: "Train one: SELECT * FROM altlas.train(project, 'text_classification', source, target)."
                .into(),
        }),
    }
}

/// Refuses a text longer than `altlas.max_text_bytes`.
pub fn check_length(input: &str) -> Result<()> {
    let limit = guc::max_text_bytes();
    if input.len() > limit { Err(Error::TextTooLong { bytes: input.len(), limit }) } else { Ok(()) }
}

/// The language that an argument names.
pub fn parse_language(code: &str) -> Result<Language> {
    code.parse().map_err(|_| Error::BadArgument {
        argument: "language".into(),
        problem: format!("\"{code}\" is not a language that altlas segments"),
        hint: "It is 'tr' or 'en'; NULL finds it out; 'und' cuts by Unicode's rules.".into(),
    })
}
