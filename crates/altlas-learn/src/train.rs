//! The flow of training.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use altlas_prep::{Document, Matrix, Table, Tabular};
use serde_json::{Value, json};

use crate::arena::{Arena, Fold, Part};
use crate::choose::Choice;
use crate::conformal::{Calibration, ConformalKind};
use crate::features::{Source, document};
use crate::metrics::{self, Figures};
use crate::model::{Fitted, Model, headline, hyperparams};
use crate::split::{Split, Splitter};
use crate::target::{Target, extract};
use crate::{Algorithm, LearnError, Objective, Task, TrainSpec, manifest};

/// The least rows with a known target.
const MIN_ROWS: usize = 40;
/// The most test vectors.
const VECTORS: usize = 32;
/// The most rows of the background sample.
const BACKGROUND: usize = 64;
/// Seconds that `auto` may take when nothing is said.
const AUTO_BUDGET_S: f64 = 60.0;
const COVERAGES: [f64; 3] = [0.5, 0.8, 0.9];

/// An input with the output expected of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct TestVector {
    /// A row: an object by column name.
    pub input: Value,
    /// The value, or the probabilities of the classes.
    pub output: Vec<f64>,
}

/// A trained model.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The graph.
    pub onnx: Vec<u8>,
    /// What feeds it.
    pub document: Document,
    /// Everything else there is to know (docs/formats.md).
    pub manifest: Value,
    /// Rows of the test part with the trainer's own outputs.
    pub vectors: Vec<TestVector>,
    /// Evenly spaced rows of the training part, by column name, that explanations compare a row with; empty for texts.
    pub background: Vec<Value>,
    /// The figure it is judged by.
    pub metric: String,
    /// Whether less of it is better.
    pub lower_is_better: bool,
    /// That figure on the test part.
    pub score: f64,
    /// That figure of the best constant prediction: the median for `mae`, the mean for `rmse`, the majority for the rest.
    pub baseline: f64,
}

/// Trains as the specification says. `progress` is called with a phase, what is done of it and all of it; it may
/// end the program.
pub fn train(
    spec: &TrainSpec,
    table: Table,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Trained, LearnError> {
    let started = Instant::now();
    progress("prepare", 0, 4);
    let options = &spec.options;
    options.preprocess.check(&table)?;
    let data_sha256 = manifest::data_sha256(&table);
    let objective = match &spec.algorithm {
        Algorithm::Lightgbm(p) => p.objective,
        _ => Objective::L2,
    };
    let (target, rows) = extract(&table, &spec.target, spec.task, options, objective)?;
    if rows.len() < MIN_ROWS {
        return Err(LearnError::TooFewRows { found: rows.len(), needed: MIN_ROWS });
    }
    let mut warnings = Vec::new();
    let dropped = table.rows() - rows.len();
    if dropped > 0 {
        warnings.push(format!("{dropped} rows without a known target were left out"));
    }
    let table = if dropped > 0 { table.take(&rows)? } else { table };
    let splitter = Splitter::new(&table, &target.values, options)?;
    let parts = splitter.split(&table)?;
    let (inner_rows, valid_rows) = splitter.inner(&parts.train);
    let source = Source {
        table: &table,
        target_name: &spec.target,
        target: &target,
        time_column: splitter.time_column.as_deref(),
        group_column: splitter.group_column.as_deref(),
        preprocess: &options.preprocess,
        seed: options.seed,
        inner: &inner_rows,
    };
    progress("prepare", 1, 4);
    let fit = source.fit(&parts.train)?;
    warnings.extend(fit.warnings);
    progress("prepare", 2, 4);
    let inner_fit = source.fit(&inner_rows)?;
    progress("prepare", 3, 4);
    let part = |tabular: &Tabular, rows: &[usize]| -> Result<Part, LearnError> {
        Ok(target.part(source.apply(tabular, rows)?, rows))
    };
    let test = part(&fit.tabular, &parts.test)?;
    let main = Fold {
        train: target.part(fit.matrix, &parts.train),
        judge: part(&fit.tabular, &parts.calibration)?,
        inner: target.part(inner_fit.matrix, &inner_rows),
        valid: part(&inner_fit.tabular, &valid_rows)?,
        judge_inner: Some(part(&inner_fit.tabular, &parts.calibration)?),
    };
    let learnable = [&parts.train[..], &parts.calibration].concat();
    let folds = splitter.folds(&learnable)?.into_iter().enumerate().map(|(number, (train, judge))| {
        progress("prepare folds", number as u64, splitter.fold_count());
        source.fold(&splitter, &train, &judge)
    });
    let folds = folds.collect::<Result<Vec<_>, _>>()?;
    let budget = options.budget_s.or((spec.algorithm == Algorithm::Auto).then_some(AUTO_BUDGET_S));
    let arena = Arena {
        task: spec.task,
        classes: target.labels.len(),
        log: target.log,
        seed: options.seed,
        threads: spec.threads,
        memory: spec.memory_bytes,
        started,
        budget: budget.map(Duration::from_secs_f64),
        main: &main,
        folds: &folds,
        metric: match spec.task {
            Task::Classification => "log_loss",
            Task::Regression => headline(target.log, &spec.algorithm),
        },
    };
    let choice = arena.choose(spec, progress)?;
    let calibration = &main.judge;
    progress("evaluate", 0, 1);
    warnings.extend(choice.warnings.iter().cloned());
    let train_known: Vec<f64> =
        parts.train.iter().filter_map(|&row| target.values.get(row)).copied().collect();
    let report = match spec.task {
        Task::Regression => {
            regression(&choice.fitted, arena.metric, &target, calibration, &test, &train_known)?
        }
        Task::Classification => classification(&choice.fitted, &target, &test, &train_known)?,
    };
    let onnx = choice.fitted.onnx(fit.tabular.width())?;
    let vectors = vectors(&choice.fitted, &table, &fit.tabular, &source, &parts)?;
    let background = background(&table, &fit.tabular, &parts.train);
    let importance = choice.fitted.importance(calibration, options.seed)?;
    let mut importance: Vec<(String, f64)> =
        fit.tabular.feature_names().into_iter().zip(importance).collect();
    importance.sort_by(|a, b| b.1.total_cmp(&a.1));
    let story = Story { splitter: &splitter, parts: &parts, importance, warnings, data_sha256 };
    let manifest = write_manifest(spec, &target, &fit.tabular, choice, &report, story);
    progress("evaluate", 1, 1);
    Ok(Trained {
        onnx,
        document: document(fit.tabular),
        manifest,
        vectors,
        background,
        metric: report.metric.to_owned(),
        lower_is_better: metrics::lower_is_better(report.metric),
        score: report.score,
        baseline: report.baseline,
    })
}

impl Target {
    fn part(&self, matrix: Matrix, rows: &[usize]) -> Part {
        let known: Vec<f64> = rows.iter().filter_map(|&row| self.values.get(row)).copied().collect();
        let learned = known.iter().map(|y| self.learned(*y)).collect();
        Part { matrix, learned, known }
    }
}

impl Source<'_> {
    /// A fold of a cross-validation. Its inner part is features of the same document: category means are out of fold anyway.
    fn fold(&self, splitter: &Splitter, train: &[usize], judge: &[usize]) -> Result<Fold, LearnError> {
        let fit = self.fit(train)?;
        let (inner_rows, valid_rows) = splitter.inner(train);
        let place: HashMap<usize, usize> = train.iter().copied().zip(0..).collect();
        let subset = |rows: &[usize]| {
            let places = rows.iter().filter_map(|row| place.get(row));
            let values = places.flat_map(|place| fit.matrix.row(*place)).copied().collect();
            Matrix { rows: rows.len(), width: fit.matrix.width, values }
        };
        let (inner, valid) = (subset(&inner_rows), subset(&valid_rows));
        Ok(Fold {
            judge: self.target.part(self.apply(&fit.tabular, judge)?, judge),
            inner: self.target.part(inner, &inner_rows),
            valid: self.target.part(valid, &valid_rows),
            train: self.target.part(fit.matrix, train),
            judge_inner: None,
        })
    }
}

/// Figures on the test part.
struct Report {
    metric: &'static str,
    score: f64,
    baseline: f64,
    figures: Figures,
    baselines: BTreeMap<&'static str, Figures>,
    conformal: Option<Calibration>,
    coverage: BTreeMap<String, f64>,
}

fn figure(figures: &Figures, name: &str) -> f64 {
    figures.get(name).copied().unwrap_or(f64::NAN)
}

fn regression(
    fitted: &Fitted,
    metric: &'static str,
    target: &Target,
    calibration: &Part,
    test: &Part,
    train: &[f64],
) -> Result<Report, LearnError> {
    let predicted = fitted.values(&test.matrix)?;
    let kind = if target.log { ConformalKind::LogRatio } else { ConformalKind::Residual };
    let calibrated = fitted.values(&calibration.matrix)?;
    let judged = Calibration::new(kind, &calibration.known, &calibrated);
    let coverage =
        COVERAGES.iter().map(|c| (c.to_string(), judged.covered(&test.known, &predicted, *c))).collect();
    // Once that is known the test rows give scores, too: twice as many, and of the latest rows where these are in time order.
    let all = |a: &[f64], b: &[f64]| [a, b].concat();
    let conformal =
        Calibration::new(kind, &all(&calibration.known, &test.known), &all(&calibrated, &predicted));
    let mut sorted = train.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mean = train.iter().sum::<f64>() / train.len().max(1) as f64;
    let constant = |value: f64| metrics::regression(&test.known, &vec![value; test.known.len()]);
    let baselines =
        BTreeMap::from([("mean", constant(mean)), ("median", constant(metrics::median(&sorted)))]);
    let figures = metrics::regression(&test.known, &predicted);
    let best = if metric == "mae" { "median" } else { "mean" };
    Ok(Report {
        metric,
        score: figure(&figures, metric),
        baseline: baselines.get(best).map_or(f64::NAN, |b| figure(b, metric)),
        figures,
        baselines,
        conformal: Some(conformal),
        coverage,
    })
}

fn classification(
    fitted: &Fitted,
    target: &Target,
    test: &Part,
    train: &[f64],
) -> Result<Report, LearnError> {
    let known: Vec<usize> = test.known.iter().map(|y| *y as usize).collect();
    let figures = metrics::classification(&known, &fitted.proba(&test.matrix)?);
    let share = |class: usize| {
        train.iter().filter(|y| **y as usize == class).count() as f64 / train.len().max(1) as f64
    };
    let shares: Vec<f64> = (0..target.labels.len()).map(share).collect();
    let majority = metrics::classification(&known, &vec![shares; known.len()]);
    let metric = if figures.contains_key("roc_auc") { "roc_auc" } else { "accuracy" };
    Ok(Report {
        metric,
        score: figure(&figures, metric),
        baseline: figure(&majority, metric),
        figures,
        baselines: BTreeMap::from([("majority", majority)]),
        conformal: None,
        coverage: BTreeMap::new(),
    })
}

/// Evenly spaced rows of the test part, with the estimator's own outputs in float64.
fn vectors(
    fitted: &Fitted,
    table: &Table,
    tabular: &Tabular,
    source: &Source<'_>,
    parts: &Split,
) -> Result<Vec<TestVector>, LearnError> {
    let rows = evenly(&parts.test, VECTORS);
    let matrix = source.apply(tabular, &rows)?;
    let outputs: Vec<Vec<f64>> = match fitted.classes {
        0 => fitted.values(&matrix)?.into_iter().map(|v| vec![v]).collect(),
        _ => fitted.proba(&matrix)?,
    };
    let names = names(tabular);
    let vector = |(row, output): (&usize, Vec<f64>)| TestVector {
        input: manifest::row_json(table, &names, *row),
        output,
    };
    Ok(rows.iter().zip(outputs).map(vector).collect())
}

/// Rows that explanations compare others with.
pub(crate) fn background(table: &Table, tabular: &Tabular, rows: &[usize]) -> Vec<Value> {
    let names = names(tabular);
    evenly(rows, BACKGROUND).iter().map(|row| manifest::row_json(table, &names, *row)).collect()
}

pub(crate) fn names(tabular: &Tabular) -> Vec<String> {
    tabular.columns().iter().map(|c| c.name.clone()).collect()
}

/// At most `most` of the rows.
pub(crate) fn evenly<T: Copy>(rows: &[T], most: usize) -> Vec<T> {
    let count = rows.len().min(most);
    (0..count).filter_map(|i| rows.get(i * rows.len() / count)).copied().collect()
}

/// What else the manifest tells.
struct Story<'a> {
    splitter: &'a Splitter,
    parts: &'a Split,
    importance: Vec<(String, f64)>,
    warnings: Vec<String>,
    data_sha256: String,
}

fn write_manifest(
    spec: &TrainSpec,
    target: &Target,
    tabular: &Tabular,
    choice: Choice,
    report: &Report,
    story: Story<'_>,
) -> Value {
    let Choice { fitted, leaderboard, mut validation, .. } = choice;
    let Story { splitter, parts, importance, warnings, data_sha256 } = story;
    let columns: Vec<&str> = tabular.columns().iter().map(|c| c.name.as_str()).collect();
    let regression = spec.task == Task::Regression;
    let output = if regression {
        json!({"value": "variable", "label": null, "proba": null})
    } else {
        json!({"value": null, "label": "label", "proba": "probabilities"})
    };
    let library = match fitted.model {
        // The version that lightgbm3-sys 1.0.11 carries.
        Model::Boosted(_) => json!({"altlas": env!("CARGO_PKG_VERSION"), "lightgbm": "4.7.0"}),
        _ => json!({"altlas": env!("CARGO_PKG_VERSION")}),
    };
    if let Some(validation) = validation.as_object_mut() {
        validation.insert("kind".into(), json!(splitter.name()));
    }
    json!({
        "format": 1, "task": spec.task.name(), "columns": columns, "output": output,
        "labels": if regression { Value::Null } else { json!(target.labels) },
        "target": {"name": spec.target, "unit": target.unit},
        "conformal": report.conformal, "seed": spec.options.seed,
        "rows": parts.train.len() + parts.calibration.len() + parts.test.len(),
        "data_sha256": data_sha256, "algorithm": fitted.algorithm.name(), "library": library,
        "metric": {"name": report.metric, "lower_is_better": metrics::lower_is_better(report.metric)},
        "metrics": report.figures, "baselines": report.baselines, "validation": validation,
        "coverage": report.coverage, "warnings": warnings, "leaderboard": leaderboard,
        "training": {
            "hyperparams": hyperparams(&fitted.algorithm, fitted.rounds()), "log_target": target.log,
            "split": {
                "kind": splitter.name(), "column": splitter.time_column, "group": splitter.group_column,
                "train": parts.train.len(), "calibration": parts.calibration.len(), "test": parts.test.len(),
            },
            "importance": importance,
        },
    })
}
