//! Linear models and metrics against scikit-learn (scripts/reference/learn.py).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use altlas_learn::{LinearFit, classification, least_squares, logistic, regression};
use altlas_prep::Matrix;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("data/reference.json")).unwrap();
    let cases = all["cases"].as_array().unwrap();
    let cases: Vec<Value> = cases.iter().filter(|case| case["kind"] == kind).cloned().collect();
    assert!(!cases.is_empty(), "{kind}");
    cases
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn lists(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(list).collect()
}

fn matrix(value: &Value) -> Matrix {
    let rows = lists(value);
    let values = rows.iter().flatten().map(|v| *v as f32).collect();
    Matrix { rows: rows.len(), width: rows[0].len(), values }
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{what}: {found}, not {expected}"
    );
}

fn compare(fit: &LinearFit, case: &Value, tolerance: f64) {
    for (found, expected) in fit.coefficients.iter().zip(lists(&case["coefficients"])) {
        for (a, b) in found.iter().zip(expected) {
            close(*a, b, tolerance, "coefficient");
        }
    }
    for (a, b) in fit.intercepts.iter().zip(list(&case["intercepts"])) {
        close(*a, b, tolerance, "intercept");
    }
}

fn figures(found: &std::collections::BTreeMap<String, f64>, expected: &Value, tolerance: f64) {
    let expected = expected.as_object().unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>().len(), expected.len(), "{found:?}");
    for (name, value) in expected {
        close(found[name], value.as_f64().unwrap(), tolerance, name);
    }
}

#[test]
fn least_squares_and_ridge() {
    for case in cases("least_squares") {
        let x = matrix(&case["x"]);
        let alpha = case["alpha"].as_f64().unwrap();
        let fit = least_squares(&x, &list(&case["y"]), alpha, &mut || ()).unwrap();
        compare(&fit, &case, 1e-9);
        for (a, b) in fit.scores(&x).iter().zip(list(&case["scores"])) {
            close(*a, b, 1e-9, "score");
        }
    }
}

#[test]
fn dependent_columns_do_no_harm() {
    let rows: Vec<[f32; 4]> =
        (0..50).map(|i| [(i % 2) as f32, (1 - i % 2) as f32, i as f32, 2.0 * i as f32]).collect();
    let x = Matrix { rows: 50, width: 4, values: rows.concat() };
    let y: Vec<f64> = rows.iter().map(|r| 3.0 * f64::from(r[0]) - f64::from(r[2]) + 7.0).collect();
    let fit = least_squares(&x, &y, 0.0, &mut || ()).unwrap();
    for (a, b) in fit.scores(&x).iter().zip(&y) {
        close(*a, *b, 1e-10, "score");
    }
    assert_eq!((fit.coefficients[0][1], fit.coefficients[0][3]), (0.0, 0.0));
}

#[test]
fn logistic_regression_and_its_metrics() {
    for case in cases("logistic") {
        let x = matrix(&case["x"]);
        let classes = case["classes"].as_u64().unwrap() as usize;
        let y = list(&case["y"]);
        let l2 = case["l2"].as_f64().unwrap();
        let (fit, converged) = logistic(&x, &y, classes, l2, 10_000, 1, &mut || ()).unwrap();
        assert!(converged);
        // The solvers stop at gradients of 1e-7 a row, both flat near the optimum; a weak penalty leaves it flatter.
        compare(&fit, &case, 2e-4);
        let known: Vec<usize> = y.iter().map(|y| *y as usize).collect();
        let mut proba = lists(&case["proba"]);
        figures(&classification(&known, &proba), &case["metrics"], 1e-12);
        if let Some(auc) = case["rounded_auc"].as_f64() {
            proba.iter_mut().for_each(|row| row[1] = (row[1] * 10.0).round_ties_even() / 10.0);
            close(classification(&known, &proba)["roc_auc"], auc, 1e-12, "AUC with ties");
        }
    }
}

#[test]
fn regression_metrics() {
    for case in cases("regression_metrics") {
        figures(&regression(&list(&case["y"]), &list(&case["predicted"])), &case["metrics"], 1e-12);
    }
}
