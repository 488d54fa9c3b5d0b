//! Logistic regression, binary or multinomial, with an L2 penalty.

use altlas_prep::Matrix;

use crate::LearnError;
use crate::blocks::{Blocks, Loss};
use crate::linear::{LinearFit, Standard};

/// A fitted model: one output (the logit of class 1) for two classes, else one for each class.
pub type LogisticFit = LinearFit;

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
    let outputs = if classes == 2 { 1 } else { classes };
    let standard = Standard::new(matrix);
    let blocks = Blocks::new(matrix, &standard, target, outputs, Loss::Log);
    let (lines, converged) = blocks.minimise(l2, false, max_iter, threads, tick);
    LinearFit::of_lines(standard, &lines, "logistic regression").map(|fit| (fit, converged))
}
