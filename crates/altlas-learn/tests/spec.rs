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
    for name in ["prophet", "isolation_forest"] {
        assert!(matches!(with("regression", name), Err(LearnError::UnknownAlgorithm { .. })));
    }
    for (task, algorithm) in [("regression", "logistic"), ("classification", "ridge")] {
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
    // Of each algorithm something, and of validation and search.
    for (algorithm, key, options) in [
        ("lasso", "alpha", json!({"hyperparams": {"alpha": -1}})),
        ("elasticnet", "l1_ratio", json!({"hyperparams": {"l1_ratio": 1.5}})),
        ("decision_tree", "max_depth", json!({"hyperparams": {"max_depth": 65}})),
        ("random_forest", "num_trees", json!({"hyperparams": {"num_trees": 0}})),
        ("extra_trees", "max_features", json!({"hyperparams": {"max_features": 2}})),
        ("mlp", "hidden", json!({"hyperparams": {"hidden": [10, 10, 10, 10]}})),
        ("mlp", "hidden", json!({"hyperparams": {"hidden": []}})),
        ("knn", "k", json!({"hyperparams": {"k": 0}})),
        ("svm_linear", "c", json!({"hyperparams": {"c": 0}})),
        ("svm_rbf", "gamma", json!({"hyperparams": {"gamma": -1}})),
        ("svm_rbf", "max_rows", json!({"hyperparams": {"max_rows": 1_000_000}})),
        ("ridge", "validation.folds", json!({"validation": {"kind": "kfold", "folds": 1}})),
        ("ridge", "validation.folds", json!({"validation": {"kind": "holdout", "folds": 3}})),
        ("ridge", "validation.group", json!({"validation": {"kind": "group"}})),
        ("ridge", "validation.group", json!({"validation": {"kind": "kfold", "group": "g"}})),
        ("ridge", "validation.kind", json!({"validation": {"kind": "stratified"}})),
        ("auto", "search", json!({"search": {}})),
        ("linear", "search.space", json!({"search": {}})),
        ("ridge", "search.trials", json!({"search": {"trials": 0}})),
        ("ridge", "search.seconds", json!({"search": {"seconds": -1}})),
        ("ridge", "search.space.alpha", json!({"search": {"space": {"alpha": []}}})),
        ("ridge", "search.space.alpha", json!({"search": {"space": {"alpha": {"low": 2, "high": 1}}}})),
        (
            "ridge",
            "search.space.alpha",
            json!({"search": {"space": {"alpha": {"low": 0, "high": 1, "log": true}}}}),
        ),
        (
            "ridge",
            "search.space.alpha",
            json!({"search": {"space": {"alpha": {"low": 0, "high": 1, "colour": 1}}}}),
        ),
        ("ridge", "colour", json!({"search": {"space": {"colour": [1]}}})),
        ("ridge", "alpha", json!({"search": {"space": {"alpha": [1, -1]}}})),
        ("ridge", "alpha", json!({"search": {"space": {"alpha": [1]}}, "hyperparams": {"alpha": 2}})),
    ] {
        let value = json!({"task": "regression", "target": "y", "algorithm": algorithm, "options": options});
        let message = message(value);
        assert!(message.contains(key), "{algorithm} {key}: {message}");
    }
    let value = json!({"task": "classification", "target": "y", "options": {"log_target": true}});
    assert!(message(value).contains("log_target"));
    let value = json!({"task": "classification", "target": "y", "options": {"metric": "mae"}});
    assert!(message(value).contains("metric"));
    let value = json!({"task": "regression", "target": "y", "options": {"metric": "accuracy"}});
    assert!(message(value).contains("accuracy"));
}
