//! `segment_text`, `segment_svg`, `classify_task`.

use altlas_text::{Drawn, Language, Segment};
use pgrx::JsonB;
use pgrx::prelude::*;

use crate::convert::tick;
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::{Features, Scored, Version, resolved};

/// The built-in model of task types.
pub const TASK_TYPE: &str = "altlas.task_type";
/// Below this, the rules' own answer gives way to the classifier's.
const SURE: f32 = 0.5;

/// Most segments that `segment_svg` draws.
const MAX_DRAWN: i32 = 1000;

/// A row of `segment_text`.
type SegmentRow = (
    i32,
    i32,
    i32,
    String,
    Option<String>,
    Option<f32>,
    Option<f32>,
    JsonB,
    Vec<i32>,
    Option<String>,
    Option<String>,
    &'static str,
    String,
);

/// Cuts a text into task segments (granularity `task`) or sentences (`sentence`).
#[pg_extern(stable, parallel_safe, cost = 10000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn segment_text(
    input: Option<&str>,
    language: default!(Option<&str>, "NULL"),
    granularity: default!(Option<&str>, "'task'"),
    model: default!(Option<&str>, "NULL"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(ordinal, i32),
            name!(start_char, i32),
            name!(end_char, i32),
            name!(content, String),
            name!(task_type, Option<String>),
            name!(confidence, Option<f32>),
            name!(priority, Option<f32>),
            name!(parameters, JsonB),
            name!(depends_on, Vec<i32>),
            name!(dependency_kind, Option<String>),
            name!(connector, Option<String>),
            name!(language, &'static str),
            name!(model_version, String),
        ),
    >,
> {
    let Some(input) = input else {
        return Ok(TableIterator::new(Vec::new()));
    };
    check_length(input)?;
    let language = language.map(parse_language).transpose()?;
    let rows = match granularity.unwrap_or("task") {
        "task" => tasks(input, language, model)?,
        "sentence" => sentences(input, language),
        other => {
            return Err(Error::BadArgument {
                argument: "granularity".into(),
                problem: format!("\"{other}\" is not a granularity"),
                hint: "It is 'task' or 'sentence'.".into(),
            }
            .into());
        }
    };
    Ok(TableIterator::new(rows))
}

fn tasks(input: &str, language: Option<Language>, model: Option<&str>) -> Result<Vec<SegmentRow>> {
    let found = altlas_text::segment(input, language, &tick);
    let (types, model_version) = types(&found.segments, model)?;
    Ok((1..)
        .zip(found.segments.into_iter().zip(types))
        .map(|(ordinal, (segment, (task_type, confidence)))| {
            (
                ordinal,
                offset(segment.start),
                offset(segment.end),
                segment.content,
                Some(task_type),
                Some(confidence),
                Some(segment.priority),
                JsonB(serde_json::Value::Object(segment.parameters)),
                segment.depends_on.into_iter().map(|d| d as i32).collect(),
                segment.dependency_kind.map(|k| k.as_str().to_owned()),
                segment.connector,
                found.language.code(),
                model_version.clone(),
            )
        })
        .collect())
}

/// The type of each segment with its confidence, and what decided: the rules where they know the verb, else the classifier.
/// Without the engine the rules decide alone, and `model_version` says so.
fn types(segments: &[Segment], model: Option<&str>) -> Result<(Vec<(String, f32)>, String)> {
    let rules = altlas_text::RULES_VERSION;
    if segments.is_empty() {
        return Ok((Vec::new(), rules.to_owned()));
    }
    let texts: Vec<_> = segments.iter().map(|s| Features::Text(s.content.as_str().into())).collect();
    let classified =
        resolved(model.unwrap_or(TASK_TYPE)).and_then(|v| Ok((v.score(&texts)?, v.label.clone())));
    let (answers, version) = match classified {
        Ok((answers, label)) => (answers, format!("{rules}+{label}")),
        // A model that was asked for by name must answer; the built-in one may be out of reach.
        Err(e) if model.is_some() || !e.is_engine_down() => return Err(e),
        Err(_) => (vec![Scored::default(); segments.len()], format!("{rules} (engine not available)")),
    };
    let types = segments.iter().zip(answers).map(|(segment, answer)| decide(segment, &answer)).collect();
    Ok((types, version))
}

fn decide(segment: &Segment, answer: &Scored) -> (String, f32) {
    let confidence = likeliest(answer);
    match (segment.task_type, &answer.label) {
        (Some(by_rule), _) if segment.type_confidence >= SURE => {
            (by_rule.as_str().to_owned(), segment.type_confidence)
        }
        (by_rule, Some(label)) if by_rule.is_none() || confidence > segment.type_confidence => {
            (label.clone(), confidence)
        }
        (Some(by_rule), _) => (by_rule.as_str().to_owned(), segment.type_confidence),
        // SEGMENTATION: any other action is execute.
        (None, _) => ("execute".to_owned(), 0.0),
    }
}

fn sentences(input: &str, language: Option<Language>) -> Vec<SegmentRow> {
    let spans = altlas_text::sentences(input, language, &tick);
    let language = language.unwrap_or_else(|| altlas_text::detect_language(input));
    let mut chars = input.chars();
    let mut at = 0;
    (1..)
        .zip(spans)
        .map(|(ordinal, span)| {
            chars.by_ref().take(span.start - at).for_each(drop);
            let content = chars.by_ref().take(span.end - span.start).collect();
            at = span.end;
            (
                ordinal,
                offset(span.start),
                offset(span.end),
                content,
                None,
                None,
                None,
                JsonB(serde_json::json!({})),
                Vec::new(),
                None,
                None,
                language.code(),
                altlas_text::RULES_VERSION.to_owned(),
            )
        })
        .collect()
}

/// A drawing of a text's task segments and what they wait for, as a static SVG document.
#[pg_extern(stable, parallel_safe, cost = 10000)]
fn segment_svg(
    input: Option<&str>,
    language: default!(Option<&str>, "NULL"),
    model: default!(Option<&str>, "NULL"),
    max_segments: default!(Option<i32>, "100"),
) -> sql::Result<Option<String>> {
    let most = required(max_segments, "max_segments")?;
    if !(1..=MAX_DRAWN).contains(&most) {
        return Err(Error::BadArgument {
            argument: "max_segments".into(),
            problem: format!("{most} is not between 1 and {MAX_DRAWN}"),
            hint: String::new(),
        }
        .into());
    }
    let language = language.map(parse_language).transpose()?;
    let Some(input) = input else { return Ok(None) };
    check_length(input)?;
    let found = altlas_text::segment(input, language, &tick);
    let most = usize::try_from(most).unwrap_or_default().min(found.segments.len());
    // What is not drawn needs no type.
    let (types, _) = types(found.segments.get(..most).unwrap_or_default(), model)?;
    let mut types = types.iter().map(|(name, _)| name.as_str());
    let drawn: Vec<_> = found
        .segments
        .iter()
        .map(|segment| Drawn { segment, task_type: types.next().unwrap_or_default() })
        .collect();
    Ok(Some(altlas_text::picture(input, found.language, &drawn, most)))
}

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
    let rejected = version.manifest.rejects(answer.proba.as_deref()).then(|| (None, likeliest(&answer)));
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
        (_, _, Some(label)) => Ok(vec![(label.clone(), likeliest(answer))]),
        _ => Err(Error::WrongKindOfModel {
            model: version.label.clone(),
            problem: "is not a text classifier".into(),
            hint: "Train one: SELECT * FROM altlas.train(project, 'text_classification', source, target)."
                .into(),
        }),
    }
}

fn likeliest(answer: &Scored) -> f32 {
    answer.proba.iter().flatten().copied().fold(0.0, f64::max) as f32
}

/// Refuses a text longer than `altlas.max_text_bytes`.
pub fn check_length(input: &str) -> Result<()> {
    let limit = guc::max_text_bytes();
    if input.len() > limit { Err(Error::TextTooLong { bytes: input.len(), limit }) } else { Ok(()) }
}

fn parse_language(code: &str) -> Result<Language> {
    code.parse().map_err(|_| Error::BadArgument {
        argument: "language".into(),
        problem: format!("\"{code}\" is not a language that altlas segments"),
        hint: "It is 'tr' or 'en'; NULL finds it out; 'und' cuts by Unicode's rules.".into(),
    })
}

/// The longest text has fewer characters than `i32` counts: its bytes are limited by a setting below that.
fn offset(chars: usize) -> i32 {
    i32::try_from(chars).unwrap_or(i32::MAX)
}
