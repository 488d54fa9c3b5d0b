//! The flow of training.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use altlas_prep::{Document, Matrix, Table, Tabular};
use serde_json::{Value, json};

use crate::arena::{Arena, Fold};
use crate::boost::LIGHTGBM_VERSION;
use crate::choose::Choice;
use crate::features::{FitFeatures, Source, document};
use crate::model::{Fitted, Model, hyperparams};
use crate::offset::Offset;
use crate::refit::Again;
use crate::report::{Report, classification, regression};
use crate::split::{Split, Splitter};
use crate::target::{Target, extract, only_known};
use crate::{Algorithm, LearnError, Objective, Task, TrainSpec, manifest, metrics};

/// The most test vectors.
pub(crate) const VECTORS: usize = 32;
/// The most rows of the background sample.
const BACKGROUND: usize = 64;

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
    /// Evenly spaced rows of those that it learned from, by column name, that explanations compare a row with; empty for texts.
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
    train_until(spec, table, &|| false, progress)
}

/// The same. Once `finish` is true and there is a candidate, no further one is tried.
pub fn train_until(
    spec: &TrainSpec,
    table: Table,
    finish: &dyn Fn() -> bool,
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
    let (mut target, rows) = extract(&table, &spec.target, spec.task, options, objective)?;
    let mut warnings = Vec::new();
    let table = only_known(table, &rows, &mut warnings)?;
    let splitter = Splitter::new(&table, &target.values, options)?;
    let parts = splitter.split(&table)?;
    target.offset = Offset::new(&table, options, &spec.target, &target.values, target.log, &parts.train)?;
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
    let clock = Instant::now();
    let fit = source.fit(&parts.train)?;
    let prepared = clock.elapsed();
    progress("prepare", 2, 4);
    let inner_fit = source.fit(&inner_rows)?;
    progress("prepare", 3, 4);
    let part = |tabular: &Tabular, rows: &[usize]| target.part(tabular, source.apply(tabular, rows)?, rows);
    let test = part(&fit.tabular, &parts.test)?;
    let main = Fold {
        train: target.part(&fit.tabular, fit.matrix, &parts.train)?,
        judge: part(&fit.tabular, &parts.calibration)?,
        inner: target.part(&inner_fit.tabular, inner_fit.matrix, &inner_rows)?,
        valid: part(&inner_fit.tabular, &valid_rows)?,
        judge_inner: Some(part(&inner_fit.tabular, &parts.calibration)?),
    };
    let learnable = [&parts.train[..], &parts.calibration].concat();
    let folds = splitter.folds(&learnable)?.into_iter().enumerate().map(|(number, (train, judge))| {
        progress("prepare folds", number as u64, splitter.fold_count());
        Ok(source.fold(&splitter, &train, &judge, true)?.0)
    });
    let folds = folds.collect::<Result<Vec<_>, LearnError>>()?;
    let arena = Arena::new(spec, &target, started, &main, &folds, finish);
    let choice = arena.choose(spec, progress)?;
    let calibration = &main.judge;
    progress("evaluate", 0, 1);
    let train_known: Vec<f64> =
        parts.train.iter().filter_map(|&row| target.values.get(row)).copied().collect();
    let report = match spec.task {
        Task::Regression => {
            regression(&choice.fitted, arena.metric, &target, calibration, &test, &train_known)?
        }
        Task::Classification => classification(&choice.fitted, &target, &test, &train_known)?,
    };
    let importance = choice.fitted.importance(calibration, options.seed)?;
    let mut importance: Vec<(String, f64)> =
        fit.tabular.feature_names().into_iter().zip(importance).collect();
    importance.sort_by(|a, b| b.1.total_cmp(&a.1));
    // What judged the model makes room for the rows that it is fitted to again.
    drop((main, folds, test));
    let again = Again { spec, source: &source, splitter: &splitter, parts: &parts, started, prepared };
    let mut told = Vec::new();
    let refitted = again.fit(&choice, &mut told, progress);
    let (fitted, tabular) = match &refitted {
        Some(last) => (&last.fitted, &last.tabular),
        None => (&choice.fitted, &fit.tabular),
    };
    let left_out = refitted.as_ref().map_or(&fit.warnings, |last| &last.warnings);
    warnings.extend(left_out.iter().chain(&choice.warnings).chain(&told).cloned());
    let mut known = HashSet::new();
    warnings.retain(|warning| known.insert(warning.clone()));
    let onnx = fitted.onnx(tabular.width())?;
    let vectors = vectors(fitted, &table, tabular, &source, &parts)?;
    let learned = refitted.as_ref().map_or(parts.train.clone(), |_| parts.all());
    let background = background(&table, tabular, &learned);
    let refit = refitted.as_ref().map(|last| json!({"rows": last.rows, "rounds": last.fitted.rounds()}));
    let story = Story { splitter: &splitter, parts: &parts, importance, warnings, data_sha256, refit };
    let manifest = write_manifest(spec, &target, tabular, &choice, &report, story);
    let document = document(tabular.clone());
    progress("evaluate", 1, 1);
    Ok(Trained {
        onnx,
        document,
        manifest,
        vectors,
        background,
        metric: report.metric.to_owned(),
        lower_is_better: metrics::lower_is_better(report.metric),
        score: report.score,
        baseline: report.baseline,
    })
}

impl Source<'_> {
    /// A fold of a cross-validation, with its document and what that leaves out. Its inner part, where wanted, is features of the same
    /// document: category means are out of fold anyway.
    pub(crate) fn fold(
        &self,
        splitter: &Splitter,
        train: &[usize],
        judge: &[usize],
        inner: bool,
    ) -> Result<(Fold, Tabular, Vec<String>), LearnError> {
        let FitFeatures { tabular, matrix, warnings } = self.fit(train)?;
        let (inner_rows, valid_rows) = if inner { splitter.inner(train) } else { Default::default() };
        let place: HashMap<usize, usize> = train.iter().copied().zip(0..).collect();
        let subset = |rows: &[usize]| {
            let places = rows.iter().filter_map(|row| place.get(row));
            let values = places.flat_map(|place| matrix.row(*place)).copied().collect();
            Matrix { rows: rows.len(), width: matrix.width, values }
        };
        let part = |matrix: Matrix, rows: &[usize]| self.target.part(&tabular, matrix, rows);
        let fold = Fold {
            judge: part(self.apply(&tabular, judge)?, judge)?,
            inner: part(subset(&inner_rows), &inner_rows)?,
            valid: part(subset(&valid_rows), &valid_rows)?,
            train: part(matrix, train)?,
            judge_inner: None,
        };
        Ok((fold, tabular, warnings))
    }
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
    refit: Option<Value>,
}

fn write_manifest(
    spec: &TrainSpec,
    target: &Target,
    tabular: &Tabular,
    choice: &Choice,
    report: &Report,
    story: Story<'_>,
) -> Value {
    let Choice { fitted, leaderboard, validation, .. } = choice;
    let Story { splitter, parts, importance, warnings, data_sha256, refit } = story;
    let mut validation = validation.clone();
    let columns: Vec<&str> = tabular.columns().iter().map(|c| c.name.as_str()).collect();
    let regression = spec.task == Task::Regression;
    let output = if regression {
        json!({"value": "variable", "label": null, "proba": null})
    } else {
        json!({"value": null, "label": "label", "proba": "probabilities"})
    };
    let library = match fitted.model {
        Model::Boosted(_) => json!({"altlas": env!("CARGO_PKG_VERSION"), "lightgbm": LIGHTGBM_VERSION}),
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
            "refit": refit,
            "offset": target.offset.as_ref().map(|o| json!({"column": o.column, "scale": o.rule.scale, "fill": o.rule.fill})),
        },
    })
}
