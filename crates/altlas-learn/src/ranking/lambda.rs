//! LambdaRank's gradients (Burges 2010), by the formulas of LightGBM: each pair of rows of a group pulls apart by what changing their
//! places would change of the group's gain.
#![allow(clippy::indexing_slicing)] // Rows of a group are within the rows.

use super::ndcg::{discount, mean_ndcg};
use crate::boost::Gradients;

/// LightGBM's `lambdarank_truncation_level`: pairs without a row among the first so many are not looked at.
const TRUNCATION: usize = 30;
/// What differences of scores are raised by where pairs are weighted by them.
const RAISE: f64 = 0.01;

/// Groups of rows by their sizes, those to learn from and those to stop early on.
pub(super) struct Lambda<'a> {
    pub(super) train: &'a [usize],
    pub(super) valid: &'a [usize],
    /// The places that early stopping looks at.
    pub(super) k: usize,
}

impl Gradients for Lambda<'_> {
    fn outputs(&self) -> usize {
        1
    }

    fn base(&self, _: &[f64]) -> Vec<f64> {
        vec![0.0]
    }

    /// What the gain lacks, on the rows to stop early on.
    fn total(&self, target: &[f64], score: &dyn Fn(usize, usize) -> f64) -> f64 {
        let scores: Vec<f64> = (0..target.len()).map(|row| score(row, 0)).collect();
        1.0 - mean_ndcg(target, &scores, self.valid, self.k).unwrap_or(0.0)
    }

    fn fill(
        &self,
        target: &[f64],
        score: &dyn Fn(usize, usize) -> f64,
        put: &mut dyn FnMut(usize, usize, f64, f64),
    ) {
        let mut start = 0;
        for size in self.train {
            let scores: Vec<f64> = (start..start + size).map(|row| score(row, 0)).collect();
            let found = group(&target[start..start + size], &scores);
            for (n, (gradient, hessian)) in found.into_iter().enumerate() {
                put(start + n, 0, gradient, hessian);
            }
            start += size;
        }
    }
}

/// Gradients and Hessians of the rows of a group.
fn group(relevance: &[f64], scores: &[f64]) -> Vec<(f64, f64)> {
    let gain = |row: usize| relevance[row].exp2() - 1.0;
    let mut best: Vec<f64> = (0..relevance.len()).map(gain).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal: f64 = best.iter().take(TRUNCATION).enumerate().map(|(n, g)| g * discount(n)).sum();
    let mut found = vec![(0.0, 0.0); relevance.len()];
    if ideal <= 0.0 {
        return found;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let differ = scores[order[0]] != scores[order[order.len() - 1]];
    let mut sum = 0.0;
    for first in 0..order.len().min(TRUNCATION) {
        for second in first + 1..order.len() {
            if relevance[order[first]] == relevance[order[second]] {
                continue;
            }
            let (high, low) = if relevance[order[first]] > relevance[order[second]] {
                (order[first], order[second])
            } else {
                (order[second], order[first])
            };
            let apart = scores[high] - scores[low];
            let mut change = (gain(high) - gain(low)) * (discount(first) - discount(second)).abs() / ideal;
            if differ {
                change /= RAISE + apart.abs();
            }
            let wrong = 1.0 / (1.0 + apart.exp());
            let (pull, hessian) = (change * wrong, change * wrong * (1.0 - wrong));
            found[high].0 -= pull;
            found[low].0 += pull;
            found[high].1 += hessian;
            found[low].1 += hessian;
            sum += 2.0 * pull;
        }
    }
    if sum > 0.0 {
        let factor = (1.0 + sum).log2() / sum;
        found.iter_mut().for_each(|f| *f = (f.0 * factor, f.1 * factor));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_relevant_is_pulled_up() {
        let found = group(&[0.0, 2.0, 1.0], &[3.0, 1.0, 2.0]);
        assert!(found[1].0 < 0.0 && found[0].0 > 0.0, "{found:?}");
        assert!(found.iter().map(|f| f.0).sum::<f64>().abs() < 1e-12);
        assert!(found.iter().all(|f| f.1 > 0.0));
        assert_eq!(group(&[1.0, 1.0], &[0.5, 0.1]), [(0.0, 0.0); 2]);
        assert_eq!(group(&[0.0], &[0.5]), [(0.0, 0.0)]);
        // By hand: one pair, equal scores, so that each is wrong with one half; what changes is (1 − 0)(1 − 1/log2 3).
        let pull = 0.5 * (1.0 - discount(1));
        let factor = (1.0 + 2.0 * pull).log2() / (2.0 * pull);
        let found = group(&[0.0, 1.0], &[0.0, 0.0]);
        assert!(
            (found[0].0 - pull * factor).abs() < 1e-12 && (found[1].1 - pull * factor / 2.0).abs() < 1e-12
        );
    }
}
