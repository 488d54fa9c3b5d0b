//! Cross-validation, the search for hyperparameters, and the leaderboard.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use altlas_learn::{LearnError, TrainSpec, Trained, train};
use altlas_prep::{Column, Table};
use common::{Rng, tasks};
use serde_json::{Value, json};

fn fit(spec: Value, table: Table) -> Result<Trained, LearnError> {
    train(&TrainSpec::parse(&spec)?, table, &mut |_, _, _| ())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn spec(task: &str, target: &str, algorithm: &str, mut options: Value) -> Value {
    options["preprocess"] = json!({"exclude": [if target == "took" { "late" } else { "took" }]});
    json!({"task": task, "target": target, "algorithm": algorithm, "options": options})
}

fn board(trained: &Trained) -> &Vec<Value> {
    trained.manifest["leaderboard"].as_array().unwrap()
}

#[test]
fn folds_give_a_mean_and_an_interval() {
    for (kind, task, target, folds) in [
        ("kfold", "regression", "took", 5),
        ("stratified", "classification", "kind", 4),
        ("group", "regression", "took", 3),
        ("time", "regression", "took", 4),
    ] {
        let mut validation = json!({"kind": kind, "folds": folds});
        if kind == "group" {
            validation["group"] = json!("customer");
        }
        for algorithm in ["lightgbm", "random_forest"] {
            let hyperparams = json!({"num_trees": 60});
            let options = json!({"validation": validation, "hyperparams": hyperparams});
            let trained = fit(spec(task, target, algorithm, options), tasks(900, 3)).unwrap();
            let found = &trained.manifest["validation"];
            assert_eq!((found["kind"].as_str(), found["folds"].as_u64()), (Some(kind), Some(folds)));
            let scores: Vec<f64> = found["scores"].as_array().unwrap().iter().map(number).collect();
            assert_eq!(scores.len(), folds as usize);
            let mean = scores.iter().sum::<f64>() / folds as f64;
            assert!((mean - number(&found["score"])).abs() < 1e-12);
            let (low, high) = (number(&found["interval"][0]), number(&found["interval"][1]));
            assert!(low < mean && mean < high && (mean - low - (high - mean)).abs() < 1e-9);
            let constants: Vec<&Value> =
                board(&trained).iter().filter(|row| row["baseline"] == json!(true)).collect();
            assert_eq!(constants.len(), if task == "regression" { 2 } else { 1 });
            if kind != "group" {
                assert!(constants.iter().all(|row| number(&row["score"]) > mean), "{kind}: {constants:?}");
            }
        }
    }
}

#[test]
fn groups_stay_together() {
    // The target is a number of the group alone, and nothing tells it of another group: rows of one group in two parts would
    // make a neighbour's answer exact.
    let mut rng = Rng(4);
    let (mut who, mut x, mut y) = (vec![], vec![], vec![]);
    for group in 0..80 {
        let (centre, value) = (rng.normal() * 100.0, rng.normal());
        for _ in 0..10 {
            who.push(Some(format!("g{group}")));
            x.push(centre + rng.normal() * 0.01);
            y.push(value);
        }
    }
    let names = vec!["who".to_owned(), "x".to_owned(), "y".to_owned()];
    let table = Table::new(names, vec![Column::Text(who), Column::Number(x), Column::Number(y)]).unwrap();
    let run = |validation: Value| {
        let options = json!({"validation": validation, "hyperparams": {"k": 3}, "preprocess": {"exclude":
            if validation["group"].is_null() { json!(["who"]) } else { json!([]) }}});
        let spec = json!({"task": "regression", "target": "y", "algorithm": "knn", "options": options});
        fit(spec, table.clone()).unwrap()
    };
    let (mixed, apart) = (run(json!({"kind": "kfold"})), run(json!({"group": "who"})));
    assert!(mixed.score < 0.2 * mixed.baseline, "{} {}", mixed.score, mixed.baseline);
    assert!(apart.score > 0.8 * apart.baseline, "{} {}", apart.score, apart.baseline);
    assert!(number(&mixed.manifest["validation"]["score"]) < 0.2);
    assert!(number(&apart.manifest["validation"]["score"]) > 0.8);
    // The group itself is no feature.
    assert_eq!(apart.manifest["columns"], json!(["x"]));
    assert!(apart.manifest["warnings"].to_string().contains("groups the rows"));
    assert_eq!(apart.manifest["training"]["split"]["group"], json!("who"));
    let few = json!({"task": "regression", "target": "y", "algorithm": "ridge",
        "options": {"validation": {"group": "z"}}});
    assert!(matches!(fit(few, table.clone()), Err(LearnError::MissingColumn(_))));
    let many = json!({"task": "regression", "target": "y", "algorithm": "ridge",
        "options": {"validation": {"kind": "kfold", "folds": 20}}});
    let error = fit(many, table.take(&(0..100).collect::<Vec<_>>()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("validation.folds"), "{error}");
}

#[test]
fn a_search_keeps_the_best_of_its_trials() {
    for (method, trials) in [("grid", 6), ("random", 12), ("tpe", 16)] {
        let space = match method {
            "grid" => json!({"alpha": [0.001, 0.01, 0.1], "l1_ratio": [0.2, 0.9]}),
            _ => json!({"alpha": {"low": 0.001, "high": 1, "log": true}, "l1_ratio": {"low": 0, "high": 1}}),
        };
        let options = json!({"search": {"method": method, "trials": trials, "space": space}, "seed": 4});
        let mut phases = Vec::new();
        let parsed = TrainSpec::parse(&spec("regression", "size", "elasticnet", options)).unwrap();
        let trained =
            train(&parsed, tasks(500, 5), &mut |phase, _, _| phases.push(phase.to_owned())).unwrap();
        assert!(phases.contains(&format!("trial {trials} of {trials}: elasticnet")), "{phases:?}");
        let rows: Vec<&Value> = board(&trained).iter().filter(|row| row["baseline"].is_null()).collect();
        assert_eq!(rows.len(), trials);
        let distinct: HashSet<String> = rows.iter().map(|row| row["hyperparams"].to_string()).collect();
        assert_eq!(distinct.len(), trials, "{method}");
        let best = rows.iter().min_by(|a, b| number(&a["score"]).total_cmp(&number(&b["score"]))).unwrap();
        assert_eq!(best["hyperparams"], trained.manifest["training"]["hyperparams"]);
        assert_eq!(best["score"], trained.manifest["validation"]["score"]);
        for row in rows {
            let alpha = number(&row["hyperparams"]["alpha"]);
            assert!((0.001..=1.0).contains(&alpha) && row["hyperparams"]["max_iter"] == json!(1000));
        }
    }
}

#[test]
fn searches_repeat_and_fix_what_is_given() {
    let options = json!({"search": {"trials": 4}, "hyperparams": {"num_trees": 20, "learning_rate": 0.3},
        "validation": {"kind": "kfold", "folds": 3}});
    let run = || fit(spec("classification", "late", "lightgbm", options.clone()), tasks(400, 6)).unwrap();
    let (a, b) = (run(), run());
    assert_eq!(a.onnx, b.onnx);
    for row in board(&a).iter().filter(|row| row["baseline"].is_null()) {
        assert_eq!(row["hyperparams"]["learning_rate"], json!(0.3));
        assert!(row["hyperparams"]["num_leaves"].is_u64(), "{row}");
    }
}

#[test]
fn hopeless_trials_are_ended_early() {
    // One of the values cannot learn at all.
    let space = json!({"learning_rate": [0.1, 0.000_001]});
    let options = json!({"search": {"method": "random", "trials": 24, "space": space},
        "hyperparams": {"num_trees": 60}});
    let trained = fit(spec("regression", "took", "lightgbm", options), tasks(900, 7)).unwrap();
    let pruned: Vec<&Value> = board(&trained).iter().filter(|row| row["pruned"] == json!(true)).collect();
    assert!(!pruned.is_empty(), "{:?}", board(&trained));
    assert!(pruned.iter().all(|row| row["hyperparams"]["learning_rate"] == json!(0.000_001)), "{pruned:?}");
    assert_eq!(trained.manifest["training"]["hyperparams"]["learning_rate"], json!(0.1));
}

#[test]
fn a_search_ends_with_its_time() {
    let options = json!({"search": {"trials": 1000, "seconds": 0.3}});
    let started = std::time::Instant::now();
    let trained = fit(spec("regression", "took", "extra_trees", options), tasks(900, 8)).unwrap();
    assert!(started.elapsed().as_secs_f64() < 10.0);
    let tried = board(&trained).iter().filter(|row| row["baseline"].is_null()).count();
    assert!((1..1000).contains(&tried), "{tried}");
    assert!(trained.manifest["warnings"].to_string().contains("trials were tried within the budget"));
    assert!(trained.score < trained.baseline);
}

#[test]
fn the_manifest_says_which_way_is_better() {
    let regression = fit(spec("regression", "took", "ridge", json!({})), tasks(300, 9)).unwrap();
    assert_eq!(regression.manifest["metric"], json!({"name": "mae", "lower_is_better": true}));
    assert!(regression.lower_is_better);
    let classes = fit(spec("classification", "late", "naive_bayes", json!({})), tasks(300, 9)).unwrap();
    assert_eq!(classes.manifest["metric"], json!({"name": "roc_auc", "lower_is_better": false}));
    assert!(!classes.lower_is_better);
    // One candidate is on the board with the constants, and its interval holds its score.
    for trained in [regression, classes] {
        let row = &board(&trained)[0];
        let (low, high) = (number(&row["interval"][0]), number(&row["interval"][1]));
        assert!((low..=high).contains(&number(&row["score"])), "{row}");
        assert!(board(&trained)[1..].iter().all(|row| row["baseline"] == json!(true)));
    }
}
