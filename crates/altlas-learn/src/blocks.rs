//! Sums over rows of losses of linear scores, with their gradients.
//!
//! Rows are standardised once, in single precision, and kept by column in blocks, so that scores and gradients are sums of
//! columns. The blocks' sums are added in their order, whatever thread they come from.
#![allow(clippy::indexing_slicing)] // Blocks, class numbers and features are below their numbers.

use altlas_prep::Matrix;

use crate::boost::softplus;
use crate::lbfgs::minimise;
use crate::linear::{Standard, dot};

/// The largest component of the gradient, by row, at which the solver stops.
const TOLERANCE: f64 = 1e-7;
/// Rows of a block: their scores stay in the cache.
const BLOCK: usize = 512;
/// Blocks whose sums are added first: a thread's share is made of these.
const GROUP: usize = 16;

/// What is summed over rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    /// The logarithm of the known class's probability, of one logit or one score a class.
    Log,
    /// The squared hinge: of class 1, or of each class against the rest.
    Hinge,
    /// Squared errors beyond a tolerance.
    Insensitive(f64),
}

/// Rows by column in blocks.
pub(crate) struct Blocks<'a> {
    width: usize,
    outputs: usize,
    loss: Loss,
    values: Vec<f32>,
    target: &'a [f64],
}

impl<'a> Blocks<'a> {
    pub(crate) fn new(
        matrix: &Matrix,
        standard: &Standard,
        target: &'a [f64],
        outputs: usize,
        loss: Loss,
    ) -> Self {
        let width = matrix.width;
        let mut values = vec![0.0; matrix.values.len()];
        let mut z = vec![0.0; width];
        for (block, out) in matrix.values.chunks(BLOCK * width).zip(values.chunks_mut(BLOCK * width)) {
            let rows = out.len() / width;
            for (n, row) in block.chunks_exact(width).enumerate() {
                standard.row(row, &mut z);
                z.iter().enumerate().for_each(|(i, z)| out[i * rows + n] = *z as f32);
            }
        }
        Self { width, outputs, loss, values, target }
    }

    /// The loss of some blocks; adds its gradient.
    fn part(&self, group: usize, x: &[f64], gradient: &mut [f64]) -> f64 {
        let (width, stride) = (self.width, self.width + 1);
        let values = self.values.chunks(GROUP * BLOCK * width).nth(group).unwrap_or_default();
        let target = self.target.chunks(GROUP * BLOCK).nth(group).unwrap_or_default();
        let mut scores = vec![vec![0.0; BLOCK]; self.outputs];
        let mut value = 0.0;
        for (block, y) in values.chunks(BLOCK * width).zip(target.chunks(BLOCK)) {
            let rows = y.len();
            for (o, scores) in scores.iter_mut().enumerate() {
                let line = &x[o * stride..(o + 1) * stride];
                let scores = &mut scores[..rows];
                scores.fill(line[width]);
                for (column, weight) in block.chunks_exact(rows).zip(line) {
                    scores.iter_mut().zip(column).for_each(|(s, z)| *s += weight * f64::from(*z));
                }
            }
            value += self.errors(&mut scores, y);
            for (o, errors) in scores.iter().enumerate() {
                let (line, errors) = (&mut gradient[o * stride..(o + 1) * stride], &errors[..rows]);
                for (g, column) in line.iter_mut().zip(block.chunks_exact(rows)) {
                    *g += product(column, errors);
                }
                line[width] += errors.iter().sum::<f64>();
            }
        }
        value
    }

    /// Makes scores derivatives of the loss, which it gives.
    fn errors(&self, scores: &mut [Vec<f64>], y: &[f64]) -> f64 {
        let mut value = 0.0;
        match self.loss {
            Loss::Log => return self.log_errors(scores, y),
            Loss::Hinge => {
                for (o, scores) in scores.iter_mut().enumerate() {
                    let class = if self.outputs == 1 { 1 } else { o };
                    for (score, y) in scores.iter_mut().zip(y) {
                        let sign = if *y as usize == class { 1.0 } else { -1.0 };
                        let missed = (1.0 - sign * *score).max(0.0);
                        value += missed * missed;
                        *score = -2.0 * sign * missed;
                    }
                }
            }
            Loss::Insensitive(tolerance) => {
                for (score, y) in scores.iter_mut().flatten().zip(y) {
                    let error = *score - y;
                    let beyond = (error.abs() - tolerance).max(0.0);
                    value += beyond * beyond;
                    *score = 2.0 * error.signum() * beyond;
                }
            }
        }
        value
    }

    fn log_errors(&self, scores: &mut [Vec<f64>], y: &[f64]) -> f64 {
        let mut value = 0.0;
        if self.outputs == 1 {
            for (score, y) in scores[0].iter_mut().zip(y) {
                let signed = if *y == 1.0 { -*score } else { *score };
                value += softplus(signed);
                *score = 1.0 / (1.0 + (-*score).exp()) - y;
            }
            return value;
        }
        let mut row = vec![0.0; self.outputs];
        for (n, y) in y.iter().enumerate() {
            row.iter_mut().zip(scores.iter()).for_each(|(r, s)| *r = s[n]);
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total = top + row.iter().map(|s| (s - top).exp()).sum::<f64>().ln();
            let class = *y as usize;
            value += total - row[class];
            for (o, (scores, r)) in scores.iter_mut().zip(&row).enumerate() {
                scores[n] = (r - total).exp() - f64::from(u8::from(o == class));
            }
        }
        value
    }

    /// The loss and its gradient on threads.
    fn all(&self, x: &[f64], gradient: &mut [f64], threads: usize) -> f64 {
        let groups = self.target.len().div_ceil(GROUP * BLOCK);
        let threads = threads.clamp(1, groups.max(1));
        let mut parts = vec![(0.0, vec![0.0; x.len()]); groups];
        let share = groups.div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let mut shares = parts.chunks_mut(share).enumerate();
            let own = shares.next();
            let work = |start: usize, parts: &mut [(f64, Vec<f64>)]| {
                for (n, (value, gradient)) in parts.iter_mut().enumerate() {
                    *value = self.part(start + n, x, gradient);
                }
            };
            for (n, parts) in shares {
                scope.spawn(move || work(n * share, parts));
            }
            if let Some((_, parts)) = own {
                work(0, parts);
            }
        });
        gradient.fill(0.0);
        let mut value = 0.0;
        for (part, theirs) in &parts {
            value += part;
            gradient.iter_mut().zip(theirs).for_each(|(g, t)| *g += t);
        }
        value
    }

    /// Minimises the sum of losses plus `l2`/2 times the squared coefficients, and those of the intercepts where they are
    /// `penalised`. Gives the coefficients of each output, the intercept last, and whether the solver converged.
    pub(crate) fn minimise(
        &self,
        l2: f64,
        penalised: bool,
        max_iter: u32,
        threads: usize,
        tick: &mut dyn FnMut(),
    ) -> (Vec<Vec<f64>>, bool) {
        let stride = self.width + 1;
        let n = self.target.len().max(1) as f64;
        let held = if penalised { stride } else { self.width };
        // Loss and penalty are divided by n, for the tolerance's sake.
        let mut f = |x: &[f64], gradient: &mut [f64]| {
            tick();
            let mut value = self.all(x, gradient, threads);
            for (line, gradient) in x.chunks_exact(stride).zip(gradient.chunks_exact_mut(stride)) {
                value += l2 / 2.0 * dot(&line[..held], &line[..held]);
                gradient.iter_mut().zip(&line[..held]).for_each(|(g, c)| *g += l2 * c);
            }
            gradient.iter_mut().for_each(|g| *g /= n);
            value / n
        };
        let mut x = vec![0.0; self.outputs * stride];
        let converged = minimise(&mut x, max_iter, TOLERANCE, &mut f);
        (x.chunks_exact(stride).map(<[f64]>::to_vec).collect(), converged)
    }
}

/// The sum of products, in lanes that the compiler keeps in one register.
fn product(column: &[f32], errors: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (columns, others) = (column.chunks_exact(8), errors.chunks_exact(8));
    let rest: f64 = columns.remainder().iter().zip(others.remainder()).map(|(z, e)| f64::from(*z) * e).sum();
    for (z, e) in columns.zip(others) {
        for ((lane, z), e) in lanes.iter_mut().zip(z).zip(e) {
            *lane += f64::from(*z) * e;
        }
    }
    lanes.iter().sum::<f64>() + rest
}
