//! From rows, arrays and texts to the graph's input tensors.

use std::collections::HashMap;

use altlas_prep::{Cell as PrepCell, ColumnType, Document, PrepError, Tabular};
use altlas_proto::{DataType, ModelSignature, PortInfo, Tensor};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::{IntoDatum, direct_function_call, direct_function_call_as_datum, pg_sys};
use serde_json::Value;

use super::Version;
use crate::convert::{Cell, Kind, fields_of_json, tick};
use crate::error::{Error, Result};

/// One row, as the user gave it.
pub enum Features<'a> {
    /// Numbers in the order of the model's columns; `None` for NULL.
    Vector(Vec<Option<f64>>),
    /// Values by column name.
    Fields(HashMap<String, Cell>),
    /// A text, the input itself.
    Text(&'a str),
}

/// A row given as JSON: an object is matched by name, an array by position.
pub fn fields_of_value(value: &Value, model: &str) -> Result<Features<'static>> {
    match value {
        Value::Object(object) => Ok(Features::Fields(fields_of_json(object))),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Null => Ok(None),
                Value::Number(n) => Ok(n.as_f64()),
                Value::Bool(b) => Ok(Some(f64::from(u8::from(*b)))),
                other => Err(not_a_number(&other.to_string())),
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

/// The input tensors for some rows.
pub fn tensors(version: &Version, rows: &[Features<'_>]) -> Result<Vec<Tensor>> {
    match &version.preprocess {
        Some(Document::Tabular(document)) => tabular(version, document, rows),
        Some(Document::Text(document)) => {
            let texts = rows
                .iter()
                .map(|row| match row {
                    Features::Text(text) => Ok(*text),
                    _ => Err(wants_text(version)),
                })
                .collect::<Result<Vec<_>>>()?;
            let terms = document.apply(&texts, &tick).map_err(unfit)?;
            let shape = [terms.rows, terms.length];
            Ok(vec![Tensor::i64("term", &shape, &terms.term), Tensor::f32("weight", &shape, &terms.weight)])
        }
        None => plain(version, &*version.signature()?, rows),
    }
}

fn tabular(version: &Version, document: &Tabular, rows: &[Features<'_>]) -> Result<Vec<Tensor>> {
    let mut values = Vec::with_capacity(rows.len() * document.width());
    for row in rows {
        let cells = document
            .columns()
            .iter()
            .enumerate()
            .map(|(n, column)| {
                let cell = match row {
                    Features::Fields(fields) => {
                        fields.get(&column.name).ok_or_else(|| missing(version, &column.name, fields))
                    }
                    Features::Vector(vector) if vector.len() == document.columns().len() => {
                        let number = vector.get(n).copied().flatten();
                        return Ok(number.map_or(PrepCell::Null, PrepCell::number));
                    }
                    Features::Vector(vector) => Err(Error::WrongWidth {
                        model: version.label.clone(),
                        expected: document.columns().len(),
                        got: vector.len(),
                    }),
                    Features::Text(_) => Err(wants_columns(version)),
                }?;
                coerce(cell, column.column_type, &column.name)
            })
            .collect::<Result<Vec<_>>>()?;
        document.apply_row(&cells, &mut values).map_err(unfit)?;
    }
    Ok(vec![Tensor::f32(document.output(), &[rows.len(), document.width()], &values)])
}

/// JSON has no time stamps and intervals: texts are read as such where the model expects them.
fn coerce<'a>(cell: &'a Cell, wanted: ColumnType, column: &str) -> Result<PrepCell<'a>> {
    Ok(match (cell, wanted) {
        (Cell::Null, _) => PrepCell::Null,
        (Cell::Number(v), ColumnType::Number) => PrepCell::number(*v),
        (Cell::Number(v) | Cell::Interval(v), ColumnType::Interval) => PrepCell::interval(*v),
        (Cell::Interval(v), ColumnType::Number) => PrepCell::number(*v),
        (Cell::Boolean(v), ColumnType::Boolean) => PrepCell::Boolean(*v),
        (Cell::Boolean(v), ColumnType::Number) => PrepCell::number(f64::from(u8::from(*v))),
        (Cell::Text(v), ColumnType::Text) => PrepCell::Text(v),
        (Cell::Timestamp(v), ColumnType::Timestamp) => PrepCell::Timestamp(*v),
        (Cell::Text(v), ColumnType::Timestamp) => PrepCell::Timestamp(parse_timestamp(v)),
        (Cell::Text(v), ColumnType::Interval) => PrepCell::interval(parse_interval(v)),
        (cell, wanted) => {
            return Err(Error::BadInput {
                message: format!("column \"{column}\" must be of type {wanted}"),
                detail: format!("The value is {}.", show(cell)),
                hint: "Give the type that the model was trained with.".into(),
            });
        }
    })
}

fn show(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".into(),
        Cell::Number(v) => format!("the number {v}"),
        Cell::Boolean(v) => format!("the boolean {v}"),
        Cell::Text(v) => format!("the text {:?}", v.chars().take(60).collect::<String>()),
        Cell::Timestamp(_) => "a timestamp".into(),
        Cell::Interval(v) => format!("an interval of {v} s"),
    }
}

/// A bad text raises PostgreSQL's own error, with its position and code.
fn parse_timestamp(text: &str) -> i64 {
    let Ok(input) = std::ffi::CString::new(text) else {
        return 0;
    };
    // SAFETY: the type's input function with its three arguments.
    let parsed = unsafe {
        direct_function_call::<TimestampWithTimeZone>(
            pg_sys::timestamptz_in,
            &[
                Some(pg_sys::Datum::from(input.as_ptr())),
                pg_sys::InvalidOid.into_datum(),
                (-1i32).into_datum(),
            ],
        )
    };
    parsed.map_or(0, |t| {
        let since_2000: pg_sys::TimestampTz = t.into();
        since_2000.saturating_add(946_684_800_000_000)
    })
}

fn parse_interval(text: &str) -> f64 {
    let Ok(input) = std::ffi::CString::new(text) else {
        return 0.0;
    };
    // SAFETY: the type's input function with its three arguments; then the value is read as what it is.
    unsafe {
        let arguments = [
            Some(pg_sys::Datum::from(input.as_ptr())),
            pg_sys::InvalidOid.into_datum(),
            (-1i32).into_datum(),
        ];
        let parsed = direct_function_call_as_datum(pg_sys::interval_in, &arguments);
        match parsed.map(|datum| Kind::Interval.cell(datum, pg_sys::INTERVALOID)) {
            Some(Cell::Interval(seconds)) => seconds,
            _ => 0.0,
        }
    }
}

/// A graph without preprocessing: one tensor of all columns, or one tensor a column.
fn plain(version: &Version, signature: &ModelSignature, rows: &[Features<'_>]) -> Result<Vec<Tensor>> {
    match signature.inputs.as_slice() {
        [only] if only.dtype == Some(DataType::String) && version.manifest.columns.is_none() => {
            let texts = rows
                .iter()
                .map(|row| match row {
                    Features::Text(text) => Ok(*text),
                    _ => Err(wants_text(version)),
                })
                .collect::<Result<Vec<_>>>()?;
            Ok(vec![Tensor::strings(&only.name, &shape(only, rows.len(), 1), &texts)])
        }
        [only] => one_tensor(version, only, rows).map(|t| vec![t]),
        several => several
            .iter()
            .enumerate()
            .map(|(n, port)| one_column(version, port, n, several.len(), rows))
            .collect(),
    }
}

fn one_tensor(version: &Version, port: &PortInfo, rows: &[Features<'_>]) -> Result<Tensor> {
    let fixed = port.shape.get(1).copied().flatten().or(version.manifest.columns.as_ref().map(Vec::len));
    let mut width = fixed;
    let mut values = Vec::new();
    for row in rows {
        let vector = match row {
            Features::Vector(vector) => vector.clone(),
            Features::Fields(fields) => {
                let columns = version.manifest.columns.as_ref().ok_or_else(|| Error::WrongKindOfModel {
                    model: version.label.clone(),
                    problem: "does not name its columns".into(),
                    hint: "Give the features as an array, or register the model with \"columns\" in its manifest.".into(),
                })?;
                columns
                    .iter()
                    .map(|c| {
                        fields
                            .get(c)
                            .ok_or_else(|| missing(version, c, fields))
                            .and_then(|v| as_number(v, &port.name))
                    })
                    .collect::<Result<_>>()?
            }
            Features::Text(_) => return Err(wants_columns(version)),
        };
        let expected = *width.get_or_insert(vector.len());
        if vector.len() != expected {
            return Err(Error::WrongWidth { model: version.label.clone(), expected, got: vector.len() });
        }
        values.extend(vector.into_iter().map(|v| v.unwrap_or(f64::NAN)));
    }
    numbers(version, port, &shape(port, rows.len(), width.unwrap_or(0)), &values)
}

fn one_column(
    version: &Version,
    port: &PortInfo,
    n: usize,
    width: usize,
    rows: &[Features<'_>],
) -> Result<Tensor> {
    let shape = shape(port, rows.len(), 1);
    if port.dtype == Some(DataType::String) {
        let texts = rows
            .iter()
            .map(|row| match row {
                Features::Fields(fields) => match fields.get(&port.name) {
                    Some(Cell::Text(text)) => Ok(text.clone()),
                    Some(Cell::Null) => Ok(String::new()),
                    Some(other) => Err(not_a(&port.name, "a text", other)),
                    None => Err(missing(version, &port.name, fields)),
                },
                _ => Err(wants_columns(version)),
            })
            .collect::<Result<Vec<_>>>()?;
        return Ok(Tensor::strings(&port.name, &shape, &texts));
    }
    let values = rows
        .iter()
        .map(|row| match row {
            Features::Fields(fields) => fields
                .get(&port.name)
                .ok_or_else(|| missing(version, &port.name, fields))
                .and_then(|v| as_number(v, &port.name))
                .map(|v| v.unwrap_or(f64::NAN)),
            Features::Vector(vector) if vector.len() == width => {
                Ok(vector.get(n).copied().flatten().unwrap_or(f64::NAN))
            }
            Features::Vector(vector) => {
                Err(Error::WrongWidth { model: version.label.clone(), expected: width, got: vector.len() })
            }
            Features::Text(_) => Err(wants_columns(version)),
        })
        .collect::<Result<Vec<_>>>()?;
    numbers(version, port, &shape, &values)
}

/// The shape of a port for `rows` rows: one dimension stays one.
fn shape(port: &PortInfo, rows: usize, width: usize) -> Vec<usize> {
    if port.shape.len() == 1 { vec![rows * width] } else { vec![rows, width] }
}

fn numbers(version: &Version, port: &PortInfo, shape: &[usize], values: &[f64]) -> Result<Tensor> {
    let whole = |v: &f64| {
        if v.is_nan() {
            Err(Error::BadInput {
                message: format!(
                    "input \"{}\" of model \"{}\" takes integers, the value is NULL",
                    port.name, version.label
                ),
                detail: String::new(),
                hint: "Fill the gap in the query, for example with coalesce().".into(),
            })
        } else {
            Ok(*v as i64)
        }
    };
    Ok(match port.dtype {
        Some(DataType::F32) => {
            Tensor::f32(&port.name, shape, &values.iter().map(|v| *v as f32).collect::<Vec<_>>())
        }
        Some(DataType::F64) => Tensor::f64(&port.name, shape, values),
        Some(DataType::I64) => {
            Tensor::i64(&port.name, shape, &values.iter().map(whole).collect::<Result<Vec<_>>>()?)
        }
        Some(DataType::I32) => {
            let narrow = values.iter().map(|v| whole(v).map(|v| v as i32)).collect::<Result<Vec<_>>>()?;
            Tensor::i32(&port.name, shape, &narrow)
        }
        Some(DataType::Bool) => {
            let bytes =
                values.iter().map(|v| whole(v).map(|v| u8::from(v != 0))).collect::<Result<Vec<_>>>()?;
            Tensor::new(&port.name, DataType::Bool, shape, bytes)
        }
        Some(DataType::String) | None => {
            return Err(Error::NotSupported {
                message: format!(
                    "input \"{}\" of model \"{}\" has a type that cannot be given as numbers",
                    port.name, version.label
                ),
                detail: String::new(),
                hint: "Export the model with numeric inputs.".into(),
            });
        }
    })
}

fn as_number(cell: &Cell, column: &str) -> Result<Option<f64>> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Number(v) | Cell::Interval(v) => Ok(Some(*v)),
        Cell::Boolean(v) => Ok(Some(f64::from(u8::from(*v)))),
        Cell::Text(_) | Cell::Timestamp(_) => Err(not_a(column, "a number", cell)),
    }
}

fn not_a_number(value: &str) -> Error {
    Error::BadInput {
        message: format!("{value} is not a number"),
        detail: String::new(),
        hint: String::new(),
    }
}

fn not_a(column: &str, wanted: &str, cell: &Cell) -> Error {
    Error::BadInput {
        message: format!("column \"{column}\" must be {wanted}"),
        detail: format!("The value is {}.", show(cell)),
        hint: String::new(),
    }
}

fn missing(version: &Version, column: &str, fields: &HashMap<String, Cell>) -> Error {
    let mut have: Vec<_> = fields.keys().map(String::as_str).collect();
    have.sort_unstable();
    let have = if have.is_empty() { "nothing".to_owned() } else { have.join(", ") };
    Error::MissingColumn { model: version.label.clone(), column: column.to_owned(), have }
}

fn wants_text(version: &Version) -> Error {
    Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "takes a text".into(),
        hint: "Call it as altlas.predict_label('model', 'some text').".into(),
    }
}

fn wants_columns(version: &Version) -> Error {
    Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "takes columns, not one text".into(),
        hint: "Give a row, a jsonb object, or an array of numbers.".into(),
    }
}

fn unfit(e: PrepError) -> Error {
    Error::BadInput { message: e.to_string(), detail: String::new(), hint: String::new() }
}
