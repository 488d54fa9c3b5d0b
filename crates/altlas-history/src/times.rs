//! Durations: medians and ratios.

use altlas_metrics::quantile_of_sorted;

use crate::rates::{Interval, normal, two_sided};

/// The median of ascending values with the interval between two of them whose ranks are (n ∓ z √n) / 2, rounded outwards (Conover 1999,
/// §3.2: the binomial distribution of ranks by the normal one).
#[must_use]
pub fn median_interval(sorted: &[f64], confidence: f64) -> Option<Interval> {
    let value = quantile_of_sorted(sorted, 0.5)?;
    let n = sorted.len() as f64;
    let reach = normal(confidence) * n.sqrt();
    let lower = ((n - reach) / 2.0).floor().max(1.0) as usize;
    let upper = ((n + reach) / 2.0).ceil().min(n - 1.0) as usize + 1;
    Some(Interval { value, lower: *sorted.get(lower - 1)?, upper: *sorted.get(upper.min(sorted.len()) - 1)? })
}

/// How many times as long the first take as the second: the ratio of geometric means, with an interval by the normal distribution of
/// the difference of mean logarithms (unequal variances, Welch 1947), and the two-sided p-value of it being 1. The arguments are
/// logarithms, of two or more of each.
#[must_use]
pub fn ratio_of_means(first: &[f64], second: &[f64], confidence: f64) -> Option<(Interval, f64)> {
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(first)?, moments(second)?);
    let error = (var_a / first.len() as f64 + var_b / second.len() as f64).sqrt();
    let difference = mean_a - mean_b;
    let reach = normal(confidence) * error;
    let p = if error > 0.0 { two_sided(difference / error) } else { 1.0 };
    let interval = Interval {
        value: difference.exp(),
        lower: (difference - reach).exp(),
        upper: (difference + reach).exp(),
    };
    Some((interval, p))
}

/// Mean and variance.
fn moments(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    Some((mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)))
}
