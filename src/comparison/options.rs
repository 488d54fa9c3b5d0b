//! What may be said about a comparison.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::store::document::OptionKeys;

const KEYS: OptionKeys = OptionKeys("max_rows, calls, out_of_scope and keep");

/// The options of `compare_models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Labelled rows that the source may have.
    pub max_rows: usize,
    /// Rows that are also scored one by one, for the time of a call.
    pub calls: usize,
    /// The label that stands for none of the classes: right is then who gives no label.
    pub out_of_scope: Option<String>,
    /// Whether the comparison is kept.
    pub keep: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_rows: 10_000, calls: 200, out_of_scope: None, keep: true }
    }
}

impl Options {
    /// Reads them.
    pub fn parse(value: &Value) -> Result<Self> {
        let options: Self = KEYS.read(value)?;
        KEYS.within("max_rows", options.max_rows, 1..=1_000_000)?;
        KEYS.within("calls", options.calls, 1..=10_000)?;
        Ok(options)
    }
}
