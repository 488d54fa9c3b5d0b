//! What a search for hyperparameters may try.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Algorithm, Task, check};
use crate::LearnError;

/// Values of an interval that a grid tries.
const GRID_STEPS: usize = 5;

/// How the next trial is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMethod {
    /// All combinations, in order.
    Grid,
    /// Drawn independently.
    Random,
    /// Tree-structured Parzen estimators (Bergstra et al. 2011).
    Tpe,
}

/// The option `search`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchOptions {
    /// How the next trial is found.
    pub method: SearchMethod,
    /// The most trials, 1 to 1,000.
    pub trials: u32,
    /// Hyperparameters with the values to try: a list, or `{"low", "high", "log"}`. By default the algorithm's own.
    space: Map<String, Value>,
    /// Seconds after which no further trial starts.
    pub seconds: Option<f64>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { method: SearchMethod::Tpe, trials: 20, space: Map::new(), seconds: None }
    }
}

/// The values of one hyperparameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    /// One of these.
    Choice(Vec<Value>),
    /// Any number from `low` to `high`.
    Interval {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
        /// Whether ratios count, not differences.
        log: bool,
        /// Whether only whole numbers do.
        whole: bool,
    },
}

/// A hyperparameter with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its values.
    pub range: Range,
}

/// A search, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// How the next trial is found.
    pub method: SearchMethod,
    /// The most trials.
    pub trials: usize,
    /// Seconds after which no further trial starts.
    pub seconds: Option<f64>,
    /// What is tried, by name.
    pub space: Vec<Dimension>,
    /// Hyperparameters that are fixed.
    pub fixed: Map<String, Value>,
}

impl Dimension {
    fn parse(name: &str, value: &Value, whole: bool) -> Result<Self, LearnError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Bounds {
            low: f64,
            high: f64,
            #[serde(default)]
            log: bool,
        }
        let key = format!("search.space.{name}");
        let range = match value {
            Value::Array(values) => {
                check(!values.is_empty(), &key, "has no values")?;
                Range::Choice(values.clone())
            }
            _ => {
                let Bounds { low, high, log } = Bounds::deserialize(value)
                    .map_err(|e| LearnError::option(&key, format!("{e}: a list, or low and high")))?;
                check(low < high && (high - low).is_finite(), &key, "must have a low below its high")?;
                check(!log || low > 0.0, &key, "must be above 0 where ratios count")?;
                Range::Interval { low, high, log, whole }
            }
        };
        Ok(Self { name: name.to_owned(), range })
    }

    /// The value at a place in [0, 1) of the range.
    pub fn at(&self, place: f64) -> Value {
        match &self.range {
            Range::Choice(values) => {
                let n = ((place * values.len() as f64) as usize).min(values.len().saturating_sub(1));
                values.get(n).cloned().unwrap_or_default()
            }
            Range::Interval { low, high, log, whole } => {
                // A whole number has a cell of its own width, the ends too.
                let (low, high) = if *whole { (low - 0.5, high + 0.5) } else { (*low, *high) };
                let x = if *log {
                    let low = low.max(f64::MIN_POSITIVE).ln();
                    (low + place * (high.ln() - low)).exp()
                } else {
                    low + place * (high - low)
                };
                if *whole { json!(x.round().clamp(low + 0.5, high - 0.5) as i64) } else { json!(x) }
            }
        }
    }

    /// The values that a grid tries.
    pub(crate) fn grid(&self) -> Vec<Value> {
        match &self.range {
            Range::Choice(values) => values.clone(),
            Range::Interval { .. } => {
                let step = |n: usize| self.at((n as f64 + 0.5) / GRID_STEPS as f64);
                let mut values: Vec<Value> = (0..GRID_STEPS).map(step).collect();
                values.dedup();
                values
            }
        }
    }

    /// The values whose ranges tell those of all.
    fn ends(&self) -> Vec<Value> {
        match &self.range {
            Range::Choice(values) => values.clone(),
            Range::Interval { .. } => vec![self.at(0.0), self.at(1.0 - f64::EPSILON)],
        }
    }
}

impl SearchOptions {
    /// The search for the hyperparameters of an algorithm; an error where a value would be refused by it.
    pub(crate) fn resolve(
        &self,
        algorithm: &Algorithm,
        task: Task,
        fixed: &Map<String, Value>,
    ) -> Result<Search, LearnError> {
        check(*algorithm != Algorithm::Auto, "search", "needs an algorithm; auto has candidates of its own")?;
        check((1..=1000).contains(&self.trials), "search.trials", "must be 1 to 1000")?;
        let seconds = self.seconds.is_none_or(|s| s > 0.0 && s <= 1e6);
        check(seconds, "search.seconds", "must be above 0 and at most 1000000")?;
        let defaults = algorithm.params();
        let own = default_space(algorithm);
        let given = if self.space.is_empty() { &own } else { &self.space };
        let mut space = Vec::new();
        for (name, value) in given {
            if fixed.contains_key(name) {
                check(self.space.is_empty(), name, "is fixed and in the search space")?;
                continue;
            }
            let whole = defaults.get(name).is_some_and(|v| v.is_i64() || v.is_u64());
            let dimension = Dimension::parse(name, value, whole)?;
            for value in dimension.ends() {
                let mut params = fixed.clone();
                params.insert(name.clone(), value);
                if let Some(one) = Algorithm::read(algorithm.name(), &params)? {
                    one.check(task, &params)?;
                }
            }
            space.push(dimension);
        }
        check(!space.is_empty(), "search.space", "is empty: this algorithm has nothing to search for")?;
        let (method, trials) = (self.method, self.trials as usize);
        Ok(Search { method, trials, seconds: self.seconds, space, fixed: fixed.clone() })
    }
}

/// What is tried where nothing is said.
fn default_space(algorithm: &Algorithm) -> Map<String, Value> {
    let log = |low: f64, high: f64| json!({"low": low, "high": high, "log": true});
    let plain = |low: f64, high: f64| json!({"low": low, "high": high});
    let space = match algorithm {
        Algorithm::Auto | Algorithm::Linear => json!({}),
        Algorithm::Lightgbm(_) => json!({
            "num_leaves": log(4.0, 256.0), "learning_rate": log(0.02, 0.2), "min_data_in_leaf": log(5.0, 200.0),
            "feature_fraction": plain(0.4, 1.0), "lambda_l2": log(1e-3, 30.0),
        }),
        Algorithm::Ridge(_) => json!({"alpha": log(1e-3, 1e4)}),
        Algorithm::Lasso(_) => json!({"alpha": log(1e-4, 0.5)}),
        Algorithm::ElasticNet(_) => json!({"alpha": log(1e-4, 0.5), "l1_ratio": plain(0.0, 1.0)}),
        Algorithm::Logistic(_) => json!({"l2": log(1e-3, 1e4)}),
        Algorithm::DecisionTree(_) => {
            json!({"max_depth": plain(2.0, 20.0), "min_samples_leaf": log(1.0, 200.0)})
        }
        Algorithm::RandomForest(_) | Algorithm::ExtraTrees(_) => {
            json!({"min_samples_leaf": log(1.0, 50.0), "max_features": plain(0.1, 1.0)})
        }
        Algorithm::NaiveBayes(_) => json!({"var_smoothing": log(1e-9, 1.0)}),
        Algorithm::Mlp(_) => json!({
            "hidden": [[32], [64], [64, 32], [128, 64]], "learning_rate": log(3e-4, 0.02), "l2": log(1e-5, 10.0),
        }),
        Algorithm::Knn(_) => json!({"k": log(1.0, 100.0), "weights": ["uniform", "distance"]}),
        Algorithm::SvmLinear(_) => json!({"c": log(1e-3, 100.0)}),
        Algorithm::SvmRbf(_) => json!({"c": log(0.05, 100.0), "gamma": log(1e-3, 1.0)}),
    };
    if let Value::Object(space) = space { space } else { Map::new() }
}
