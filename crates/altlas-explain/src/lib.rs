//! Why a model answers as it does.
//!
//! [`shapley`] gives exact Shapley values of sums of trees and of linear functions, [`sampled`] estimates those of any model.
//! [`Spread`] and [`shuffled`] are for permutation importance, [`grid`] for partial dependence, [`search`] finds counterfactuals.
//! Models that are asked are closures over batches; what these return as an error is given on.

mod counterfactual;
mod dependence;
mod importance;
mod link;
mod rng;
mod sampled;
mod shapley;

pub use counterfactual::{Candidate, Change, Found, Goal, search, smallest};
pub use dependence::grid;
pub use importance::{Spread, shuffled};
pub use link::Link;
pub use sampled::{Hybrid, Sampling, sampled};
pub use shapley::shapley;

/// What each feature adds to a prediction. The contributions sum to `prediction − base`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contributions {
    /// One for each feature.
    pub values: Vec<f64>,
    /// Standard errors of sampled values.
    pub errors: Option<Vec<f64>>,
    /// The mean prediction of the background.
    pub base: f64,
    /// The prediction of the row.
    pub prediction: f64,
}

impl Contributions {
    /// The same with the contributions of features of one group summed; `groups` has the group of each feature.
    pub fn grouped(&self, groups: &[usize], count: usize) -> Self {
        let mut values = vec![0.0; count];
        for (group, value) in groups.iter().zip(&self.values) {
            values.get_mut(*group).into_iter().for_each(|sum| *sum += value);
        }
        Self { values, ..self.clone() }
    }
}
