//! What an estimator says of a row, its graph says too: compiled to the flat form, and run by ONNX Runtime.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_learn::{TrainSpec, train};
use common::graphs::{compiled, features, furthest, run, runtime};
use common::tasks;
use serde_json::{Value, json};

const ROWS: usize = 500;

/// Algorithm, hyperparameters, and whether it is for regressions and classifications.
fn algorithms() -> Vec<(&'static str, Value, bool, bool)> {
    vec![
        ("lightgbm", json!({"num_trees": 30}), true, true),
        ("linear", json!({}), true, false),
        ("ridge", json!({}), true, false),
        ("lasso", json!({}), true, false),
        ("elasticnet", json!({}), true, false),
        ("logistic", json!({}), false, true),
        ("decision_tree", json!({}), true, true),
        ("random_forest", json!({"num_trees": 50}), true, true),
        ("extra_trees", json!({"num_trees": 50, "min_samples_leaf": 1}), true, true),
        ("naive_bayes", json!({}), false, true),
        ("mlp", json!({"max_epochs": 10}), true, true),
        ("mlp", json!({"hidden": [8], "patience": 0, "max_epochs": 5}), true, true),
        ("knn", json!({}), true, true),
        ("knn", json!({"k": 12, "weights": "distance"}), true, true),
        ("svm_linear", json!({}), true, true),
        ("svm_rbf", json!({"gamma": 0.1}), true, true),
    ]
}

#[test]
fn graphs_say_what_estimators_say() {
    let runtime = runtime();
    if runtime.is_none() {
        println!("ALTLAS_ORT_LIB does not name the ONNX Runtime library: the compiled form alone");
    }
    let table = tasks(ROWS, 12);
    // Target, whether it is learned in logarithms, and the column that it is counted from.
    let targets = [
        ("size", json!(false), None),
        ("took", json!(true), None),
        ("took", json!(false), Some("size")),
        ("took", json!(true), Some("size")),
        ("late", json!(null), None),
        ("kind", json!(null), None),
    ];
    let mut failures = Vec::new();
    for (algorithm, hyperparams, regression, classification) in algorithms() {
        for (target, log, offset) in &targets {
            let task = if log.is_null() { "classification" } else { "regression" };
            if !(if log.is_null() { classification } else { regression }) {
                continue;
            }
            let others: Vec<&str> =
                ["took", "late"].into_iter().filter(|c| c != target && Some(*c) != *offset).collect();
            let spec = json!({"task": task, "target": target, "algorithm": algorithm, "options": {
                "hyperparams": hyperparams, "log_target": log, "offset": offset, "validation": {"kind": "time"}, "preprocess": {"exclude": others}}});
            let trained = train(&TrainSpec::parse(&spec).unwrap(), table.clone(), &mut |_, _, _| ()).unwrap();
            let output = if log.is_null() { "probabilities" } else { "variable" };
            let all = features(&trained, &table);
            let ours = compiled(&trained.onnx, output, &all);
            // The trainer's own answers, in double precision, for rows of the test part, which are the last.
            let column = table.column(target).unwrap();
            let known: Vec<usize> = (0..ROWS)
                .filter(|row| match column.cell(*row).unwrap() {
                    altlas_prep::Cell::Null => false,
                    altlas_prep::Cell::Number(x) | altlas_prep::Cell::Interval(x) => x.is_finite(),
                    _ => true,
                })
                .collect();
            let kept = (known.len() as f64 * 0.15).round() as usize;
            let test = &known[known.len() - kept..];
            let expected: Vec<Vec<f64>> = trained.vectors.iter().map(|v| v.output.clone()).collect();
            let rows: Vec<usize> = (0..expected.len()).map(|i| test[i * kept / expected.len()]).collect();
            let scale = expected.iter().flatten().fold(1.0_f64, |top, y| top.max(y.abs()));
            let picked: Vec<Vec<f64>> = rows.iter().map(|row| ours[*row].clone()).collect();
            let name = format!("{algorithm} {hyperparams} {target} {offset:?}");
            let own = furthest(&picked, &expected, scale);
            let theirs = runtime.as_ref().map(|runtime| {
                let theirs = run(runtime, &trained.onnx, output, &all);
                let picked: Vec<Vec<f64>> = rows.iter().map(|row| theirs[*row].clone()).collect();
                furthest(&picked, &expected, scale).max(furthest(&theirs, &ours, scale))
            });
            println!("{name}: compiled {own:.3}, runtime {theirs:.3?} of 1e-5");
            if own > 1.0 || theirs.is_some_and(|t| t > 1.0) {
                failures.push(name);
            }
            let shares = trained.manifest["training"]["importance"].as_array().unwrap();
            let sum: f64 = shares.iter().map(|s| s[1].as_f64().unwrap()).sum();
            assert!((sum - 1.0).abs() < 1e-9 || sum == 0.0, "{algorithm}: {shares:?}");
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
