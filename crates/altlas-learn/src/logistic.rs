//! Logistic regression, binary or multinomial, with an L2 penalty.
#![allow(clippy::indexing_slicing)] // Class numbers are below the number of classes.

use altlas_prep::Matrix;

use crate::LearnError;
use crate::boost::softplus;
use crate::lbfgs::minimise;
use crate::linear::{LinearFit, Standard, dot};

/// A fitted model: one output (the logit of class 1) for two classes, else one for each class.
pub type LogisticFit = LinearFit;

/// Minimises the sum of log losses plus `l2`/2 times the squared coefficients on standardised features; intercepts are
/// free. `target` holds class numbers. Also says whether the solver converged.
pub fn logistic(
    matrix: &Matrix,
    target: &[f64],
    classes: usize,
    l2: f64,
    max_iter: u32,
    tick: &mut dyn FnMut(),
) -> Result<(LogisticFit, bool), LearnError> {
    let width = matrix.width;
    let outputs = if classes == 2 { 1 } else { classes };
    let standard = Standard::new(matrix);
    let stride = width + 1;
    let n = matrix.rows as f64;
    let mut z = vec![0.0; width];
    let mut scores = vec![0.0; outputs];
    // By output: coefficients, then the intercept. Loss and penalty are divided by n, for the tolerance's sake.
    let mut f = |x: &[f64], gradient: &mut [f64]| {
        tick();
        gradient.fill(0.0);
        let mut value = 0.0;
        for (row, y) in matrix.values.chunks_exact(width).zip(target) {
            standard.row(row, &mut z);
            for (o, score) in scores.iter_mut().enumerate() {
                *score = dot(&x[o * stride..o * stride + width], &z) + x[o * stride + width];
            }
            if outputs == 1 {
                value += softplus(if *y == 1.0 { -scores[0] } else { scores[0] });
                scores[0] = 1.0 / (1.0 + (-scores[0]).exp()) - y;
            } else {
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total = top + scores.iter().map(|s| (s - top).exp()).sum::<f64>().ln();
                let class = *y as usize;
                value += total - scores[class];
                scores.iter_mut().for_each(|s| *s = (*s - total).exp());
                scores[class] -= 1.0;
            }
            for (o, error) in scores.iter().enumerate() {
                let line = &mut gradient[o * stride..(o + 1) * stride];
                line.iter_mut().zip(&z).for_each(|(g, z)| *g += error * z);
                line[width] += error;
            }
        }
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
