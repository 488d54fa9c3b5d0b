use crate::StatsError;
use crate::codec::{Reader, Writer};

pub const TAG: u8 = b'H';
const VERSION: u8 = 1;
/// Buckets of an octave: a value is within 1/16 of its bucket's middle.
const STEPS: u64 = 8;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Buckets that the largest value needs.
const MOST: usize = ((64 - STEP_BITS as usize) + 1) * STEPS as usize;

/// Whole numbers in log-linear buckets: exact below 16, then eight buckets an octave. The bounds are fixed, so that
/// histograms can be merged and exported; 2^k is always a bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    sum: u64,
    max: u64,
}

impl Histogram {
    /// Counts a value `weight` times.
    pub fn add(&mut self, value: u64, weight: u64) {
        let at = bucket(value);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(weight);
        }
        self.sum = self.sum.saturating_add(value.saturating_mul(weight));
        self.max = self.max.max(value);
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, others) in self.counts.iter_mut().zip(&other.counts) {
            *own = own.saturating_add(*others);
        }
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Their sum.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The largest; 0 of none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The mean; `None` of none.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum as f64 / count as f64)
    }

    /// About the value of rank ⌊q·(n−1)⌋, from 0: the middle of its bucket.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        let rank = (q.clamp(0.0, 1.0) * last as f64).floor() as u64;
        let mut seen = 0u64;
        let at = self.counts.iter().position(|n| {
            seen = seen.saturating_add(*n);
            seen > rank
        })?;
        let (low, width) = (lower(at), width(at));
        Some((low as f64 + (width - 1) as f64 / 2.0).min(self.max as f64))
    }

    /// Values below 2^`power`.
    pub fn below_power(&self, power: u32) -> u64 {
        let end = 1u64.checked_shl(power).map_or(MOST, bucket);
        self.counts.iter().take(end).fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        self.counts.clear();
        (self.sum, self.max) = (0, 0);
    }

    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::tagged(TAG, VERSION);
        to.u64(self.sum);
        to.u64(self.max);
        let used = || self.counts.iter().enumerate().filter(|(_, n)| **n > 0);
        to.u64(used().count() as u64);
        let mut next = 0;
        for (at, count) in used() {
            to.u64((at - next) as u64);
            to.u64(*count);
            next = at + 1;
        }
        to.0
    }

    /// A state from its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatsError> {
        const DAMAGED: StatsError = StatsError::Damaged { what: "a bucket is out of range" };
        let mut from = Reader::tagged(bytes, TAG, VERSION, "histogram")?;
        let (sum, max) = (from.u64()?, from.u64()?);
        let mut counts = Vec::new();
        for _ in 0..from.len(MOST, "it has too many buckets")? {
            let gap = from.len(MOST, "a bucket is out of range")?;
            let count = from.u64()?;
            counts.resize(Some(counts.len() + gap).filter(|n| *n < MOST).ok_or(DAMAGED)?, 0);
            counts.push(Some(count).filter(|n| *n > 0).ok_or(DAMAGED)?);
        }
        from.end()?;
        if counts.len().saturating_sub(1) != bucket(max) {
            return Err(StatsError::Damaged { what: "its largest value is in no bucket" });
        }
        Ok(Self { counts, sum, max })
    }
}

fn bucket(value: u64) -> usize {
    let octave = value.checked_ilog2().unwrap_or(0).saturating_sub(STEP_BITS);
    (u64::from(octave) * STEPS + (value >> octave)) as usize
}

/// The smallest value of a bucket.
fn lower(at: usize) -> u64 {
    let at = at as u64;
    if at < 2 * STEPS { at } else { (at % STEPS + STEPS) << (at / STEPS - 1) }
}

/// Values that a bucket holds.
fn width(at: usize) -> u64 {
    1 << (at as u64 / STEPS).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        for at in 0..MOST - 1 {
            assert_eq!(lower(at) + width(at), lower(at + 1), "{at}");
            assert_eq!((bucket(lower(at)), bucket(lower(at + 1) - 1)), (at, at));
        }
        assert_eq!(bucket(u64::MAX), MOST - 1);
    }

    #[test]
    fn powers_of_two_are_bounds() {
        let mut histogram = Histogram::default();
        (0..100).for_each(|value| histogram.add(value, 1));
        let below = |power| histogram.below_power(power);
        assert_eq!([0, 1, 4, 6, 7, 63, 64].map(below), [1, 2, 16, 64, 100, 100, 100]);
    }

    #[test]
    fn small_values_are_exact() {
        let mut histogram = Histogram::default();
        for (value, weight) in [(1, 3), (4, 6), (15, 1)] {
            histogram.add(value, weight);
        }
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|q| histogram.quantile(q)), [1.0, 1.0, 4.0, 15.0].map(Some));
        assert_eq!((histogram.mean(), histogram.max()), (Some(4.2), 15));
        assert_eq!((Histogram::default().mean(), Histogram::default().quantile(0.5)), (None, None));
    }
}
