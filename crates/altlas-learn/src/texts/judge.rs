//! Calibration, rejection, and figures of a text classifier.
#![allow(clippy::indexing_slicing)] // Class numbers are below the number of classes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::choose::Scores;
use crate::metrics::{Figures, argmax, classification};

/// Bins of the expected calibration error.
const BINS: usize = 10;
/// The most of the right answers that rejection may withhold.
const WITHHELD: f64 = 0.01;

/// The threshold is no higher, by whether there are rows out of scope: on texts that are told apart without effort, every answer but a perfect one would go.
const HIGHEST: [f64; 2] = [0.5, 0.9];

/// The log loss of scores divided by a temperature.
pub(crate) fn log_loss(scores: &Scores, temperature: f64) -> f64 {
    let t = temperature;
    let loss = |(row, class): (&[f32], u32)| {
        let top = row.iter().fold(f64::NEG_INFINITY, |top, s| top.max(f64::from(*s) / t));
        let sum: f64 = row.iter().map(|s| (f64::from(*s) / t - top).exp()).sum();
        top + sum.ln() - f64::from(row[class as usize]) / t
    };
    scores.iter().map(loss).sum::<f64>() / scores.class.len().max(1) as f64
}

/// The temperature with the least log loss (Guo et al. 2017, On Calibration of Modern Neural Networks), by golden section
/// between 1/e and e³: the loss is convex in 1/T, and a lower T would make certainties of a few texts without a mistake.
pub(crate) fn best_temperature(scores: &Scores) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let loss = |t: f64| log_loss(scores, t.exp());
    let (mut low, mut high) = (-1.0_f64, 3.0_f64);
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    for _ in 0..24 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = loss(b);
        }
    }
    ((low + high) / 2.0).exp()
}

/// Probabilities of the labels: of a softmax, without the share of the class that stands for none of them.
pub(crate) fn probabilities(scores: &[f64], answers: usize) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - top).exp()).sum();
    scores.iter().take(answers).map(|s| (s - top).exp() / sum).collect()
}

/// A text's likeliest label, its probability, and the class it is of; `answers` for none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) label: usize,
    pub(crate) confidence: f64,
    pub(crate) class: usize,
}

impl Answer {
    pub(crate) fn new(proba: &[f64], class: u32) -> Self {
        let label = argmax(proba);
        Self { label, confidence: proba[label], class: class as usize }
    }

    fn right(&self) -> bool {
        self.label == self.class
    }
}

/// The confidence below which a label is withheld, from answers for rows that were not fitted to. At most `most` of the right ones
/// fall below it. Where there are rows out of scope, it is within that bound the one with the largest sum of their recall and
/// the share of the others that are answered rightly; else it is the bound itself.
pub(crate) fn threshold(answers: &[Answer], labels: usize, most: Option<f64>) -> f64 {
    let outside = answers.iter().filter(|a| a.class >= labels).count();
    let most = most.unwrap_or(WITHHELD);
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let right = answers.iter().filter(|a| a.right()).count();
    let allowed = (right as f64 * most).floor() as usize;
    let inside = (answers.len() - outside).max(1) as f64;
    let (mut withheld, mut caught) = (0, 0);
    let (mut best, mut found) = (f64::NEG_INFINITY, 0.0);
    for ties in sorted.chunk_by(|a, b| a.confidence == b.confidence) {
        // The threshold that these answers just pass.
        let gain = if outside > 0 {
            caught as f64 / outside as f64 + (right - withheld) as f64 / inside
        } else {
            withheld as f64
        };
        if withheld > allowed {
            break;
        }
        if gain > best {
            (best, found) = (gain, ties[0].confidence);
        }
        withheld += ties.iter().filter(|a| a.right()).count();
        caught += ties.iter().filter(|a| a.class >= labels).count();
    }
    if most == 0.0 { 0.0 } else { found.min(HIGHEST[usize::from(outside > 0)]) }
}

/// Figures of answers for rows of the test part, and the table by label.
pub(crate) fn figures(
    known: &[u32],
    proba: &[Vec<f64>],
    labels: &[String],
    threshold: f64,
) -> (Figures, Value) {
    let rows = || known.iter().copied().zip(proba).filter(|(class, _)| (*class as usize) < labels.len());
    let classes: Vec<usize> = rows().map(|(class, _)| class as usize).collect();
    let shares: Vec<Vec<f64>> = rows().map(|(_, row)| row.clone()).collect();
    let mut figures = classification(&classes, &shares);
    figures.remove("roc_auc");
    let answers: Vec<Answer> = rows().map(|(class, row)| Answer::new(row, class)).collect();
    let share = |count: usize, of: usize| count as f64 / of as f64;
    let answered = answers.iter().filter(|a| a.confidence >= threshold);
    let right = answered.clone().filter(|a| a.right()).count();
    figures.insert("calibration_error".into(), calibration_error(&answers));
    figures.insert("rejected".into(), 1.0 - share(answered.clone().count(), answers.len()));
    figures.insert("accuracy_with_rejection".into(), share(right, answers.len()));
    if answered.clone().next().is_some() {
        figures.insert("accuracy_of_answered".into(), share(right, answered.count()));
    }
    let outside = || known.iter().zip(proba).filter(|(class, _)| **class as usize >= labels.len());
    if outside().next().is_some() {
        let caught =
            outside().filter(|(class, row)| Answer::new(row, **class).confidence < threshold).count();
        figures.insert("out_of_scope_recall".into(), share(caught, outside().count()));
    }
    (figures, by_label(&answers, labels))
}

/// The mean distance of confidence and accuracy over bins of equal width, weighted by their rows (Naeini et al. 2015).
fn calibration_error(answers: &[Answer]) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    for answer in answers {
        let bin = &mut bins[((answer.confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += answer.confidence;
        bin.1 += f64::from(u8::from(answer.right()));
    }
    bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum::<f64>() / answers.len() as f64
}

/// Rows, precision, recall and F1 of each label; null where they are not defined.
fn by_label(answers: &[Answer], labels: &[String]) -> Value {
    let mut counts = vec![[0_usize; 3]; labels.len()];
    for answer in answers {
        // Of each label: known, predicted, both.
        counts[answer.class][0] += 1;
        counts[answer.label][1] += 1;
        counts[answer.class][2] += usize::from(answer.right());
    }
    let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    let lines = labels.iter().zip(counts).map(|(label, [known, said, both])| {
        json!({
            "label": label, "rows": known, "precision": share(both, said), "recall": share(both, known),
            "f1": share(2 * both, known + said),
        })
    });
    lines.collect()
}

/// Figures of the most frequent label, given for every text with the labels' shares as probabilities.
pub(crate) fn majority(train: &[u32], test: &[u32], labels: usize) -> BTreeMap<String, f64> {
    let inside = |rows: &[u32]| -> Vec<usize> {
        rows.iter().map(|class| *class as usize).filter(|class| *class < labels).collect()
    };
    let (train, test) = (inside(train), inside(test));
    let mut shares = vec![0.0; labels];
    train.iter().for_each(|class| shares[*class] += 1.0 / train.len() as f64);
    let proba = vec![shares; test.len()];
    let mut figures = classification(&test, &proba);
    figures.remove("roc_auc");
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(confidence: f64, label: usize, class: usize) -> Answer {
        Answer { label, confidence, class }
    }

    #[test]
    fn the_threshold_withholds_few_right_answers() {
        let answers: Vec<_> =
            (0..100).map(|n| answer(f64::from(n) / 100.0, 0, usize::from(n % 10 == 0))).collect();
        // 90 are right. Of the bound 0.1 nine may be withheld: 0.01 to 0.09; the next right one is at 0.11.
        assert_eq!(threshold(&answers, 2, Some(0.1)), 0.1);
        assert_eq!(threshold(&answers, 2, Some(0.0)), 0.0);
    }

    #[test]
    fn rows_out_of_scope_are_caught_where_that_costs_less() {
        let mut answers: Vec<_> = (0..100).map(|n| answer(0.3 + f64::from(n) / 500.0, 0, 0)).collect();
        answers.extend((0..10).map(|n| answer(0.2 + f64::from(n) / 1000.0, 0, 2)));
        assert_eq!(threshold(&answers, 2, None), 0.3);
        // Without any, the bound decides: one of the hundred may be withheld.
        assert_eq!(threshold(&answers[..100], 2, None), 0.302);
        // Sure answers are not withheld, however seldom there are less sure ones.
        let sure: Vec<_> = (0..100).map(|n| answer(0.9 + f64::from(n) / 1000.0, 0, 0)).collect();
        assert_eq!(threshold(&sure, 2, None), 0.5);
    }

    #[test]
    fn temperature_recovers_how_much_scores_are_stretched() {
        // Two classes with known odds: scores three times as large as they should be.
        let mut scores = Scores { outputs: 2, ..Scores::default() };
        for n in 0..1000_u32 {
            let odds = f64::from(n % 10) / 10.0 + 0.05;
            let one = f64::from(n / 10 % 20) / 20.0 + 0.025 < odds;
            scores.values.extend([0.0, 3.0 * (odds / (1.0 - odds)).ln() as f32]);
            scores.class.push(u32::from(one));
        }
        let t = best_temperature(&scores);
        assert!((2.7..3.3).contains(&t), "{t}");
    }

    #[test]
    fn figures_count_what_is_withheld() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let proba = vec![vec![0.9, 0.1], vec![0.6, 0.4], vec![0.45, 0.5], vec![0.3, 0.2]];
        let (figures, table) = figures(&[0, 1, 1, 2], &proba, &labels, 0.55);
        assert_eq!(figures["accuracy"], 2.0 / 3.0);
        assert!((figures["rejected"] - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((figures["accuracy_with_rejection"], figures["accuracy_of_answered"]), (1.0 / 3.0, 0.5));
        assert_eq!(figures["out_of_scope_recall"], 1.0);
        assert!((figures["calibration_error"] - (0.1 + 0.6 + 0.5) / 3.0).abs() < 1e-12);
        assert_eq!(
            table[1],
            json!({"label": "b", "rows": 2, "precision": 1.0, "recall": 0.5, "f1": 2.0 / 3.0})
        );
    }
}
