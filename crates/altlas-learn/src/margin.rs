//! Linear support vector machines by dual coordinate descent: squared hinge losses (Hsieh et al. 2008) and
//! epsilon-insensitive losses (Ho and Lin 2012). The intercept is the coefficient of a feature that is always 1, and is
//! penalised like the others.
#![allow(clippy::indexing_slicing)] // Rows, outputs and features are numbers of the data they index.

use std::time::Instant;

use altlas_prep::Matrix;

use crate::LearnError;
use crate::linear::{LinearFit, Standard};
use crate::rng::Rng;

/// The violation of the optimality conditions that ends the passes.
const TOLERANCE: f64 = 1e-4;

/// One training run.
#[derive(Debug, Clone, Copy)]
pub struct MarginRun<'a> {
    /// Features of the rows to learn from.
    pub matrix: &'a Matrix,
    /// Their learned targets, or class numbers.
    pub target: &'a [f64],
    /// 0 for a regression.
    pub classes: usize,
    /// Weight of the sum of losses beside half the squared coefficients.
    pub c: f64,
    /// Errors up to this share of the target's standard deviation are none (regression).
    pub epsilon: f64,
    /// The most passes over the rows.
    pub max_iter: u32,
    /// Seed of the order of the rows.
    pub seed: u64,
    /// When passes end in any case.
    pub deadline: Option<Instant>,
}

/// Standardised rows with their squared lengths.
struct Rows {
    width: usize,
    values: Vec<f32>,
    lengths: Vec<f64>,
}

impl Rows {
    fn new(matrix: &Matrix, standard: &Standard) -> Self {
        let values = standard.matrix(matrix);
        let length = |row: &[f32]| 1.0 + row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
        let lengths = values.chunks_exact(matrix.width).map(length).collect();
        Self { width: matrix.width, values, lengths }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// The score by weights of which the last is the intercept.
    fn score(&self, row: usize, w: &[f64]) -> f64 {
        let products = self.row(row).iter().zip(w).map(|(x, w)| f64::from(*x) * w);
        products.sum::<f64>() + w[self.width]
    }

    fn add(&self, row: usize, step: f64, w: &mut [f64]) {
        self.row(row).iter().zip(w.iter_mut()).for_each(|(x, w)| *w += step * f64::from(*x));
        w[self.width] += step;
    }
}

impl MarginRun<'_> {
    /// Trains: one output for a regression and for two classes (class 1 above 0), else one against the rest for each
    /// class. Also says whether all converged. `tick` is called once a pass.
    pub fn train(&self, tick: &mut dyn FnMut()) -> Result<(LinearFit, bool), LearnError> {
        let standard = Standard::new(self.matrix);
        let rows = Rows::new(self.matrix, &standard);
        let mut converged = true;
        let mut weights = Vec::new();
        if self.classes == 0 {
            let (mean, deviation) = spread(self.target);
            let y: Vec<f64> = self.target.iter().map(|y| (y - mean) / deviation).collect();
            let (mut w, done) = self.regression(&rows, &y, tick);
            w.iter_mut().for_each(|w| *w *= deviation);
            w[rows.width] += mean;
            converged &= done;
            weights.push(w);
        } else {
            for class in if self.classes == 2 { 1..2 } else { 0..self.classes } {
                let y: Vec<f64> =
                    self.target.iter().map(|y| if *y as usize == class { 1.0 } else { -1.0 }).collect();
                let (w, done) = self.classification(&rows, &y, tick);
                converged &= done;
                weights.push(w);
            }
        }
        if weights.iter().flatten().any(|w| !w.is_finite()) {
            return Err(LearnError::NotFinite("the support vector machine"));
        }
        let intercepts = weights.iter().map(|w| w[rows.width]).collect();
        let coefficients = weights.iter().map(|w| w[..rows.width].to_vec()).collect();
        Ok((LinearFit { standard, coefficients, intercepts }, converged))
    }

    fn late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Half the squared weights plus `c` times the squared hinge losses, in the dual.
    fn classification(&self, rows: &Rows, y: &[f64], tick: &mut dyn FnMut()) -> (Vec<f64>, bool) {
        let diagonal = 0.5 / self.c;
        let mut w = vec![0.0; rows.width + 1];
        let mut alpha = vec![0.0; y.len()];
        let mut order: Vec<usize> = (0..y.len()).collect();
        let mut rng = Rng::new(self.seed, 12);
        for _ in 0..self.max_iter {
            tick();
            rng.shuffle(&mut order);
            let (mut top, mut bottom) = (f64::NEG_INFINITY, f64::INFINITY);
            for &i in &order {
                let gradient = y[i] * rows.score(i, &w) - 1.0 + diagonal * alpha[i];
                let projected = if alpha[i] == 0.0 { gradient.min(0.0) } else { gradient };
                top = top.max(projected);
                bottom = bottom.min(projected);
                if projected.abs() > 1e-12 {
                    let old = alpha[i];
                    alpha[i] = (old - gradient / (rows.lengths[i] + diagonal)).max(0.0);
                    rows.add(i, (alpha[i] - old) * y[i], &mut w);
                }
            }
            if top - bottom <= TOLERANCE {
                return (w, true);
            }
            if self.late() {
                break;
            }
        }
        (w, false)
    }

    /// Half the squared weights plus `c` times the errors beyond epsilon, in the dual.
    fn regression(&self, rows: &Rows, y: &[f64], tick: &mut dyn FnMut()) -> (Vec<f64>, bool) {
        let mut w = vec![0.0; rows.width + 1];
        let mut beta = vec![0.0_f64; y.len()];
        let mut order: Vec<usize> = (0..y.len()).collect();
        let mut rng = Rng::new(self.seed, 13);
        let mut first = None;
        for _ in 0..self.max_iter {
            tick();
            rng.shuffle(&mut order);
            let mut violations = 0.0;
            for &i in &order {
                let gradient = rows.score(i, &w) - y[i];
                let (up, down) = (gradient + self.epsilon, gradient - self.epsilon);
                let b = beta[i];
                violations += if b == 0.0 {
                    (-up).max(down).max(0.0)
                } else if b >= self.c {
                    up.max(0.0)
                } else if b <= -self.c {
                    (-down).max(0.0)
                } else if b > 0.0 {
                    up.abs()
                } else {
                    down.abs()
                };
                let h = rows.lengths[i];
                let step = if up < h * b {
                    -up / h
                } else if down > h * b {
                    -down / h
                } else {
                    -b
                };
                beta[i] = (b + step).clamp(-self.c, self.c);
                if beta[i] != b {
                    rows.add(i, beta[i] - b, &mut w);
                }
            }
            let first = *first.get_or_insert(violations);
            if violations <= TOLERANCE * first {
                return (w, true);
            }
            if self.late() {
                break;
            }
        }
        (w, false)
    }
}

/// Mean and standard deviation; 1 where there is none.
pub(crate) fn spread(target: &[f64]) -> (f64, f64) {
    let n = target.len().max(1) as f64;
    let mean = target.iter().sum::<f64>() / n;
    let deviation = (target.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n).sqrt();
    (mean, if deviation > 0.0 && deviation.is_finite() { deviation } else { 1.0 })
}
