//! What a document must look like, and how it meets a table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::type_complexity)]

use std::cell::Cell as Counter;
use std::time::Instant;

use altlas_prep::{Cell, Column, ColumnType, Document, PrepError, Table};
use proptest::prelude::*;
use serde_json::{Value, json};

fn tabular() -> Value {
    json!({"format": 1, "kind": "tabular", "output": "features",
        "columns": [{"name": "n", "type": "number"}, {"name": "t", "type": "text"},
                    {"name": "at", "type": "timestamp"}, {"name": "b", "type": "boolean"}],
        "features": [
            {"op": "number", "column": "n"}, {"op": "boolean", "column": "b"},
            {"op": "one_hot", "column": "t", "categories": ["x", "y"]},
            {"op": "target_mean", "column": "t", "categories": ["x", "y"], "values": [1, 2.5], "unseen": 0},
            {"op": "calendar", "column": "at", "time_zone": "Europe/Istanbul", "parts": ["hour", "month"]}]})
}

fn ngrams() -> Value {
    json!({"format": 1, "kind": "text_ngrams", "fold": "ascii_tr", "buckets": 32768, "max_terms": 512,
        "ngrams": [{"unit": "char", "min": 2, "max": 4}, {"unit": "word", "min": 1, "max": 2}]})
}

fn encoder() -> Value {
    json!({"format": 1, "kind": "tokenizer", "tokenizer": "0".repeat(64), "max_length": 256, "prefix": "query: ",
        "padding": "longest", "inputs": {"ids": "input_ids", "mask": "attention_mask", "types": null},
        "output": "last_hidden_state", "pooling": "mean", "normalize": true, "activation": "none"})
}

fn error(mut document: Value, pointer: &str, value: Value) -> PrepError {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
    Document::from_value(&document).expect_err(pointer)
}

#[test]
fn refuses_unknown_keys_by_name() {
    for (document, pointer) in [
        (tabular(), "/colour"),
        (tabular(), "/columns/0/colour"),
        (tabular(), "/features/0/colour"),
        (tabular(), "/features/4/colour"),
        (ngrams(), "/colour"),
        (ngrams(), "/ngrams/0/colour"),
        (encoder(), "/colour"),
        (encoder(), "/inputs/colour"),
    ] {
        let message = error(document, pointer, json!(1)).to_string();
        assert!(message.contains("colour"), "{pointer}: {message}");
    }
}

#[test]
fn refuses_broken_rules_and_says_where() {
    for (document, pointer, value, needle) in [
        (tabular(), "/format", json!(2), "format 2"),
        (tabular(), "/format", json!("1"), "format"),
        (tabular(), "/kind", json!("pickle"), "pickle"),
        (tabular(), "/output", json!(""), "output"),
        (tabular(), "/columns/0/name", json!("t"), "columns[1].name"),
        (tabular(), "/columns/0/type", json!("float"), "float"),
        (tabular(), "/columns/0/type", json!("text"), "features[0].column"),
        (tabular(), "/features", json!([]), "features"),
        (tabular(), "/features/0/column", json!("nope"), "nope"),
        (tabular(), "/features/0/op", json!("log"), "log"),
        (tabular(), "/features/2/categories", json!(["x", "x"]), "features[2].categories"),
        (tabular(), "/features/2/categories", json!([]), "features[2]"),
        (tabular(), "/features/3/values", json!([1]), "features[3].values"),
        (tabular(), "/features/3/unseen", json!(null), "null"),
        (tabular(), "/features/4/time_zone", json!("Europe/Atlantis"), "Europe/Atlantis"),
        (tabular(), "/features/4/parts", json!(["hour", "hour"]), "features[4].parts"),
        (tabular(), "/features/4/parts", json!(["century"]), "century"),
        (ngrams(), "/buckets", json!(0), "buckets"),
        (ngrams(), "/buckets", json!(1u64 << 31), "buckets"),
        (ngrams(), "/max_terms", json!(0), "max_terms"),
        (ngrams(), "/fold", json!("lower"), "lower"),
        (ngrams(), "/ngrams", json!([]), "ngrams"),
        (ngrams(), "/ngrams/0/min", json!(5), "ngrams[0]"),
        (ngrams(), "/ngrams/0/max", json!(9), "ngrams[0]"),
        (ngrams(), "/ngrams/1", json!({"unit": "char", "min": 4, "max": 5}), "ngrams[1]"),
        (encoder(), "/tokenizer", json!("ABC"), "tokenizer"),
        (encoder(), "/max_length", json!(0), "max_length"),
        (encoder(), "/max_length", json!(40_000), "32768"),
        (encoder(), "/prefix", json!("x".repeat(5000)), "prefix"),
        (encoder(), "/inputs/types", json!("input_ids"), "inputs"),
        (encoder(), "/pooling", json!("max"), "`max`"),
        (encoder(), "/activation", json!("softmax"), "normalize"),
    ] {
        let message = error(document, pointer, value).to_string();
        assert!(message.contains(needle), "{pointer}: {message}");
    }
    assert!(matches!(Document::parse("{"), Err(PrepError::Syntax(_))));
    assert!(matches!(Document::parse("[]"), Err(PrepError::Syntax(_))));
    assert!(matches!(error(tabular(), "/format", json!(2)), PrepError::UnknownFormat { found: 2, .. }));
}

#[test]
fn matches_columns_by_name_and_type() {
    let document = Document::from_value(&tabular()).unwrap();
    let tabular = document.as_tabular().unwrap();
    assert_eq!(tabular.feature_names(), ["n", "b", "t=x", "t=y", "t:mean", "at:hour", "at:month"]);
    let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let text = || Column::Text(vec![Some("y".into())]);
    let table =
        Table::new(names(&["t", "more", "n"]), vec![text(), text(), Column::Interval(vec![4.0])]).unwrap();
    assert_eq!(tabular.apply(&table, true, &|| ()), Err(PrepError::MissingColumn("at".into())));
    let row = tabular.apply(&table, false, &|| ()).unwrap().values;
    assert_eq!(row[0], 4.0);
    assert_eq!(row[2..5], [0.0, 1.0, 2.5]);
    assert!(row[1].is_nan() && row[5].is_nan() && row[6].is_nan());
    let wrong = Table::new(names(&["n"]), vec![text()]).unwrap();
    assert_eq!(
        tabular.apply(&wrong, false, &|| ()),
        Err(PrepError::ColumnType {
            column: "n".into(),
            found: ColumnType::Text,
            expected: ColumnType::Number
        })
    );
    let mut out = Vec::new();
    assert!(matches!(tabular.apply_row(&[Cell::Null], &mut out), Err(PrepError::RowWidth { .. })));
    let cells = [Cell::Number(1.0), Cell::Text("x"), Cell::Timestamp(i64::MAX), Cell::Boolean(true)];
    tabular.apply_row(&cells, &mut out).unwrap();
    assert_eq!(out[..5], [1.0, 1.0, 1.0, 0.0, 1.0]);
    // Infinity has no hour.
    assert!(out[5].is_nan() && out[6].is_nan());
}

#[test]
fn tables_are_checked() {
    let name = |s: &str| s.to_owned();
    let one = || Column::Number(vec![1.0]);
    assert!(matches!(Table::new(vec![name("a")], vec![]), Err(PrepError::NameCount { .. })));
    assert_eq!(
        Table::new(vec![name("a"), name("a")], vec![one(), one()]),
        Err(PrepError::DuplicateColumn("a".into()))
    );
    let longer = Column::Number(vec![1.0, 2.0]);
    assert!(matches!(
        Table::new(vec![name("a"), name("b")], vec![one(), longer]),
        Err(PrepError::UnequalLength { found: 2, expected: 1, .. })
    ));
    let table = Table::new(vec![name("a")], vec![Column::Number(vec![1.0, 2.0, 3.0])]).unwrap();
    assert_eq!(table.take(&[2, 0, 2]).unwrap().columns()[0], Column::Number(vec![3.0, 1.0, 3.0]));
    assert_eq!(table.slice(1, 2).unwrap().columns()[0], Column::Number(vec![2.0, 3.0]));
    assert!(matches!(table.slice(2, 2), Err(PrepError::RowOutOfRange { row: 3, rows: 3 })));
    assert!(matches!(table.take(&[3]), Err(PrepError::RowOutOfRange { .. })));
    assert_eq!(table.pick(&["a"], &[1]).unwrap().columns()[0], Column::Number(vec![2.0]));
    assert!(matches!(table.pick(&["a"], &[3]), Err(PrepError::RowOutOfRange { .. })));
    assert_eq!(table.pick(&["b"], &[0]), Err(PrepError::MissingColumn("b".into())));
    assert_eq!(table.select(&["b"]), Err(PrepError::MissingColumn("b".into())));
}

#[test]
fn texts_without_words_are_one_pad() {
    let document = Document::from_value(&ngrams()).unwrap();
    let terms = document.as_text().unwrap().apply(&["", " \u{3000}\n"], &|| ()).unwrap();
    assert_eq!((terms.rows, terms.length), (2, 1));
    assert_eq!((terms.term, terms.weight), (vec![0, 0], vec![0.0, 0.0]));
    assert_eq!(document.as_text().unwrap().apply(&[], &|| ()).unwrap().rows, 0);
}

#[test]
fn spelling_variants_are_one_word() {
    let document = Document::from_value(&ngrams()).unwrap();
    let terms = |t: &str| document.as_text().unwrap().apply(&[t], &|| ()).unwrap();
    for variant in ["ISTANBUL", "ıstanbul", "istanbul", "I\u{307}STANBUL"] {
        assert_eq!(terms("İstanbul"), terms(variant), "{variant}");
    }
    assert_ne!(terms("İstanbul"), terms("Ankara"));
}

#[test]
fn long_texts_take_linear_time_and_tick() {
    let document = Document::from_value(&ngrams()).unwrap();
    let ngrams = document.as_text().unwrap();
    let ticks = Counter::new(0);
    let shapes: [(&str, fn(usize) -> String); 6] = [
        ("words", |n| "görev yaz, ".repeat(n / 12)),
        ("one word", |n| "ğ".repeat(n / 2)),
        ("marks", |n| "\u{301}".repeat(n / 2)),
        ("mixed marks", |n| "\u{301}\u{323}".repeat(n / 4)),
        ("sigmas", |n| "Σ'".repeat(n / 3)),
        ("ignorable", |n| format!("Σ{}", "'".repeat(n))),
    ];
    for (name, shape) in shapes {
        let time = |n: usize| {
            let text = shape(n);
            let start = Instant::now();
            ngrams.apply(&[&text], &|| ticks.set(ticks.get() + 1)).unwrap();
            start.elapsed().as_secs_f64()
        };
        time(1 << 16);
        let (short, long) = (time(1 << 18), time(1 << 20));
        // Four times the text: sixteen times the time would be quadratic.
        assert!(long < 10.0 * short + 0.05, "{name}: {short} s, then {long} s");
    }
    assert!(ticks.get() > 60, "{} ticks", ticks.get());
}

proptest! {
    #[test]
    fn any_text_gives_unit_rows(texts in proptest::collection::vec(".{0,60}", 0..6)) {
        let document = Document::from_value(&ngrams()).unwrap();
        let ngrams = document.as_text().unwrap();
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let terms = ngrams.apply(&refs, &|| ()).unwrap();
        for row in 0..terms.rows {
            let range = row * terms.length..(row + 1) * terms.length;
            let norm: f32 = terms.weight[range.clone()].iter().map(|w| w * w).sum();
            let used = terms.term[range].iter().take_while(|t| **t > 0).count();
            prop_assert!((used == 0 && norm == 0.0) || (norm - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn any_moment_has_a_place_in_the_calendar(micros in any::<i64>()) {
        let document = Document::from_value(&tabular()).unwrap();
        let cells = [Cell::Null, Cell::Null, Cell::Timestamp(micros), Cell::Null];
        let mut out = Vec::new();
        document.as_tabular().unwrap().apply_row(&cells, &mut out).unwrap();
        prop_assert_eq!(out.len(), 7);
        prop_assert!(out[5].is_nan() || (0.0..=23.0).contains(&out[5]));
        prop_assert!(out[6].is_nan() || (1.0..=12.0).contains(&out[6]));
    }
}

#[test]
fn a_document_of_a_tokenizer_survives_the_round_trip() {
    let mut given = encoder();
    let document = Document::from_value(&given).unwrap();
    assert_eq!(document.to_json(), given);
    assert_eq!(document.as_encoder().unwrap().inputs.mask.as_deref(), Some("attention_mask"));
    given["pooling"] = json!("tokens");
    assert_eq!(Document::from_value(&given).unwrap().to_json(), given);
    given.as_object_mut().unwrap().remove("prefix");
    assert_eq!(Document::from_value(&given).unwrap().as_encoder().unwrap().prefix, "");
    given.as_object_mut().unwrap().remove("output");
    assert!(Document::from_value(&given).unwrap_err().to_string().contains("output"));
}
