//! Rows that are unlike the others.
#![allow(clippy::indexing_slicing)] // Row numbers are those of the table.

mod forest;
mod spec;

use altlas_prep::{Column, Table};
use serde_json::json;

use self::forest::Forest;
use crate::LearnError;
use crate::choose::Progress;
use crate::metrics::{Figures, average_precision, roc_auc};
use crate::rng::Rng;
use crate::train::Trained;
use crate::untargeted::{Found, Rows};

pub use spec::{AnomalySpec, IsolationParams};

/// Rows that are needed.
const LEAST_ROWS: usize = 20;
/// The share of the rows that judge where it is known which are anomalies.
const JUDGES: f64 = 0.3;
/// Scores above this are unusual (Liu et al. 2008), where nothing is said.
const UNUSUAL: f64 = 0.5;
/// Rows between two reports.
const REPORT_EVERY: usize = 1024;
/// How much two halves of the trees agree.
const AGREEMENT: &str = "split_half_correlation";

/// Finds unusual rows. `progress` is called with a phase, what is done of it and all of it; it may end the program.
pub fn train_anomalies(
    spec: &AnomalySpec,
    table: Table,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    progress("prepare", 0, 1);
    let seed = spec.options.seed;
    let known = spec.known.as_deref().map(|name| labels(&table, name)).transpose()?;
    let mut rows = Rows::new(table, &spec.options, LEAST_ROWS)?;
    let mut judges = Vec::new();
    if let (Some(name), Some(_)) = (&spec.known, &known) {
        rows = rows.without(name);
        Rng::new(seed, 28).shuffle(&mut rows.learned);
        let kept = rows.learned.len() - (rows.learned.len() as f64 * JUDGES).round() as usize;
        judges = rows.learned.split_off(kept);
        judges.sort_unstable();
        rows.learned.sort_unstable();
    }
    let fit = rows.fit()?;
    let trees = u64::from(spec.params.num_trees);
    let forest = Forest::new(&spec.params, &fit.matrix, seed, &mut |done| progress("trees", done, trees));
    let count = fit.matrix.rows;
    let mut scores = |part| {
        forest.scores(&fit.matrix, part, &mut |row| {
            if row % REPORT_EVERY == 0 {
                progress("scores", row as u64, count as u64);
            }
        })
    };
    let (all, halves) = (scores((0, 1)), [scores((0, 2)), scores((1, 2))]);
    let threshold = spec.params.contamination.map_or(UNUSUAL, |share| upper(&all, share));
    let unusual = all.iter().filter(|score| **score > threshold).count();
    let mut figures =
        Figures::from([(AGREEMENT.to_owned(), correlation(&ranks(&halves[0]), &ranks(&halves[1])))]);
    let (mut metric, mut baseline) = (AGREEMENT, f64::NAN);
    if let Some(known) = known {
        let judged: Vec<usize> = judges.iter().copied().filter(|row| known[*row].is_some()).collect();
        let matrix = rows.source().apply(&fit.tabular, &judged)?;
        let scored: Vec<(f64, bool)> = forest
            .scores(&matrix, (0, 1), &mut |_| ())
            .into_iter()
            .zip(judged.iter().map(|row| known[*row] == Some(true)))
            .collect();
        let (auc, precision) = roc_auc(scored.clone()).zip(average_precision(scored)).ok_or_else(|| {
            LearnError::option("target", "the rows kept back to judge by are all anomalies, or none is")
        })?;
        figures.extend([("roc_auc".to_owned(), auc), ("average_precision".to_owned(), precision)]);
        (metric, baseline) = ("roc_auc", 0.5);
    }
    let found = Found {
        task: spec::TASK,
        algorithm: "isolation_forest",
        onnx: forest.onnx(threshold)?,
        output: json!({"value": "variable", "label": "label", "proba": null}),
        labels: Some(["normal", "anomaly"].map(str::to_owned).to_vec()),
        metric,
        figures,
        baseline,
        leaderboard: Vec::new(),
        training: json!({
            "hyperparams": spec.params, "threshold": threshold, "anomalies": unusual,
            "split": {"train": fit.matrix.rows, "test": judges.len()},
        }),
        warnings: Vec::new(),
        answer: &|row| vec![forest.score(row)],
    };
    progress("evaluate", 1, 1);
    rows.finish(fit, found)
}

/// Which rows are known to be anomalies, or not to be.
fn labels(table: &Table, name: &str) -> Result<Vec<Option<bool>>, LearnError> {
    let column = table.column(name).ok_or_else(|| LearnError::MissingColumn(name.to_owned()))?;
    match column {
        Column::Boolean(values) => Ok(values.clone()),
        Column::Number(values) => Ok(values.iter().map(|x| (!x.is_nan()).then_some(*x != 0.0)).collect()),
        _ => Err(LearnError::Target {
            column: name.to_owned(),
            found: column.column_type(),
            problem:
                "what says which rows are anomalies is a boolean, or a number, 0 for those that are none"
                    .to_owned(),
        }),
    }
}

/// The bound that this share of the values is above: in the middle between two of them.
fn upper(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let above = ((sorted.len() as f64 * share).round() as usize).clamp(1, sorted.len() - 1);
    let place = sorted.len() - above;
    (sorted[place - 1] + sorted[place]) / 2.0
}

/// Places in ascending order, of equal values their mean place.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for ties in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = before as f64 + (ties.len() as f64 - 1.0) / 2.0;
        ties.iter().for_each(|row| ranks[*row] = mean);
        before += ties.len();
    }
    ranks
}

/// Pearson's correlation; 0 where there is no spread.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().copied().zip(b.iter().copied());
    crate::features::correlation(pairs).filter(|r| r.is_finite()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_bounds() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        assert_eq!(upper(&[4.0, 1.0, 3.0, 2.0], 0.25), 3.5);
        assert_eq!(upper(&[4.0, 1.0, 3.0, 2.0], 1e-9), 3.5);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }
}
