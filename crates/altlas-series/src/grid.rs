//! Points placed on a regular time grid, so that gaps do not shift the season.
#![allow(
    clippy::indexing_slicing,
    reason = "indices are a permutation of the points, or cells counted from them"
)]

use crate::Point;

/// How the time stamps lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Some point has no time stamp: the points count as equally spaced, in the order given.
    Untimed,
    /// One point a step.
    Regular,
    /// Steps of one length with gaps, or several points in a step: gaps are kept as missing values.
    Gaps,
    /// No common step: the points count as equally spaced, in time order.
    Irregular,
}

/// Points in time order, each with its cell.
pub(crate) struct Grid {
    pub spacing: Spacing,
    /// Positions of the points, in time order.
    pub order: Vec<usize>,
    /// The cell of each entry of `order`; ascending.
    pub cells: Vec<usize>,
    /// Number of cells.
    pub len: usize,
    /// The step in microseconds, where time stamps have one.
    pub step_us: Option<i64>,
}

/// A step may be off by this share of its length: months are 28 to 31 days, samplers jitter.
const TOLERANCE: f64 = 0.15;
/// The share of steps that may be off by more.
const IRREGULAR: f64 = 0.05;
/// More cells than this many times the points is taken for a stray time stamp, not for gaps.
const SPARSEST: usize = 4;

impl Grid {
    pub fn new(points: &[Point]) -> Self {
        let n = points.len();
        let untimed =
            |spacing, order| Self { spacing, order, cells: (0..n).collect(), len: n, step_us: None };
        let mut order: Vec<usize> = (0..n).collect();
        let Some(times) = points.iter().map(|point| point.ts_us).collect::<Option<Vec<i64>>>() else {
            return untimed(Spacing::Untimed, order);
        };
        if !times.is_sorted() {
            order.sort_by_key(|&i| times[i]);
        }
        let steps: Vec<i64> =
            order.windows(2).map(|pair| times[pair[1]].saturating_sub(times[pair[0]])).collect();
        let mut positive: Vec<i64> = steps.iter().copied().filter(|&step| step > 0).collect();
        if positive.is_empty() {
            return untimed(Spacing::Irregular, order);
        }
        let middle = positive.len() / 2;
        let step = *positive.select_nth_unstable(middle).1;
        let (mut cells, mut cell, mut off) = (vec![0; n], 0_usize, 0_usize);
        for (slot, &us) in cells[1..].iter_mut().zip(&steps) {
            let ratio = us as f64 / step as f64;
            let whole = ratio.round();
            // A long gap in months does not come out whole; what it spans is still known to the step.
            if whole < 3.0 && (ratio - whole).abs() > TOLERANCE || whole == 0.0 {
                off += 1;
            }
            cell = cell.saturating_add(whole as usize);
            *slot = cell;
        }
        let len = cell.saturating_add(1);
        if off as f64 > IRREGULAR * steps.len() as f64 || len > n.saturating_mul(SPARSEST) {
            return untimed(Spacing::Irregular, order);
        }
        let regular = len == n && off == 0;
        let spacing = if regular { Spacing::Regular } else { Spacing::Gaps };
        Self { spacing, order, cells, len, step_us: Some(step) }
    }

    /// The mean of the finite values of each cell; NaN for a cell without.
    pub fn fill(&self, values: &[f64]) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; self.len], vec![0_u32; self.len]);
        for (&i, &cell) in self.order.iter().zip(&self.cells) {
            if values[i].is_finite() {
                sums[cell] += values[i];
                counts[cell] += 1;
            }
        }
        sums.into_iter()
            .zip(counts)
            .map(|(sum, n)| if n == 0 { f64::NAN } else { sum / f64::from(n) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(times: &[i64]) -> Grid {
        let points: Vec<Point> =
            times.iter().map(|&us| Point { ts_us: Some(us), value: us as f64 }).collect();
        Grid::new(&points)
    }

    #[test]
    fn gaps_keep_their_cells() {
        let gaps = grid(&[0, 10, 20, 50, 60, 71, 80]);
        assert_eq!((gaps.spacing, gaps.len), (Spacing::Gaps, 9));
        assert_eq!(gaps.cells, [0, 1, 2, 5, 6, 7, 8]);
        assert!(gaps.fill(&[0.0; 7])[3].is_nan());
    }

    #[test]
    fn months_are_regular() {
        let days = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
        assert_eq!(grid(&days.map(|day| day * 86_400_000_000)).spacing, Spacing::Regular);
    }

    #[test]
    fn unsorted_points_are_put_in_order() {
        let back = grid(&[30, 20, 10, 0]);
        assert_eq!((back.spacing, back.order), (Spacing::Regular, vec![3, 2, 1, 0]));
    }

    #[test]
    fn random_times_have_no_grid() {
        let irregular = grid(&[0, 3, 17, 18, 40, 44, 97, 130]);
        assert_eq!((irregular.spacing, irregular.len), (Spacing::Irregular, 8));
        assert_eq!(grid(&[5, 5, 5]).spacing, Spacing::Irregular);
        assert_eq!(grid(&[]).spacing, Spacing::Irregular);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let extreme = grid(&[i64::MIN, 0, 1, 2, 3, i64::MAX]);
        assert_eq!(extreme.spacing, Spacing::Irregular);
    }
}
