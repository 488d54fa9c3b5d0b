//! The choice among candidates: on the calibration part, or by cross-validation.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::arena::{Arena, Fold, Part};
use crate::model::{Fitted, hyperparams};
use crate::spec::{Algorithm, Search};
use crate::tune::{Pruner, Tuner};
use crate::{LearnError, Task, TrainSpec, metrics};

/// Called with a phase, what is done of it, and all of it.
pub(crate) type Progress<'a> = dyn FnMut(&str, u64, u64) + 'a;

/// The most trials that are told.
const MAX_TOLD: usize = 200;
/// Shares of the budget after which no candidate is tried, and fitting one stops: the rest is for fitting the chosen one again.
const TRY_UNTIL: f64 = 0.5;
const STOP_AT: f64 = 0.55;
/// The same where one candidate is fitted once.
const STOP_ALONE: f64 = 0.9;

/// The chosen model and how it came about.
pub(crate) struct Choice {
    pub(crate) fitted: Fitted,
    /// How long fitting it took.
    pub(crate) took: Duration,
    /// Candidates in the order in which they were tried, and constants.
    pub(crate) leaderboard: Vec<Value>,
    /// The chosen one's figures on what it was judged by.
    pub(crate) validation: Value,
    pub(crate) warnings: Vec<String>,
}

/// How a candidate did.
struct Trial {
    /// By fold.
    scores: Vec<f64>,
    mean: f64,
    interval: (f64, f64),
    /// The mean number over the folds.
    rounds: usize,
    /// Fitted to the training part, if it was.
    fitted: Option<Fitted>,
    pruned: bool,
}

/// The best so far.
struct Best {
    algorithm: Algorithm,
    trial: Trial,
    took: Duration,
}

/// Says whether a trial is worth going on with.
#[derive(Clone, Copy)]
struct Watcher<'a> {
    /// Compares it with others.
    pruner: Option<&'a RefCell<Pruner>>,
    /// Whether the search is to end; where there is something that it can end with.
    told: Option<&'a dyn Fn() -> bool>,
}

impl Watcher<'_> {
    fn goes_on(&self, step: usize, loss: f64) -> bool {
        !self.told.is_some_and(|told| told())
            && self.pruner.is_none_or(|pruner| pruner.borrow_mut().goes_on(step, loss))
    }
}

/// Where candidates come from.
enum Candidates<'a> {
    Fixed(std::vec::IntoIter<Algorithm>, usize),
    Search(Box<Tuner<'a>>),
}

impl Arena<'_> {
    /// Fits what the specification asks for.
    pub(crate) fn choose(&self, spec: &TrainSpec, progress: &mut Progress<'_>) -> Result<Choice, LearnError> {
        let mut warnings = Vec::new();
        let mut candidates = match (&spec.algorithm, &spec.search) {
            (Algorithm::Auto, _) => {
                let all = self.candidates(&mut warnings);
                let count = all.len();
                Candidates::Fixed(all.into_iter(), count)
            }
            (algorithm, Some(search)) => {
                Candidates::Search(Box::new(Tuner::new(search, algorithm, self.task, self.seed)))
            }
            (one, None) => Candidates::Fixed(vec![one.clone()].into_iter(), 1),
        };
        let total = candidates.count();
        let contest = total > 1;
        let what = if spec.search.is_some() { "trial" } else { "candidate" };
        let begun = Instant::now();
        let mut leaderboard = Vec::new();
        let mut best: Option<Best> = None;
        let mut failure = None;
        let mut pace = None;
        let mut number = 0;
        let pruner = RefCell::new(Pruner::default());
        let prunes = spec.search.as_ref().is_some_and(prunes);
        loop {
            if best.is_some() && (self.finish)() {
                warnings.push(format!(
                    "{number} of {total} {what}s were tried when the search was told to finish"
                ));
                break;
            }
            if best.is_some() && self.ends(spec.search.as_ref(), begun) {
                warnings.push(format!("{number} of {total} {what}s were tried within the budget"));
                break;
            }
            let Some((candidate, point)) = candidates.next()? else { break };
            number += 1;
            let start = Instant::now();
            let phase = format!("{what} {number} of {total}: {}", candidate.name());
            let candidate = match candidate {
                Algorithm::Lightgbm(params) => match self.within_budget(&params, pace) {
                    Some(params) => Algorithm::Lightgbm(params),
                    None => {
                        warnings.push(format!("{phase} was left out: no time within the budget"));
                        continue;
                    }
                },
                other => other,
            };
            let watch =
                Watcher { pruner: prunes.then_some(&pruner), told: best.is_some().then_some(self.finish) };
            let again =
                contest || !self.folds.is_empty() || self.fixed_rounds(&candidate, self.main).is_none();
            let deadline = self.trial_deadline(spec.search.as_ref(), begun, again);
            let mut report = |done, total| progress(&phase, done, total);
            let trial = match self.evaluate(&candidate, deadline, watch, &mut warnings, &mut report) {
                Ok(trial) => trial,
                Err(error) if contest => {
                    warnings.push(format!("{phase} failed: {error}"));
                    failure = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let took = start.elapsed();
            let seconds = took.as_secs_f64();
            if let Algorithm::Lightgbm(p) = &candidate {
                let tried = trial.rounds + p.early_stopping_rounds as usize;
                pace.get_or_insert(seconds / trial.scores.len().max(1) as f64 / tried.max(1) as f64);
            }
            candidates.tell(point, trial.mean);
            if leaderboard.len() < MAX_TOLD {
                leaderboard.push(self.row(&candidate, &trial, seconds));
            }
            let better = |b: &Best| trial.mean < b.trial.mean || b.trial.mean.is_nan() || b.trial.pruned;
            if !trial.pruned && best.as_ref().is_none_or(better) {
                best = Some(Best { algorithm: candidate, trial, took });
            }
        }
        let Some(Best { algorithm, trial, mut took }) = best else {
            let none = || LearnError::NotSupported { what: "no candidate".into(), available: String::new() };
            return Err(failure.unwrap_or_else(none));
        };
        let validation = json!({
            "metric": self.metric, "folds": self.folds.len(), "score": trial.mean,
            "interval": [trial.interval.0, trial.interval.1], "scores": trial.scores,
        });
        let fitted = match trial.fitted {
            Some(fitted) => fitted,
            None => {
                let start = Instant::now();
                let mut report = |done, total| progress("fit", done, total);
                let fitted =
                    self.fit(&algorithm, self.main, trial.rounds, None, &mut warnings, &mut report)?;
                took = start.elapsed();
                fitted
            }
        };
        warnings.dedup();
        leaderboard.extend(self.constants());
        Ok(Choice { fitted, took, leaderboard, validation, warnings })
    }

    /// Whether no further candidate is to be tried.
    fn ends(&self, search: Option<&Search>, begun: Instant) -> bool {
        let late = |limit: Option<Instant>| limit.is_some_and(|limit| Instant::now() >= limit);
        let seconds = search.and_then(|s| s.seconds).map(|s| begun + Duration::from_secs_f64(s));
        late(seconds) || late(self.deadline(TRY_UNTIL))
    }

    /// When fitting a candidate stops; earlier where the chosen one is fitted again.
    fn trial_deadline(&self, search: Option<&Search>, begun: Instant, again: bool) -> Option<Instant> {
        let seconds = search.and_then(|s| s.seconds).map(|s| begun + Duration::from_secs_f64(s));
        let budget = self.deadline(if again { STOP_AT } else { STOP_ALONE });
        seconds.into_iter().chain(budget).min()
    }

    /// Fits a candidate and judges it, on each fold if there are any.
    fn evaluate(
        &self,
        candidate: &Algorithm,
        deadline: Option<Instant>,
        watcher: Watcher<'_>,
        warnings: &mut Vec<String>,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<Trial, LearnError> {
        let single = self.folds.is_empty();
        let folds = if single { std::slice::from_ref(self.main) } else { self.folds };
        let (mut scores, mut rounds, mut kept, mut losses) = (Vec::new(), 0, None, Vec::new());
        let mut pruned = false;
        for (number, fold) in folds.iter().enumerate() {
            // Rounds of one fold are compared with those of the same fold.
            let watch = |round: usize, loss: f64| watcher.goes_on((number + 1) << 32 | round, loss);
            let judged = self.judge(candidate, fold, deadline, &watch, warnings, report)?;
            losses = judged.losses;
            scores.push(metrics::summary(self.metric, &losses).0);
            rounds += judged.rounds;
            kept = judged.fitted.filter(|_| single);
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let last = number + 1 == folds.len();
            let goes_on = last || watcher.goes_on(number, mean);
            if judged.pruned || !goes_on {
                pruned = true;
                break;
            }
        }
        // What was ended early says too little of how far others get.
        if let (Some(pruner), false) = (watcher.pruner, pruned) {
            pruner.borrow_mut().finish();
        }
        let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        let interval = if scores.len() > 1 {
            metrics::mean_interval(&scores)
        } else {
            metrics::summary(self.metric, &losses).1
        };
        let rounds = (rounds as f64 / scores.len().max(1) as f64).round() as usize;
        Ok(Trial { scores, mean, interval, rounds, fitted: kept, pruned })
    }

    fn judge(
        &self,
        candidate: &Algorithm,
        fold: &Fold,
        deadline: Option<Instant>,
        watch: &dyn Fn(usize, f64) -> bool,
        warnings: &mut Vec<String>,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<Judged, LearnError> {
        if let Some(rounds) = self.fixed_rounds(candidate, fold) {
            let fitted = self.fit(candidate, fold, rounds, deadline, warnings, report)?;
            let losses = fitted.losses(&fold.judge.matrix, &fold.judge.known, self.metric)?;
            let rounds = if rounds > 0 { rounds } else { fitted.rounds() };
            return Ok(Judged { losses, rounds, fitted: Some(fitted), pruned: false });
        }
        let staged = self.fit_staged(candidate, fold, deadline, Some(watch), warnings, report)?;
        let Part { matrix, known, .. } = fold.judge_inner.as_ref().unwrap_or(&fold.judge);
        let losses = staged.fitted.losses(matrix, known, self.metric)?;
        Ok(Judged { losses, rounds: staged.rounds, fitted: None, pruned: staged.pruned })
    }

    fn row(&self, candidate: &Algorithm, trial: &Trial, seconds: f64) -> Value {
        let mut row = json!({
            "algorithm": candidate.name(), "hyperparams": hyperparams(candidate, trial.rounds),
            "metric": self.metric, "score": trial.mean, "interval": [trial.interval.0, trial.interval.1],
            "seconds": (seconds * 1e3).round() / 1e3,
        });
        if let Some(object) = row.as_object_mut() {
            if trial.scores.len() > 1 {
                object.insert("scores".into(), json!(trial.scores));
            }
            if trial.pruned {
                object.insert("pruned".into(), json!(true));
            }
        }
        row
    }

    /// What constant answers score on the same rows.
    fn constants(&self) -> Vec<Value> {
        let mut names = match self.task {
            Task::Classification => vec!["majority"],
            Task::Regression => vec!["mean", "median"],
        };
        if let Some(offset) = self.main.judge.offset {
            names.extend(offset.names());
        }
        let folds = if self.folds.is_empty() { std::slice::from_ref(self.main) } else { self.folds };
        let row = |name: &&str| {
            let losses: Vec<Vec<f64>> = folds.iter().map(|fold| self.constant(name, fold)).collect();
            let scores: Vec<f64> = losses.iter().map(|l| metrics::summary(self.metric, l).0).collect();
            let interval = match &losses[..] {
                [single] => metrics::summary(self.metric, single).1,
                _ => metrics::mean_interval(&scores),
            };
            json!({
                "algorithm": name, "hyperparams": {}, "metric": self.metric,
                "score": scores.iter().sum::<f64>() / scores.len().max(1) as f64,
                "interval": [interval.0, interval.1], "seconds": 0.0, "baseline": true,
            })
        };
        names.iter().map(row).collect()
    }

    fn constant(&self, name: &str, fold: &Fold) -> Vec<f64> {
        let known = &fold.judge.known;
        let mut train = fold.train.known.clone();
        let n = train.len().max(1) as f64;
        match name {
            "offset" | "scaled_offset" => {
                let alone = fold.judge.offset.map(|offset| offset.alone(name, &fold.judge.matrix));
                metrics::losses(self.metric, known, &alone.unwrap_or_default())
            }
            "majority" => {
                let share = |class: usize| train.iter().filter(|y| **y as usize == class).count() as f64 / n;
                let shares: Vec<f64> = (0..self.classes).map(share).collect();
                metrics::log_losses(known, &vec![shares; known.len()])
            }
            "median" => {
                train.sort_by(f64::total_cmp);
                metrics::losses(self.metric, known, &vec![metrics::median(&train); known.len()])
            }
            _ => metrics::losses(self.metric, known, &vec![train.iter().sum::<f64>() / n; known.len()]),
        }
    }
}

/// A candidate's losses on the rows of one fold.
struct Judged {
    losses: Vec<f64>,
    rounds: usize,
    fitted: Option<Fitted>,
    pruned: bool,
}

impl Candidates<'_> {
    fn count(&self) -> usize {
        match self {
            Self::Fixed(_, count) => *count,
            Self::Search(tuner) => tuner.trials(),
        }
    }

    fn next(&mut self) -> Result<Option<(Algorithm, Vec<f64>)>, LearnError> {
        match self {
            Self::Fixed(all, _) => Ok(all.next().map(|one| (one, Vec::new()))),
            Self::Search(tuner) => tuner.next(),
        }
    }

    fn tell(&mut self, point: Vec<f64>, score: f64) {
        if let Self::Search(tuner) = self {
            tuner.tell(point, score);
        }
    }
}

/// Whether trials can be compared before they are finished: not if what they minimise differs.
fn prunes(search: &Search) -> bool {
    !search.space.iter().any(|d| d.name == "objective" || d.name == "alpha")
}
