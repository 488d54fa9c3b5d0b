//! Least squares on standardised features, with or without an L2 penalty (Hoerl and Kennard 1970).
#![allow(clippy::indexing_slicing)] // Square matrices and rows of the features' width.

use altlas_prep::Matrix;

use crate::LearnError;

/// Share of a column's own sum of squares below which what is left of it depends on the columns before it.
const DEPENDENT: f64 = 1e-9;

/// Centre and scale of each feature. Missing and infinite values count as the centre.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    /// Means of the finite values.
    pub mean: Vec<f64>,
    /// Their standard deviations; 1 where there is no spread.
    pub scale: Vec<f64>,
}

impl Standard {
    pub(crate) fn new(matrix: &Matrix) -> Self {
        let width = matrix.width;
        let (mut count, mut sum, mut square) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
        let each = |visit: &mut dyn FnMut(usize, f64)| {
            for row in matrix.values.chunks_exact(width) {
                let finite = row.iter().enumerate().filter(|(_, x)| x.is_finite());
                finite.for_each(|(i, x)| visit(i, f64::from(*x)));
            }
        };
        each(&mut |i, x| {
            count[i] += 1.0;
            sum[i] += x;
        });
        let mean: Vec<f64> =
            sum.iter().zip(&count).map(|(s, n)| if *n > 0.0 { s / n } else { 0.0 }).collect();
        each(&mut |i, x| square[i] += (x - mean[i]).powi(2));
        let scale = square.iter().map(|s| (s / matrix.rows.max(1) as f64).sqrt());
        let scale = scale.map(|s| if s > 0.0 && s.is_finite() { s } else { 1.0 }).collect();
        Self { mean, scale }
    }

    /// Standardised features of all rows, in single precision.
    pub(crate) fn matrix(&self, matrix: &Matrix) -> Vec<f32> {
        let mut z = vec![0.0; matrix.width];
        let mut all = Vec::with_capacity(matrix.values.len());
        for row in matrix.values.chunks_exact(matrix.width) {
            self.row(row, &mut z);
            all.extend(z.iter().map(|z| *z as f32));
        }
        all
    }

    /// Standardised features of a row.
    pub(crate) fn row(&self, row: &[f32], out: &mut [f64]) {
        for (i, x) in row.iter().enumerate() {
            out[i] = if x.is_finite() { (f64::from(*x) - self.mean[i]) / self.scale[i] } else { 0.0 };
        }
    }
}

/// A fitted linear model, of one or more outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearFit {
    /// The features' centres and scales.
    pub standard: Standard,
    /// Coefficients on standardised features, by output.
    pub coefficients: Vec<Vec<f64>>,
    /// Intercepts, by output.
    pub intercepts: Vec<f64>,
}

impl LinearFit {
    /// From coefficients of each output, the intercept last; `what` is told where they are not finite.
    pub(crate) fn of_lines(
        standard: Standard,
        lines: &[Vec<f64>],
        what: &'static str,
    ) -> Result<Self, LearnError> {
        if lines.iter().flatten().any(|v| !v.is_finite()) {
            return Err(LearnError::NotFinite(what));
        }
        let parts = || lines.iter().filter_map(|line| line.split_last());
        let coefficients = parts().map(|(_, line)| line.to_vec()).collect();
        Ok(Self { standard, coefficients, intercepts: parts().map(|(last, _)| *last).collect() })
    }

    /// Scores, one for each output of each row.
    pub fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let mut z = vec![0.0; matrix.width];
        let mut scores = Vec::with_capacity(matrix.rows * self.intercepts.len());
        for row in matrix.values.chunks_exact(matrix.width) {
            self.standard.row(row, &mut z);
            for (coefficients, intercept) in self.coefficients.iter().zip(&self.intercepts) {
                scores.push(intercept + dot(coefficients, &z));
            }
        }
        scores
    }

    /// Makes the scores logits.
    pub(crate) fn calibrated(mut self, platt: &crate::platt::Platt) -> Self {
        self.coefficients.iter_mut().flatten().for_each(|c| *c *= platt.slope);
        self.intercepts.iter_mut().zip(&platt.offsets).for_each(|(i, o)| *i = *i * platt.slope + o);
        self
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Sums of products of standardised features with each other and with the target, all less their means.
pub(crate) struct Moments {
    pub(crate) standard: Standard,
    /// Mean of the target.
    pub(crate) mean: f64,
    /// Means of the standardised features: imputed values are 0, but those over all rows need not be.
    pub(crate) centre: Vec<f64>,
    /// Of features; the lower triangle.
    pub(crate) gram: Vec<f64>,
    /// Of features and the target.
    pub(crate) moment: Vec<f64>,
    /// Of the target.
    pub(crate) square: f64,
}

impl Moments {
    pub(crate) fn new(matrix: &Matrix, target: &[f64], tick: &mut dyn FnMut()) -> Self {
        let width = matrix.width;
        let standard = Standard::new(matrix);
        let mean = target.iter().sum::<f64>() / target.len() as f64;
        let mut centre = vec![0.0; width];
        let mut gram = vec![0.0; width * width];
        let mut moment = vec![0.0; width];
        let mut z = vec![0.0; width];
        for (i, (row, y)) in matrix.values.chunks_exact(width).zip(target).enumerate() {
            standard.row(row, &mut z);
            for (a, x) in z.iter().enumerate() {
                centre[a] += x;
                moment[a] += x * (y - mean);
                // Most one-hot columns of a row are alike, but none is exactly 0 once standardised.
                let line = &mut gram[a * width..=a * width + a];
                line.iter_mut().zip(&z).for_each(|(g, other)| *g += x * other);
            }
            if i % 4096 == 0 {
                tick();
            }
        }
        let n = matrix.rows as f64;
        centre.iter_mut().for_each(|c| *c /= n);
        for a in 0..width {
            for b in 0..=a {
                gram[a * width + b] -= n * centre[a] * centre[b];
            }
        }
        let square = target.iter().map(|y| (y - mean) * (y - mean)).sum();
        Self { standard, mean, centre, gram, moment, square }
    }
}

/// Minimises the sum of squared errors plus `alpha` times the squared coefficients on standardised features; the intercept
/// is free. Of features that depend linearly on those before them (without a penalty) the coefficient is 0.
pub fn least_squares(
    matrix: &Matrix,
    target: &[f64],
    alpha: f64,
    tick: &mut dyn FnMut(),
) -> Result<LinearFit, LearnError> {
    let width = matrix.width;
    let Moments { standard, mean, centre, mut gram, moment, .. } = Moments::new(matrix, target, tick);
    (0..width).for_each(|a| gram[a * width + a] += alpha);
    let coefficients = solve(&mut gram, &moment, width);
    let intercept = mean - dot(&coefficients, &centre);
    if !intercept.is_finite() || coefficients.iter().any(|c| !c.is_finite()) {
        return Err(LearnError::NotFinite("least squares"));
    }
    Ok(LinearFit { standard, coefficients: vec![coefficients], intercepts: vec![intercept] })
}

/// Solves a positive semidefinite system, given by its lower triangle, by Cholesky's factors; unknowns of dependent
/// columns are 0.
fn solve(gram: &mut [f64], moment: &[f64], width: usize) -> Vec<f64> {
    let mut used = vec![false; width];
    for a in 0..width {
        let (before, rest) = gram.split_at_mut(a * width);
        let line = &mut rest[..=a];
        for b in 0..a {
            let other = &before[b * width..=b * width + b];
            line[b] = if used[b] { (line[b] - dot(&line[..b], &other[..b])) / other[b] } else { 0.0 };
        }
        let own = line[a];
        let left = own - dot(&line[..a], &line[..a]);
        used[a] = left > own * DEPENDENT && left > 0.0;
        line[a] = if used[a] { left.sqrt() } else { 1.0 };
    }
    let mut solution = vec![0.0; width];
    for a in (0..width).filter(|&a| used[a]) {
        let line = &gram[a * width..=a * width + a];
        solution[a] = (moment[a] - dot(&line[..a], &solution[..a])) / line[a];
    }
    for a in (0..width).rev() {
        if !used[a] {
            solution[a] = 0.0;
            continue;
        }
        let below: f64 = (a + 1..width).filter(|&b| used[b]).map(|b| gram[b * width + a] * solution[b]).sum();
        solution[a] = (solution[a] - below) / gram[a * width + a];
    }
    solution
}
