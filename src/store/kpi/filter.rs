//! Filters by columns: `{"carrier": "AA", "origin": ["JFK", "LGA", null]}`. Columns are joined by AND.

use serde_json::{Number, Value};

use crate::convert::Kind;

/// How filters are written.
pub const HINT: &str = "A filter gives for a column a value, a list of values, or null: {\"carrier\": [\"AA\", \"UA\"], \"origin\": \"JFK\"}.";

/// What one column may be.
pub struct Filter<'a> {
    pub column: &'a str,
    values: Vec<&'a Value>,
    /// Whether NULL passes.
    pub or_null: bool,
}

/// Reads one entry of a filter.
pub fn parse<'a>(column: &'a str, value: &'a Value) -> Result<Filter<'a>, String> {
    let given = match value {
        Value::Array(values) if values.is_empty() => {
            return Err(format!("the filter on \"{column}\" is an empty list"));
        }
        Value::Array(values) => values.iter().collect(),
        single => vec![single],
    };
    if given.iter().any(|v| v.is_array() || v.is_object()) {
        return Err(format!("the filter on \"{column}\" is neither a value nor a list of values"));
    }
    let or_null = given.iter().any(|v| v.is_null());
    let values = given.into_iter().filter(|v| !v.is_null()).collect();
    Ok(Filter { column, values, or_null })
}

impl Filter<'_> {
    /// The values as texts that the column's type reads.
    pub fn texts(&self, kind: Kind) -> Result<Vec<String>, String> {
        self.values
            .iter()
            .map(|value| match (kind, value) {
                (Kind::Number, Value::Number(number)) => Ok(plain(number)),
                (Kind::Boolean, Value::Bool(value)) => Ok(value.to_string()),
                (Kind::Text | Kind::Timestamp | Kind::Interval, Value::String(text)) => Ok(text.clone()),
                _ => Err(format!(
                    "the filter on \"{}\" has the value {value}, the column holds {}",
                    self.column,
                    match kind {
                        Kind::Number => "numbers",
                        Kind::Boolean => "truth values",
                        Kind::Text => "text",
                        Kind::Timestamp => "times, given as text",
                        Kind::Interval => "intervals, given as text",
                    }
                )),
            })
            .collect()
    }
}

/// 3.0 is 3, which integer types read, too.
fn plain(number: &Number) -> String {
    match number.as_f64() {
        Some(x) if number.is_f64() && x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.0}"),
        _ => number.to_string(),
    }
}
