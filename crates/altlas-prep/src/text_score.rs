//! Free text in a row: numbers that linear models of its n-grams give.

use serde::{Deserialize, Serialize};

use crate::{Fold, Ngram, PrepError, TextNgrams};

/// Code points of a text that count: a row must be scored in bounded time, and what a text is about stands at its beginning.
const MAX_CODE_POINTS: usize = 16_384;
const MAX_BUCKETS: u32 = 1 << 16;
const MAX_SCORES: usize = 64;

/// The step `text_score` of a `tabular` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextScore {
    /// Column of type text.
    pub column: String,
    /// How a text is folded; this and the next three as in a document of kind `text_ngrams`.
    pub fold: Fold,
    /// The number of buckets.
    pub buckets: u32,
    /// The most terms kept of a text.
    pub max_terms: usize,
    /// The ranges of n-grams.
    pub ngrams: Vec<Ngram>,
    /// Added to each score.
    pub intercepts: Vec<f64>,
    /// For each score one number a bucket.
    pub weights: Vec<Vec<f64>>,
}

/// The step, ready to be applied.
#[derive(Debug, Clone)]
pub(crate) struct TextScorer {
    ngrams: TextNgrams,
    intercepts: Vec<f64>,
    weights: Vec<Vec<f64>>,
}

impl TextScorer {
    pub(crate) fn new(step: &TextScore, place: &str) -> Result<Self, PrepError> {
        let within = |e: PrepError| match e {
            PrepError::Invalid { place: inner, problem } => {
                PrepError::invalid(format!("{place}.{inner}"), problem)
            }
            other => other,
        };
        let check = |good: bool, key: &str, problem: String| {
            if good { Ok(()) } else { Err(PrepError::invalid(format!("{place}.{key}"), problem)) }
        };
        check(step.buckets <= MAX_BUCKETS, "buckets", format!("must be at most {MAX_BUCKETS}"))?;
        let ngrams =
            TextNgrams::new(step.fold, step.buckets, step.max_terms, step.ngrams.clone()).map_err(within)?;
        let scores = step.intercepts.len();
        check((1..=MAX_SCORES).contains(&scores), "intercepts", format!("must be 1 to {MAX_SCORES}"))?;
        let full =
            step.weights.len() == scores && step.weights.iter().all(|w| w.len() == step.buckets as usize);
        check(full, "weights", format!("must be {scores} times {} numbers", step.buckets))?;
        Ok(Self { ngrams, intercepts: step.intercepts.clone(), weights: step.weights.clone() })
    }

    pub(crate) fn width(&self) -> usize {
        self.intercepts.len()
    }

    /// Appends the scores of a text.
    pub(crate) fn push(&self, text: &str, values: &mut Vec<f32>) {
        let terms = self.ngrams.terms(beginning(text), &|| ());
        for (intercept, weights) in self.intercepts.iter().zip(&self.weights) {
            let weight = |bucket: u32| weights.get(bucket as usize - 1).copied().unwrap_or(0.0);
            let sum: f64 = terms.iter().map(|&(bucket, value)| weight(bucket) * f64::from(value)).sum();
            values.push((intercept + sum) as f32);
        }
    }
}

impl TextScore {
    /// What is learned from: the terms of each text as far as it counts, buckets from 1.
    pub fn terms<'a>(
        ngrams: &'a TextNgrams,
        texts: impl Iterator<Item = &'a str> + 'a,
    ) -> impl Iterator<Item = Vec<(u32, f32)>> + 'a {
        texts.map(|text| ngrams.terms(beginning(text), &|| ()))
    }
}

/// The part of a text that counts.
fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CODE_POINTS).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
