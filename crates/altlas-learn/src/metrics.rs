//! How good predictions are.
#![allow(clippy::indexing_slicing)] // Class numbers are below the number of classes.

use std::collections::BTreeMap;

/// Named figures.
pub(crate) type Figures = BTreeMap<String, f64>;

/// Figures of a regression: `mae`, `rmse`, `r2`, `median_ae`, and, where no known value is negative, `within_factor_2`:
/// the share of the values above 0 that the prediction misses by a factor of 2 at most.
pub fn regression(known: &[f64], predicted: &[f64]) -> BTreeMap<String, f64> {
    let n = known.len() as f64;
    let mut errors: Vec<f64> = known.iter().zip(predicted).map(|(y, p)| (y - p).abs()).collect();
    let squares: f64 = errors.iter().map(|e| e * e).sum();
    let mean = known.iter().sum::<f64>() / n;
    let spread: f64 = known.iter().map(|y| (y - mean) * (y - mean)).sum();
    let mut figures = Figures::new();
    figures.insert("mae".into(), errors.iter().sum::<f64>() / n);
    figures.insert("rmse".into(), (squares / n).sqrt());
    if spread > 0.0 {
        figures.insert("r2".into(), 1.0 - squares / spread);
    }
    errors.sort_by(f64::total_cmp);
    figures.insert("median_ae".into(), median(&errors));
    let positive = known.iter().zip(predicted).filter(|(y, _)| **y > 0.0);
    let count = positive.clone().count();
    if count > 0 && known.iter().all(|y| *y >= 0.0) {
        let within = positive.filter(|(y, p)| **p >= **y / 2.0 && **p <= **y * 2.0).count();
        figures.insert("within_factor_2".into(), within as f64 / count as f64);
    }
    figures
}

/// The median of ascending values; NaN of none.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    match (sorted.get(n.saturating_sub(1) / 2), sorted.get(n / 2)) {
        (Some(a), Some(b)) => (a + b) / 2.0,
        _ => f64::NAN,
    }
}

/// Figures of a classification from class numbers and rows of probabilities: `accuracy`, `macro_f1` (over classes that
/// occur or are predicted), `log_loss` (natural, clipped at 1e-15), and of two classes `roc_auc`.
pub fn classification(known: &[usize], proba: &[Vec<f64>]) -> BTreeMap<String, f64> {
    let n = known.len() as f64;
    let classes = proba.first().map_or(0, Vec::len);
    let predicted: Vec<usize> = proba.iter().map(|row| argmax(row)).collect();
    let mut confusion = vec![[0.0_f64; 3]; classes];
    let (mut hits, mut loss) = (0.0, 0.0);
    for ((y, p), row) in known.iter().zip(&predicted).zip(proba) {
        // Of each class: known, predicted, both.
        confusion[*y][0] += 1.0;
        confusion[*p][1] += 1.0;
        if y == p {
            confusion[*y][2] += 1.0;
            hits += 1.0;
        }
        loss -= row[*y].clamp(1e-15, 1.0).ln();
    }
    let seen = confusion.iter().filter(|c| c[0] + c[1] > 0.0);
    let (sum, count) =
        seen.fold((0.0, 0.0), |(sum, count), c| (sum + 2.0 * c[2] / (c[0] + c[1]), count + 1.0));
    let mut figures = Figures::new();
    figures.insert("accuracy".into(), hits / n);
    figures.insert("macro_f1".into(), sum / count);
    figures.insert("log_loss".into(), loss / n);
    if classes == 2
        && let Some(auc) = roc_auc(known.iter().zip(proba).map(|(y, row)| (row[1], *y == 1)).collect())
    {
        figures.insert("roc_auc".into(), auc);
    }
    figures
}

/// The loss of each row, of which the figure `metric` is made: absolute errors, or squared ones.
pub(crate) fn losses(metric: &str, known: &[f64], predicted: &[f64]) -> Vec<f64> {
    let absolute = metric == "mae";
    let loss = |e: f64| if absolute { e.abs() } else { e * e };
    known.iter().zip(predicted).map(|(y, p)| loss(y - p)).collect()
}

/// The log loss of each row.
pub(crate) fn log_losses(known: &[f64], proba: &[Vec<f64>]) -> Vec<f64> {
    let loss =
        |(y, row): (&f64, &Vec<f64>)| -row.get(*y as usize).copied().unwrap_or(0.0).clamp(1e-15, 1.0).ln();
    known.iter().zip(proba).map(loss).collect()
}

/// The figure made of the losses of rows, and its 95 % interval by the normal distribution.
pub(crate) fn summary(metric: &str, losses: &[f64]) -> (f64, (f64, f64)) {
    let n = losses.len() as f64;
    let mean = losses.iter().sum::<f64>() / n;
    let variance = losses.iter().map(|l| (l - mean) * (l - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    let half = 1.959_964 * (variance / n).sqrt();
    let (low, high) = (mean - half, mean + half);
    if metric == "rmse" { (mean.sqrt(), (low.max(0.0).sqrt(), high.sqrt())) } else { (mean, (low, high)) }
}

/// The 95 % interval of the mean of folds, by Student's distribution. Folds share rows, so that it is somewhat too narrow.
pub(crate) fn mean_interval(scores: &[f64]) -> (f64, f64) {
    // Quantiles 0.975 for 1 to 19 degrees of freedom.
    const QUANTILES: [f64; 19] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093,
    ];
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    let quantile = QUANTILES.get(scores.len().saturating_sub(2)).copied().unwrap_or(1.96);
    let half = quantile * (variance / n).sqrt();
    (mean - half, mean + half)
}

/// Whether less of a figure is better.
pub fn lower_is_better(metric: &str) -> bool {
    matches!(metric, "mae" | "rmse" | "median_ae" | "log_loss")
}

/// The first of the largest.
pub(crate) fn argmax(row: &[f64]) -> usize {
    (0..).zip(row).fold((0, f64::NEG_INFINITY), |best, (i, p)| if *p > best.1 { (i, *p) } else { best }).0
}

/// The chance that one of those that are meant has a higher score than another, ties counting half; `None` if all are or none is.
pub(crate) fn roc_auc(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|s| s.1).count() as f64;
    let negatives = scored.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let (mut below, mut wins) = (0.0, 0.0);
    for ties in scored.chunk_by(|a, b| a.0 == b.0) {
        let positive = ties.iter().filter(|s| s.1).count() as f64;
        let negative = ties.len() as f64 - positive;
        wins += positive * (below + negative / 2.0);
        below += negative;
    }
    Some(wins / (positives * negatives))
}

/// The mean precision at each gain in recall, of scores from the highest down, as scikit-learn's `average_precision_score`; `None` if
/// none is meant.
pub(crate) fn average_precision(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = scored.iter().filter(|s| s.1).count() as f64;
    let (mut seen, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for ties in scored.chunk_by(|a, b| a.0 == b.0) {
        let positive = ties.iter().filter(|s| s.1).count() as f64;
        seen += ties.len() as f64;
        hits += positive;
        sum += positive / positives * hits / seen;
    }
    (positives > 0.0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By scikit-learn 1.9: `roc_auc_score([0, 1, 0, 1, 1, 0], s)` and `average_precision_score` with `s = [.1, .4, .4, .8, .2, .05]`.
    #[test]
    fn areas_are_those_of_scikit_learn() {
        let scored: Vec<(f64, bool)> = [0.1, 0.4, 0.4, 0.8, 0.2, 0.05]
            .into_iter()
            .zip([false, true, false, true, true, false])
            .collect();
        assert!((roc_auc(scored.clone()).unwrap() - 0.833_333_333_333_333_4).abs() < 1e-12);
        assert!((average_precision(scored).unwrap() - 0.805_555_555_555_555_5).abs() < 1e-12);
        assert_eq!((roc_auc(vec![(1.0, true)]), average_precision(vec![(1.0, false)])), (None, None));
    }
}
