//! Which hyperparameters are tried next, and which trials are not worth finishing.

mod parzen;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::parzen::{Scored, propose};
use crate::rng::Rng;
use crate::spec::{Algorithm, Search, SearchMethod, Task};
use crate::{LearnError, metrics};

/// Finished trials from which on others are ended early.
const PRUNE_FROM: usize = 5;

/// A search under way.
pub(crate) struct Tuner<'a> {
    search: &'a Search,
    algorithm: &'a Algorithm,
    task: Task,
    rng: Rng,
    /// What a grid has left.
    grid: Vec<Map<String, Value>>,
    seen: Vec<Scored>,
    started: usize,
}

impl<'a> Tuner<'a> {
    pub(crate) fn new(search: &'a Search, algorithm: &'a Algorithm, task: Task, seed: u64) -> Self {
        let mut grid = Vec::new();
        if search.method == SearchMethod::Grid {
            grid.push(search.fixed.clone());
            for dimension in &search.space {
                let mut next = Vec::new();
                'all: for params in &grid {
                    for value in dimension.grid() {
                        // More are never tried; the product may be beyond memory.
                        if next.len() >= 100_000 {
                            break 'all;
                        }
                        let mut params: Map<String, Value> = params.clone();
                        params.insert(dimension.name.clone(), value);
                        next.push(params);
                    }
                }
                grid = next;
            }
            grid.truncate(search.trials);
            grid.reverse();
        }
        Self { search, algorithm, task, rng: Rng::new(seed, 20), grid, seen: Vec::new(), started: 0 }
    }

    /// The number of trials.
    pub(crate) fn trials(&self) -> usize {
        if self.search.method == SearchMethod::Grid {
            self.started + self.grid.len()
        } else {
            self.search.trials
        }
    }

    /// The next trial, and the point that [`Tuner::tell`] is to be called with.
    pub(crate) fn next(&mut self) -> Result<Option<(Algorithm, Vec<f64>)>, LearnError> {
        let (params, point) = match self.search.method {
            SearchMethod::Grid => match self.grid.pop() {
                Some(params) => (params, Vec::new()),
                None => return Ok(None),
            },
            _ if self.started == self.search.trials => return Ok(None),
            method => {
                let seen = if method == SearchMethod::Tpe { &self.seen[..] } else { &[] };
                let point = propose(&self.search.space, seen, &mut self.rng);
                let mut params = self.search.fixed.clone();
                for (dimension, place) in self.search.space.iter().zip(&point) {
                    params.insert(dimension.name.clone(), dimension.at(*place));
                }
                (params, point)
            }
        };
        self.started += 1;
        let Some(algorithm) = Algorithm::read(self.algorithm.name(), &params)? else { return Ok(None) };
        algorithm.check(self.task, &params)?;
        Ok(Some((algorithm, point)))
    }

    /// How good a trial was; lower is better.
    pub(crate) fn tell(&mut self, point: Vec<f64>, score: f64) {
        self.seen.push((point, if score.is_nan() { f64::INFINITY } else { score }));
    }
}

/// The rule of the median (Golovin et al. 2017): a trial ends when what it reached is worse than the median of what
/// earlier ones had reached at the same place.
#[derive(Default)]
pub(crate) struct Pruner {
    finished: Vec<BTreeMap<usize, f64>>,
    current: BTreeMap<usize, f64>,
}

impl Pruner {
    /// Notes the best so far at a place; says whether to go on.
    pub(crate) fn goes_on(&mut self, place: usize, value: f64) -> bool {
        self.current.insert(place, value);
        let mut others: Vec<f64> =
            self.finished.iter().filter_map(|trial| trial.get(&place)).copied().collect();
        if others.len() < PRUNE_FROM {
            return true;
        }
        others.sort_by(f64::total_cmp);
        value <= metrics::median(&others)
    }

    /// The trial is over.
    pub(crate) fn finish(&mut self) {
        self.finished.push(std::mem::take(&mut self.current));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_half_is_ended() {
        let mut pruner = Pruner::default();
        for n in 0..5 {
            assert!(pruner.goes_on(1, f64::from(n)));
            pruner.finish();
        }
        assert!(pruner.goes_on(1, 2.0));
        assert!(pruner.goes_on(2, 100.0), "nothing to compare with");
        assert!(!pruner.goes_on(1, 2.5));
    }
}
