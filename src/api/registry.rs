//! Registering models, aliases, versions.

use altlas_proto::{Reply, Request};
use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::Value;

use crate::engine;
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::{Features, Scored, Version, builtin_file, fields_of_value, send_pieces};
use crate::store::model::{self, NewVersion, TestVector};
use crate::store::{artefact, read};

/// Registers an ONNX model; returns its version. The first version of a name becomes its production version.
#[pg_extern(volatile, parallel_unsafe)]
fn register_model(
    name: Option<&str>,
    onnx: Option<&[u8]>,
    manifest: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<i32> {
    artefact::must_be_writable("register a model")?;
    let name = required(name, "name")?;
    let bytes = required(onnx, "onnx")?;
    model::check_name(name, "name")?;
    artefact::check_size(bytes.len() as u64)?;
    check_graph(bytes)?;
    let sha256 = artefact::store(bytes)?;
    Ok(register(name, &sha256, manifest)?)
}

/// Registers a model whose bytes were uploaded in pieces (`begin_artefact`, `append_artefact`, `finish_artefact`).
#[pg_extern(volatile, parallel_unsafe)]
fn register_artefact(
    name: Option<&str>,
    sha256: Option<&str>,
    manifest: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<i32> {
    artefact::must_be_writable("register a model")?;
    let name = required(name, "name")?;
    let sha256 = required(sha256, "sha256")?;
    model::check_name(name, "name")?;
    check_graph(&read::latest(|| artefact::bytes(sha256))?)?;
    Ok(register(name, sha256, manifest)?)
}

/// Begins the upload of a file by its SHA-256 and size. False when the file is already there.
#[pg_extern(volatile, parallel_unsafe)]
fn begin_artefact(sha256: Option<&str>, size: Option<i64>) -> sql::Result<bool> {
    artefact::must_be_writable("upload a model")?;
    Ok(artefact::begin(required(sha256, "sha256")?, required(size, "size")?)?)
}

/// Appends bytes to an upload; returns the bytes there now.
#[pg_extern(volatile, parallel_unsafe)]
fn append_artefact(sha256: Option<&str>, bytes: Option<&[u8]>) -> sql::Result<i64> {
    artefact::must_be_writable("upload a model")?;
    Ok(artefact::append(required(sha256, "sha256")?, required(bytes, "bytes")?)?)
}

/// Ends an upload: size and hash must be right. Returns the hash.
#[pg_extern(volatile, parallel_unsafe)]
fn finish_artefact(sha256: Option<&str>) -> sql::Result<String> {
    artefact::must_be_writable("upload a model")?;
    let sha256 = required(sha256, "sha256")?;
    artefact::finish(sha256)?;
    Ok(sha256.to_owned())
}

/// Points an alias to a version; returns the version it pointed to before.
#[pg_extern(volatile, parallel_unsafe)]
fn set_alias(model: Option<&str>, alias: Option<&str>, version: Option<i32>) -> sql::Result<Option<i32>> {
    artefact::must_be_writable("set an alias")?;
    Ok(model::set_alias(required(model, "model")?, required(alias, "alias")?, required(version, "version")?)?)
}

/// Removes an alias.
#[pg_extern(volatile, parallel_unsafe)]
fn drop_alias(model: Option<&str>, alias: Option<&str>) -> sql::Result<()> {
    artefact::must_be_writable("drop an alias")?;
    Ok(model::drop_alias(required(model, "model")?, required(alias, "alias")?)?)
}

/// Removes a version that no alias points to; with the last one, the model.
#[pg_extern(volatile, parallel_unsafe)]
fn drop_version(model: Option<&str>, version: Option<i32>) -> sql::Result<()> {
    artefact::must_be_writable("drop a version")?;
    Ok(model::drop_version(required(model, "model")?, required(version, "version")?)?)
}

/// Copies a built-in model into the registry, so that it is dumped with the database; returns its version.
#[pg_extern(volatile, parallel_unsafe)]
fn pin_builtin(builtin: Option<&str>, name: Option<&str>) -> sql::Result<i32> {
    artefact::must_be_writable("pin a model")?;
    let builtin = required(builtin, "builtin")?;
    let name = required(name, "name")?;
    model::check_name(name, "name")?;
    let (sha256, preprocess, manifest) =
        model::builtin_parts(builtin)?.ok_or_else(|| Error::UnknownModel { name: builtin.into() })?;
    store_builtin(builtin, &sha256, false)?;
    if let Some(tokenizer) = preprocess.as_ref().and_then(|p| p.get("tokenizer")).and_then(Value::as_str) {
        store_builtin(builtin, tokenizer, true)?;
    }
    let task = manifest.get("task").and_then(Value::as_str).unwrap_or("other").to_owned();
    let new = NewVersion {
        name,
        task: &task,
        sha256: &sha256,
        preprocess,
        manifest,
        vectors: &[],
        background: &[],
        run_id: None,
    };
    Ok(model::add_version(&new)?.0)
}

/// Stores a file of a built-in model.
fn store_builtin(name: &str, sha256: &str, tokenizer: bool) -> Result<()> {
    let (path, bytes) = builtin_file(name, sha256, tokenizer)?;
    if artefact::store(&bytes)? == sha256 {
        return Ok(());
    }
    let problem = format!("{} has other bytes", path.display());
    Err(Error::DamagedArtefact { sha256: sha256.to_owned(), problem })
}

/// Refuses what cannot be used, before anything is stored.
pub fn check_graph(bytes: &[u8]) -> Result<()> {
    let limits = altlas_onnx::Limits { max_bytes: guc::max_model_size(), ..Default::default() };
    altlas_onnx::check(bytes, &limits).map(drop).map_err(|e| Error::BadModel {
        message: e.to_string(),
        detail: String::new(),
        hint: "altlas takes ONNX with standard operators (ai.onnx, ai.onnx.ml, com.microsoft) and the weights inside the file."
            .into(),
    })
}

fn register(name: &str, sha256: &str, manifest: Option<JsonB>) -> Result<i32> {
    let (manifest, stored, preprocess, vectors) =
        model::user_manifest(manifest.map_or_else(|| serde_json::json!({}), |m| m.0))?;
    if preprocess.as_ref().and_then(|p| p.get("kind")).is_some_and(|kind| kind == "tokenizer") {
        return Err(Error::BadDocument {
            what: "the manifest".into(),
            problem: "a model with a tokenizer is two files".into(),
            hint: "Register both: altlas.register_text_model(name, model, tokenizer, manifest).".into(),
        });
    }
    read::latest(|| open_in_engine(sha256, &manifest.providers))?;
    let version =
        Version::new(name.to_owned(), sha256.to_owned(), preprocess.clone(), stored.clone(), false)?;
    read::latest(|| reproduce(&version, &vectors, 1.0))?;
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

/// ONNX Runtime must be able to open the model, and know the providers it asks for.
fn open_in_engine(sha256: &str, providers: &[String]) -> Result<()> {
    let size = u64::try_from(artefact::size_of(sha256)?).unwrap_or(0);
    let describe = Request::Describe { model: sha256.to_owned(), providers: providers.to_vec() };
    let upload = |exchange: &mut engine::Exchange, model: &str| {
        send_pieces(exchange, model, size, |send| artefact::each_piece(model, send))
    };
    match engine::call(&describe, &[], upload)?.0 {
        Reply::Signature(_) => Ok(()),
        other => Err(engine::unexpected(&other)),
    }
}

/// The model must give what its test vectors say, within 1e-5·max(`least`,|y|): by the engine, and compiled where it can be. Having it
/// compiled here saves the first call that work.
pub fn reproduce(version: &Version, vectors: &[TestVector], least: f64) -> Result<()> {
    let compiled = version.is_compiled()?;
    let rows = vectors
        .iter()
        .map(|v| match &v.input {
            Value::String(text) => Ok(Features::Text(text.into())),
            other => fields_of_value(other, &version.label),
        })
        .collect::<Result<Vec<_>>>()?;
    agree(vectors, &version.score_by_engine(&rows)?, least)?;
    if compiled { agree(vectors, &version.score(&rows)?, least) } else { Ok(()) }
}

/// Compares answers with what was expected.
pub fn agree(vectors: &[TestVector], answers: &[Scored], least: f64) -> Result<()> {
    for (n, (vector, got)) in vectors.iter().zip(answers).enumerate() {
        let got = flat(got);
        let equal = got.len() == vector.output.len()
            && got.iter().zip(&vector.output).all(|(a, b)| {
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-5 * b.abs().max(least)
            });
        if !equal {
            return Err(Error::TestVectorMismatch {
                row: n + 1,
                expected: format!("{:?}", vector.output),
                got: format!("{got:?}"),
            });
        }
    }
    Ok(())
}

/// What a test vector holds of an answer: the probabilities or several numbers, else the value.
fn flat(scored: &Scored) -> Vec<f64> {
    match scored.proba.as_ref().or(scored.vector.as_ref()) {
        Some(several) => several.clone(),
        None => scored.value.into_iter().collect(),
    }
}
