//! Comparison with `models/prep_reader.py` on `tests/data/vectors.json` (scripts/reference/prep_vectors.py).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use altlas_prep::{Cell, Column, ColumnType, Document, Table, Tabular, TextNgrams};
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("data/vectors.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(s) if s == "NaN" => f64::NAN,
        Value::String(s) if s == "Infinity" => f64::INFINITY,
        Value::String(s) if s == "-Infinity" => f64::NEG_INFINITY,
        other => other.as_f64().unwrap(),
    }
}

fn cell(value: Option<&Value>, column_type: ColumnType) -> Cell<'_> {
    match (value, column_type) {
        (None | Some(Value::Null), _) => Cell::Null,
        (Some(v), ColumnType::Number) => Cell::Number(number(v)),
        (Some(v), ColumnType::Interval) => Cell::Interval(number(v)),
        (Some(v), ColumnType::Boolean) => Cell::Boolean(v.as_bool().unwrap()),
        (Some(v), ColumnType::Text) => Cell::Text(v.as_str().unwrap()),
        (Some(v), ColumnType::Timestamp) => Cell::Timestamp(v.as_i64().unwrap()),
    }
}

fn same(found: f32, expected: f64) -> bool {
    let expected = expected as f32;
    (found.is_nan() && expected.is_nan())
        || found == expected
        || found.is_finite() && expected.is_finite() && found.to_bits().abs_diff(expected.to_bits()) <= 1
}

fn check_tabular(tabular: &Tabular, case: &Value) {
    let rows: Vec<Vec<Cell<'_>>> = case["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| tabular.columns().iter().map(|c| cell(row.get(&c.name), c.column_type)).collect())
        .collect();
    let mut columns: Vec<Column> =
        tabular.columns().iter().map(|c| Column::with_capacity(c.column_type, rows.len())).collect();
    for row in &rows {
        for ((column, spec), cell) in columns.iter_mut().zip(tabular.columns()).zip(row) {
            column.push(&spec.name, *cell).unwrap();
        }
    }
    let names = tabular.columns().iter().map(|c| c.name.clone()).collect();
    let table = Table::new(names, columns).unwrap();
    let matrix = tabular.apply(&table, true, &|| ()).unwrap();
    assert_eq!(matrix.width, tabular.feature_names().len());
    let names = tabular.feature_names();
    for (r, (cells, expected)) in rows.iter().zip(case["output"].as_array().unwrap()).enumerate() {
        let mut single = Vec::new();
        tabular.apply_row(cells, &mut single).unwrap();
        let expected = expected.as_array().unwrap();
        assert_eq!(expected.len(), matrix.width);
        for (f, expected) in expected.iter().enumerate() {
            let (found, expected) = (matrix.row(r)[f], number(expected));
            assert!(same(found, expected), "row {r} {:?}, {}: {found} is not {expected}", cells, names[f]);
            assert_eq!(found.to_bits(), single[f].to_bits(), "row {r}, {}", names[f]);
        }
    }
}

fn check_text(ngrams: &TextNgrams, texts: &[&str], case: &Value) {
    let terms = ngrams.apply(texts, &|| ()).unwrap();
    let expected = case["output"].as_array().unwrap();
    assert_eq!((terms.rows, expected.len()), (texts.len(), texts.len()));
    let longest = expected.iter().map(|row| row.as_array().unwrap().len()).max().unwrap();
    assert_eq!(terms.length, longest);
    for (r, row) in expected.iter().enumerate() {
        let at = r * terms.length;
        let row = row.as_array().unwrap();
        for i in 0..terms.length {
            let (term, weight) = (terms.term[at + i], terms.weight[at + i]);
            let expected = row.get(i).map_or((0, 0.0), |t| (t[0].as_i64().unwrap(), t[1].as_f64().unwrap()));
            assert!(
                term == expected.0 && same(weight, expected.1),
                "text {r} {:?}, term {i}: {term} {weight} is not {expected:?}",
                texts[r].chars().take(80).collect::<String>()
            );
        }
    }
}

#[test]
fn equals_the_independent_reader() {
    let cases = cases();
    let mut texts = Vec::new();
    let mut kinds = [0, 0];
    for case in &cases {
        let document = Document::from_value(&case["document"]).unwrap();
        let again = Document::from_value(&document.to_json()).unwrap();
        assert_eq!(document.to_json(), again.to_json());
        match &document {
            Document::Tabular(tabular) => {
                kinds[0] += 1;
                check_tabular(tabular, case);
            }
            Document::Text(ngrams) => {
                kinds[1] += 1;
                if let Some(list) = case["input"].as_array() {
                    texts = list.iter().map(|t| t.as_str().unwrap()).collect();
                }
                check_text(ngrams, &texts, case);
            }
            Document::Tokenizer(_) | Document::Features(_) => panic!("not in these vectors"),
        }
    }
    assert!(kinds[0] >= 1 && kinds[1] >= 3, "{kinds:?}");
    assert!(texts.len() > 90);
}
