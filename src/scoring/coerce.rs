//! One value in the type that a model's column has.

use altlas_prep::{Cell as PrepCell, ColumnType};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::{IntoDatum, direct_function_call, direct_function_call_as_datum, pg_sys};

use crate::convert::{Cell, Kind};
use crate::error::{Error, Result};

/// A value for a column of a preprocessing document. JSON has no time stamps and intervals: texts are read as such where
/// the model expects them.
pub fn prepared<'a>(cell: &'a Cell, wanted: ColumnType, column: &str) -> Result<PrepCell<'a>> {
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

/// A value as a number, NaN for NULL.
pub fn number(cell: &Cell, column: &str) -> Result<f64> {
    match cell {
        Cell::Null => Ok(f64::NAN),
        Cell::Number(v) | Cell::Interval(v) => Ok(*v),
        Cell::Boolean(v) => Ok(f64::from(u8::from(*v))),
        Cell::Text(_) | Cell::Timestamp(_) => Err(not_a(column, "a number", cell)),
    }
}

/// A value as a text, empty for NULL.
pub fn text(cell: &Cell, column: &str) -> Result<String> {
    match cell {
        Cell::Text(text) => Ok(text.clone()),
        Cell::Null => Ok(String::new()),
        other => Err(not_a(column, "a text", other)),
    }
}

/// The error for a value of another type.
pub fn not_a(column: &str, wanted: &str, cell: &Cell) -> Error {
    Error::BadInput {
        message: format!("column \"{column}\" must be {wanted}"),
        detail: format!("The value is {}.", show(cell)),
        hint: String::new(),
    }
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
