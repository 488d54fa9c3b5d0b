use std::collections::BTreeMap;

use crate::StatsError;
use crate::codec::{Reader, Writer};

pub const TAG: u8 = b'C';
const VERSION: u8 = 1;
/// Labels kept.
const KEPT: usize = 64;
/// Bytes kept of a label.
const LONGEST: usize = 128;

/// Marks a label that is the number of a class, which whoever knows the classes' names puts in their place.
const NUMBER: char = '\u{1}';

/// The label of a class that is known by its number only.
pub fn numbered_label(number: i64) -> String {
    format!("{NUMBER}{number}")
}

/// How often the most frequent labels came: the summary of Misra and Gries, merged as in Agarwal et al. ("Mergeable
/// summaries", PODS 2012). Exact up to 64 labels; beyond, a count is at most [`Counts::undercount`] too small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    labels: BTreeMap<String, u64>,
    total: u64,
    undercount: u64,
}

impl Counts {
    /// Counts a label `weight` times.
    pub fn add(&mut self, label: &str, weight: u64) {
        let label = label.get(..label.floor_char_boundary(LONGEST)).unwrap_or_default();
        self.total = self.total.saturating_add(weight);
        if let Some(count) = self.labels.get_mut(label) {
            *count = count.saturating_add(weight);
        } else if weight > 0 {
            // A zero byte has no place in a text of PostgreSQL.
            self.labels.insert(label.replace('\0', "\u{fffd}"), weight);
            self.reduce();
        }
    }

    /// Adds what another summary counted.
    pub fn merge(&mut self, other: &Self) {
        for (label, count) in &other.labels {
            let own = self.labels.entry(label.clone()).or_default();
            *own = own.saturating_add(*count);
        }
        self.total = self.total.saturating_add(other.total);
        self.undercount = self.undercount.saturating_add(other.undercount);
        self.reduce();
    }

    fn reduce(&mut self) {
        if self.labels.len() <= KEPT {
            return;
        }
        let mut counts: Vec<u64> = self.labels.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let Some(cut) = counts.get(KEPT).copied() else { return };
        self.labels.retain(|_, count| {
            *count = count.saturating_sub(cut);
            *count > 0
        });
        self.undercount = self.undercount.saturating_add(cut);
    }

    /// Labels counted, the forgotten ones too.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// By how much a count may be too small.
    pub fn undercount(&self) -> u64 {
        self.undercount
    }

    /// Labels with their counts, most frequent first.
    pub fn top(&self) -> Vec<(&str, u64)> {
        let mut top: Vec<_> = self.labels.iter().map(|(label, count)| (label.as_str(), *count)).collect();
        top.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        top
    }

    /// The same counts with names in place of the numbers of classes; a number without a name stays one.
    pub fn named(&self, names: &[String]) -> Self {
        let mut named = Self { undercount: self.undercount, ..Self::default() };
        for (label, count) in &self.labels {
            let number = label.strip_prefix(NUMBER);
            let name = number.and_then(|n| n.parse().ok()).and_then(|n: usize| names.get(n));
            named.add(name.map_or(number.unwrap_or(label), String::as_str), *count);
        }
        named.total = self.total;
        named
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::tagged(TAG, VERSION);
        to.u64(self.total);
        to.u64(self.undercount);
        to.u64(self.labels.len() as u64);
        for (label, count) in &self.labels {
            to.bytes(label.as_bytes());
            to.u64(*count);
        }
        to.0
    }

    /// A state from its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut from = Reader::tagged(bytes, TAG, VERSION, "summary of labels")?;
        let mut read = Self { total: from.u64()?, undercount: from.u64()?, ..Self::default() };
        for _ in 0..from.len(KEPT, "it has too many labels")? {
            // Replacing zero bytes may have made a label longer.
            let label = from.text(3 * LONGEST)?.to_owned();
            read.labels.insert(label, from.u64()?);
        }
        from.end()?;
        let sum = read.labels.values().fold(0u64, |sum, n| sum.saturating_add(*n));
        if sum > read.total || read.labels.keys().any(|label| label.contains('\0')) {
            return Err(StatsError::Damaged { what: "its counts do not agree" });
        }
        Ok(read)
    }
}
