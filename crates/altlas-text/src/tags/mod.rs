//! From a network's numbers for the pieces of a text to segments.
//!
//! For each piece the network scores three edges of segments and the eight types.
//! The reference is `models/segmenter/decode.py`.

mod viterbi;

use crate::task::edges;
use crate::types::TaskType;

use viterbi::{BEGIN, INSIDE, tags};

const SPAN_AT: usize = 0;
const TYPE_AT: usize = SPAN_AT + 3;
/// Numbers that the network gives for a piece.
pub const WIDTH: usize = TYPE_AT + TaskType::ALL.len();

/// A segment as the network sees it. Offsets count code points of the text that was decoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tagged {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// The likeliest type.
    pub task_type: TaskType,
    /// Its probability, the mean of the segment's pieces.
    pub confidence: f32,
}

/// What the network says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Tags {
    /// The probability of the least likely of the edges that it chose; 1 for a text without pieces.
    pub certainty: f32,
    /// The segments between those edges.
    pub segments: Vec<Tagged>,
    /// The places of the pieces and the probabilities of the types there.
    types: Vec<((usize, usize), [f32; TaskType::ALL.len()])>,
}

impl Tags {
    /// Segments by hand, for tests.
    #[must_use]
    pub fn of(segments: Vec<Tagged>, certainty: f32) -> Self {
        Self { certainty, segments, types: Vec::new() }
    }

    /// The likeliest type of the code points `[start, end)`, by the mean of the pieces' probabilities; none where no piece lies.
    #[must_use]
    pub fn task_type(&self, start: usize, end: usize) -> Option<(TaskType, f32)> {
        let inside = |((a, b), _): &&((usize, usize), _)| a < b && *a < end && *b > start;
        kind(self.types.iter().filter(inside).map(|(_, shares)| *shares))
    }
}

/// The numbers of each piece.
struct Scores<'a> {
    places: &'a [(usize, usize)],
    rows: Vec<&'a [f32]>,
}

/// The segments of a text. `places` are those of its pieces, `[start, end)`; `scores` has [`WIDTH`] numbers a piece, or
/// there is no answer.
#[must_use]
pub fn decode(text: &[char], places: &[(usize, usize)], scores: &[f32]) -> Option<Tags> {
    if scores.len() != places.len() * WIDTH {
        return None;
    }
    let places: Vec<_> = places.iter().map(|place| unspaced(text, *place)).collect();
    let scores = Scores { places: &places, rows: scores.chunks_exact(WIDTH).collect() };
    let edges =
        || scores.rows.iter().map(|row| [at(row, SPAN_AT), at(row, SPAN_AT + 1), at(row, SPAN_AT + 2)]);
    let spans = tags(edges());
    // Not a number is not certain.
    let certainty = edges()
        .zip(&spans)
        .map(|(row, tag)| shares(&row).nth(*tag).unwrap_or(0.0))
        .fold(1.0, |least: f32, share| if share >= least { least } else { share });
    let types: Vec<_> = scores.types();
    let mut found: Vec<Tagged> = Vec::new();
    for (first, last) in runs(&spans) {
        let Some((start, end)) = scores.place(text, first, last) else { continue };
        let inside = types.get(first..last).unwrap_or_default().iter().map(|(_, shares)| *shares);
        let (task_type, confidence) = kind(inside).unwrap_or((TaskType::Execute, 0.0));
        found.push(Tagged { start, end, task_type, confidence });
    }
    Some(Tags { certainty, segments: found, types })
}

impl Scores<'_> {
    /// Where pieces `[first, last)` lie, without spaces and marks at the edges.
    fn place(&self, text: &[char], first: usize, last: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.places.get(first)?.0, self.places.get(last.checked_sub(1)?)?.1);
        edges::bare(text, start, end)
    }

    /// The places of the pieces and the probabilities of the types there.
    fn types(&self) -> Vec<((usize, usize), [f32; TaskType::ALL.len()])> {
        let of = |row: &&[f32]| {
            let mut found = [0.0; TaskType::ALL.len()];
            for (to, share) in found.iter_mut().zip(shares(row.get(TYPE_AT..WIDTH).unwrap_or_default())) {
                *to = share;
            }
            found
        };
        self.places.iter().copied().zip(self.rows.iter().map(of)).collect()
    }
}

/// The likeliest type, by the mean of probabilities; none of nothing.
fn kind(pieces: impl Iterator<Item = [f32; TaskType::ALL.len()]>) -> Option<(TaskType, f32)> {
    let mut sums = [0.0_f32; TaskType::ALL.len()];
    let mut count = 0_u32;
    for shares in pieces {
        count += 1;
        for (sum, share) in sums.iter_mut().zip(shares) {
            *sum += share;
        }
    }
    let mut best: Option<(TaskType, f32)> = None;
    for (task_type, sum) in TaskType::ALL.into_iter().zip(sums) {
        if best.is_none_or(|(_, most)| sum > most) {
            best = Some((task_type, sum));
        }
    }
    best.filter(|_| count > 0).map(|(task_type, sum)| (task_type, (sum / count as f32).clamp(0.0, 1.0)))
}

/// The probabilities that scores stand for (softmax).
fn shares(scores: &[f32]) -> impl Iterator<Item = f32> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = scores.iter().map(|score| (score - most).exp()).sum();
    scores.iter().map(move |score| (score - most).exp() / total)
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
        assert_eq!((TYPE_AT, WIDTH), (3, 11));
    }

    #[test]
    fn runs_begin_where_a_tag_says_so() {
        assert_eq!(runs(&[0, 1, 2, 1, 0, 1, 2, 2]), [(1, 3), (3, 4), (5, 8)]);
        assert!(runs(&[0, 0]).is_empty());
    }

    #[test]
    fn an_answer_of_another_width_is_none() {
        assert!(decode(&['x'], &[(0, 1)], &[0.0; 10]).is_none());
        assert_eq!(decode(&[], &[], &[]), Some(Tags::of(Vec::new(), 1.0)));
        // Not a number is nothing certain, and no panic.
        assert!(decode(&['x'], &[(0, 1)], &[f32::NAN; 11]).is_some_and(|tags| tags.certainty.is_nan()));
    }
}
