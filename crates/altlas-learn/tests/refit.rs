//! The last fit, to all rows; and a search that is told to finish.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::cell::Cell;

use altlas_learn::{TrainSpec, Trained, train, train_until};
use altlas_prep::{Column, Table};
use common::{Rng, tasks};
use serde_json::{Value, json};

const ROWS: usize = 900;

/// Rows in time order; those of the last fifth are of a kind that was not there before, and take ten times as long.
fn changing() -> Table {
    let mut rng = Rng(3);
    let late = |i: usize| i >= ROWS * 4 / 5;
    let kind = (0..ROWS).map(|i| Some(if late(i) { "new" } else { ["a", "b"][i % 2] }.to_owned())).collect();
    let took = (0..ROWS).map(|i| (if late(i) { 100.0 } else { 10.0 }) + rng.uniform()).collect();
    let names = ["n", "kind", "took"].map(str::to_owned).to_vec();
    let columns =
        vec![Column::Number((0..ROWS).map(|i| i as f64).collect()), Column::Text(kind), Column::Number(took)];
    Table::new(names, columns).unwrap()
}

fn fit(algorithm: &str, options: Value) -> Trained {
    let mut spec =
        json!({"task": "regression", "target": "took", "algorithm": algorithm, "options": options});
    spec["options"]["validation"]["column"] = json!("n");
    train(&TrainSpec::parse(&spec).unwrap(), changing(), &mut |_, _, _| ()).unwrap()
}

#[test]
fn the_registered_model_has_seen_all_rows_and_its_figures_have_not() {
    for algorithm in ["lightgbm", "ridge", "random_forest", "mlp", "knn"] {
        let before = fit(algorithm, json!({"validation": {"refit": false}}));
        let after = fit(algorithm, json!({}));
        for part in ["metrics", "baselines", "coverage", "conformal", "validation"] {
            assert_eq!(before.manifest[part], after.manifest[part], "{algorithm}: {part}");
        }
        assert_eq!(before.manifest["training"]["refit"], Value::Null);
        assert_eq!(after.manifest["training"]["refit"]["rows"], json!(ROWS), "{algorithm}");
        let answers = |t: &Trained| t.vectors.iter().map(|v| v.output[0]).collect::<Vec<_>>();
        assert!(answers(&before).iter().all(|y| *y < 60.0), "{algorithm}");
        assert!(answers(&after).iter().all(|y| *y > 60.0), "{algorithm}: {:?}", answers(&after));
        let seen = |t: &Trained| t.background.iter().any(|row| row["kind"] == json!("new"));
        assert!(!seen(&before) && seen(&after));
        assert!(after.document.to_json().to_string().contains("new"));
    }
}

#[test]
fn rounds_grow_with_the_rows_where_they_were_found() {
    let rounds = |options: Value| {
        let trained = fit("lightgbm", options);
        let training = &trained.manifest["training"];
        (
            training["hyperparams"]["num_trees"].as_u64().unwrap(),
            training["refit"]["rounds"].as_u64().unwrap(),
        )
    };
    let (found, again) = rounds(json!({}));
    assert!(again >= found && again <= found * 10 / 7 + 1, "{found} {again}");
    let fixed = json!({"hyperparams": {"num_trees": 20, "early_stopping_rounds": 0}});
    assert_eq!(rounds(fixed), (20, 20));
}

#[test]
fn no_time_no_refit() {
    let trained = fit("ridge", json!({"budget_s": 1e-6}));
    assert_eq!(trained.manifest["training"]["refit"], Value::Null);
    let warnings = trained.manifest["warnings"].to_string();
    assert!(warnings.contains("was not fitted to all rows: no time within the budget"), "{warnings}");
}

#[test]
fn classifiers_whose_scores_become_probabilities_are_fitted_again() {
    for algorithm in ["svm_linear", "svm_rbf", "logistic"] {
        let options = json!({"preprocess": {"exclude": ["took"]}});
        let spec =
            json!({"task": "classification", "target": "late", "algorithm": algorithm, "options": options});
        let trained = train(&TrainSpec::parse(&spec).unwrap(), tasks(600, 4), &mut |_, _, _| ()).unwrap();
        assert_eq!(trained.manifest["training"]["refit"]["rows"], json!(600), "{algorithm}");
        assert!(trained.vectors.iter().all(|v| (v.output.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    }
}

#[test]
fn a_search_that_is_told_to_finish_keeps_the_best_so_far() {
    let told = |algorithm: &str, options: Value, after: &str| {
        let spec =
            json!({"task": "regression", "target": "took", "algorithm": algorithm, "options": options});
        let finish = Cell::new(false);
        let trained = train_until(
            &TrainSpec::parse(&spec).unwrap(),
            tasks(900, 8),
            &|| finish.get(),
            &mut |phase, _, _| finish.set(finish.get() || phase.starts_with(after)),
        );
        trained.unwrap()
    };
    let exclude = json!({"exclude": ["late"]});
    let search = json!({"search": {"trials": 500}, "preprocess": exclude});
    let auto = json!({"preprocess": exclude});
    for (algorithm, options, after, most) in [
        ("lightgbm", &search, "trial 3", 3),
        ("elasticnet", &search, "prepare", 1),
        ("auto", &auto, "candidate 2", 2),
    ] {
        let trained = told(algorithm, options.clone(), after);
        let board = trained.manifest["leaderboard"].as_array().unwrap();
        let tried = board.iter().filter(|row| row["baseline"].is_null()).count();
        assert_eq!(tried, most, "{algorithm}");
        let warnings = trained.manifest["warnings"].to_string();
        assert!(warnings.contains("when the search was told to finish"), "{warnings}");
        assert!(trained.score < trained.baseline, "{algorithm}");
    }
}
