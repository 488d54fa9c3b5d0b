//! The strength of the fit, by cross-validation.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use super::judge::{best_temperature, log_loss};
use super::softmax::{Fit, Problem};
use crate::LearnError;
use crate::choose::Progress;

/// Scores of rows that were not fitted to, `[rows, outputs]`, with their classes.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    pub(crate) values: Vec<f32>,
    pub(crate) class: Vec<u32>,
    pub(crate) outputs: usize,
}

impl Scores {
    /// Rows of scores with their classes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[f32], u32)> + Clone {
        self.values.chunks_exact(self.outputs.max(1)).zip(self.class.iter().copied())
    }
}

/// What cross-validation found.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) c: f64,
    pub(crate) temperature: f64,
    /// Of the rows it ran on.
    pub(crate) scores: Scores,
    pub(crate) leaderboard: Vec<Value>,
    pub(crate) warnings: Vec<String>,
}

/// What cross-validation runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial<'a> {
    pub(crate) problem: Problem<'a>,
    pub(crate) rows: &'a [usize],
    /// Of each of the rows.
    pub(crate) fold: &'a [usize],
    pub(crate) folds: usize,
    pub(crate) threads: usize,
    /// Its name, for the leaderboard.
    pub(crate) algorithm: &'a str,
    pub(crate) deadline: Option<Instant>,
}

impl Trial<'_> {
    /// Tries strengths, ascending, as long as each is better than the one before. They are compared by the log loss of the rows
    /// that were left out, at the temperature that suits these scores best.
    pub(crate) fn choose(
        &self,
        strengths: &[f64],
        progress: &mut Progress<'_>,
    ) -> Result<Choice, LearnError> {
        let mut best: Option<(f64, Choice)> = None;
        let mut leaderboard = Vec::new();
        let mut warnings = Vec::new();
        for (number, &c) in strengths.iter().enumerate() {
            if best.is_some() && self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                warnings
                    .push(format!("{number} of {} strengths were tried within the budget", strengths.len()));
                break;
            }
            let start = Instant::now();
            let phase = format!("strength {} of {}", number + 1, strengths.len());
            let scores = self.left_out(c, &mut |done, total| progress(&phase, done, total))?;
            let temperature = best_temperature(&scores);
            let loss = log_loss(&scores, temperature);
            leaderboard.push(json!({
                "algorithm": self.algorithm, "hyperparams": {"c": c}, "metric": "log_loss", "score": loss,
                "seconds": (start.elapsed().as_secs_f64() * 1e3).round() / 1e3,
            }));
            if best.as_ref().is_some_and(|(least, _)| loss >= *least) {
                break;
            }
            let (leaderboard, warnings) = (Vec::new(), Vec::new());
            best = Some((loss, Choice { c, temperature, scores, leaderboard, warnings }));
        }
        match best {
            Some((_, choice)) => Ok(Choice { leaderboard, warnings, ..choice }),
            None => Err(LearnError::NotFinite("cross-validation")),
        }
    }

    /// The scores of all rows, each by a fit to the other folds.
    fn left_out(&self, c: f64, report: &mut dyn FnMut(u64, u64)) -> Result<Scores, LearnError> {
        let outputs = self.problem.outputs;
        let class = |row: &usize| self.problem.class.get(*row).copied().unwrap_or_default();
        let mut scores = Scores {
            values: vec![0.0; self.rows.len() * outputs],
            class: self.rows.iter().map(class).collect(),
            outputs,
        };
        let total = self.folds as u64 * u64::from(self.problem.max_iter);
        let next = AtomicUsize::new(0);
        let mut passes = 0;
        thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            for _ in 0..self.threads.clamp(1, self.folds) {
                let (send, next) = (send.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let fold = next.fetch_add(1, Ordering::Relaxed);
                        if fold >= self.folds {
                            return;
                        }
                        let fit = self.fit_without(fold, c, &|| drop(send.send(None)));
                        // Nobody listens any more where another fold has failed.
                        if send.send(Some((fold, fit))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            for message in receive {
                let Some((fold, fit)) = message else {
                    passes += 1;
                    report(passes, total);
                    continue;
                };
                self.score(&fit?, fold, &mut scores.values);
            }
            Ok(scores)
        })
    }

    fn fit_without(&self, fold: usize, c: f64, tick: &dyn Fn()) -> Result<Fit, LearnError> {
        let others = self.rows.iter().zip(self.fold).filter(|(_, f)| **f != fold);
        let rows: Vec<usize> = others.map(|(row, _)| *row).collect();
        self.problem.fit(&rows, c, tick)
    }

    fn score(&self, fit: &Fit, fold: usize, values: &mut [f32]) {
        let lines = values.chunks_exact_mut(self.problem.outputs);
        for ((line, row), _) in lines.zip(self.rows).zip(self.fold).filter(|(_, f)| **f == fold) {
            line.copy_from_slice(&fit.scores(self.problem.rows.row(*row)));
        }
    }
}
