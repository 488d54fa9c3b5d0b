//! Options are read once, and what is wrong with them is said by name.
#![allow(clippy::unwrap_used, clippy::panic)]

use altlas_learn::{Algorithm, LearnError, Objective, TrainSpec};
use serde_json::{Value, json};

fn parse(value: Value) -> Result<TrainSpec, LearnError> {
    TrainSpec::parse(&value)
}

fn message(value: Value) -> String {
    match parse(value.clone()) {
        Ok(_) => panic!("accepted {value}"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn fills_in_defaults() {
    let spec = parse(json!({"task": "regression", "target": "y"})).unwrap();
    assert_eq!((spec.algorithm, spec.threads, spec.options.seed), (Algorithm::Auto, 1, 0));
    let spec = parse(json!({"task": "regression", "target": "y", "algorithm": "lightgbm", "threads": 2,
        "options": {"hyperparams": {"num_trees": 10, "objective": "quantile", "alpha": 0.5}, "unit": "h",
            "validation": {"column": "at"}, "preprocess": {"time_zone": "Europe/Istanbul"}}}))
    .unwrap();
    let Algorithm::Lightgbm(p) = spec.algorithm else { panic!() };
    assert_eq!((p.num_trees, p.objective, p.num_leaves), (10, Objective::Quantile, 31));
}

#[test]
fn refuses_unknown_keys_by_name() {
    let base = json!({"task": "regression", "target": "y", "algorithm": "ridge", "options": {}});
    for pointer in ["", "/options"] {
        let mut value = base.clone();
        value.pointer_mut(pointer).unwrap()["colour"] = json!(1);
        assert!(message(value).contains("colour"), "{pointer}");
    }
    for key in ["hyperparams", "validation", "preprocess"] {
        let mut value = base.clone();
        value["options"][key] = json!({"colour": 1});
        assert!(message(value).contains("colour"), "{key}");
    }
    // Keys of another algorithm are unknown too.
    let with = |algorithm: &str| {
        json!({"task": "regression", "target": "y", "algorithm": algorithm,
            "options": {"hyperparams": {"num_leaves": 5}}})
    };
    assert!(parse(with("lightgbm")).is_ok());
    for algorithm in ["auto", "linear", "ridge"] {
        assert!(message(with(algorithm)).contains("num_leaves"), "{algorithm}");
    }
}

#[test]
fn names_what_there_is() {
    let with =
        |task: &str, algorithm: &str| parse(json!({"task": task, "target": "y", "algorithm": algorithm}));
    assert!(matches!(with("regression", "prophet"), Err(LearnError::UnknownAlgorithm { .. })));
    for (task, algorithm) in [
        ("regression", "random_forest"),
        ("regression", "logistic"),
        ("classification", "ridge"),
        ("clustering", "auto"),
    ] {
        let error = with(task, algorithm).unwrap_err();
        assert!(matches!(error, LearnError::NotSupported { .. }), "{task} {algorithm}: {error}");
        assert!(error.to_string().contains("there are"), "{error}");
    }
}

#[test]
fn refuses_values_out_of_range() {
    for (key, options) in [
        ("learning_rate", json!({"hyperparams": {"learning_rate": 0}})),
        ("num_leaves", json!({"hyperparams": {"num_leaves": 1}})),
        ("alpha", json!({"hyperparams": {"objective": "quantile", "alpha": 1.5}})),
        ("max_depth", json!({"hyperparams": {"max_depth": 0}})),
        ("lambda_l2", json!({"hyperparams": {"lambda_l2": -1}})),
        ("num_trees", json!({"hyperparams": {"num_trees": -5}})),
        ("validation.fraction", json!({"validation": {"fraction": 0.9}})),
        ("validation.column", json!({"validation": {"kind": "holdout", "column": "at"}})),
        ("preprocess.one_hot_max", json!({"preprocess": {"one_hot_max": 5000}})),
        ("preprocess.smoothing", json!({"preprocess": {"smoothing": -1}})),
        ("budget_s", json!({"budget_s": 0})),
    ] {
        let value = json!({"task": "regression", "target": "y", "algorithm": "lightgbm", "options": options});
        let message = message(value);
        // A negative unsigned number fails before its name is known.
        assert!(message.contains(key) || key == "num_trees" && message.contains("-5"), "{key}: {message}");
    }
    let value = json!({"task": "classification", "target": "y", "options": {"log_target": true}});
    assert!(message(value).contains("log_target"));
}
