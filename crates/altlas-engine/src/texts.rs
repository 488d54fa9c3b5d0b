//! Models of texts: texts to tokens, runs of texts of like length, one vector a text.

use std::sync::Arc;

use altlas_prep::{Document, TextEncoder};
use altlas_proto::{DataType, Failure, FailureKind, MAX_PAYLOAD, Reply, Tensor, TensorSpec, split, texts};
use altlas_runtime::RuntimeError;
use altlas_tokens::{Batch, Encoder, Row, Tokenizer, TokensError, Vectors, complete};
use serde_json::Value;

use crate::batch::{Call, Join, Work};
use crate::connection::{Answer, missing};
use crate::models::{Model, Served, Use, Wanted};
use crate::{Digest, Engine};

/// Texts that a request may have.
const MOST_TEXTS: usize = 1 << 16;
/// Tokens that are held at a time; texts beyond are tokenised when these have run.
const BLOCK_TOKENS: usize = 1 << 20;
/// Tokens of the row that a model is tried with.
const TRIED_TOKENS: usize = 512;

/// One client's request.
pub struct Texts<'a> {
    pub engine: &'a Engine,
    /// Those that the model asks for.
    pub providers: &'a [String],
    pub given_up: &'a dyn Fn() -> bool,
    pub call: &'a Arc<Call>,
}

/// A tokenizer and a model in use, joined by a document.
struct Pair<'a> {
    wanted: Wanted,
    model: Use<'a, Model>,
    tokenizer: Use<'a, Tokenizer>,
}

impl<'a> Texts<'a> {
    /// The vectors of texts; see [`Request::Encode`](altlas_proto::Request::Encode).
    pub fn encode(
        &self,
        model: &str,
        document: &Value,
        spec: TensorSpec,
        payload: &[u8],
    ) -> Result<Answer, Failure> {
        let document = read_document(document)?;
        let pair = match self.pair(model, &document.tokenizer)? {
            Ok(pair) => pair,
            Err(needed) => return Ok(needed),
        };
        let encoder = Encoder::new(document, pair.model.signature())?;
        let tensors = split(vec![spec], payload).map_err(|e| malformed(&e.to_string()))?;
        let given =
            tensors.first().filter(|t| t.spec.dtype == DataType::String).map(|t| (t.len(), texts(&t.data)));
        let Some((count, Some(given))) = given else {
            return Err(malformed("They are no strings."));
        };
        if given.len() != count || count > MOST_TEXTS {
            return Err(malformed(&format!(
                "There are {}, described are {count}; at most {MOST_TEXTS} go in a request.",
                given.len()
            )));
        }
        let mut found = Found::of(count);
        let (mut begun, mut rows, mut held) = (0, Vec::new(), 0);
        for text in given {
            if (self.given_up)() {
                return Err(RuntimeError::Stopped.into());
            }
            let document = encoder.document();
            let row = pair.tokenizer.encode(&document.prefix, text, document.max_length)?;
            held += row.ids.len();
            rows.push(row);
            if held >= BLOCK_TOKENS {
                self.block(&pair, &encoder, begun, &rows, &mut found)?;
                begun += rows.len();
                (rows, held) = (Vec::new(), 0);
            }
        }
        self.block(&pair, &encoder, begun, &rows, &mut found)?;
        Ok(found.answer())
    }

    /// Joins a model and a tokenizer; see [`Request::DescribeEncoder`](altlas_proto::Request::DescribeEncoder).
    pub fn describe(&self, model: &str, tokenizer: &str, given: &Value) -> Result<Answer, Failure> {
        let pair = match self.pair(model, tokenizer)? {
            Ok(pair) => pair,
            Err(needed) => return Ok(needed),
        };
        let encoder = complete(given, tokenizer, &pair.tokenizer, pair.model.signature())?;
        self.try_out(&pair, &encoder)?;
        let document = Document::Tokenizer(encoder.document().clone()).to_json();
        Ok((Reply::Encoder { document }, Vec::new()))
    }

    /// Both files, or the request for one that is not there.
    fn pair(&self, model: &str, tokenizer: &str) -> Result<Result<Pair<'a>, Answer>, Failure> {
        let (wanted, words) = (self.engine.models.wanted(model, self.providers)?, Digest::parse(tokenizer)?);
        let tokenizer = match self.engine.models.tokenizer(words, self.given_up) {
            Ok(tokenizer) => tokenizer,
            Err(absent) => return missing(absent, tokenizer).map(Err),
        };
        match self.engine.models.get(&wanted, self.given_up) {
            Ok(held) => Ok(Ok(Pair { wanted, model: held, tokenizer })),
            Err(absent) => missing(absent, model).map(Err),
        }
    }

    /// Runs some of a request's texts, from number `begun` on.
    fn block(
        &self,
        pair: &Pair<'_>,
        encoder: &Encoder,
        begun: usize,
        rows: &[Row],
        found: &mut Found,
    ) -> Result<(), Failure> {
        for batch in encoder.plan(rows, pair.model.run_tokens()) {
            let vectors = self.batch(pair, encoder, rows, &batch)?;
            found.put(begun, &batch, &vectors)?;
        }
        for (row, (tokens, truncated)) in
            rows.iter().zip(found.tokens.iter_mut().zip(&mut found.truncated).skip(begun))
        {
            *tokens = i32::try_from(row.ids.len()).unwrap_or(i32::MAX);
            *truncated = u8::from(row.truncated);
        }
        Ok(())
    }

    fn batch(
        &self,
        pair: &Pair<'_>,
        encoder: &Encoder,
        rows: &[Row],
        batch: &Batch,
    ) -> Result<Vectors, Failure> {
        let inputs = encoder.tensors(rows, batch, pair.tokenizer.pad());
        let join = if encoder.masks() { Join::Padded } else { Join::Rows };
        let output = self.run(pair, inputs, join, &encoder.document().output)?;
        let lengths: Vec<usize> =
            batch.rows.iter().filter_map(|&row| rows.get(row)).map(|row| row.ids.len()).collect();
        Ok(encoder.pool(&output, &lengths)?)
    }

    /// One run of a graph on token ids, along with those of others. What fills shorter texts up is masked.
    fn run(&self, pair: &Pair<'_>, inputs: Vec<Tensor>, join: Join, output: &str) -> Result<Tensor, Failure> {
        let outputs = vec![output.to_owned()];
        pair.model.check(&inputs, &outputs)?;
        let work = Work { inputs, outputs, join };
        let served = Served { models: &self.engine.models, wanted: &pair.wanted, model: &pair.model };
        let outcome = self.engine.batches.run(self.call, pair.wanted.place, &served, work);
        let outputs = outcome.map_err(|failure| match failure {
            Failure { kind: FailureKind::BadInput, hint: None, .. } => {
                failure.hint("The tokenizer may belong to another model, or \"max_length\" be too large.")
            }
            other => other,
        })?;
        outputs.into_iter().next().ok_or_else(|| Failure::new(FailureKind::Internal, "a run gave no output"))
    }

    /// The graph must take every id of the tokenizer, and as many of them as a text may have.
    fn try_out(&self, pair: &Pair<'_>, encoder: &Encoder) -> Result<(), Failure> {
        let last = pair.tokenizer.last_id();
        let most = encoder.document().max_length.min(TRIED_TOKENS);
        for length in [1, most] {
            let row = Row { ids: vec![last; length], types: vec![0; length], truncated: false };
            let row = std::slice::from_ref(&row);
            for batch in encoder.plan(row, pair.model.run_tokens()) {
                self.batch(pair, encoder, row, &batch).map_err(|failure| {
                    if failure.kind != FailureKind::BadInput {
                        return failure;
                    }
                    let problem = match length {
                        1 => format!("it does not take the tokenizer's ids, which go up to {last}"),
                        _ => format!(
                            "it does not take {length} tokens at a time; give a smaller \"max_length\""
                        ),
                    };
                    Failure { detail: failure.detail, ..Failure::new(FailureKind::BadModel, problem) }
                })?;
            }
        }
        Ok(())
    }
}

/// The vectors of a request, in the order of its texts.
struct Found {
    count: usize,
    width: usize,
    values: Vec<f32>,
    tokens: Vec<i32>,
    truncated: Vec<u8>,
}

impl Found {
    fn of(count: usize) -> Self {
        Self { count, width: 0, values: Vec::new(), tokens: vec![0; count], truncated: vec![0; count] }
    }

    fn put(&mut self, begun: usize, batch: &Batch, vectors: &Vectors) -> Result<(), Failure> {
        let width = vectors.width;
        if self.values.is_empty() {
            let size = self.count.saturating_mul(width).saturating_mul(size_of::<f32>());
            if size > MAX_PAYLOAD as usize {
                return Err(Failure::new(FailureKind::Resources, "the answer is too large")
                    .detail(format!("{} vectors of {width} numbers.", self.count))
                    .hint("Send fewer texts at a time."));
            }
            self.width = width;
            self.values = vec![0.0; self.count * width];
        }
        for (row, vector) in batch.rows.iter().zip(vectors.values.chunks_exact(width)) {
            let at = (begun + row) * self.width;
            match self.values.get_mut(at..at + self.width) {
                Some(place) if width == self.width => place.copy_from_slice(vector),
                _ => {
                    return Err(Failure::new(
                        FailureKind::BadModel,
                        "the model gives vectors of different width for different texts",
                    ));
                }
            }
        }
        Ok(())
    }

    fn answer(self) -> Answer {
        let tensors = [
            Tensor::f32("vector", &[self.count, self.width], &self.values),
            Tensor::i32("tokens", &[self.count], &self.tokens),
            Tensor::new("truncated", DataType::Bool, &[self.count], self.truncated),
        ];
        let (outputs, parts) = tensors.into_iter().map(|t| (t.spec, t.data)).unzip();
        (Reply::Outputs { outputs }, parts)
    }
}

fn read_document(document: &Value) -> Result<TextEncoder, Failure> {
    match Document::from_value(document).map_err(TokensError::from)? {
        Document::Tokenizer(encoder) => Ok(encoder),
        _ => Err(Failure::new(FailureKind::BadParameter, "the document is not of kind tokenizer")),
    }
}

fn malformed(detail: &str) -> Failure {
    Failure::new(FailureKind::BadInput, "the texts are not what their description says").detail(detail)
}
