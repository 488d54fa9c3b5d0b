use crate::{Counts, Histogram, Numeric, StatsError, counts, histogram, numeric};

/// Merges two encoded states of one kind: numbers, histograms or labels.
pub fn merge_states(left: &[u8], right: &[u8]) -> Result<Vec<u8>, StatsError> {
    match left.first() {
        Some(&numeric::TAG) => {
            let mut merged = Numeric::decode(left)?;
            merged.merge(&Numeric::decode(right)?);
            Ok(merged.encode())
        }
        Some(&histogram::TAG) => {
            let mut merged = Histogram::decode(left)?;
            merged.merge(&Histogram::decode(right)?);
            Ok(merged.encode())
        }
        Some(&counts::TAG) => {
            let mut merged = Counts::decode(left)?;
            merged.merge(&Counts::decode(right)?);
            Ok(merged.encode())
        }
        _ => Err(StatsError::Unknown { expected: "summary" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_one_kind_are_merged_and_others_refused() {
        let (mut numbers, mut histogram, mut labels) =
            (Numeric::default(), Histogram::default(), Counts::default());
        numbers.add(1.0, 2);
        histogram.add(1, 2);
        labels.add("x", 2);
        let states = [numbers.encode(), histogram.encode(), labels.encode()];
        for (n, state) in states.iter().enumerate() {
            assert_ne!(merge_states(state, state).unwrap(), *state);
            assert!(merge_states(state, &states[(n + 1) % 3]).is_err());
        }
        let twice = Counts::decode(&merge_states(&states[2], &states[2]).unwrap()).unwrap();
        assert_eq!(twice.top(), [("x", 4)]);
        assert!(merge_states(b"", b"").is_err());
    }
}
