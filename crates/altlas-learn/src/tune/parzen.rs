//! Tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kégl 2011).
//!
//! Trials are parted by their scores into the best share and the rest. Of points drawn from a density of the best, `l`, the one with
//! the largest `l/g` is tried next, `g` being the density of the rest: it has the largest expected improvement. A density is
//! the product over dimensions of mixtures: a normal density cut to the range at each trial, as wide as the larger distance to
//! its neighbours, and the uniform one, the prior. Choices have the shares of their trials, each counted once more.
#![allow(clippy::indexing_slicing)] // Points have as many places as the space has dimensions.

use crate::rng::Rng;
use crate::spec::{Dimension, Range};

/// Trials that are drawn from the prior.
const STARTUP: usize = 10;
/// The best share of the trials.
const GAMMA: f64 = 0.15;
/// Points drawn for each trial.
const DRAWN: usize = 24;

/// A point, by its place in [0, 1) in each dimension, and its score; lower is better.
pub(crate) type Scored = (Vec<f64>, f64);

/// The next point to try.
pub(crate) fn propose(space: &[Dimension], seen: &[Scored], rng: &mut Rng) -> Vec<f64> {
    if seen.len() < STARTUP {
        return space.iter().map(|_| rng.uniform()).collect();
    }
    let mut order: Vec<&Scored> = seen.iter().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (best, rest) = order.split_at(((seen.len() as f64 * GAMMA).ceil() as usize).max(2));
    let density = |trials: &[&Scored], at: usize| {
        let places = trials.iter().map(|t| t.0[at]).collect();
        Density::new(&space[at].range, places)
    };
    let pairs: Vec<(Density, Density)> =
        (0..space.len()).map(|at| (density(best, at), density(rest, at))).collect();
    let mut chosen = (f64::NEG_INFINITY, Vec::new());
    for _ in 0..DRAWN {
        let point: Vec<f64> = pairs.iter().map(|(l, _)| l.draw(rng)).collect();
        let ratio: f64 = pairs.iter().zip(&point).map(|((l, g), x)| (l.at(*x) / g.at(*x)).ln()).sum();
        if ratio > chosen.0 || chosen.1.is_empty() {
            chosen = (ratio, point);
        }
    }
    chosen.1
}

/// A density over [0, 1).
enum Density {
    /// Centres and widths of normal densities beside the uniform one.
    Mixture(Vec<(f64, f64)>),
    /// Weights of equal parts of the range.
    Choice(Vec<f64>),
}

impl Density {
    fn new(range: &Range, mut places: Vec<f64>) -> Self {
        if let Range::Choice(values) = range {
            let mut weights = vec![1.0; values.len()];
            for place in places {
                let part = ((place * values.len() as f64) as usize).min(values.len() - 1);
                weights[part] += 1.0;
            }
            return Self::Choice(weights);
        }
        places.sort_by(f64::total_cmp);
        let n = places.len();
        // Trials at one place would otherwise leave no width at all.
        let least = 1.0 / (n as f64 + 1.0).min(100.0);
        let width = |i: usize| {
            let before = if i == 0 { 0.0 } else { places[i - 1] };
            let after = if i + 1 == n { 1.0 } else { places[i + 1] };
            (places[i] - before).max(after - places[i]).clamp(least, 1.0)
        };
        Self::Mixture((0..n).map(|i| (places[i], width(i))).collect())
    }

    fn at(&self, x: f64) -> f64 {
        match self {
            Self::Choice(weights) => {
                let part = ((x * weights.len() as f64) as usize).min(weights.len() - 1);
                weights[part] / weights.iter().sum::<f64>() * weights.len() as f64
            }
            Self::Mixture(parts) => {
                let normal = |(centre, width): &(f64, f64)| {
                    let z = (x - centre) / width;
                    let inside = cumulative((1.0 - centre) / width) - cumulative(-centre / width);
                    (-z * z / 2.0).exp() / (width * std::f64::consts::TAU.sqrt() * inside)
                };
                (1.0 + parts.iter().map(normal).sum::<f64>()) / (parts.len() as f64 + 1.0)
            }
        }
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        match self {
            Self::Choice(weights) => {
                let mut left = rng.uniform() * weights.iter().sum::<f64>();
                let part = weights.iter().position(|w| {
                    left -= w;
                    left < 0.0
                });
                (part.unwrap_or(0) as f64 + rng.uniform()) / weights.len() as f64
            }
            Self::Mixture(parts) => match parts.get(rng.below(parts.len() + 1)) {
                None => rng.uniform(),
                // A centre lies in the range and no width exceeds it: about every third draw falls inside at the least.
                Some((centre, width)) => std::iter::repeat_with(|| centre + width * rng.normal())
                    .take(1000)
                    .find(|x| (0.0..1.0).contains(x))
                    .unwrap_or(*centre),
            },
        }
    }
}

/// The normal distribution, by Abramowitz and Stegun's formula 7.1.26 (error below 2e-7).
fn cumulative(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let sum = series.iter().rev().fold(0.0, |sum, a| (sum + a) * t);
    let upper = sum * (-z * z).exp() / 2.0;
    if x >= 0.0 { 1.0 - upper } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(name: &str) -> Dimension {
        let range = Range::Interval { low: 0.0, high: 1.0, log: false, whole: false };
        Dimension { name: name.to_owned(), range }
    }

    /// The best of 50 trials on Branin's function and a choice that shifts it, whose least value is 0.397887.
    fn best(guided: bool, seed: u64) -> f64 {
        let choice = Range::Choice(vec![0.into(), 1.into(), 2.into(), 3.into()]);
        let space = [interval("x"), interval("y"), Dimension { name: "shift".into(), range: choice }];
        let mut rng = Rng::new(seed, 1);
        let mut seen: Vec<Scored> = Vec::new();
        for _ in 0..50 {
            let point = propose(&space, if guided { &seen } else { &[] }, &mut rng);
            let (x, y, shift) = (point[0] * 15.0 - 5.0, point[1] * 15.0, (point[2] * 4.0).floor());
            let pi = std::f64::consts::PI;
            let bowl = y - 5.1 / (4.0 * pi * pi) * x * x + 5.0 / pi * x - 6.0;
            let value = bowl * bowl + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * x.cos() + 10.0 + 5.0 * shift;
            seen.push((point, value));
        }
        seen.iter().map(|s| s.1).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn finds_a_minimum_sooner_than_chance() {
        let median = |guided: bool| {
            let mut all: Vec<f64> = (0..41).map(|seed| best(guided, seed)).collect();
            all.sort_by(f64::total_cmp);
            all[20]
        };
        let (guided, random) = (median(true), median(false));
        assert!(guided < 1.5 && guided < random / 2.0, "{guided} against {random}");
    }

    #[test]
    fn densities_sum_to_one() {
        let range = Range::Interval { low: 0.0, high: 1.0, log: false, whole: false };
        for places in [vec![0.0, 0.1, 0.1, 0.9], vec![0.5], vec![0.99, 0.999]] {
            let density = Density::new(&range, places);
            let sum: f64 = (0..10_000).map(|i| density.at((f64::from(i) + 0.5) / 1e4) / 1e4).sum();
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        }
        let exact = [(0.0, 0.5), (1.0, 0.841_344_746), (-1.959_964, 0.025)];
        assert!(exact.iter().all(|(x, p)| (cumulative(*x) - p).abs() < 2e-7));
    }
}
