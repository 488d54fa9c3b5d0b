//! What a clustering is to be.

use serde::Deserialize;
use serde_json::Value;

use crate::{LearnError, Preprocess};

/// The name of the task.
pub(super) const TASK: &str = "clustering";
const AVAILABLE: &str = "auto, kmeans, gmm, hierarchical";
/// An algorithm in the SQL contract that this version does not have.
const LATER: &str = "dbscan";
/// The most clusters.
const MAX_K: u32 = 1000;

/// How clusters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterAlgorithm {
    /// Around centres.
    Kmeans,
    /// As normal distributions.
    Mixture,
    /// By joining them from single rows on.
    Hierarchical,
}

impl ClusterAlgorithm {
    /// Its name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kmeans => "kmeans",
            Self::Mixture => "gmm",
            Self::Hierarchical => "hierarchical",
        }
    }
}

/// Hyperparameters of k-means, and of the centres that a mixture starts from, on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KmeansParams {
    /// Clusters, 2 to 1,000; by default the number from 2 to 10 with the best silhouette, or the least criterion of a mixture. A hierarchy has this
    /// one alone.
    pub k: Option<u32>,
    /// Runs from different centres, 1 to 100.
    pub n_init: u32,
    /// The most passes of a run.
    pub max_iter: u32,
}

impl Default for KmeansParams {
    fn default() -> Self {
        Self { k: None, n_init: 5, max_iter: 300 }
    }
}

/// Options of a clustering.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterOptions {
    /// Hyperparameters.
    pub hyperparams: KmeansParams,
    /// How columns become features.
    pub preprocess: Preprocess,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

/// A clustering, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSpec {
    /// How clusters are found.
    pub algorithm: ClusterAlgorithm,
    /// Everything there is to choose.
    pub options: ClusterOptions,
}

impl ClusterSpec {
    /// Whether a specification is one of a clustering.
    pub(crate) fn is_meant(value: &Value) -> bool {
        value.get("task").and_then(Value::as_str) == Some(TASK)
    }

    /// Reads `{"task", "algorithm", "options"}`; a clustering has no target.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            #[serde(rename = "task")]
            _task: String,
            #[serde(default)]
            target: Option<String>,
            #[serde(default)]
            algorithm: Option<String>,
            #[serde(default)]
            options: ClusterOptions,
            #[serde(default, rename = "threads")]
            _threads: u32,
            #[serde(default, rename = "memory_bytes")]
            _memory_bytes: u64,
        }
        let raw = Raw::deserialize(value).map_err(|e| LearnError::Options(e.to_string()))?;
        if raw.target.is_some_and(|target| !target.is_empty()) {
            return Err(LearnError::option("target", "a clustering has none"));
        }
        let available = AVAILABLE.to_owned();
        let algorithm = match raw.algorithm.as_deref().unwrap_or("auto") {
            "auto" | "kmeans" => ClusterAlgorithm::Kmeans,
            "gmm" => ClusterAlgorithm::Mixture,
            "hierarchical" => ClusterAlgorithm::Hierarchical,
            name if name == LATER => {
                return Err(LearnError::NotSupported { what: format!("algorithm \"{name}\""), available });
            }
            name => return Err(LearnError::UnknownAlgorithm { name: name.to_owned(), available }),
        };
        let KmeansParams { k, n_init, max_iter } = raw.options.hyperparams;
        let check = |good: bool, key: &str, problem: String| {
            if good { Ok(()) } else { Err(LearnError::option(key, problem)) }
        };
        check(k.is_none_or(|k| (2..=MAX_K).contains(&k)), "k", format!("must be 2 to {MAX_K}"))?;
        check((1..=100).contains(&n_init), "n_init", "must be 1 to 100".to_owned())?;
        check((1..=100_000).contains(&max_iter), "max_iter", "must be 1 to 100000".to_owned())?;
        let plain = algorithm != ClusterAlgorithm::Hierarchical
            || raw.options.hyperparams == KmeansParams { k, ..KmeansParams::default() };
        check(plain, "hyperparams", "a hierarchy has k alone".to_owned())?;
        let most = raw.options.preprocess.one_hot_max;
        check(most <= 256, "preprocess.one_hot_max", "must be at most 256".to_owned())?;
        Ok(Self { algorithm, options: raw.options })
    }
}
