use std::collections::BTreeMap;

use crate::codec::{Reader, Writer};
use crate::{Counts, Histogram, Numeric, StatsError};

const TAG: u8 = b'M';
const BATCH_TAG: u8 = b'B';
const VERSION: u8 = 1;
/// Features kept, from the first; the rest is not watched.
pub const MOST_FEATURES: usize = 256;
/// Classes whose probabilities are kept; models with more have none.
pub const MOST_CLASSES: usize = 16;
/// Different error codes kept.
const MOST_CODES: usize = 32;
/// Bins that the summaries of one model may take together, about 200 kB; when they are used up, values are no longer sampled.
const MOST_BINS: usize = 16_384;
const MOST_MODELS: usize = 4096;
const LONGEST_NAME: usize = 256;
const LONGEST_CODE: usize = 32;

/// Which version of which bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `name/version`, or a built-in model's name.
    pub model_version: String,
    /// SHA-256 of the graph, in hex: a number may come again after a version was dropped.
    pub sha256: String,
}

/// What a model answered for a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The number it gave; none where that is the class.
    pub value: Option<f64>,
    /// The class.
    pub label: Option<&'a str>,
    /// Probabilities by class.
    pub proba: &'a [f64],
}

/// What one model version was asked and answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelStats {
    /// Calls, the failed ones too.
    pub calls: u64,
    /// Rows scored.
    pub rows: u64,
    /// Failed calls by SQLSTATE, or whatever names the kind.
    pub errors: BTreeMap<String, u64>,
    /// Durations of calls in nanoseconds.
    pub latency: Histogram,
    /// Rows that were run together.
    pub batches: Histogram,
    /// The last call, in microseconds since 1970-01-01 UTC; 0 of none.
    pub last_us: i64,
    /// The model's inputs, by position.
    pub features: Vec<Numeric>,
    /// The numbers it gave.
    pub score: Numeric,
    /// The probabilities it gave, by class.
    pub proba: Vec<Numeric>,
    /// The classes it gave.
    pub labels: Counts,
}

impl ModelStats {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.calls == 0 && self.rows == 0 && self.errors.is_empty()
    }

    /// Counts a failed call.
    pub fn failed(&mut self, code: &str) {
        self.calls += 1;
        self.error(code);
    }

    /// Counts an error of a call that was counted already.
    pub fn error(&mut self, code: &str) {
        if let Some(count) = self.errors.get_mut(code) {
            *count += 1;
        } else if self.errors.len() < MOST_CODES && code.len() <= LONGEST_CODE {
            self.errors.insert(code.to_owned(), 1);
        } else {
            *self.errors.entry("other".to_owned()).or_default() += 1;
        }
    }

    /// Takes in a row's inputs and its answer, which stand for `weight` rows.
    pub fn sample(&mut self, inputs: impl IntoIterator<Item = f64>, answer: &Answer<'_>, weight: u64) {
        if let Some(label) = answer.label {
            self.labels.add(label, weight);
        }
        if self.bins() >= MOST_BINS {
            return;
        }
        for (n, value) in inputs.into_iter().take(MOST_FEATURES).enumerate() {
            if n == self.features.len() {
                self.features.push(Numeric::default());
            }
            if let Some(feature) = self.features.get_mut(n) {
                feature.add(value, weight);
            }
        }
        if let Some(value) = answer.value {
            self.score.add(value, weight);
        }
        if answer.proba.len() <= MOST_CLASSES {
            if self.proba.len() < answer.proba.len() {
                self.proba.resize(answer.proba.len(), Numeric::default());
            }
            for (class, value) in self.proba.iter_mut().zip(answer.proba) {
                class.add(*value, weight);
            }
        }
    }

    /// Adds what another summary of the same version holds.
    pub fn merge(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.rows = self.rows.saturating_add(other.rows);
        for (code, count) in &other.errors {
            let own = self.errors.entry(code.clone()).or_default();
            *own = own.saturating_add(*count);
        }
        self.latency.merge(&other.latency);
        self.batches.merge(&other.batches);
        self.last_us = self.last_us.max(other.last_us);
        merge_each(&mut self.features, &other.features);
        self.score.merge(&other.score);
        merge_each(&mut self.proba, &other.proba);
        self.labels.merge(&other.labels);
    }

    fn bins(&self) -> usize {
        self.features.iter().chain([&self.score]).chain(&self.proba).map(Numeric::bins).sum()
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        (self.calls, self.rows, self.last_us) = (0, 0, 0);
        self.errors.clear();
        self.latency.clear();
        self.batches.clear();
        self.labels.clear();
        self.features.iter_mut().chain([&mut self.score]).chain(&mut self.proba).for_each(Numeric::clear);
    }

    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::tagged(TAG, VERSION);
        to.u64(self.calls);
        to.u64(self.rows);
        to.i64(self.last_us);
        to.u64(self.errors.len() as u64);
        for (code, count) in &self.errors {
            to.bytes(code.as_bytes());
            to.u64(*count);
        }
        to.bytes(&self.latency.encode());
        to.bytes(&self.batches.encode());
        to.bytes(&self.score.encode());
        to.bytes(&self.labels.encode());
        for several in [&self.features, &self.proba] {
            to.u64(several.len() as u64);
            several.iter().for_each(|one| to.bytes(&one.encode()));
        }
        to.0
    }

    /// A state from its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut from = Reader::tagged(bytes, TAG, VERSION, "summary of a model")?;
        let mut read =
            Self { calls: from.u64()?, rows: from.u64()?, last_us: from.i64()?, ..Self::default() };
        // One code more than are kept apart: the rest.
        for _ in 0..from.len(2 * MOST_CODES, "it has too many error codes")? {
            let code = from.text(LONGEST_CODE)?.to_owned();
            read.errors.insert(code, from.u64()?);
        }
        read.latency = Histogram::decode(from.bytes()?)?;
        read.batches = Histogram::decode(from.bytes()?)?;
        read.score = Numeric::decode(from.bytes()?)?;
        read.labels = Counts::decode(from.bytes()?)?;
        let mut several = |most, what| -> Result<Vec<Numeric>, StatsError> {
            (0..from.len(most, what)?).map(|_| Numeric::decode(from.bytes()?)).collect()
        };
        read.features = several(MOST_FEATURES, "it has too many features")?;
        read.proba = several(MOST_CLASSES, "it has too many classes")?;
        from.end()?;
        Ok(read)
    }
}

fn merge_each(own: &mut Vec<Numeric>, others: &[Numeric]) {
    if own.len() < others.len() {
        own.resize(others.len(), Numeric::default());
    }
    for (own, other) in own.iter_mut().zip(others) {
        own.merge(other);
    }
}

/// Several models' states as one piece: a file, or the payload of a frame.
pub fn encode_batch<'a>(models: impl IntoIterator<Item = (&'a Key, &'a ModelStats)>) -> Vec<u8> {
    let mut to = Writer::tagged(BATCH_TAG, VERSION);
    let models: Vec<_> = models.into_iter().take(MOST_MODELS).collect();
    to.u64(models.len() as u64);
    for (key, stats) in models {
        to.bytes(key.model_version.as_bytes());
        to.bytes(key.sha256.as_bytes());
        to.bytes(&stats.encode());
    }
    to.0
}

/// The states in a piece.
pub fn decode_batch(bytes: &[u8]) -> Result<Vec<(Key, ModelStats)>, StatsError> {
    let mut from = Reader::tagged(bytes, BATCH_TAG, VERSION, "batch of summaries")?;
    let models = (0..from.len(MOST_MODELS, "it has too many models")?)
        .map(|_| {
            let key = Key {
                model_version: from.text(LONGEST_NAME)?.to_owned(),
                sha256: from.text(LONGEST_NAME)?.to_owned(),
            };
            if key.model_version.contains('\0') || key.sha256.contains('\0') {
                return Err(StatsError::Damaged { what: "a name has a zero byte" });
            }
            Ok((key, ModelStats::decode(from.bytes()?)?))
        })
        .collect::<Result<_, _>>()?;
    from.end()?;
    Ok(models)
}
