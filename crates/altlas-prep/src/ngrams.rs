//! Texts to weighted buckets of word and character n-grams.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{PrepError, fold};

const MAX_BUCKETS: u32 = 1 << 22;
const MAX_TERMS: usize = 1 << 16;
const MAX_N: usize = 8;
const MAX_GROUPS: usize = 8;
/// Keys hashed between two calls of `tick`.
const TICK_EVERY: usize = 1 << 17;
/// Keys gathered before they are counted in a table of all buckets; shorter texts are sorted.
const SORTED_KEYS: usize = 1 << 16;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// How a text is folded first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// Case, diacritics and the dotless i do not matter.
    AsciiTr,
    /// The text as it is.
    None,
}

/// What an n-gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Code points within a padded word.
    Char,
    /// Words.
    Word,
}

/// A range of n-gram lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ngram {
    /// What it counts in.
    pub unit: Unit,
    /// The shortest length, 1 or more.
    pub min: usize,
    /// The longest length, at most 8.
    pub max: usize,
}

/// A checked `text_ngrams` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextNgrams {
    fold: Fold,
    buckets: u32,
    max_terms: usize,
    ngrams: Vec<Ngram>,
}

/// Two tensors `[rows, length]` in row-major order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Terms {
    /// Texts.
    pub rows: usize,
    /// Terms of the longest row, at least 1.
    pub length: usize,
    /// Bucket numbers from 1, ascending; 0 pads.
    pub term: Vec<i64>,
    /// Weights; 0 pads.
    pub weight: Vec<f32>,
}

impl TextNgrams {
    /// Checks the parts of a document.
    pub fn new(fold: Fold, buckets: u32, max_terms: usize, ngrams: Vec<Ngram>) -> Result<Self, PrepError> {
        let check = |good: bool, place: &str, problem: String| {
            if good { Ok(()) } else { Err(PrepError::invalid(place, problem)) }
        };
        check((1..=MAX_BUCKETS).contains(&buckets), "buckets", format!("must be 1 to {MAX_BUCKETS}"))?;
        check((1..=MAX_TERMS).contains(&max_terms), "max_terms", format!("must be 1 to {MAX_TERMS}"))?;
        let groups = format!("must have 1 to {MAX_GROUPS} entries");
        check((1..=MAX_GROUPS).contains(&ngrams.len()), "ngrams", groups)?;
        let mut lengths = HashSet::new();
        for (i, ngram) in ngrams.iter().enumerate() {
            let good = ngram.min >= 1 && ngram.min <= ngram.max && ngram.max <= MAX_N;
            check(good, &format!("ngrams[{i}]"), format!("needs 1 <= min <= max <= {MAX_N}"))?;
            let fresh = (ngram.min..=ngram.max).all(|n| lengths.insert((ngram.unit, n)));
            check(fresh, &format!("ngrams[{i}]"), "names a length for a second time".to_owned())?;
        }
        Ok(Self { fold, buckets, max_terms, ngrams })
    }

    /// How a text is folded.
    pub fn fold(&self) -> Fold {
        self.fold
    }

    /// The number of buckets.
    pub fn buckets(&self) -> u32 {
        self.buckets
    }

    /// The most terms kept of a text.
    pub fn max_terms(&self) -> usize {
        self.max_terms
    }

    /// The ranges of n-grams.
    pub fn ngrams(&self) -> &[Ngram] {
        &self.ngrams
    }

    /// The terms of texts. `tick` is called for each text, and often within a long one.
    pub fn apply(&self, texts: &[&str], tick: &dyn Fn()) -> Result<Terms, PrepError> {
        let rows: Vec<Vec<(u32, f32)>> = texts
            .iter()
            .map(|text| {
                tick();
                self.terms(text, tick)
            })
            .collect();
        let length = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let size = rows
            .len()
            .checked_mul(length)
            .filter(|&size| size <= isize::MAX as usize / size_of::<i64>())
            .ok_or(PrepError::TooLarge { rows: rows.len(), width: length })?;
        let mut terms = Terms {
            rows: rows.len(),
            length,
            term: Vec::with_capacity(size),
            weight: Vec::with_capacity(size),
        };
        for row in &rows {
            terms.term.extend(row.iter().map(|&(bucket, _)| i64::from(bucket)));
            terms.weight.extend(row.iter().map(|&(_, weight)| weight));
            let padding = length - row.len();
            terms.term.extend(std::iter::repeat_n(0, padding));
            terms.weight.extend(std::iter::repeat_n(0.0, padding));
        }
        Ok(terms)
    }

    /// Ascending buckets of one text, from 1, with their weights.
    pub(crate) fn terms(&self, text: &str, tick: &dyn Fn()) -> Vec<(u32, f32)> {
        let folded;
        let text = match self.fold {
            Fold::None => text,
            Fold::AsciiTr => {
                folded = fold::ascii_tr(text, tick);
                folded.as_str()
            }
        };
        let words = words(text);
        let mut counter = Counter::new(self.buckets, tick);
        for ngram in &self.ngrams {
            match ngram.unit {
                Unit::Word => word_ngrams(&words, ngram, &mut counter),
                Unit::Char => char_ngrams(&words, ngram, &mut counter),
            }
        }
        let mut counts = counter.finish();
        if counts.len() > self.max_terms {
            counts.sort_unstable_by_key(|&(bucket, count)| (std::cmp::Reverse(count), bucket));
            counts.truncate(self.max_terms);
            counts.sort_unstable();
        }
        let weights: Vec<f64> = counts.iter().map(|&(_, count)| 1.0 + (count as f64).ln()).collect();
        let norm = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        counts.iter().zip(weights).map(|(&(bucket, _), w)| (bucket, (w / norm) as f32)).collect()
    }
}

/// Runs of alphanumeric code points, and each other code point that is not white space.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            words.extend(text.get(start..at));
        }
        if !c.is_whitespace() {
            words.extend(text.get(at..at + c.len_utf8()));
        }
    }
    words.extend(start.and_then(|start| text.get(start..)));
    words
}

fn word_ngrams(words: &[&str], ngram: &Ngram, counter: &mut Counter<'_>) {
    for start in 0..words.len() {
        let mut hash = fnv(FNV_OFFSET, b"w");
        for (i, word) in words.iter().skip(start).take(ngram.max).enumerate() {
            if i > 0 {
                hash = fnv(hash, b" ");
            }
            hash = fnv(hash, word.as_bytes());
            if i + 1 >= ngram.min {
                counter.add(hash);
            }
        }
    }
}

fn char_ngrams(words: &[&str], ngram: &Ngram, counter: &mut Counter<'_>) {
    let mut padded = Vec::new();
    for word in words {
        padded.clear();
        padded.push(' ');
        padded.extend(word.chars());
        padded.push(' ');
        for start in 0..padded.len() {
            let mut hash = fnv(FNV_OFFSET, b"c");
            for (i, c) in padded.iter().skip(start).take(ngram.max).enumerate() {
                hash = fnv(hash, c.encode_utf8(&mut [0; 4]).as_bytes());
                if i + 1 >= ngram.min {
                    counter.add(hash);
                }
            }
        }
    }
}

/// Counts keys by bucket in time linear in their number and memory bounded by the number of buckets.
struct Counter<'a> {
    buckets: u32,
    recent: Vec<u32>,
    /// Empty until `recent` has been full once.
    counts: Vec<u64>,
    keys: usize,
    tick: &'a dyn Fn(),
}

impl<'a> Counter<'a> {
    fn new(buckets: u32, tick: &'a dyn Fn()) -> Self {
        Self { buckets, recent: Vec::new(), counts: Vec::new(), keys: 0, tick }
    }

    fn add(&mut self, hash: u64) {
        // The remainder is below `buckets`, a u32.
        self.recent.push((hash % u64::from(self.buckets)) as u32);
        if self.recent.len() >= SORTED_KEYS {
            self.spill();
        }
        self.keys += 1;
        if self.keys.is_multiple_of(TICK_EVERY) {
            (self.tick)();
        }
    }

    fn spill(&mut self) {
        if self.counts.is_empty() {
            self.counts = vec![0; self.buckets as usize];
        }
        for bucket in self.recent.drain(..) {
            if let Some(count) = self.counts.get_mut(bucket as usize) {
                *count += 1;
            }
        }
    }

    /// Buckets numbered from 1, ascending, with their counts.
    fn finish(mut self) -> Vec<(u32, u64)> {
        if self.counts.is_empty() {
            self.recent.sort_unstable();
            let runs = self.recent.chunk_by(|a, b| a == b);
            return runs.filter_map(|run| Some((run.first()? + 1, run.len() as u64))).collect();
        }
        self.spill();
        (1..).zip(self.counts).filter(|&(_, count)| count > 0).collect()
    }
}

/// FNV-1a, 64 bit (Fowler, Noll, Vo), continued from `hash`.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}
