//! A fitted estimator: its predictions, graph and importance.

use altlas_onnx::write::{ClassScores, Post, TreeClassifier, TreeRegressor, tree_classifier, tree_regressor};
use altlas_prep::Matrix;
use serde_json::{Value, json};

use crate::LearnError;
use crate::arena::Part;
use crate::bayes::BayesFit;
use crate::boost::Boosted;
use crate::forest::Forest;
use crate::kernel::KernelFit;
use crate::linear::LinearFit;
use crate::metrics;
use crate::neighbours::Neighbours;
use crate::network::Network;
use crate::offset::Placed;
use crate::rng::Rng;
use crate::spec::Algorithm;

/// Rows on which importance is measured by permutation.
const PERMUTED_ROWS: usize = 200;

/// A fitted estimator.
#[derive(Debug)]
pub(crate) enum Model {
    Boosted(Boosted),
    Linear(LinearFit),
    Forest(Forest),
    Bayes(BayesFit),
    Network(Network),
    Neighbours(Neighbours),
    Kernel(KernelFit),
}

/// A fitted estimator with what its scores mean.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) model: Model,
    pub(crate) algorithm: Algorithm,
    pub(crate) classes: usize,
    pub(crate) post: Post,
    /// What is added to the scores first.
    pub(crate) offset: Option<Placed>,
}

impl Fitted {
    fn scores(&self, matrix: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(match &self.model {
            Model::Boosted(boosted) => boosted.scores(matrix)?,
            Model::Linear(fit) => fit.scores(matrix),
            Model::Forest(forest) => forest.scores(matrix),
            Model::Bayes(fit) => fit.scores(matrix),
            Model::Network(network) => network.scores(matrix),
            Model::Neighbours(neighbours) => neighbours.scores(matrix),
            Model::Kernel(fit) => fit.scores(matrix),
        })
    }

    /// Predictions of a regression.
    pub(crate) fn values(&self, matrix: &Matrix) -> Result<Vec<f64>, LearnError> {
        let mut scores = self.scores(matrix)?;
        if let Some(offset) = &self.offset {
            offset.add(matrix, &mut scores);
        }
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
        if matches!(self.model, Model::Forest(_) | Model::Neighbours(_)) {
            return Ok(scores.chunks_exact(self.classes).map(<[f64]>::to_vec).collect());
        }
        if scores.len() == matrix.rows {
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
        match &self.offset {
            Some(offset) => offset.attach(&self.graph(width, Post::None)?, self.post),
            None => self.graph(width, self.post),
        }
    }

    fn graph(&self, width: usize, post: Post) -> Result<Vec<u8>, LearnError> {
        match &self.model {
            Model::Linear(fit) if self.classes == 0 => Ok(fit.regressor(post)),
            Model::Linear(fit) => Ok(fit.classifier()),
            Model::Forest(forest) => forest.onnx(width, post),
            Model::Bayes(fit) => Ok(fit.onnx()),
            Model::Network(network) => Ok(network.onnx(post)),
            Model::Neighbours(neighbours) => Ok(neighbours.onnx(post)),
            Model::Kernel(fit) => Ok(fit.onnx(post)),
            Model::Boosted(boosted) => self.boosted(boosted, width, post),
        }
    }

    fn boosted(&self, boosted: &Boosted, width: usize, post: Post) -> Result<Vec<u8>, LearnError> {
        let trees = boosted.trees()?;
        let base: Vec<f32> = boosted.base.iter().map(|b| *b as f32).collect();
        let input = "features";
        if self.classes == 0 {
            return Ok(tree_regressor(&TreeRegressor {
                width,
                trees: &trees,
                base: base.first().copied().unwrap_or(0.0),
                post,
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

    /// The share of each feature: of the gain of trees' splits, of the absolute standardised coefficients, or, for other models,
    /// of the loss that shuffling it on rows of the part adds (Breiman 2001).
    pub(crate) fn importance(&self, part: &Part, seed: u64) -> Result<Vec<f64>, LearnError> {
        let raw = match &self.model {
            Model::Boosted(boosted) => boosted.importance()?,
            Model::Forest(forest) => forest.importance(),
            Model::Linear(fit) => {
                let mut sums = vec![0.0; fit.standard.mean.len()];
                for line in &fit.coefficients {
                    sums.iter_mut().zip(line).for_each(|(sum, c)| *sum += c.abs());
                }
                sums
            }
            _ => self.permutation(part, seed)?,
        };
        Ok(shares(&raw))
    }

    fn permutation(&self, part: &Part, seed: u64) -> Result<Vec<f64>, LearnError> {
        let width = part.matrix.width;
        let rows = part.matrix.rows.min(PERMUTED_ROWS);
        let values: Vec<f32> = part.matrix.values.iter().take(rows * width).copied().collect();
        let known = part.known.get(..rows).unwrap_or_default();
        let own = Matrix { rows, width, values };
        let metric = if self.classes == 0 { "rmse" } else { "log_loss" };
        let before = self.figure(&own, known, metric)?;
        let mut rng = Rng::new(seed, 16);
        let mut order: Vec<usize> = (0..rows).collect();
        let mut added = Vec::with_capacity(width);
        for feature in 0..width {
            rng.shuffle(&mut order);
            let mut shuffled = own.clone();
            let targets = shuffled.values.iter_mut().skip(feature).step_by(width);
            for (x, from) in targets.zip(&order) {
                *x = own.values.get(from * width + feature).copied().unwrap_or(f32::NAN);
            }
            added.push((self.figure(&shuffled, known, metric)? - before).max(0.0));
        }
        Ok(added)
    }

    /// A figure on rows whose targets are known.
    pub(crate) fn figure(&self, matrix: &Matrix, known: &[f64], metric: &str) -> Result<f64, LearnError> {
        Ok(metrics::summary(metric, &self.losses(matrix, known, metric)?).0)
    }

    /// The loss of each row, of which the figure is made.
    pub(crate) fn losses(
        &self,
        matrix: &Matrix,
        known: &[f64],
        metric: &str,
    ) -> Result<Vec<f64>, LearnError> {
        if self.classes > 0 {
            return Ok(metrics::log_losses(known, &self.proba(matrix)?));
        }
        Ok(metrics::losses(metric, known, &self.values(matrix)?))
    }

    /// Rounds of boosting, or passes of a network; 0 for other models.
    pub(crate) fn rounds(&self) -> usize {
        match &self.model {
            Model::Boosted(boosted) => boosted.rounds,
            Model::Network(network) => network.epochs,
            Model::Forest(forest) => forest.sizes().0,
            _ => 0,
        }
    }
}

/// Numbers as shares of their sum.
pub(crate) fn shares(numbers: &[f64]) -> Vec<f64> {
    let all: f64 = numbers.iter().sum();
    numbers.iter().map(|n| if all > 0.0 { n / all } else { 0.0 }).collect()
}

/// The figure a regression is judged by: that which its loss aims at.
pub(crate) fn headline(log: bool, algorithm: &Algorithm) -> &'static str {
    use crate::Objective::{Huber, L1, Quantile};
    let median = matches!(algorithm, Algorithm::Lightgbm(p) if matches!(p.objective, L1 | Quantile | Huber));
    if log || median { "mae" } else { "rmse" }
}

/// Hyperparameters as used; `rounds` are those of boosting, passes of a network, or trees of a forest.
pub(crate) fn hyperparams(algorithm: &Algorithm, rounds: usize) -> Value {
    let mut value = algorithm.params();
    if let Some(params) = value.as_object_mut() {
        match algorithm {
            Algorithm::Lightgbm(_) => {
                params.remove("early_stopping_rounds");
                params.insert("num_trees".into(), json!(rounds));
            }
            Algorithm::Mlp(_) => {
                params.insert("max_epochs".into(), json!(rounds));
                params.remove("patience");
            }
            Algorithm::RandomForest(_) | Algorithm::ExtraTrees(_) => {
                params.insert("num_trees".into(), json!(rounds));
            }
            _ => {}
        }
    }
    value
}
