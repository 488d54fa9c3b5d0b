use crate::codec::{Reader, Writer};
use crate::{Sketch, StatsError};

pub const TAG: u8 = b'N';
const VERSION: u8 = 1;

/// Numbers in summary: moments (Welford; merged as Chan, Golub, LeVeque 1979) and a [`Sketch`].
#[derive(Debug, Clone, PartialEq)]
pub struct Numeric {
    /// Numbers that were looked at; each may stand for several.
    pub sampled: u64,
    /// Finite numbers that they stand for.
    pub count: u64,
    /// NaN, which stands for a missing value.
    pub missing: u64,
    /// Infinities, left out of everything else.
    pub infinite: u64,
    /// The smallest; +∞ of none.
    pub min: f64,
    /// The largest; −∞ of none.
    pub max: f64,
    /// The mean; 0 of none.
    pub mean: f64,
    /// Sum of squared distances from the mean.
    pub m2: f64,
    sketch: Sketch,
}

impl Default for Numeric {
    fn default() -> Self {
        Self {
            sampled: 0,
            count: 0,
            missing: 0,
            infinite: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            m2: 0.0,
            sketch: Sketch::default(),
        }
    }
}

impl Numeric {
    /// Counts one number that stands for `weight`.
    pub fn add(&mut self, value: f64, weight: u64) {
        self.sampled += 1;
        if !value.is_finite() {
            let counter = if value.is_nan() { &mut self.missing } else { &mut self.infinite };
            *counter = counter.saturating_add(weight);
            return;
        }
        self.count = self.count.saturating_add(weight);
        let before = value - self.mean;
        self.mean += before * (weight as f64 / self.count.max(1) as f64);
        self.m2 += weight as f64 * before * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sketch.add(value, weight);
    }

    /// Adds what another summary holds.
    pub fn merge(&mut self, other: &Self) {
        self.sampled = self.sampled.saturating_add(other.sampled);
        self.missing = self.missing.saturating_add(other.missing);
        self.infinite = self.infinite.saturating_add(other.infinite);
        if other.count == 0 {
            return;
        }
        let (own, others) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.mean += apart * (others / (own + others));
        self.m2 += other.m2 + apart * apart * (own * (others / (own + others)));
        self.count = self.count.saturating_add(other.count);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sketch.merge(&other.sketch);
    }

    /// The standard deviation of the numbers; `None` of none.
    pub fn stddev(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.m2 / self.count as f64).max(0.0).sqrt())
    }

    /// The share of numbers that were missing; `None` of none.
    pub fn missing_share(&self) -> Option<f64> {
        let all = self.count.saturating_add(self.missing).saturating_add(self.infinite);
        (all > 0).then(|| self.missing as f64 / all as f64)
    }

    /// About the number of rank ⌊q·(n−1)⌋, from 0, see [`crate::RELATIVE_ERROR`].
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.sketch.quantile(q).map(|value| value.clamp(self.min, self.max))
    }

    /// Bins in use, 12 bytes each.
    pub fn bins(&self) -> usize {
        self.sketch.bins()
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        let mut sketch = std::mem::take(&mut self.sketch);
        sketch.clear();
        *self = Self { sketch, ..Self::default() };
    }

    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::tagged(TAG, VERSION);
        for count in [self.sampled, self.count, self.missing, self.infinite] {
            to.u64(count);
        }
        if self.count > 0 {
            for moment in [self.min, self.max, self.mean, self.m2] {
                to.f64(moment);
            }
        }
        self.sketch.write(&mut to);
        to.0
    }

    /// A state from its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut from = Reader::tagged(bytes, TAG, VERSION, "summary of numbers")?;
        let mut read = Self { sampled: from.u64()?, count: from.u64()?, ..Self::default() };
        (read.missing, read.infinite) = (from.u64()?, from.u64()?);
        if read.count > 0 {
            (read.min, read.max, read.mean, read.m2) = (from.f64()?, from.f64()?, from.f64()?, from.f64()?);
            // The mean of huge numbers may have overflown; the bounds are numbers that were there.
            if !(read.min.is_finite() && read.max.is_finite() && read.min <= read.max) {
                return Err(StatsError::Damaged { what: "its bounds are no numbers" });
            }
        }
        read.sketch = Sketch::read(&mut from)?;
        if read.sketch.count() != read.count {
            return Err(StatsError::Damaged { what: "its counts do not agree" });
        }
        from.end()?;
        Ok(read)
    }
}
