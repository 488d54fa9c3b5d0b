//! The parts of a manifest that scoring reads (docs/formats.md).

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What a model is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Manifest {
    pub format: Option<u32>,
    pub task: Option<String>,
    pub algorithm: Option<String>,
    pub columns: Option<Vec<String>>,
    #[serde(deserialize_with = "or_default")]
    pub output: Outputs,
    pub labels: Option<Vec<String>>,
    #[serde(deserialize_with = "or_default")]
    pub target: Target,
    pub conformal: Option<Conformal>,
    pub priorities: Option<Vec<f32>>,
    pub rejection: Option<Rejection>,
    /// Execution providers of its own choice, of those in force; empty for all.
    #[serde(deserialize_with = "or_default")]
    pub providers: Vec<String>,
}

/// Names of the graph's outputs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outputs {
    pub value: Option<String>,
    pub label: Option<String>,
    pub proba: Option<String>,
    pub vector: Option<String>,
}

/// What is predicted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Target {
    pub name: Option<String>,
    pub unit: Option<String>,
}

/// When a classifier gives no label.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Rejection {
    /// The confidence below which the label is withheld.
    pub threshold: f64,
}

/// Calibration scores of a regression, ascending.
#[derive(Debug, Clone, Deserialize)]
pub struct Conformal {
    pub kind: ConformalKind,
    /// Of log ratios: what is added first.
    #[serde(default = "one")]
    pub shift: f64,
    pub scores: Vec<f64>,
}

/// What a calibration score is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConformalKind {
    /// y − ŷ.
    Residual,
    /// ln((y+s)/(ŷ+s)), both clipped at 0, s being the shift.
    LogRatio,
}

/// The shift of models that do not name theirs.
fn one() -> f64 {
    1.0
}

/// A null counts as an absent key.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Manifest {
    /// Reads a manifest; the error says what is wrong with it.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let manifest: Self = serde_json::from_value(value.clone()).map_err(|e| e.to_string())?;
        if manifest.rejection.is_some_and(|r| !(0.0..=1.0).contains(&r.threshold)) {
            return Err("rejection: the threshold is not between 0 and 1".into());
        }
        match manifest.format {
            None | Some(1) => Ok(manifest),
            Some(other) => Err(format!("its format is {other}, this version of altlas reads 1")),
        }
    }

    /// The model's task.
    pub fn task(&self) -> &str {
        self.task.as_deref().unwrap_or("other")
    }

    /// Whether an answer with these probabilities is too unsure to have a label.
    pub fn rejects(&self, proba: Option<&[f64]>) -> bool {
        let sure = |proba: &[f64]| proba.iter().copied().fold(0.0, f64::max);
        match (self.rejection, proba) {
            (Some(rejection), Some(proba)) => sure(proba) < rejection.threshold,
            _ => false,
        }
    }

    /// Whether the task is to tell classes apart.
    pub fn classifies(&self) -> bool {
        matches!(self.task(), "classification" | "text_classification")
    }
}

/// What rounding may do to a rank.
const ROUNDING: f64 = 1e-3;

impl Conformal {
    /// The interval of `coverage` around a prediction, by the order statistics of the calibration scores.
    /// With too few scores for the coverage, the bound is infinite on that side.
    pub fn interval(&self, predicted: f64, coverage: f64) -> (f64, f64) {
        let n = self.scores.len() as f64;
        // A rank that is whole but for rounding (20 · 0.05, a coverage given as a real) is that rank.
        let low = ((n + 1.0) * (1.0 - coverage) / 2.0 + ROUNDING).floor();
        let high = ((n + 1.0) * (1.0 + coverage) / 2.0 - ROUNDING).ceil();
        let at = |rank: f64| (rank >= 1.0).then(|| self.scores.get(rank as usize - 1).copied()).flatten();
        let apply = |score: Option<f64>, otherwise: f64| match (score, self.kind) {
            (None, _) => otherwise,
            (Some(s), ConformalKind::Residual) => predicted + s,
            (Some(s), ConformalKind::LogRatio) => (predicted.max(0.0) + self.shift) * s.exp() - self.shift,
        };
        (apply(at(low), f64::NEG_INFINITY), apply(at(high), f64::INFINITY))
    }
}

#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::*;

    #[pg_test]
    fn intervals_take_the_order_statistics_of_the_calibration_scores() {
        let scores: Vec<f64> = (1..=19).map(|s| f64::from(s) - 10.0).collect();
        let conformal = Conformal { kind: ConformalKind::Residual, shift: 1.0, scores: scores.clone() };
        // n = 19, c = 0.9: ranks floor(20·0.05) = 1 and ceil(20·0.95) = 19.
        assert_eq!(conformal.interval(100.0, 0.9), (91.0, 109.0));
        // Rank 0 and 20 do not exist: no bound.
        assert_eq!(conformal.interval(100.0, 0.99), (f64::NEG_INFINITY, f64::INFINITY));
        let ratio = Conformal { kind: ConformalKind::LogRatio, shift: 1.0, scores: vec![0.0; 19] };
        let (low, high) = ratio.interval(5.0, 0.5);
        assert!((low - 5.0).abs() < 1e-12 && (high - 5.0).abs() < 1e-12);
        // ln 2 of a shift of 10: (5 + 10) · 2 − 10.
        let shifted = Conformal { shift: 10.0, scores: vec![2.0f64.ln(); 19], ..ratio };
        assert!((shifted.interval(5.0, 0.5).0 - 20.0).abs() < 1e-12);
    }

    #[pg_test]
    fn unsure_answers_are_rejected() {
        let manifest = Manifest::parse(&serde_json::json!({ "rejection": { "threshold": 0.5 } })).unwrap();
        assert!(manifest.rejects(Some(&[0.3, 0.4])));
        assert!(!manifest.rejects(Some(&[0.3, 0.5])) && !manifest.rejects(None));
        assert!(!Manifest::default().rejects(Some(&[0.1, 0.1])));
    }

    #[pg_test]
    fn unknown_formats_are_refused() {
        assert!(Manifest::parse(&serde_json::json!({ "format": 2 })).is_err());
        assert!(Manifest::parse(&serde_json::json!({ "rejection": { "threshold": 1.5 } })).is_err());
        assert_eq!(Manifest::parse(&serde_json::json!({})).unwrap().task(), "other");
    }
}
