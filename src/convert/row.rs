//! A row given as `jsonb`, by column name.

use std::collections::HashMap;

use altlas_prep::element_name;
use serde_json::{Map, Value};

use super::Cell;

/// The fields of a JSON object; an array of numbers gives its elements, too. Texts stay texts: whoever knows the column's type reads a timestamp or a number from them.
pub fn fields_of_json(object: &Map<String, Value>) -> HashMap<String, Cell> {
    let mut fields = HashMap::with_capacity(object.len());
    for (name, value) in object {
        if let Some(elements) = numbers(value) {
            let places = elements.into_iter().zip(1..);
            fields.extend(places.map(|(cell, place)| (element_name(name, place), cell)));
        }
        fields.insert(name.clone(), cell(value));
    }
    fields
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(b) => Cell::Boolean(*b),
        Value::Number(n) => n.as_f64().map_or(Cell::Null, Cell::Number),
        Value::String(s) => Cell::Text(s.clone()),
        other => Cell::Text(other.to_string()),
    }
}

/// The elements of an array of numbers and NULLs.
fn numbers(value: &Value) -> Option<Vec<Cell>> {
    let plain = |value: &Value| matches!(value, Value::Null | Value::Number(_)).then(|| cell(value));
    value.as_array()?.iter().map(plain).collect()
}
