//! The order of rows within groups: boosting by LambdaRank.
#![allow(clippy::indexing_slicing)] // Row numbers are those of the table.

mod lambda;
mod ndcg;
mod spec;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use altlas_onnx::write::Post;
use altlas_prep::{Column, Matrix, Table};
use serde_json::json;

use self::lambda::Lambda;
use crate::boost::{LIGHTGBM_VERSION, Run};
use crate::choose::Progress;
use crate::features::{Source, document};
use crate::metrics::Figures;
use crate::model::{Fitted, Model, shares};
use crate::split::Splitter;
use crate::target::{Target, only_known};
use crate::train::{TestVector, Trained, VECTORS, background, evenly, names};
use crate::{Algorithm, LearnError, manifest};

pub use ndcg::{mean_ndcg, ndcg};
pub use spec::RankSpec;

/// The largest relevance.
const MAX_RELEVANCE: f64 = 30.0;

/// Rows of some groups, one group after the other.
struct Part {
    rows: Vec<usize>,
    sizes: Vec<usize>,
    matrix: Matrix,
    relevance: Vec<f64>,
}

impl Part {
    fn new(
        mut rows: Vec<usize>,
        splitter: &Splitter,
        target: &Target,
        features: impl FnOnce(&[usize]) -> Result<Matrix, LearnError>,
    ) -> Result<Self, LearnError> {
        rows.sort_by_key(|row| (splitter.group_of(*row), *row));
        let sizes = rows.chunk_by(|a, b| splitter.group_of(*a) == splitter.group_of(*b)).map(<[usize]>::len);
        let relevance = rows.iter().map(|row| target.values[*row]).collect();
        Ok(Self { sizes: sizes.collect(), matrix: features(&rows)?, relevance, rows })
    }
}

/// Learns an order. `progress` is called with a phase, what is done of it and all of it; it may end the program.
pub fn train_ranking(
    spec: &RankSpec,
    table: Table,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    let started = Instant::now();
    progress("prepare", 0, 2);
    let (options, name) = (&spec.spec.options, spec.spec.target.as_str());
    options.preprocess.check(&table)?;
    let data_sha256 = manifest::data_sha256(&table);
    let (values, known) = relevances(&table, name)?;
    let mut warnings = Vec::new();
    let table = only_known(table, &known, &mut warnings)?;
    let target = Target { values, labels: Vec::new(), unit: None, log: false, offset: None };
    let splitter = Splitter::new(&table, &target.values, options)?;
    let parts = splitter.split(&table)?;
    let source = Source {
        table: &table,
        target_name: name,
        target: &target,
        time_column: None,
        group_column: Some(&spec.group),
        preprocess: &options.preprocess,
        seed: options.seed,
        inner: &parts.train,
    };
    progress("prepare", 1, 2);
    let mut ordered = parts.train.clone();
    ordered.sort_by_key(|row| (splitter.group_of(*row), *row));
    let fit = source.fit(&ordered)?;
    warnings.extend(fit.warnings);
    let tabular = fit.tabular;
    let train = Part::new(ordered, &splitter, &target, |_| Ok(fit.matrix))?;
    let of =
        |rows: &[usize]| Part::new(rows.to_vec(), &splitter, &target, |rows| source.apply(&tabular, rows));
    let (valid, test) = (of(&parts.calibration)?, of(&parts.test)?);
    let run = Run {
        params: &spec.params,
        matrix: &train.matrix,
        target: &train.relevance,
        classes: 0,
        valid: Some((&valid.matrix, &valid.relevance)),
        rounds: spec.params.num_trees as usize,
        seed: options.seed,
        threads: spec.spec.threads,
        deadline: options.budget_s.map(|s| started + Duration::from_secs_f64(s)),
        watch: None,
    };
    let lambda = Lambda { train: &train.sizes, valid: &valid.sizes, k: spec.k };
    let boosted = run.by_gradients(&lambda, &mut |done, all| progress("boosting", done, all))?;
    progress("evaluate", 0, 1);
    let scores = boosted.scores(&test.matrix)?;
    let metric = format!("ndcg@{}", spec.k);
    let figures = figures(&test, &scores, spec.k);
    // Equal scores stand for all orders: the mean over random ones.
    let random = figures_of_constant(&test, spec.k);
    let figure = |figures: &Figures| figures.get(&metric).copied();
    let (Some(score), Some(baseline)) = (figure(&figures), figure(&random)) else {
        return Err(LearnError::option("target", "no group of the test part has a row that is relevant"));
    };
    let mut params = spec.params.clone();
    params.num_trees = u32::try_from(boosted.rounds).unwrap_or(u32::MAX);
    let mut importance: Vec<(String, f64)> =
        tabular.feature_names().into_iter().zip(shares(&boosted.importance()?)).collect();
    importance.sort_by(|a, b| b.1.total_cmp(&a.1));
    let names = names(&tabular);
    let places = evenly(&(0..test.rows.len()).collect::<Vec<_>>(), VECTORS);
    let vectors = places.iter().map(|place| TestVector {
        input: manifest::row_json(&table, &names, test.rows[*place]),
        output: vec![scores[*place]],
    });
    let manifest = json!({
        "format": 1, "task": spec::TASK, "columns": names, "output": {"value": "variable", "label": null, "proba": null},
        "labels": null, "target": {"name": name, "unit": null}, "conformal": null, "seed": options.seed, "rows": table.rows(),
        "data_sha256": data_sha256, "algorithm": "lightgbm",
        "library": {"altlas": env!("CARGO_PKG_VERSION"), "lightgbm": LIGHTGBM_VERSION},
        "metric": {"name": metric, "lower_is_better": false}, "metrics": figures, "baselines": {"random": random},
        "warnings": warnings,
        "leaderboard": [{
            "algorithm": "lightgbm", "hyperparams": params, "metric": metric, "lower_is_better": false,
            "score": ndcg::mean_ndcg(&valid.relevance, &boosted.scores(&valid.matrix)?, &valid.sizes, spec.k),
            "seconds": (started.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        }],
        "training": {
            "hyperparams": params, "group": spec.group, "importance": importance,
            "split": {
                "kind": splitter.name(), "group": spec.group, "train": train.rows.len(), "calibration": valid.rows.len(),
                "test": test.rows.len(), "train_groups": train.sizes.len(), "test_groups": test.sizes.len(),
            },
        },
    });
    let (algorithm, width) = (Algorithm::Lightgbm(params), tabular.width());
    let fitted =
        Fitted { model: Model::Boosted(boosted), algorithm, classes: 0, post: Post::None, offset: None };
    progress("evaluate", 1, 1);
    Ok(Trained {
        onnx: fitted.onnx(width)?,
        vectors: vectors.collect(),
        background: background(&table, &tabular, &train.rows),
        document: document(tabular),
        manifest,
        metric,
        lower_is_better: false,
        score,
        baseline,
    })
}

fn figures_of_constant(part: &Part, k: usize) -> Figures {
    figures(part, &vec![0.0; part.rows.len()], k)
}

/// The gain of the first places: `k`, 1 and 5.
fn figures(part: &Part, scores: &[f64], k: usize) -> Figures {
    let gain = |k: usize| Some((format!("ndcg@{k}"), mean_ndcg(&part.relevance, scores, &part.sizes, k)?));
    [1, 5, k].into_iter().filter_map(gain).collect::<BTreeMap<_, _>>()
}

/// The relevance of the rows where it is known, and these rows.
fn relevances(table: &Table, name: &str) -> Result<(Vec<f64>, Vec<usize>), LearnError> {
    let column = table.column(name).ok_or_else(|| LearnError::MissingColumn(name.to_owned()))?;
    let refused = || LearnError::Target {
        column: name.to_owned(),
        found: column.column_type(),
        problem: format!("a relevance is a boolean or a whole number from 0 to {MAX_RELEVANCE}"),
    };
    let values: Vec<f64> = match column {
        Column::Number(values) => values.clone(),
        Column::Boolean(values) => {
            values.iter().map(|v| v.map_or(f64::NAN, |v| f64::from(u8::from(v)))).collect()
        }
        _ => return Err(refused()),
    };
    let known: Vec<usize> = (0..values.len()).filter(|row| !values[*row].is_nan()).collect();
    let values: Vec<f64> = known.iter().map(|row| values[*row]).collect();
    if values.iter().any(|v| v.fract() != 0.0 || !(0.0..=MAX_RELEVANCE).contains(v)) {
        return Err(refused());
    }
    Ok((values, known))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::LightgbmParams;
    use crate::reference::numbers;

    /// Against LightGBM's own lambdarank in Python (scripts/reference/ranking.py): the same trees but where gradients are as good as equal.
    #[test]
    fn learns_what_lightgbm_learns() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/data/ranking.json")).unwrap();
        let case = &cases["boosted"];
        let whole = |key: &str| case[key].as_u64().unwrap() as usize;
        let (width, size, learned) = (whole("width"), whole("size"), whole("learned"));
        let x: Vec<f32> = numbers(&case["x"]).into_iter().map(|x| x as f32).collect();
        let grades = numbers(&case["grades"]);
        let (train, test) = x.split_at(learned * size * width);
        let matrix = |values: &[f32]| Matrix { rows: values.len() / width, width, values: values.to_vec() };
        let (train, test) = (matrix(train), matrix(test));
        let (target, known) = grades.split_at(learned * size);
        let params = LightgbmParams {
            num_leaves: whole("num_leaves") as u32,
            learning_rate: case["learning_rate"].as_f64().unwrap(),
            ..LightgbmParams::default()
        };
        let run = Run {
            params: &params,
            matrix: &train,
            target,
            classes: 0,
            valid: None,
            rounds: whole("rounds"),
            seed: 1,
            threads: 1,
            deadline: None,
            watch: None,
        };
        let sizes = vec![size; learned];
        let lambda = Lambda { train: &sizes, valid: &[], k: 10 };
        let scores = run.by_gradients(&lambda, &mut |_, _| ()).unwrap().scores(&test).unwrap();
        let found = mean_ndcg(known, &scores, &vec![size; known.len() / size], 10).unwrap();
        let expected = case["ndcg"].as_f64().unwrap();
        assert!((found - expected).abs() < 0.01, "{found}, not {expected}");
        let theirs = numbers(&case["scores"]);
        let r = crate::features::correlation(scores.iter().copied().zip(theirs)).unwrap();
        assert!(r > 0.99, "{r}");
    }
}
