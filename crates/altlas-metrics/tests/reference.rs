//! The figures of scikit-learn and SciPy, made by `scripts/reference/metrics.py`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use altlas_metrics::{Answer, labels, mcnemar, numbers, quantile, wilcoxon};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("data/reference.json")).unwrap()
}

fn each<'a>(reference: &'a Value, kind: &str) -> &'a [Value] {
    reference[kind].as_array().unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
fn same(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-300), "{found}, not {expected}");
}

#[test]
fn figures_of_labels_are_those_of_the_reference() {
    for case in each(&reference(), "classifiers") {
        let [known, given, confidence] =
            ["known", "given", "confidence"].map(|key| case[key].as_array().unwrap());
        let answers: Vec<Answer<'_>> = (0..known.len())
            .map(|n| Answer {
                known: known[n].as_str(),
                given: given[n].as_str(),
                confidence: confidence[n].as_f64(),
            })
            .collect();
        let found = labels(&answers).unwrap();
        same(found.accuracy, &case["accuracy"], 1e-12);
        same(found.macro_f1, &case["macro_f1"], 1e-12);
        same(found.calibration_error.unwrap(), &case["calibration_error"], 1e-12);
    }
}

#[test]
fn figures_of_numbers_are_those_of_the_reference() {
    for case in each(&reference(), "regressions") {
        let found = numbers(&floats(&case["known"]), &floats(&case["given"])).unwrap();
        same(found.mae, &case["mae"], 1e-12);
        same(found.rmse, &case["rmse"], 1e-12);
        same(found.median_ae, &case["median_ae"], 1e-12);
        same(found.r2.unwrap(), &case["r2"], 1e-10);
    }
}

#[test]
fn chances_are_those_of_the_reference() {
    let reference = reference();
    for case in each(&reference, "mcnemar") {
        let count = |key: &str| case[key].as_u64().unwrap();
        same(mcnemar(count("first"), count("second")), &case["p"], 1e-9);
    }
    for case in each(&reference, "wilcoxon") {
        // The normal distribution's tail is to seven digits.
        same(wilcoxon(&floats(&case["differences"])), &case["p"], 1e-6);
    }
}

#[test]
fn what_is_undefined_is_none() {
    assert_eq!(labels(&[]), None);
    assert_eq!(numbers(&[], &[]), None);
    assert_eq!(numbers(&[2.0, 2.0], &[1.0, 3.0]).unwrap().r2, None);
    let unsure = Answer { known: None, given: Some("a"), confidence: None };
    let found = labels(&[unsure]).unwrap();
    assert_eq!((found.accuracy, found.macro_f1, found.calibration_error), (0.0, 0.0, None));
    assert_eq!((wilcoxon(&[]), wilcoxon(&[0.0, f64::NAN])), (1.0, 1.0));
    assert_eq!(
        (quantile(&[], 0.5), quantile(&[3.0, 1.0], 0.5), quantile(&[1.0, 2.0, 4.0], 0.99)),
        (None, Some(2.0), Some(3.96))
    );
}
