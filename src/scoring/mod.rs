//! Scoring: a model version, the input in the form the graph takes, and the answer in the form the user asked for.

mod asked;
mod batch;
mod coerce;
mod columns;
mod compiled;
mod embedded;
mod encode;
mod features;
mod footprint;
mod labels;
mod manifest;
mod output;
mod reader;
mod statement;
mod takes;
mod tensors;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use altlas_prep::Document;
use altlas_proto::{ModelSignature, Reply, Request, Tensor, join, split};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engine::{self, Exchange};
use crate::error::{Error, Result};
use crate::monitor;
use crate::store::artefact;

use asked::{Answer, Question};
use compiled::Compiled;
use takes::{Rows, Takes};

pub use batch::Batch;
pub use encode::{Encoded, Frames, warn_of_truncation};
pub use features::{Features, fields_of_value};
pub use labels::Labels;
pub use manifest::Manifest;
pub use output::Scored;
pub use reader::{Reader, score_rows};
pub use statement::resolved;
pub use takes::missing as missing_column;

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
    compiled: OnceCell<Option<Compiled>>,
    takes: OnceCell<Takes>,
    /// Whether calls are recorded: those of statements are, those that try a model out before it is stored are not.
    pub watch: Option<monitor::Watch>,
}

/// Which parts of an answer are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The number.
    Value,
    /// The class.
    Label,
    /// The probabilities.
    Proba,
    /// The numbers of a model that gives several.
    Vector,
    /// Everything.
    All,
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
        let (compiled, takes) = (OnceCell::new(), OnceCell::new());
        Ok(Self { label, sha256, preprocess, manifest, builtin, compiled, takes, watch: None })
    }

    /// The model compiled for this backend; `None` when the engine runs it.
    fn compiled(&self) -> Result<Option<&Compiled>> {
        if self.compiled.get().is_none() {
            let _ = self.compiled.set(Compiled::of(self)?);
        }
        Ok(self.compiled.get().and_then(Option::as_ref))
    }

    /// What the model takes of a row.
    fn takes(&self) -> Result<&Takes> {
        if let Some(known) = self.takes.get() {
            return Ok(known);
        }
        let takes = match (&self.preprocess, self.compiled()?) {
            (Some(Document::Tabular(_)), _) => Takes::Document,
            (Some(_), _) => Takes::Text,
            (None, Some(compiled)) => compiled.takes(&self.manifest),
            (None, None) => Takes::of_signature(&*self.signature()?, &self.manifest),
        };
        Ok(self.takes.get_or_init(|| takes))
    }

    /// What the graph takes and gives.
    pub fn signature(&self) -> Result<Rc<ModelSignature>> {
        if let Some(known) = SIGNATURES.with(|s| s.borrow().get(&self.sha256).cloned()) {
            return Ok(known);
        }
        let describe =
            Request::Describe { model: self.sha256.clone(), providers: self.manifest.providers.clone() };
        let (reply, _) = engine::call(&describe, &[], |e, m| self.upload(e, m))?;
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

    /// Scores one row.
    #[inline]
    pub fn one(&self, row: &Features<'_>, want: Want) -> Result<Scored> {
        if let Some(compiled) = self.compiled()? {
            return compiled.one(self, row, want).inspect_err(|e| monitor::failed(self, e));
        }
        let mut rows = Rows::default();
        rows.push(self, row).inspect_err(|e| monitor::failed(self, e))?;
        let (request, payload) = self.question(&rows)?;
        let answer = self.counted(engine::call(&request, &payload, |e, m| self.upload(e, m)))?;
        Ok(self.answered(answer, rows.count, &rows.texts)?.pop().unwrap_or_default())
    }

    /// Scores rows in this backend, if it can.
    fn here(&self, rows: &Rows, want: Want) -> Result<Vec<Scored>> {
        let scored = self.compiled()?.map(|compiled| compiled.many(self, rows, want)).transpose();
        Ok(scored.inspect_err(|e| monitor::failed(self, e))?.unwrap_or_default())
    }

    /// What the engine is asked for rows.
    fn question(&self, rows: &Rows) -> Result<Question> {
        if let Some(Document::Tokenizer(_)) = self.preprocess {
            self.predicts()?;
            return Ok(self.ask_vectors(rows.count, encode::joined(&rows.texts)?));
        }
        if let Some(Document::Features(features)) = &self.preprocess {
            return self.ask_embeddings(features, &rows.texts);
        }
        let inputs = tensors::of(self, rows).inspect_err(|e| monitor::failed(self, e))?;
        Ok(self.ask_run(&inputs))
    }

    /// A run of the graph.
    fn ask_run(&self, inputs: &[Tensor]) -> Question {
        let (inputs, payload) = join(inputs);
        let request = Request::Run {
            model: self.sha256.clone(),
            inputs,
            outputs: Vec::new(),
            providers: self.manifest.providers.clone(),
            of: monitor::origin(self),
        };
        (request, payload)
    }

    /// The answers for `rows` rows; `texts` are those of a model that needs them once more.
    fn answered(&self, answer: Answer, rows: usize, texts: &[String]) -> Result<Vec<Scored>> {
        let answer = match &self.preprocess {
            Some(Document::Features(features)) => self.run_on_embeddings(features, answer, texts)?,
            _ => answer,
        };
        match answer {
            answer if matches!(self.preprocess, Some(Document::Tokenizer(_))) => self.scored_of(answer, rows),
            (Reply::Outputs { outputs }, payload) => {
                let read = output::read(self, split(outputs, &payload)?, rows);
                read.inspect_err(|e| monitor::misread(self, e))
            }
            (other, _) => Err(engine::unexpected(&other)),
        }
    }

    /// Counts a failure that came before a run: others are the engine's own, which counted them.
    fn counted<T>(&self, answer: Result<T>) -> Result<T> {
        answer.inspect_err(|e| {
            if e.is_before_run() {
                monitor::failed(self, e)
            }
        })
    }

    /// Scores rows, all parts of the answers.
    pub fn score(&self, rows: &[Features<'_>]) -> Result<Vec<Scored>> {
        Self::score_in(Batch::new(self, Want::All), rows)
    }

    /// Scores rows by the engine, also with a model that this backend could score.
    pub fn score_by_engine(&self, rows: &[Features<'_>]) -> Result<Vec<Scored>> {
        Self::score_in(Batch::by_engine(self), rows)
    }

    fn score_in(mut batch: Batch<&Self>, rows: &[Features<'_>]) -> Result<Vec<Scored>> {
        let mut answers = Vec::with_capacity(rows.len());
        for row in rows {
            batch.push(Some(row))?;
            if batch.is_full() {
                answers.extend(batch.score()?.into_iter().flatten());
            }
        }
        answers.extend(batch.finish()?.into_iter().flatten());
        Ok(answers)
    }

    /// Whether the model takes a text, not columns.
    pub fn takes_text(&self) -> Result<bool> {
        Ok(matches!(self.takes()?, Takes::Text))
    }

    /// Whether the model is scored in this backend.
    pub fn is_compiled(&self) -> Result<bool> {
        Ok(self.compiled()?.is_some())
    }

    /// The model's bytes, read as altlas' owner: who may score may not read them.
    pub fn graph(&self) -> Result<Vec<u8>> {
        if self.builtin {
            Ok(builtin_file(&self.label, &self.sha256, false)?.1)
        } else {
            artefact::bytes(&self.sha256)
        }
    }

    /// Gives the engine the bytes it lacks. They are read as altlas' owner: who may score may not read them.
    fn upload(&self, exchange: &mut Exchange, file: &str) -> Result<()> {
        if let Some(sent) = self.upload_encoder(exchange, file) {
            return sent;
        }
        if self.builtin {
            let (_, bytes) = builtin_file(&self.label, file, file != self.sha256)?;
            return send_pieces(exchange, file, bytes.len() as u64, |send| {
                bytes.chunks(artefact::PIECE).try_for_each(send)
            });
        }
        let size = u64::try_from(artefact::size_of(file)?).unwrap_or(0);
        send_pieces(exchange, file, size, |send| artefact::each_piece(file, send))
    }
}

/// A file of a built-in model: its graph, or its tokenizer.
pub fn builtin_file(name: &str, sha256: &str, tokenizer: bool) -> Result<(PathBuf, Vec<u8>)> {
    let path = if tokenizer { engine::tokenizer_file(sha256) } else { engine::model_file(sha256) };
    match std::fs::read(&path) {
        Ok(bytes) => Ok((path, bytes)),
        Err(_) => Err(Error::MissingBuiltin { name: name.to_owned(), path: path.display().to_string() }),
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
