//! A row on its way to a model, as the user gave it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use crate::convert::{Cell, Record, fields_of_json};
use crate::error::{Error, Result};

/// One row.
pub enum Features<'a> {
    /// A row of a table or query; columns are matched by name.
    Record(Record),
    /// Numbers in the order of the model's columns; NaN for NULL.
    Vector(Cow<'a, [f64]>),
    /// Values by column name.
    Fields(HashMap<String, Cell>),
    /// A text, the input itself.
    Text(Cow<'a, str>),
}

/// A row given as JSON: an object is matched by name, an array by position.
pub fn fields_of_value(value: &Value, model: &str) -> Result<Features<'static>> {
    match value {
        Value::Object(object) => Ok(Features::Fields(fields_of_json(object))),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Null => Ok(f64::NAN),
                Value::Number(n) => Ok(n.as_f64().unwrap_or(f64::NAN)),
                Value::Bool(b) => Ok(f64::from(u8::from(*b))),
                other => Err(not_a_number(other)),
            })
            .collect::<Result<_>>()
            .map(Features::Vector),
        other => Err(Error::BadInput {
            message: format!("model \"{model}\" takes a JSON object or array, not {other}"),
            detail: String::new(),
            hint: "Give the row's columns as keys: '{\"distance\": 184, \"carrier\": \"AA\"}'.".into(),
        }),
    }
}

fn not_a_number(value: &Value) -> Error {
    Error::BadInput {
        message: format!("{value} is not a number"),
        detail: String::new(),
        hint: String::new(),
    }
}
