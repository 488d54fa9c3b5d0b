//! Models of texts: texts to tokens, runs of texts of like length, one vector a text or one a token.

use std::ops::Range;
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
        let mut found = Found::default();
        let (mut rows, mut held) = (Vec::new(), 0);
        for text in given {
            if (self.given_up)() {
                return Err(RuntimeError::Stopped.into());
            }
            let document = encoder.document();
            let row = match encoder.keeps_tokens() {
                true => pair.tokenizer.places(&document.prefix, text, document.max_length),
                false => pair.tokenizer.encode(&document.prefix, text, document.max_length),
            }?;
            held += row.ids.len();
            rows.push(row);
            if held >= BLOCK_TOKENS {
                self.block(&pair, &encoder, &rows, &mut found)?;
                (rows, held) = (Vec::new(), 0);
            }
        }
        self.block(&pair, &encoder, &rows, &mut found)?;
        Ok(found.answer(encoder.keeps_tokens()))
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

    /// Runs the next of a request's texts.
    fn block(
        &self,
        pair: &Pair<'_>,
        encoder: &Encoder,
        rows: &[Row],
        found: &mut Found,
    ) -> Result<(), Failure> {
        let places = found.announce(encoder, rows);
        for batch in encoder.plan(rows, pair.model.run_tokens()) {
            let vectors = self.batch(pair, encoder, rows, &batch)?;
            found.put(&places, &batch, &vectors)?;
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
            let (ids, types) = (vec![last; length], vec![0; length]);
            let row = Row { ids, types, places: Vec::new(), truncated: false };
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
#[derive(Default)]
struct Found {
    /// Vectors of the texts so far.
    count: usize,
    width: usize,
    values: Vec<f32>,
    tokens: Vec<i32>,
    truncated: Vec<u8>,
    places: Vec<i32>,
}

impl Found {
    /// Notes texts that are about to run, and gives each one's vectors: from and up to which.
    fn announce(&mut self, encoder: &Encoder, rows: &[Row]) -> Vec<Range<usize>> {
        let place = |row: &Row| {
            let begin = self.count;
            self.count += encoder.vectors(row.ids.len());
            self.tokens.push(i32::try_from(row.ids.len()).unwrap_or(i32::MAX));
            self.truncated.push(u8::from(row.truncated));
            let both = row.places.iter().flat_map(|&(start, end)| [start, end]);
            self.places.extend(both.map(|place| i32::try_from(place).unwrap_or(i32::MAX)));
            begin..self.count
        };
        rows.iter().map(place).collect()
    }

    fn put(&mut self, places: &[Range<usize>], batch: &Batch, vectors: &Vectors) -> Result<(), Failure> {
        let width = vectors.width;
        self.make_room(width)?;
        let mut given = vectors.values.as_slice();
        for place in batch.rows.iter().filter_map(|&row| places.get(row)) {
            let parts = given.split_at_checked(place.len() * width);
            let into = self.values.get_mut(place.start * width..place.end * width);
            let (Some((own, rest)), Some(into)) = (parts, into) else {
                return Err(Failure::new(FailureKind::Internal, "a run gave too few vectors"));
            };
            into.copy_from_slice(own);
            given = rest;
        }
        Ok(())
    }

    /// Room for the vectors of all announced texts.
    fn make_room(&mut self, width: usize) -> Result<(), Failure> {
        if self.width == 0 {
            self.width = width;
        }
        if self.width != width {
            return Err(Failure::new(
                FailureKind::BadModel,
                "the model gives vectors of different width for different texts",
            ));
        }
        let size = self.count.saturating_mul(width).saturating_mul(size_of::<f32>());
        if size > MAX_PAYLOAD as usize {
            return Err(Failure::new(FailureKind::Resources, "the answer is too large")
                .detail(format!("{} vectors of {width} numbers.", self.count))
                .hint("Send fewer texts at a time."));
        }
        self.values.resize(self.count * width, 0.0);
        Ok(())
    }

    fn answer(self, places: bool) -> Answer {
        let texts = self.tokens.len();
        let mut tensors = vec![
            Tensor::f32("vector", &[self.count, self.width], &self.values),
            Tensor::i32("tokens", &[texts], &self.tokens),
            Tensor::new("truncated", DataType::Bool, &[texts], self.truncated),
        ];
        if places {
            tensors.push(Tensor::i32("place", &[self.count, 2], &self.places));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_must_fit_a_frame_and_have_one_width() {
        let mut found = Found { count: 3, ..Found::default() };
        assert!(found.make_room(8).is_ok() && found.values.len() == 24);
        assert_eq!(found.make_room(7).unwrap_err().kind, FailureKind::BadModel);
        found.count = MAX_PAYLOAD as usize / 32 + 1;
        assert_eq!(found.make_room(8).unwrap_err().kind, FailureKind::Resources);
    }
}
