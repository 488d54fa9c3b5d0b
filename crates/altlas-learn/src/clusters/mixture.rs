//! Mixtures of normal distributions with full covariances by expectation and maximisation (Dempster, Laird and Rubin 1977).
#![allow(clippy::indexing_slicing)] // Square matrices of the features' width, rows of as many shares as components.

use super::kmeans::Points;
use crate::LearnError;

/// Added to the variances, so that no component collapses.
const RIDGE: f64 = 1e-6;
/// The gain in mean log likelihood that another pass must give.
const TOLERANCE: f64 = 1e-4;

/// A component: its log density at `x` is `constant − |x·whiten − shift|²/2`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Component {
    /// `[width, width]`: the transposed inverse of the covariance's Cholesky factor.
    pub(super) whiten: Vec<f64>,
    pub(super) shift: Vec<f64>,
    /// With the logarithm of its weight.
    pub(super) constant: f64,
}

/// A fitted mixture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixture {
    pub(super) components: Vec<Component>,
    /// The mean log likelihood of the rows.
    pub(super) likelihood: f64,
    width: usize,
}

impl Mixture {
    /// Fits from the clusters that points belong to. `tick` is called once a pass.
    pub(super) fn new(
        points: Points<'_>,
        members: &[usize],
        k: usize,
        max_iter: u32,
        tick: &mut dyn FnMut(),
    ) -> Result<Self, LearnError> {
        let n = points.count();
        let mut shares = vec![0.0; n * k];
        members.iter().enumerate().for_each(|(row, m)| shares[row * k + m] = 1.0);
        let mut mixture = Self { components: Vec::new(), likelihood: f64::NEG_INFINITY, width: points.width };
        for _ in 0..max_iter.max(1) {
            tick();
            let components = (0..k).map(|c| Component::new(points, &shares, k, c)).collect();
            let before = mixture.likelihood;
            mixture.components = components;
            mixture.likelihood = mixture.expect(points, &mut shares);
            if !mixture.likelihood.is_finite() {
                return Err(LearnError::NotFinite("the mixture"));
            }
            if mixture.likelihood - before < TOLERANCE {
                break;
            }
        }
        Ok(mixture)
    }

    /// Shares of the components in each row; gives the mean log likelihood.
    fn expect(&self, points: Points<'_>, shares: &mut [f64]) -> f64 {
        let k = self.components.len();
        let mut sum = 0.0;
        for (row, shares) in shares.chunks_exact_mut(k).enumerate() {
            let x: Vec<f64> = points.row(row).iter().map(|x| f64::from(*x)).collect();
            shares.iter_mut().zip(&self.components).for_each(|(s, c)| *s = -c.energy(&x));
            let top = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total = top + shares.iter().map(|s| (s - top).exp()).sum::<f64>().ln();
            shares.iter_mut().for_each(|s| *s = (*s - total).exp());
            sum += total;
        }
        sum / points.count().max(1) as f64
    }

    /// The number of the likeliest component, the first of equal ones.
    pub(super) fn likeliest(&self, x: &[f64]) -> usize {
        let less = |best: (usize, f64), next: (usize, f64)| if next.1 < best.1 { next } else { best };
        (0..).zip(self.components.iter().map(|c| c.energy(x))).fold((0, f64::INFINITY), less).0
    }

    /// Schwarz's criterion (1978) on so many rows: less is better.
    pub(super) fn bic(&self, rows: usize) -> f64 {
        let (k, d, n) = (self.components.len() as f64, self.width as f64, rows as f64);
        let free = k - 1.0 + k * d + k * d * (d + 1.0) / 2.0;
        free * n.ln() - 2.0 * n * self.likelihood
    }

    /// The same with the components in this order.
    pub(super) fn ordered(mut self, order: &[usize]) -> Self {
        self.components = order.iter().filter_map(|&c| self.components.get(c)).cloned().collect();
        self
    }
}

impl Component {
    /// Mean and covariance of the rows by their shares in component `own`.
    fn new(points: Points<'_>, shares: &[f64], k: usize, own: usize) -> Self {
        let (n, width) = (points.count(), points.width);
        let share = |row: usize| shares[row * k + own];
        // A component without rows keeps a trace of one.
        let weight = (0..n).map(share).sum::<f64>() + 10.0 * f64::EPSILON;
        let mut mean = vec![0.0; width];
        for row in 0..n {
            mean.iter_mut().zip(points.row(row)).for_each(|(m, x)| *m += share(row) * f64::from(*x) / weight);
        }
        let mut covariance = vec![0.0; width * width];
        let mut centred = vec![0.0; width];
        for row in (0..n).filter(|row| share(*row) > 1e-12) {
            centred
                .iter_mut()
                .zip(points.row(row).iter().zip(&mean))
                .for_each(|(c, (x, m))| *c = f64::from(*x) - m);
            for a in 0..width {
                let factor = share(row) * centred[a] / weight;
                let line = &mut covariance[a * width..=a * width + a];
                line.iter_mut().zip(&centred).for_each(|(v, c)| *v += factor * c);
            }
        }
        (0..width).for_each(|a| covariance[a * width + a] += RIDGE);
        let (whiten, log_det) = whiten(&mut covariance, width);
        let shift = (0..width).map(|j| (0..width).map(|i| mean[i] * whiten[i * width + j]).sum()).collect();
        let constant = (weight / n as f64).ln() - 0.5 * (width as f64 * std::f64::consts::TAU.ln() + log_det);
        Self { whiten, shift, constant }
    }

    /// The negative log density.
    fn energy(&self, x: &[f64]) -> f64 {
        let width = x.len();
        let mut squares = 0.0;
        for (j, shift) in self.shift.iter().enumerate() {
            // The matrix is upper triangular.
            let sum: f64 = (0..=j).map(|i| x[i] * self.whiten[i * width + j]).sum();
            squares += (sum - shift) * (sum - shift);
        }
        squares / 2.0 - self.constant
    }
}

/// The transposed inverse of the lower Cholesky factor of a matrix, given by its lower triangle, and the logarithm of its
/// determinant.
fn whiten(matrix: &mut [f64], width: usize) -> (Vec<f64>, f64) {
    for a in 0..width {
        for b in 0..=a {
            let products: f64 = (0..b).map(|i| matrix[a * width + i] * matrix[b * width + i]).sum();
            let left = matrix[a * width + b] - products;
            matrix[a * width + b] =
                if a == b { left.max(RIDGE * RIDGE).sqrt() } else { left / matrix[b * width + b] };
        }
    }
    let log_det = 2.0 * (0..width).map(|a| matrix[a * width + a].ln()).sum::<f64>();
    // Column by column of the inverse, which is lower triangular; kept transposed.
    let mut inverse = vec![0.0; width * width];
    for column in 0..width {
        for row in column..width {
            let own = f64::from(u8::from(row == column));
            let products: f64 =
                (column..row).map(|i| matrix[row * width + i] * inverse[column * width + i]).sum();
            inverse[column * width + row] = (own - products) / matrix[row * width + row];
        }
    }
    (inverse, log_det)
}
