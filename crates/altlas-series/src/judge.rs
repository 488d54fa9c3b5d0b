//! From a band of expected values to a score, a verdict and a severity.

use serde::{Deserialize, Serialize};

use crate::Direction;

/// How far an anomaly lies beyond the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Up to 1.5 times the threshold.
    Low,
    /// Up to twice the threshold.
    Medium,
    /// Up to three times the threshold.
    High,
    /// More than three times the threshold, or infinite.
    Critical,
}

impl Severity {
    /// The name in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn of(deviation: f64) -> Option<Self> {
        match deviation {
            d if d > 3.0 => Some(Self::Critical),
            d if d > 2.0 => Some(Self::High),
            d if d > 1.5 => Some(Self::Medium),
            d if d > 1.0 => Some(Self::Low),
            _ => None,
        }
    }
}

/// The verdict on one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// `u² / (1 + u²)` in `[0, 1]`, where `u` is the deviation in multiples of the threshold: 0 at the expected
    /// value, 0.5 at the threshold. NaN for a missing value and where too few values are known.
    pub score: f64,
    /// Whether the point lies beyond the threshold on a side that counts (`u > 1`).
    pub is_anomaly: bool,
    /// The value expected here; NaN where too few values are known.
    pub expected: f64,
    /// Where the normal range begins, whatever the direction asked for; NaN like `expected`.
    pub lower: f64,
    /// Where the normal range ends, whatever the direction asked for; NaN like `expected`.
    pub upper: f64,
    /// Severity by multiples of the threshold; none for a normal point.
    pub severity: Option<Severity>,
}

/// The normal range of one point: lower ≤ expected ≤ upper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Band {
    pub expected: f64,
    pub lower: f64,
    pub upper: f64,
}

impl Band {
    pub const UNKNOWN: Self = Self { expected: f64::NAN, lower: f64::NAN, upper: f64::NAN };

    /// A band of the same reach on both sides.
    pub fn around(expected: f64, reach: f64) -> Self {
        Self { expected, lower: expected - reach, upper: expected + reach }
    }

    /// The band, reaching at least `reach` to both sides.
    pub fn at_least(self, reach: f64) -> Self {
        let Self { expected, lower, upper } = self;
        Self { expected, lower: lower.min(expected - reach), upper: upper.max(expected + reach) }
    }

    /// Judges a value. An infinite value has an infinite deviation, also where no band is known.
    pub fn judge(self, value: f64, direction: Direction) -> Judged {
        let deviation = match (value > self.expected || value == f64::INFINITY, direction) {
            _ if value.is_nan() => f64::NAN,
            (true, Direction::Low) => 0.0,
            (true, _) => multiples(value, self.expected, self.upper),
            (false, Direction::High) if !self.expected.is_nan() || value.is_infinite() => 0.0,
            (false, _) => multiples(value, self.expected, self.lower),
        };
        Judged {
            score: if deviation.is_nan() { f64::NAN } else { 1.0 - 1.0 / (1.0 + deviation * deviation) },
            is_anomaly: deviation > 1.0,
            expected: self.expected,
            lower: self.lower,
            upper: self.upper,
            severity: Severity::of(deviation),
        }
    }
}

impl Judged {
    /// The same verdict on a value moved by `by` and then counted in another unit.
    pub(crate) fn placed(self, by: f64, unit: f64) -> Self {
        let place = |value: f64| (value + by) * unit;
        Self { expected: place(self.expected), lower: place(self.lower), upper: place(self.upper), ..self }
    }
}

/// How many times the distance from `expected` to `bound` the value is away.
fn multiples(value: f64, expected: f64, bound: f64) -> f64 {
    if value.is_infinite() {
        return f64::INFINITY;
    }
    let (away, reach) = ((value - expected).abs(), (bound - expected).abs());
    // A band of width zero comes from a constant history: what differs by rounding alone is equal.
    if away <= 1e-9 * value.abs().max(expected.abs()) && reach <= away {
        return 0.0;
    }
    away / reach
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Band = Band { expected: 10.0, lower: 8.0, upper: 14.0 };

    #[test]
    fn threshold_scores_one_half() {
        let judged = BAND.judge(14.0, Direction::Both);
        assert_eq!((judged.score, judged.is_anomaly, judged.severity), (0.5, false, None));
        assert_eq!(BAND.judge(8.0, Direction::Both).score, 0.5);
        assert_eq!(BAND.judge(10.0, Direction::Both).score, 0.0);
    }

    #[test]
    fn severity_follows_multiples_of_the_threshold() {
        let severity = |value| BAND.judge(value, Direction::Both).severity;
        assert_eq!(severity(7.5), Some(Severity::Low));
        assert_eq!(severity(6.5), Some(Severity::Medium));
        assert_eq!(severity(4.5), Some(Severity::High));
        assert_eq!(severity(3.0), Some(Severity::Critical));
    }

    #[test]
    fn direction_silences_one_side() {
        assert_eq!(BAND.judge(1.0, Direction::High).score, 0.0);
        assert!(BAND.judge(1.0, Direction::Low).is_anomaly);
        assert_eq!(BAND.judge(f64::NEG_INFINITY, Direction::High).score, 0.0);
        assert!(BAND.judge(f64::INFINITY, Direction::High).is_anomaly);
        assert!(!BAND.judge(f64::INFINITY, Direction::Low).is_anomaly);
    }

    #[test]
    fn unknown_band_judges_infinities_only() {
        assert!(Band::UNKNOWN.judge(1.0, Direction::High).score.is_nan());
        assert!(Band::UNKNOWN.judge(1.0, Direction::Low).score.is_nan());
        assert!(Band::UNKNOWN.judge(f64::NAN, Direction::Both).score.is_nan());
        assert_eq!(Band::UNKNOWN.judge(f64::NEG_INFINITY, Direction::Both).score, 1.0);
    }

    #[test]
    fn rounding_is_no_departure_from_a_constant() {
        let constant = Band::around(0.3, 0.0);
        assert_eq!(constant.judge(0.1 + 0.2, Direction::Both).score, 0.0);
        assert_eq!(constant.judge(0.31, Direction::Both).score, 1.0);
    }
}
