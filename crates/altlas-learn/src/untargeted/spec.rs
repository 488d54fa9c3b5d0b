//! What all trainings without a target are told.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::spec::check;
use crate::{LearnError, Preprocess};

/// Options of a training without a target.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UntargetedOptions {
    /// Hyperparameters, whose keys depend on the algorithm.
    hyperparams: Map<String, Value>,
    /// How columns become features.
    pub preprocess: Preprocess,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

/// The JSON form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    #[serde(rename = "task")]
    _task: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    algorithm: Option<String>,
    #[serde(default)]
    pub(crate) options: UntargetedOptions,
    #[serde(default, rename = "threads")]
    _threads: u32,
    #[serde(default, rename = "memory_bytes")]
    _memory_bytes: u64,
}

impl Raw {
    pub(crate) fn read(value: &Value) -> Result<Self, LearnError> {
        let raw = Self::deserialize(value).map_err(|e| LearnError::Options(e.to_string()))?;
        let most = raw.options.preprocess.one_hot_max;
        check(most <= 256, "preprocess.one_hot_max", "must be at most 256")?;
        Ok(raw)
    }

    /// The target; none where it is empty.
    pub(crate) fn target(&self) -> Option<&str> {
        self.target.as_deref().filter(|target| !target.is_empty())
    }

    /// Refuses a target.
    pub(crate) fn no_target(&self, what: &str) -> Result<(), LearnError> {
        check(self.target().is_none(), "target", &format!("{what} has none"))
    }

    /// The algorithm's name.
    pub(crate) fn algorithm(&self) -> &str {
        self.algorithm.as_deref().unwrap_or("auto")
    }

    /// The hyperparameters as those of the algorithm.
    pub(crate) fn hyperparams<T: DeserializeOwned>(&self) -> Result<T, LearnError> {
        T::deserialize(Value::Object(self.options.hyperparams.clone()))
            .map_err(|e| LearnError::Options(format!("hyperparams: {e}")))
    }
}

/// Whether a specification is of a task.
pub(crate) fn is_of(value: &Value, task: &str) -> bool {
    value.get("task").and_then(Value::as_str) == Some(task)
}

/// The error for an algorithm that a task does not have.
pub(crate) fn unknown_algorithm(name: &str, available: &str) -> LearnError {
    LearnError::UnknownAlgorithm { name: name.to_owned(), available: available.to_owned() }
}
