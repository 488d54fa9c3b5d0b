//! A quantile sketch with relative error: DDSketch (Masson, Rim, Lee: "DDSketch", PVLDB 12, 2019), with bins kept sparse
//! and the bins of the smallest magnitudes collapsed.

use crate::StatsError;
use crate::codec::{Reader, Writer};

/// A quantile is within this share of the value that has its rank.
pub const RELATIVE_ERROR: f64 = 0.01;
/// ln((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)): the width of a bin on the logarithmic scale.
const LN_GAMMA: f64 = 0.020_000_666_706_669_435;
/// Bins between the largest magnitude and the smallest that is told apart: 17 decimal orders.
const WINDOW: i32 = 2048;
/// Beyond every bin of a finite number.
const FARTHEST: i64 = 40_000;

/// Numbers as counts in bins that grow with their magnitude. Finite numbers only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    negative: Store,
    zeros: u64,
    positive: Store,
}

impl Sketch {
    /// Counts `value`, which is finite, `weight` times.
    pub fn add(&mut self, value: f64, weight: u64) {
        let magnitude = value.abs();
        if magnitude < f64::MIN_POSITIVE {
            self.zeros = self.zeros.saturating_add(weight);
            return;
        }
        let store = if value < 0.0 { &mut self.negative } else { &mut self.positive };
        store.add((magnitude.ln() / LN_GAMMA).ceil() as i32, weight)
    }

    /// Adds what another sketch counted.
    pub fn merge(&mut self, other: &Self) {
        self.negative.merge(&other.negative);
        self.positive.merge(&other.positive);
        self.zeros = self.zeros.saturating_add(other.zeros);
    }

    /// How many numbers were counted.
    pub fn count(&self) -> u64 {
        self.negative.count().saturating_add(self.zeros).saturating_add(self.positive.count())
    }

    /// About the number of rank ⌊q·(n−1)⌋, from 0; `None` of an empty sketch.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        let rank = (q.clamp(0.0, 1.0) * last as f64).floor() as u64;
        let negative = self.negative.bins().rev().map(|(key, n)| (-middle(key), n));
        let positive = self.positive.bins().map(|(key, n)| (middle(key), n));
        let mut seen = 0u64;
        negative.chain([(0.0, self.zeros)]).chain(positive).find_map(|(value, n)| {
            seen = seen.saturating_add(n);
            (seen > rank).then_some(value)
        })
    }

    /// Bins in use.
    pub fn bins(&self) -> usize {
        self.negative.keys.len() + self.positive.keys.len()
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        self.negative.clear();
        self.positive.clear();
        self.zeros = 0;
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.u64(self.zeros);
        self.negative.write(to);
        self.positive.write(to);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, StatsError> {
        Ok(Self { zeros: from.u64()?, negative: Store::read(from)?, positive: Store::read(from)? })
    }
}

/// The number that a bin's numbers are all within [`RELATIVE_ERROR`] of.
fn middle(key: i32) -> f64 {
    (f64::from(key) * LN_GAMMA).exp() * (1.0 - RELATIVE_ERROR)
}

/// Counts by bin, ascending. Bins farther than [`WINDOW`] below the highest are counted in the lowest one: what is merged
/// first makes no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Store {
    keys: Vec<i32>,
    counts: Vec<u64>,
}

impl Store {
    fn add(&mut self, key: i32, weight: u64) {
        let floor = self.floor();
        match self.keys.binary_search(&key.max(floor)) {
            Ok(at) => {
                if let Some(count) = self.counts.get_mut(at) {
                    *count = count.saturating_add(weight);
                }
            }
            Err(at) => {
                self.keys.insert(at, key.max(floor));
                self.counts.insert(at, weight);
                self.collapse();
            }
        }
    }

    /// The lowest bin that is told apart.
    fn floor(&self) -> i32 {
        self.keys.last().map_or(i32::MIN, |highest| highest - (WINDOW - 1))
    }

    fn collapse(&mut self) {
        let floor = self.floor();
        let below = self.keys.partition_point(|key| *key < floor);
        if below == 0 {
            return;
        }
        self.keys.drain(..below);
        let lost = self.counts.drain(..below).fold(0u64, u64::saturating_add);
        self.add(floor, lost);
    }

    fn merge(&mut self, other: &Self) {
        let mut merged = Self::default();
        let (mut left, mut right) = (self.bins().peekable(), other.bins().peekable());
        loop {
            let (key, count) = match (left.peek().copied(), right.peek().copied()) {
                (Some((a, n)), Some((b, m))) if a == b => {
                    left.next();
                    right.next();
                    (a, n.saturating_add(m))
                }
                (Some(bin), other) if other.is_none_or(|o| bin.0 < o.0) => {
                    left.next();
                    bin
                }
                (_, Some(bin)) => {
                    right.next();
                    bin
                }
                (_, None) => break,
            };
            merged.keys.push(key);
            merged.counts.push(count);
        }
        drop(left);
        merged.collapse();
        *self = merged;
    }

    fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    fn bins(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> {
        self.keys.iter().copied().zip(self.counts.iter().copied())
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.counts.clear();
    }

    fn write(&self, to: &mut Writer) {
        to.u64(self.keys.len() as u64);
        let mut before = 0;
        for (key, count) in self.bins() {
            to.i64(i64::from(key) - before);
            to.u64(count);
            before = i64::from(key);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, StatsError> {
        const DAMAGED: StatsError = StatsError::Damaged { what: "the bins are out of order or out of range" };
        let bins = from.len(WINDOW as usize, "it has too many bins")?;
        let mut store = Self::default();
        let mut before = 0;
        for n in 0..bins {
            let step = from.i64()?;
            let key = step.checked_add(before).filter(|key| key.abs() <= FARTHEST).ok_or(DAMAGED)?;
            let count = from.u64()?;
            if n > 0 && step <= 0 || count == 0 {
                return Err(DAMAGED);
            }
            store.keys.push(i32::try_from(key).map_err(|_| DAMAGED)?);
            store.counts.push(count);
            before = key;
        }
        match store.keys.first() {
            Some(lowest) if *lowest < store.floor() => Err(DAMAGED),
            _ => Ok(store),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_of_a_bin_is_what_the_error_asks_for() {
        let gamma = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);
        assert!((gamma.ln() - LN_GAMMA).abs() < 1e-17);
    }

    #[test]
    fn small_magnitudes_beside_a_huge_one_are_counted_together() {
        let mut sketch = Sketch::default();
        for value in [1e-300, 1e-200, 1e-100, 1.0, 1e300] {
            sketch.add(value, 2);
        }
        assert_eq!((sketch.count(), sketch.bins()), (10, 2));
        assert!((sketch.quantile(1.0).unwrap() / 1e300 - 1.0).abs() <= RELATIVE_ERROR);
        assert!(sketch.quantile(0.0).unwrap() < 1e283);
    }

    #[test]
    fn every_finite_number_has_a_bin() {
        let mut sketch = Sketch::default();
        for value in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -f64::MIN_POSITIVE, 5e-324, 0.0, -0.0] {
            sketch.add(value, 1);
        }
        assert_eq!((sketch.count(), sketch.zeros), (7, 3));
        assert_eq!(Sketch::default().quantile(0.5), None);
    }
}
