//! Location and spread of a sorted sample, and the band each method makes of them.

use crate::Method;
use crate::judge::Band;

/// `1 / Φ⁻¹(3/4)`: the median absolute deviation times this estimates a normal standard deviation.
const MAD_TO_SD: f64 = 1.482_602_218_505_602;
/// `√(π/2)`: the same for the mean absolute deviation.
const MEAN_AD_TO_SD: f64 = 1.253_314_137_315_500_3;
/// `2·Φ⁻¹(3/4)`: the interquartile range of a standard normal.
const NORMAL_IQR: f64 = 1.348_979_500_392_163_4;

/// The band of finite values in ascending order; unknown for none.
///
/// Where more than half of the values are equal, so that the median absolute deviation or the interquartile
/// range is zero, the mean absolute deviation takes its place, scaled to the same normal standard deviation
/// (Iglewicz & Hoaglin 1993, How to Detect and Handle Outliers, for the modified z-score).
pub(crate) fn band(sorted: &[f64], method: Method, threshold: f64) -> Band {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return Band::UNKNOWN;
    };
    if first == last {
        return Band::around(first, 0.0);
    }
    match method {
        Method::Zscore => {
            let mean = mean(sorted);
            Band::around(mean, threshold * standard_deviation(sorted, mean))
        }
        Method::Iqr => fences(sorted, threshold),
        Method::Auto | Method::Mad | Method::Seasonal => {
            let center = median(sorted);
            let spread = match mad(sorted, center) {
                0.0 => MEAN_AD_TO_SD * mean_absolute_deviation(sorted, center),
                mad => MAD_TO_SD * mad,
            };
            Band::around(center, threshold * spread)
        }
    }
}

fn fences(sorted: &[f64], threshold: f64) -> Band {
    let center = median(sorted);
    let (low, high) = (quantile(sorted, 0.25), quantile(sorted, 0.75));
    let range = match high - low {
        0.0 => NORMAL_IQR * MEAN_AD_TO_SD * mean_absolute_deviation(sorted, center),
        range => range,
    };
    let reach = threshold * range;
    Band { expected: center, lower: (low - reach).min(center), upper: (high + reach).max(center) }
}

fn at(sorted: &[f64], rank: usize) -> f64 {
    sorted.get(rank).or(sorted.last()).copied().unwrap_or(f64::NAN)
}

/// Quantile with linear interpolation between order statistics (type 7 of Hyndman & Fan 1996).
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = p * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (at(sorted, position as usize), at(sorted, position as usize + 1));
    low + (high - low) * position.fract()
}

pub(crate) fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        at(sorted, half)
    } else {
        0.5 * (at(sorted, half.saturating_sub(1)) + at(sorted, half))
    }
}

/// Median absolute deviation from `center`, in logarithmic time.
pub(crate) fn mad(sorted: &[f64], center: f64) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        nth_deviation(sorted, center, half + 1)
    } else {
        0.5 * (nth_deviation(sorted, center, half) + nth_deviation(sorted, center, half + 1))
    }
}

/// The `count`-th smallest distance from `center` (from 1). The nearest `count` values are neighbours in
/// order: of all runs of that length, the one whose farther end is nearest. Along the array the left end's
/// distance falls and the right end's grows, so the crossing is found by bisection.
fn nth_deviation(sorted: &[f64], center: f64, count: usize) -> f64 {
    let (mut low, mut high) = (0, sorted.len().saturating_sub(count));
    let left = |start| center - at(sorted, start);
    let right = |start: usize| at(sorted, start + count - 1) - center;
    while low < high {
        let middle = (low + high) / 2;
        if right(middle) >= left(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let farther = |start: usize| right(start).max(left(start));
    match low {
        0 => farther(0),
        _ => farther(low).min(farther(low - 1)),
    }
}

fn mean(values: &[f64]) -> f64 {
    sum(values, |value| value) / values.len() as f64
}

/// How far values lie from their mean, on average of squares; 0 for fewer than two.
pub(crate) fn variation(values: &[f64]) -> f64 {
    if values.len() < 2 { 0.0 } else { standard_deviation(values, mean(values)) }
}

fn standard_deviation(values: &[f64], mean: f64) -> f64 {
    let squares = sum(values, |value| (value - mean) * (value - mean));
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

fn mean_absolute_deviation(values: &[f64], center: f64) -> f64 {
    sum(values, |value| (value - center).abs()) / values.len() as f64
}

/// Sum in eight lanes: the additions of one lane need not wait for those of another.
fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let chunks = values.chunks_exact(lanes.len());
    let rest: f64 = chunks.remainder().iter().map(|&value| term(value)).sum();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += term(value);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mad_equals_the_plain_definition() {
        let mut state = 1_u64;
        for n in 1..60 {
            let mut values: Vec<f64> = (0..n)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((state >> 60) as f64).powi(2)
                })
                .collect();
            values.sort_by(f64::total_cmp);
            let center = median(&values);
            let mut deviations: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
            deviations.sort_by(f64::total_cmp);
            assert_eq!(mad(&values, center), median(&deviations), "{values:?}");
        }
    }

    #[test]
    fn constant_values_have_a_band_of_width_zero() {
        for method in [Method::Zscore, Method::Mad, Method::Iqr] {
            assert_eq!(band(&[0.1; 7], method, 3.0), Band::around(0.1, 0.0));
        }
    }
}
