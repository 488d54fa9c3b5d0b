//! Probabilities of scores (Platt 1999): the logistic function, or the softmax, of `slope·score + offset`.
#![allow(clippy::indexing_slicing)] // Scores are rows times outputs long, class numbers below their number.

use crate::lbfgs::minimise;

/// A fitted map from scores to logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Platt {
    /// By which scores are multiplied.
    pub slope: f64,
    /// Added then, one for each output.
    pub offsets: Vec<f64>,
}

impl Platt {
    /// The map under which the known classes are likeliest. `scores` has one output for each row of two classes (that of
    /// class 1), else one for each class. Targets are drawn towards each other as Platt does: a class of `n` rows
    /// counts as `(n + 1)/(n + classes)`.
    pub fn new(scores: &[f64], known: &[f64], classes: usize) -> Self {
        let outputs = if classes == 2 { 1 } else { classes };
        let mut members = vec![0.0_f64; classes];
        known.iter().for_each(|y| members[*y as usize] += 1.0);
        let n = known.len().max(1) as f64;
        let mut f = |x: &[f64], gradient: &mut [f64]| {
            gradient.fill(0.0);
            let mut value = 0.0;
            let mut logits = vec![0.0; classes];
            for (row, y) in scores.chunks_exact(outputs).zip(known) {
                // Two classes are a softmax of 0 and one logit.
                let shift = classes - outputs;
                logits.iter_mut().for_each(|l| *l = 0.0);
                row.iter().enumerate().for_each(|(o, s)| logits[o + shift] = x[0] * s + x[1 + o]);
                let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total = top + logits.iter().map(|l| (l - top).exp()).sum::<f64>().ln();
                let own = members[*y as usize];
                for (class, logit) in logits.iter().enumerate() {
                    let target =
                        (if class == *y as usize { own + 1.0 } else { 1.0 }) / (own + classes as f64);
                    value -= target * (logit - total);
                    let error = (logit - total).exp() - target;
                    if class >= shift {
                        gradient[0] += error * row[class - shift];
                        gradient[1 + class - shift] += error;
                    }
                }
            }
            gradient.iter_mut().for_each(|g| *g /= n);
            value / n
        };
        let mut x = vec![0.0; outputs + 1];
        x[0] = 1.0;
        minimise(&mut x, 500, 1e-8, &mut f);
        let usable = x.iter().all(|v| v.is_finite());
        match usable {
            true => Self { slope: x[0], offsets: x[1..].to_vec() },
            false => Self { slope: 1.0, offsets: vec![0.0; outputs] },
        }
    }
}
