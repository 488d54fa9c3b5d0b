//! The order of rows within groups.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_learn::{LearnError, Plan, Trained};
use altlas_prep::{Column, Table};
use common::Rng;
use common::graphs::{compiled, features, furthest, run, runtime};
use serde_json::{Value, json};

/// Tasks of some days: those that are urgent and short come first.
fn rows() -> Table {
    let mut rng = Rng(8);
    let (mut day, mut urgent, mut hours, mut kind, mut grade) = (vec![], vec![], vec![], vec![], vec![]);
    for i in 0..1500 {
        let (u, h) = (rng.uniform() < 0.3, rng.uniform() * 10.0);
        let worth = f64::from(u8::from(u)) * 2.0 - h * 0.2 + rng.normal() * 0.4;
        day.push(Some(format!("day {}", i % 100)));
        urgent.push(Some(u));
        hours.push(if i % 50 == 3 { f64::NAN } else { h });
        kind.push(Some(["fix", "call"][i % 2].to_owned()));
        grade.push(if i % 70 == 5 { f64::NAN } else { (worth + 2.0).floor().clamp(0.0, 3.0) });
    }
    let columns = vec![
        Column::Text(day),
        Column::Boolean(urgent),
        Column::Number(hours),
        Column::Text(kind),
        Column::Number(grade),
    ];
    Table::new(["day", "urgent", "hours", "kind", "grade"].map(str::to_owned).to_vec(), columns).unwrap()
}

fn fit(target: &str, options: Value) -> Result<Trained, LearnError> {
    let spec = json!({"task": "ranking", "target": target, "algorithm": "auto", "options": options});
    Plan::parse(&spec)?.train(rows(), &mut |_, _, _| unreachable!(), &|| false, &mut |_, _, _| ())
}

#[test]
fn an_order_is_learned() {
    let options = json!({"validation": {"group": "day"}, "k": 3});
    let trained = fit("grade", options.clone()).unwrap();
    let m = &trained.manifest;
    assert_eq!((trained.metric.as_str(), &m["columns"]), ("ndcg@3", &json!(["urgent", "hours", "kind"])));
    assert!(
        trained.score > 0.85 && trained.score > trained.baseline + 0.2,
        "{} {}",
        trained.score,
        trained.baseline
    );
    assert_eq!(m["training"]["split"]["train_groups"], json!(70), "{}", m["training"]["split"]);
    assert!(m["warnings"].to_string().contains("22 rows without a known target"), "{}", m["warnings"]);
    assert_eq!(m["training"]["importance"].as_array().unwrap().len(), 4);
    assert_eq!(fit("grade", options).unwrap().onnx, trained.onnx);
    let all = features(&trained, &rows());
    let ours = compiled(&trained.onnx, "variable", &all);
    // Urgent and short against neither.
    let score = |urgent: bool, hours: f64| {
        let table = Table::new(
            ["urgent", "hours", "kind"].map(str::to_owned).to_vec(),
            vec![
                Column::Boolean(vec![Some(urgent)]),
                Column::Number(vec![hours]),
                Column::Text(vec![Some("fix".into())]),
            ],
        );
        compiled(&trained.onnx, "variable", &features(&trained, &table.unwrap()))[0][0]
    };
    assert!(score(true, 1.0) > score(true, 9.0) && score(true, 5.0) > score(false, 5.0));
    if let Some(runtime) = runtime() {
        let theirs = run(&runtime, &trained.onnx, "variable", &all);
        let scale = ours.iter().flatten().fold(1.0_f64, |top, y| top.max(y.abs()));
        assert!(furthest(&theirs, &ours, scale) <= 1.0);
    }
}

#[test]
fn says_what_is_wrong() {
    for (key, options) in [
        ("validation.group", json!({})),
        ("validation.group", json!({"validation": {"kind": "kfold"}})),
        ("validation.folds", json!({"validation": {"group": "day", "folds": 3}})),
        ("\"k\"", json!({"validation": {"group": "day"}, "k": 0})),
        ("objective", json!({"validation": {"group": "day"}, "hyperparams": {"objective": "l1"}})),
        ("search", json!({"validation": {"group": "day"}, "search": {}})),
        ("target", json!({"validation": {"group": "day"}, "log_target": true})),
        ("target", json!({"validation": {"group": "day"}, "offset": "hours"})),
        ("metric", json!({"validation": {"group": "day"}, "metric": "mae"})),
        ("is not in the data", json!({"validation": {"group": "week"}})),
    ] {
        let message = fit("grade", options).unwrap_err().to_string();
        assert!(message.contains(key), "{key}: {message}");
    }
    for target in ["hours", "kind"] {
        let wrong = fit(target, json!({"validation": {"group": "day"}})).unwrap_err();
        assert!(matches!(wrong, LearnError::Target { .. }), "{wrong}");
    }
    let knn = json!({"task": "ranking", "target": "grade", "algorithm": "knn", "options": {"validation": {"group": "day"}}});
    assert!(matches!(Plan::parse(&knn), Err(LearnError::UnknownAlgorithm { .. })));
}
