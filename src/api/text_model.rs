//! Registering models of texts: a graph of token ids and its tokenizer.

use altlas_proto::{Reply, Request};
use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::{Value, json};

use super::registry::{agree, check_graph};
use crate::engine;
use crate::error::{Error, Result, required, sql};
use crate::scoring::{Scored, Version, send_pieces};
use crate::store::model::{self, NewVersion, TestVector};
use crate::store::{artefact, read};

/// Registers a graph of token ids and its tokenizer (a `tokenizer.json`) as one model of texts; returns its version.
#[pg_extern(volatile, parallel_unsafe)]
fn register_text_model(
    name: Option<&str>,
    model: Option<&[u8]>,
    tokenizer: Option<&[u8]>,
    manifest: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<i32> {
    artefact::must_be_writable("register a model")?;
    let name = required(name, "name")?;
    let graph = required(model, "model")?;
    let tokenizer = required(tokenizer, "tokenizer")?;
    model::check_name(name, "name")?;
    artefact::check_size(graph.len() as u64)?;
    check_graph(graph)?;
    if tokenizer.is_empty() {
        return Err(Error::BadModel {
            message: "its tokenizer is empty".into(),
            detail: String::new(),
            hint: "Give the file tokenizer.json.".into(),
        }
        .into());
    }
    let (sha256, tokenizer) = (artefact::store(graph)?, artefact::store(tokenizer)?);
    Ok(register(name, &sha256, &tokenizer, manifest)?)
}

/// Registers a model of texts whose two files were uploaded in pieces (`begin_artefact`, `append_artefact`, `finish_artefact`).
#[pg_extern(volatile, parallel_unsafe)]
fn register_text_artefacts(
    name: Option<&str>,
    model_sha256: Option<&str>,
    tokenizer_sha256: Option<&str>,
    manifest: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<i32> {
    artefact::must_be_writable("register a model")?;
    let name = required(name, "name")?;
    let sha256 = required(model_sha256, "model_sha256")?;
    let tokenizer = required(tokenizer_sha256, "tokenizer_sha256")?;
    model::check_name(name, "name")?;
    read::latest(|| artefact::size_of(tokenizer))?;
    check_graph(&read::latest(|| artefact::bytes(sha256))?)?;
    Ok(register(name, sha256, tokenizer, manifest)?)
}

fn register(name: &str, sha256: &str, tokenizer: &str, manifest: Option<JsonB>) -> Result<i32> {
    let given = manifest.map_or_else(|| json!({}), |m| m.0);
    let (mut manifest, mut stored, preprocess, vectors) = model::user_manifest(given)?;
    let given = preprocess.unwrap_or_else(|| json!({}));
    let document = read::latest(|| complete(sha256, tokenizer, given, &manifest.providers))?;
    if manifest.task.is_none() {
        let says = |key: &str, value: &str| document.get(key) == Some(&json!(value));
        let classifies = manifest.labels.is_some() || !says("activation", "none");
        let task = match classifies {
            _ if says("pooling", "tokens") => "other",
            true => "text_classification",
            false => "embedding",
        };
        manifest.task = Some(task.to_owned());
        if let Value::Object(stored) = &mut stored {
            stored.insert("task".into(), json!(task));
        }
    }
    let preprocess = Some(document);
    let version =
        Version::new(name.to_owned(), sha256.to_owned(), preprocess.clone(), stored.clone(), false)?;
    read::latest(|| reproduce(&version, &vectors))?;
    let task = manifest.task();
    let new = NewVersion {
        name,
        task,
        sha256,
        preprocess,
        manifest: stored,
        vectors: &vectors,
        background: &[],
        run_id: None,
    };
    Ok(model::add_version(&new)?.0)
}

/// Has the engine open both files and complete the document that joins them.
fn complete(sha256: &str, tokenizer: &str, given: Value, providers: &[String]) -> Result<Value> {
    let (model, tokenizer) = (sha256.to_owned(), tokenizer.to_owned());
    let ask = Request::DescribeEncoder { model, tokenizer, given, providers: providers.to_vec() };
    let upload = |exchange: &mut engine::Exchange, file: &str| {
        let size = u64::try_from(artefact::size_of(file)?).unwrap_or(0);
        send_pieces(exchange, file, size, |send| artefact::each_piece(file, send))
    };
    match engine::call(&ask, &[], upload)?.0 {
        Reply::Encoder { document } => Ok(document),
        other => Err(engine::unexpected(&other)),
    }
}

/// The model must give what its test vectors say. Each text is run alone: where a graph quantises as it runs, its answer
/// depends on the texts beside it.
fn reproduce(version: &Version, vectors: &[TestVector]) -> Result<()> {
    if !vectors.is_empty() {
        version.predicts_or_embeds()?;
    }
    let mut answers = Vec::with_capacity(vectors.len());
    for vector in vectors {
        let Value::String(text) = &vector.input else {
            return Err(Error::BadDocument {
                what: "the manifest".into(),
                problem: format!("test_vectors: the input {} is not a text", vector.input),
                hint: "Give a JSON string.".into(),
            });
        };
        let encoded = version.encode(&[text])?.pop();
        let proba = encoded.map(|e| e.vector.into_iter().map(f64::from).collect());
        answers.push(Scored { proba, ..Scored::default() });
    }
    agree(vectors, &answers, 1.0)
}
