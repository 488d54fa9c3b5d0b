//! Vectors of texts within a job: the encoder runs in the job's own process, under its limits.

use std::fs;
use std::path::{Path, PathBuf};

use altlas_learn::{LearnError, Vectors};
use altlas_prep::Embedding;
use altlas_proto::{Failure, FailureKind};
use altlas_runtime::{Runtime, RuntimeOptions, Session, StopHandle};
use altlas_tokens::{Encoder, Row, Tokenizer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::options::Files;

/// Texts that are tokenised, sorted by length and run at a time.
const BLOCK: usize = 1024;
/// Tokens in a run, padding included: as many as the engine takes.
const RUN_TOKENS: usize = 512;

/// Address space that an encoder takes, as multiples of its files (weights are kept a second time, rearranged; words in tables both ways), and beside
/// them: measured 790 MB in all for multilingual-e5-small.
const GRAPH_FACTOR: u64 = 2;
const TOKENIZER_FACTOR: u64 = 20;
const BESIDE: u64 = 400 << 20;

/// Runs encoders, and keeps why one failed.
pub struct Encoding<'a> {
    files: &'a Files,
    threads: usize,
    /// Bytes that the job may take; 0 for no limit.
    memory_bytes: u64,
    failure: Option<Failure>,
}

/// An encoder, ready to run.
struct Opened {
    encoder: Encoder,
    session: Session,
    tokenizer: Tokenizer,
}

impl<'a> Encoding<'a> {
    /// For a job of this specification.
    pub fn new(files: &'a Files, spec: &Value) -> Self {
        let number = |key: &str| spec.get(key).and_then(Value::as_u64);
        let threads = usize::try_from(number("threads").unwrap_or(1)).unwrap_or(1);
        Self { files, threads, memory_bytes: number("memory_bytes").unwrap_or(0), failure: None }
    }

    /// Why the encoder failed, if it did.
    pub fn failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// The vectors of texts. `tick` is called with the number of texts that are done.
    pub fn vectors(
        &mut self,
        embedding: &Embedding,
        texts: &[&str],
        tick: &mut dyn FnMut(usize),
    ) -> Result<Vectors, LearnError> {
        self.run(embedding, texts, tick).map_err(|failure| {
            let message = failure.message.clone();
            self.failure = Some(failure);
            LearnError::Encoder(message)
        })
    }

    fn run(
        &self,
        embedding: &Embedding,
        texts: &[&str],
        tick: &mut dyn FnMut(usize),
    ) -> Result<Vectors, Failure> {
        let opened = self.open(embedding)?;
        let mut vectors = Vectors { width: 0, values: Vec::new() };
        for (number, block) in texts.chunks(BLOCK).enumerate() {
            let before = number * BLOCK;
            opened.block(block, &mut vectors, &mut |done| tick(before + done))?;
        }
        Ok(vectors)
    }

    fn open(&self, embedding: &Embedding) -> Result<Opened, Failure> {
        let words = read(&self.files.models, &embedding.encoder.tokenizer, "json", &embedding.name)?;
        let graph = read(&self.files.models, &embedding.model, "onnx", &embedding.name)?;
        self.fits(graph.len() as u64 * GRAPH_FACTOR + words.len() as u64 * TOKENIZER_FACTOR + BESIDE)?;
        let tokenizer = Tokenizer::read(&words)?;
        drop(words);
        let options = RuntimeOptions { threads: self.threads, ..RuntimeOptions::default() };
        let runtime = Runtime::load(&self.files.runtime, &options)?;
        let session = Session::open(&runtime, &graph)?;
        let encoder = Encoder::new(embedding.encoder.clone(), session.signature())?;
        Ok(Opened { encoder, session, tokenizer })
    }

    /// Refuses an encoder that the job's limit has no room for.
    fn fits(&self, needed: u64) -> Result<(), Failure> {
        if self.memory_bytes == 0 || needed <= self.memory_bytes {
            return Ok(());
        }
        let (needed, limit) = (needed >> 20, self.memory_bytes >> 20);
        Err(Failure::new(
            FailureKind::Resources,
            format!("the encoder would take about {needed} MB, {limit} MB are allowed"),
        )
        .hint("Raise altlas.job_memory, or train with the algorithm \"ngrams\"."))
    }
}

impl Opened {
    /// Appends the vectors of some texts.
    fn block(
        &self,
        texts: &[&str],
        vectors: &mut Vectors,
        tick: &mut dyn FnMut(usize),
    ) -> Result<(), Failure> {
        let document = self.encoder.document();
        let row = |text: &&str| self.tokenizer.encode(&document.prefix, text, document.max_length);
        let rows = texts.iter().map(row).collect::<Result<Vec<Row>, _>>()?;
        let (outputs, stop) = ([document.output.clone()], StopHandle::new());
        let (begin, mut done) = (vectors.values.len(), 0);
        for batch in self.encoder.plan(&rows, RUN_TOKENS) {
            let inputs = self.encoder.tensors(&rows, &batch, self.tokenizer.pad());
            let output = self.session.run(&inputs, &outputs, &stop)?;
            let output = output.first().ok_or_else(|| wrong("a run gave no output"))?;
            let lengths: Vec<usize> =
                batch.rows.iter().filter_map(|&row| rows.get(row)).map(|row| row.ids.len()).collect();
            let pooled = self.encoder.pool(output, &lengths)?;
            if vectors.width == 0 {
                vectors.width = pooled.width;
            }
            if pooled.width != vectors.width {
                return Err(wrong("vectors have different widths"));
            }
            let width = vectors.width;
            vectors.values.resize(begin + rows.len() * width, 0.0);
            for (row, vector) in batch.rows.iter().zip(pooled.values.chunks_exact(width)) {
                let at = begin + row * width;
                if let Some(place) = vectors.values.get_mut(at..at + width) {
                    place.copy_from_slice(vector);
                }
            }
            done += batch.rows.len();
            tick(done);
        }
        Ok(())
    }
}

/// A file of a built-in model, by its hash.
fn read(models: &Path, sha256: &str, ending: &str, name: &str) -> Result<Vec<u8>, Failure> {
    let path: PathBuf = models.join(format!("{sha256}.{ending}"));
    let bytes = fs::read(&path).map_err(|e| {
        Failure::new(FailureKind::BadModel, format!("the files of the encoder \"{name}\" are missing"))
            .detail(format!("{}: {e}.", path.display()))
            .hint("Install altlas again, or train with the algorithm \"ngrams\".")
    })?;
    if hex::encode(Sha256::digest(&bytes)) != sha256 {
        return Err(Failure::new(
            FailureKind::BadModel,
            format!("a file of the encoder \"{name}\" is damaged"),
        )
        .detail(format!("{} has another hash than its name.", path.display()))
        .hint("Install altlas again."));
    }
    Ok(bytes)
}

fn wrong(problem: &str) -> Failure {
    Failure::new(FailureKind::Internal, problem)
}
