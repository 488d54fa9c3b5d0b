//! A column from which the target is counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_learn::{LearnError, TrainSpec, Trained, train};
use altlas_prep::{Column, Table};
use common::Rng;
use serde_json::{Value, json};

/// Durations in seconds with somebody's estimate in hours, which some kinds exceed, and which is missing now and then.
fn estimated(rows: usize) -> Table {
    let mut rng = Rng(11);
    let (mut kind, mut hours, mut took) = (vec![], vec![], vec![]);
    for i in 0..rows {
        let k = rng.below(3);
        let estimate = (0.5 * (rng.normal() * 1.5).exp() * 8.0).ceil() / 8.0;
        let ratio = [0.5, 1.0, 2.0][k] * (0.2 * rng.normal()).exp();
        kind.push(Some(["fix", "write", "ship"][k].to_owned()));
        hours.push(match i % 20 {
            3 => f64::NAN,
            7 => 0.0,
            11 => f64::INFINITY,
            _ => estimate,
        });
        took.push(estimate * ratio * 3600.0);
    }
    let names = ["kind", "hours", "took"].map(str::to_owned).to_vec();
    Table::new(names, vec![Column::Text(kind), Column::Number(hours), Column::Interval(took)]).unwrap()
}

fn fit(algorithm: &str, options: Value) -> Result<Trained, LearnError> {
    let spec = json!({"task": "regression", "target": "took", "algorithm": algorithm, "options": options});
    train(&TrainSpec::parse(&spec)?, estimated(1200), &mut |_, _, _| ())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn what_is_learned_is_the_ratio_to_the_estimate() {
    for algorithm in ["ridge", "lightgbm"] {
        let (without, with) =
            (fit(algorithm, json!({})).unwrap(), fit(algorithm, json!({"offset": "hours"})).unwrap());
        assert!(with.score < without.score, "{algorithm}: {} {}", with.score, without.score);
        // 15 % of the rows have no estimate; of the others nearly all are within a factor of 2.
        assert!(number(&with.manifest["metrics"]["within_factor_2"]) > 0.85, "{}", with.manifest["metrics"]);
        let offset = &with.manifest["training"]["offset"];
        assert_eq!(offset["column"], json!("hours"));
        // Hours to seconds; half of the rows take longer than estimated.
        assert!((number(&offset["scale"]) / 3600.0 - 1.0).abs() < 0.1, "{offset}");
        assert_eq!(without.manifest["training"]["offset"], Value::Null);
        // The estimate is still a feature.
        assert_eq!(with.manifest["columns"], json!(["kind", "hours"]));
    }
}

#[test]
fn the_column_alone_is_among_the_baselines() {
    let trained = fit("ridge", json!({"offset": "hours"})).unwrap();
    let baselines = &trained.manifest["baselines"];
    // Taken for seconds, hours are no estimate at all; scaled they are.
    let [given, scaled, median] = ["offset", "scaled_offset", "median"].map(|b| number(&baselines[b]["mae"]));
    assert!(trained.score < scaled && scaled < median && median < given * 1.2, "{baselines}");
    let board = trained.manifest["leaderboard"].as_array().unwrap();
    let names: Vec<&Value> = board.iter().map(|row| &row["algorithm"]).collect();
    assert_eq!(names, ["ridge", "mean", "median", "offset", "scaled_offset"]);
    let differences = fit("ridge", json!({"offset": "hours", "log_target": false})).unwrap();
    assert!(differences.manifest["baselines"]["scaled_offset"].is_null());
    assert_eq!(differences.manifest["training"]["offset"]["scale"], json!(1.0));
}

#[test]
fn rows_without_an_estimate_are_counted_from_the_median() {
    let trained = fit("lightgbm", json!({"offset": "hours"})).unwrap();
    let unknown = |v: &&altlas_learn::TestVector| !v.input["hours"].as_f64().is_some_and(|h| h > 0.0);
    let (without, with): (Vec<_>, Vec<_>) = trained.vectors.iter().partition(unknown);
    assert!(!without.is_empty() && !with.is_empty());
    let offset = &trained.manifest["training"]["offset"];
    let median = number(&offset["fill"]) * number(&offset["scale"]);
    for vector in without {
        assert!((median / 8.0..median * 8.0).contains(&vector.output[0]), "{vector:?}, median {median}");
    }
}

#[test]
fn a_column_that_cannot_be_one_is_refused() {
    let message = |options: Value| fit("lightgbm", options).unwrap_err().to_string();
    assert!(message(json!({"offset": "nope"})).contains("\"nope\" is not in the data"));
    assert!(message(json!({"offset": "kind"})).contains("neither a number"));
    assert!(message(json!({"offset": "took"})).contains("is the target"));
    assert!(message(json!({"offset": "hours", "preprocess": {"exclude": ["hours"]}})).contains("excluded"));
    assert!(message(json!({"offset": "hours", "validation": {"column": "hours"}})).contains("orders"));
    let poisson = json!({"offset": "hours", "log_target": false, "hyperparams": {"objective": "poisson"}});
    assert!(message(poisson).contains("poisson"));
    let classes = json!({"task": "classification", "target": "kind", "options": {"offset": "hours"}});
    assert!(TrainSpec::parse(&classes).unwrap_err().to_string().contains("offset"));
}
