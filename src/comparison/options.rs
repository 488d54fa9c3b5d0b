//! What may be said about a comparison.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// Rows and single calls at most.
const LIMITS: (usize, usize) = (1_000_000, 10_000);

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
    pub fn parse(value: Value) -> Result<Self> {
        let bad = |problem: String| Error::BadDocument {
            what: "argument \"options\"".into(),
            problem,
            hint: "It may have max_rows, calls, out_of_scope and keep.".into(),
        };
        let options: Self = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
        for (name, value, most) in
            [("max_rows", options.max_rows, LIMITS.0), ("calls", options.calls, LIMITS.1)]
        {
            if !(1..=most).contains(&value) {
                return Err(bad(format!("{name} is {value}, not between 1 and {most}")));
            }
        }
        Ok(options)
    }
}
