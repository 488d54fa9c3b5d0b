//! Counterfactuals, shuffles, links.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::convert::Infallible;

use altlas_explain::{Candidate, Change, Link, Spread, search, shuffled, smallest};
use altlas_score::{Additive, Linear};

/// Three columns that may become 1, 2, 3 or 4, from 0.
fn candidates() -> Vec<Vec<Candidate>> {
    vec![(1..=4).map(|n| Candidate { distance: f64::from(n) }).collect(); 3]
}

/// The weighted sum of the columns must reach `wanted`.
fn found(weights: [f64; 3], wanted: f64, most: usize) -> Option<(Vec<Change>, f64)> {
    let judge = |trials: &[Vec<Change>]| {
        let sum =
            |t: &Vec<Change>| t.iter().map(|c| weights[c.column] * (c.candidate + 1) as f64).sum::<f64>();
        Ok::<_, Infallible>(trials.iter().map(|t| wanted - sum(t)).collect())
    };
    search(&candidates(), most, judge).unwrap().map(|f| (f.changes, f.distance))
}

#[test]
fn fewest_columns_first_then_the_smallest_change() {
    // One column is enough, and the second needs the smaller step.
    let (changes, distance) = found([1.0, 3.0, 0.5], 4.0, 3).unwrap();
    assert_eq!((changes, distance), (vec![Change { column: 1, candidate: 1 }], 2.0));
    // No single column is: two are, of all pairs the nearest.
    let (changes, distance) = found([2.0, 3.0, 1.0], 15.0, 3).unwrap();
    assert_eq!(changes.iter().map(|c| c.column).collect::<Vec<_>>(), [0, 1]);
    assert!((distance - 6.0).abs() < 1e-12, "{distance}");
    assert_eq!(found([2.0, 3.0, 1.0], 15.0, 1), None);
    assert_eq!(found([2.0, 3.0, 1.0], 25.0, 3), None);
}

#[test]
fn all_three_columns_by_steps_that_come_nearer() {
    let (changes, _) = found([1.0, 1.0, 1.0], 12.0, 3).unwrap();
    assert_eq!(changes.iter().map(|c| c.candidate).collect::<Vec<_>>(), [3, 3, 3]);
}

#[test]
fn the_smallest_share_of_a_change() {
    let share = smallest(30, |share| Ok::<_, Infallible>(share >= 0.3)).unwrap();
    assert!((share - 0.3).abs() < 1e-6, "{share}");
    assert!((smallest(10, |_| Ok::<_, Infallible>(false)).unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn shuffles_are_permutations_of_their_own() {
    let mut one = shuffled(100, 0, 0, 7);
    assert_eq!(one, shuffled(100, 0, 0, 7));
    assert_ne!(one, shuffled(100, 0, 1, 7));
    assert_ne!(one, shuffled(100, 1, 0, 7));
    one.sort_unstable();
    assert_eq!(one, (0..100).collect::<Vec<_>>());
}

#[test]
fn spreads_by_students_t() {
    // scipy.stats.t.interval(0.95, 4, 3, sqrt(2.5 / 5))
    let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!((spread.mean - 3.0).abs() < 1e-12 && (spread.deviation - 2.5f64.sqrt()).abs() < 1e-12);
    assert!((spread.interval.0 - 1.0367).abs() < 1e-3 && (spread.interval.1 - 4.9633).abs() < 1e-3);
    assert_eq!(Spread::of(&[2.0]).interval, (2.0, 2.0));
}

#[test]
fn links_are_found_by_their_answers() {
    let linear = |weights: Vec<Vec<f64>>| {
        Additive::Linear(Linear { bias: vec![0.1; weights.len()], center: vec![0.0], weights, fills: false })
    };
    let rows: Vec<Vec<f64>> = (-4..5).map(|n| vec![f64::from(n) / 2.0]).collect();
    let one = linear(vec![vec![0.7]]);
    let answers = |answer: &dyn Fn(f64) -> Vec<f64>| -> Vec<Vec<f64>> {
        rows.iter().map(|row| answer(one.score(row, 0))).collect()
    };
    let logistic = |s: f64| 1.0 / (1.0 + (-s).exp());
    for (link, answer) in [
        (Some(Link::Identity), answers(&|s| vec![s])),
        (Some(Link::Exp), answers(&|s| vec![s.exp()])),
        (Some(Link::ExpM1), answers(&|s| vec![s.exp_m1()])),
        (Some(Link::Logistic), answers(&|s| vec![logistic(-s), logistic(s)])),
        (Some(Link::Identity), answers(&|s| vec![1.0 - s, s])),
        (None, answers(&|s| vec![s + 0.01])),
        (None, answers(&|s| vec![s, s, s])),
    ] {
        assert_eq!(Link::find(&one, &rows, &answer), link);
    }
    let two = linear(vec![vec![0.7], vec![-0.2]]);
    let softmax = |row: &Vec<f64>| {
        let p = logistic(two.score(row, 1) - two.score(row, 0));
        vec![1.0 - p, p]
    };
    assert_eq!(Link::find(&two, &rows, &rows.iter().map(softmax).collect::<Vec<_>>()), Some(Link::Softmax));
    assert_eq!(Link::find(&two, &[], &[]), None);
}
