//! What a clustering is to be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::LearnError;
use crate::spec::check;
use crate::untargeted::UntargetedOptions;
use crate::untargeted::spec::{Raw, is_of, unknown_algorithm};

/// The name of the task.
pub(super) const TASK: &str = "clustering";
const AVAILABLE: &str = "auto, kmeans, gmm, hierarchical, dbscan";
/// The most clusters.
const MAX_K: u32 = 1000;
/// The most rows that densities are found of.
const MAX_DENSE_ROWS: u32 = 20_000;

/// How clusters are found.
#[derive(Debug, Clone, PartialEq)]
pub enum ClusterAlgorithm {
    /// Around centres.
    Kmeans(KmeansParams),
    /// As normal distributions.
    Mixture(KmeansParams),
    /// By joining them from single rows on.
    Hierarchical(HierarchyParams),
    /// Where rows lie densely.
    Density(DensityParams),
}

impl ClusterAlgorithm {
    /// Its name in the manifest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kmeans(_) => "kmeans",
            Self::Mixture(_) => "gmm",
            Self::Hierarchical(_) => "hierarchical",
            Self::Density(_) => "dbscan",
        }
    }
}

/// Hyperparameters of k-means, and of the centres that a mixture starts from, on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KmeansParams {
    /// Clusters, 2 to 1,000; by default the number from 2 to 10 with the best silhouette, or the least criterion of a mixture.
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

/// Hyperparameters of a hierarchy.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HierarchyParams {
    /// Clusters, as of k-means.
    pub k: Option<u32>,
}

/// Hyperparameters of clusters by density, on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DensityParams {
    /// The distance within which rows are neighbours; by default where the curve of the rows' distances from their `min_samples`-th
    /// neighbour bends.
    pub eps: Option<f64>,
    /// Neighbours that a core has at the least, itself among them; 1 to 1,000.
    pub min_samples: u32,
    /// The most rows that are learned from, at most 20,000.
    pub max_rows: u32,
}

impl Default for DensityParams {
    fn default() -> Self {
        Self { eps: None, min_samples: 5, max_rows: 10_000 }
    }
}

/// A clustering, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSpec {
    /// How clusters are found.
    pub algorithm: ClusterAlgorithm,
    /// Everything else.
    pub options: UntargetedOptions,
}

impl ClusterSpec {
    /// Whether a specification is one of a clustering.
    pub(crate) fn is_meant(value: &Value) -> bool {
        is_of(value, TASK)
    }

    /// Reads `{"task", "algorithm", "options"}`; a clustering has no target.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let raw = Raw::read(value)?;
        raw.no_target("a clustering")?;
        let algorithm = match raw.algorithm() {
            "auto" | "kmeans" => ClusterAlgorithm::Kmeans(raw.hyperparams()?),
            "gmm" => ClusterAlgorithm::Mixture(raw.hyperparams()?),
            "hierarchical" => ClusterAlgorithm::Hierarchical(raw.hyperparams()?),
            "dbscan" => ClusterAlgorithm::Density(raw.hyperparams()?),
            name => return Err(unknown_algorithm(name, AVAILABLE)),
        };
        algorithm.check()?;
        Ok(Self { algorithm, options: raw.options })
    }
}

impl ClusterAlgorithm {
    fn check(&self) -> Result<(), LearnError> {
        let number = |k: Option<u32>| {
            check(k.is_none_or(|k| (2..=MAX_K).contains(&k)), "k", &format!("must be 2 to {MAX_K}"))
        };
        match self {
            Self::Kmeans(p) | Self::Mixture(p) => {
                number(p.k)?;
                check((1..=100).contains(&p.n_init), "n_init", "must be 1 to 100")?;
                check((1..=100_000).contains(&p.max_iter), "max_iter", "must be 1 to 100000")
            }
            Self::Hierarchical(p) => number(p.k),
            Self::Density(p) => {
                check(p.eps.is_none_or(|eps| eps > 0.0 && eps.is_finite()), "eps", "must be above 0")?;
                check((1..=1000).contains(&p.min_samples), "min_samples", "must be 1 to 1000")?;
                let rows = (2..=MAX_DENSE_ROWS).contains(&p.max_rows);
                check(rows, "max_rows", &format!("must be 2 to {MAX_DENSE_ROWS}"))
            }
        }
    }
}
