//! Candidates, and the choice among them on the calibration part.

use std::time::{Duration, Instant};

use altlas_onnx::write::{ClassScores, Post, TreeClassifier, TreeRegressor, tree_classifier, tree_regressor};
use altlas_prep::Matrix;
use serde_json::{Value, json};

use crate::boost::{Boosted, Run};
use crate::candidates::MAX_LINEAR_WIDTH;
use crate::linear::{LinearFit, least_squares};
use crate::logistic::logistic;
use crate::spec::{Algorithm, LightgbmParams, Objective};
use crate::{LearnError, Task, graph, metrics};

/// The least inner rows that can stop boosting early.
const MIN_VALID: usize = 30;
/// Rounds where boosting cannot be stopped early.
const BLIND_ROUNDS: usize = 100;
/// Called with a phase, what is done of it, and all of it.
pub(crate) type Progress<'a> = dyn FnMut(&str, u64, u64) + 'a;

/// A fitted estimator.
#[derive(Debug)]
pub(crate) enum Model {
    Boosted(Boosted),
    Linear(LinearFit),
}

/// A fitted estimator with what its scores mean.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) model: Model,
    pub(crate) algorithm: Algorithm,
    pub(crate) classes: usize,
    pub(crate) post: Post,
}

impl Fitted {
    fn scores(&self, matrix: &Matrix) -> Result<Vec<f64>, LearnError> {
        match &self.model {
            Model::Boosted(boosted) => boosted.scores(matrix),
            Model::Linear(fit) => Ok(fit.scores(matrix)),
        }
    }

    /// Predictions of a regression.
    pub(crate) fn values(&self, matrix: &Matrix) -> Result<Vec<f64>, LearnError> {
        let mut scores = self.scores(matrix)?;
        match self.post {
            Post::None => {}
            Post::Exp => scores.iter_mut().for_each(|s| *s = s.exp()),
            Post::ExpM1 => scores.iter_mut().for_each(|s| *s = s.exp_m1()),
        }
        Ok(scores)
    }

    /// Probabilities of a classification.
    pub(crate) fn proba(&self, matrix: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        let scores = self.scores(matrix)?;
        if self.classes == 2 {
            let logistic = |s: f64| 1.0 / (1.0 + (-s).exp());
            return Ok(scores.into_iter().map(|s| vec![logistic(-s), logistic(s)]).collect());
        }
        let softmax = |row: &[f64]| {
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = row.iter().map(|s| (s - top).exp()).sum();
            row.iter().map(|s| (s - top).exp() / total).collect()
        };
        Ok(scores.chunks_exact(self.classes).map(softmax).collect())
    }

    /// The model as ONNX.
    pub(crate) fn onnx(&self, width: usize) -> Result<Vec<u8>, LearnError> {
        let boosted = match &self.model {
            Model::Linear(fit) if self.classes == 0 => return Ok(graph::regressor(fit, self.post)),
            Model::Linear(fit) => return Ok(graph::classifier(fit)),
            Model::Boosted(boosted) => boosted,
        };
        let trees = boosted.trees()?;
        let base: Vec<f32> = boosted.base.iter().map(|b| *b as f32).collect();
        let input = "features";
        if self.classes == 0 {
            return Ok(tree_regressor(&TreeRegressor {
                width,
                trees: &trees,
                base: base.first().copied().unwrap_or(0.0),
                post: self.post,
                input,
                output: "variable",
                metadata: &[],
            })?);
        }
        Ok(tree_classifier(&TreeClassifier {
            width,
            classes: self.classes,
            trees: &trees,
            tree_classes: &[],
            base: &base,
            scores: ClassScores::Logits,
            input,
            metadata: &[],
        })?)
    }

    /// The share of each feature: of the gain, or of the absolute standardised coefficients.
    pub(crate) fn importance(&self) -> Result<Vec<f64>, LearnError> {
        let raw = match &self.model {
            Model::Boosted(boosted) => boosted.importance()?,
            Model::Linear(fit) => {
                let mut sums = vec![0.0; fit.standard.mean.len()];
                for line in &fit.coefficients {
                    sums.iter_mut().zip(line).for_each(|(sum, c)| *sum += c.abs());
                }
                sums
            }
        };
        let total: f64 = raw.iter().sum();
        Ok(raw.into_iter().map(|r| if total > 0.0 { r / total } else { 0.0 }).collect())
    }
}

/// Features and targets of one part.
pub(crate) struct Part {
    pub(crate) matrix: Matrix,
    /// As learned: in logarithms where the target is.
    pub(crate) learned: Vec<f64>,
    /// As the user sees them.
    pub(crate) known: Vec<f64>,
}

/// What the candidates are fitted to and compared on.
pub(crate) struct Arena<'a> {
    pub(crate) task: Task,
    pub(crate) classes: usize,
    pub(crate) log: bool,
    pub(crate) seed: u64,
    pub(crate) threads: u32,
    pub(crate) started: Instant,
    pub(crate) budget: Option<Duration>,
    /// The training part.
    pub(crate) train: &'a Part,
    /// Its inner part and the rows split off it, with a document of their own.
    pub(crate) inner: &'a Part,
    pub(crate) valid: &'a Part,
    /// The calibration part as that document and as the final one makes it.
    pub(crate) calibration_inner: &'a Part,
    pub(crate) calibration: &'a Part,
}

/// The chosen model and how it came about.
pub(crate) struct Choice {
    pub(crate) fitted: Fitted,
    pub(crate) leaderboard: Vec<Value>,
    pub(crate) warnings: Vec<String>,
}

impl Arena<'_> {
    /// Fits what the specification asks for.
    pub(crate) fn choose(
        &self,
        algorithm: &Algorithm,
        progress: &mut Progress<'_>,
    ) -> Result<Choice, LearnError> {
        let mut warnings = Vec::new();
        let candidates = match algorithm {
            Algorithm::Auto => self.candidates(&mut warnings),
            one => vec![one.clone()],
        };
        let contest = candidates.len() > 1;
        let mut leaderboard = Vec::new();
        let mut best: Option<(f64, Algorithm, Option<Fitted>, usize)> = None;
        let mut pace = None;
        for (number, candidate) in candidates.iter().enumerate() {
            // The last part of the budget is for fitting the chosen one again.
            if best.is_some() && self.spent(0.5) {
                warnings.push(format!(
                    "{} of {} candidates were tried within the budget",
                    number,
                    candidates.len()
                ));
                break;
            }
            let start = Instant::now();
            let phase = format!("candidate {} of {}: {}", number + 1, candidates.len(), candidate.name());
            let mut report = |done, total| progress(&phase, done, total);
            let (fitted, rounds, calibration) = match candidate {
                Algorithm::Lightgbm(params) => {
                    let Some(params) = self.within_budget(params, pace) else {
                        warnings.push(format!("{phase} was left out: no time within the budget"));
                        continue;
                    };
                    let rounds = self.find_rounds(&params, contest, &mut warnings, &mut report)?;
                    let tried = rounds.1 + params.early_stopping_rounds as usize;
                    pace.get_or_insert(start.elapsed().as_secs_f64() / tried.max(1) as f64);
                    (rounds.0, rounds.1, self.calibration_inner)
                }
                other => (Some(self.fit_linear(other, &mut warnings, &mut report)?), 0, self.calibration),
            };
            let score = match &fitted {
                Some(fitted) => self.score(fitted, calibration)?,
                None => f64::NAN,
            };
            if contest {
                leaderboard.push(json!({
                    "algorithm": candidate.name(), "hyperparams": hyperparams(candidate, rounds),
                    "metric": self.metric(candidate), "score": score,
                    "seconds": (start.elapsed().as_secs_f64() * 1e3).round() / 1e3,
                }));
            }
            if best.as_ref().is_none_or(|(least, ..)| score < *least || least.is_nan()) {
                let keep = fitted.filter(|_| !matches!(candidate, Algorithm::Lightgbm(_)));
                best = Some((score, candidate.clone(), keep, rounds));
            }
        }
        let Some((_, winner, fitted, rounds)) = best else {
            return Err(LearnError::NotSupported {
                what: "no candidate".to_owned(),
                available: String::new(),
            });
        };
        let fitted = match (&winner, fitted) {
            (_, Some(fitted)) => fitted,
            (Algorithm::Lightgbm(params), None) => {
                let run = self.run(params, self.train, None, rounds, None);
                let boosted = run.train(&mut |done, total| progress("fit", done, total))?;
                self.fitted(Model::Boosted(boosted), winner.clone())
            }
            (other, None) => {
                self.fit_linear(other, &mut warnings, &mut |done, total| progress("fit", done, total))?
            }
        };
        Ok(Choice { fitted, leaderboard, warnings })
    }

    /// Whether a share of the budget is used up.
    fn spent(&self, share: f64) -> bool {
        self.budget.is_some_and(|budget| self.started.elapsed() >= budget.mul_f64(share))
    }

    fn run<'b>(
        &'b self,
        params: &'b LightgbmParams,
        part: &'b Part,
        valid: Option<&'b Part>,
        rounds: usize,
        deadline: Option<Instant>,
    ) -> Run<'b> {
        Run {
            params,
            matrix: &part.matrix,
            target: &part.learned,
            classes: self.classes,
            valid: valid.map(|v| (&v.matrix, v.learned.as_slice())),
            rounds,
            seed: self.seed,
            threads: self.threads,
            deadline,
        }
    }

    /// The number of rounds, by early stopping on the rows split off the inner part; with the model of that
    /// fit where candidates are to be compared.
    fn find_rounds(
        &self,
        params: &LightgbmParams,
        contest: bool,
        warnings: &mut Vec<String>,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<(Option<Fitted>, usize), LearnError> {
        let stops = params.early_stopping_rounds > 0 && self.valid.matrix.rows >= MIN_VALID;
        let mut rounds = params.num_trees as usize;
        if params.early_stopping_rounds > 0 && !stops {
            rounds = rounds.min(BLIND_ROUNDS);
        }
        if !stops && !contest {
            return Ok((None, rounds));
        }
        let deadline = self.budget.map(|budget| self.started + budget.mul_f64(0.55));
        let valid = stops.then_some(self.valid);
        let boosted = self.run(params, self.inner, valid, rounds, deadline).train(report)?;
        if boosted.cut {
            warnings.push(format!("boosting was stopped by the budget after {} rounds", boosted.rounds));
        }
        let rounds = boosted.rounds;
        let fitted = self.fitted(Model::Boosted(boosted), Algorithm::Lightgbm(params.clone()));
        Ok((contest.then_some(fitted), rounds))
    }

    fn fit_linear(
        &self,
        algorithm: &Algorithm,
        warnings: &mut Vec<String>,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<Fitted, LearnError> {
        let Part { matrix, learned, .. } = self.train;
        if matrix.width > MAX_LINEAR_WIDTH {
            return Err(LearnError::TooLarge { rows: matrix.rows, features: matrix.width });
        }
        let mut done = 0;
        let fit = match algorithm {
            Algorithm::Logistic(p) => {
                let total = u64::from(p.max_iter);
                let mut tick = || {
                    done += 1;
                    report(done.min(total), total);
                };
                let (fit, converged) = logistic(matrix, learned, self.classes, p.l2, p.max_iter, &mut tick)?;
                if !converged {
                    warnings
                        .push(format!("logistic regression did not converge in {} iterations", p.max_iter));
                }
                fit
            }
            other => {
                let alpha = if let Algorithm::Ridge(p) = other { p.alpha } else { 0.0 };
                let total = (matrix.rows as u64).div_ceil(4096);
                least_squares(matrix, learned, alpha, &mut || {
                    done += 1;
                    report(done.min(total), total);
                })?
            }
        };
        Ok(self.fitted(Model::Linear(fit), algorithm.clone()))
    }

    fn fitted(&self, model: Model, algorithm: Algorithm) -> Fitted {
        let poisson = matches!(&algorithm, Algorithm::Lightgbm(p) if p.objective == Objective::Poisson);
        let post = match (self.classes, self.log, poisson) {
            (0, true, _) => Post::ExpM1,
            (0, false, true) => Post::Exp,
            _ => Post::None,
        };
        Fitted { model, algorithm, classes: self.classes, post }
    }

    /// The figure that candidates are compared by; lower is better.
    fn metric(&self, algorithm: &Algorithm) -> &'static str {
        if self.task == Task::Classification { "log_loss" } else { headline(self.log, algorithm) }
    }

    fn score(&self, fitted: &Fitted, part: &Part) -> Result<f64, LearnError> {
        let figures = if self.task == Task::Classification {
            let known: Vec<usize> = part.known.iter().map(|y| *y as usize).collect();
            metrics::classification(&known, &fitted.proba(&part.matrix)?)
        } else {
            metrics::regression(&part.known, &fitted.values(&part.matrix)?)
        };
        Ok(figures.get(self.metric(&fitted.algorithm)).copied().unwrap_or(f64::NAN))
    }
}

/// The figure a regression is judged by: that which its loss aims at.
pub(crate) fn headline(log: bool, algorithm: &Algorithm) -> &'static str {
    let median = matches!(algorithm, Algorithm::Lightgbm(p) if matches!(p.objective, Objective::L1 | Objective::Quantile | Objective::Huber));
    if log || median { "mae" } else { "rmse" }
}

/// Hyperparameters as used; `rounds` are those of boosting.
pub(crate) fn hyperparams(algorithm: &Algorithm, rounds: usize) -> Value {
    match algorithm {
        Algorithm::Auto | Algorithm::Linear => json!({}),
        Algorithm::Ridge(p) => json!({"alpha": p.alpha}),
        Algorithm::Logistic(p) => json!({"l2": p.l2, "max_iter": p.max_iter}),
        Algorithm::Lightgbm(p) => json!({
            "num_trees": rounds, "learning_rate": p.learning_rate, "num_leaves": p.num_leaves,
            "min_data_in_leaf": p.min_data_in_leaf, "max_depth": p.max_depth,
            "feature_fraction": p.feature_fraction, "bagging_fraction": p.bagging_fraction,
            "bagging_freq": p.bagging_freq, "lambda_l1": p.lambda_l1, "lambda_l2": p.lambda_l2,
            "min_gain_to_split": p.min_gain_to_split, "objective": format!("{:?}", p.objective).to_lowercase(),
            "alpha": p.alpha,
        }),
    }
}
