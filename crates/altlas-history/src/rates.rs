//! Rates and their differences.

/// A figure with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// The normal quantile of a two-sided interval: 1.96 for a confidence of 0.95. By Newton's method on `erfc`.
pub(crate) fn normal(confidence: f64) -> f64 {
    let tail = 1.0 - confidence;
    let mut z = 1.0;
    for _ in 0..60 {
        let slope = (2.0 / std::f64::consts::PI).sqrt() * (-z * z / 2.0_f64).exp();
        let step = (two_sided(z) - tail) / slope;
        z += step.clamp(-1.0, 1.0);
        if step.abs() < 1e-14 {
            break;
        }
    }
    z
}

/// The chance that a standard normal number is further from 0 than `z`.
pub(crate) fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// A share with Wilson's interval (1927); none of no runs.
#[must_use]
pub fn wilson(hits: u64, of: u64, confidence: f64) -> Option<Interval> {
    if of == 0 {
        return None;
    }
    let (n, z) = (of as f64, normal(confidence));
    let share = hits as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    // The bounds of none and of all are exact.
    let lower = if hits == 0 { 0.0 } else { (middle - reach) / whole };
    let upper = if hits == of { 1.0 } else { (middle + reach) / whole };
    Some(Interval { value: share, lower, upper })
}

/// The difference of two shares, the first less the second, with Newcombe's interval (1998, method 10, by Wilson's intervals).
#[must_use]
pub fn newcombe(first: (u64, u64), second: (u64, u64), confidence: f64) -> Option<Interval> {
    let a = wilson(first.0, first.1, confidence)?;
    let b = wilson(second.0, second.1, confidence)?;
    let value = a.value - b.value;
    let below = ((a.value - a.lower).powi(2) + (b.upper - b.value).powi(2)).sqrt();
    let above = ((a.upper - a.value).powi(2) + (b.value - b.lower).powi(2)).sqrt();
    Some(Interval { value, lower: value - below, upper: value + above })
}

/// The two-sided p-value of two shares being the same: Pearson's chi-squared test without correction. 1 where all or none hit.
#[must_use]
pub fn two_rates(first: (u64, u64), second: (u64, u64)) -> f64 {
    let (a, b) = (first.1 as f64, second.1 as f64);
    let pooled = (first.0 + second.0) as f64 / (a + b);
    let spread = (pooled * (1.0 - pooled) * (1.0 / a + 1.0 / b)).sqrt();
    if spread > 0.0 { two_sided((first.0 as f64 / a - second.0 as f64 / b) / spread) } else { 1.0 }
}

/// P-values adjusted for their number: each is the least rate of false discoveries at which it is one (Benjamini, Hochberg 1995).
#[must_use]
pub fn adjusted(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let count = p_values.len() as f64;
    let (mut least, mut out) = (1.0_f64, vec![1.0; p_values.len()]);
    for (passed, (at, p)) in order.into_iter().enumerate() {
        least = least.min(p * count / (count - passed as f64));
        if let Some(place) = out.get_mut(at) {
            *place = least;
        }
    }
    out
}
