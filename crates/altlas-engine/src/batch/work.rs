//! What is to be run, and whether two of that kind can be put together.

use altlas_proto::{Tensor, TensorSpec};

/// How the inputs of several calls may become those of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Not at all.
    Alone,
    /// Rows are along the first dimension; the others are equal.
    Rows,
    /// Rows are along the first dimension and a sequence is along the second, which zeros may fill up: token ids with
    /// their mask. Whoever asks for it vouches that zeros at the end change nothing.
    Padded,
}

/// A run that somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The inputs, checked against the model's signature.
    pub inputs: Vec<Tensor>,
    /// The outputs wanted, as for [`Session::run`](altlas_runtime::Session::run).
    pub outputs: Vec<String>,
    /// How it may be joined with others.
    pub join: Join,
}

/// Bounds of a joined run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most rows; with 1, nothing is joined.
    pub rows: usize,
}

/// Tokens of a padded run as a multiple of its rows: what attention needs grows with the square of the length.
const TOKENS_PER_ROW: usize = 32;
/// What fills shorter sequences up may be this share of a padded run, one part in so many, or in any case so many tokens.
const FILLING_SHARE: usize = 8;
const LEAST_FILLING: usize = 16;
/// Bytes of a joined run's inputs: pictures are large for one row already.
const BYTES: usize = 16 << 20;
/// A call with more than this share of a full run gains nothing from company and would make it wait.
const LARGE_SHARE: usize = 4;

/// The size of a piece of work, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub rows: usize,
    /// The longest sequence; 1 where there are none.
    length: usize,
    /// Elements of the sequences, without what fills them up.
    tokens: usize,
    bytes: usize,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            length: self.length.max(other.length),
            tokens: self.tokens + other.tokens,
            bytes: self.bytes + other.bytes,
        }
    }

    /// The two in one run, if that is within the bounds.
    pub fn joined(self, other: Self, bounds: Bounds) -> Option<Self> {
        let both = self.and(other);
        let padded = both.rows.saturating_mul(both.length);
        let fits = both.rows <= bounds.rows
            && both.bytes <= BYTES
            && padded <= bounds.rows.saturating_mul(TOKENS_PER_ROW)
            && padded.saturating_sub(both.tokens) <= LEAST_FILLING.max(padded / FILLING_SHARE);
        fits.then_some(both)
    }

    /// Whether it should not be joined, and take turns with what is.
    pub fn is_large(self, bounds: Bounds) -> bool {
        let large = |amount: usize, most: usize| amount.saturating_mul(LARGE_SHARE) > most;
        large(self.rows, bounds.rows)
            || large(self.bytes, BYTES)
            || large(self.tokens, bounds.rows.saturating_mul(TOKENS_PER_ROW))
    }
}

impl Work {
    /// Its size; `None` when the inputs have no rows in common, so that it must run alone.
    pub fn size(&self) -> Option<Size> {
        let rows = match self.join {
            Join::Alone => None,
            Join::Rows | Join::Padded => rows_of(&self.inputs),
        }?;
        let length = match self.join {
            Join::Padded => length_of(&self.inputs)?,
            Join::Alone | Join::Rows => 1,
        };
        let bytes = self.inputs.iter().map(|t| t.data.len()).sum();
        Some(Size { rows, length, tokens: rows.checked_mul(length)?, bytes })
    }

    /// Whether the other asks for the same of the same model.
    pub fn matches(&self, other: &Self) -> bool {
        let like = |(a, b): (&Tensor, &Tensor)| {
            let (a, b) = (&a.spec, &b.spec);
            a.name == b.name && a.dtype == b.dtype && self.row_shape(a) == self.row_shape(b)
        };
        self.join == other.join
            && self.inputs.len() == other.inputs.len()
            && self.outputs == other.outputs
            && self.inputs.iter().zip(&other.inputs).all(like)
    }

    /// The dimensions that joined inputs have in common.
    fn row_shape<'a>(&self, spec: &'a TensorSpec) -> Option<&'a [usize]> {
        let fixed = if self.join == Join::Padded { 2 } else { 1 };
        spec.shape.get(fixed..)
    }
}

/// The first dimension of all inputs, if it is one and the same and there are rows.
fn rows_of(inputs: &[Tensor]) -> Option<usize> {
    let mut firsts = inputs.iter().map(|t| t.spec.shape.first().copied());
    let rows = firsts.next()??;
    (rows > 0 && firsts.all(|first| first == Some(rows))).then_some(rows)
}

/// The second dimension of all inputs, if it is one and the same. Texts cannot be filled up with zeros.
fn length_of(inputs: &[Tensor]) -> Option<usize> {
    let mut seconds = inputs.iter().map(|t| t.spec.dtype.width().and_then(|_| t.spec.shape.get(1).copied()));
    let length = seconds.next()??;
    (length > 0 && seconds.all(|second| second == Some(length))).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { rows: 8 };

    fn rows(count: usize, width: usize) -> Work {
        let x = Tensor::f32("x", &[count, width], &vec![0.0; count * width]);
        Work { inputs: vec![x], outputs: vec![], join: Join::Rows }
    }

    fn tokens(count: usize, length: usize) -> Work {
        let ids = Tensor::i64("ids", &[count, length], &vec![7; count * length]);
        let mask = Tensor::i64("mask", &[count, length], &vec![1; count * length]);
        Work { inputs: vec![ids, mask], outputs: vec![], join: Join::Padded }
    }

    #[test]
    fn work_is_joined_when_only_the_rows_differ() {
        assert!(rows(1, 3).matches(&rows(2, 3)));
        assert!(!rows(1, 3).matches(&rows(1, 4)));
        let mut other = rows(1, 3);
        other.outputs.push("y".into());
        assert!(!rows(1, 3).matches(&other));
        assert!(tokens(1, 3).matches(&tokens(2, 9)));
        let mut strings = rows(1, 1);
        strings.inputs[0] = Tensor::strings("x", &[1, 1], &["a"]);
        assert!(!rows(1, 1).matches(&strings));
        strings.join = Join::Padded;
        assert_eq!(strings.size(), None);
    }

    #[test]
    fn inputs_without_common_rows_run_alone() {
        assert_eq!(Work { join: Join::Alone, ..rows(1, 1) }.size(), None);
        assert_eq!(rows(0, 3).size(), None);
        let mut uneven = rows(2, 3);
        uneven.inputs.push(Tensor::f32("z", &[1], &[0.0]));
        assert_eq!(uneven.size(), None);
        uneven.inputs[1] = Tensor::f32("z", &[], &[0.0]);
        assert_eq!(uneven.size(), None);
    }

    #[test]
    fn a_run_is_bounded_in_rows_tokens_and_filling() {
        let size = |work: Work| work.size().unwrap();
        let joined = |a: Work, b: Work| size(a).joined(size(b), BOUNDS).map(|both| both.rows);
        assert_eq!(joined(rows(3, 1), rows(5, 1)), Some(8));
        assert_eq!(joined(rows(3, 1), rows(6, 1)), None);
        assert_eq!(joined(tokens(1, 10), tokens(1, 12)), Some(2));
        assert_eq!(joined(tokens(1, 4), tokens(1, 24)), None, "too much would be filling");
        assert_eq!(joined(tokens(2, 100), tokens(2, 100)), None, "more than 32 tokens for each of 8 rows");
        assert!(size(rows(3, 1)).is_large(BOUNDS) && !size(rows(2, 1)).is_large(BOUNDS));
        assert!(size(rows(1, 2 << 20)).is_large(BOUNDS));
    }
}
