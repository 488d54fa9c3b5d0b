//! Estimators by name, and the ranges of their hyperparameters.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::params::{
    BayesParams, ElasticNetParams, ForestParams, KernelSvmParams, LassoParams, LightgbmParams,
    LinearSvmParams, LogisticParams, MlpParams, NeighbourParams, Objective, RidgeParams, TreeParams,
};
use super::{Task, check};
use crate::LearnError;

/// The most layers between the features and the outputs of a network, and the most units of one.
const MAX_LAYERS: usize = 3;
const MAX_UNITS: usize = 1024;

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
    /// Least squares with an L1 penalty.
    Lasso(LassoParams),
    /// Least squares with both.
    ElasticNet(ElasticNetParams),
    /// Logistic regression, binary or multinomial.
    Logistic(LogisticParams),
    /// One tree.
    DecisionTree(TreeParams),
    /// The mean of trees grown on samples of the rows.
    RandomForest(ForestParams),
    /// The mean of trees whose thresholds are drawn.
    ExtraTrees(ForestParams),
    /// Gaussian naive Bayes.
    NaiveBayes(BayesParams),
    /// A neural network.
    Mlp(MlpParams),
    /// Nearest neighbours.
    Knn(NeighbourParams),
    /// A linear support vector machine.
    SvmLinear(LinearSvmParams),
    /// A support vector machine with a Gaussian kernel.
    SvmRbf(KernelSvmParams),
}

impl Algorithm {
    /// The names, in the order in which they are told.
    pub(crate) const NAMES: &str = "auto, lightgbm, decision_tree, random_forest, extra_trees, knn, svm_linear, svm_rbf, mlp, \
         linear, ridge, lasso, elasticnet (regression), logistic, naive_bayes (classification)";

    /// Its name in the manifest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lightgbm(_) => "lightgbm",
            Self::Linear => "linear",
            Self::Ridge(_) => "ridge",
            Self::Lasso(_) => "lasso",
            Self::ElasticNet(_) => "elasticnet",
            Self::Logistic(_) => "logistic",
            Self::DecisionTree(_) => "decision_tree",
            Self::RandomForest(_) => "random_forest",
            Self::ExtraTrees(_) => "extra_trees",
            Self::NaiveBayes(_) => "naive_bayes",
            Self::Mlp(_) => "mlp",
            Self::Knn(_) => "knn",
            Self::SvmLinear(_) => "svm_linear",
            Self::SvmRbf(_) => "svm_rbf",
        }
    }

    /// Reads the hyperparameters of the algorithm of this name. `None` if there is no such algorithm.
    pub(crate) fn read(name: &str, params: &Map<String, Value>) -> Result<Option<Self>, LearnError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct NoParams {}
        fn of<T: serde::de::DeserializeOwned>(params: &Map<String, Value>) -> Result<T, LearnError> {
            T::deserialize(Value::Object(params.clone()))
                .map_err(|e| LearnError::Options(format!("hyperparams: {e}")))
        }
        Ok(Some(match name {
            "auto" => of::<NoParams>(params).map(|_| Self::Auto)?,
            "linear" => of::<NoParams>(params).map(|_| Self::Linear)?,
            "lightgbm" => Self::Lightgbm(of(params)?),
            "ridge" => Self::Ridge(of(params)?),
            "lasso" => Self::Lasso(of(params)?),
            "elasticnet" => Self::ElasticNet(of(params)?),
            "logistic" => Self::Logistic(of(params)?),
            "decision_tree" => Self::DecisionTree(of(params)?),
            "random_forest" => Self::RandomForest(of(params)?),
            "extra_trees" => Self::ExtraTrees(of(params)?),
            "naive_bayes" => Self::NaiveBayes(of(params)?),
            "mlp" => Self::Mlp(of(params)?),
            "knn" => Self::Knn(of(params)?),
            "svm_linear" => Self::SvmLinear(of(params)?),
            "svm_rbf" => Self::SvmRbf(of(params)?),
            _ => return Ok(None),
        }))
    }

    /// Whether it learns such targets.
    pub(crate) fn learns(&self, task: Task) -> bool {
        match self {
            Self::Linear | Self::Ridge(_) | Self::Lasso(_) | Self::ElasticNet(_) => task == Task::Regression,
            Self::Logistic(_) | Self::NaiveBayes(_) => task == Task::Classification,
            _ => true,
        }
    }

    /// The hyperparameters as given or by default.
    pub(crate) fn params(&self) -> Value {
        let value = match self {
            Self::Auto | Self::Linear => Ok(json!({})),
            Self::Lightgbm(p) => serde_json::to_value(p),
            Self::Ridge(p) => serde_json::to_value(p),
            Self::Lasso(p) => serde_json::to_value(p),
            Self::ElasticNet(p) => serde_json::to_value(p),
            Self::Logistic(p) => serde_json::to_value(p),
            Self::DecisionTree(p) => serde_json::to_value(p),
            Self::RandomForest(p) | Self::ExtraTrees(p) => serde_json::to_value(p),
            Self::NaiveBayes(p) => serde_json::to_value(p),
            Self::Mlp(p) => serde_json::to_value(p),
            Self::Knn(p) => serde_json::to_value(p),
            Self::SvmLinear(p) => serde_json::to_value(p),
            Self::SvmRbf(p) => serde_json::to_value(p),
        };
        // Plain structs of numbers and names always have a JSON form.
        value.unwrap_or_default()
    }

    /// Refuses values out of their ranges.
    pub(crate) fn check(&self, task: Task, given: &Map<String, Value>) -> Result<(), LearnError> {
        let share = |key: &str, x: f64| check(x > 0.0 && x <= 1.0, key, "must be above 0 and at most 1");
        let penalty = |key: &str, x: f64| check(x.is_finite() && x >= 0.0, key, "must be 0 or more");
        let above = |key: &str, x: f64| check(x > 0.0 && x.is_finite(), key, "must be above 0");
        let whole = |key: &str, x: u32, least: u32, most: u32| {
            check((least..=most).contains(&x), key, &format!("must be {least} to {most}"))
        };
        let depth = |x: i32| check(x == -1 || (1..=64).contains(&x), "max_depth", "must be -1 or 1 to 64");
        match self {
            Self::Auto | Self::Linear => Ok(()),
            Self::Lightgbm(p) => {
                whole("num_trees", p.num_trees, 1, 10_000)?;
                share("learning_rate", p.learning_rate)?;
                whole("num_leaves", p.num_leaves, 2, 4096)?;
                whole("min_data_in_leaf", p.min_data_in_leaf, 1, 10_000_000)?;
                depth(p.max_depth)?;
                share("feature_fraction", p.feature_fraction)?;
                share("bagging_fraction", p.bagging_fraction)?;
                check(p.bagging_freq <= 10_000, "bagging_freq", "must be at most 10000")?;
                penalty("lambda_l1", p.lambda_l1)?;
                penalty("lambda_l2", p.lambda_l2)?;
                penalty("min_gain_to_split", p.min_gain_to_split)?;
                above("alpha", p.alpha)?;
                let quantile = p.objective != Objective::Quantile || p.alpha < 1.0;
                check(quantile, "alpha", "must be below 1 for a quantile")?;
                let chosen = task == Task::Classification && given.contains_key("objective");
                check(!chosen, "objective", "is for regressions")
            }
            Self::Ridge(p) => penalty("alpha", p.alpha),
            Self::Lasso(p) => {
                penalty("alpha", p.alpha)?;
                whole("max_iter", p.max_iter, 1, 100_000)
            }
            Self::ElasticNet(p) => {
                penalty("alpha", p.alpha)?;
                check((0.0..=1.0).contains(&p.l1_ratio), "l1_ratio", "must be 0 to 1")?;
                whole("max_iter", p.max_iter, 1, 100_000)
            }
            Self::Logistic(p) => {
                above("l2", p.l2)?;
                whole("max_iter", p.max_iter, 1, 100_000)
            }
            Self::DecisionTree(p) => {
                whole("min_samples_leaf", p.min_samples_leaf, 0, 10_000_000)?;
                depth(p.max_depth)
            }
            Self::RandomForest(p) | Self::ExtraTrees(p) => {
                whole("num_trees", p.num_trees, 1, 2000)?;
                whole("min_samples_leaf", p.min_samples_leaf, 0, 10_000_000)?;
                p.max_features.map_or(Ok(()), |x| share("max_features", x))?;
                depth(p.max_depth)
            }
            Self::NaiveBayes(p) => penalty("var_smoothing", p.var_smoothing),
            Self::Mlp(p) => {
                let good = (1..=MAX_LAYERS).contains(&p.hidden.len())
                    && p.hidden.iter().all(|n| (1..=MAX_UNITS).contains(&(*n as usize)));
                check(good, "hidden", "must be one to three numbers, each 1 to 1024")?;
                share("learning_rate", p.learning_rate)?;
                penalty("l2", p.l2)?;
                whole("batch_size", p.batch_size, 1, 65_536)?;
                whole("max_epochs", p.max_epochs, 1, 10_000)
            }
            Self::Knn(p) => whole("k", p.k, 1, 200),
            Self::SvmLinear(p) => {
                above("c", p.c)?;
                penalty("epsilon", p.epsilon)?;
                whole("max_iter", p.max_iter, 1, 100_000)
            }
            Self::SvmRbf(p) => {
                above("c", p.c)?;
                p.gamma.map_or(Ok(()), |x| above("gamma", x))?;
                penalty("epsilon", p.epsilon)?;
                whole("max_rows", p.max_rows, 40, 20_000)
            }
        }
    }
}
