//! What the summaries promise: accuracy, merging in any order, states that come back, and damaged ones that do not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

use std::collections::BTreeMap;

use altlas_stats::{
    Answer, Counts, Histogram, Key, ModelStats, Numeric, RELATIVE_ERROR, decode_batch, encode_batch,
    numbered_label,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    let number = prop_oneof![
        6 => -1e3..1e3f64,
        2 => (-7..8i32, prop_oneof![0.1..1.0f64, -1.0..-0.1f64]).prop_map(|(e, m)| m * 10f64.powi(e)),
        1 => Just(0.0),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(7.0), Just(1.7e9)],
    ];
    vec(number, 0..300)
}

fn summary(values: &[f64]) -> Numeric {
    let mut summary = Numeric::default();
    for value in values {
        summary.add(*value, 1);
    }
    summary
}

fn finite(values: &[f64]) -> Vec<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    finite
}

fn near(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-9 * scale.max(1e-300)
}

/// Equal but for rounding in the moments.
fn same(a: &Numeric, b: &Numeric) -> bool {
    let scale = a.min.abs().max(a.max.abs());
    let quantiles = (0..=20).all(|q| a.quantile(f64::from(q) / 20.0) == b.quantile(f64::from(q) / 20.0));
    (a.sampled, a.count, a.missing, a.infinite) == (b.sampled, b.count, b.missing, b.infinite)
        && (a.min, a.max) == (b.min, b.max)
        && quantiles
        && near(a.mean, b.mean, scale)
        && near(a.m2, b.m2, scale * scale * a.count as f64)
}

fn merged<T: Clone>(parts: &[&T], merge: impl Fn(&mut T, &T)) -> T {
    let mut sum = parts[0].clone();
    parts[1..].iter().for_each(|part| merge(&mut sum, part));
    sum
}

proptest! {
    #[test]
    fn quantiles_are_within_the_relative_error(values in numbers(), q in 0.0..=1.0f64) {
        let (summary, sorted) = (summary(&values), finite(&values));
        for q in [q, 0.0, 0.05, 0.5, 0.95, 1.0] {
            let exact = (!sorted.is_empty()).then(|| sorted[(q * (sorted.len() - 1) as f64).floor() as usize]);
            match (summary.quantile(q), exact) {
                (None, None) => {}
                (Some(got), Some(exact)) =>
                    prop_assert!((got - exact).abs() <= exact.abs() * RELATIVE_ERROR * (1.0 + 1e-9), "{q}: {got} for {exact}"),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_numbers(values in numbers()) {
        let (summary, sorted) = (summary(&values), finite(&values));
        let n = sorted.len() as f64;
        prop_assert_eq!(summary.count, sorted.len() as u64);
        prop_assert_eq!(summary.missing, values.iter().filter(|v| v.is_nan()).count() as u64);
        prop_assert_eq!(summary.infinite, values.iter().filter(|v| v.is_infinite()).count() as u64);
        if let (Some(min), Some(max)) = (sorted.first(), sorted.last()) {
            let (mean, scale) = (sorted.iter().sum::<f64>() / n, min.abs().max(max.abs()));
            let variance = sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            prop_assert_eq!((summary.min, summary.max), (*min, *max));
            prop_assert!(near(summary.mean, mean, scale));
            prop_assert!(near(summary.stddev().unwrap().powi(2), variance, scale * scale));
        }
    }

    #[test]
    fn a_weight_is_as_good_as_repetition(values in vec(-1e3..1e3f64, 1..50), weight in 1..5u64) {
        let mut weighted = Numeric::default();
        values.iter().for_each(|v| { weighted.add(*v, weight); });
        let repeated: Vec<f64> = values.iter().flat_map(|v| vec![*v; weight as usize]).collect();
        let mut repeated = summary(&repeated);
        repeated.sampled = weighted.sampled;
        prop_assert!(same(&weighted, &repeated));
    }

    #[test]
    fn numbers_merge_in_any_order(a in numbers(), b in numbers(), c in numbers()) {
        let all = summary(&[a.clone(), b.clone(), c.clone()].concat());
        let [a, b, c] = [a, b, c].map(|values| summary(&values));
        let bc = merged(&[&b, &c], Numeric::merge);
        for way in [merged(&[&a, &b, &c], Numeric::merge), merged(&[&c, &a, &b], Numeric::merge), merged(&[&a, &bc], Numeric::merge)] {
            prop_assert!(same(&way, &all));
        }
        prop_assert_eq!(Numeric::decode(&all.encode()).unwrap(), all);
    }

    #[test]
    fn histograms_merge_in_any_order_and_keep_their_bounds(values in vec(any::<u64>().prop_flat_map(|v| (0..64u32).prop_map(move |s| v >> s)), 0..200), at in 0..200usize, q in 0.0..=1.0f64) {
        let counted = |values: &[u64]| {
            let mut histogram = Histogram::default();
            values.iter().for_each(|v| histogram.add(*v, 1));
            histogram
        };
        let (all, (left, right)) = (counted(&values), values.split_at(at.min(values.len())));
        for (a, b) in [(left, right), (right, left)] {
            prop_assert_eq!(&merged(&[&counted(a), &counted(b)], Histogram::merge), &all);
        }
        let mut sorted = values.clone();
        sorted.sort_unstable();
        if let Some(got) = all.quantile(q) {
            let exact = sorted[(q * (sorted.len() - 1) as f64).floor() as usize] as f64;
            prop_assert!((got - exact).abs() <= exact / 15.0, "{} for {}", got, exact);
        }
        for power in 0..=64 {
            let below = sorted.iter().filter(|v| v.checked_shr(power).unwrap_or(0) == 0).count();
            prop_assert_eq!(all.below_power(power), below as u64);
        }
        prop_assert_eq!(Histogram::decode(&all.encode()).unwrap(), all);
    }

    #[test]
    fn labels_are_counted_within_their_bound(labels in vec((0..400u32).prop_map(|n| n * n / 400), 0..3000), at in 0..3000usize) {
        let counted = |labels: &[u32]| {
            let mut counts = Counts::default();
            labels.iter().for_each(|l| counts.add(&l.to_string(), 1));
            counts
        };
        let mut exact = BTreeMap::<String, u64>::new();
        labels.iter().for_each(|l| *exact.entry(l.to_string()).or_default() += 1);
        let (left, right) = labels.split_at(at.min(labels.len()));
        for got in [counted(&labels), merged(&[&counted(left), &counted(right)], Counts::merge), merged(&[&counted(right), &counted(left)], Counts::merge)] {
            prop_assert_eq!(got.total(), labels.len() as u64);
            prop_assert!(got.undercount() <= got.total() / 65);
            let top: BTreeMap<_, _> = got.top().into_iter().collect();
            for (label, count) in &exact {
                let kept = top.get(label.as_str()).copied().unwrap_or(0);
                prop_assert!(kept <= *count && *count <= kept + got.undercount());
            }
            prop_assert_eq!(Counts::decode(&got.encode()).unwrap(), got);
        }
    }

    #[test]
    fn damaged_states_are_errors_or_harmless(
        values in numbers(), garbage in vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(), bit in 0..8u8,
    ) {
        let stats = model(&values);
        let key = Key { model_version: "m/1".into(), sha256: "0".repeat(64) };
        let good = encode_batch([(&key, &stats)]);
        prop_assert_eq!(decode_batch(&good).unwrap(), vec![(key, stats)]);
        prop_assert!(decode_batch(&good[..cut.index(good.len())]).is_err());
        let mut flipped = good.clone();
        flipped[flip.index(good.len())] ^= 1 << bit;
        if let Ok(read) = decode_batch(&flipped) {
            // Whatever it says, it can be used.
            let mut sum = ModelStats::default();
            read.iter().for_each(|(_, stats)| sum.merge(stats));
            let _ = (sum.score.quantile(0.5), sum.latency.quantile(0.99), sum.labels.top().len());
        }
        prop_assert!(decode_batch(&garbage).is_err() || garbage.len() == 3);
        for tag in *b"NHCM" {
            let tagged = [&[tag, 1], garbage.as_slice()].concat();
            let _ = (Numeric::decode(&tagged), Histogram::decode(&tagged), Counts::decode(&tagged), ModelStats::decode(&tagged));
        }
        prop_assert!(Numeric::decode(&[&[b'N', 2], &summary(&values).encode()[2..]].concat()).is_err());
    }
}

/// A model that was asked with these numbers.
fn model(values: &[f64]) -> ModelStats {
    let mut stats = ModelStats::default();
    (stats.calls, stats.rows, stats.last_us) = (3, values.len() as u64, -5);
    for (n, value) in values.iter().enumerate() {
        let label = (n % 7).to_string();
        let answer =
            Answer { value: Some(*value), label: (n % 2 == 0).then_some(&label), proba: &[0.25, 0.75] };
        stats.sample([*value, 2.0 * value, n as f64], &answer, 1 + n as u64 % 3);
        stats.latency.add(n as u64 * 1000, 1);
    }
    stats.failed("22023");
    stats
}

#[test]
fn a_models_parts_are_merged_each() {
    let (a, b) = (model(&[1.0, 2.0, 3.0]), model(&[4.0, f64::NAN]));
    let both = merged(&[&a, &b], ModelStats::merge);
    assert_eq!((both.calls, both.rows, both.errors["22023"]), (8, 5, 2));
    assert_eq!(both.features.iter().map(|f| f.max).collect::<Vec<_>>(), [4.0, 8.0, 2.0]);
    assert_eq!((both.features[0].missing, both.score.count, both.labels.total()), (2, 7, 5));
    assert_eq!(both.proba.iter().map(|p| p.count).collect::<Vec<_>>(), [9, 9]);
}

#[test]
fn what_is_kept_of_a_model_is_bounded() {
    let mut stats = ModelStats::default();
    let wide: Vec<f64> = (0..300).map(f64::from).collect();
    let answer = Answer { value: Some(1.0), label: None, proba: &[0.05; 20] };
    for n in 0..2000 {
        stats.sample(wide.iter().map(|v| v * 1.1f64.powi(n % 200)), &answer, 1);
        stats.failed(&format!("{n:05}"));
    }
    assert_eq!((stats.features.len(), stats.proba.len(), stats.errors.len()), (256, 0, 33));
    let bins: usize = stats.features.iter().map(Numeric::bins).sum();
    assert!(bins > 15_000 && bins < 16_384 + 300, "{bins}");
    assert_eq!(stats.errors["other"], 2000 - 32);
    assert!(stats.encode().len() < 200_000);
    assert_eq!(ModelStats::decode(&stats.encode()).unwrap(), stats);
}

#[test]
fn labels_are_cut_and_cleaned() {
    let mut counts = Counts::default();
    counts.add(&"ğ".repeat(100), 2);
    counts.add("a\0b", 1);
    assert_eq!(counts.top(), [("ğ".repeat(64).as_str(), 2), ("a\u{fffd}b", 1)]);
    for (label, weight) in [("b", 5), (&numbered_label(1), 10), (&numbered_label(7), 3)] {
        counts.add(label, weight);
    }
    let named = counts.named(&["a".into(), "b".into()]);
    assert_eq!((named.top()[0], named.top()[1], named.total()), (("b", 15), ("7", 3), 21));
}
