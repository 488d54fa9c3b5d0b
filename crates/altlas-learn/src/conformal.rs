//! Split conformal prediction (Vovk, Gammerman, Shafer 2005; Lei et al. 2018).

use serde::Serialize;

/// The most scores kept.
const MAX_SCORES: usize = 2000;
/// Shifts that are tried, in medians of the predictions; and 1.
const SHIFTS: [f64; 4] = [1.0, 4.0, 16.0, 64.0];
/// The coverages whose mean widths tell which shift is best.
const JUDGED: [f64; 3] = [0.5, 0.8, 0.9];

/// What a score compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConformalKind {
    /// y − ŷ.
    Residual,
    /// ln((y + s) / (ŷ + s)), both clipped at 0, s being the shift.
    LogRatio,
}

/// Signed calibration scores, ascending.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// What they compare.
    pub kind: ConformalKind,
    /// Of log ratios: the number that is added first. The larger it is beside the predictions, the less the width of an interval
    /// grows with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<f64>,
    /// At most 2,000, evenly spaced order statistics of all.
    pub scores: Vec<f64>,
}

impl Calibration {
    /// Scores of known values against their predictions. The shift of log ratios is the one with the narrowest intervals around
    /// these predictions.
    pub fn new(kind: ConformalKind, known: &[f64], predicted: &[f64]) -> Self {
        if kind == ConformalKind::Residual {
            return Self::with(kind, None, known, predicted);
        }
        let mut sorted: Vec<f64> = predicted.iter().map(|p| p.max(0.0)).collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let shifts =
            SHIFTS.iter().map(|times| times * median).filter(|shift| *shift > 0.0 && shift.is_finite());
        let tried = std::iter::once(1.0).chain(shifts);
        let made = tried.map(|shift| Self::with(kind, Some(shift), known, predicted));
        let judged = made.map(|one| (one.width(predicted), one));
        let best = judged.reduce(|best, next| if next.0 < best.0 { next } else { best });
        best.map_or_else(|| Self::with(kind, Some(1.0), known, predicted), |(_, one)| one)
    }

    fn with(kind: ConformalKind, shift: Option<f64>, known: &[f64], predicted: &[f64]) -> Self {
        let s = shift.unwrap_or_default();
        let score = |y: f64, p: f64| match kind {
            ConformalKind::Residual => y - p,
            ConformalKind::LogRatio => ((y.max(0.0) + s) / (p.max(0.0) + s)).ln(),
        };
        let mut scores: Vec<f64> = known.iter().zip(predicted).map(|(y, p)| score(*y, *p)).collect();
        scores.sort_by(f64::total_cmp);
        let n = scores.len();
        if n > MAX_SCORES {
            let last = (MAX_SCORES - 1) as f64;
            let at = |i: usize| ((i as f64) * (n - 1) as f64 / last).round() as usize;
            scores = (0..MAX_SCORES).filter_map(|i| scores.get(at(i)).copied()).collect();
        }
        Self { kind, shift, scores }
    }

    /// The sum of the logarithms of the mean widths at some coverages.
    fn width(&self, predicted: &[f64]) -> f64 {
        let mean = |coverage: f64| {
            let width = |p: &f64| {
                let (low, high) = self.interval(*p, coverage);
                high - low
            };
            predicted.iter().map(width).sum::<f64>() / predicted.len().max(1) as f64
        };
        JUDGED.iter().map(|coverage| mean(*coverage).max(f64::MIN_POSITIVE).ln()).sum()
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
                let shift = self.shift.unwrap_or(1.0);
                let bound = |score: f64| ((predicted.max(0.0) + shift) * score.exp() - shift).max(0.0);
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
