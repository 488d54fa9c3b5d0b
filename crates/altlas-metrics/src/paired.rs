//! Tests of two models on the same rows: the chance of a difference as large as the one seen, or larger, if there were none.

/// From so many differences on, the normal distribution stands for the exact one.
const MANY: usize = 50;

/// McNemar's exact test (1947): of the rows that one model has right and the other wrong, `first` are those of the one and
/// `second` of the other. Two-sided.
pub fn mcnemar(first: u64, second: u64) -> f64 {
    let count = first + second;
    let tail = first.min(second);
    // Terms of the binomial distribution of `count` coins, by their logarithms: they are too small otherwise.
    let mut log_term = -(count as f64) * std::f64::consts::LN_2;
    let mut sum = log_term.exp();
    for k in 0..tail {
        log_term += ((count - k) as f64).ln() - ((k + 1) as f64).ln();
        sum += log_term.exp();
    }
    (2.0 * sum).min(1.0)
}

/// Wilcoxon's signed-rank test (1945) of the differences of pairs, those of 0 left out. Two-sided; exact for less than 50
/// differences without ties, else by the normal distribution with the correction for ties. 1 where nothing differs.
pub fn wilcoxon(differences: &[f64]) -> f64 {
    let mut ordered: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0 && d.is_finite()).collect();
    ordered.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let count = ordered.len();
    if count == 0 {
        return 1.0;
    }
    let (mut above, mut ties, mut before) = (0.0, 0.0, 0.0);
    for equal in ordered.chunk_by(|a, b| a.abs() == b.abs()) {
        let size = equal.len() as f64;
        let rank = before + (size + 1.0) / 2.0;
        above += rank * equal.iter().filter(|d| **d > 0.0).count() as f64;
        ties += size * size * size - size;
        before += size;
    }
    let n = count as f64;
    let all = n * (n + 1.0) / 2.0;
    let least = above.min(all - above);
    if count < MANY && ties == 0.0 {
        return exact(count, least as usize);
    }
    let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0).sqrt();
    let z = (least - all / 2.0) / deviation;
    libm::erfc(-z / std::f64::consts::SQRT_2).min(1.0)
}

/// Twice the share of the ways to give ranks 1 to `count` a sign in which the positive ones add up to `least` at most.
fn exact(count: usize, least: usize) -> f64 {
    let mut shares = vec![0.0_f64; least + 1];
    if let Some(first) = shares.first_mut() {
        *first = 1.0;
    }
    for rank in 1..=count {
        for sum in (0..=least).rev() {
            let with = sum.checked_sub(rank).and_then(|rest| shares.get(rest)).copied().unwrap_or(0.0);
            if let Some(share) = shares.get_mut(sum) {
                *share = (*share + with) / 2.0;
            }
        }
    }
    (2.0 * shares.iter().sum::<f64>()).min(1.0)
}
