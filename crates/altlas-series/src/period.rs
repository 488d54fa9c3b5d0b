//! Finding the seasonal period by autocorrelation.
//!
//! Candidates are the highest local maxima of the autocorrelation of the series and of its differences, and
//! the calendar's cycles where the time step is known. Each is verified on the series less its moving
//! average over the candidate: a trend or a random walk is gone from that, a season is not.
#![allow(clippy::indexing_slicing, reason = "numeric kernel: lags stay below the length")]

mod fft;

use self::fft::autocovariance;
use crate::stats::{mad, median};
use crate::tick::Ticker;

/// A season needs this autocorrelation at its period, and more by `STRONG_CYCLE` divided by the number of cycles
/// seen: the fewer cycles, the likelier a chance likeness. See the false alarm rates in the tests.
const STRONG: f64 = 0.4;
const STRONG_CYCLE: f64 = 0.9;
/// At twice the period it must keep this share: a season repeats, the swing of a random walk does not.
const LASTING: f64 = 0.6;
/// A period of at most `SHORTER` of the best one is preferred when it reaches this share of its autocovariance:
/// multiples of a period correlate as well as the period itself.
const NEARLY: f64 = 0.8;
const SHORTER: f64 = 0.6;
/// Full cycles that the data must hold.
pub(crate) const CYCLES: usize = 3;
/// Candidates from each autocorrelation.
const PEAKS: usize = 8;
/// The period is sought in this many of the latest cells.
const MOST_CELLS: usize = 1 << 20;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Minute, hour, day, week; month and year by their mean length.
const CALENDAR: [i64; 6] = [MINUTE, HOUR, DAY, 7 * DAY, 2_629_746_000_000, 31_556_952_000_000];

/// The period of `cells` (NaN is missing), where one is supported by the data.
pub(crate) fn find_period(cells: &[f64], step_us: Option<i64>, tick: &Ticker) -> Option<usize> {
    let cells = &cells[cells.len().saturating_sub(MOST_CELLS)..];
    let longest = cells.len() / CYCLES;
    if longest < 2 {
        return None;
    }
    let level = level(cells)?;
    let steps: Vec<f64> = level.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut candidates = peaks(&autocovariance(&level, longest + 1, tick), longest);
    candidates.extend(peaks(&autocovariance(&steps, longest + 1, tick), longest));
    let calendar: Vec<usize> = step_us.map_or_else(Vec::new, |step| {
        let cycles = CALENDAR.iter().map(|&cycle| (cycle as f64 / step as f64).round() as usize);
        cycles.filter(|period| (2..=longest).contains(period)).collect()
    });
    candidates.extend(&calendar);
    candidates.sort_unstable();
    candidates.dedup();
    let n = cells.len() as f64;
    let mut supported: Vec<Support> = candidates
        .into_iter()
        .map(|period| support(&level, period, tick))
        .filter(|support| {
            let cycles = n / support.period as f64;
            support.correlation >= (STRONG + STRONG_CYCLE / cycles).max(4.0 / n.sqrt())
        })
        .collect();
    let (mut best, mut most) = (None, 0.0);
    while let Some(next) =
        supported.iter().copied().reduce(|a, b| if b.covariance > a.covariance { b } else { a })
    {
        if next.covariance < NEARLY * most {
            break;
        }
        (best, most) = (Some(next.period), next.covariance);
        supported.retain(|shorter| shorter.period as f64 <= SHORTER * next.period as f64);
    }
    best.map(|period| refine(&level, period, longest, &calendar, tick))
}

/// The best period near one: noise shifts the peak of the autocorrelation, and an error of one point grows with
/// every cycle, so the neighbours are compared at multiples of the period too. A calendar cycle nearly as
/// good is the better guess.
fn refine(level: &[f64], period: usize, longest: usize, calendar: &[usize], tick: &Ticker) -> usize {
    let likeness = autocovariance(&swing(level, period), longest, tick);
    let total = |period: usize| -> f64 {
        let lags = (0..5).map(|double| period << double).filter(|&lag| lag <= longest);
        let count = lags.clone().count().max(1);
        lags.map(|lag| likeness[lag] / (1.0 - lag as f64 / level.len() as f64)).sum::<f64>() / count as f64
    };
    let reach = period / 20;
    let near = (period - reach).max(2)..=(period + reach).min(longest);
    let best = near.clone().reduce(|a, b| if total(b) > total(a) { b } else { a }).unwrap_or(period);
    let known =
        calendar.iter().copied().find(|cycle| near.contains(cycle) && total(*cycle) >= 0.9 * total(best));
    known.unwrap_or(best)
}

/// The series less its moving average over `period`, shorter at the ends.
fn swing(level: &[f64], period: usize) -> Vec<f64> {
    let n = level.len();
    let mut sums = Vec::with_capacity(n + 1);
    let mut sum = 0.0;
    sums.push(sum);
    sums.extend(level.iter().map(|value| {
        sum += value;
        sum
    }));
    (0..n)
        .map(|i| {
            let (from, to) = (i.saturating_sub(period / 2), (i + period.div_ceil(2)).min(n));
            level[i] - (sums[to] - sums[from]) / (to - from) as f64
        })
        .collect()
}

/// The series less its straight line, clipped to five robust standard deviations, zero where missing; none
/// for a series without spread.
fn level(cells: &[f64]) -> Option<Vec<f64>> {
    let known = || cells.iter().enumerate().filter(|(_, value)| !value.is_nan());
    let count = known().count() as f64;
    let mean_at = known().map(|(i, _)| i as f64).sum::<f64>() / count;
    let mean = known().map(|(_, value)| value).sum::<f64>() / count;
    let both: f64 = known().map(|(i, value)| (i as f64 - mean_at) * (value - mean)).sum();
    let square: f64 = known().map(|(i, _)| (i as f64 - mean_at).powi(2)).sum();
    let slope = if square > 0.0 { both / square } else { 0.0 };
    let mut level: Vec<f64> =
        cells.iter().enumerate().map(|(i, value)| value - mean - slope * (i as f64 - mean_at)).collect();
    let mut sorted: Vec<f64> = level.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let center = median(&sorted);
    let size = sorted.first()?.abs().max(sorted.last()?.abs());
    let spread = match mad(&sorted, center) {
        0.0 => sorted.iter().map(|value| (value - center).abs()).sum::<f64>() / count,
        mad => mad,
    };
    if spread <= 1e-12 * size.max(mean.abs()) {
        return None;
    }
    let limit = 5.0 * 1.4826 * spread;
    for value in &mut level {
        *value = if value.is_nan() { 0.0 } else { (*value - center).clamp(-limit, limit) };
    }
    Some(level)
}

/// The most prominent local maxima between lag 2 and `longest`, at most one for lags within a factor of 1.25.
/// Prominence is the height above the lowest point from half the lag on: noise on a slow slope has
/// high maxima, but no deep valley before them.
fn peaks(autocovariance: &[f64], longest: usize) -> Vec<usize> {
    let at = |lag: usize| autocovariance.get(lag).copied().unwrap_or(0.0);
    let mut highest: Vec<usize> = Vec::new();
    let mut end = 2;
    while end <= longest {
        let start = end;
        end = (start + 1).max(start * 5 / 4);
        let local = |lag: &usize| at(*lag) > 0.0 && at(*lag) >= at(lag - 1) && at(*lag) >= at(lag + 1);
        highest.extend(
            (start..end.min(longest + 1)).filter(local).reduce(|a, b| if at(b) > at(a) { b } else { a }),
        );
    }
    let prominence = |lag: usize| at(lag) - (lag / 2..lag).map(at).fold(f64::INFINITY, f64::min);
    let mut peaks: Vec<(usize, f64)> = highest.into_iter().map(|lag| (lag, prominence(lag))).collect();
    peaks.sort_by(|a, b| b.1.total_cmp(&a.1));
    peaks.truncate(PEAKS);
    peaks.into_iter().map(|(lag, _)| lag).collect()
}

/// What speaks for a period.
#[derive(Clone, Copy)]
struct Support {
    period: usize,
    /// Autocorrelation at the period of the series less its moving average; zero where it does not last.
    correlation: f64,
    /// The same as a covariance: how much of the variance repeats.
    covariance: f64,
}

fn support(level: &[f64], period: usize, tick: &Ticker) -> Support {
    tick.work(12 * level.len());
    let swing = swing(level, period);
    let (once, size) = correlation(&swing, period);
    let (twice, _) = correlation(&swing, 2 * period);
    let correlation = if twice >= LASTING * once { once } else { 0.0 };
    Support { period, correlation, covariance: correlation * size }
}

/// Correlation with itself `lag` later, and the variance it is a share of.
fn correlation(x: &[f64], lag: usize) -> (f64, f64) {
    let (head, tail) = (&x[..x.len() - lag], &x[lag..]);
    let product: f64 = head.iter().zip(tail).map(|(a, b)| a * b).sum();
    let square = |side: &[f64]| side.iter().map(|value| value * value).sum::<f64>();
    let size = (square(head) * square(tail)).sqrt();
    if size > 0.0 { (product / size, size / head.len() as f64) } else { (0.0, 0.0) }
}

#[cfg(test)]
mod tests;
