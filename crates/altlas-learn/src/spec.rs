//! What to train: parsed once from JSON, valid by type afterwards.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::LearnError;

/// Names in the SQL contract that this version does not train.
const LATER: [&str; 15] = [
    "lasso",
    "elasticnet",
    "knn",
    "naive_bayes",
    "svm_linear",
    "svm_rbf",
    "decision_tree",
    "random_forest",
    "extra_trees",
    "mlp",
    "kmeans",
    "dbscan",
    "gmm",
    "hierarchical",
    "isolation_forest",
];
const LATER_TASKS: [&str; 3] = ["clustering", "ranking", "anomaly"];
const TASKS: &str = "regression, classification, text_classification";
const AVAILABLE: &str = "auto, lightgbm, linear, ridge (regression), logistic (classification)";

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

/// What LightGBM minimises in a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Squared error: the mean.
    L2,
    /// Absolute error: the median.
    L1,
    /// Pinball loss: the quantile `alpha`.
    Quantile,
    /// Poisson deviance, for counts.
    Poisson,
    /// Huber's loss with threshold `alpha`.
    Huber,
}

impl Objective {
    /// Whether LightGBM renews the leaves after each tree; such a training runs in one call (boost.rs).
    pub(crate) fn in_one_call(self) -> bool {
        matches!(self, Self::L1 | Self::Quantile)
    }
}

/// Hyperparameters of LightGBM, by its own names but `num_trees`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LightgbmParams {
    /// The most boosting rounds, 1 to 10,000.
    pub num_trees: u32,
    /// Shrinkage of each round, in (0, 1].
    pub learning_rate: f64,
    /// Leaves of a tree, 2 to 4,096.
    pub num_leaves: u32,
    /// Rows of a leaf. Columns that cannot be split into 20 and 20 rows are not used in any case.
    pub min_data_in_leaf: u32,
    /// Depth of a tree; -1 for no limit.
    pub max_depth: i32,
    /// Share of the features tried in a tree, in (0, 1].
    pub feature_fraction: f64,
    /// Share of the rows drawn for a tree, in (0, 1].
    pub bagging_fraction: f64,
    /// Rows are drawn anew after this many rounds; 0 for never.
    pub bagging_freq: u32,
    /// L1 penalty on leaf values.
    pub lambda_l1: f64,
    /// L2 penalty on leaf values.
    pub lambda_l2: f64,
    /// Gain that a split must have.
    pub min_gain_to_split: f64,
    /// What is minimised in a regression.
    pub objective: Objective,
    /// The quantile, or Huber's threshold.
    pub alpha: f64,
    /// Rounds without improvement on the inner part after which boosting stops; 0 for never.
    pub early_stopping_rounds: u32,
}

impl Default for LightgbmParams {
    fn default() -> Self {
        Self {
            num_trees: 500,
            learning_rate: 0.05,
            num_leaves: 31,
            min_data_in_leaf: 20,
            max_depth: -1,
            feature_fraction: 1.0,
            bagging_fraction: 1.0,
            bagging_freq: 0,
            lambda_l1: 0.0,
            lambda_l2: 0.0,
            min_gain_to_split: 0.0,
            objective: Objective::L2,
            alpha: 0.9,
            early_stopping_rounds: 50,
        }
    }
}

/// Hyperparameters of ridge regression on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RidgeParams {
    /// Weight of the squared coefficients beside the sum of squared errors.
    pub alpha: f64,
}

impl Default for RidgeParams {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

/// Hyperparameters of logistic regression on standardised features.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogisticParams {
    /// Weight of half the squared coefficients beside the sum of log losses.
    pub l2: f64,
    /// The most iterations of the solver.
    pub max_iter: u32,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self { l2: 1.0, max_iter: 500 }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParams {}

/// An estimator with its hyperparameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Algorithm {
    /// Several, the best kept.
    Auto,
    /// Gradient boosting.
    Lightgbm(LightgbmParams),
    /// Least squares.
    Linear,
    /// Least squares with an L2 penalty.
    Ridge(RidgeParams),
    /// Logistic regression, binary or multinomial.
    Logistic(LogisticParams),
}

impl Algorithm {
    /// Its name in the manifest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lightgbm(_) => "lightgbm",
            Self::Linear => "linear",
            Self::Ridge(_) => "ridge",
            Self::Logistic(_) => "logistic",
        }
    }
}

/// How rows are kept back for validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationKind {
    /// At random.
    Holdout,
    /// The latest.
    Time,
}

/// How the data are split.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Validation {
    /// At random or by time; by time when a column is given.
    pub kind: Option<ValidationKind>,
    /// The column that orders the rows: a timestamp or a number.
    pub column: Option<String>,
    /// Share of the rows in the calibration part, and again in the test part; 0.05 to 0.4.
    pub fraction: f64,
}

impl Default for Validation {
    fn default() -> Self {
        Self { kind: None, column: None, fraction: 0.15 }
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
    /// How columns become features.
    pub preprocess: Preprocess,
    /// Unit of the target: `us ms s min h d` for durations, else free text.
    pub unit: Option<String>,
    /// Whether `ln(1 + y)` is learned; by default for right-skewed durations.
    pub log_target: Option<bool>,
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
    /// LightGBM cannot be told.
    #[serde(default, rename = "memory_bytes")]
    _memory_bytes: u64,
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
    /// Threads that LightGBM may use, where it was built with OpenMP.
    pub threads: u32,
}

impl TrainSpec {
    /// Reads `{"task", "target", "algorithm", "options", "threads"}`; all but the first two may be missing.
    pub fn parse(value: &Value) -> Result<Self, LearnError> {
        let raw = Raw::deserialize(value).map_err(|e| LearnError::Options(e.to_string()))?;
        let task = parse_task(&raw.task)?;
        let algorithm = parse_algorithm(&raw.algorithm, task, &raw.options.hyperparams)?;
        let threads = raw.threads.unwrap_or(1);
        if !(1..=1024).contains(&threads) {
            return Err(LearnError::option("threads", "must be 1 to 1024"));
        }
        check_options(&raw.options, task)?;
        Ok(Self { task, target: raw.target, algorithm, options: raw.options, threads })
    }
}

fn parse_task(name: &str) -> Result<Task, LearnError> {
    match name {
        "regression" => Ok(Task::Regression),
        "classification" => Ok(Task::Classification),
        _ if LATER_TASKS.contains(&name) => {
            Err(LearnError::NotSupported { what: format!("task \"{name}\""), available: TASKS.to_owned() })
        }
        _ => Err(LearnError::option("task", format!("\"{name}\" is none of {TASKS}"))),
    }
}

fn parse_algorithm(name: &str, task: Task, params: &Map<String, Value>) -> Result<Algorithm, LearnError> {
    fn read<T: serde::de::DeserializeOwned>(params: &Map<String, Value>) -> Result<T, LearnError> {
        T::deserialize(Value::Object(params.clone()))
            .map_err(|e| LearnError::Options(format!("hyperparams: {e}")))
    }
    let available = AVAILABLE.to_owned();
    let algorithm = match name {
        "auto" => read::<NoParams>(params).map(|_| Algorithm::Auto)?,
        "lightgbm" => Algorithm::Lightgbm(read(params)?),
        "linear" => read::<NoParams>(params).map(|_| Algorithm::Linear)?,
        "ridge" => Algorithm::Ridge(read(params)?),
        "logistic" => Algorithm::Logistic(read(params)?),
        _ if LATER.contains(&name) => {
            return Err(LearnError::NotSupported { what: format!("algorithm \"{name}\""), available });
        }
        _ => {
            return Err(LearnError::UnknownAlgorithm { name: name.to_owned(), available });
        }
    };
    let fits = match algorithm {
        Algorithm::Auto | Algorithm::Lightgbm(_) => true,
        Algorithm::Linear | Algorithm::Ridge(_) => task == Task::Regression,
        Algorithm::Logistic(_) => task == Task::Classification,
    };
    if !fits {
        let what = format!("algorithm \"{name}\" for {}", task.name());
        return Err(LearnError::NotSupported { what, available });
    }
    check_params(&algorithm, task, params)?;
    Ok(algorithm)
}

fn check(good: bool, key: &str, problem: &str) -> Result<(), LearnError> {
    if good { Ok(()) } else { Err(LearnError::option(key, problem)) }
}

fn check_params(algorithm: &Algorithm, task: Task, given: &Map<String, Value>) -> Result<(), LearnError> {
    let share = |x: f64| x > 0.0 && x <= 1.0;
    let penalty = |x: f64| x.is_finite() && x >= 0.0;
    match algorithm {
        Algorithm::Lightgbm(p) => {
            check((1..=10_000).contains(&p.num_trees), "num_trees", "must be 1 to 10000")?;
            check(share(p.learning_rate), "learning_rate", "must be above 0 and at most 1")?;
            check((2..=4096).contains(&p.num_leaves), "num_leaves", "must be 2 to 4096")?;
            check(
                (1..=10_000_000).contains(&p.min_data_in_leaf),
                "min_data_in_leaf",
                "must be 1 to 10000000",
            )?;
            let depth = p.max_depth == -1 || (1..=64).contains(&p.max_depth);
            check(depth, "max_depth", "must be -1 or 1 to 64")?;
            check(share(p.feature_fraction), "feature_fraction", "must be above 0 and at most 1")?;
            check(share(p.bagging_fraction), "bagging_fraction", "must be above 0 and at most 1")?;
            check(p.bagging_freq <= 10_000, "bagging_freq", "must be at most 10000")?;
            check(penalty(p.lambda_l1), "lambda_l1", "must be 0 or more")?;
            check(penalty(p.lambda_l2), "lambda_l2", "must be 0 or more")?;
            check(penalty(p.min_gain_to_split), "min_gain_to_split", "must be 0 or more")?;
            check(p.alpha > 0.0 && p.alpha.is_finite(), "alpha", "must be above 0")?;
            let quantile = p.objective != Objective::Quantile || p.alpha < 1.0;
            check(quantile, "alpha", "must be below 1 for a quantile")?;
            let chosen = task == Task::Classification && given.contains_key("objective");
            check(!chosen, "objective", "is for regressions")
        }
        Algorithm::Ridge(p) => check(penalty(p.alpha), "alpha", "must be 0 or more"),
        Algorithm::Logistic(p) => {
            check(p.l2 > 0.0 && p.l2.is_finite(), "l2", "must be above 0")?;
            check((1..=100_000).contains(&p.max_iter), "max_iter", "must be 1 to 100000")
        }
        Algorithm::Auto | Algorithm::Linear => Ok(()),
    }
}

fn check_options(options: &Options, task: Task) -> Result<(), LearnError> {
    let Validation { kind, column, fraction } = &options.validation;
    check((0.05..=0.4).contains(fraction), "validation.fraction", "must be 0.05 to 0.4")?;
    let holdout = *kind == Some(ValidationKind::Holdout);
    check(!(holdout && column.is_some()), "validation.column", "does not go with kind \"holdout\"")?;
    let p = &options.preprocess;
    check(p.one_hot_max <= 256, "preprocess.one_hot_max", "must be at most 256")?;
    let smoothing = p.smoothing.is_finite() && p.smoothing >= 0.0;
    check(smoothing, "preprocess.smoothing", "must be 0 or more")?;
    let log = task == Task::Regression || options.log_target != Some(true);
    check(log, "log_target", "is for regressions")?;
    let budget = options.budget_s.is_none_or(|s| s > 0.0 && s <= 1e6);
    check(budget, "budget_s", "must be above 0 and at most 1000000")
}
