//! Scoring: a model version, the input in the form the graph takes, and the answer in the form the user asked for.

mod input;
mod manifest;
mod output;
mod statement;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use altlas_prep::Document;
use altlas_proto::{ModelSignature, Reply, Request, Tensor, join, split};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engine::{self, Exchange};
use crate::error::{Error, Result};
use crate::store::artefact;

pub use input::{Features, fields_of_value};
pub use manifest::Manifest;
pub use output::Scored;
pub use statement::resolved;

/// Models whose signatures a backend remembers: they are immutable, by SHA-256.
const REMEMBERED: usize = 256;

thread_local! {
    static SIGNATURES: RefCell<HashMap<String, Rc<ModelSignature>>> = RefCell::new(HashMap::new());
}

/// A version of a model, ready to be used.
pub struct Version {
    /// `name/version`, or a built-in model's name: what `model_version` columns show.
    pub label: String,
    /// The graph.
    pub sha256: String,
    /// What turns rows or texts into the graph's inputs.
    pub preprocess: Option<Document>,
    /// What the model is.
    pub manifest: Manifest,
    /// Whether the graph is a file in the share directory.
    pub builtin: bool,
}

impl Version {
    /// A version from its stored documents.
    pub fn new(
        label: String,
        sha256: String,
        preprocess: Option<Value>,
        manifest: Value,
        builtin: bool,
    ) -> Result<Self> {
        let damaged = |problem: String| Error::BadDocument {
            what: format!("the stored description of model \"{label}\""),
            problem,
            hint: String::new(),
        };
        let preprocess =
            preprocess.map(|v| Document::from_value(&v)).transpose().map_err(|e| damaged(e.to_string()))?;
        let manifest = Manifest::parse(&manifest).map_err(damaged)?;
        Ok(Self { label, sha256, preprocess, manifest, builtin })
    }

    /// What the graph takes and gives.
    pub fn signature(&self) -> Result<Rc<ModelSignature>> {
        if let Some(known) = SIGNATURES.with(|s| s.borrow().get(&self.sha256).cloned()) {
            return Ok(known);
        }
        let (reply, _) =
            engine::call(&Request::Describe { model: self.sha256.clone() }, &[], |e, m| self.upload(e, m))?;
        let Reply::Signature(signature) = reply else {
            return Err(engine::unexpected(&reply));
        };
        let signature = Rc::new(*signature);
        SIGNATURES.with(|s| {
            let mut known = s.borrow_mut();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(self.sha256.clone(), signature.clone());
        });
        Ok(signature)
    }

    /// Runs the graph.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let (inputs, payload) = join(inputs);
        let request = Request::Run { model: self.sha256.clone(), inputs, outputs: Vec::new() };
        match engine::call(&request, &payload, |e, m| self.upload(e, m))? {
            (Reply::Outputs { outputs }, payload) => Ok(split(outputs, &payload)?),
            (other, _) => Err(engine::unexpected(&other)),
        }
    }

    /// Scores rows.
    pub fn score(&self, rows: &[Features<'_>]) -> Result<Vec<Scored>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = input::tensors(self, rows)?;
        output::read(self, self.run(&inputs)?, rows.len())
    }

    /// Gives the engine the bytes it lacks. They are read as altlas' owner: who may score may not read them.
    fn upload(&self, exchange: &mut Exchange, model: &str) -> Result<()> {
        if self.builtin {
            let path = engine::model_file(model);
            let bytes = std::fs::read(&path).map_err(|_| Error::MissingBuiltin {
                name: self.label.clone(),
                path: path.display().to_string(),
            })?;
            return send_pieces(exchange, model, bytes.len() as u64, |send| {
                bytes.chunks(artefact::PIECE).try_for_each(send)
            });
        }
        let size = u64::try_from(artefact::size_of(model)?).unwrap_or(0);
        send_pieces(exchange, model, size, |send| artefact::each_piece(model, send))
    }
}

/// Uploads a model in pieces that `each` gives. The last piece is kept back until all of them have the announced size and
/// hash: the engine never waits for bytes that are not there, and never gets others.
pub fn send_pieces(
    exchange: &mut Exchange,
    model: &str,
    size: u64,
    each: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let damaged =
        |problem: &str| Error::DamagedArtefact { sha256: model.to_owned(), problem: problem.to_owned() };
    exchange.send(&Request::Upload { model: model.to_owned(), size }, &[])?;
    let (mut seen, mut hasher, mut kept) = (0, Sha256::new(), Vec::new());
    each(&mut |piece| {
        seen += piece.len() as u64;
        if seen > size {
            return Err(damaged("it has more bytes than it should"));
        }
        hasher.update(piece);
        if !kept.is_empty() {
            exchange.send(&Request::Chunk, &kept)?;
        }
        kept = piece.to_vec();
        Ok(())
    })?;
    if seen != size {
        return Err(damaged(&format!("{seen} of {size} bytes are there")));
    }
    if hex::encode(hasher.finalize()) != model {
        return Err(damaged("its bytes have another hash"));
    }
    exchange.send(&Request::Chunk, &kept)
}
