//! What to train: parsed once from JSON, valid by type afterwards.

mod algorithm;
mod params;
mod search;

use std::time::Duration;

use altlas_prep::{Table, element_place};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::LearnError;

pub use algorithm::Algorithm;
pub use params::{
    BayesParams, ElasticNetParams, ForestParams, KernelSvmParams, LassoParams, LightgbmParams,
    LinearSvmParams, LogisticParams, MlpParams, NeighbourParams, NeighbourWeights, Objective, RidgeParams,
    TreeParams,
};
pub use search::{Dimension, Range, Search, SearchMethod, SearchOptions};

const TASKS: &str =
    "regression, classification, text_classification, ranking, clustering, decomposition, anomaly";

/// What is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A number.
    Regression,
    /// One of a few classes.
    Classification,
}

impl Task {
    /// Its name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Classification => "classification",
        }
    }
}

/// A figure of a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The mean absolute error.
    Mae,
    /// The root of the mean squared error.
    Rmse,
}

impl Metric {
    /// Its name in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mae => "mae",
            Self::Rmse => "rmse",
        }
    }
}

/// How rows are kept back for validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationKind {
    /// At random.
    Holdout,
    /// The latest; with `folds`, blocks of time, each judged by what was learned of those before it.
    Time,
    /// Cross-validation at random.
    Kfold,
    /// Cross-validation with the same shares of the classes in each fold.
    Stratified,
    /// Rows of one value of the column `group` stay together.
    Group,
}

/// How the data are split.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Validation {
    /// At random or by time; by time when a column is given, by group when one is.
    pub kind: Option<ValidationKind>,
    /// The column that orders the rows: a timestamp or a number.
    pub column: Option<String>,
    /// The column whose equal values stay together.
    pub group: Option<String>,
    /// Folds of the cross-validation, 2 to 20; 5 by default, for `time` and `holdout` none.
    pub folds: Option<usize>,
    /// Share of the rows in the calibration part, and again in the test part; 0.05 to 0.4.
    pub fraction: f64,
    /// Whether the chosen model is fitted to all rows once its figures are known.
    pub refit: bool,
}

impl Default for Validation {
    fn default() -> Self {
        Self { kind: None, column: None, group: None, folds: None, fraction: 0.15, refit: true }
    }
}

impl Validation {
    /// The kind as given or implied.
    pub fn kind(&self) -> ValidationKind {
        match (self.kind, &self.group, &self.column) {
            (Some(kind), ..) => kind,
            (None, Some(_), _) => ValidationKind::Group,
            (None, None, Some(_)) => ValidationKind::Time,
            (None, None, None) if self.folds.is_some() => ValidationKind::Kfold,
            _ => ValidationKind::Holdout,
        }
    }

    /// The number of folds; 0 for a single split.
    pub fn folds(&self) -> usize {
        match self.kind() {
            ValidationKind::Holdout => 0,
            ValidationKind::Time => self.folds.unwrap_or(0),
            _ => self.folds.unwrap_or(5),
        }
    }
}

/// How columns become features.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Zone of the calendar features.
    pub time_zone: String,
    /// The most categories that are encoded one by one, at most 256.
    pub one_hot_max: usize,
    /// Rows of the overall mean mixed into the mean of a category.
    pub smoothing: f64,
    /// Columns to leave out.
    pub exclude: Vec<String>,
}

impl Preprocess {
    /// Whether a column is left out, itself or as an element of an array.
    pub(crate) fn excludes(&self, column: &str) -> bool {
        let named = |name: &str| self.exclude.iter().any(|excluded| excluded == name);
        named(column) || element_place(column).is_some_and(|(array, _)| named(array))
    }

    /// Refuses names to leave out that are no columns.
    pub(crate) fn check(&self, table: &Table) -> Result<(), LearnError> {
        let there = |name: &str| {
            let element = |column: &String| element_place(column).is_some_and(|(array, _)| array == name);
            table.column(name).is_some() || table.names().iter().any(element)
        };
        if let Some(name) = self.exclude.iter().find(|name| !there(name)) {
            return Err(LearnError::MissingColumn(name.clone()));
        }
        // The last element says how long the array is.
        let whole = self.exclude.iter().all(|name| element_place(name).is_none());
        check(whole, "preprocess.exclude", "leaves an array out as a whole, by its name")
    }
}

impl Default for Preprocess {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), one_hot_max: 12, smoothing: 20.0, exclude: Vec::new() }
    }
}

/// Options of training.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Hyperparameters, whose keys depend on the algorithm.
    hyperparams: Map<String, Value>,
    /// How the data are split.
    pub validation: Validation,
    /// A search for hyperparameters.
    search: Option<SearchOptions>,
    /// How columns become features.
    pub preprocess: Preprocess,
    /// Unit of the target: `us ms s min h d` for durations, else free text.
    pub unit: Option<String>,
    /// Whether `ln(1 + y)` is learned; by default for right-skewed durations.
    pub log_target: Option<bool>,
    /// The figure that candidates are compared by, and the model judged by, in a regression.
    pub metric: Option<Metric>,
    /// A column, such as somebody's estimate, that the target is counted from.
    pub offset: Option<String>,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Seconds after which no further candidate is tried and boosting stops. 60 for `auto`, else none.
    pub budget_s: Option<f64>,
}

/// The JSON form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    task: String,
    target: String,
    #[serde(default = "auto")]
    algorithm: String,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    threads: Option<u32>,
    #[serde(default)]
    memory_bytes: u64,
}

fn auto() -> String {
    "auto".to_owned()
}

/// What to train, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSpec {
    /// What is learned.
    pub task: Task,
    /// The column to predict.
    pub target: String,
    /// The estimator.
    pub algorithm: Algorithm,
    /// Everything else.
    pub options: Options,
    /// The search for its hyperparameters.
    pub search: Option<Search>,
    /// Threads.
    pub threads: u32,
    /// Bytes that the program may have; 0 for any number.
    pub memory_bytes: u64,
}

/// Seconds that `auto` may take when nothing is said.
const AUTO_BUDGET_S: f64 = 60.0;

impl TrainSpec {
    /// How long training may take.
    pub(crate) fn budget(&self) -> Option<Duration> {
        let auto = (self.algorithm == Algorithm::Auto).then_some(AUTO_BUDGET_S);
        self.options.budget_s.or(auto).map(Duration::from_secs_f64)
    }

    /// Reads `{"task", "target", "algorithm", "options", "threads"}`; all but the first two may be missing.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let raw = Raw::deserialize(value).map_err(|e| LearnError::Options(e.to_string()))?;
        let task = parse_task(&raw.task)?;
        let fixed = &raw.options.hyperparams;
        let algorithm = parse_algorithm(&raw.algorithm, task, fixed)?;
        let search = raw.options.search.as_ref().map(|s| s.resolve(&algorithm, task, fixed)).transpose()?;
        let threads = raw.threads.unwrap_or(1);
        if !(1..=1024).contains(&threads) {
            return Err(LearnError::option("threads", "must be 1 to 1024"));
        }
        check_options(&raw.options, task)?;
        let (target, memory_bytes) = (raw.target, raw.memory_bytes);
        Ok(Self { task, target, algorithm, options: raw.options, search, threads, memory_bytes })
    }
}

fn parse_task(name: &str) -> Result<Task, LearnError> {
    match name {
        "regression" => Ok(Task::Regression),
        "classification" => Ok(Task::Classification),
        _ => Err(LearnError::option("task", format!("\"{name}\" is none of {TASKS}"))),
    }
}

fn parse_algorithm(name: &str, task: Task, params: &Map<String, Value>) -> Result<Algorithm, LearnError> {
    let available = Algorithm::NAMES.to_owned();
    let Some(algorithm) = Algorithm::read(name, params)? else {
        return Err(LearnError::UnknownAlgorithm { name: name.to_owned(), available });
    };
    if !algorithm.learns(task) {
        let what = format!("algorithm \"{name}\" for {}", task.name());
        return Err(LearnError::NotSupported { what, available });
    }
    algorithm.check(task, params)?;
    Ok(algorithm)
}

/// Refuses an option that is no good.
pub(crate) fn check(good: bool, key: &str, problem: &str) -> Result<(), LearnError> {
    if good { Ok(()) } else { Err(LearnError::option(key, problem)) }
}

fn check_options(options: &Options, task: Task) -> Result<(), LearnError> {
    let Validation { column, group, folds, fraction, .. } = &options.validation;
    let kind = options.validation.kind();
    check((0.05..=0.4).contains(fraction), "validation.fraction", "must be 0.05 to 0.4")?;
    let by_time = kind == ValidationKind::Time;
    check(by_time || column.is_none(), "validation.column", "goes with kind \"time\" alone")?;
    let by_group = kind == ValidationKind::Group;
    check(by_group == group.is_some(), "validation.group", "goes with kind \"group\", which needs it")?;
    check(folds.is_none_or(|n| (2..=20).contains(&n)), "validation.folds", "must be 2 to 20")?;
    let single = kind == ValidationKind::Holdout && folds.is_some();
    check(!single, "validation.folds", "does not go with kind \"holdout\"")?;
    let stratified = kind == ValidationKind::Stratified && task != Task::Classification;
    check(!stratified, "validation.kind", "\"stratified\" is for classifications")?;
    let p = &options.preprocess;
    check(p.one_hot_max <= 256, "preprocess.one_hot_max", "must be at most 256")?;
    let smoothing = p.smoothing.is_finite() && p.smoothing >= 0.0;
    check(smoothing, "preprocess.smoothing", "must be 0 or more")?;
    let log = task == Task::Regression || options.log_target != Some(true);
    check(log, "log_target", "is for regressions")?;
    check(task == Task::Regression || options.metric.is_none(), "metric", "is for regressions")?;
    let offset = task == Task::Regression || options.offset.is_none();
    check(offset, "offset", "is for regressions")?;
    let budget = options.budget_s.is_none_or(|s| s > 0.0 && s <= 1e6);
    check(budget, "budget_s", "must be above 0 and at most 1000000")
}
