//! The canonical hash of the data, test vectors' inputs.

use altlas_prep::{Cell, Column, Table};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// SHA-256 of a table. Little-endian: `altlas-table-1`, rows (u64), then of each column the length of its name (u64), the
/// name, its type's name likewise, and its values: 0 for NULL; else 1 and float64, microseconds (i64), 0 or 1
/// (u8), or length (u64) and UTF-8.
pub fn data_sha256(table: &Table) -> String {
    let mut hash = Sha256::new();
    let text = |hash: &mut Sha256, s: &str| {
        hash.update((s.len() as u64).to_le_bytes());
        hash.update(s);
    };
    hash.update("altlas-table-1");
    hash.update((table.rows() as u64).to_le_bytes());
    for (name, column) in table.names().iter().zip(table.columns()) {
        text(&mut hash, name);
        text(&mut hash, &column.column_type().to_string());
        for cell in cells(column) {
            hash.update([u8::from(cell != Cell::Null)]);
            match cell {
                Cell::Null => {}
                Cell::Number(x) | Cell::Interval(x) => hash.update(x.to_le_bytes()),
                Cell::Boolean(x) => hash.update([u8::from(x)]),
                Cell::Timestamp(x) => hash.update(x.to_le_bytes()),
                Cell::Text(x) => text(&mut hash, x),
            }
        }
    }
    hex::encode(hash.finalize())
}

fn cells(column: &Column) -> impl Iterator<Item = Cell<'_>> {
    (0..column.len()).map(|row| column.cell(row).unwrap_or(Cell::Null))
}

/// A row as the user would write it: numbers and seconds as numbers, moments in ISO 8601.
pub(crate) fn row_json(table: &Table, names: &[String], row: usize) -> Value {
    let pairs = names.iter().map(|name| {
        let cell = table.cell(name, row).unwrap_or(Cell::Null);
        (name.clone(), cell_json(cell))
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn cell_json(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Number(x) | Cell::Interval(x) if x == f64::INFINITY => json!("Infinity"),
        Cell::Number(x) | Cell::Interval(x) if x == f64::NEG_INFINITY => json!("-Infinity"),
        Cell::Number(x) | Cell::Interval(x) => json!(x),
        Cell::Boolean(x) => json!(x),
        Cell::Text(x) => json!(x),
        Cell::Timestamp(i64::MAX) => json!("infinity"),
        Cell::Timestamp(i64::MIN) => json!("-infinity"),
        Cell::Timestamp(x) => match chrono::DateTime::from_timestamp_micros(x) {
            Some(at) => json!(at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
            None => Value::Null,
        },
    }
}
