//! Features as small whole numbers.
#![allow(clippy::indexing_slicing)] // Columns are as many as features, and as long as the rows.

use altlas_prep::Matrix;

/// The bin of missing values.
pub(super) const MISSING: u8 = 255;
/// The most thresholds of a feature: bins 0 to 254 hold values.
const MAX_CUTS: usize = 254;
/// Rows that the thresholds are found on.
const SAMPLE: usize = 100_000;

/// Features by column, each value as the number of thresholds below it.
#[derive(Debug)]
pub(super) struct Bins {
    pub(super) columns: Vec<Vec<u8>>,
    /// Thresholds of each feature, ascending: a value of bin `b` is at most `cuts[b]` and above `cuts[b - 1]`.
    pub(super) cuts: Vec<Vec<f32>>,
}

impl Bins {
    pub(super) fn new(matrix: &Matrix, tick: &mut dyn FnMut()) -> Self {
        let (rows, width) = (matrix.rows, matrix.width);
        let step = rows.div_ceil(SAMPLE).max(1);
        let mut sample = Vec::with_capacity(rows.div_ceil(step));
        let (mut columns, mut cuts) = (Vec::with_capacity(width), Vec::with_capacity(width));
        for feature in 0..width {
            tick();
            let values = matrix.values.iter().skip(feature).step_by(width);
            sample.clear();
            sample.extend(values.clone().step_by(step).copied().filter(|x| !x.is_nan()));
            sample.sort_unstable_by(f32::total_cmp);
            let found = thresholds(&sample);
            columns.push(values.map(|x| bin(&found, *x)).collect());
            cuts.push(found);
        }
        Self { columns, cuts }
    }
}

fn bin(cuts: &[f32], x: f32) -> u8 {
    if x.is_nan() {
        return MISSING;
    }
    // At most 254, by the number of thresholds.
    cuts.partition_point(|cut| *cut < x) as u8
}

/// Thresholds between ascending values: between all that differ, or such that the bins hold alike many.
fn thresholds(sorted: &[f32]) -> Vec<f32> {
    let runs: Vec<(f32, usize)> = sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let mut cuts = Vec::new();
    let (mut held, mut left) = (0, sorted.len());
    let mut bins = MAX_CUTS + 1;
    for pair in runs.windows(2) {
        let ((value, count), next) = (pair[0], pair[1].0);
        held += count;
        if runs.len() <= MAX_CUTS + 1 || (held * bins >= left && bins > 1) {
            cuts.push(between(value, next));
            left -= held;
            held = 0;
            bins -= 1;
        }
    }
    cuts
}

/// A number that is at least `low` and below `high`, midway where single precision has one.
fn between(low: f32, high: f32) -> f32 {
    let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
    if middle >= low && middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each() {
        let matrix = Matrix { rows: 5, width: 1, values: vec![3.0, 1.0, f32::NAN, f32::INFINITY, 1.0] };
        let bins = Bins::new(&matrix, &mut || ());
        assert_eq!(bins.columns[0], [1, 0, MISSING, 2, 0]);
        assert_eq!(bins.cuts[0], [2.0, 3.0]);
    }

    #[test]
    fn many_values_share_bins_of_like_size() {
        let values: Vec<f32> = (0..10_000).map(|i| (i as f32).sqrt()).collect();
        let bins = Bins::new(&Matrix { rows: 10_000, width: 1, values }, &mut || ());
        assert_eq!(bins.cuts[0].len(), MAX_CUTS);
        let mut counts = [0; 256];
        bins.columns[0].iter().for_each(|b| counts[usize::from(*b)] += 1);
        assert!(counts[..255].iter().all(|n| (30..=50).contains(n)), "{counts:?}");
    }
}
