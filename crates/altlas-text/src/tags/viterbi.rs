//! The likeliest tags in which nothing goes on that has not begun (Viterbi 1967).

pub(super) const OUTSIDE: usize = 0;
pub(super) const BEGIN: usize = 1;
pub(super) const INSIDE: usize = 2;

/// One tag for each row of scores.
pub(super) fn tags(rows: impl Iterator<Item = [f32; 3]>) -> Vec<usize> {
    let mut total = [0.0, 0.0, f32::NEG_INFINITY];
    let mut steps: Vec<[usize; 3]> = Vec::new();
    let mut count = 0;
    for (n, scores) in rows.enumerate() {
        count = n + 1;
        let logs = log_shares(scores);
        if n > 0 {
            let best = [0, 1, 2].map(|to| best(total, to));
            total = best.map(|(_, score)| score);
            steps.push(best.map(|(from, _)| from));
        }
        for (sum, log) in total.iter_mut().zip(logs) {
            *sum += log;
        }
    }
    if steps.len() >= count {
        return Vec::new();
    }
    let mut tag = highest(total);
    let mut found = vec![tag];
    for step in steps.iter().rev() {
        tag = step.get(tag).copied().unwrap_or(OUTSIDE);
        found.push(tag);
    }
    found.reverse();
    found
}

/// The best tag before `to`, and the score of the way there.
fn best(total: [f32; 3], to: usize) -> (usize, f32) {
    let mut allowed = total;
    if to == INSIDE {
        allowed[OUTSIDE] = f32::NEG_INFINITY;
    }
    let from = highest(allowed);
    (from, allowed.get(from).copied().unwrap_or(f32::NEG_INFINITY))
}

/// The first of the highest.
fn highest(scores: [f32; 3]) -> usize {
    let mut best = 0;
    for (n, score) in scores.iter().enumerate() {
        if scores.get(best).is_some_and(|b| score > b) {
            best = n;
        }
    }
    best
}

fn log_shares(scores: [f32; 3]) -> [f32; 3] {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = scores.iter().map(|score| (score - most).exp()).sum();
    scores.map(|score| score - most - total.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_on_that_has_not_begun() {
        // Inside is likeliest everywhere, and still begins first.
        assert_eq!(tags([[0.0, 1.0, 5.0]; 3].into_iter()), [BEGIN, INSIDE, INSIDE]);
        // A beginning that is likely enough carries what follows.
        let rows = [[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 4.0], [3.0, 0.0, 0.0]];
        assert_eq!(tags(rows.into_iter()), [OUTSIDE, BEGIN, INSIDE, OUTSIDE]);
        assert_eq!(tags([[0.0; 3]].into_iter()), [OUTSIDE]);
        assert!(tags(std::iter::empty()).is_empty());
    }
}
