//! Which components are to be found.

use serde::Deserialize;
use serde_json::Value;

use crate::LearnError;
use crate::spec::check;
use crate::untargeted::UntargetedOptions;
use crate::untargeted::spec::{Raw, is_of, unknown_algorithm};

/// The name of the task.
pub(super) const TASK: &str = "decomposition";
const AVAILABLE: &str = "auto, pca";
/// The most components.
const MAX_COMPONENTS: f64 = 512.0;

/// Hyperparameters of principal components.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PcaParams {
    /// Their number; below 1 the share of the variance that they have at the least.
    pub n_components: f64,
    /// Whether features are divided by their standard deviations.
    pub scale: bool,
}

impl Default for PcaParams {
    fn default() -> Self {
        Self { n_components: 0.95, scale: true }
    }
}

impl PcaParams {
    /// How many components are kept of those with these variances.
    pub(super) fn count(&self, variances: &[f64]) -> usize {
        if self.n_components >= 1.0 {
            return (self.n_components as usize).min(variances.len());
        }
        let (all, mut sum) = (variances.iter().sum::<f64>(), 0.0);
        let enough = variances.iter().position(|v| {
            sum += v;
            sum >= self.n_components * all
        });
        enough.map_or(variances.len(), |n| n + 1)
    }
}

/// A search for components, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentSpec {
    /// Which ones.
    pub params: PcaParams,
    /// Everything else.
    pub options: UntargetedOptions,
}

impl ComponentSpec {
    /// Whether a specification is one of components.
    pub(crate) fn is_meant(value: &Value) -> bool {
        is_of(value, TASK)
    }

    /// Reads `{"task", "algorithm", "options"}`; there is no target.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let raw = Raw::read(value)?;
        raw.no_target("a decomposition")?;
        if !matches!(raw.algorithm(), "auto" | "pca") {
            return Err(unknown_algorithm(raw.algorithm(), AVAILABLE));
        }
        let params: PcaParams = raw.hyperparams()?;
        let n = params.n_components;
        let good = (n > 0.0 && n < 1.0) || (n.fract() == 0.0 && (1.0..=MAX_COMPONENTS).contains(&n));
        check(good, "n_components", "must be a whole number from 1 to 512, or a share below 1")?;
        Ok(Self { params, options: raw.options })
    }
}
