//! What order is to be learned.

use serde_json::{Value, json};

use crate::spec::check;
use crate::untargeted::spec::{is_of, unknown_algorithm};
use crate::{Algorithm, LearnError, LightgbmParams, Objective, TrainSpec, ValidationKind};

/// The name of the task.
pub(super) const TASK: &str = "ranking";
/// Places that an order is judged by.
const PLACES: u64 = 10;

/// A ranking, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSpec {
    /// Hyperparameters of the boosting.
    pub params: LightgbmParams,
    /// The column whose equal values are to be ordered among each other.
    pub group: String,
    /// The places that an order is judged by.
    pub k: usize,
    /// Everything else, as of a regression.
    pub(super) spec: TrainSpec,
}

impl RankSpec {
    /// Whether a specification is one of a ranking.
    pub(crate) fn is_meant(value: &Value) -> bool {
        is_of(value, TASK)
    }

    /// Reads `{"task", "target", "algorithm", "options", "threads"}`. Options are those of a regression by boosting, and `k`.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let mut value = value.clone();
        let algorithm = value.get("algorithm").and_then(Value::as_str).unwrap_or("auto");
        if !matches!(algorithm, "auto" | "lightgbm") {
            return Err(unknown_algorithm(algorithm, "auto, lightgbm"));
        }
        let k =
            value.get_mut("options").and_then(Value::as_object_mut).and_then(|options| options.remove("k"));
        let k = k.map_or(Some(PLACES), |k| k.as_u64()).filter(|k| (1..=1000).contains(k));
        let k = k.ok_or_else(|| LearnError::option("k", "must be a whole number from 1 to 1000"))?;
        if let Some(object) = value.as_object_mut() {
            object.insert("task".into(), json!("regression"));
            object.insert("algorithm".into(), json!("lightgbm"));
        }
        let spec = TrainSpec::parse(&value)?;
        let Algorithm::Lightgbm(params) = spec.algorithm.clone() else {
            return Err(LearnError::option("algorithm", "must be lightgbm"));
        };
        let validation = &spec.options.validation;
        let group = validation.group.clone().ok_or_else(|| {
            LearnError::option(
                "validation.group",
                "must name the column whose equal values are ordered among each other",
            )
        })?;
        check(validation.kind() == ValidationKind::Group, "validation.kind", "of a ranking is \"group\"")?;
        check(validation.folds.is_none(), "validation.folds", "are not for rankings")?;
        check(spec.search.is_none(), "search", "is not for rankings")?;
        check(params.objective == Objective::L2, "objective", "of a ranking is its own")?;
        let options = &spec.options;
        let plain = options.log_target.is_none() && options.unit.is_none() && options.offset.is_none();
        check(plain, "target", "of a ranking has no unit, no logarithm and no offset")?;
        check(options.metric.is_none(), "metric", "of a ranking is its own")?;
        Ok(Self { params, group, k: k as usize, spec })
    }
}
