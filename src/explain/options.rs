//! What may be said about an explanation.

use serde::Deserialize;
use serde_json::Value;

use crate::error::Result;
use crate::store::document::OptionKeys;

/// Which number is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The sum that the model makes before its last function; the answer where there is no such sum.
    #[default]
    Margin,
    /// The answer: the value, or the probability of a class.
    Output,
}

/// The options of `explain` and `explain_source`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShapleyOptions {
    /// The class whose score is explained.
    pub class: Option<String>,
    /// Which number is explained.
    pub scale: Scale,
    /// Of sampled values: pairs of permutations for each row of the background.
    pub pairs: usize,
    /// Of sampled values: seed of the permutations.
    pub seed: u64,
    /// A source of rows to compare with, instead of those stored with the version.
    pub background: Option<String>,
}

impl Default for ShapleyOptions {
    fn default() -> Self {
        Self { class: None, scale: Scale::Margin, pairs: 2, seed: 0, background: None }
    }
}

/// The options of `importance`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportanceOptions {
    /// Shuffles of each column.
    pub repeats: usize,
    /// Their seed.
    pub seed: u64,
    /// What becomes worse.
    pub metric: Option<String>,
    /// Labelled rows that the source may have.
    pub max_rows: usize,
}

impl Default for ImportanceOptions {
    fn default() -> Self {
        Self { repeats: 5, seed: 0, metric: None, max_rows: 10_000 }
    }
}

/// The options of `partial_dependence`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DependenceOptions {
    /// The class whose probability is averaged.
    pub class: Option<String>,
    /// Rows that the source may have.
    pub max_rows: usize,
}

impl Default for DependenceOptions {
    fn default() -> Self {
        Self { class: None, max_rows: 10_000 }
    }
}

/// The options of `counterfactual`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CounterfactualOptions {
    /// Columns that stay as they are.
    pub fixed: Vec<String>,
    /// Columns that may change.
    pub max_changes: usize,
    /// A source of rows whose values are tried, instead of those stored with the version.
    pub background: Option<String>,
}

impl Default for CounterfactualOptions {
    fn default() -> Self {
        Self { fixed: Vec::new(), max_changes: 3, background: None }
    }
}

impl ShapleyOptions {
    /// Reads them.
    pub fn parse(value: &Value) -> Result<Self> {
        let keys = OptionKeys("class, scale (\"margin\" or \"output\"), pairs, seed and background");
        let options: Self = keys.read(value)?;
        keys.within("pairs", options.pairs, 2..=1000)?;
        Ok(options)
    }
}

impl ImportanceOptions {
    /// Reads them.
    pub fn parse(value: &Value) -> Result<Self> {
        let keys = OptionKeys("repeats, seed, metric and max_rows");
        let options: Self = keys.read(value)?;
        keys.within("repeats", options.repeats, 1..=1000)?;
        keys.within("max_rows", options.max_rows, 1..=1_000_000)?;
        Ok(options)
    }
}

impl DependenceOptions {
    /// Reads them.
    pub fn parse(value: &Value) -> Result<Self> {
        let keys = OptionKeys("class and max_rows");
        let options: Self = keys.read(value)?;
        keys.within("max_rows", options.max_rows, 1..=1_000_000)?;
        Ok(options)
    }
}

impl CounterfactualOptions {
    /// Reads them.
    pub fn parse(value: &Value) -> Result<Self> {
        let keys = OptionKeys("fixed, max_changes and background");
        let options: Self = keys.read(value)?;
        keys.within("max_changes", options.max_changes, 1..=10)?;
        Ok(options)
    }
}
