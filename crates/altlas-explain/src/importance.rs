//! Permutation importance (Breiman 2001; Fisher, Rudin, Dominici 2019): how much worse a model is when a column is shuffled.

use crate::rng::Rng;

/// Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1.
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The row that each row takes its value of a column from, in a repetition.
pub fn shuffled(rows: usize, column: usize, repeat: usize, seed: u64) -> Vec<usize> {
    Rng::new(seed, ((column as u64) << 32) | repeat as u64).order(rows)
}

/// What repetitions gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n − 1; 0 of one.
    pub deviation: f64,
    /// The 95 % interval of the mean by Student's t; the mean itself where there was one.
    pub interval: (f64, f64),
}

impl Spread {
    /// Of one or more numbers.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let deviation = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
        let t = values.len().checked_sub(2).map_or(0.0, |at| T_975.get(at).copied().unwrap_or(1.96));
        let reach = t * deviation / n.sqrt();
        Self { mean, deviation, interval: (mean - reach, mean + reach) }
    }
}
