//! A row given as `jsonb`, by column name.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Cell;

/// The fields of a JSON object. Texts stay texts: whoever knows the column's type reads a timestamp or a number from them.
pub fn fields_of_json(object: &Map<String, Value>) -> HashMap<String, Cell> {
    object
        .iter()
        .map(|(name, value)| {
            let cell = match value {
                Value::Null => Cell::Null,
                Value::Bool(b) => Cell::Boolean(*b),
                Value::Number(n) => n.as_f64().map_or(Cell::Null, Cell::Number),
                Value::String(s) => Cell::Text(s.clone()),
                other => Cell::Text(other.to_string()),
            };
            (name.clone(), cell)
        })
        .collect()
}
