//! Split conformal prediction (Vovk, Gammerman, Shafer 2005; Lei et al. 2018).

use serde::Serialize;

/// The most scores kept.
const MAX_SCORES: usize = 2000;

/// What a score compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConformalKind {
    /// y − ŷ.
    Residual,
    /// ln((y + 1) / (ŷ + 1)), both clipped at 0.
    LogRatio,
}

/// Signed calibration scores, ascending.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// What they compare.
    pub kind: ConformalKind,
    /// At most 2,000, evenly spaced order statistics of all.
    pub scores: Vec<f64>,
}

impl Calibration {
    /// Scores of known values against their predictions.
    pub fn new(kind: ConformalKind, known: &[f64], predicted: &[f64]) -> Self {
        let mut scores: Vec<f64> = known
            .iter()
            .zip(predicted)
            .map(|(y, p)| match kind {
                ConformalKind::Residual => y - p,
                ConformalKind::LogRatio => y.max(0.0).ln_1p() - p.max(0.0).ln_1p(),
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        let n = scores.len();
        if n > MAX_SCORES {
            let last = (MAX_SCORES - 1) as f64;
            let at = |i: usize| ((i as f64) * (n - 1) as f64 / last).round() as usize;
            scores = (0..MAX_SCORES).filter_map(|i| scores.get(at(i)).copied()).collect();
        }
        Self { kind, scores }
    }

    /// The interval of a prediction; without scores, the prediction alone.
    pub fn interval(&self, predicted: f64, coverage: f64) -> (f64, f64) {
        let n = self.scores.len();
        let order = |k: f64| {
            let k = (k.max(1.0) as usize).min(n);
            k.checked_sub(1).and_then(|i| self.scores.get(i)).copied().unwrap_or(0.0)
        };
        let low = order(((n + 1) as f64 * (1.0 - coverage) / 2.0).floor());
        let high = order(((n + 1) as f64 * (1.0 + coverage) / 2.0).ceil());
        match self.kind {
            ConformalKind::Residual => (predicted + low, predicted + high),
            ConformalKind::LogRatio => {
                let bound = |score: f64| ((predicted.max(0.0) + 1.0) * score.exp() - 1.0).max(0.0);
                (bound(low), bound(high))
            }
        }
    }

    /// The share of known values within their intervals.
    pub fn covered(&self, known: &[f64], predicted: &[f64], coverage: f64) -> f64 {
        let within = known.iter().zip(predicted).filter(|(y, p)| {
            let (low, high) = self.interval(**p, coverage);
            (low..=high).contains(*y)
        });
        within.count() as f64 / known.len().max(1) as f64
    }
}
