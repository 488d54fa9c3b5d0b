//! Trains on a CSV file from standard input and prints the manifest's figures.
//!
//! ```sh
//! zcat tasks.csv.gz | cargo run --release -p altlas-learn --example eval -- \
//!     '{"task": "regression", "target": "HoursActual", "options": {"unit": "h", "validation": {"column": "id"}}}' [DIR]
//! ```
//! With a DIR the graph, document, manifest and test vectors are written there (scripts/reference/check_trained.py runs
//! them by ONNX Runtime). A column is a boolean, number or timestamp where all its values are, else text; empty is NULL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Read;
use std::time::Instant;

use altlas_learn::{TrainSpec, train};
use altlas_prep::{Column, Table};
use serde_json::json;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let spec: serde_json::Value =
        serde_json::from_str(&arguments.next().expect("a specification")).expect("JSON");
    let spec = TrainSpec::parse(&spec).expect("a specification");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let table = table(&text);
    println!("{} rows", table.rows());
    for (name, column) in table.names().iter().zip(table.columns()) {
        print!("{name} {}, ", column.column_type());
    }
    println!();
    let start = Instant::now();
    let mut last = String::new();
    let trained = train(&spec, table, &mut |phase, done, total| {
        if phase != last {
            phase.clone_into(&mut last);
            eprintln!("{:8.2} s  {phase} {done}/{total}", start.elapsed().as_secs_f64());
        }
    })
    .expect("trained");
    println!("{:.2} s, {} bytes of ONNX", start.elapsed().as_secs_f64(), trained.onnx.len());
    println!("{} {:.4}, baseline {:.4}", trained.metric, trained.score, trained.baseline);
    let mut shown = trained.manifest.clone();
    shown["conformal"]["scores"] = json!("…");
    println!("{}", serde_json::to_string_pretty(&shown).unwrap());
    if let Some(directory) = arguments.next() {
        let directory = std::path::Path::new(&directory);
        std::fs::create_dir_all(directory).unwrap();
        let vectors: Vec<_> =
            trained.vectors.iter().map(|v| json!({"input": v.input, "output": v.output})).collect();
        std::fs::write(directory.join("model.onnx"), &trained.onnx).unwrap();
        std::fs::write(directory.join("document.json"), trained.document.to_json().to_string()).unwrap();
        std::fs::write(directory.join("manifest.json"), trained.manifest.to_string()).unwrap();
        std::fs::write(directory.join("vectors.json"), json!(vectors).to_string()).unwrap();
    }
}

fn table(text: &str) -> Table {
    let mut rows = records(text).into_iter();
    let names = rows.next().expect("a header");
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    for row in rows {
        assert_eq!(row.len(), names.len(), "{row:?}");
        for (column, value) in columns.iter_mut().zip(row) {
            column.push((!value.is_empty()).then_some(value));
        }
    }
    let columns = columns.into_iter().map(typed).collect();
    Table::new(names, columns).unwrap()
}

fn typed(values: Vec<Option<String>>) -> Column {
    fn all<T>(values: &[Option<String>], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
        values.iter().map(|v| v.as_deref().map_or(Some(None), |v| parse(v).map(Some))).collect()
    }
    if let Some(v) = all(&values, |v| v.parse::<bool>().ok()) {
        return Column::Boolean(v);
    }
    if let Some(v) = all(&values, |v| v.parse::<f64>().ok()) {
        return Column::Number(v.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect());
    }
    match all(&values, timestamp) {
        Some(v) => Column::Timestamp(v),
        None => Column::Text(values),
    }
}

fn timestamp(text: &str) -> Option<i64> {
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|d| d.and_hms_opt(0, 0, 0));
    let moment =
        || chrono::NaiveDateTime::parse_from_str(&text.replace('T', " "), "%Y-%m-%d %H:%M:%S%.f").ok();
    day.or_else(moment).map(|at| at.and_utc().timestamp_micros())
}

/// Records of RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}
