//! From a network's numbers for the pieces of a text to segments.
//!
//! For each piece the network scores three edges of segments, the eight types, two edges of each of twelve parameters, and
//! for each kind of dependency two vectors: what a segment that begins there waits for, and what waits for it.
//! The reference is `models/segmenter/decode.py`.

mod viterbi;

use crate::task::{DependencyKind, edges};
use crate::types::TaskType;

use viterbi::{BEGIN, INSIDE, tags};

/// The parameters that the network finds, in the order of its numbers.
pub const PARAMETERS: [&str; 12] = [
    "query",
    "target",
    "title",
    "format",
    "source",
    "destination",
    "recipient",
    "date",
    "time",
    "language",
    "count",
    "condition",
];
const KINDS: [DependencyKind; 2] = [DependencyKind::Sequence, DependencyKind::Data];
/// Numbers of a vector of a dependency.
const LINK: usize = 32;

const SPAN_AT: usize = 0;
const TYPE_AT: usize = SPAN_AT + 3;
const PARAMETER_AT: usize = TYPE_AT + TaskType::ALL.len();
const LINK_AT: usize = PARAMETER_AT + 2 * PARAMETERS.len();
/// Numbers that the network gives for a piece.
pub const WIDTH: usize = LINK_AT + 2 * KINDS.len() * LINK;

/// A segment as the network sees it. Offsets count code points of the text that was decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// The likeliest type.
    pub task_type: TaskType,
    /// Its probability, the mean of the segment's pieces.
    pub confidence: f32,
    /// Earlier segments that it waits for, from 0, ascending.
    pub depends_on: Vec<usize>,
    /// Why; `data` wins over `sequence`.
    pub dependency_kind: Option<DependencyKind>,
    /// Names and places of what the action names.
    pub parameters: Vec<(&'static str, usize, usize)>,
}

/// The numbers of each piece.
struct Scores<'a> {
    places: &'a [(usize, usize)],
    rows: Vec<&'a [f32]>,
}

/// The segments of a text. `places` are those of its pieces, `[start, end)`; `scores` has [`WIDTH`] numbers a piece, or
/// there is no answer.
#[must_use]
pub fn decode(text: &[char], places: &[(usize, usize)], scores: &[f32]) -> Option<Vec<Tagged>> {
    if scores.len() != places.len() * WIDTH {
        return None;
    }
    let places: Vec<_> = places.iter().map(|place| unspaced(text, *place)).collect();
    let scores = Scores { places: &places, rows: scores.chunks_exact(WIDTH).collect() };
    let spans =
        tags(scores.rows.iter().map(|row| [at(row, SPAN_AT), at(row, SPAN_AT + 1), at(row, SPAN_AT + 2)]));
    let mut found: Vec<Tagged> = Vec::new();
    let mut firsts: Vec<usize> = Vec::new();
    for (first, last) in runs(&spans) {
        let Some((start, end)) = scores.place(text, first, last) else { continue };
        let (task_type, confidence) = scores.kind(first, last);
        let (depends_on, dependency_kind) = scores.parents(first, &firsts);
        let parameters = scores.parameters(text, first, last);
        firsts.push(first);
        found.push(Tagged { start, end, task_type, confidence, depends_on, dependency_kind, parameters });
    }
    Some(found)
}

impl Scores<'_> {
    /// Where pieces `[first, last)` lie, without spaces and marks at the edges.
    fn place(&self, text: &[char], first: usize, last: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.places.get(first)?.0, self.places.get(last.checked_sub(1)?)?.1);
        edges::bare(text, start, end)
    }

    /// The likeliest type of pieces, by the mean of their probabilities.
    fn kind(&self, first: usize, last: usize) -> (TaskType, f32) {
        let rows = self.rows.get(first..last).unwrap_or_default();
        let mut sums = [0.0_f32; TaskType::ALL.len()];
        for row in rows {
            let scores = row.get(TYPE_AT..PARAMETER_AT).unwrap_or_default();
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let shares = scores.iter().map(|score| (score - most).exp());
            let total: f32 = shares.clone().sum();
            for (sum, share) in sums.iter_mut().zip(shares) {
                *sum += share / total;
            }
        }
        let mut best = (TaskType::Execute, f32::NEG_INFINITY);
        for (kind, sum) in TaskType::ALL.into_iter().zip(sums) {
            if sum > best.1 {
                best = (kind, sum);
            }
        }
        (best.0, (best.1 / rows.len().max(1) as f32).clamp(0.0, 1.0))
    }

    /// Which of the segments that begin at `earlier` the one that begins at `first` waits for, and why.
    fn parents(&self, first: usize, earlier: &[usize]) -> (Vec<usize>, Option<DependencyKind>) {
        let (mut parents, mut why) = (Vec::new(), None);
        for (n, before) in earlier.iter().enumerate() {
            for (k, kind) in KINDS.into_iter().enumerate() {
                let begin = LINK_AT + 2 * k * LINK;
                let waits = self.vector(first, begin);
                let waited_for = self.vector(*before, begin + LINK);
                let product: f32 = waits.iter().zip(waited_for).map(|(a, b)| a * b).sum();
                if product > 0.0 {
                    parents.push(n);
                    why = why.max(Some(kind));
                }
            }
        }
        parents.dedup();
        (parents, why)
    }

    fn vector(&self, piece: usize, begin: usize) -> &[f32] {
        self.rows.get(piece).and_then(|row| row.get(begin..begin + LINK)).unwrap_or_default()
    }

    /// The first run of pieces of each parameter.
    fn parameters(&self, text: &[char], first: usize, last: usize) -> Vec<(&'static str, usize, usize)> {
        let rows = self.rows.get(first..last).unwrap_or_default();
        let found = |(n, name): (usize, &'static str)| {
            let begin = PARAMETER_AT + 2 * n;
            let tags = tags(rows.iter().map(|row| [0.0, at(row, begin), at(row, begin + 1)]));
            let (from, to) = *runs(&tags).first()?;
            let (start, end) = self.place(text, first + from, first + to)?;
            Some((name, start, end))
        };
        PARAMETERS.into_iter().enumerate().filter_map(found).collect()
    }
}

fn at(row: &[f32], n: usize) -> f32 {
    row.get(n).copied().unwrap_or(0.0)
}

/// A piece's place without the space that belongs to it.
fn unspaced(text: &[char], (mut start, end): (usize, usize)) -> (usize, usize) {
    while start < end && text.get(start).is_some_and(|c| c.is_whitespace() && *c != '\n') {
        start += 1;
    }
    (start, end)
}

/// `[first, last)` of each run that a tag begins.
fn runs(tags: &[usize]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (n, tag) in tags.iter().enumerate() {
        match (*tag, found.last_mut()) {
            (BEGIN, _) => found.push((n, n + 1)),
            (INSIDE, Some(run)) if run.1 == n => run.1 = n + 1,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_side_by_side() {
        assert_eq!((TYPE_AT, PARAMETER_AT, LINK_AT, WIDTH), (3, 11, 35, 163));
    }

    #[test]
    fn runs_begin_where_a_tag_says_so() {
        assert_eq!(runs(&[0, 1, 2, 1, 0, 1, 2, 2]), [(1, 3), (3, 4), (5, 8)]);
        assert!(runs(&[0, 0]).is_empty());
    }

    #[test]
    fn an_answer_of_another_width_is_none() {
        assert!(decode(&['x'], &[(0, 1)], &[0.0; 162]).is_none());
        assert_eq!(decode(&[], &[], &[]), Some(Vec::new()));
        // Not a number is no segment, and no panic.
        assert!(decode(&['x'], &[(0, 1)], &[f32::NAN; 163]).is_some());
    }
}
