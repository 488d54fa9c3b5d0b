//! Grids of partial dependence (Friedman 2001).

/// The shares of a column's values between which the grid lies, as in scikit-learn.
const SHARES: (f64, f64) = (0.05, 0.95);

/// The values at which a column is set: all of its values where they are at most `points`, else as many evenly spaced ones between
/// its 5 % and its 95 % quantile. NaN does not count.
pub fn grid(values: &[f64], points: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= points {
        return distinct;
    }
    let (low, high) = (quantile(&sorted, SHARES.0), quantile(&sorted, SHARES.1));
    if low == high || points < 2 {
        return vec![low];
    }
    let step = (high - low) / (points - 1) as f64;
    (0..points).map(|n| if n + 1 == points { high } else { low + step * n as f64 }).collect()
}

/// SciPy's `mquantiles` with its default of 0.4 for both parameters; of one or more ascending values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let n = sorted.len() as f64;
    let at = n * share + 0.4 + 0.2 * share;
    let rank = at.clamp(1.0, (n - 1.0).max(1.0)).floor();
    let between = (at - rank).clamp(0.0, 1.0);
    let value = |n: f64| sorted.get(n as usize).or(sorted.last()).copied().unwrap_or(f64::NAN);
    (1.0 - between) * value(rank - 1.0) + between * value(rank)
}
