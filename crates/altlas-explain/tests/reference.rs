//! Shapley values against the package shap, grids against scikit-learn (scripts/reference/explain.py).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::convert::Infallible;

use altlas_explain::{Hybrid, Sampling, grid, sampled, shapley};
use altlas_score::{Additive, Ensemble, Linear, Test, TreeNode};
use serde_json::Value;

/// shap computes in double precision, too; it and LightGBM sum in another order.
const TOLERANCE: f64 = 1e-6;

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

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, not {expected}");
}

fn node(value: &Value) -> TreeNode {
    let number = |key: &str| value[key].as_u64().unwrap() as usize;
    match value {
        Value::Array(_) => TreeNode::Leaf((0..).zip(list(value)).collect()),
        _ => TreeNode::Branch {
            feature: number("feature") as u32,
            test: Test::LessOrEqual,
            threshold: value["threshold"].as_f64().unwrap(),
            missing_yes: value["missing_yes"].as_bool().unwrap(),
            yes: number("yes"),
            no: number("no"),
        },
    }
}

fn compare(additive: &Additive, case: &Value, target: usize) {
    let background = lists(&case["background"]);
    let (rows, expected) = (lists(&case["x"]), lists(&case["values"]));
    for ((row, expected), prediction) in rows.iter().zip(expected).zip(list(&case["prediction"])) {
        let found = shapley(additive, row, &background, target, &|| ());
        for (n, (a, b)) in found.values.iter().zip(&expected).enumerate() {
            close(*a, *b, TOLERANCE, &format!("feature {n}"));
        }
        assert_eq!(found.values.len(), expected.len());
        close(found.base, case["base"].as_f64().unwrap(), TOLERANCE, "base");
        close(found.prediction, prediction, TOLERANCE, "prediction");
        let sum: f64 = found.values.iter().sum();
        close(sum, found.prediction - found.base, 1e-9, "the sum of the contributions");
    }
}

#[test]
fn trees_as_shap() {
    for case in cases("trees") {
        let tree = |nodes: &Value| nodes.as_array().unwrap().iter().map(node).collect();
        let trees = case["trees"].as_array().unwrap().iter().map(tree).collect();
        let ensemble = Ensemble { trees, base: list(&case["base_values"]), single: false };
        compare(&Additive::Trees(ensemble), &case, case["target"].as_u64().unwrap() as usize);
    }
}

#[test]
fn linear_functions_as_shap() {
    for case in cases("linear") {
        let weights = lists(&case["weights"]);
        let center = vec![0.0; weights[0].len()];
        let linear = Linear { weights, bias: list(&case["bias"]), center, fills: false };
        compare(&Additive::Linear(linear), &case, 0);
    }
}

fn product(x: &[f64]) -> f64 {
    (x[0] / 4.0).exp() * (1.0 + x[1]) + x[2] * x[3]
}

#[test]
fn sampled_values_are_within_their_errors() {
    for case in cases("product") {
        let background = lists(&case["background"]);
        for (row, expected) in lists(&case["x"]).iter().zip(lists(&case["values"])) {
            let score = |hybrids: Vec<Hybrid>| {
                let mixed = |h: &Hybrid| -> Vec<f64> {
                    let pick =
                        |(i, own): (usize, &bool)| if *own { row[i] } else { background[h.background][i] };
                    h.from_row.iter().enumerate().map(pick).collect()
                };
                Ok::<_, Infallible>(hybrids.iter().map(|h| product(&mixed(h))).collect())
            };
            let found = sampled(4, background.len(), Sampling { pairs: 30, seed: 3 }, score).unwrap();
            let sum: f64 = found.values.iter().sum();
            close(sum, found.prediction - found.base, 1e-9, "the sum of the contributions");
            close(found.prediction, product(row), 1e-9, "prediction");
            close(found.base, case["base"].as_f64().unwrap(), 1e-9, "base");
            for ((value, error), expected) in found.values.iter().zip(found.errors.unwrap()).zip(expected) {
                close(*value, expected, 5.0 * error + 1e-9, "a contribution");
                assert!(error < 0.05, "{error}");
            }
        }
    }
}

#[test]
fn grids_as_scikit_learn() {
    for case in cases("grid") {
        let found = grid(&list(&case["column"]), case["points"].as_u64().unwrap() as usize);
        let expected = list(&case["grid"]);
        assert_eq!(found.len(), expected.len());
        found.iter().zip(expected).for_each(|(a, b)| close(*a, b, 1e-9, "a value of the grid"));
    }
}
