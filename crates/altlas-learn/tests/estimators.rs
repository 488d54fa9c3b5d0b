//! Estimators against scikit-learn (scripts/reference/estimators.py).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use altlas_learn::{
    ForestKind, ForestRun, KernelRun, Neighbours, Platt, elastic_net, linear_svm, naive_bayes,
};
use altlas_prep::Matrix;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("data/estimators.json")).unwrap();
    let cases = all["cases"].as_array().unwrap();
    let cases: Vec<Value> = cases.iter().filter(|case| case["kind"] == kind).cloned().collect();
    assert!(!cases.is_empty(), "{kind}");
    cases
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn flat(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().flat_map(list).collect()
}

fn matrix(value: &Value) -> Matrix {
    let rows = value.as_array().unwrap();
    Matrix {
        rows: rows.len(),
        width: rows[0].as_array().unwrap().len(),
        values: flat(value).into_iter().map(|v| v as f32).collect(),
    }
}

fn classes(case: &Value) -> usize {
    case["classes"].as_u64().unwrap() as usize
}

fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let good = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(good, "{what}: {found}, not {expected}");
    }
}

fn softmax(scores: &[f64], classes: usize) -> Vec<f64> {
    let shares = |row: &[f64]| {
        let top = row.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = row.iter().map(|s| (s - top).exp()).sum();
        row.iter().map(|s| (s - top).exp() / total).collect::<Vec<_>>()
    };
    scores.chunks(classes).flat_map(shares).collect()
}

#[test]
fn lasso_and_elastic_net() {
    for case in cases("elastic") {
        let (x, y) = (matrix(&case["x"]), list(&case["y"]));
        let (alpha, ratio) = (number(&case["alpha"]), number(&case["l1_ratio"]));
        let (fit, converged) = elastic_net(&x, &y, alpha, ratio, 10_000, &mut || ()).unwrap();
        assert!(converged);
        close(&fit.coefficients[0], &list(&case["coefficients"]), 1e-6, "coefficient");
        close(&fit.intercepts, &[number(&case["intercept"])], 1e-6, "intercept");
        if ratio == 1.0 {
            assert!(fit.coefficients[0].contains(&0.0), "{:?}", fit.coefficients);
        }
    }
}

#[test]
fn linear_support_vector_machines() {
    for case in cases("margin") {
        let (x, y) = (matrix(&case["x"]), list(&case["y"]));
        let (c, epsilon) = (number(&case["c"]), number(&case["epsilon"]));
        let (fit, converged) = linear_svm(&x, &y, classes(&case), c, epsilon, 5000, 1, &mut || ()).unwrap();
        assert!(converged);
        close(&fit.coefficients.concat(), &flat(&case["coefficients"]), 1e-4, "coefficient");
        close(&fit.intercepts, &list(&case["intercepts"]), 1e-4, "intercept");
    }
}

#[test]
fn support_vector_machines_with_a_kernel() {
    for case in cases("kernel") {
        let (matrix, target) = (&matrix(&case["x"]), &list(&case["y"])[..]);
        let (c, gamma, epsilon) = (number(&case["c"]), number(&case["gamma"]), number(&case["epsilon"]));
        let (max_rows, seed, deadline) = (1000, 1, None);
        let run = KernelRun {
            matrix,
            target,
            classes: classes(&case),
            c,
            gamma,
            epsilon,
            max_rows,
            seed,
            deadline,
        };
        let (fit, converged) = run.train(&mut || ()).unwrap();
        assert!(converged);
        // Optimality to 1e-3 of the margin on both sides.
        close(&fit.scores(matrix), &flat(&case["scores"]), 5e-3, "score");
        assert!(fit.points() < matrix.rows, "{} support vectors", fit.points());
        let sampled = KernelRun { max_rows: 50, ..run }.train(&mut || ()).unwrap().0;
        assert!(sampled.points() <= 50);
    }
}

#[test]
fn platts_probabilities() {
    for case in cases("platt") {
        let platt = Platt::new(&list(&case["scores"]), &list(&case["y"]), 2);
        close(&[platt.slope], &[number(&case["slope"])], 1e-4, "slope");
        close(&platt.offsets, &[number(&case["offset"])], 1e-4, "offset");
    }
}

#[test]
fn nearest_neighbours() {
    for case in cases("neighbours") {
        let (x, y) = (matrix(&case["x"]), list(&case["y"]));
        let k = case["k"].as_u64().unwrap() as usize;
        let model = Neighbours::new(&x, &y, classes(&case), k, case["weights"] == "distance", 1);
        close(&model.scores(&matrix(&case["query"])), &flat(&case["scores"]), 1e-5, "score");
    }
    // Beyond the bound a sample is kept.
    let x = Matrix { rows: 12_000, width: 1, values: (0..12_000).map(|i| i as f32).collect() };
    let y: Vec<f64> = (0..12_000).map(f64::from).collect();
    let model = Neighbours::new(&x, &y, 0, 3, false, 1);
    assert_eq!(model.rows(), 10_000);
    let far = model.scores(&x).iter().zip(&y).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(far < 20.0, "{far}");
}

#[test]
fn gaussian_naive_bayes() {
    for case in cases("bayes") {
        let (x, y, classes) = (matrix(&case["x"]), list(&case["y"]), classes(&case));
        let fit = naive_bayes(&x, &y, classes, number(&case["smoothing"])).unwrap();
        close(&softmax(&fit.scores(&x), classes), &flat(&case["proba"]), 1e-5, "probability");
        // A row of which nothing is known has the classes' shares.
        let nothing = Matrix { rows: 1, width: x.width, values: vec![f32::NAN; x.width] };
        let share = |class: usize| y.iter().filter(|y| **y as usize == class).count() as f64 / y.len() as f64;
        let shares: Vec<f64> = (0..classes).map(share).collect();
        close(&softmax(&fit.scores(&nothing), classes), &shares, 1e-12, "share");
    }
}

fn forest<'a>(matrix: &'a Matrix, target: &'a [f64], classes: usize, kind: ForestKind) -> ForestRun<'a> {
    ForestRun {
        kind,
        trees: 200,
        max_depth: -1,
        min_leaf: 0,
        max_features: None,
        matrix,
        target,
        classes,
        seed: 3,
        threads: 1,
        deadline: None,
        memory: 0,
    }
}

#[test]
fn decision_trees() {
    for case in cases("tree") {
        let (x, y) = (matrix(&case["x"]), list(&case["y"]));
        let run = ForestRun {
            trees: 1,
            max_depth: number(&case["depth"]) as i32,
            min_leaf: number(&case["leaf"]) as usize,
            ..forest(&x, &y, classes(&case), ForestKind::Tree)
        };
        let tree = run.train(&mut |_, _| ()).unwrap();
        let gains = tree.importance();
        let total: f64 = gains.iter().sum();
        let shares: Vec<f64> = gains.iter().map(|g| g / total).collect();
        close(
            &shares,
            &list(&case["importance"]),
            1e-5,
            &format!("importance {} {}", case["classes"], case["depth"]),
        );
        close(&tree.scores(&x), &flat(&case["scores"]), 1e-6, "score");
    }
}

#[test]
fn forests_are_as_good() {
    let all = cases("forest");
    let x = matrix(&all[0]["x"]);
    let cut = 600 * x.width;
    let train = Matrix { rows: 600, width: x.width, values: x.values[..cut].to_vec() };
    let test = Matrix { rows: 300, width: x.width, values: x.values[cut..].to_vec() };
    for case in &all {
        let (y, classes) = (list(&case["y"]), classes(case));
        for (kind, name) in [(ForestKind::Random, "random"), (ForestKind::Extra, "extra")] {
            let run = ForestRun {
                min_leaf: 3,
                max_features: Some(0.5),
                ..forest(&train, &y[..600], classes, kind)
            };
            let fitted = run.train(&mut |_, _| ()).unwrap();
            let scores = fitted.scores(&test);
            let known = &y[600..];
            let figure = if classes == 0 {
                let squares = scores.iter().zip(known).map(|(p, y)| (p - y) * (p - y));
                (squares.sum::<f64>() / 300.0).sqrt()
            } else {
                let own = scores.chunks(classes).zip(known).map(|(row, y)| -row[*y as usize].ln());
                own.sum::<f64>() / 300.0
            };
            let reference = list(&case[name]);
            assert!(figure < reference[0] * 1.03, "{classes} {name}: {figure}, not {reference:?}");
            assert!(figure > reference[0] * 0.9, "{classes} {name}: {figure}, not {reference:?}");
        }
    }
}

#[test]
fn forests_keep_to_their_bounds() {
    let all = cases("forest");
    let (x, y) = (matrix(&all[0]["x"]), list(&all[0]["y"]));
    let base = forest(&x, &y, 0, ForestKind::Random);
    let fit = |run: ForestRun<'_>| run.train(&mut |_, _| ()).unwrap();
    // Neither threads nor calls change the trees; the seed does.
    let one = fit(ForestRun { trees: 20, ..base });
    assert_eq!(one.trees(), fit(ForestRun { trees: 20, threads: 3, ..base }).trees());
    assert_ne!(one.trees(), fit(ForestRun { trees: 20, seed: 4, ..base }).trees());
    let late = fit(ForestRun { deadline: Some(std::time::Instant::now()), ..base });
    assert!(late.sizes().0 < 200 && late.sizes().1 == 200, "{:?}", late.sizes());
    let error = ForestRun { memory: 1 << 20, ..base }.train(&mut |_, _| ()).unwrap_err();
    assert!(error.to_string().contains("MB"), "{error}");
}
