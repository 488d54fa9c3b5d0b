//! Gradient boosting by LightGBM (Ke et al. 2017).
//!
//! The crate lightgbm3 trains in one call. To report progress, stop early and keep to a budget, this module gives
//! LightGBM the gradients itself: the call-back runs before each round. The rows of the inner part are in the
//! data set too, with gradient and Hessian zero: they pull no leaf, and their scores come with the others'. A round
//! in which all gradients are zero finds no split and ends the training. The formulas are LightGBM's own.
//! Losses whose leaves LightGBM renews after each tree (`l1`, `quantile`) cannot be given as gradients; they
//! are trained in one call on a thread, and progress says only that it goes on.
#![allow(clippy::indexing_slicing)] // Scores, gradients and targets are all rows times outputs long.

use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use altlas_onnx::write::Tree;
use altlas_prep::Matrix;
use lightgbm3::{Booster, Dataset, ImportanceType};
use serde_json::{Value, json};

use crate::{LearnError, LightgbmParams, Objective, model_text};

/// The version that lightgbm3-sys 1.0.11 carries.
pub(crate) const LIGHTGBM_VERSION: &str = "4.7.0";
/// Rounds between two reports.
const REPORT_EVERY: usize = 5;
/// LightGBM's `poisson_max_delta_step`.
const POISSON_STEP: f64 = 0.7;

/// Rounds between two looks at whether a run is worth going on with.
const WATCH_EVERY: usize = 20;

/// One training run.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Hyperparameters.
    pub params: &'a LightgbmParams,
    /// Features of the rows to learn from.
    pub matrix: &'a Matrix,
    /// Their learned targets, or class numbers.
    pub target: &'a [f64],
    /// 0 for a regression.
    pub classes: usize,
    /// Rows to stop early on.
    pub valid: Option<(&'a Matrix, &'a [f64])>,
    /// The most rounds.
    pub rounds: usize,
    /// Seed of bagging and feature sampling.
    pub seed: u64,
    /// For LightGBM.
    pub threads: u32,
    /// When to stop in any case.
    pub deadline: Option<Instant>,
    /// Called now and then with the rounds done and the least mean loss on the rows to stop early on; says whether to go on.
    pub watch: Option<&'a dyn Fn(usize, f64) -> bool>,
}

/// A fitted ensemble.
pub struct Boosted {
    booster: Booster,
    text: String,
    /// Rounds kept.
    pub rounds: usize,
    /// Added to the sums of the trees, one for each output.
    pub base: Vec<f64>,
    /// Boosting was ended by the deadline.
    pub cut: bool,
    /// Boosting was ended by the watch.
    pub pruned: bool,
}

impl std::fmt::Debug for Boosted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Boosted")
            .field("rounds", &self.rounds)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Boosted {
    /// Raw scores by LightGBM itself, `outputs` for each row.
    pub fn scores(&self, matrix: &Matrix) -> Result<Vec<f64>, LearnError> {
        if matrix.rows == 0 {
            return Ok(Vec::new());
        }
        let (width, _) = sizes(matrix)?;
        let mut scores = self.booster.raw_scores(&matrix.values, width, true)?;
        let bases = self.base.iter().cycle();
        scores.iter_mut().zip(bases).for_each(|(score, base)| *score += base);
        Ok(scores)
    }

    /// The trees, in LightGBM's order: tree `i` adds to output `i mod outputs`.
    pub fn trees(&self) -> Result<Vec<Tree>, LearnError> {
        model_text::trees(&self.text, self.rounds * self.base.len())
    }

    /// The gain of all splits on each feature.
    pub fn importance(&self) -> Result<Vec<f64>, LearnError> {
        Ok(self.booster.feature_importance(ImportanceType::Gain)?)
    }

    /// LightGBM's model text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What is minimised, by its gradients. Rows are numbered within the part they belong to, scores asked for by row and output.
pub(crate) trait Gradients {
    /// Scores of a row.
    fn outputs(&self) -> usize;
    /// The constant scores to start from.
    fn base(&self, target: &[f64]) -> Vec<f64>;
    /// The sum of the losses of the rows to stop early on.
    fn total(&self, target: &[f64], score: &dyn Fn(usize, usize) -> f64) -> f64;
    /// Gives row, output, gradient and Hessian of the rows to learn from.
    fn fill(
        &self,
        target: &[f64],
        score: &dyn Fn(usize, usize) -> f64,
        put: &mut dyn FnMut(usize, usize, f64, f64),
    );
}

/// A loss of single rows.
#[derive(Clone, Copy)]
enum Loss {
    Squared,
    Huber(f64),
    Poisson,
    Classes(usize),
}

impl Run<'_> {
    /// Trains. `report` is called with rounds done and the most there can be.
    pub fn train(&self, report: &mut dyn FnMut(u64, u64)) -> Result<Boosted, LearnError> {
        let loss = match (self.classes, self.params.objective) {
            (0, Objective::L1 | Objective::Quantile) => return self.train_native(report),
            (0, Objective::L2) => Loss::Squared,
            (0, Objective::Huber) => Loss::Huber(self.params.alpha),
            (0, Objective::Poisson) => Loss::Poisson,
            (classes, _) => Loss::Classes(classes),
        };
        self.by_gradients(&loss, report)
    }

    /// Trains by given gradients.
    pub(crate) fn by_gradients(
        &self,
        loss: &dyn Gradients,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<Boosted, LearnError> {
        quiet()?;
        let outputs = loss.outputs();
        let base = loss.base(self.target);
        let empty = (&Matrix::default(), &[][..]);
        let (valid, valid_target) = self.valid.unwrap_or(empty);
        let mut values = Vec::with_capacity(self.matrix.values.len() + valid.values.len());
        values.extend_from_slice(&self.matrix.values);
        values.extend_from_slice(&valid.values);
        let (train_rows, rows) = (self.matrix.rows, self.matrix.rows + valid.rows);
        let (width, _) = sizes(self.matrix)?;
        let dataset = Dataset::from_slice(&values, &vec![0.0; rows], width, true)?;
        drop(values);

        let patience = self.params.early_stopping_rounds as usize;
        let mut round = 0;
        let mut best = (f64::INFINITY, 0);
        let (mut cut, mut pruned) = (false, false);
        let step = |scores: &[f64], _: &[f32], gradients: &mut [f32], hessians: &mut [f32]| {
            let score = |row: usize, output: usize| base[output] + scores[output * rows + row];
            if valid.rows > 0 {
                let sum = loss.total(valid_target, &|row, output| score(train_rows + row, output));
                if sum < best.0 {
                    best = (sum, round);
                }
            }
            let stale = valid.rows > 0 && patience > 0 && round - best.1 >= patience;
            cut = cut || self.deadline.is_some_and(|deadline| round > 0 && Instant::now() >= deadline);
            if let Some(watch) = self.watch
                && valid.rows > 0
                && round > 0
                && round % WATCH_EVERY == 0
            {
                pruned = pruned || !watch(round, best.0 / valid.rows as f64);
            }
            gradients.fill(0.0);
            hessians.fill(0.0);
            if round >= self.rounds || stale || cut || pruned {
                return;
            }
            loss.fill(self.target, &score, &mut |row, output, gradient, hessian| {
                gradients[output * rows + row] = gradient as f32;
                hessians[output * rows + row] = hessian as f32;
            });
            if round % REPORT_EVERY == 0 {
                report(round as u64, self.rounds as u64);
            }
            round += 1;
        };
        let mut params = self.parameters();
        params["num_iterations"] = json!(self.rounds + 1);
        if outputs > 1 {
            params["num_class"] = json!(outputs);
        }
        let mut booster = Booster::train_with_custom_objective(dataset, &params, step)?;
        let trained = usize::try_from(booster.num_iterations()).unwrap_or(0);
        let kept = if valid.rows > 0 { best.1 } else { self.rounds };
        let rounds = kept.clamp(1, trained.max(1));
        booster.set_max_iterations(i32::try_from(rounds).unwrap_or(i32::MAX))?;
        Ok(Boosted { text: booster.save_string()?, booster, rounds, base, cut, pruned })
    }

    fn train_native(&self, report: &mut dyn FnMut(u64, u64)) -> Result<Boosted, LearnError> {
        let mut params = self.parameters();
        params["num_iterations"] = json!(self.rounds);
        let name = if self.params.objective == Objective::L1 { "regression_l1" } else { "quantile" };
        params["objective"] = json!(name);
        params["metric"] = json!(if name == "quantile" { name } else { "l1" });
        params["alpha"] = json!(self.params.alpha);
        if self.params.early_stopping_rounds > 0 {
            params["early_stopping_rounds"] = json!(self.params.early_stopping_rounds);
        }
        let (matrix, target, valid) = (self.matrix, self.target, self.valid);
        let (done, finished) = channel::<()>();
        let text = std::thread::scope(|scope| {
            let work = scope.spawn(|| {
                // The receiver below notices that the sender is gone, also after an error.
                let _done = done;
                native_text(matrix, target, valid, &params)
            });
            while finished.recv_timeout(Duration::from_millis(250)) == Err(RecvTimeoutError::Timeout) {
                report(0, self.rounds as u64);
            }
            work.join().unwrap_or_else(|_| Err(LearnError::Lightgbm("the training thread ended".to_owned())))
        })?;
        let booster = Booster::from_string(&text)?;
        let rounds = usize::try_from(booster.num_iterations()).unwrap_or(0).max(1);
        Ok(Boosted { booster, text, rounds, base: vec![0.0], cut: false, pruned: false })
    }

    fn parameters(&self) -> Value {
        let p = self.params;
        // Draws from the seed that LightGBM's own streams derive from; it takes 31 bits.
        json!({
            "verbosity": -1, "deterministic": true, "force_row_wise": true, "metric": "none",
            "num_threads": self.threads, "seed": self.seed & 0x7fff_ffff,
            "learning_rate": p.learning_rate, "num_leaves": p.num_leaves,
            "min_data_in_leaf": p.min_data_in_leaf, "max_depth": p.max_depth,
            "feature_fraction": p.feature_fraction, "bagging_fraction": p.bagging_fraction,
            "bagging_freq": p.bagging_freq, "lambda_l1": p.lambda_l1, "lambda_l2": p.lambda_l2,
            "min_gain_to_split": p.min_gain_to_split,
        })
    }
}

/// LightGBM's model text of a training in one call.
fn native_text(
    matrix: &Matrix,
    target: &[f64],
    valid: Option<(&Matrix, &[f64])>,
    params: &Value,
) -> Result<String, LearnError> {
    quiet()?;
    let labels = |target: &[f64]| target.iter().map(|y| *y as f32).collect::<Vec<_>>();
    let (width, _) = sizes(matrix)?;
    let train = Dataset::from_slice(&matrix.values, &labels(target), width, true)?;
    let valid = match valid {
        Some((matrix, target)) if matrix.rows > 0 => {
            let labels = labels(target);
            Some(Dataset::from_slice_with_reference(&matrix.values, &labels, width, true, Some(&train))?)
        }
        _ => None,
    };
    Ok(Booster::train_with_valid(train, valid, params)?.save_string()?)
}

impl Gradients for Loss {
    fn outputs(&self) -> usize {
        match self {
            Self::Classes(classes) if *classes > 2 => *classes,
            _ => 1,
        }
    }

    fn base(&self, target: &[f64]) -> Vec<f64> {
        self.constant(target)
    }

    fn total(&self, target: &[f64], score: &dyn Fn(usize, usize) -> f64) -> f64 {
        target.iter().enumerate().map(|(row, y)| self.value(*y, &|output| score(row, output))).sum()
    }

    fn fill(
        &self,
        target: &[f64],
        score: &dyn Fn(usize, usize) -> f64,
        put: &mut dyn FnMut(usize, usize, f64, f64),
    ) {
        for (row, y) in target.iter().enumerate() {
            let mut put = |output, gradient, hessian| put(row, output, gradient, hessian);
            self.gradient(*y, &|output| score(row, output), &mut put);
        }
    }
}

impl Loss {
    /// The best constant scores.
    fn constant(self, target: &[f64]) -> Vec<f64> {
        let n = target.len() as f64;
        let mean = target.iter().sum::<f64>() / n;
        // A class that is absent from this part gets half a row.
        let share = |class: usize| {
            let count = target.iter().filter(|y| **y as usize == class).count() as f64;
            count.clamp(0.5, (n - 0.5).max(0.5)) / n
        };
        // Rounded as the graph holds it, so that the trees fit to the same base.
        let base: Vec<f64> = match self {
            Self::Squared | Self::Huber(_) => vec![mean],
            Self::Poisson => vec![mean.max(1e-6).ln()],
            Self::Classes(2) => vec![(share(1) / (1.0 - share(1))).ln()],
            Self::Classes(classes) => (0..classes).map(|class| share(class).ln()).collect(),
        };
        base.into_iter().map(|b| f64::from(b as f32)).collect()
    }

    fn value(self, y: f64, score: &dyn Fn(usize) -> f64) -> f64 {
        match self {
            Self::Squared => (y - score(0)).powi(2),
            Self::Huber(alpha) => {
                let e = (y - score(0)).abs();
                if e <= alpha { e * e / 2.0 } else { alpha * (e - alpha / 2.0) }
            }
            Self::Poisson => score(0).exp() - y * score(0),
            Self::Classes(2) => softplus(if y == 1.0 { -score(0) } else { score(0) }),
            Self::Classes(classes) => log_sum_exp(classes, score) - score(y as usize),
        }
    }

    fn gradient(self, y: f64, score: &dyn Fn(usize) -> f64, put: &mut dyn FnMut(usize, f64, f64)) {
        match self {
            Self::Squared => put(0, score(0) - y, 1.0),
            Self::Huber(alpha) => put(0, (score(0) - y).clamp(-alpha, alpha), 1.0),
            Self::Poisson => put(0, score(0).exp() - y, (score(0) + POISSON_STEP).exp()),
            Self::Classes(2) => {
                let p = 1.0 / (1.0 + (-score(0)).exp());
                put(0, p - y, p * (1.0 - p));
            }
            Self::Classes(classes) => {
                let total = log_sum_exp(classes, score);
                let factor = classes as f64 / (classes as f64 - 1.0);
                for class in 0..classes {
                    let p = (score(class) - total).exp();
                    put(class, p - f64::from(u8::from(y as usize == class)), factor * p * (1.0 - p));
                }
            }
        }
    }
}

/// ln(1 + exp(x)) without overflow.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn log_sum_exp(classes: usize, score: &dyn Fn(usize) -> f64) -> f64 {
    let top = (0..classes).map(score).fold(f64::NEG_INFINITY, f64::max);
    top + (0..classes).map(|class| (score(class) - top).exp()).sum::<f64>().ln()
}

fn sizes(matrix: &Matrix) -> Result<(i32, i32), LearnError> {
    match (i32::try_from(matrix.width), i32::try_from(matrix.rows)) {
        (Ok(width), Ok(rows)) => Ok((width, rows)),
        _ => Err(LearnError::TooLarge { rows: matrix.rows, features: matrix.width }),
    }
}

/// LightGBM prints to standard output, where a job's answers go, unless it is told not to; building a data set
/// gives no means to tell it. The level is kept by thread, and a run on harmless data sets it.
fn quiet() -> Result<(), LearnError> {
    thread_local! { static DONE: Once = const { Once::new() } }
    let mut result = Ok(());
    DONE.with(|once| {
        once.call_once(|| {
            let values: Vec<f32> = (0..128).map(|i| i as f32).collect();
            let params =
                json!({"verbosity": -1, "num_iterations": 1, "objective": "regression", "num_threads": 1});
            result = Dataset::from_slice(&values, &values, 1, true)
                .and_then(|data| Booster::train(data, &params))
                .map(|_| ())
                .map_err(LearnError::from);
        });
    });
    result
}
