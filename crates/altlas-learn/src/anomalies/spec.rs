//! How unusual rows are to be found.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::LearnError;
use crate::spec::check;
use crate::untargeted::UntargetedOptions;
use crate::untargeted::spec::{Raw, is_of, unknown_algorithm};

/// The name of the task.
pub(super) const TASK: &str = "anomaly";
const AVAILABLE: &str = "auto, isolation_forest";

/// Hyperparameters of an isolation forest.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationParams {
    /// Trees, 2 to 1,000.
    pub num_trees: u32,
    /// Rows that a tree is grown on, 2 to 65,536.
    pub max_samples: u32,
    /// The share of the rows that are labelled as anomalies, at most a half; by default those that score above 0.5.
    pub contamination: Option<f64>,
}

impl Default for IsolationParams {
    fn default() -> Self {
        Self { num_trees: 100, max_samples: 256, contamination: None }
    }
}

/// A search for unusual rows, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct AnomalySpec {
    /// How they are found.
    pub params: IsolationParams,
    /// A column that says which rows are anomalies: it is not learned from, the model is judged by it.
    pub known: Option<String>,
    /// Everything else.
    pub options: UntargetedOptions,
}

impl AnomalySpec {
    /// Whether a specification is one of anomalies.
    pub(crate) fn is_meant(value: &Value) -> bool {
        is_of(value, TASK)
    }

    /// Reads `{"task", "target", "algorithm", "options"}`; the target may be missing.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let raw = Raw::read(value)?;
        if !matches!(raw.algorithm(), "auto" | "isolation_forest") {
            return Err(unknown_algorithm(raw.algorithm(), AVAILABLE));
        }
        let params: IsolationParams = raw.hyperparams()?;
        check((2..=1000).contains(&params.num_trees), "num_trees", "must be 2 to 1000")?;
        check((2..=65_536).contains(&params.max_samples), "max_samples", "must be 2 to 65536")?;
        let share = params.contamination.is_none_or(|c| c > 0.0 && c <= 0.5);
        check(share, "contamination", "must be above 0 and at most 0.5")?;
        Ok(Self { params, known: raw.target().map(str::to_owned), options: raw.options })
    }
}
