//! Limited-memory BFGS (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and 3.1).
#![allow(clippy::indexing_slicing)] // All vectors have one length.

use std::collections::VecDeque;

use crate::linear::dot;

const MEMORY: usize = 10;

/// Minimises a smooth convex function from `x` on until no gradient component exceeds `tolerance` or after
/// `max_iter` steps. `f` gives the value and fills the gradient. Returns whether it converged.
pub(crate) fn minimise(
    x: &mut Vec<f64>,
    max_iter: u32,
    tolerance: f64,
    f: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
) -> bool {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = f(x, &mut gradient);
    let mut history: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::with_capacity(MEMORY);
    for _ in 0..max_iter {
        if gradient.iter().all(|g| g.abs() <= tolerance) {
            return true;
        }
        let mut direction = two_loops(&gradient, &history);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding spoilt the curvature: start afresh down the gradient.
            history.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        let mut step = if history.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt().max(1.0) } else { 1.0 };
        let mut next_gradient = vec![0.0; n];
        let next = loop {
            let trial: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
            let trial_value = f(&trial, &mut next_gradient);
            if trial_value <= value + 1e-4 * step * slope {
                value = trial_value;
                break Some(trial);
            }
            step /= 2.0;
            if step < 1e-16 {
                break None;
            }
        };
        // No step lowers the value further: as close as rounding allows.
        let Some(next) = next else {
            return gradient.iter().all(|g| g.abs() <= tolerance * 1e3);
        };
        let s: Vec<f64> = next.iter().zip(x.iter()).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-14 * dot(&y, &y) {
            if history.len() == MEMORY {
                history.pop_front();
            }
            history.push_back((s, y, 1.0 / curvature));
        }
        *x = next;
        gradient = next_gradient;
    }
    gradient.iter().all(|g| g.abs() <= tolerance)
}

/// The quasi-Newton direction.
fn two_loops(gradient: &[f64], history: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(history.len());
    for (s, y, rho) in history.iter().rev() {
        let alpha = rho * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    if let Some((_, y, rho)) = history.back() {
        let gamma = 1.0 / (rho * dot(y, y));
        q.iter_mut().for_each(|q| *q *= gamma);
    }
    for ((s, y, rho), alpha) in history.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(y, &q);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q
}
