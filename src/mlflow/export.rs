//! From a run to files.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::File;
use crate::error::Result;
use crate::store::artefact;
use crate::store::run::Stored;

/// The files of a run, and of the experiment, which is its project. `root` is the URI of the store.
pub fn files(run: &Stored, root: &str) -> Result<Vec<File>> {
    // MLflow takes digits for an experiment and 32 hexadecimal digits for a run; both are the same each time.
    let hash = Sha256::digest(format!("altlas experiment {}", run.project));
    let first = hash.iter().take(7).fold(0u64, |sum, byte| sum * 256 + u64::from(*byte));
    let experiment = (first % 900_000_000_000_000 + 100_000_000_000_000).to_string();
    let id: String = hex::encode(Sha256::digest(format!("altlas run {} {}", run.project, run.run_id)))
        .chars()
        .take(32)
        .collect();
    let root = root.trim_end_matches('/');
    let folder = format!("{experiment}/{id}");
    let mut files = vec![(
        format!("{experiment}/meta.yaml"),
        yaml(&[
            ("artifact_location", text(&format!("{root}/{experiment}"))),
            ("creation_time", run.started_ms.to_string()),
            ("experiment_id", text(&experiment)),
            ("last_update_time", run.ended_ms.to_string()),
            ("lifecycle_stage", "active".into()),
            ("name", text(&run.project)),
        ]),
    )];
    files.push((
        format!("{folder}/meta.yaml"),
        yaml(&[
            ("artifact_uri", text(&format!("{root}/{folder}/artifacts"))),
            ("end_time", run.ended_ms.to_string()),
            ("entry_point_name", "''".into()),
            ("experiment_id", text(&experiment)),
            ("lifecycle_stage", "active".into()),
            ("run_id", id.clone()),
            ("run_name", text(&format!("run {}", run.run_id))),
            ("run_uuid", id.clone()),
            ("source_name", "''".into()),
            // 4: a source that is neither a notebook, a job, a project nor a local script; 3: finished.
            ("source_type", "4".into()),
            ("source_version", "''".into()),
            ("start_time", run.started_ms.to_string()),
            ("status", "3".into()),
            ("tags", "[]".into()),
            ("user_id", text(&run.submitted_by)),
        ]),
    ));
    let mut put = |kind: &str, name: &str, content: String| {
        files.push((format!("{folder}/{kind}/{}", file_name(name)), content.into_bytes()));
    };
    let figures = run.report.get("metrics").and_then(Value::as_object);
    for (name, value) in figures.into_iter().flatten() {
        if let Some(value) = value.as_f64() {
            put("metrics", name, format!("{} {value} 0\n", run.ended_ms));
        }
    }
    put("params", "task", run.task.clone());
    put("params", "algorithm", run.algorithm.clone());
    put("params", "target", run.target.clone().unwrap_or_default());
    let settings = run.report.get("training").and_then(|t| t.get("hyperparams")).and_then(Value::as_object);
    for (prefix, values) in [("", run.options.as_object()), ("hyperparams.", settings)] {
        for (name, value) in values.into_iter().flatten() {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            put("params", &format!("{prefix}{name}"), shown);
        }
    }
    put("tags", "mlflow.runName", format!("run {}", run.run_id));
    put("tags", "mlflow.user", run.submitted_by.clone());
    put("tags", "altlas.run_id", run.run_id.to_string());
    put("tags", "altlas.source", run.source.clone());
    put("tags", "altlas.metric", run.metric.clone());
    put("tags", "altlas.data_sha256", run.data_sha256.clone());
    put("tags", "altlas.row_count", run.row_count.to_string());
    if let Some(sha256) = run.graph_sha256.as_deref().filter(|_| run.graph_is_stored) {
        files.push((format!("{folder}/artifacts/model.onnx"), artefact::bytes(sha256)?));
    }
    let report = serde_json::to_vec_pretty(&run.report).unwrap_or_default();
    files.push((format!("{folder}/artifacts/report.json"), report));
    Ok(files)
}

fn yaml(lines: &[(&str, String)]) -> Vec<u8> {
    lines.iter().map(|(key, value)| format!("{key}: {value}\n")).collect::<String>().into_bytes()
}

/// A text in YAML's double quotes, which are JSON's.
fn text(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}

/// MLflow takes letters, digits, `_`, `-`, `.`, spaces and `/` in names; here no slash, so that a name is one file.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "_-. ".contains(c) { c } else { '_' }).collect()
}
