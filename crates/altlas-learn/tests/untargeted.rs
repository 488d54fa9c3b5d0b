//! What is learned of rows without a target: components, anomalies, and what the graphs of these and of clusters say.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_learn::{LearnError, Plan, Trained};
use altlas_prep::{Column, Table};
use common::Rng;
use common::graphs::{compiled, features, furthest, run, runtime};
use serde_json::{Value, json};

/// Three groups of two numbers and a category; every 30th row lies far away, which `odd` says.
fn rows(count: usize) -> Table {
    let mut rng = Rng(5);
    let (mut x, mut y, mut kind, mut odd) = (vec![], vec![], vec![], vec![]);
    for i in 0..count {
        let (group, far) = (i % 3, i % 30 == 7);
        let away = if far { 60.0 + 20.0 * rng.normal() } else { 0.0 };
        x.push(if i % 41 == 0 { f64::NAN } else { group as f64 * 10.0 + rng.normal() + away });
        y.push(group as f64 * -4.0 + rng.normal() - 2.0 * away);
        kind.push(Some(["a", "b", "c"][group].to_owned()));
        odd.push(Some(far));
    }
    let columns = vec![Column::Number(x), Column::Number(y), Column::Text(kind), Column::Boolean(odd)];
    Table::new(["x", "y", "kind", "odd"].map(str::to_owned).to_vec(), columns).unwrap()
}

fn fit(task: &str, target: Option<&str>, algorithm: &str, options: Value) -> Result<Trained, LearnError> {
    let spec = json!({"task": task, "target": target, "algorithm": algorithm, "options": options});
    Plan::parse(&spec)?.train(rows(600), &mut |_, _, _| unreachable!(), &|| false, &mut |_, _, _| ())
}

#[test]
fn graphs_say_what_was_learned() {
    let runtime = runtime();
    let without = json!({"exclude": ["odd"]});
    for (task, algorithm, hyperparams, output) in [
        ("clustering", "kmeans", json!({"k": 4}), "variable"),
        ("clustering", "gmm", json!({"k": 3}), "variable"),
        ("clustering", "dbscan", json!({}), "variable"),
        ("clustering", "dbscan", json!({"eps": 0.2, "min_samples": 8}), "variable"),
        ("decomposition", "pca", json!({}), "components"),
        ("decomposition", "pca", json!({"n_components": 1, "scale": false}), "components"),
        ("anomaly", "isolation_forest", json!({"contamination": 0.05}), "variable"),
    ] {
        let options = json!({"hyperparams": hyperparams, "preprocess": without});
        let trained = fit(task, None, algorithm, options.clone()).unwrap();
        assert_eq!(trained.onnx, fit(task, None, algorithm, options).unwrap().onnx, "{algorithm}");
        let all = features(&trained, &rows(600));
        let ours = compiled(&trained.onnx, output, &all);
        let expected: Vec<Vec<f64>> = trained.vectors.iter().map(|v| v.output.clone()).collect();
        let picked: Vec<Vec<f64>> =
            (0..expected.len()).map(|n| ours[n * 600 / expected.len()].clone()).collect();
        let scale = expected.iter().flatten().fold(1.0_f64, |top, y| top.max(y.abs()));
        assert!(furthest(&picked, &expected, scale) <= 1.0, "{algorithm}: compiled");
        if let Some(runtime) = &runtime {
            let theirs = run(runtime, &trained.onnx, output, &all);
            assert!(furthest(&theirs, &ours, scale) <= 1.0, "{algorithm}: runtime");
        }
        let board = trained.manifest["leaderboard"].as_array().unwrap();
        assert!(board.iter().any(|entry| entry["algorithm"] == json!(algorithm)), "{board:?}");
    }
}

#[test]
fn dense_clusters_have_noise_around_them() {
    let options = json!({"hyperparams": {"eps": 0.3}, "preprocess": {"exclude": ["odd"]}});
    let trained = fit("clustering", None, "dbscan", options).unwrap();
    let m = &trained.manifest;
    let sizes: Vec<u64> =
        m["training"]["sizes"].as_array().unwrap().iter().map(|s| s.as_u64().unwrap()).collect();
    // Rows without x, of each group, lie together, too.
    assert!(sizes[2] > 150 && sizes[3..].iter().all(|size| *size < 10), "{sizes:?}");
    assert_eq!(m["labels"].as_array().unwrap().len(), sizes.len());
    let sizes: u64 = sizes.iter().sum();
    let noise = m["training"]["noise"].as_u64().unwrap();
    assert_eq!(sizes + noise, 600);
    assert!((12..=20).contains(&noise), "{}", m["training"]);
    assert!(trained.score > 0.7, "{}", trained.score);
    // None but the rows that lie far away.
    let ours = compiled(&trained.onnx, "variable", &features(&trained, &rows(600)));
    let far = (7..600).step_by(30).filter(|row| ours[*row] == [-1.0]).count();
    assert!(far >= 12 && far as u64 == noise, "{far} of {noise}");
    let some = json!({"hyperparams": {"eps": 0.3, "max_rows": 200}, "preprocess": {"exclude": ["odd"]}});
    let warnings = fit("clustering", None, "dbscan", some).unwrap().manifest["warnings"].to_string();
    assert!(warnings.contains("200 of 600 rows"), "{warnings}");
    let none = fit("clustering", None, "dbscan", json!({"hyperparams": {"eps": 1e-9, "min_samples": 100}}));
    assert!(none.unwrap_err().to_string().contains("all would be noise"));
}

#[test]
fn components_explain_the_variance() {
    let options = json!({"hyperparams": {"n_components": 2}, "preprocess": {"exclude": ["odd"]}});
    let trained = fit("decomposition", None, "auto", options).unwrap();
    let training = &trained.manifest["training"];
    let ratios = training["explained_variance_ratio"].as_array().unwrap();
    let sum: f64 = ratios.iter().map(|r| r.as_f64().unwrap()).sum();
    assert_eq!((ratios.len(), trained.metric.as_str()), (2, "explained_variance"));
    assert!((sum - trained.score).abs() < 1e-12 && sum > 0.5 && sum <= 1.0, "{sum}");
    let first = training["components"][0].as_array().unwrap();
    assert!(first[0][1].as_f64().unwrap() > 0.0, "the largest coefficient is positive: {first:?}");
    assert_eq!(trained.vectors[0].output.len(), 2);
    let all = fit("decomposition", None, "pca", json!({"hyperparams": {"n_components": 0.99}})).unwrap();
    assert!(all.score >= 0.99, "{}", all.score);
}

#[test]
fn what_is_far_away_is_unusual() {
    let trained = fit("anomaly", Some("odd"), "auto", json!({})).unwrap();
    let m = &trained.manifest;
    assert_eq!((m["columns"].clone(), trained.metric.as_str()), (json!(["x", "y", "kind"]), "roc_auc"));
    assert!(trained.score > 0.99 && trained.baseline == 0.5, "{}", m["metrics"]);
    assert_eq!(m["training"]["split"], json!({"train": 420, "test": 180}));
    let options = json!({"hyperparams": {"contamination": 0.03}, "preprocess": {"exclude": ["odd"]}});
    let blind = fit("anomaly", None, "isolation_forest", options).unwrap();
    // Of equal scores none is above the bound.
    let anomalies = blind.manifest["training"]["anomalies"].as_u64().unwrap();
    assert!((12..=18).contains(&anomalies), "{anomalies}");
    assert!(blind.metric == "split_half_correlation" && blind.score > 0.6, "{}", blind.score);
}

#[test]
fn says_what_is_wrong() {
    for (key, spec) in [
        ("target", json!({"task": "decomposition", "target": "y"})),
        ("n_components", json!({"task": "decomposition", "options": {"hyperparams": {"n_components": 1.5}}})),
        ("magic", json!({"task": "decomposition", "algorithm": "magic"})),
        ("magic", json!({"task": "anomaly", "algorithm": "magic"})),
        ("contamination", json!({"task": "anomaly", "options": {"hyperparams": {"contamination": 0.6}}})),
        ("num_trees", json!({"task": "anomaly", "options": {"hyperparams": {"num_trees": 1}}})),
        ("max_samples", json!({"task": "anomaly", "options": {"hyperparams": {"max_samples": 1}}})),
    ] {
        let message = Plan::parse(&spec).unwrap_err().to_string();
        assert!(message.contains(key), "{key}: {message}");
    }
    let wrong = fit("anomaly", Some("kind"), "auto", json!({})).unwrap_err();
    assert!(matches!(wrong, LearnError::Target { .. }), "{wrong}");
}
