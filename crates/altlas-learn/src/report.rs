//! Figures on the test part.

use std::collections::BTreeMap;

use crate::LearnError;
use crate::arena::Part;
use crate::conformal::{Calibration, ConformalKind};
use crate::metrics::{self, Figures};
use crate::model::Fitted;
use crate::target::Target;

/// Coverages that are measured.
const COVERAGES: [f64; 3] = [0.5, 0.8, 0.9];

/// Figures on the test part.
pub(crate) struct Report {
    pub(crate) metric: &'static str,
    pub(crate) score: f64,
    pub(crate) baseline: f64,
    pub(crate) figures: Figures,
    pub(crate) baselines: BTreeMap<&'static str, Figures>,
    pub(crate) conformal: Option<Calibration>,
    pub(crate) coverage: BTreeMap<String, f64>,
}

fn figure(figures: &Figures, name: &str) -> f64 {
    figures.get(name).copied().unwrap_or(f64::NAN)
}

pub(crate) fn regression(
    fitted: &Fitted,
    metric: &'static str,
    target: &Target,
    calibration: &Part,
    test: &Part,
    train: &[f64],
) -> Result<Report, LearnError> {
    let predicted = fitted.values(&test.matrix)?;
    let kind = if target.log { ConformalKind::LogRatio } else { ConformalKind::Residual };
    let calibrated = fitted.values(&calibration.matrix)?;
    let judged = Calibration::new(kind, &calibration.known, &calibrated);
    let coverage =
        COVERAGES.iter().map(|c| (c.to_string(), judged.covered(&test.known, &predicted, *c))).collect();
    // Once that is known the test rows give scores, too: twice as many, and of the latest rows where these are in time order.
    let all = |a: &[f64], b: &[f64]| [a, b].concat();
    let conformal =
        Calibration::new(kind, &all(&calibration.known, &test.known), &all(&calibrated, &predicted));
    let mut sorted = train.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mean = train.iter().sum::<f64>() / train.len().max(1) as f64;
    let constant = |value: f64| metrics::regression(&test.known, &vec![value; test.known.len()]);
    let mut baselines =
        BTreeMap::from([("mean", constant(mean)), ("median", constant(metrics::median(&sorted)))]);
    if let Some(offset) = test.offset {
        let alone = |name| metrics::regression(&test.known, &offset.alone(name, &test.matrix));
        baselines.extend(offset.names().iter().map(|name| (*name, alone(name))));
    }
    let figures = metrics::regression(&test.known, &predicted);
    let best = if metric == "mae" { "median" } else { "mean" };
    Ok(Report {
        metric,
        score: figure(&figures, metric),
        baseline: baselines.get(best).map_or(f64::NAN, |b| figure(b, metric)),
        figures,
        baselines,
        conformal: Some(conformal),
        coverage,
    })
}

pub(crate) fn classification(
    fitted: &Fitted,
    target: &Target,
    test: &Part,
    train: &[f64],
) -> Result<Report, LearnError> {
    let known: Vec<usize> = test.known.iter().map(|y| *y as usize).collect();
    let figures = metrics::classification(&known, &fitted.proba(&test.matrix)?);
    let share = |class: usize| {
        train.iter().filter(|y| **y as usize == class).count() as f64 / train.len().max(1) as f64
    };
    let shares: Vec<f64> = (0..target.labels.len()).map(share).collect();
    let majority = metrics::classification(&known, &vec![shares; known.len()]);
    let metric = if figures.contains_key("roc_auc") { "roc_auc" } else { "accuracy" };
    Ok(Report {
        metric,
        score: figure(&figures, metric),
        baseline: figure(&majority, metric),
        figures,
        baselines: BTreeMap::from([("majority", majority)]),
        conformal: None,
        coverage: BTreeMap::new(),
    })
}
