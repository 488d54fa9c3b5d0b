//! Logistic regression, binary or multinomial, with an L2 penalty.
//!
//! Rows are standardised once, in single precision, and kept by column in blocks, so that scores and gradients are sums of
//! columns. The blocks' sums are added in their order, whatever thread they come from.
#![allow(clippy::indexing_slicing)] // Blocks, class numbers and features are below their numbers.

use altlas_prep::Matrix;

use crate::LearnError;
use crate::boost::softplus;
use crate::lbfgs::minimise;
use crate::linear::{LinearFit, Standard, dot};

/// Rows of a block: their scores stay in the cache.
const BLOCK: usize = 512;
/// Blocks whose sums are added first: a thread's share is made of these.
const GROUP: usize = 16;

/// A fitted model: one output (the logit of class 1) for two classes, else one for each class.
pub type LogisticFit = LinearFit;

/// Rows by column in blocks.
struct Blocks<'a> {
    width: usize,
    outputs: usize,
    values: Vec<f32>,
    target: &'a [f64],
}

impl<'a> Blocks<'a> {
    fn new(matrix: &Matrix, standard: &Standard, target: &'a [f64], outputs: usize) -> Self {
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
        Self { width, outputs, values, target }
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

    /// Makes scores errors of the probabilities; gives the loss.
    fn errors(&self, scores: &mut [Vec<f64>], y: &[f64]) -> f64 {
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

/// Minimises the sum of log losses plus `l2`/2 times the squared coefficients on standardised features; intercepts are
/// free. `target` holds class numbers. Also says whether the solver converged. The result does not depend on `threads`.
pub fn logistic(
    matrix: &Matrix,
    target: &[f64],
    classes: usize,
    l2: f64,
    max_iter: u32,
    threads: usize,
    tick: &mut dyn FnMut(),
) -> Result<(LogisticFit, bool), LearnError> {
    let width = matrix.width;
    let outputs = if classes == 2 { 1 } else { classes };
    let standard = Standard::new(matrix);
    let blocks = Blocks::new(matrix, &standard, target, outputs);
    let stride = width + 1;
    let n = matrix.rows as f64;
    // By output: coefficients, then the intercept. Loss and penalty are divided by n, for the tolerance's sake.
    let mut f = |x: &[f64], gradient: &mut [f64]| {
        tick();
        let mut value = blocks.all(x, gradient, threads);
        for o in 0..outputs {
            let coefficients = &x[o * stride..o * stride + width];
            value += l2 / 2.0 * dot(coefficients, coefficients);
            gradient[o * stride..].iter_mut().zip(coefficients).for_each(|(g, c)| *g += l2 * c);
        }
        gradient.iter_mut().for_each(|g| *g /= n);
        value / n
    };
    let mut x = vec![0.0; outputs * stride];
    let converged = minimise(&mut x, max_iter, 1e-7, &mut f);
    if x.iter().any(|v| !v.is_finite()) {
        return Err(LearnError::NotFinite("logistic regression"));
    }
    let lines = x.chunks_exact(stride);
    let coefficients = lines.clone().map(|line| line[..width].to_vec()).collect();
    let intercepts = lines.map(|line| line[width]).collect();
    Ok((LinearFit { standard, coefficients, intercepts }, converged))
}
