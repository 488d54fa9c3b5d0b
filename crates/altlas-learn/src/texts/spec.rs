//! What to train on texts: parsed once from JSON, valid by type afterwards.

use std::collections::BTreeMap;

use altlas_prep::{Embedding, Ngram, Unit};
use serde::Deserialize;
use serde_json::Value;

use crate::LearnError;
use crate::spec::check;
use crate::untargeted::spec::is_of;

/// The task's name in SQL and in manifests.
pub(crate) const TASK: &str = "text_classification";
/// The strengths that cross-validation tries, ascending.
const STRENGTHS: [f64; 7] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0];
const AVAILABLE: &str = "auto, encoder, ngrams, linear (another name of ngrams)";
/// Rows beyond which `auto` leaves the encoder out: vectors of so many texts take minutes.
pub(crate) const MOST_ENCODED: usize = 100_000;

/// What features are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextAlgorithm {
    /// Vectors by an encoder and n-grams; n-grams alone where there is no encoder, or too many rows.
    Auto,
    /// Vectors by an encoder.
    Encoder,
    /// N-grams.
    Ngrams,
}

/// How much the rows of a class count.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// `"none"`: each row as 1; `"balanced"`: each class as much as any other.
    Named(NamedWeights),
    /// By label; labels that are not named count as 1.
    Each(BTreeMap<String, f64>),
}

/// Class weights that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedWeights {
    /// Each row as 1.
    None,
    /// Each class as much as any other.
    Balanced,
}

/// Hyperparameters of the n-gram classifier.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NgramParams {
    /// Weight of the sum of log losses beside half the squared coefficients; found by cross-validation when absent.
    pub c: Option<f64>,
    /// Buckets of hashed n-grams; by the number of different ones when absent.
    pub buckets: Option<u32>,
    /// The n-grams.
    pub ngrams: Vec<Ngram>,
    /// The most passes over the rows.
    pub max_iter: u32,
}

impl Default for NgramParams {
    fn default() -> Self {
        let ngrams =
            vec![Ngram { unit: Unit::Char, min: 2, max: 5 }, Ngram { unit: Unit::Word, min: 1, max: 2 }];
        Self { c: None, buckets: None, ngrams, max_iter: 60 }
    }
}

/// How the rows are split.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextValidation {
    /// Share of the rows in the test part, 0.05 to 0.4.
    pub fraction: f64,
    /// Folds of the cross-validation, 2 to 20.
    pub folds: usize,
    /// Whether the model is fitted again on all rows once it has been measured on the test part.
    pub refit: bool,
}

impl Default for TextValidation {
    fn default() -> Self {
        Self { fraction: 0.15, folds: 5, refit: true }
    }
}

/// Options of training on texts.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextOptions {
    /// The column that holds the texts; the only one when absent.
    pub text: Option<String>,
    /// The label of rows that belong to no class.
    pub out_of_scope: Option<String>,
    /// How much the rows of a class count.
    pub class_weights: Option<ClassWeights>,
    /// The most that rejection may withhold of the right answers, as a share; 0 rejects nothing.
    pub max_withheld: Option<f64>,
    /// Hyperparameters.
    pub hyperparams: NgramParams,
    /// How the rows are split.
    pub validation: TextValidation,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Seconds after which no further strength is tried.
    pub budget_s: Option<f64>,
}

/// The JSON form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "task")]
    _task: String,
    target: String,
    #[serde(default)]
    algorithm: Option<String>,
    #[serde(default)]
    encoder: Option<Value>,
    #[serde(default)]
    options: TextOptions,
    #[serde(default)]
    threads: Option<u32>,
    #[serde(default)]
    memory_bytes: u64,
}

/// What to train on texts, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct TextSpec {
    /// The column of labels.
    pub target: String,
    /// What features are made of.
    pub algorithm: TextAlgorithm,
    /// The encoder that may be used.
    pub encoder: Option<Embedding>,
    /// Everything else.
    pub options: TextOptions,
    /// Threads that cross-validation may use.
    pub threads: u32,
    /// Bytes that training may take; 0 for no limit.
    pub memory_bytes: u64,
}

impl TextSpec {
    /// Whether a specification is one of this kind.
    pub(crate) fn is_meant(value: &Value) -> bool {
        is_of(value, TASK)
    }

    /// Reads `{"task", "target", "algorithm", "encoder", "options", "threads", "memory_bytes"}`; all but the first two may be missing.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let raw = Raw::deserialize(value).map_err(|e| LearnError::Options(e.to_string()))?;
        let algorithm = match raw.algorithm.as_deref().unwrap_or("auto") {
            "auto" => TextAlgorithm::Auto,
            "encoder" => TextAlgorithm::Encoder,
            "ngrams" | "linear" => TextAlgorithm::Ngrams,
            other => {
                return Err(LearnError::UnknownAlgorithm {
                    name: other.to_owned(),
                    available: format!("{AVAILABLE} for task \"{TASK}\""),
                });
            }
        };
        let encoder = raw.encoder.as_ref().map(Embedding::from_value).transpose()?;
        if algorithm == TextAlgorithm::Encoder && encoder.is_none() {
            return Err(LearnError::Options("algorithm \"encoder\" needs one".to_owned()));
        }
        let threads = raw.threads.unwrap_or(1);
        if !(1..=1024).contains(&threads) {
            return Err(LearnError::option("threads", "must be 1 to 1024"));
        }
        raw.options.check()?;
        Ok(Self {
            target: raw.target,
            algorithm,
            encoder,
            options: raw.options,
            threads,
            memory_bytes: raw.memory_bytes,
        })
    }

    /// The encoder to be used on so many rows, and whether n-grams are.
    pub(crate) fn features(&self, rows: usize) -> (Option<&Embedding>, bool) {
        let encoder = self.encoder.as_ref();
        match self.algorithm {
            TextAlgorithm::Auto => (encoder.filter(|_| rows <= MOST_ENCODED), true),
            TextAlgorithm::Encoder => (encoder, false),
            TextAlgorithm::Ngrams => (None, true),
        }
    }

    /// The strengths to try, ascending.
    pub(crate) fn strengths(&self) -> Vec<f64> {
        self.options.hyperparams.c.map_or_else(|| STRENGTHS.to_vec(), |c| vec![c])
    }
}

impl TextOptions {
    fn check(&self) -> Result<(), LearnError> {
        let positive = |x: f64| x > 0.0 && x <= 1e6;
        let h = &self.hyperparams;
        check(h.c.is_none_or(positive), "hyperparams.c", "must be above 0 and at most 1000000")?;
        let buckets = h.buckets.is_none_or(|b| (1 << 8..=1 << 20).contains(&b));
        check(buckets, "hyperparams.buckets", "must be 256 to 1048576")?;
        check((1..=1000).contains(&h.max_iter), "hyperparams.max_iter", "must be 1 to 1000")?;
        let v = &self.validation;
        check((0.05..=0.4).contains(&v.fraction), "validation.fraction", "must be 0.05 to 0.4")?;
        check((2..=20).contains(&v.folds), "validation.folds", "must be 2 to 20")?;
        let withheld = self.max_withheld.is_none_or(|w| (0.0..=0.5).contains(&w));
        check(withheld, "max_withheld", "must be 0 to 0.5")?;
        if let Some(ClassWeights::Each(weights)) = &self.class_weights {
            check(
                weights.values().all(|w| positive(*w)),
                "class_weights",
                "must be above 0 and at most 1000000",
            )?;
        }
        check(self.budget_s.is_none_or(positive), "budget_s", "must be above 0 and at most 1000000")
    }
}
