//! Clusters of rows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_learn::{ClusterSpec, LearnError, Plan, Trained, train_clusters};
use altlas_prep::{Column, Table};
use altlas_score::{Program, compile};
use common::Rng;
use serde_json::{Value, json};

/// Three groups of a number, a category and a text that tells rows apart.
fn groups() -> Table {
    let mut rng = Rng(1);
    let (mut x, mut kind, mut note) = (vec![], vec![], vec![]);
    for i in 0..300 {
        let group = if i % 6 < 3 { 0 } else { 1 + i % 2 };
        x.push(if i % 50 == 0 { f64::NAN } else { group as f64 * 100.0 + rng.normal() * 5.0 });
        kind.push(Some(["a", "b", "c"][group].to_owned()));
        note.push(Some(format!("note {i}")));
    }
    let names = ["x", "kind", "note"].map(str::to_owned).to_vec();
    Table::new(names, vec![Column::Number(x), Column::Text(kind), Column::Text(note)]).unwrap()
}

fn fit(options: Value) -> Result<Trained, LearnError> {
    fit_by("auto", options)
}

fn fit_by(algorithm: &str, options: Value) -> Result<Trained, LearnError> {
    let spec = json!({"task": "clustering", "target": "", "algorithm": algorithm, "options": options});
    let spec = ClusterSpec::parse(&spec)?;
    train_clusters(&spec, groups(), &mut |_, _, _| ())
}

#[test]
fn finds_how_many_there_are() {
    let trained = fit(json!({})).unwrap();
    let m = &trained.manifest;
    assert_eq!(m["training"]["hyperparams"]["k"], json!(3), "{}", m["leaderboard"]);
    assert_eq!(m["labels"], json!(["0", "1", "2"]));
    assert_eq!(m["columns"], json!(["x", "kind"]));
    assert!(
        m["warnings"].to_string().contains("\\\"note\\\" has more than 12 categories"),
        "{}",
        m["warnings"]
    );
    assert_eq!(m["leaderboard"].as_array().unwrap().len(), 9);
    assert!(trained.score > 0.7 && !trained.lower_is_better && trained.baseline.is_nan());
    let sizes: Vec<u64> =
        m["training"]["sizes"].as_array().unwrap().iter().map(|s| s.as_u64().unwrap()).collect();
    assert_eq!((sizes.len(), sizes.iter().sum::<u64>(), sizes.is_sorted_by(|a, b| a >= b)), (3, 300, true));
    assert!(sizes[0].abs_diff(150) <= 3, "{sizes:?}");
    assert_eq!(fit(json!({})).unwrap().onnx, trained.onnx);
    assert_eq!(trained.vectors.len(), 32);
}

#[test]
fn a_hierarchy_finds_them_as_well() {
    let fit = |hyperparams: Value| {
        let spec = json!({"task": "clustering", "algorithm": "hierarchical", "options": {"hyperparams": hyperparams}});
        train_clusters(&ClusterSpec::parse(&spec)?, groups(), &mut |_, _, _| ())
    };
    let trained = fit(json!({})).unwrap();
    let m = &trained.manifest;
    assert_eq!((&m["algorithm"], &m["training"]["hyperparams"]), (&json!("hierarchical"), &json!({"k": 3})));
    assert!(trained.score > 0.7, "{}", trained.score);
    assert_eq!(fit(json!({"k": 3})).unwrap().onnx, trained.onnx);
    let error = fit(json!({"n_init": 2})).unwrap_err();
    assert!(error.to_string().contains("unknown field `n_init`"), "{error}");
}

#[test]
fn the_graph_gives_the_same_numbers() {
    for (algorithm, options) in [
        ("kmeans", json!({"hyperparams": {"k": 5}, "seed": 3})),
        ("gmm", json!({"hyperparams": {"k": 4}})),
        ("gmm", json!({})),
    ] {
        let trained = fit_by(algorithm, options).unwrap();
        assert_eq!(trained.manifest["algorithm"], json!(algorithm));
        let flat = compile(&trained.onnx).unwrap();
        let mut words = vec![0_u64; flat.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut words)[..flat.len()].copy_from_slice(&flat);
        let program = Program::open(&bytemuck::cast_slice(&words)[..flat.len()]).unwrap();
        let at = |name: &str| program.outputs().iter().position(|o| o.name == name).unwrap();
        let table = groups();
        let tabular = trained.document.as_tabular().unwrap();
        let matrix = tabular.apply(&table.select(&["x", "kind"]).unwrap(), true, &|| ()).unwrap();
        let mut scratch = program.scratch();
        for (n, vector) in trained.vectors.iter().enumerate() {
            let row = matrix.row(n * 300 / 32);
            let numbers: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            program.score(&numbers, &[], &mut scratch).unwrap();
            assert_eq!(scratch.numbers(at("variable")), vector.output);
            assert_eq!(scratch.numbers(at("label")), vector.output);
        }
    }
}

#[test]
fn says_what_is_wrong() {
    let message = |spec: Value| Plan::parse(&spec).unwrap_err().to_string();
    for (key, spec) in [
        ("target", json!({"task": "clustering", "target": "y"})),
        ("\"k\"", json!({"task": "clustering", "options": {"hyperparams": {"k": 1}}})),
        ("n_init", json!({"task": "clustering", "options": {"hyperparams": {"n_init": 0}}})),
        ("colour", json!({"task": "clustering", "options": {"colour": 0}})),
        (
            "unknown field `k`",
            json!({"task": "clustering", "algorithm": "dbscan", "options": {"hyperparams": {"k": 2}}}),
        ),
        ("eps", json!({"task": "clustering", "algorithm": "dbscan", "options": {"hyperparams": {"eps": 0}}})),
        (
            "min_samples",
            json!({"task": "clustering", "algorithm": "dbscan", "options": {"hyperparams": {"min_samples": 0}}}),
        ),
        (
            "max_rows",
            json!({"task": "clustering", "algorithm": "dbscan", "options": {"hyperparams": {"max_rows": 20001}}}),
        ),
        ("magic", json!({"task": "clustering", "algorithm": "magic"})),
    ] {
        let message = message(spec);
        assert!(message.contains(key), "{key}: {message}");
    }
    let few = fit(json!({"hyperparams": {"k": 200}})).unwrap_err();
    assert!(matches!(few, LearnError::TooFewRows { found: 300, needed: 400 }), "{few}");
}
