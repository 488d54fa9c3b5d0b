//! What estimators are fitted to, and how each is.

use std::time::{Duration, Instant};

use altlas_onnx::write::Post;
use altlas_prep::Matrix;

use crate::bayes::naive_bayes;
use crate::boost::Run;
use crate::candidates::MAX_LINEAR_WIDTH;
use crate::elastic::elastic_net;
use crate::forest::{ForestKind, ForestRun};
use crate::linear::{LinearFit, least_squares};
use crate::logistic::logistic;
use crate::model::{Fitted, Model, headline};
use crate::neighbours::Neighbours;
use crate::network::NetworkRun;
use crate::offset::Placed;
use crate::spec::{Algorithm, ForestParams, LightgbmParams, MlpParams};
use crate::target::Target;
use crate::{LearnError, NeighbourWeights, Objective, Task, TrainSpec};

/// The least inner rows that can stop training early, or make scores probabilities.
pub(crate) const MIN_VALID: usize = 30;
/// Rounds and passes where training cannot be stopped early.
const BLIND_ROUNDS: usize = 100;

/// Features and targets of one part.
pub(crate) struct Part {
    pub(crate) matrix: Matrix,
    /// As learned: in logarithms where the target is, less the offset.
    pub(crate) learned: Vec<f64>,
    /// As the user sees them.
    pub(crate) known: Vec<f64>,
    /// What they are counted from.
    pub(crate) offset: Option<Placed>,
}

/// Rows to learn from, and rows to judge what was learned by.
pub(crate) struct Fold {
    pub(crate) train: Part,
    pub(crate) judge: Part,
    /// The inner part of the training rows, and the rows split off it.
    pub(crate) inner: Part,
    pub(crate) valid: Part,
    /// The rows to judge by as the document of the inner part makes them, where it has one of its own.
    pub(crate) judge_inner: Option<Part>,
}

/// Says whether to go on, given the rounds done and the least loss on the rows split off.
pub(crate) type Watch<'a> = dyn Fn(usize, f64) -> bool + 'a;
/// Called with what is done and all of it.
pub(crate) type Report<'a> = dyn FnMut(u64, u64) + 'a;

/// What the candidates are fitted to and compared on.
pub(crate) struct Arena<'a> {
    pub(crate) task: Task,
    pub(crate) classes: usize,
    pub(crate) log: bool,
    pub(crate) seed: u64,
    pub(crate) threads: u32,
    /// Bytes that may be used; 0 for any number.
    pub(crate) memory: u64,
    pub(crate) started: Instant,
    pub(crate) budget: Option<Duration>,
    /// The training part, judged by the calibration part.
    pub(crate) main: &'a Fold,
    /// Those of a cross-validation; empty for a single split.
    pub(crate) folds: &'a [Fold],
    /// The figure that candidates are compared by; lower is better.
    pub(crate) metric: &'static str,
    /// Whether to end with the best so far.
    pub(crate) finish: &'a dyn Fn() -> bool,
}

/// A fit that was stopped early.
pub(crate) struct Staged {
    pub(crate) fitted: Fitted,
    pub(crate) rounds: usize,
    /// Ended because it was worse than others.
    pub(crate) pruned: bool,
}

impl<'a> Arena<'a> {
    /// What the specification asks for, on these parts.
    pub(crate) fn new(
        spec: &TrainSpec,
        target: &Target,
        started: Instant,
        main: &'a Fold,
        folds: &'a [Fold],
        finish: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            task: spec.task,
            classes: target.labels.len(),
            log: target.log,
            seed: spec.options.seed,
            threads: spec.threads,
            memory: spec.memory_bytes,
            started,
            budget: spec.budget(),
            main,
            folds,
            finish,
            metric: match spec.task {
                Task::Classification => "log_loss",
                Task::Regression => match spec.options.metric {
                    Some(metric) => metric.name(),
                    None => headline(target.log, &spec.algorithm),
                },
            },
        }
    }
}

impl Arena<'_> {
    /// When a share of the budget is used up.
    pub(crate) fn deadline(&self, share: f64) -> Option<Instant> {
        self.budget.map(|budget| self.started + budget.mul_f64(share))
    }

    /// Rounds or passes of an estimator that can be stopped early and shall not be; `None` where it is to find their number.
    pub(crate) fn fixed_rounds(&self, algorithm: &Algorithm, fold: &Fold) -> Option<usize> {
        let (most, patience) = match algorithm {
            Algorithm::Lightgbm(p) => (p.num_trees as usize, p.early_stopping_rounds),
            Algorithm::Mlp(p) => (p.max_epochs as usize, p.patience),
            _ => return Some(0),
        };
        match (patience, fold.valid.matrix.rows) {
            (0, _) => Some(most),
            (_, rows) if rows < MIN_VALID => Some(most.min(BLIND_ROUNDS)),
            _ => None,
        }
    }

    /// Fits to the inner part of a fold, stopped early by the rows split off it.
    pub(crate) fn fit_staged(
        &self,
        algorithm: &Algorithm,
        fold: &Fold,
        deadline: Option<Instant>,
        watch: Option<&Watch<'_>>,
        warnings: &mut Vec<String>,
        report: &mut Report<'_>,
    ) -> Result<Staged, LearnError> {
        let (model, rounds, cut, pruned) = match algorithm {
            Algorithm::Mlp(p) => {
                let run = self.network(p, &fold.inner, Some(&fold.valid), p.max_epochs as usize, deadline);
                let network = run.train(report)?;
                let (rounds, cut) = (network.epochs, network.cut);
                (Model::Network(network), rounds, cut, false)
            }
            Algorithm::Lightgbm(p) => {
                let run = Run {
                    watch,
                    ..self.run(p, &fold.inner, Some(&fold.valid), p.num_trees as usize, deadline)
                };
                let boosted = run.train(report)?;
                let (rounds, cut, pruned) = (boosted.rounds, boosted.cut, boosted.pruned);
                (Model::Boosted(boosted), rounds, cut, pruned)
            }
            other => {
                return Ok(Staged {
                    fitted: self.fit(other, fold, 0, deadline, warnings, report)?,
                    rounds: 0,
                    pruned: false,
                });
            }
        };
        if cut {
            let what = if matches!(model, Model::Boosted(_)) { "boosting" } else { "the network" };
            warnings.push(format!("{what} was stopped by the budget after {rounds} rounds"));
        }
        Ok(Staged { fitted: self.fitted(model, algorithm, &fold.inner)?, rounds, pruned })
    }

    /// Fits to the training rows of a fold. `rounds` are those of boosting, or passes of a network.
    pub(crate) fn fit(
        &self,
        algorithm: &Algorithm,
        fold: &Fold,
        rounds: usize,
        deadline: Option<Instant>,
        warnings: &mut Vec<String>,
        report: &mut Report<'_>,
    ) -> Result<Fitted, LearnError> {
        let train = &fold.train;
        let model = match algorithm {
            Algorithm::Auto => {
                return Err(LearnError::NotSupported {
                    what: "auto".into(),
                    available: Algorithm::NAMES.into(),
                });
            }
            Algorithm::Lightgbm(p) => Model::Boosted(self.run(p, train, None, rounds, None).train(report)?),
            Algorithm::Mlp(p) => Model::Network(self.network(p, train, None, rounds, None).train(report)?),
            Algorithm::DecisionTree(p) => {
                let params = ForestParams {
                    num_trees: 1,
                    max_depth: p.max_depth,
                    min_samples_leaf: p.min_samples_leaf,
                    max_features: None,
                };
                Model::Forest(self.forest(ForestKind::Tree, &params, train, deadline).train(report)?)
            }
            Algorithm::RandomForest(p) | Algorithm::ExtraTrees(p) => {
                let extra = matches!(algorithm, Algorithm::ExtraTrees(_));
                let kind = if extra { ForestKind::Extra } else { ForestKind::Random };
                let forest = self.forest(kind, p, train, deadline).train(report)?;
                let (grown, wanted) = forest.sizes();
                if grown < wanted {
                    warnings.push(format!("{grown} of {wanted} trees were grown within the budget"));
                }
                Model::Forest(forest)
            }
            Algorithm::NaiveBayes(p) => {
                report(0, 1);
                Model::Bayes(naive_bayes(&train.matrix, &train.learned, self.classes, p.var_smoothing)?)
            }
            Algorithm::Knn(p) => {
                report(0, 1);
                let (k, by_distance) = (p.k as usize, p.weights == NeighbourWeights::Distance);
                let Part { matrix, learned, .. } = train;
                let neighbours = Neighbours::new(matrix, learned, self.classes, k, by_distance, self.seed);
                let (kept, rows) = (neighbours.rows(), matrix.rows);
                if kept < rows {
                    warnings.push(format!("nearest neighbours were sought among {kept} of {rows} rows"));
                }
                Model::Neighbours(neighbours)
            }
            Algorithm::SvmLinear(p) => Model::Linear(self.margin(p, fold, warnings, report)?),
            Algorithm::SvmRbf(p) => self.kernel(p, fold, deadline, warnings, report)?,
            linear => Model::Linear(self.linear(linear, train, warnings, report)?),
        };
        self.fitted(model, algorithm, train)
    }

    /// A model with what its scores mean; it was fitted to the part.
    fn fitted(&self, model: Model, algorithm: &Algorithm, part: &Part) -> Result<Fitted, LearnError> {
        let poisson = matches!(algorithm, Algorithm::Lightgbm(p) if p.objective == Objective::Poisson);
        if poisson && part.offset.is_some() {
            return Err(LearnError::option("offset", "does not go with objective \"poisson\""));
        }
        let post = match (self.classes, self.log, poisson) {
            (0, true, _) => Post::ExpM1,
            (0, false, true) => Post::Exp,
            _ => Post::None,
        };
        let (algorithm, classes, offset) = (algorithm.clone(), self.classes, part.offset);
        Ok(Fitted { model, algorithm, classes, post, offset })
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
            watch: None,
        }
    }

    fn network<'b>(
        &self,
        params: &'b MlpParams,
        part: &'b Part,
        valid: Option<&'b Part>,
        epochs: usize,
        deadline: Option<Instant>,
    ) -> NetworkRun<'b> {
        NetworkRun {
            params,
            matrix: &part.matrix,
            target: &part.learned,
            classes: self.classes,
            valid: valid.map(|v| (&v.matrix, v.learned.as_slice())),
            epochs,
            seed: self.seed,
            deadline,
        }
    }

    fn forest<'b>(
        &self,
        kind: ForestKind,
        params: &ForestParams,
        part: &'b Part,
        deadline: Option<Instant>,
    ) -> ForestRun<'b> {
        ForestRun {
            kind,
            trees: params.num_trees as usize,
            max_depth: params.max_depth,
            min_leaf: params.min_samples_leaf as usize,
            max_features: params.max_features,
            matrix: &part.matrix,
            target: &part.learned,
            classes: self.classes,
            seed: self.seed,
            threads: self.threads as usize,
            deadline,
            memory: self.memory,
        }
    }

    fn linear(
        &self,
        algorithm: &Algorithm,
        part: &Part,
        warnings: &mut Vec<String>,
        report: &mut Report<'_>,
    ) -> Result<LinearFit, LearnError> {
        let Part { matrix, learned, .. } = part;
        if matrix.width > MAX_LINEAR_WIDTH {
            return Err(LearnError::TooLarge { rows: matrix.rows, features: matrix.width });
        }
        let blocks = (matrix.rows as u64).div_ceil(4096);
        let total = match algorithm {
            Algorithm::Logistic(p) => u64::from(p.max_iter),
            Algorithm::Lasso(p) => blocks + u64::from(p.max_iter),
            Algorithm::ElasticNet(p) => blocks + u64::from(p.max_iter),
            _ => blocks,
        };
        let mut tick = ticker(total, report);
        let (fit, converged) = match algorithm {
            Algorithm::Logistic(p) => {
                let threads = self.threads as usize;
                logistic(matrix, learned, self.classes, p.l2, p.max_iter, threads, &mut tick)?
            }
            Algorithm::Lasso(p) => elastic_net(matrix, learned, p.alpha, 1.0, p.max_iter, &mut tick)?,
            Algorithm::ElasticNet(p) => {
                elastic_net(matrix, learned, p.alpha, p.l1_ratio, p.max_iter, &mut tick)?
            }
            Algorithm::Ridge(p) => (least_squares(matrix, learned, p.alpha, &mut tick)?, true),
            _ => (least_squares(matrix, learned, 0.0, &mut tick)?, true),
        };
        tell_unconverged(algorithm.name(), converged, warnings);
        Ok(fit)
    }
}

pub(crate) fn ticker<'r>(total: u64, report: &'r mut Report<'_>) -> impl FnMut() + 'r {
    let mut done = 0;
    move || {
        done += 1;
        report(done.min(total), total);
    }
}

pub(crate) fn tell_unconverged(name: &str, converged: bool, warnings: &mut Vec<String>) {
    if !converged {
        warnings.push(format!("{name} did not converge within its iterations"));
    }
}
