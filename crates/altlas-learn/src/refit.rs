//! The chosen model once more, fitted to all rows: its figures are known, and the latest rows say most of those to come.

use std::time::{Duration, Instant};

use altlas_prep::Tabular;

use crate::arena::Arena;
use crate::choose::{Choice, Progress};
use crate::features::Source;
use crate::model::Fitted;
use crate::spec::Algorithm;
use crate::split::{Split, Splitter};
use crate::{LearnError, Task, TrainSpec};

/// What the last fit needs to know.
pub(crate) struct Again<'a> {
    pub(crate) spec: &'a TrainSpec,
    pub(crate) source: &'a Source<'a>,
    pub(crate) splitter: &'a Splitter,
    pub(crate) parts: &'a Split,
    pub(crate) started: Instant,
    /// What making features of the training part took.
    pub(crate) prepared: Duration,
}

/// The model of all rows.
pub(crate) struct Refitted {
    pub(crate) fitted: Fitted,
    pub(crate) tabular: Tabular,
    /// What its features left out.
    pub(crate) warnings: Vec<String>,
    pub(crate) rows: usize,
}

impl Again<'_> {
    /// Fits the chosen model to all rows. `None`, with a warning, where there is no time, or it fails.
    pub(crate) fn fit(
        &self,
        choice: &Choice,
        warnings: &mut Vec<String>,
        progress: &mut Progress<'_>,
    ) -> Option<Refitted> {
        if !self.spec.options.validation.refit {
            return None;
        }
        let because = if self.has_time(choice.took) {
            match self.try_fit(&choice.fitted, warnings, progress) {
                Ok(refitted) => return Some(refitted),
                Err(error) => error.to_string(),
            }
        } else {
            "no time within the budget".to_owned()
        };
        warnings.push(format!("the model was not fitted to all rows: {because}"));
        None
    }

    fn try_fit(
        &self,
        chosen: &Fitted,
        warnings: &mut Vec<String>,
        progress: &mut Progress<'_>,
    ) -> Result<Refitted, LearnError> {
        progress("refit", 0, 1);
        let all = self.parts.all();
        // Rows split off are needed where scores become probabilities.
        let svm = matches!(chosen.algorithm, Algorithm::SvmLinear(_) | Algorithm::SvmRbf(_));
        let inner = svm && self.spec.task == Task::Classification;
        let (fold, tabular, left_out) = self.source.fold(self.splitter, &all, &[], inner)?;
        let finish = || false;
        let arena = Arena::new(self.spec, self.source.target, self.started, &fold, &[], &finish);
        let rounds = rounds(chosen, self.growth());
        let mut report = |done, total| progress("refit", done, total);
        let fitted = arena.fit(&chosen.algorithm, &fold, rounds, None, warnings, &mut report)?;
        Ok(Refitted { fitted, tabular, warnings: left_out, rows: all.len() })
    }

    /// All rows beside those of the training part.
    fn growth(&self) -> f64 {
        self.parts.all().len() as f64 / self.parts.train.len().max(1) as f64
    }

    fn has_time(&self, took: Duration) -> bool {
        let needed = (self.prepared + took).mul_f64(self.growth());
        self.spec.budget().is_none_or(|budget| self.started.elapsed() + needed <= budget)
    }
}

/// Rounds of boosting, or passes of a network, for more rows. A pass is longer the more rows there are, a round is not.
fn rounds(chosen: &Fitted, growth: f64) -> usize {
    let found = chosen.rounds();
    match &chosen.algorithm {
        Algorithm::Lightgbm(p) if p.early_stopping_rounds > 0 => {
            (found as f64 * growth.sqrt()).round() as usize
        }
        _ => found,
    }
}
