//! Support vector machines with a Gaussian kernel by sequential minimal optimisation, pairs chosen by second-order
//! information (Fan, Chen and Lin 2005; the solver of LIBSVM, without shrinking). The kernel's matrix is kept whole, which the
//! number of rows bounds.
#![allow(clippy::indexing_slicing)] // Rows are numbers of the matrix they index.

use std::time::Instant;

use altlas_onnx::write::Post;
use altlas_prep::Matrix;

use crate::LearnError;
use crate::graph::{Dense, Link};
use crate::linear::{Standard, dot};
use crate::margin::spread;
use crate::platt::Platt;
use crate::rng::Rng;

/// The violation of the optimality conditions that ends the iterations.
const TOLERANCE: f64 = 1e-3;
/// The least curvature that is believed.
const TAU: f64 = 1e-12;
/// Iterations between two looks at the clock.
const TICK: usize = 1000;

/// One training run.
#[derive(Debug, Clone, Copy)]
pub struct KernelRun<'a> {
    /// Features of the rows to learn from.
    pub matrix: &'a Matrix,
    /// Their learned targets, or class numbers.
    pub target: &'a [f64],
    /// 0 for a regression.
    pub classes: usize,
    /// Weight of the sum of losses.
    pub c: f64,
    /// exp(-gamma·distance²) of standardised features.
    pub gamma: f64,
    /// Errors up to this share of the target's standard deviation are none (regression).
    pub epsilon: f64,
    /// More rows than this are sampled.
    pub max_rows: usize,
    /// Seed of the sample.
    pub seed: u64,
    /// When iterations end in any case.
    pub deadline: Option<Instant>,
}

/// A fitted machine: sums of kernels at the support vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelFit {
    standard: Standard,
    gamma: f64,
    points: Vec<f64>,
    norms: Vec<f64>,
    /// `[points, outputs]`.
    weights: Vec<f64>,
    intercepts: Vec<f64>,
    classes: usize,
}

/// A quadratic problem: `½αᵀQα + pᵀα` with `0 ≤ α ≤ c` and `yᵀα` constant; `Q_ij = y_i y_j K(row_i, row_j)`.
struct Problem<'a> {
    kernel: &'a [f32],
    rows: usize,
    y: Vec<f64>,
    p: Vec<f64>,
    c: f64,
}

impl KernelRun<'_> {
    /// Trains: one output for a regression and for two classes (class 1 above 0), else one against the rest for each
    /// class. Also says whether all converged. `tick` is called now and then.
    pub fn train(&self, tick: &mut dyn FnMut()) -> Result<(KernelFit, bool), LearnError> {
        let standard = Standard::new(self.matrix);
        let width = self.matrix.width;
        let mut sample: Vec<usize> = (0..self.matrix.rows).collect();
        if sample.len() > self.max_rows {
            Rng::new(self.seed, 14).shuffle(&mut sample);
            sample.truncate(self.max_rows);
            sample.sort_unstable();
        }
        let rows = sample.len();
        let mut points = vec![0.0; rows * width];
        for (row, point) in sample.iter().zip(points.chunks_exact_mut(width)) {
            standard.row(self.matrix.row(*row), point);
        }
        let norms: Vec<f64> = points.chunks_exact(width).map(|p| dot(p, p)).collect();
        let mut kernel = vec![0.0_f32; rows * rows];
        for (i, (a, line)) in points.chunks_exact(width).zip(kernel.chunks_exact_mut(rows)).enumerate() {
            if i % 64 == 0 {
                tick();
            }
            for ((b, norm), k) in points.chunks_exact(width).zip(&norms).zip(line) {
                let distance = (norms[i] + norm - 2.0 * dot(a, b)).max(0.0);
                *k = (-self.gamma * distance).exp() as f32;
            }
        }
        let target: Vec<f64> = sample.iter().map(|&row| self.target[row]).collect();
        let mut outputs = Vec::new();
        let mut converged = true;
        if self.classes == 0 {
            let (mean, deviation) = spread(&target);
            let scaled = target.iter().map(|y| (y - mean) / deviation);
            // Twice the rows: errors above and below.
            let p =
                scaled.clone().map(|y| self.epsilon - y).chain(scaled.map(|y| self.epsilon + y)).collect();
            let y = (0..2 * rows).map(|i| if i < rows { 1.0 } else { -1.0 }).collect();
            let problem = Problem { kernel: &kernel, rows, y, p, c: self.c };
            let (alpha, rho, done) = problem.solve(self.deadline, tick);
            converged &= done;
            let weights: Vec<f64> = (0..rows).map(|i| (alpha[i] - alpha[i + rows]) * deviation).collect();
            outputs.push((weights, mean - rho * deviation));
        } else {
            for class in if self.classes == 2 { 1..2 } else { 0..self.classes } {
                let y: Vec<f64> =
                    target.iter().map(|y| if *y as usize == class { 1.0 } else { -1.0 }).collect();
                let problem = Problem { kernel: &kernel, rows, y: y.clone(), p: vec![-1.0; rows], c: self.c };
                let (alpha, rho, done) = problem.solve(self.deadline, tick);
                converged &= done;
                outputs.push((alpha.iter().zip(&y).map(|(a, y)| a * y).collect(), -rho));
            }
        }
        let used: Vec<usize> =
            (0..rows).filter(|&i| outputs.iter().any(|(weights, _)| weights[i] != 0.0)).collect();
        let weights: Vec<f64> = used.iter().flat_map(|&i| outputs.iter().map(move |(w, _)| w[i])).collect();
        let intercepts: Vec<f64> = outputs.iter().map(|(_, intercept)| *intercept).collect();
        if weights.iter().chain(&intercepts).any(|w| !w.is_finite()) {
            return Err(LearnError::NotFinite("the support vector machine"));
        }
        let points: Vec<f64> =
            used.iter().flat_map(|&i| points[i * width..(i + 1) * width].to_vec()).collect();
        let norms = used.iter().map(|&i| norms[i]).collect();
        let (gamma, classes) = (self.gamma, self.classes);
        Ok((KernelFit { standard, gamma, points, norms, weights, intercepts, classes }, converged))
    }
}

impl Problem<'_> {
    fn line(&self, i: usize) -> &[f32] {
        let row = i % self.rows;
        &self.kernel[row * self.rows..(row + 1) * self.rows]
    }

    /// The solution, the threshold, and whether it is one.
    fn solve(&self, deadline: Option<Instant>, tick: &mut dyn FnMut()) -> (Vec<f64>, f64, bool) {
        let n = self.y.len();
        let (y, c) = (&self.y, self.c);
        let mut alpha = vec![0.0_f64; n];
        let mut gradient = self.p.clone();
        let most = (100 * n).max(1_000_000);
        let mut converged = false;
        for iteration in 0..most {
            if iteration % TICK == 0 {
                tick();
                if deadline.is_some_and(|deadline| iteration > 0 && Instant::now() >= deadline) {
                    break;
                }
            }
            let up = |t: usize| if y[t] > 0.0 { alpha[t] < c } else { alpha[t] > 0.0 };
            let down = |t: usize| if y[t] > 0.0 { alpha[t] > 0.0 } else { alpha[t] < c };
            let (mut i, mut top) = (usize::MAX, f64::NEG_INFINITY);
            for t in (0..n).filter(|t| up(*t)) {
                if -y[t] * gradient[t] >= top {
                    (i, top) = (t, -y[t] * gradient[t]);
                }
            }
            if i == usize::MAX {
                converged = true;
                break;
            }
            let line = self.line(i);
            let (mut j, mut bottom, mut best) = (usize::MAX, f64::INFINITY, f64::INFINITY);
            for t in (0..n).filter(|t| down(*t)) {
                let slope = -y[t] * gradient[t];
                bottom = bottom.min(slope);
                let difference = top - slope;
                if difference > 0.0 {
                    // Kernels of a point with itself are 1.
                    let curvature = 2.0 - 2.0 * f64::from(line[t % self.rows]);
                    let gain = -difference * difference / if curvature > 0.0 { curvature } else { TAU };
                    if gain <= best {
                        (j, best) = (t, gain);
                    }
                }
            }
            if top - bottom < TOLERANCE || j == usize::MAX {
                converged = true;
                break;
            }
            let curvature = (2.0 - 2.0 * f64::from(line[j % self.rows])).max(TAU);
            let (old_i, old_j) = (alpha[i], alpha[j]);
            // Along y_i·α_i + y_j·α_j = constant.
            let step = (top + y[j] * gradient[j]) / curvature;
            let room_i = if y[i] > 0.0 { c - old_i } else { old_i };
            let room_j = if y[j] > 0.0 { old_j } else { c - old_j };
            let step = step.min(room_i).min(room_j);
            alpha[i] = (old_i + y[i] * step).clamp(0.0, c);
            alpha[j] = (old_j - y[j] * step).clamp(0.0, c);
            let (by_i, by_j) = ((alpha[i] - old_i) * y[i], (alpha[j] - old_j) * y[j]);
            let (line_i, line_j) = (self.line(i), self.line(j));
            for half in 0..n / self.rows {
                let at = half * self.rows;
                let ends = gradient[at..at + self.rows].iter_mut().zip(&y[at..at + self.rows]);
                for (((g, y), a), b) in ends.zip(line_i).zip(line_j) {
                    *g += y * (by_i * f64::from(*a) + by_j * f64::from(*b));
                }
            }
        }
        (alpha.clone(), self.threshold(&alpha, &gradient), converged)
    }

    /// The mean over free variables, or the middle of what the bounded ones allow.
    fn threshold(&self, alpha: &[f64], gradient: &[f64]) -> f64 {
        let (mut least, mut most, mut sum, mut free) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
        for ((a, g), y) in alpha.iter().zip(gradient).zip(&self.y) {
            let slope = y * g;
            if *a > 0.0 && *a < self.c {
                sum += slope;
                free += 1.0;
            } else if (*a >= self.c) == (*y > 0.0) {
                most = most.max(slope);
            } else {
                least = least.min(slope);
            }
        }
        match (free > 0.0, least.is_finite(), most.is_finite()) {
            (true, ..) => sum / free,
            (false, true, true) => f64::midpoint(least, most),
            // Rows of one class alone bound it on one side.
            (false, true, false) => least,
            (false, false, true) => most,
            (false, false, false) => 0.0,
        }
    }
}

impl KernelFit {
    /// Scores, one for each output of each row.
    pub fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let mut z = vec![0.0; matrix.width];
        let outputs = self.intercepts.len();
        let mut scores = Vec::with_capacity(matrix.rows * outputs);
        for row in matrix.values.chunks_exact(matrix.width) {
            self.standard.row(row, &mut z);
            let own = dot(&z, &z);
            let start = scores.len();
            scores.extend_from_slice(&self.intercepts);
            let points = self.points.chunks_exact(matrix.width).zip(&self.norms);
            for ((point, norm), weights) in points.zip(self.weights.chunks_exact(outputs)) {
                let kernel = (-self.gamma * (norm - 2.0 * dot(&z, point) + own)).exp();
                scores[start..].iter_mut().zip(weights).for_each(|(s, w)| *s += kernel * w);
            }
        }
        scores
    }

    /// The number of support vectors.
    pub fn points(&self) -> usize {
        self.norms.len()
    }

    /// Makes the scores logits.
    pub(crate) fn calibrated(mut self, platt: &Platt) -> Self {
        self.weights.iter_mut().for_each(|w| *w *= platt.slope);
        self.intercepts.iter_mut().zip(&platt.offsets).for_each(|(i, o)| *i = *i * platt.slope + o);
        self
    }

    pub(crate) fn onnx(&self, post: Post) -> Vec<u8> {
        let mut dense = Dense::scaled("kernel_machine", &self.standard);
        dense.distances(&self.points, self.standard.mean.len());
        dense.constant("minus_gamma", &[1], &[-self.gamma]);
        dense.op("Mul", &["distances", "minus_gamma"], "exponents");
        dense.op("Exp", &["exponents"], "kernels");
        dense.layer("kernels", &self.weights, &self.intercepts, "scores");
        match self.classes {
            0 => dense.value("scores", post),
            2 => dense.classes("scores", Link::Logistic, 2),
            classes => dense.classes("scores", Link::Softmax, classes),
        }
    }
}
