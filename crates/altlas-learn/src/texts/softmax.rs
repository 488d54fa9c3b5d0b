//! Multinomial logistic regression on rows by dual coordinate ascent.
//!
//! The primal is ½‖W‖² + c Σ wᵢ · (−ln softmax(W xᵢ)[yᵢ]). In the dual each row has a distribution qᵢ over the classes, with
//! W = c Σ wᵢ (e(yᵢ) − qᵢ) xᵢᵀ. A step maximises the dual over one qᵢ exactly: with a = c wᵢ ‖xᵢ‖² and z = W xᵢ, the new q
//! solves ln q + a q = z + a q_old + μ, where μ makes its sum 1 (Yu, Huang and Lin 2011, Dual coordinate descent methods for
//! logistic regression and maximum entropy models). No step size, memory for W and the qᵢ alone.
#![allow(clippy::indexing_slicing)] // All slices of a row have the length of the classes; features are below the width.

use super::features::{Row, Rows};
use crate::LearnError;
use crate::rng::Rng;

/// The mean movement of the rows' distributions below which the fit is good enough: held-out figures do not move any more.
const TOLERANCE: f64 = 2e-3;
/// A row that moves less is not written back.
const STILL: f32 = 1e-5;

/// What is fitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem<'a> {
    pub(crate) rows: &'a Rows,
    /// Features of the rows.
    pub(crate) width: usize,
    /// By row number.
    pub(crate) class: &'a [u32],
    pub(crate) outputs: usize,
    /// How much the rows of each class count.
    pub(crate) weights: &'a [f32],
    pub(crate) seed: u64,
    pub(crate) max_iter: u32,
}

/// A fitted model.
#[derive(Debug)]
pub(crate) struct Fit {
    /// `[features, outputs]`.
    pub(crate) weights: Vec<f32>,
    pub(crate) outputs: usize,
    pub(crate) passes: u32,
    pub(crate) converged: bool,
}

impl Fit {
    /// The scores of a row.
    pub(crate) fn scores(&self, row: Row<'_>) -> Vec<f32> {
        let mut scores = vec![0.0; self.outputs];
        add_products(&self.weights, row, &mut scores);
        scores
    }
}

/// scores += W x.
fn add_products(weights: &[f32], row: Row<'_>, scores: &mut [f32]) {
    let outputs = scores.len();
    for (feature, value) in row.terms() {
        let at = feature * outputs;
        scores.iter_mut().zip(&weights[at..at + outputs]).for_each(|(s, w)| *s += value * w);
    }
}

impl Problem<'_> {
    /// Fits to some of the rows. `tick` is called after each pass over them.
    pub(crate) fn fit(&self, rows: &[usize], c: f64, tick: &dyn Fn()) -> Result<Fit, LearnError> {
        let outputs = self.outputs;
        let mut weights = vec![0.0; self.width * outputs];
        let mut shares = vec![0.0; rows.len() * outputs];
        for (share, row) in shares.chunks_exact_mut(outputs).zip(rows) {
            share[self.class[*row] as usize] = 1.0;
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut rng = Rng::new(self.seed, 21);
        let mut step = Step::new(outputs);
        for pass in 1..=self.max_iter {
            rng.shuffle(&mut order);
            let mut moved = 0.0;
            for &place in &order {
                let row = rows[place];
                let x = self.rows.row(row);
                let strength = c as f32 * self.weights[self.class[row] as usize];
                let change =
                    step.take(&weights, x, strength, &mut shares[place * outputs..(place + 1) * outputs]);
                moved += f64::from(change);
                if change > STILL {
                    for (feature, value) in x.terms() {
                        let at = feature * outputs;
                        let line = &mut weights[at..at + outputs];
                        line.iter_mut().zip(&step.change).for_each(|(w, d)| *w += value * d);
                    }
                }
            }
            tick();
            let converged = moved / (rows.len() as f64) < TOLERANCE;
            if converged || pass == self.max_iter {
                if weights.iter().any(|w| !w.is_finite()) {
                    return Err(LearnError::NotFinite("logistic regression"));
                }
                return Ok(Fit { weights, outputs, passes: pass, converged });
            }
        }
        Err(LearnError::NotFinite("logistic regression"))
    }
}

/// The step of one row, with its working memory.
struct Step {
    scores: Vec<f32>,
    target: Vec<f32>,
    next: Vec<f32>,
    /// What is added to each class's weights, times the row's values.
    change: Vec<f32>,
}

impl Step {
    fn new(outputs: usize) -> Self {
        let zeros = vec![0.0; outputs];
        Self { scores: zeros.clone(), target: zeros.clone(), next: zeros.clone(), change: zeros }
    }

    /// Moves a row's distribution to the best one and says how far.
    fn take(&mut self, weights: &[f32], x: Row<'_>, c: f32, share: &mut [f32]) -> f32 {
        let a = c * x.squares();
        self.scores.fill(0.0);
        add_products(weights, x, &mut self.scores);
        let (mut top_target, mut top_score) = (f32::MIN, f32::MIN);
        for ((t, z), q) in self.target.iter_mut().zip(&self.scores).zip(share.iter()) {
            *t = z + a * q;
            top_target = top_target.max(*t);
            top_score = top_score.max(*z);
        }
        // μ of a row that does not move; and the largest that keeps every q at 1 or below.
        let total = top_score + self.scores.iter().map(|z| (z - top_score).exp()).sum::<f32>().ln();
        let mut high = a - top_target + 1e-3;
        let mut low = f32::MIN;
        let mut mu = (-total).min(a - top_target);
        let mut sum = 1.0;
        for _ in 0..12 {
            let mut slope = 0.0;
            sum = 0.0;
            for (q, t) in self.next.iter_mut().zip(&self.target) {
                *q = solve(t + mu, a);
                sum += *q;
                slope += *q / (1.0 + a * *q);
            }
            if (sum - 1.0).abs() < 1e-4 {
                break;
            }
            if sum > 1.0 {
                high = mu
            } else {
                low = mu
            }
            // Newton on ln Σ q, which is nearly linear in μ; halving where it leaves the bracket.
            mu -= sum.ln() * sum / slope;
            if !(mu > low && mu < high) {
                mu = if low == f32::MIN { high - 1.0 } else { (low + high) / 2.0 };
            }
        }
        let mut moved = 0.0;
        for ((q, new), change) in share.iter_mut().zip(&self.next).zip(&mut self.change) {
            let new = new / sum;
            *change = c * (*q - new);
            moved += (*q - new).abs();
            *q = new;
        }
        moved
    }
}

/// The q with ln q + a q = u: Wright's omega of u + ln a, divided by a.
fn solve(u: f32, a: f32) -> f32 {
    // a q is lost beside ln q.
    if u < -12.0 {
        return u.exp();
    }
    let x = u + a.ln();
    let mut w = if x < 1.0 {
        let e = x.exp();
        e / (1.0 + 0.7 * e)
    } else {
        let l = x.ln();
        x - l + l / x
    };
    for _ in 0..3 {
        w = w.max(1e-30);
        let rest = x - w - w.ln();
        w *= 1.0 + rest / (1.0 + w);
        if rest.abs() < 1e-4 {
            break;
        }
    }
    w / a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_solves_its_equation() {
        for a in [0.01_f32, 0.5, 3.0, 64.0, 2000.0] {
            for u in [-30.0_f32, -12.5, -11.5, -3.0, 0.0, 0.5, 2.0, 20.0, 900.0] {
                let q = solve(u, a);
                let rest = q.ln() + a * q - u;
                assert!(rest.abs() < 2e-3 * (1.0 + u.abs()), "a {a}, u {u}: q {q} leaves {rest}");
            }
        }
    }
}
