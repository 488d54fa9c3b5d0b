//! Bands from the values before each point.

use crate::judge::Band;
use crate::stats::band;
use crate::tick::Ticker;
use crate::{Method, ValidOptions};

/// The band of each of `values`: from all finite ones, or from the last `window` finite ones before it.
/// NaN and infinite values have a band and take no part in any.
pub(crate) fn bands(values: &[f64], method: Method, options: &ValidOptions, tick: &Ticker) -> Vec<Band> {
    let threshold = options.threshold(method);
    let of = |sorted: &[f64]| {
        if sorted.len() < options.min_points() { Band::UNKNOWN } else { band(sorted, method, threshold) }
    };
    let Some(window) = options.window() else {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sort(&mut sorted, tick);
        return vec![of(&sorted); values.len()];
    };
    let mut sorted: Vec<f64> = Vec::with_capacity(window + 1);
    // The values of the window in order of arrival: those of `values` from here on that are finite.
    let mut leaving = values.iter().copied().filter(|value| value.is_finite());
    values
        .iter()
        .map(|&value| {
            let band = of(&sorted);
            tick.work(50 + 2 * sorted.len());
            if value.is_finite() {
                if sorted.len() == window
                    && let Some(oldest) = leaving.next()
                {
                    sorted.remove(rank(&sorted, oldest).min(window - 1));
                }
                sorted.insert(rank(&sorted, value), value);
            }
            band
        })
        .collect()
}

/// How many values lie below.
fn rank(sorted: &[f64], value: f64) -> usize {
    sorted.partition_point(|known| known.total_cmp(&value).is_lt())
}

/// Sorts in runs that are short enough for a tick between them.
fn sort(values: &mut [f64], tick: &Ticker) {
    for run in values.chunks_mut(1 << 16) {
        run.sort_unstable_by(f64::total_cmp);
        tick.work(1 << 20);
    }
    // The standard stable sort merges sorted runs.
    values.sort_by(f64::total_cmp);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[test]
    fn a_window_looks_back_only() -> Result<(), crate::SeriesError> {
        let options = Options { window: Some(3), ..Options::default() }.validate()?;
        let values = [1.0, 2.0, f64::NAN, 3.0, f64::INFINITY, 10.0, 4.0];
        let bands = bands(&values, Method::Mad, &options, &Ticker::new(&|| ()));
        let expected: Vec<f64> = bands.iter().map(|band| band.expected).collect();
        assert!(expected[..4].iter().all(|value| value.is_nan()));
        assert_eq!(expected[4..], [2.0, 2.0, 3.0]);
        Ok(())
    }
}
