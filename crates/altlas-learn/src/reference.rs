//! Numbers of other programs, for tests.
#![allow(clippy::expect_used)]

use serde_json::Value;

/// The numbers of a JSON array, also of nested ones.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().expect("a number")],
    }
}
