//! Locally weighted regression on equally spaced points, as in Cleveland's STL.
#![allow(clippy::indexing_slicing, reason = "numeric kernel: windows are clamped to the slice's length")]

use crate::tick::Ticker;

/// One smoothing: width of the window and distance between evaluated points, both in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loess {
    pub window: usize,
    pub jump: usize,
}

impl Loess {
    /// Evaluates every tenth of the window and interpolates between, as Cleveland advises: linear time.
    pub fn new(window: usize) -> Self {
        Self { window, jump: window.div_ceil(10) }
    }

    /// Smooths `y` into `out` (same length). `robust` holds a weight for each point.
    pub fn smooth(
        self,
        y: &[f64],
        robust: Option<&[f64]>,
        out: &mut [f64],
        scratch: &mut Vec<f64>,
        tick: &Ticker,
    ) {
        let n = y.len();
        if n < 2 {
            out.copy_from_slice(y);
            return;
        }
        let jump = self.jump.clamp(1, n - 1);
        let half = self.window.div_ceil(2);
        let around = |i: usize| match () {
            () if self.window >= n => 0..n,
            () if i + 1 < half => 0..self.window,
            () if i + half >= n => n - self.window..n,
            () => i + 1 - half..i + 1 - half + self.window,
        };
        let mut fit = |i: usize| self.fit(y, robust, i as f64, around(i), scratch, tick).unwrap_or(y[i]);
        let mut known = 0;
        out[0] = fit(0);
        while known < n - 1 {
            let next = (known + jump).min(n - 1);
            out[next] = fit(next);
            let slope = (out[next] - out[known]) / (next - known) as f64;
            for i in known + 1..next {
                out[i] = out[known] + slope * (i - known) as f64;
            }
            known = next;
        }
    }

    /// The local line's value at `x`, which may lie outside the points; none where all weights are zero.
    pub fn fit(
        self,
        y: &[f64],
        robust: Option<&[f64]>,
        x: f64,
        window: std::ops::Range<usize>,
        weights: &mut Vec<f64>,
        tick: &Ticker,
    ) -> Option<f64> {
        let n = y.len();
        let (left, right) = (window.start, window.end);
        tick.work(8 * (right - left));
        let mut reach = (x - left as f64).max((right - 1) as f64 - x);
        if self.window > n {
            reach += ((self.window - n) / 2) as f64;
        }
        weights.clear();
        weights.extend(window.map(|j| tricube((j as f64 - x).abs(), reach)));
        if let Some(robust) = robust {
            for (weight, robust) in weights.iter_mut().zip(&robust[left..right]) {
                *weight *= robust;
            }
        }
        let points = || weights.iter().zip(left..right);
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let center = points().map(|(w, j)| w * j as f64).sum::<f64>() / total;
        let spread = points().map(|(w, j)| w * (j as f64 - center).powi(2)).sum::<f64>() / total;
        let level = points().map(|(w, j)| w * y[j]).sum::<f64>() / total;
        // A window whose weight sits on one point has no slope.
        if reach <= 0.0 || spread.sqrt() <= 0.001 * (n - 1) as f64 {
            return Some(level);
        }
        let slope = points().map(|(w, j)| w * (j as f64 - center) * y[j]).sum::<f64>() / total / spread;
        Some(level + slope * (x - center))
    }
}

fn tricube(distance: f64, reach: f64) -> f64 {
    if distance > 0.999 * reach {
        0.0
    } else if distance <= 0.001 * reach {
        1.0
    } else {
        let ratio = distance / reach;
        let rest = 1.0 - ratio * ratio * ratio;
        rest * rest * rest
    }
}
