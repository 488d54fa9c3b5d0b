//! Linear support vector machines with squared losses, in the primal form: smooth, so that one solver serves them and
//! logistic regression. The optimum is that of LIBLINEAR's dual problems (Fan et al. 2008): squared hinge losses, and squared errors
//! beyond a tolerance. The intercept is the coefficient of a feature that is always 1, and is penalised like the others.

use altlas_prep::Matrix;

use crate::LearnError;
use crate::blocks::{Blocks, Loss};
use crate::linear::{LinearFit, Standard};

/// Minimises half the squared coefficients plus `c` times the sum of losses, on standardised features. `classes` is 0 for a
/// regression, whose target is standardised, too: `epsilon` is a share of its standard deviation. One output for a regression and for two
/// classes (class 1 above 0), else one against the rest for each class. Also says whether the solver converged.
#[allow(clippy::too_many_arguments)] // A problem and its bounds.
pub fn linear_svm(
    matrix: &Matrix,
    target: &[f64],
    classes: usize,
    c: f64,
    epsilon: f64,
    max_iter: u32,
    threads: usize,
    tick: &mut dyn FnMut(),
) -> Result<(LinearFit, bool), LearnError> {
    let standard = Standard::new(matrix);
    let (mean, deviation) = if classes == 0 { spread(target) } else { (0.0, 1.0) };
    let scaled: Vec<f64> = target.iter().map(|y| (y - mean) / deviation).collect();
    let outputs = if classes > 2 { classes } else { 1 };
    let loss = if classes == 0 { Loss::Insensitive(epsilon) } else { Loss::Hinge };
    let blocks = Blocks::new(matrix, &standard, &scaled, outputs, loss);
    let (mut lines, converged) = blocks.minimise(1.0 / c, true, max_iter, threads, tick);
    for line in &mut lines {
        line.iter_mut().for_each(|w| *w *= deviation);
        if let Some(intercept) = line.last_mut() {
            *intercept += mean;
        }
    }
    LinearFit::of_lines(standard, &lines, "the support vector machine").map(|fit| (fit, converged))
}

/// Mean and standard deviation; 1 where there is none.
pub(crate) fn spread(target: &[f64]) -> (f64, f64) {
    let n = target.len().max(1) as f64;
    let mean = target.iter().sum::<f64>() / n;
    let deviation = (target.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n).sqrt();
    (mean, if deviation > 0.0 && deviation.is_finite() { deviation } else { 1.0 })
}
