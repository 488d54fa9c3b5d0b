//! Training a model.

use std::io::Read;

use altlas_learn::{LearnError, Plan, TestVector, Trained, data_sha256};
use altlas_prep::PrepError;
use altlas_proto::{Failure, FailureKind};
use serde_json::{Value, json};

use super::Outlet;
use super::embed::Encoding;
use super::input::Input;
use super::table::read_table;
use crate::options::Files;

/// The name of the graph among the job's artefacts.
const MODEL: &str = "model.onnx";

/// The part of a job's memory that the rows may take, one in so many: features are made of them, and copied for what is fitted.
const TABLE_SHARE: u64 = 8;

/// Trains on the input as `spec` says. Gives the graph as an artefact and the rest as the result:
/// `{"document", "manifest", "vectors": [{"input", "output"}], "background", "metric", "lower_is_better", "score", "baseline",
/// "peak_memory_bytes"}`.
pub fn run(
    spec: &Value,
    input: Input<impl Read>,
    outlet: &mut Outlet,
    files: &Files,
) -> Result<Value, Failure> {
    // First: a mistake in the options shall not wait for the rows.
    let (spec, wanted) = without_hash(spec);
    let plan = Plan::parse(&spec).map_err(failure)?;
    let memory = spec.get("memory_bytes").and_then(Value::as_u64).unwrap_or(0);
    let read = read_table(input, memory / TABLE_SHARE)?;
    let (table, given) = (read.table, read.rows);
    let sampled = (table.rows() < given).then(|| {
        let kept = table.rows();
        format!("{kept} of {given} rows were used, evenly spaced: more do not fit into altlas.job_memory")
    });
    if let Some(wanted) = wanted {
        same_rows(&wanted, &data_sha256(&table))?;
    }
    let mut encoding = Encoding::new(files, &spec);
    let trained = plan.train(
        table,
        &mut |encoder, texts, tick| encoding.vectors(encoder, texts, tick),
        &crate::confine::is_to_finish,
        &mut |phase, done, total| outlet.progress(phase, done, total),
    );
    let trained = trained.map_err(|e| encoding.failure().unwrap_or_else(|| failure(e)))?;
    let Trained { onnx, document, manifest, vectors, background, metric, lower_is_better, score, baseline } =
        trained;
    let manifest = with_warning(manifest, sampled);
    outlet.artefact(MODEL, &onnx)?;
    let vectors: Vec<Value> = vectors
        .into_iter()
        .map(|TestVector { input, output }| json!({"input": input, "output": output}))
        .collect();
    Ok(json!({
        "document": document.to_json(),
        "manifest": manifest,
        "vectors": vectors,
        "background": background,
        "metric": metric,
        "lower_is_better": lower_is_better,
        "score": score,
        "baseline": baseline,
        "peak_memory_bytes": crate::confine::peak_memory(),
    }))
}

/// A manifest with one more warning.
fn with_warning(mut manifest: Value, warning: Option<String>) -> Value {
    if let (Some(warning), Some(Value::Array(warnings))) = (warning, manifest.get_mut("warnings")) {
        warnings.push(warning.into());
    }
    manifest
}

/// The specification, and the hash that the rows must have: the key `data_sha256`, which is no matter of the trainer.
fn without_hash(spec: &Value) -> (Value, Option<String>) {
    let mut spec = spec.clone();
    let hash = spec.as_object_mut().and_then(|object| object.remove("data_sha256"));
    (spec, hash.as_ref().and_then(Value::as_str).map(str::to_owned))
}

fn same_rows(wanted: &str, found: &str) -> Result<(), Failure> {
    if wanted == found {
        return Ok(());
    }
    let detail = format!("Their SHA-256 is {found}, that of the run is {wanted}.");
    Err(Failure::new(FailureKind::BadInput, "the source gives other rows than in that run")
        .detail(detail)
        .hint("The order of the rows counts: a source without ORDER BY may give them in another one."))
}

fn failure(error: LearnError) -> Failure {
    let (kind, hint) = match &error {
        LearnError::Options(_) | LearnError::Option { .. } | LearnError::UnknownAlgorithm { .. } => {
            (FailureKind::BadParameter, None)
        }
        LearnError::NotSupported { .. } => (FailureKind::Unsupported, None),
        LearnError::MissingColumn(_) => {
            (FailureKind::BadParameter, Some("Name a column that the source gives, in its spelling."))
        }
        LearnError::Target { .. } => {
            (FailureKind::BadInput, Some("Choose another target or task, or cast the column."))
        }
        LearnError::TooFewRows { .. } => {
            (FailureKind::BadInput, Some("Give more rows; rows whose target is NULL do not count."))
        }
        LearnError::FewExamples { .. } => (
            FailureKind::BadInput,
            Some("Give more examples of them, or leave them out (HAVING count(*) >= 2)."),
        ),
        LearnError::NeedsMemory { .. } => {
            (FailureKind::Resources, Some("Raise altlas.job_memory, or give fewer rows or labels."))
        }
        LearnError::TooLarge { .. } => {
            (FailureKind::Resources, Some("Sample the rows or leave out columns."))
        }
        LearnError::NoFeatures(_) => (
            FailureKind::BadInput,
            Some("Give at least one column beside the target that has values and varies."),
        ),
        LearnError::NotFinite(_) => {
            (FailureKind::BadInput, Some("Look for extreme values in the data, or use another algorithm."))
        }
        LearnError::Prep(
            PrepError::MissingColumn(_) | PrepError::DuplicateColumn(_) | PrepError::ColumnType { .. },
        ) => (FailureKind::BadInput, None),
        // Documents and graphs made here are the program's own; LightGBM got parameters that were checked.
        _ => (FailureKind::Internal, None),
    };
    Failure { hint: hint.map(str::to_owned), ..Failure::new(kind, error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_rows_are_refused_with_both_hashes() {
        let (spec, wanted) = without_hash(&json!({"task": "regression", "data_sha256": "aa"}));
        assert_eq!((spec, wanted.as_deref()), (json!({"task": "regression"}), Some("aa")));
        assert!(same_rows("aa", "aa").is_ok());
        let failure = same_rows("aa", "bb").unwrap_err();
        assert_eq!(failure.kind, FailureKind::BadInput);
        assert!(failure.detail.is_some_and(|d| d.contains("aa") && d.contains("bb")));
    }

    #[test]
    fn mistakes_of_the_caller_are_not_called_faults_of_the_program() {
        for (spec, kind) in [
            (json!({"task": "regression"}), FailureKind::BadParameter),
            (json!({"task": "regression", "target": "y", "colour": 1}), FailureKind::BadParameter),
            (json!({"task": "ranking", "target": "y"}), FailureKind::BadParameter),
            (json!({"task": "regression", "target": "y", "algorithm": "logistic"}), FailureKind::Unsupported),
            (json!({"task": "clustering", "algorithm": "magic"}), FailureKind::BadParameter),
            (json!({"task": "decomposition", "target": "y"}), FailureKind::BadParameter),
            (json!({"task": "clustering", "target": "y"}), FailureKind::BadParameter),
            (json!({"task": "regression", "target": "y", "algorithm": "oracle"}), FailureKind::BadParameter),
            (
                json!({"task": "text_classification", "target": "y", "options": {"text": 1}}),
                FailureKind::BadParameter,
            ),
        ] {
            assert_eq!(failure(Plan::parse(&spec).unwrap_err()).kind, kind, "{spec}");
        }
    }
}
