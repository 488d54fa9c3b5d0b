//! What `auto` tries.

use crate::Task;
use crate::arena::{Arena, Part};
use crate::spec::{
    Algorithm, BayesParams, ForestParams, LightgbmParams, LogisticParams, Metric, MlpParams, Objective,
    RidgeParams,
};

/// Features that a linear model can have: its square matrix takes 200 MB.
pub(crate) const MAX_LINEAR_WIDTH: usize = 5000;
/// Multiplications beyond which `auto` leaves linear models out, about half a minute.
const MAX_LINEAR_WORK: f64 = 5e10;
/// Rows times features tried times outputs beyond which `auto` leaves forests out, some ten seconds.
const MAX_FOREST_WORK: f64 = 5e6;
/// Features, and rows times features, beyond which it leaves networks out.
const MAX_NETWORK_WIDTH: usize = 500;
const MAX_NETWORK_WORK: f64 = 2e6;
/// Fewer rounds than this within the budget are not worth a candidate.
const MIN_ROUNDS: f64 = 50.0;

impl Arena<'_> {
    /// The candidate with no more rounds than the budget has time for, given the seconds that a round of another took:
    /// a loss that LightGBM trains in one call cannot be stopped. `None` where they are too few.
    pub(crate) fn within_budget(&self, params: &LightgbmParams, pace: Option<f64>) -> Option<LightgbmParams> {
        let mut params = params.clone();
        if let (Some(budget), Some(pace), true) = (self.budget, pace, params.objective.in_one_call()) {
            let left = budget.mul_f64(0.55).saturating_sub(self.started.elapsed());
            // Renewing its leaves makes such a round up to twice as long.
            let rounds = left.as_secs_f64() / (2.0 * pace);
            if rounds < MIN_ROUNDS {
                return None;
            }
            params.num_trees = params.num_trees.min(rounds as u32);
        }
        Some(params)
    }

    /// What `auto` tries, in this order.
    pub(crate) fn candidates(&self, warnings: &mut Vec<String>) -> Vec<Algorithm> {
        let rows = self.main.train.matrix.rows;
        let width = self.main.train.matrix.width;
        let outputs = if self.classes > 2 { self.classes } else { 1 };
        let work = rows as f64 * width as f64 * (200.0 * outputs as f64).max(width as f64);
        // Small data get small trees; large data larger steps, to stay within a minute.
        let learning_rate = if rows > 50_000 { 0.1 } else { 0.05 };
        let base = LightgbmParams { num_trees: 800, learning_rate, ..LightgbmParams::default() };
        let small = LightgbmParams { num_leaves: 7, min_data_in_leaf: 10, lambda_l2: 1.0, ..base.clone() };
        let large = LightgbmParams { feature_fraction: 0.9, ..base.clone() };
        // Boosting first: whatever the budget, one such model is tried.
        let mut candidates = vec![Algorithm::Lightgbm(if rows < 500 { small } else { large })];
        if work <= MAX_LINEAR_WORK && width <= MAX_LINEAR_WIDTH {
            let linear = match self.task {
                Task::Regression => Algorithm::Ridge(RidgeParams::default()),
                Task::Classification => {
                    Algorithm::Logistic(LogisticParams { max_iter: 200, ..LogisticParams::default() })
                }
            };
            candidates.push(linear);
        } else {
            warnings.push("linear models were left out: too many rows and features".to_owned());
        }
        if self.task == Task::Classification && width <= MAX_LINEAR_WIDTH {
            candidates.push(Algorithm::NaiveBayes(BayesParams::default()));
        }
        if rows < 500 {
            candidates.extend(self.forests());
            return candidates;
        }
        // Where the absolute error counts, candidates that aim at it; the first keeps to the mean.
        let base = if self.metric == Metric::Mae.name() {
            let base = LightgbmParams { objective: Objective::L1, ..base };
            candidates.push(Algorithm::Lightgbm(LightgbmParams { feature_fraction: 0.9, ..base.clone() }));
            base
        } else {
            base
        };
        candidates.push(Algorithm::Lightgbm(LightgbmParams {
            num_leaves: 15,
            min_data_in_leaf: 50,
            feature_fraction: 0.7,
            bagging_fraction: 0.8,
            bagging_freq: 1,
            lambda_l2: 5.0,
            ..base.clone()
        }));
        candidates.extend(self.forests());
        if width <= MAX_NETWORK_WIDTH && rows as f64 * width as f64 <= MAX_NETWORK_WORK {
            candidates.push(Algorithm::Mlp(MlpParams { max_epochs: 100, ..MlpParams::default() }));
        }
        if rows > 5000 {
            candidates.push(Algorithm::Lightgbm(LightgbmParams {
                num_leaves: 127,
                min_data_in_leaf: 40,
                feature_fraction: 0.8,
                lambda_l2: 1.0,
                ..base
            }));
        }
        candidates
    }

    /// Forests, where they are grown within the budget.
    fn forests(&self) -> Vec<Algorithm> {
        let Part { matrix, .. } = &self.main.train;
        let outputs = if self.classes > 2 { self.classes } else { 1 };
        // Their time grows with the features they try, which in a regression are a third of them.
        let width = matrix.width as f64;
        let tried = if self.classes > 0 { width.sqrt() } else { width / 3.0 };
        if matrix.rows as f64 * tried * outputs as f64 > MAX_FOREST_WORK {
            return Vec::new();
        }
        let params = ForestParams::default();
        vec![Algorithm::RandomForest(params.clone()), Algorithm::ExtraTrees(params)]
    }
}
