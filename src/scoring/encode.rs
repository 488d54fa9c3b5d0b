//! Models of texts with a tokenizer: the engine makes one vector of each text, of many texts in one question.

use std::cell::Cell;
use std::rc::Rc;

use altlas_prep::{Document, Pooling, TextEncoder};
use altlas_proto::{DataType, Reply, Request, Tensor, TensorSpec, split};
use pgrx::PgLogLevel;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;

use super::Version;
use super::asked::{Answer, Asked, Question};
use super::batch::MOST_TEXT;
use super::output::{self, Scored};
use crate::convert::tick;
use crate::engine;
use crate::error::{Error, Result};
use crate::guc::{self, OnTruncation};
use crate::monitor;

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
    pub(super) fn encoder(&self) -> Option<&TextEncoder> {
        self.preprocess.as_ref().and_then(Document::as_encoder)
    }

    /// The version, if it gives embeddings.
    pub fn embeds(self: Rc<Self>) -> Result<Rc<Self>> {
        self.predicts_or_embeds()?;
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

    /// Refuses a model that gives no single vector for a text.
    pub fn predicts_or_embeds(&self) -> Result<()> {
        match self.encoder() {
            Some(encoder) if encoder.pooling == Pooling::Tokens => Err(self.gives_tokens()),
            _ => Ok(()),
        }
    }

    fn gives_tokens(&self) -> Error {
        Error::WrongKindOfModel {
            model: self.label.clone(),
            problem: "gives a vector for each token of a text, not one for the text".into(),
            hint: "For one vector a text, register it with the pooling \"mean\" or \"cls\".".into(),
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

    /// What the engine is asked for the vectors of texts, encoded as [`DataType::String`] says.
    pub(super) fn ask_vectors(&self, count: usize, texts: Vec<u8>) -> Question {
        let spec = TensorSpec {
            name: "text".into(),
            dtype: DataType::String,
            shape: vec![count],
            bytes: texts.len(),
        };
        let request = Request::Encode {
            model: self.sha256.clone(),
            document: self.preprocess.as_ref().map(Document::to_json).unwrap_or_default(),
            texts: spec,
            providers: self.manifest.providers.clone(),
            of: monitor::origin(self),
        };
        (request, texts)
    }

    /// The answers for texts whose vectors are what is predicted.
    pub(super) fn scored_of(&self, answer: Answer, rows: usize) -> Result<Vec<Scored>> {
        let encoded = self.vectors_of(answer)?;
        warn_of_truncation(self, &encoded);
        let width = encoded.first().map_or(0, |e| e.vector.len());
        let values: Vec<f32> = encoded.into_iter().flat_map(|e| e.vector).collect();
        let name = self.encoder().map_or("", |encoder| &encoder.output);
        output::read(self, vec![Tensor::f32(name, &[rows, width], &values)], rows)
    }

    /// The vectors that the engine made.
    pub(super) fn vectors_of(&self, answer: Answer) -> Result<Vec<Encoded>> {
        let encoded = read(answer)?;
        match guc::on_truncation() {
            OnTruncation::Error if encoded.iter().any(|e| e.truncated) => Err(truncated(self)),
            _ => Ok(encoded),
        }
    }

    /// Refuses a model whose vectors are no predictions.
    pub(super) fn predicts(&self) -> Result<()> {
        self.predicts_or_embeds()?;
        match self.manifest.task() {
            "embedding" if self.encoder().is_some() => Err(Error::WrongKindOfModel {
                model: self.label.clone(),
                problem: "gives embeddings and predicts nothing".into(),
                hint: "Call altlas.embed.".into(),
            }),
            _ => Ok(()),
        }
    }
}

/// Texts on their way to the engine, and vectors on their way back, in the order of the texts.
pub struct Frames<'v, T = Encoded> {
    version: &'v Version,
    /// Encoded as [`DataType::String`] says.
    bytes: Vec<u8>,
    count: usize,
    /// Texts, and bytes of texts, of a frame.
    most: (usize, usize),
    asked: Asked<()>,
    read: fn(&Version, Answer) -> Result<Vec<T>>,
}

impl<'v> Frames<'v> {
    /// Nothing on its way yet.
    pub fn new(version: &'v Version) -> Self {
        Self::with(version, (guc::batch_size(), MOST_TEXT), Version::vectors_of)
    }
}

impl<'v, T> Frames<'v, T> {
    pub(super) fn with(
        version: &'v Version,
        most: (usize, usize),
        read: fn(&Version, Answer) -> Result<Vec<T>>,
    ) -> Self {
        Self { version, bytes: Vec::new(), count: 0, most, asked: Asked::default(), read }
    }

    /// Appends a text. Vectors that are ready are given to `deliver`.
    pub fn push(&mut self, text: &str, deliver: &mut impl FnMut(Vec<T>) -> Result<()>) -> Result<()> {
        append(&mut self.bytes, text)?;
        self.count += 1;
        if self.count < self.most.0 && self.bytes.len() < self.most.1 {
            return Ok(());
        }
        self.ask()?;
        self.receive(false, deliver)
    }

    /// Sends what is left and waits for everything.
    pub fn finish(mut self, deliver: &mut impl FnMut(Vec<T>) -> Result<()>) -> Result<()> {
        self.flush(deliver)
    }

    /// As [`Frames::finish`], and more texts may follow.
    pub fn flush(&mut self, deliver: &mut impl FnMut(Vec<T>) -> Result<()>) -> Result<()> {
        if self.count > 0 {
            self.ask()?;
        }
        self.receive(true, deliver)
    }

    fn ask(&mut self) -> Result<()> {
        tick();
        let (count, texts) = (std::mem::take(&mut self.count), std::mem::take(&mut self.bytes));
        self.asked.ask(self.version, self.version.ask_vectors(count, texts), ())
    }

    fn receive(&mut self, all: bool, deliver: &mut impl FnMut(Vec<T>) -> Result<()>) -> Result<()> {
        while let Some((answer, ())) = self.asked.receive(self.version, all)? {
            deliver((self.read)(self.version, answer)?)?;
        }
        Ok(())
    }
}

/// Appends a text as [`DataType::String`] says.
fn append(bytes: &mut Vec<u8>, text: &str) -> Result<()> {
    check_length(text)?;
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

/// The texts of one question.
pub(super) fn joined(texts: &[String]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(texts.iter().map(|text| text.len() + size_of::<u32>()).sum());
    texts.iter().try_for_each(|text| append(&mut bytes, text))?;
    Ok(bytes)
}

fn read((reply, payload): Answer) -> Result<Vec<Encoded>> {
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
    let of_features = || Some(&version.preprocess.as_ref()?.as_features()?.embedding.encoder);
    let limit = version.encoder().or_else(of_features).map_or(0, |e| e.max_length);
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
