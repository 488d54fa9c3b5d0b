//! How good an order is.

/// The discount of a place, from 0.
pub(super) fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}

/// The normalised discounted cumulative gain of the first `k` places (Järvelin and Kekäläinen 2002), with relevances as gains and the mean
/// over the orders of equal scores (McSherry and Najork 2008), as scikit-learn's `ndcg_score`; `None` where nothing is relevant.
pub fn ndcg(relevance: &[f64], scores: &[f64], k: usize) -> Option<f64> {
    let discounts: Vec<f64> = (0..relevance.len()).map(|n| if n < k { discount(n) } else { 0.0 }).collect();
    let mut best = relevance.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal: f64 = best.iter().zip(&discounts).map(|(gain, d)| gain * d).sum();
    let mut pairs: Vec<(f64, f64)> = scores.iter().copied().zip(relevance.iter().copied()).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut sum, mut place) = (0.0, 0);
    for ties in pairs.chunk_by(|a, b| a.0 == b.0) {
        let mean = ties.iter().map(|(_, gain)| gain).sum::<f64>() / ties.len() as f64;
        sum += mean * discounts.iter().skip(place).take(ties.len()).sum::<f64>();
        place += ties.len();
    }
    (ideal > 0.0).then_some(sum / ideal)
}

/// The mean over groups, given by their sizes, of those in which something is relevant.
pub fn mean_ndcg(relevance: &[f64], scores: &[f64], sizes: &[usize], k: usize) -> Option<f64> {
    let (mut sum, mut count, mut start) = (0.0, 0.0, 0);
    for size in sizes {
        let part = |all: &[f64]| all.get(start..start + size).unwrap_or_default().to_vec();
        if let Some(found) = ndcg(&part(relevance), &part(scores), k) {
            sum += found;
            count += 1.0;
        }
        start += size;
    }
    (count > 0.0).then_some(sum / count)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::reference::numbers;

    /// Against scikit-learn's `ndcg_score` (scripts/reference/ranking.py).
    #[test]
    fn is_scikit_learns() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/data/ranking.json")).unwrap();
        for case in cases["ndcg"].as_array().unwrap() {
            let (relevance, scores) = (numbers(&case["relevance"]), numbers(&case["scores"]));
            let found = ndcg(&relevance, &scores, case["k"].as_u64().unwrap() as usize).unwrap();
            assert!((found - case["ndcg"].as_f64().unwrap()).abs() < 1e-12, "{case}");
        }
        assert_eq!(ndcg(&[0.0, 0.0], &[1.0, 2.0], 5), None);
        assert_eq!(mean_ndcg(&[1.0, 0.0, 0.0, 0.0], &[2.0, 1.0, 0.0, 0.0], &[2, 2], 5), Some(1.0));
    }
}
