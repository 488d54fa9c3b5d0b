//! Texts as rows of n-grams, weighted by how rare they are, and of the numbers of their vectors.
#![allow(clippy::indexing_slicing)] // Offsets are those of the rows pushed before; buckets are below their number.

use altlas_prep::{Fold, TextNgrams};

use super::spec::NgramParams;
use super::vectors::{Scaling, Vectors};
use crate::LearnError;

/// Buckets that different n-grams are counted in.
const COUNTED: u32 = 1 << 20;
const MIN_BUCKETS: u32 = 1 << 10;
const MAX_BUCKETS: u32 = 1 << 18;
/// The most numbers of a graph's table: 128 MiB.
const MAX_WEIGHTS: usize = 1 << 25;
/// N-grams kept of a text.
const MAX_TERMS: usize = 1024;
/// Texts between two calls of `tick`.
const TICK_EVERY: usize = 1000;
/// The bucket has no feature.
const UNSEEN: u32 = u32::MAX;

/// Rows: sparse, and after that dense, features. Feature 0 is 1 in each: the intercept.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    starts: Vec<usize>,
    features: Vec<u32>,
    values: Vec<f32>,
    /// Dense values, row by row, and how many a row has.
    dense: Vec<f32>,
    width: usize,
    /// The number of the first dense feature.
    first: usize,
}

/// The features of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    features: &'a [u32],
    values: &'a [f32],
    dense: &'a [f32],
    first: usize,
}

impl<'a> Row<'a> {
    /// The sum of the squared values.
    pub(crate) fn squares(self) -> f32 {
        self.values.iter().chain(self.dense).map(|v| v * v).sum()
    }

    /// Numbers and values of the features.
    pub(crate) fn terms(self) -> impl Iterator<Item = (usize, f32)> + 'a {
        let sparse = self.features.iter().map(|f| *f as usize).zip(self.values.iter().copied());
        sparse.chain((self.first..).zip(self.dense.iter().copied()))
    }
}

impl Rows {
    fn push(&mut self, row: impl Iterator<Item = (u32, f32)>) {
        for (feature, value) in std::iter::once((0, 1.0)).chain(row) {
            self.features.push(feature);
            self.values.push(value);
        }
        self.starts.push(self.features.len());
    }

    /// The features of a row.
    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        let (from, to) = (self.starts[row], self.starts[row + 1]);
        let dense = &self.dense[row * self.width..(row + 1) * self.width];
        Row { features: &self.features[from..to], values: &self.values[from..to], dense, first: self.first }
    }

    /// Bytes that they take.
    pub(crate) fn bytes(&self) -> u64 {
        (self.values.len() * 8 + self.dense.len() * 4 + self.starts.len() * 8) as u64
    }
}

/// What features are: made of the training part.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// Of n-grams; without it there are none.
    pub(crate) document: Option<TextNgrams>,
    /// Of each bucket its feature.
    feature: Vec<u32>,
    /// Of each sparse feature its bucket, and what its weight is multiplied with.
    buckets: Vec<(u32, f32)>,
    /// How the numbers of vectors become dense features.
    scaling: Option<Scaling>,
}

impl Vocabulary {
    /// No features but the intercept.
    pub(crate) fn empty() -> Self {
        Self { document: None, feature: Vec::new(), buckets: vec![(0, 1.0)], scaling: None }
    }

    /// Adds the numbers of vectors, scaled.
    pub(crate) fn with_vectors(self, scaling: Scaling) -> Self {
        Self { scaling: Some(scaling), ..self }
    }

    /// Learns which n-grams there are and how rare. Each weight is multiplied with 1 + ln((1 + n) / (1 + df)) (inverse document
    /// frequency, smoothed), and all of them with one number that makes the mean squared length of the rows 1.
    pub(crate) fn new(
        params: &NgramParams,
        texts: &[&str],
        outputs: usize,
        tick: &mut dyn FnMut(usize),
    ) -> Result<Self, LearnError> {
        let fold = Fold::AsciiTr;
        let document = |buckets| TextNgrams::new(fold, buckets, MAX_TERMS, params.ngrams.clone());
        let most = u32::try_from(MAX_WEIGHTS / outputs).unwrap_or(u32::MAX);
        let buckets = match params.buckets {
            Some(buckets) if buckets > most => {
                let problem = format!("at most {most} go with {outputs} classes");
                return Err(LearnError::option("hyperparams.buckets", problem));
            }
            Some(buckets) => buckets,
            None => {
                let mut seen = vec![false; COUNTED as usize + 1];
                each_term(&document(COUNTED)?, texts, tick, &mut |_, terms| {
                    terms.iter().for_each(|(bucket, _)| seen[*bucket as usize] = true);
                })?;
                let different = seen.iter().filter(|s| **s).count() as u32;
                let largest = 1 << most.min(MAX_BUCKETS).ilog2();
                // Half as many: shared buckets cost nothing measurable, the graph is half as large.
                (different / 2).next_power_of_two().clamp(MIN_BUCKETS, MAX_BUCKETS).min(largest)
            }
        };
        let document = document(buckets)?;
        let mut frequency = vec![0_u32; buckets as usize + 1];
        each_term(&document, texts, tick, &mut |_, terms| {
            terms.iter().for_each(|(bucket, _)| frequency[*bucket as usize] += 1);
        })?;
        let mut vocabulary = Self { feature: vec![UNSEEN; frequency.len()], ..Self::empty() };
        for (bucket, count) in (0..).zip(frequency).filter(|(_, count)| *count > 0) {
            let rarity = 1.0 + ((1.0 + texts.len() as f64) / (1.0 + f64::from(count))).ln();
            vocabulary.feature[bucket as usize] = vocabulary.buckets.len() as u32;
            vocabulary.buckets.push((bucket, rarity as f32));
        }
        let mut squares = 0.0;
        each_term(&document, texts, tick, &mut |_, terms| {
            squares += terms.iter().map(|t| f64::from(vocabulary.value(t).1).powi(2)).sum::<f64>();
        })?;
        let scale = (texts.len() as f64 / squares.max(f64::MIN_POSITIVE)).sqrt() as f32;
        vocabulary.buckets.iter_mut().skip(1).for_each(|(_, factor)| *factor *= scale);
        vocabulary.document = Some(document);
        Ok(vocabulary)
    }

    /// Features of texts; n-grams that the training part did not have are none.
    pub(crate) fn rows(
        &self,
        texts: &[&str],
        vectors: Option<Vectors>,
        tick: &mut dyn FnMut(usize),
    ) -> Result<Rows, LearnError> {
        let mut rows = Rows { starts: vec![0], first: self.buckets.len(), ..Rows::default() };
        match &self.document {
            Some(document) => each_term(document, texts, tick, &mut |_, terms| {
                rows.push(terms.iter().map(|t| self.value(t)).filter(|(feature, _)| *feature != UNSEEN));
            })?,
            None => texts.iter().for_each(|_| rows.push(std::iter::empty())),
        }
        if let (Some(scaling), Some(vectors)) = (&self.scaling, vectors) {
            (rows.width, rows.dense) = (scaling.width(), scaling.apply(vectors));
        }
        Ok(rows)
    }

    fn value(&self, (bucket, weight): &(u32, f32)) -> (u32, f32) {
        let feature = self.feature[*bucket as usize];
        let factor = self.buckets.get(feature as usize).map_or(0.0, |b| b.1);
        (feature, weight * factor)
    }

    /// The number of features.
    pub(crate) fn width(&self) -> usize {
        self.buckets.len() + self.scaling.as_ref().map_or(0, Scaling::width)
    }

    /// The number of buckets; 0 without n-grams.
    pub(crate) fn size(&self) -> usize {
        self.document.as_ref().map_or(0, |document| document.buckets() as usize)
    }

    /// The tables of a graph, of weights by feature: of buckets `[buckets + 1, outputs]`, of the numbers of vectors
    /// `[width, outputs]`, each empty where there are none, and the bias.
    pub(crate) fn tables(&self, weights: &[f32], outputs: usize) -> [Vec<f32>; 3] {
        let mut table = vec![0.0; self.feature.len() * outputs];
        let mut lines = weights.chunks_exact(outputs).zip(&self.buckets);
        let mut bias = lines.next().map(|(line, _)| line.to_vec()).unwrap_or_default();
        for (line, (bucket, factor)) in lines {
            let at = *bucket as usize * outputs;
            table[at..at + outputs].iter_mut().zip(line).for_each(|(to, w)| *to = w * factor);
        }
        let mut dense = weights.get(self.buckets.len() * outputs..).unwrap_or_default().to_vec();
        if let Some(scaling) = &self.scaling {
            scaling.fold(&mut dense, &mut bias);
        }
        [table, dense, bias]
    }
}

/// What is done with a text's number and its terms.
type Visit<'a> = &'a mut dyn FnMut(usize, &[(u32, f32)]);

/// Calls `each` with the number and the terms of each text.
fn each_term(
    document: &TextNgrams,
    texts: &[&str],
    tick: &mut dyn FnMut(usize),
    each: Visit<'_>,
) -> Result<(), LearnError> {
    let mut row = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        if n % TICK_EVERY == 0 {
            tick(n);
        }
        let terms = document.apply(&[text], &|| ())?;
        let pairs = terms.term.iter().zip(&terms.weight).filter(|(bucket, _)| **bucket > 0);
        row.clear();
        row.extend(pairs.map(|(bucket, weight)| (*bucket as u32, *weight)));
        each(n, &row);
    }
    Ok(())
}
