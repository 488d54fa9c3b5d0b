//! From files to runs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::File;
use crate::error::{Error, Result};
use crate::store::model;
use crate::store::run::Foreign;

/// What is known of a run of MLflow.
#[derive(Default)]
struct Found {
    meta: BTreeMap<String, String>,
    metrics: Map<String, Value>,
    params: Map<String, Value>,
    tags: BTreeMap<String, String>,
}

/// The runs in files, with MLflow's names for them. `metric` names the figure that is their score; without it, it is what altlas wrote
/// down, or the first in the order of their names. Artifacts are left out: a model is registered by its own function.
pub fn runs(files: Vec<File>, metric: Option<&str>) -> Result<Vec<(String, Foreign)>> {
    let mut experiments: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut found: BTreeMap<(String, String), Found> = BTreeMap::new();
    for (path, content) in files {
        let text = || {
            String::from_utf8(content.clone())
                .map_err(|_| bad(format!("the file \"{path}\" is not UTF-8"), ""))
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [experiment, "meta.yaml"] => {
                experiments.insert((*experiment).to_owned(), meta(&text()?));
            }
            [experiment, run, rest @ ..] => {
                let key = ((*experiment).to_owned(), (*run).to_owned());
                match rest {
                    ["meta.yaml"] => found.entry(key).or_default().meta = meta(&text()?),
                    ["params", name @ ..] if !name.is_empty() => {
                        found.entry(key).or_default().params.insert(name.join("/"), text()?.into());
                    }
                    ["tags", name @ ..] if !name.is_empty() => {
                        found.entry(key).or_default().tags.insert(name.join("/"), text()?);
                    }
                    ["metrics", name @ ..] if !name.is_empty() => {
                        let value = last(&text()?).ok_or_else(|| {
                            bad(format!("the file \"{path}\" has no line \"time value step\""), "")
                        })?;
                        found.entry(key).or_default().metrics.insert(name.join("/"), value);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    // A folder without a description of its own is no run: MLflow keeps others beside them.
    let runs = found.into_iter().filter(|(_, run)| !run.meta.is_empty());
    let runs = runs.map(|((experiment, id), run)| {
        let project = experiments.get(&experiment).and_then(|meta| meta.get("name")).cloned();
        let project = project.ok_or_else(|| {
            bad(
                format!("the experiment {experiment} has no meta.yaml with a name"),
                "Give its meta.yaml, too.",
            )
        })?;
        foreign(project, run, metric).map(|foreign| (id, foreign))
    });
    runs.collect()
}

fn foreign(project: String, run: Found, metric: Option<&str>) -> Result<Foreign> {
    model::check_name(&project, "project")?;
    let Found { meta, metrics, params, tags } = run;
    let metric = metric.or_else(|| tags.get("altlas.metric").map(String::as_str));
    let chosen = match metric {
        Some(name) => metrics.get_key_value(name),
        None => metrics.iter().next(),
    };
    let (name, score) =
        chosen.and_then(|(name, value)| Some((name.clone(), value.as_f64()?))).ok_or_else(|| {
            let which = metric.map_or("no metric".into(), |m| format!("no metric \"{m}\""));
            bad(format!("a run of \"{project}\" has {which}"), "A run needs a finite one as its score.")
        })?;
    let param = |name: &str| params.get(name).and_then(Value::as_str).map(str::to_owned);
    let tag = |name: &str| tags.get(name).cloned();
    let time = |name: &str| meta.get(name).and_then(|t| t.parse::<i64>().ok());
    let started_ms = time("start_time").unwrap_or_default();
    Ok(Foreign {
        project,
        task: param("task").unwrap_or_else(|| "other".into()),
        algorithm: param("algorithm").unwrap_or_else(|| "unknown".into()),
        source: tag("altlas.source").or_else(|| tag("mlflow.source.name")).unwrap_or_default(),
        target: param("target"),
        row_count: tag("altlas.row_count").and_then(|n| n.parse().ok()).unwrap_or_default(),
        data_sha256: tag("altlas.data_sha256").unwrap_or_default(),
        metric: name,
        score,
        report: json!({ "metrics": metrics, "imported": { "from": "mlflow", "meta": meta, "tags": tags } }),
        options: Value::Object(params),
        started_ms,
        ended_ms: time("end_time").unwrap_or(started_ms),
        submitted_by: meta.get("user_id").cloned().unwrap_or_default(),
    })
}

/// The lines `key: value` of a meta.yaml, which is all that MLflow writes there but for lists.
fn meta(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let (key, value) = line.split_once(':')?;
        Some((key.trim().to_owned(), unquoted(value.trim())))
    };
    text.lines().filter_map(line).collect()
}

fn unquoted(value: &str) -> String {
    if let Ok(Value::String(text)) = serde_json::from_str(value) {
        return text;
    }
    let inner = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
    inner.map_or_else(|| value.to_owned(), |v| v.replace("''", "'"))
}

/// The value of a metric's last line, `time value step`; none where it is not finite.
fn last(text: &str) -> Option<Value> {
    let line = text.lines().rfind(|line| !line.trim().is_empty())?;
    let value: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    value.is_finite().then(|| json!(value))
}

fn bad(message: String, hint: &str) -> Error {
    Error::BadInput { message, detail: String::new(), hint: hint.to_owned() }
}
