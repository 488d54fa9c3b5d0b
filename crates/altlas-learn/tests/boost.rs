//! LightGBM's predictions against the trees that the graph is written of.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use altlas_learn::{Boosted, LightgbmParams, Objective, Run};
use altlas_prep::Matrix;
use common::{Rng, matrix, signal};

fn run<'a>(params: &'a LightgbmParams, matrix: &'a Matrix, target: &'a [f64], classes: usize) -> Run<'a> {
    Run {
        params,
        matrix,
        target,
        classes,
        valid: None,
        rounds: 60,
        seed: 7,
        threads: 1,
        deadline: None,
        watch: None,
    }
}

/// Compares sums of the float32 leaves, by output, with LightGBM's scores.
fn same(boosted: &Boosted, matrix: &Matrix) {
    let outputs = boosted.base.len();
    let trees = boosted.trees().unwrap();
    let scores = boosted.scores(matrix).unwrap();
    assert_eq!(scores.len(), matrix.rows * outputs);
    for r in 0..matrix.rows {
        let row = matrix.row(r);
        let mut sums = boosted.base.clone();
        for (i, tree) in trees.iter().enumerate() {
            sums[i % outputs] += f64::from(tree.leaf(row).unwrap()[0]);
        }
        for (o, sum) in sums.iter().enumerate() {
            let own = scores[r * outputs + o];
            let good = (sum - own).abs() <= 1e-5 * own.abs().max(1.0);
            assert!(good, "row {r} {row:?}: {sum}, LightGBM {own}");
        }
    }
}

#[test]
fn trees_score_as_lightgbm_does() {
    let mut rng = Rng(1);
    let train = matrix(&mut rng, 1500);
    let mut fresh = matrix(&mut rng, 150);
    // Values that training never saw missing, and the corners of float32.
    for (i, x) in [f32::NAN, f32::NEG_INFINITY, f32::INFINITY, 0.0, -0.0, f32::MIN_POSITIVE, 1e-36, -1e-36]
        .into_iter()
        .enumerate()
    {
        fresh.values[i * 6..(i + 1) * 6].fill(x);
    }
    let y: Vec<f64> = (0..train.rows).map(|r| signal(train.row(r)) + rng.normal() * 0.3).collect();
    let counts: Vec<f64> = y.iter().map(|y| y.abs().floor()).collect();
    let binary: Vec<f64> = y.iter().map(|y| f64::from(u8::from(*y > 1.0))).collect();
    let triple: Vec<f64> =
        y.iter().map(|y| if *y > 2.0 { 2.0 } else { f64::from(u8::from(*y > 0.0)) }).collect();
    for (objective, target, classes) in [
        (Objective::L2, &y, 0),
        (Objective::L1, &y, 0),
        (Objective::Quantile, &y, 0),
        (Objective::Huber, &y, 0),
        (Objective::Poisson, &counts, 0),
        (Objective::L2, &binary, 2),
        (Objective::L2, &triple, 3),
    ] {
        let params = LightgbmParams { objective, min_data_in_leaf: 5, ..LightgbmParams::default() };
        let boosted = run(&params, &train, target, classes).train(&mut |_, _| ()).unwrap();
        assert_eq!(boosted.rounds, 60, "{objective:?}");
        same(&boosted, &train);
        same(&boosted, &fresh);
        // One row alone takes another way through LightGBM.
        same(&boosted, &Matrix { rows: 1, width: 6, values: fresh.row(0).to_vec() });
    }
}

#[test]
fn gradients_equal_lightgbms_own_objectives() {
    let mut rng = Rng(2);
    let train = matrix(&mut rng, 800);
    let y: Vec<f64> = (0..train.rows).map(|r| signal(train.row(r)) + rng.normal() * 0.3).collect();
    let binary: Vec<f64> = y.iter().map(|y| f64::from(u8::from(*y > 1.0))).collect();
    let counts: Vec<f64> = y.iter().map(|y| y.abs().floor()).collect();
    let params = LightgbmParams::default();
    let poisson = LightgbmParams { objective: Objective::Poisson, ..LightgbmParams::default() };
    // Means over the rows of each loss, but for constants.
    let squared = |s: f64, y: f64| (s - y).powi(2);
    let logistic = |s: f64, y: f64| s.exp().ln_1p() - y * s;
    let deviance = |s: f64, y: f64| s.exp() - y * s;
    type Loss<'a> = &'a dyn Fn(f64, f64) -> f64;
    let cases: [(_, _, _, _, Loss<'_>); 3] = [
        (&params, &y, 0, "regression", &squared),
        (&params, &binary, 2, "binary", &logistic),
        (&poisson, &counts, 0, "poisson", &deviance),
    ];
    for (params, target, classes, name, loss) in cases {
        // Gradients summed in another order flip single splits between equal gains, and later rounds follow.
        for (rounds, tolerance) in [(1, 1e-6), (60, 5e-3)] {
            let run = Run { rounds, ..run(params, &train, target, classes) };
            let own = run.train(&mut |_, _| ()).unwrap().scores(&train).unwrap();
            let labels: Vec<f32> = target.iter().map(|y| *y as f32).collect();
            let data = lightgbm3::Dataset::from_slice(&train.values, &labels, 6, true).unwrap();
            let parameters = serde_json::json!({"objective": name, "num_iterations": rounds, "learning_rate": 0.05,
                "verbosity": -1, "deterministic": true, "force_row_wise": true, "num_threads": 1, "seed": 7});
            let native = lightgbm3::Booster::train(data, &parameters).unwrap();
            let native = native.raw_scores(&train.values, 6, true).unwrap();
            let mean = |scores: &[f64]| {
                scores.iter().zip(target).map(|(s, y)| loss(*s, *y)).sum::<f64>() / target.len() as f64
            };
            let (own, native) = (mean(&own), mean(&native));
            assert!(
                (own - native).abs() < tolerance,
                "{name}, {rounds} rounds: loss {own}, LightGBM {native}"
            );
        }
    }
}

#[test]
fn stops_early_reports_and_repeats() {
    let mut rng = Rng(3);
    let (train, valid) = (matrix(&mut rng, 400), matrix(&mut rng, 200));
    let target = |m: &Matrix, rng: &mut Rng| -> Vec<f64> {
        (0..m.rows).map(|r| signal(m.row(r)) + rng.normal() * 3.0).collect()
    };
    let (y, v) = (target(&train, &mut rng), target(&valid, &mut rng));
    for objective in [Objective::L2, Objective::L1] {
        let params = LightgbmParams { objective, early_stopping_rounds: 10, ..LightgbmParams::default() };
        let run = Run { valid: Some((&valid, &v)), rounds: 400, ..run(&params, &train, &y, 0) };
        let mut reports = Vec::new();
        let boosted = run.train(&mut |done, total| reports.push((done, total))).unwrap();
        assert!((1..300).contains(&boosted.rounds), "{} rounds", boosted.rounds);
        assert!(reports.iter().all(|r| r.1 == 400));
        if objective == Objective::L2 {
            assert!(reports.len() * 5 >= boosted.rounds, "{reports:?}");
        }
        let again = run.train(&mut |_, _| ()).unwrap();
        assert_eq!(boosted.text(), again.text());
    }
}

#[test]
fn rows_kept_for_stopping_teach_nothing() {
    let mut rng = Rng(4);
    let (train, valid) = (matrix(&mut rng, 600), matrix(&mut rng, 200));
    let y: Vec<f64> = (0..train.rows).map(|r| signal(train.row(r))).collect();
    let params = LightgbmParams { early_stopping_rounds: 0, ..LightgbmParams::default() };
    let with = |v: &[f64]| {
        let run = Run { valid: Some((&valid, v)), rounds: 30, ..run(&params, &train, &y, 0) };
        run.train(&mut |_, _| ()).unwrap().trees().unwrap()
    };
    let (a, b) = (with(&vec![0.0; 200]), with(&vec![-1e6; 200]));
    let shared = a.len().min(b.len());
    assert_eq!(a[..shared], b[..shared]);
}

#[test]
fn a_deadline_ends_it() {
    let mut rng = Rng(5);
    let train = matrix(&mut rng, 400);
    let y: Vec<f64> = (0..train.rows).map(|r| signal(train.row(r))).collect();
    let params = LightgbmParams::default();
    let run = Run { deadline: Some(std::time::Instant::now()), ..run(&params, &train, &y, 0) };
    let boosted = run.train(&mut |_, _| ()).unwrap();
    assert!(boosted.cut && boosted.rounds == 1, "{} rounds", boosted.rounds);
}
