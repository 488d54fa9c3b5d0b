//! Models of texts with a tokenizer: the engine makes one vector of each text. Many texts go in frames; while the engine
//! works on one, the next is read and sent.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use altlas_prep::{Document, TextEncoder};
use altlas_proto::{DataType, Reply, Request, Tensor, TensorSpec, split};
use pgrx::PgLogLevel;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;

use super::Version;
use super::output::{self, Scored};
use super::takes::Rows;
use crate::convert::tick;
use crate::engine::{self, Pending};
use crate::error::{Error, Result};
use crate::guc::{self, OnTruncation};
use crate::monitor;

/// Texts in a frame: enough to put such of like length together.
const FRAME_TEXTS: usize = 512;
/// Bytes after which a frame is full, however few texts it has.
const FRAME_BYTES: usize = 1 << 20;

thread_local! {
    /// Start of the statement that was warned last.
    static WARNED: Cell<i64> = const { Cell::new(0) };
}

/// What the engine made of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The vector: an embedding, or a classifier's probabilities.
    pub vector: Vec<f32>,
    /// Tokens that the model saw, special ones included.
    pub tokens: i32,
    /// Whether the text has more.
    pub truncated: bool,
}

impl Version {
    /// The document of a tokenizer, if the model has one.
    fn encoder(&self) -> Option<&TextEncoder> {
        self.preprocess.as_ref().and_then(Document::as_encoder)
    }

    /// The version, if it gives embeddings.
    pub fn embeds(self: Rc<Self>) -> Result<Rc<Self>> {
        match (self.encoder(), self.manifest.task()) {
            (Some(_), "embedding" | "other") => Ok(self),
            _ => Err(Error::WrongKindOfModel {
                model: self.label.clone(),
                problem: "gives no embeddings".into(),
                hint: "Register a text encoder with altlas.register_text_model(name, model, tokenizer)."
                    .into(),
            }),
        }
    }

    /// The vectors of texts.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Encoded>> {
        let mut found = Vec::with_capacity(texts.len());
        let mut frames = Frames::new(self);
        let mut keep = |encoded: Vec<Encoded>| {
            found.extend(encoded);
            Ok(())
        };
        texts.iter().try_for_each(|text| frames.push(text, &mut keep))?;
        frames.finish(&mut keep)?;
        Ok(found)
    }

    /// Scores texts whose vectors are what is predicted; `None` for models without a tokenizer.
    pub(super) fn score_encoded(&self, rows: &Rows) -> Result<Option<Vec<Scored>>> {
        let Some(encoder) = self.encoder() else { return Ok(None) };
        if self.manifest.task() == "embedding" {
            return Err(Error::WrongKindOfModel {
                model: self.label.clone(),
                problem: "gives embeddings and predicts nothing".into(),
                hint: "Call altlas.embed.".into(),
            });
        }
        let texts: Vec<&str> = rows.texts.iter().map(String::as_str).collect();
        let encoded = self.encode(&texts)?;
        warn_of_truncation(self, &encoded);
        let width = encoded.first().map_or(0, |e| e.vector.len());
        let values: Vec<f32> = encoded.into_iter().flat_map(|e| e.vector).collect();
        let output = Tensor::f32(&encoder.output, &[rows.count, width], &values);
        output::read(self, vec![output], rows.count).map(Some)
    }
}

/// Texts on their way to the engine, and vectors on their way back, in the order of the texts.
pub struct Frames<'v> {
    version: &'v Version,
    /// Encoded as [`DataType::String`] says.
    bytes: Vec<u8>,
    count: usize,
    asked: VecDeque<Pending>,
    /// Whether the engine has the model: before, two frames would bring it twice.
    warm: bool,
}

impl<'v> Frames<'v> {
    /// Nothing on its way yet.
    pub fn new(version: &'v Version) -> Self {
        Self { version, bytes: Vec::new(), count: 0, asked: VecDeque::new(), warm: false }
    }

    /// Appends a text. Vectors that are ready are given to `deliver`.
    pub fn push(&mut self, text: &str, deliver: &mut impl FnMut(Vec<Encoded>) -> Result<()>) -> Result<()> {
        check_length(text)?;
        self.bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self.count += 1;
        if self.count < FRAME_TEXTS && self.bytes.len() < FRAME_BYTES {
            return Ok(());
        }
        self.ask()?;
        // One frame is worked on, one waits behind it.
        let most = if self.warm { 1 } else { 0 };
        self.receive(most, deliver)
    }

    /// Sends what is left and waits for everything.
    pub fn finish(mut self, deliver: &mut impl FnMut(Vec<Encoded>) -> Result<()>) -> Result<()> {
        self.flush(deliver)
    }

    /// As [`Frames::finish`], and more texts may follow.
    pub fn flush(&mut self, deliver: &mut impl FnMut(Vec<Encoded>) -> Result<()>) -> Result<()> {
        if self.count > 0 {
            self.ask()?;
        }
        self.receive(0, deliver)
    }

    fn ask(&mut self) -> Result<()> {
        tick();
        let document = self.version.preprocess.as_ref().map(Document::to_json).unwrap_or_default();
        let payload = std::mem::take(&mut self.bytes);
        let texts = TensorSpec {
            name: "text".into(),
            dtype: DataType::String,
            shape: vec![std::mem::take(&mut self.count)],
            bytes: payload.len(),
        };
        let model = self.version.sha256.clone();
        let providers = self.version.manifest.providers.clone();
        let request =
            Request::Encode { model, document, texts, providers, of: monitor::origin(self.version) };
        self.asked.push_back(Pending::ask(request, payload)?);
        Ok(())
    }

    /// Waits until no more than `most` frames are on their way.
    fn receive(&mut self, most: usize, deliver: &mut impl FnMut(Vec<Encoded>) -> Result<()>) -> Result<()> {
        while self.asked.len() > most
            && let Some(pending) = self.asked.pop_front()
        {
            let answer = pending.answer(|exchange, file| self.version.upload(exchange, file))?;
            self.warm = true;
            let encoded = read(answer)?;
            if guc::on_truncation() == OnTruncation::Error && encoded.iter().any(|e| e.truncated) {
                return Err(truncated(self.version));
            }
            deliver(encoded)?;
        }
        Ok(())
    }
}

fn read((reply, payload): (Reply, Vec<u8>)) -> Result<Vec<Encoded>> {
    let Reply::Outputs { outputs } = reply else {
        return Err(engine::unexpected(&reply));
    };
    let tensors = split(outputs, &payload)?;
    let named = |name: &str| tensors.iter().find(|t| t.spec.name == name);
    let vectors = named("vector").and_then(|t| Some((t.as_f32()?, *t.spec.shape.get(1)?)));
    let parts = (vectors, named("tokens").and_then(Tensor::as_i32), named("truncated"));
    let (Some((values, width)), Some(tokens), Some(truncated)) = parts else {
        return Err(Error::Internal { message: "the engine's answer for texts lacks a part".into() });
    };
    let rows = values.chunks_exact(width.max(1)).zip(tokens).zip(&truncated.data);
    Ok(rows
        .map(|((vector, tokens), truncated)| Encoded {
            vector: vector.to_vec(),
            tokens,
            truncated: *truncated != 0,
        })
        .collect())
}

/// Refuses a text that is longer than the setting allows.
fn check_length(text: &str) -> Result<()> {
    let limit = guc::max_text_bytes();
    if text.len() > limit { Err(Error::TextTooLong { bytes: text.len(), limit }) } else { Ok(()) }
}

fn truncated(version: &Version) -> Error {
    let limit = version.encoder().map_or(0, |e| e.max_length);
    Error::TextTruncated { model: version.label.clone(), limit }
}

/// Tells of texts that were cut off, once a statement; for functions whose result does not say it.
pub fn warn_of_truncation(version: &Version, encoded: &[Encoded]) {
    if guc::on_truncation() != OnTruncation::Warn || !encoded.iter().any(|e| e.truncated) {
        return;
    }
    // SAFETY: a plain getter.
    let statement = unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
    if WARNED.replace(statement) != statement {
        ErrorReport::from(truncated(version)).report(PgLogLevel::WARNING);
    }
}
