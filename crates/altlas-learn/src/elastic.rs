//! The lasso and the elastic net by coordinate descent on the features' moments (Friedman, Hastie and Tibshirani 2010).
#![allow(clippy::indexing_slicing)] // Square matrices of the features' width.

use altlas_prep::Matrix;

use crate::LearnError;
use crate::linear::{LinearFit, Moments, dot};

/// The largest change of a coefficient, in standard deviations of the target, that ends the passes.
const TOLERANCE: f64 = 1e-9;

/// Minimises `|y − Xw|²/(2n) + alpha·l1_ratio·|w|₁ + alpha·(1 − l1_ratio)/2·|w|²` on standardised features and a
/// target divided by its standard deviation, so that `alpha` has no unit; the intercept is free. The coefficients are those
/// of the target as given. Also says whether the passes converged. `tick` is called with the rows read, then once a pass.
pub fn elastic_net(
    matrix: &Matrix,
    target: &[f64],
    alpha: f64,
    l1_ratio: f64,
    max_iter: u32,
    tick: &mut dyn FnMut(),
) -> Result<(LinearFit, bool), LearnError> {
    let width = matrix.width;
    let n = matrix.rows as f64;
    let moments = Moments::new(matrix, target, tick);
    let deviation = (moments.square / n).sqrt();
    let deviation = if deviation > 0.0 { deviation } else { 1.0 };
    // Mean products of features with each other and with the target.
    let product = |a: usize, b: usize| moments.gram[a.max(b) * width + a.min(b)] / n;
    let own: Vec<f64> = (0..width).map(|a| product(a, a)).collect();
    // What is left of the products with the target once the features' part is taken off.
    let mut rest: Vec<f64> = moments.moment.iter().map(|m| m / n / deviation).collect();
    let (l1, l2) = (alpha * l1_ratio, alpha * (1.0 - l1_ratio));
    let mut w = vec![0.0; width];
    let mut converged = false;
    for _ in 0..max_iter {
        tick();
        let mut largest = 0.0_f64;
        for a in 0..width {
            if own[a] + l2 <= 0.0 {
                continue;
            }
            let pull = rest[a] + own[a] * w[a];
            let next = pull.signum() * (pull.abs() - l1).max(0.0) / (own[a] + l2);
            let change = next - w[a];
            if change != 0.0 {
                rest.iter_mut().enumerate().for_each(|(b, r)| *r -= change * product(a, b));
                w[a] = next;
                largest = largest.max(change.abs());
            }
        }
        if largest <= TOLERANCE {
            converged = true;
            break;
        }
    }
    w.iter_mut().for_each(|w| *w *= deviation);
    let intercept = moments.mean - dot(&w, &moments.centre);
    if !intercept.is_finite() || w.iter().any(|c| !c.is_finite()) {
        return Err(LearnError::NotFinite("the elastic net"));
    }
    let fit = LinearFit { standard: moments.standard, coefficients: vec![w], intercepts: vec![intercept] };
    Ok((fit, converged))
}
