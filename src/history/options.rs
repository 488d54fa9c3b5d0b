//! What may be said about an analysis.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::error::Result;
use crate::store::document::OptionKeys;

/// The columns that have a meaning, by the names of the tables of `install_task_schema`.
pub const ROLES: [&str; 10] = [
    "task_type",
    "started_at",
    "ended_at",
    "duration",
    "queued_at",
    "status",
    "failed",
    "resource",
    "task_id",
    "command_id",
];
const KEYS: OptionKeys =
    OptionKeys("columns, factors, failed, succeeded, dependencies, confidence and min_runs");

/// The options of `analyze_tasks`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The source's names of columns, by those of [`ROLES`].
    pub columns: HashMap<String, String>,
    /// Columns that may go with failures and long runs; all others when absent.
    pub factors: Option<Vec<String>>,
    /// Values of `status` that are failures.
    pub failed: Vec<String>,
    /// Values of `status` that are none; all others say nothing.
    pub succeeded: Vec<String>,
    /// A source of `task_id` and `depends_on`.
    pub dependencies: Option<String>,
    /// Of all intervals.
    pub confidence: f64,
    /// Runs that a group must have, and the others.
    pub min_runs: u64,
}

impl Default for Options {
    fn default() -> Self {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        let usual = altlas_history::Options::default();
        Self {
            columns: HashMap::new(),
            factors: None,
            failed: texts(&["failed", "timeout", "error"]),
            succeeded: texts(&["completed", "succeeded", "success", "finished"]),
            dependencies: None,
            confidence: usual.confidence,
            min_runs: usual.min_runs,
        }
    }
}

impl Options {
    /// Reads them.
    pub fn parse(value: &Value) -> Result<Self> {
        let options: Self = KEYS.read(value)?;
        if let Some(role) = options.columns.keys().find(|role| !ROLES.contains(&role.as_str())) {
            return Err(KEYS.wrong(format!("columns has \"{role}\", which is none of {}", ROLES.join(", "))));
        }
        KEYS.within("confidence", options.confidence, 0.5..=0.9999)?;
        if options.min_runs < 2 {
            return Err(KEYS.wrong(format!("key \"min_runs\": {} is not 2 or more", options.min_runs)));
        }
        Ok(options)
    }

    /// The source's name of a column.
    pub fn column<'a>(&'a self, role: &'a str) -> &'a str {
        self.columns.get(role).map_or(role, String::as_str)
    }

    /// Whether a status is a failure; `None` of one that says nothing.
    pub fn is_failure(&self, status: &str) -> Option<bool> {
        let among = |list: &[String]| list.iter().any(|one| one.eq_ignore_ascii_case(status));
        match (among(&self.failed), among(&self.succeeded)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// Those that the analysis itself takes.
    pub fn analysis(&self) -> altlas_history::Options {
        altlas_history::Options { confidence: self.confidence, min_runs: self.min_runs }
    }
}
