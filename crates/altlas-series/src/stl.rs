//! STL: seasonal-trend decomposition by loess, robust, with missing values.
//!
//! Cleveland, Cleveland, McRae & Terpenning (1990), STL: A Seasonal-Trend Decomposition Procedure Based on
//! Loess, Journal of Official Statistics 6. Local lines throughout, one inner and five robustness
//! iterations (the paper's advice for robust fits); a missing value is a point of weight zero.
#![allow(
    clippy::indexing_slicing,
    reason = "numeric kernel: all slices have lengths derived from n and period"
)]

mod loess;

use self::loess::Loess;
use crate::stats::median;
use crate::tick::Ticker;

/// Robustness iterations: "safe" in the paper.
const ROBUST_PASSES: usize = 5;

/// Smoothing windows of a decomposition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stl {
    /// Cycle length, in points; at least 2 and at most a third of the length.
    pub period: usize,
    /// Window of the seasonal component, in cycles, odd.
    pub seasonal: usize,
    /// Window of the trend, in points, odd.
    pub trend: usize,
}

impl Stl {
    /// Seasonal component plus trend at each point. `y` holds NaN for missing values, at most some of them.
    pub fn fit(self, y: &[f64], tick: &Ticker) -> Vec<f64> {
        let n = y.len();
        let observed: Vec<f64> = y.iter().map(|value| f64::from(!value.is_nan())).collect();
        let y = fill_gaps(y, self.period);
        let mut work = Work::new(n, self.period);
        let mut weights = observed.clone();
        for pass in 0..=ROBUST_PASSES {
            self.pass(&y, &weights, &mut work, tick);
            if pass < ROBUST_PASSES {
                robustness(&y, &observed, &work, self.period, pass, &mut weights);
                tick.work(30 * n);
            }
        }
        work.trend.iter().zip(&work.season).map(|(trend, season)| trend + season).collect()
    }

    /// One inner loop: season from the detrended series, trend from the deseasonalised one.
    fn pass(self, y: &[f64], weights: &[f64], work: &mut Work, tick: &Ticker) {
        let (n, period) = (y.len(), self.period);
        for ((rest, y), trend) in work.rest.iter_mut().zip(y).zip(&work.trend) {
            *rest = y - trend;
        }
        self.cycles(weights, work, tick);
        // Low-pass filter of the smoothed cycles: what is slow in them belongs to the trend.
        moving_average(&work.cycle, period, &mut work.filter_a);
        moving_average(&work.filter_a, period, &mut work.filter_b);
        moving_average(&work.filter_b, 3, &mut work.filter_a);
        tick.work(10 * n);
        let low_pass = Loess::new((period + 1) | 1);
        low_pass.smooth(&work.filter_a, None, &mut work.rest, &mut work.scratch, tick);
        for (i, &y) in y.iter().enumerate() {
            work.season[i] = work.cycle[period + i] - work.rest[i];
            work.rest[i] = y - work.season[i];
        }
        Loess::new(self.trend).smooth(&work.rest, Some(weights), &mut work.trend, &mut work.scratch, tick);
    }

    /// Smooths each cycle-subseries, one cycle longer at both ends.
    fn cycles(self, weights: &[f64], work: &mut Work, tick: &Ticker) {
        let (n, period) = (work.rest.len(), self.period);
        let loess = Loess::new(self.seasonal);
        let most = n.div_ceil(period);
        let (mut sub, mut sub_weights) = (Vec::with_capacity(most), Vec::with_capacity(most));
        let mut smooth = vec![0.0; most + 2];
        for phase in 0..period {
            sub.clear();
            sub.extend(work.rest[phase..].iter().step_by(period));
            sub_weights.clear();
            sub_weights.extend(weights[phase..].iter().step_by(period));
            let k = sub.len();
            let robust = Some(sub_weights.as_slice());
            loess.smooth(&sub, robust, &mut smooth[1..=k], &mut work.scratch, tick);
            let near = loess.window.min(k);
            let before = loess.fit(&sub, robust, -1.0, 0..near, &mut work.scratch, tick);
            let after = loess.fit(&sub, robust, k as f64, k - near..k, &mut work.scratch, tick);
            smooth[0] = before.unwrap_or(smooth[1]);
            smooth[k + 1] = after.unwrap_or(smooth[k]);
            for (m, &value) in smooth[..k + 2].iter().enumerate() {
                work.cycle[m * period + phase] = value;
            }
        }
    }
}

struct Work {
    trend: Vec<f64>,
    season: Vec<f64>,
    rest: Vec<f64>,
    /// The smoothed cycle-subseries, one period longer at both ends.
    cycle: Vec<f64>,
    filter_a: Vec<f64>,
    filter_b: Vec<f64>,
    scratch: Vec<f64>,
}

impl Work {
    fn new(n: usize, period: usize) -> Self {
        Self {
            trend: vec![0.0; n],
            season: vec![0.0; n],
            rest: vec![0.0; n],
            cycle: vec![0.0; n + 2 * period],
            filter_a: Vec::new(),
            filter_b: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

/// The reach of the bisquare weights below which a series counts as repeating exactly, and the reach it then gets (halved
/// with each pass), in mean absolute deviations of the series.
const EXACT: f64 = 0.02;
const LEAST_REACH: f64 = 0.5;

/// The mean distance of the observed values from their mean.
fn variation(y: &[f64], observed: &[f64]) -> f64 {
    let seen = || y.iter().zip(observed).filter(|(_, weight)| **weight > 0.0).map(|(value, _)| *value);
    let count = seen().count().max(1) as f64;
    let mean = seen().sum::<f64>() / count;
    seen().map(|value| (value - mean).abs()).sum::<f64>() / count
}

/// How many mean absolute deviations from the median of its phase make a value gross: it has no say in the second fit of an exact series.
const GROSS: f64 = 12.0;

/// The weights that leave gross values out.
fn without_gross(y: &[f64], observed: &[f64], period: usize) -> Vec<f64> {
    let mut away = vec![0.0; y.len()];
    for phase in 0..period.min(y.len()) {
        let cycle = || (phase..y.len()).step_by(period);
        let mut sorted: Vec<f64> = cycle().filter(|&i| observed[i] > 0.0).map(|i| y[i]).collect();
        if !sorted.is_empty() {
            sorted.sort_unstable_by(f64::total_cmp);
            let center = median(&sorted);
            cycle().for_each(|i| away[i] = (y[i] - center).abs() * observed[i]);
        }
    }
    let limit = GROSS * away.iter().sum::<f64>() / observed.iter().sum::<f64>().max(1.0);
    away.iter().zip(observed).map(|(&away, &weight)| if away > limit { 0.0 } else { weight }).collect()
}

/// Bisquare weights of the remainders, zero where nothing was observed.
fn robustness(y: &[f64], observed: &[f64], work: &Work, period: usize, pass: usize, weights: &mut Vec<f64>) {
    let remainder = |i: usize| (y[i] - work.trend[i] - work.season[i]).abs();
    let mut sizes: Vec<f64> = (0..y.len()).filter(|&i| observed[i] > 0.0).map(remainder).collect();
    if sizes.is_empty() {
        return;
    }
    let middle = sizes.len() / 2;
    let even = sizes.len().is_multiple_of(2);
    let (below, &mut upper, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = if even { below.iter().copied().fold(0.0, f64::max) } else { upper };
    // Where most points fit exactly, the neighbours of an outlier, which it has drawn along, must not lose their weight with it.
    let variation = variation(y, observed);
    let exact = 3.0 * (lower + upper) <= EXACT * variation;
    if exact && pass == 0 {
        *weights = without_gross(y, observed, period);
        return;
    }
    let reach = if exact { LEAST_REACH / (1 << pass) as f64 * variation } else { 3.0 * (lower + upper) };
    if reach == 0.0 {
        weights.clone_from_slice(observed);
        return;
    }
    for i in 0..y.len() {
        let size = remainder(i);
        weights[i] = observed[i]
            * if size <= 0.001 * reach {
                1.0
            } else if size <= 0.999 * reach {
                (1.0 - (size / reach).powi(2)).powi(2)
            } else {
                0.0
            };
    }
}

/// Means of `width` neighbours; shorter than `x` by `width - 1`.
fn moving_average(x: &[f64], width: usize, out: &mut Vec<f64>) {
    out.clear();
    let mut sum: f64 = x[..width].iter().sum();
    out.push(sum / width as f64);
    for (enter, leave) in x[width..].iter().zip(x) {
        sum += enter - leave;
        out.push(sum / width as f64);
    }
}

/// Puts something plausible where a value is missing: the value one or more cycles before or after. The fit
/// gives it no weight; it is read only where a whole smoothing window is missing.
fn fill_gaps(y: &[f64], period: usize) -> Vec<f64> {
    let mut filled = y.to_vec();
    for i in period..y.len() {
        if filled[i].is_nan() {
            filled[i] = filled[i - period];
        }
    }
    for i in (0..y.len().saturating_sub(period)).rev() {
        if filled[i].is_nan() {
            filled[i] = filled[i + period];
        }
    }
    let mut last = filled.iter().copied().find(|value| !value.is_nan()).unwrap_or(0.0);
    for value in &mut filled {
        if value.is_nan() {
            *value = last;
        }
        last = *value;
    }
    filled
}

#[cfg(test)]
mod tests;
