use std::cmp::Reverse;

/// Padding that a run may have in any case: beginning another run costs about as much.
const LEAST_PADDING: usize = 16;
/// The share of a run that may be padding: one part in so many.
const PADDING_SHARE: usize = 32;

/// Texts that are run together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Their numbers.
    pub rows: Vec<usize>,
    /// Tokens of the longest.
    pub length: usize,
    /// Tokens of all.
    tokens: usize,
}

impl Batch {
    /// Whether a text of so many tokens, none longer than those that are there, belongs here.
    fn admits(&self, length: usize, bounds: Bounds) -> bool {
        let padded = (self.rows.len() + 1) * self.length;
        let padding = padded - self.tokens - length;
        let most = if bounds.padding { LEAST_PADDING.max(padded / PADDING_SHARE) } else { 0 };
        self.rows.len() < bounds.rows && padded <= bounds.tokens && padding <= most
    }
}

/// What a graph takes in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Texts.
    pub rows: usize,
    /// Tokens, padding included; one text alone may have more.
    pub tokens: usize,
    /// Whether texts of different length may run together, the shorter ones filled up.
    pub padding: bool,
}

/// Puts texts of like length together, given how many tokens each has; the longest first.
pub(crate) fn plan(lengths: &[usize], bounds: Bounds) -> Vec<Batch> {
    let mut order: Vec<_> = lengths.iter().copied().enumerate().collect();
    order.sort_unstable_by_key(|&(row, length)| (Reverse(length), row));
    let mut batches: Vec<Batch> = Vec::new();
    for (row, length) in order {
        match batches.last_mut() {
            Some(batch) if batch.admits(length, bounds) => {
                batch.rows.push(row);
                batch.tokens += length;
            }
            _ => batches.push(Batch { rows: vec![row], length, tokens: length }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPEN: Bounds = Bounds { rows: usize::MAX, tokens: 2048, padding: true };

    #[test]
    fn texts_of_like_length_run_together() {
        let rows =
            |lengths: &[usize], bounds| plan(lengths, bounds).into_iter().map(|b| b.rows).collect::<Vec<_>>();
        assert_eq!(rows(&[3, 1000, 5, 1000, 1000, 3000], OPEN), [vec![5], vec![1, 3], vec![4], vec![2, 0]]);
        assert_eq!(rows(&[3, 5], Bounds { rows: 1, ..OPEN }), [[1], [0]]);
        assert_eq!(rows(&[3, 5, 3], Bounds { padding: false, ..OPEN }), [vec![1], vec![0, 2]]);
        assert!(plan(&[], OPEN).is_empty());
    }

    proptest! {
        #[test]
        fn every_text_has_one_place(
            lengths in prop::collection::vec(1usize..600, 0..300), rows in 1usize..200,
            tokens in 1usize..4096, padding in any::<bool>(),
        ) {
            let batches = plan(&lengths, Bounds { rows, tokens, padding });
            let mut seen: Vec<usize> = batches.iter().flat_map(|b| b.rows.iter().copied()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                let padded = batch.rows.len() * batch.length;
                let filled: usize = batch.rows.iter().map(|&row| lengths[row]).sum();
                let most = if padding { LEAST_PADDING.max(padded / PADDING_SHARE) } else { 0 };
                prop_assert!(batch.rows.len() <= rows);
                prop_assert!(batch.rows.len() == 1 || padded <= tokens);
                prop_assert!(padded - filled <= most);
                prop_assert!(batch.rows.iter().all(|&row| lengths[row] <= batch.length));
            }
        }
    }
}
