//! Free text as a feature: what ridge regression on its n-grams predicts, out of fold for the rows it is fitted to (stacking, Wolpert 1992).
//!
//! N-grams are weighted by ln((1 + n) / (1 + rows with it)) + 1. The normal equations of the centred data are solved by conjugate gradients
//! (Hestenes, Stiefel 1952).
#![allow(clippy::indexing_slicing)] // Row numbers and buckets are those of the rows counted before.

use altlas_prep::{Fold, Ngram, TextNgrams, TextScore, Unit};

use crate::LearnError;

const BUCKETS: u32 = 1 << 14;
const MAX_TERMS: usize = 1024;
/// Scores that are fitted, rows times outputs: beyond, evenly spaced rows are learned from.
const FITTED: usize = 50_000;
const ITERATIONS: usize = 25;
/// The least change of the residual's length that is worth another iteration.
const ENOUGH: f64 = 1e-4;
/// Penalties tried, descending, on rows whose squared length is 1 on average.
const PENALTIES: [f64; 6] = [30.0, 10.0, 3.0, 1.0, 0.3, 0.1];
/// Words of a text, on average, from which a column is free text and not a name.
const WORDS: usize = 2;

/// Whether the texts of a column are sentences rather than names.
pub(crate) fn is_free_text(values: &[Option<String>], rows: &[usize]) -> bool {
    let known = || rows.iter().filter_map(|&row| values[row].as_deref());
    let words: usize = known().map(|text| text.split_whitespace().count()).sum();
    words >= WORDS * known().count().max(1)
}

/// A fitted step with the scores of the rows, one list an output, and whether it was learned from some of the rows only.
pub(crate) struct Scored {
    pub(crate) step: TextScore,
    pub(crate) scores: Vec<Vec<f32>>,
    pub(crate) sampled: Option<usize>,
}

/// Fits a step to the rows; `targets` are by row of the table, one list an output, and so is `fold_of`.
pub(crate) fn fit(
    column: &str,
    values: &[Option<String>],
    rows: &[usize],
    targets: &[Vec<f64>],
    fold_of: &[usize],
    folds: usize,
) -> Result<Scored, LearnError> {
    let ngrams = vec![Ngram { unit: Unit::Char, min: 2, max: 4 }, Ngram { unit: Unit::Word, min: 1, max: 2 }];
    let document = TextNgrams::new(Fold::AsciiTr, BUCKETS, MAX_TERMS, ngrams.clone())?;
    let known: Vec<usize> = (0..rows.len()).filter(|&at| values[rows[at]].is_some()).collect();
    let most = (FITTED / targets.len().max(1)).max(1000);
    let sampled = (known.len() > most).then_some(most);
    let fitted: Vec<usize> = match sampled {
        Some(most) => (0..most).map(|n| known[n * known.len() / most]).collect(),
        None => known.clone(),
    };
    let texts = rows.iter().map(|&row| values[row].as_deref().unwrap_or_default());
    let mut terms = Terms::new(TextScore::terms(&document, texts));
    let scale = terms.weigh(&fitted);
    let fold = |at: &usize| fold_of[rows[*at]];
    let target = |n: usize| -> Vec<f64> { rows.iter().map(|&row| targets[n][row]).collect() };
    let (mut intercepts, mut weights, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..targets.len() {
        let y = target(n);
        let (held, others): (Vec<usize>, Vec<usize>) = fitted.iter().partition(|at| fold(at) == 0);
        let penalty = choose(&terms, &others, &held, &y);
        let whole = terms.ridge(&fitted, &y, penalty, None);
        let mut score: Vec<f32> = (0..rows.len()).map(|at| whole.score(&terms, at) as f32).collect();
        for number in 0..folds {
            let (own, others): (Vec<usize>, Vec<usize>) = fitted.iter().partition(|at| fold(at) == number);
            let part = terms.ridge(&others, &y, penalty, None);
            own.into_iter().for_each(|at| score[at] = part.score(&terms, at) as f32);
        }
        for (at, &row) in rows.iter().enumerate() {
            if values[row].is_none() {
                score[at] = f32::NAN;
            }
        }
        scores.push(score);
        intercepts.push(short(whole.intercept));
        weights.push(whole.weights.iter().zip(&scale).map(|(w, s)| short(w * s)).collect());
    }
    let step = TextScore {
        column: column.to_owned(),
        fold: Fold::AsciiTr,
        buckets: BUCKETS,
        max_terms: MAX_TERMS,
        ngrams,
        intercepts,
        weights,
    };
    Ok(Scored { step, scores, sampled })
}

/// The penalty with the least squared error on the rows held out: from the largest down, as long as it helps.
fn choose(terms: &Terms, others: &[usize], held: &[usize], y: &[f64]) -> f64 {
    let mut best = (f64::INFINITY, PENALTIES[0]);
    let mut before: Option<Ridge> = None;
    for penalty in PENALTIES {
        let fit = terms.ridge(others, y, penalty, before.as_ref());
        let error: f64 = held.iter().map(|&at| (fit.score(terms, at) - y[at]).powi(2)).sum();
        if error >= best.0 {
            break;
        }
        best = (error, penalty);
        before = Some(fit);
    }
    best.1
}

/// A number with seven digits: documents are text.
fn short(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

/// Terms of texts, row by row.
struct Terms {
    starts: Vec<usize>,
    buckets: Vec<u32>,
    values: Vec<f32>,
}

/// A fitted regression, on weighted terms.
struct Ridge {
    intercept: f64,
    weights: Vec<f64>,
}

impl Ridge {
    fn score(&self, terms: &Terms, row: usize) -> f64 {
        self.intercept + terms.dot(row, &self.weights)
    }
}

impl Terms {
    fn new(rows: impl Iterator<Item = Vec<(u32, f32)>>) -> Self {
        let mut terms = Self { starts: vec![0], buckets: Vec::new(), values: Vec::new() };
        for row in rows {
            terms.buckets.extend(row.iter().map(|(bucket, _)| bucket - 1));
            terms.values.extend(row.iter().map(|(_, value)| value));
            terms.starts.push(terms.buckets.len());
        }
        terms
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let at = self.starts[row]..self.starts[row + 1];
        let buckets = self.buckets[at.clone()].iter().map(|b| *b as usize);
        buckets.zip(self.values[at].iter().map(|v| f64::from(*v)))
    }

    fn dot(&self, row: usize, weights: &[f64]) -> f64 {
        self.row(row).map(|(bucket, value)| value * weights[bucket]).sum()
    }

    /// Weighs n-grams by how rare they are among these rows, whose squared length becomes 1 on average; returns the factor of each bucket.
    fn weigh(&mut self, rows: &[usize]) -> Vec<f64> {
        let mut counts = vec![0_usize; BUCKETS as usize];
        rows.iter().for_each(|&row| self.row(row).for_each(|(bucket, _)| counts[bucket] += 1));
        let all = (1 + rows.len()) as f64;
        let mut scale: Vec<f64> = counts.iter().map(|&count| (all / (1 + count) as f64).ln() + 1.0).collect();
        let squares = |row: &usize| self.row(*row).map(|(b, v)| (v * scale[b]).powi(2)).sum::<f64>();
        let length = (rows.iter().map(squares).sum::<f64>() / rows.len().max(1) as f64).sqrt();
        if length > 0.0 {
            scale.iter_mut().for_each(|s| *s /= length);
        }
        for (value, bucket) in self.values.iter_mut().zip(&self.buckets) {
            *value = (f64::from(*value) * scale[*bucket as usize]) as f32;
        }
        scale
    }

    /// The least of Σ (y − b − x·w)² + penalty |w|² over these rows, from another fit on.
    fn ridge(&self, rows: &[usize], y: &[f64], penalty: f64, from: Option<&Ridge>) -> Ridge {
        let n = rows.len().max(1) as f64;
        let mean = rows.iter().map(|&row| y[row]).sum::<f64>() / n;
        // Aᵀ v, where A is the centred matrix; v is centred, too, so that the means drop out.
        let transposed = |v: &[f64]| {
            let mut out = vec![0.0; BUCKETS as usize];
            for (&row, v) in rows.iter().zip(v) {
                self.row(row).for_each(|(bucket, value)| out[bucket] += value * v);
            }
            out
        };
        let product = |w: &[f64]| {
            let mut out: Vec<f64> = rows.iter().map(|&row| self.dot(row, w)).collect();
            let mean = out.iter().sum::<f64>() / n;
            out.iter_mut().for_each(|v| *v -= mean);
            out
        };
        let mut weights = from.map_or_else(|| vec![0.0; BUCKETS as usize], |fit| fit.weights.clone());
        let left: Vec<f64> = rows.iter().zip(product(&weights)).map(|(&row, p)| y[row] - mean - p).collect();
        let mut residual = transposed(&left);
        residual.iter_mut().zip(&weights).for_each(|(r, w)| *r -= penalty * w);
        let mut direction = residual.clone();
        let mut length = squares(&residual);
        let first = length;
        for _ in 0..ITERATIONS {
            if length <= first * ENOUGH * ENOUGH {
                break;
            }
            let along = product(&direction);
            let step = length / (squares(&along) + penalty * squares(&direction));
            let mut curved = transposed(&along);
            curved.iter_mut().zip(&direction).for_each(|(c, d)| *c += penalty * d);
            weights.iter_mut().zip(&direction).for_each(|(w, d)| *w += step * d);
            residual.iter_mut().zip(&curved).for_each(|(r, c)| *r -= step * c);
            let next = squares(&residual);
            direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + next / length * *d);
            length = next;
        }
        let offset = rows.iter().map(|&row| self.dot(row, &weights)).sum::<f64>() / n;
        Ridge { intercept: mean - offset, weights }
    }
}

fn squares(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> (Vec<Option<String>>, Vec<f64>) {
        let things = ["report", "invoice", "server", "garden", "meeting", "budget"];
        let verbs = ["write the", "check the", "restart the", "plan the"];
        let row = |n: usize| {
            let (thing, verb) = (n % things.len(), n / 7 % verbs.len());
            (Some(format!("{} {} for team {}", verbs[verb], things[thing], n)), (thing * 3 + verb) as f64)
        };
        (0..400).map(row).unzip()
    }

    #[test]
    fn scores_tell_rows_that_were_not_learned_from() {
        let (values, y) = texts();
        assert!(is_free_text(&values, &[0, 1, 2]));
        let rows: Vec<usize> = (0..300).collect();
        let fold_of: Vec<usize> = (0..values.len()).map(|row| row % 5).collect();
        let found = fit("note", &values, &rows, std::slice::from_ref(&y), &fold_of, 5).unwrap();
        let error = |scores: &[f32], y: &[f64]| {
            scores.iter().zip(y).map(|(s, y)| (f64::from(*s) - y).powi(2)).sum::<f64>() / y.len() as f64
        };
        let spread = error(&vec![(y.iter().sum::<f64>() / y.len() as f64) as f32; y.len()], &y);
        assert!(error(&found.scores[0], &y[..300]) < 0.05 * spread);
        // The document scores later rows as well, and its own numbers are those of the fit.
        let document = TextNgrams::new(Fold::AsciiTr, BUCKETS, MAX_TERMS, found.step.ngrams.clone()).unwrap();
        let later = values[300..].iter().map(|v| v.as_deref().unwrap_or_default());
        let scores: Vec<f32> = TextScore::terms(&document, later)
            .map(|row| {
                let sum: f64 =
                    row.iter().map(|(b, v)| found.step.weights[0][*b as usize - 1] * f64::from(*v)).sum();
                (sum + found.step.intercepts[0]) as f32
            })
            .collect();
        assert!(error(&scores, &y[300..]) < 0.05 * spread);
    }

    #[test]
    fn the_solver_meets_the_normal_equations() {
        let (values, y) = texts();
        let document = TextNgrams::new(
            Fold::AsciiTr,
            BUCKETS,
            MAX_TERMS,
            vec![Ngram { unit: Unit::Word, min: 1, max: 1 }],
        )
        .unwrap();
        let mut terms =
            Terms::new(TextScore::terms(&document, values.iter().map(|v| v.as_deref().unwrap_or_default())));
        let rows: Vec<usize> = (0..values.len()).collect();
        terms.weigh(&rows);
        let fit = terms.ridge(&rows, &y, 3.0, None);
        let left: Vec<f64> = rows.iter().map(|&row| y[row] - fit.score(&terms, row)).collect();
        assert!(left.iter().sum::<f64>().abs() < 1e-6);
        let mut gradient: Vec<f64> = fit.weights.iter().map(|w| -3.0 * w).collect();
        for (&row, left) in rows.iter().zip(&left) {
            terms.row(row).for_each(|(bucket, value)| gradient[bucket] += value * left);
        }
        let largest = gradient.iter().fold(0.0_f64, |a, g| a.max(g.abs()));
        assert!(largest < 1e-2 * y.len() as f64 / 10.0, "{largest}");
    }

    #[test]
    fn names_are_no_free_text() {
        let names: Vec<Option<String>> = (0..9).map(|n| Some(format!("id{n}"))).collect();
        assert!(!is_free_text(&names, &[0, 1, 2, 3]));
        assert!(!is_free_text(&[None, None], &[0, 1]));
    }
}
