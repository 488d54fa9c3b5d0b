//! Training on made-up texts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_learn::{LearnError, Plan, Trained, Vectors};
use altlas_prep::{Column, Document, Embedding, Table};
use common::Rng;
use serde_json::{Value, json};

const VERBS: [(&str, [&str; 4]); 3] = [
    ("pay", ["pay the", "transfer money for the", "settle the", "send a payment for the"]),
    ("call", ["call the", "phone the", "ring up the", "dial the number of the"]),
    ("open", ["open the", "show me the", "display the", "bring up the"]),
];
const THINGS: [&str; 8] = ["rent", "bank", "report", "doctor", "invoice", "window", "school", "calendar"];
const CHATTER: [&str; 4] =
    ["is it cold on the moon", "who won in 1966", "sing something", "why are cats so odd"];

/// Texts with labels; `outside` of them say nothing of use and are labelled `none`.
fn commands(rows: usize, outside: usize, seed: u64) -> Vec<(String, String)> {
    let mut rng = Rng(seed);
    let mut pairs: Vec<(String, String)> = (0..rows)
        .map(|n| {
            let (label, verbs) = VERBS[n % 3];
            let thing = THINGS[rng.below(8)];
            (format!("{} {thing} {}", verbs[rng.below(4)], rng.below(50)), label.to_owned())
        })
        .collect();
    pairs.extend((0..outside).map(|n| (format!("{} {}", CHATTER[n % 4], rng.below(50)), "none".to_owned())));
    pairs
}

fn table(pairs: Vec<(String, String)>) -> Table {
    let (texts, labels) = pairs.into_iter().map(|(text, label)| (Some(text), Some(label))).unzip();
    Table::new(vec!["input".into(), "kind".into()], vec![Column::Text(texts), Column::Text(labels)]).unwrap()
}

fn fit(options: Value, table: Table) -> Result<Trained, LearnError> {
    let spec = json!({"task": "text_classification", "target": "kind", "threads": 2, "options": options});
    Plan::parse(&spec)?.train(table, &mut no_encoder, &|| false, &mut |_, _, _| ())
}

fn no_encoder(_: &Embedding, _: &[&str], _: &mut dyn FnMut(usize)) -> Result<Vectors, LearnError> {
    Err(LearnError::Encoder("there is none".into()))
}

/// An encoder that looks at the first letter alone.
fn first_letter(_: &Embedding, texts: &[&str], _: &mut dyn FnMut(usize)) -> Result<Vectors, LearnError> {
    let values = texts.iter().flat_map(|text| {
        let first = f32::from(text.as_bytes().first().copied().unwrap_or_default());
        [5.0 + (first / 7.0).sin(), 2.0, first.cos()]
    });
    Ok(Vectors { width: 3, values: values.collect() })
}

fn encoder() -> Value {
    let hash = "0f".repeat(32);
    json!({
        "name": "altlas.test", "model": hash,
        "document": {
            "format": 1, "kind": "tokenizer", "tokenizer": hash, "max_length": 8, "padding": "longest",
            "inputs": {"ids": "ids", "mask": "mask", "types": null}, "output": "states", "pooling": "mean",
            "normalize": true, "activation": "none",
        },
    })
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn refused(options: Value, table: Table) -> String {
    fit(options, table).unwrap_err().to_string()
}

#[test]
fn learns_labels_and_measures_itself() {
    let mut phases = Vec::new();
    let spec = json!({"task": "text_classification", "target": "kind", "options": {"seed": 3}});
    let trained = Plan::parse(&spec)
        .unwrap()
        .train(table(commands(300, 0, 1)), &mut no_encoder, &|| false, &mut |phase, done, total| {
            phases.push((phase.to_owned(), done, total))
        })
        .unwrap();
    let m = &trained.manifest;
    assert!(trained.score > 0.95, "{}", trained.score);
    assert!(trained.baseline < 0.4 && trained.metric == "accuracy");
    assert_eq!(
        (m["labels"].clone(), m["columns"].clone()),
        (json!(["call", "open", "pay"]), json!(["input"]))
    );
    assert_eq!(
        (m["training"]["split"]["train"].clone(), m["training"]["split"]["test"].clone()),
        (json!(255), json!(45))
    );
    assert_eq!(m["by_label"].as_array().unwrap().len(), 3);
    assert!(m["by_label"].as_array().unwrap().iter().all(|line| line["rows"] == json!(15)));
    for figure in
        ["accuracy", "macro_f1", "log_loss", "calibration_error", "rejected", "accuracy_with_rejection"]
    {
        assert!(number(&m["metrics"][figure]).is_finite(), "{figure}");
    }
    assert!(m["metrics"].get("out_of_scope_recall").is_none());
    assert!(number(&m["metrics"]["calibration_error"]) < 0.1);
    assert!((0.0..1.0).contains(&number(&m["rejection"]["threshold"])));
    assert_eq!(trained.vectors.len(), 32);
    assert!(trained.vectors.iter().all(|v| (v.output.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    assert!(phases.iter().any(|p| p.0 == "strength 1 of 7"), "{phases:?}");
    assert_eq!(phases.last().unwrap(), &("evaluate".to_owned(), 1, 1));
}

#[test]
fn equal_seeds_give_equal_bytes_whatever_the_threads() {
    let bytes = |seed: u64, threads: u32| {
        let spec = json!({
            "task": "text_classification", "target": "kind", "threads": threads, "options": {"seed": seed},
        });
        let trained = Plan::parse(&spec).unwrap().train(
            table(commands(200, 0, 2)),
            &mut no_encoder,
            &|| false,
            &mut |_, _, _| (),
        );
        trained.unwrap().onnx
    };
    assert_eq!(bytes(1, 1), bytes(1, 3));
    assert_ne!(bytes(1, 1), bytes(2, 1));
}

#[test]
fn the_last_fit_sees_all_rows_and_leaves_the_figures() {
    let refit =
        |refit: bool| fit(json!({"validation": {"refit": refit}}), table(commands(200, 0, 2))).unwrap();
    let (measured, usual) = (refit(false), fit(json!({}), table(commands(200, 0, 2))).unwrap());
    assert_eq!(refit(true).onnx, usual.onnx);
    assert_ne!(measured.onnx, usual.onnx);
    assert_eq!(measured.manifest["metrics"], usual.manifest["metrics"]);
    assert_eq!(measured.score, usual.score);
}

#[test]
fn texts_out_of_scope_are_rejected() {
    let trained = fit(json!({"out_of_scope": "none"}), table(commands(300, 60, 3))).unwrap();
    let m = &trained.manifest;
    assert_eq!(m["labels"], json!(["call", "open", "pay"]));
    assert_eq!(m["rejection"]["out_of_scope"], json!("none"));
    assert!(number(&m["metrics"]["out_of_scope_recall"]) > 0.8, "{}", m["metrics"]);
    assert!(number(&m["metrics"]["accuracy_with_rejection"]) > 0.9, "{}", m["metrics"]);
    // What is left to 1 is the share of none of the labels.
    assert!(trained.vectors.iter().all(|v| v.output.len() == 3 && v.output.iter().sum::<f64>() <= 1.0));
    assert!(trained.vectors.iter().any(|v| v.output.iter().sum::<f64>() < 0.5));
    let kept = fit(json!({"out_of_scope": "none", "max_withheld": 0}), table(commands(300, 60, 3))).unwrap();
    assert_eq!(kept.manifest["rejection"]["threshold"], json!(0.0));
}

#[test]
fn options_are_used() {
    let fixed = fit(json!({"hyperparams": {"c": 4, "buckets": 512}}), table(commands(200, 0, 4))).unwrap();
    assert_eq!(fixed.manifest["training"]["hyperparams"], json!({"c": 4.0, "buckets": 512}));
    assert_eq!(fixed.manifest["leaderboard"].as_array().unwrap().len(), 1);
    // 3 labels, 513 rows of the table: the bytes say how many buckets the graph has.
    assert!((6156..8000).contains(&fixed.onnx.len()), "{}", fixed.onnx.len());
    // Three of four rows are of one label: weights move the rest.
    let mut few = commands(300, 0, 5);
    few.retain({
        let mut n = 0;
        move |(_, label)| {
            n += 1;
            label == "pay" || n % 7 == 0
        }
    });
    let recall = |weights: Value| {
        let options =
            json!({"class_weights": weights, "hyperparams": {"c": 0.01}, "validation": {"fraction": 0.4}});
        let m = fit(options, table(few.clone())).unwrap().manifest;
        number(&m["by_label"][0]["recall"])
    };
    assert!(recall(json!("balanced")) > recall(json!("none")));
    assert!(recall(json!({"call": 20})) > recall(json!("none")));
}

#[test]
fn rows_without_text_or_label_are_left_out_and_told() {
    let pairs = commands(60, 0, 6);
    let (mut texts, mut labels): (Vec<_>, Vec<_>) =
        pairs.into_iter().map(|(t, l)| (Some(t), Some(l))).unzip();
    texts.extend([None, Some("  ".to_owned()), Some("pay".to_owned())]);
    labels.extend([Some("pay".to_owned()), Some("pay".to_owned()), None]);
    let table =
        Table::new(vec!["input".into(), "kind".into()], vec![Column::Text(texts), Column::Text(labels)])
            .unwrap();
    let m = fit(json!({}), table).unwrap().manifest;
    assert_eq!(m["rows"], json!(60));
    assert_eq!(m["warnings"][0], json!("3 rows without a text or a label were left out"));
}

#[test]
fn labels_may_be_whole_numbers_and_booleans() {
    let texts = || Column::Text(commands(60, 0, 7).into_iter().map(|(text, _)| Some(text)).collect());
    let with = |labels: Column| Table::new(vec!["t".into(), "kind".into()], vec![texts(), labels]).unwrap();
    let numbers = with(Column::Number((0..60).map(|n| f64::from(n % 3) + 9.0).collect()));
    assert_eq!(fit(json!({}), numbers).unwrap().manifest["labels"], json!(["9", "10", "11"]));
    let truths = with(Column::Boolean((0..60).map(|n| Some(n % 3 == 0)).collect()));
    assert_eq!(fit(json!({}), truths).unwrap().manifest["labels"], json!(["false", "true"]));
    let halves = with(Column::Number((0..60).map(|n| f64::from(n % 3) / 2.0).collect()));
    assert!(refused(json!({}), halves).contains("a text, a boolean or a whole number"));
}

#[test]
fn bad_input_is_refused_with_reason() {
    let some = || table(commands(60, 0, 8));
    for (options, table, part) in [
        (json!({}), table(Vec::new()), "0 usable rows, at least 20"),
        (json!({}), table(commands(9, 0, 8)), "9 usable rows, at least 20"),
        (json!({}), table(vec![("pay".into(), "pay".into()); 40]), "has 1 labels, 2 to 5000"),
        (
            json!({}),
            table((0..12_000).map(|n| (format!("t {n}"), format!("l{}", n % 6000))).collect()),
            "has 6000 labels",
        ),
        (json!({"text": "no"}), some(), "column \"no\" is not in the data"),
        (json!({"text": "kind"}), some(), "\"text\": is the target"),
        (json!({"out_of_scope": "none"}), some(), "\"out_of_scope\": 0 rows have this label"),
        (json!({"class_weights": {"no": 2}}), some(), "no row has the label \"no\""),
        (json!({"class_weights": {"pay": 0}}), some(), "class_weights"),
        (json!({"max_withheld": 0.9}), some(), "max_withheld"),
        (json!({"hyperparams": {"buckets": 10}}), some(), "hyperparams.buckets"),
        (json!({"validation": {"folds": 1}}), some(), "validation.folds"),
        (json!({"seeds": 1}), some(), "seeds"),
    ] {
        let message = refused(options, table);
        assert!(message.contains(part), "{part} in {message}");
    }
    let mut single = commands(60, 0, 9);
    single.push(("sing".into(), "sing".into()));
    let message = refused(json!({}), table(single));
    assert!(message.contains("labels \"sing\": at least 2"), "{message}");
    let two = vec![Column::Text(vec![None; 30]), Column::Text(vec![None; 30]), Column::Text(vec![None; 30])];
    let two = Table::new(vec!["a".into(), "b".into(), "kind".into()], two).unwrap();
    assert!(refused(json!({}), two).contains("one of a, b"));
    let memory = json!({"task": "text_classification", "target": "kind", "memory_bytes": 1 << 16});
    let refused = Plan::parse(&memory)
        .unwrap()
        .train(some(), &mut no_encoder, &|| false, &mut |_, _, _| ())
        .unwrap_err();
    assert!(matches!(refused, LearnError::NeedsMemory { .. }));
    let algorithm = json!({"task": "text_classification", "target": "kind", "algorithm": "lightgbm"});
    assert!(matches!(Plan::parse(&algorithm), Err(LearnError::UnknownAlgorithm { .. })));
}

#[test]
fn vectors_of_an_encoder_are_features() {
    let with = |algorithm: &str, rows: usize| {
        let mut spec = json!({
            "task": "text_classification", "target": "kind", "algorithm": algorithm, "encoder": encoder(),
            "options": {"hyperparams": {"c": 10.0}},
        });
        if algorithm == "ngrams" {
            spec["encoder"] = Value::Null;
        }
        let table = table(commands(rows, 30, 5));
        Plan::parse(&spec).unwrap().train(table, &mut first_letter, &|| false, &mut |_, _, _| ()).unwrap()
    };
    let checked = |trained: &Trained| {
        let inputs = altlas_onnx::check(&trained.onnx, &altlas_onnx::Limits::default()).unwrap().inputs;
        inputs.into_iter().map(|port| port.name).collect::<Vec<_>>()
    };
    let encoder = with("encoder", 300);
    assert_eq!(encoder.manifest["algorithm"], "encoder");
    assert_eq!(checked(&encoder), ["embedding"]);
    assert!(matches!(&encoder.document, Document::Features(f) if f.ngrams.is_none()));
    // The first letter of a command gives its label in most of the rows, not in all: "show" opens, "send" and "settle" pay.
    assert!(encoder.score > 0.6 && encoder.score > encoder.baseline, "{}", encoder.score);
    let both = with("auto", 300);
    assert_eq!(both.manifest["algorithm"], "encoder_ngrams");
    assert_eq!(checked(&both), ["term", "weight", "embedding"]);
    assert!(both.score >= encoder.score);
    assert_eq!(both.onnx, with("auto", 300).onnx);
    assert_eq!(checked(&with("ngrams", 300)), ["term", "weight"]);
}

#[test]
fn an_encoder_that_fails_or_is_not_there_ends_the_training() {
    let spec = |algorithm: &str, encoder: Value| json!({"task": "text_classification", "target": "kind", "algorithm": algorithm, "encoder": encoder});
    assert!(Plan::parse(&spec("encoder", Value::Null)).is_err());
    let plan = Plan::parse(&spec("encoder", encoder())).unwrap();
    let few =
        |_: &Embedding, _: &[&str], _: &mut dyn FnMut(usize)| Ok(Vectors { width: 2, values: vec![0.0; 6] });
    let rows = || table(commands(60, 0, 4));
    assert!(matches!(
        plan.train(rows(), &mut no_encoder, &|| false, &mut |_, _, _| ()),
        Err(LearnError::Encoder(_))
    ));
    assert!(matches!(
        plan.train(rows(), &mut { few }, &|| false, &mut |_, _, _| ()),
        Err(LearnError::Encoder(_))
    ));
}
