//! Models side by side on labelled rows: how good their answers are, whether the difference is more than chance, and what they
//! cost.

mod measure;
mod options;
mod rows;

use altlas_metrics::{Answer, Labels, Numbers, labels, mcnemar, numbers, wilcoxon};

use crate::error::{Error, Result};
use crate::scoring::{Scored, Version};
use crate::store::{model, source};

pub use measure::Cost;
pub use options::Options;
pub use rows::Rows;

/// Models compared at once.
pub const MOST_MODELS: usize = 20;

/// How good a model's answers are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quality {
    /// Of labels.
    Labels(Labels),
    /// Of numbers.
    Numbers(Numbers),
}

/// A model of a comparison.
pub struct Compared {
    pub version: String,
    pub quality: Quality,
    pub cost: Cost,
    /// The chance of such a difference from the best model, or of a larger one, if both were equally good; `None` of the best.
    pub p_value: Option<f64>,
    outcomes: Outcomes,
}

/// What models are compared by, row by row.
enum Outcomes {
    Right(Vec<bool>),
    Errors(Vec<f64>),
}

/// A comparison, the best model first.
pub struct Comparison {
    pub rows: usize,
    pub unlabelled: usize,
    pub models: Vec<Compared>,
}

/// Compares models on the rows of a source.
pub fn compare(names: &[String], source: &str, target: &str, options: &Options) -> Result<Comparison> {
    let versions = names.iter().map(|name| model::resolve(name)).collect::<Result<Vec<_>>>()?;
    let mut rows = Rows::new(target, options.out_of_scope.clone(), options.max_rows);
    source::read(source, None, &mut rows)?;
    if rows.targets.is_empty() {
        return Err(Error::BadInput {
            message: "the source has no labelled rows".into(),
            detail: format!("{} rows have NULL in column \"{target}\".", rows.unlabelled),
            hint: String::new(),
        });
    }
    let mut models = Vec::new();
    for mut version in versions {
        // What is tried out here is no use of the model.
        version.watch = None;
        let (answers, cost) = measure::measure(&version, &rows, options)?;
        let (quality, outcomes) = judge(&version, &rows, &answers)?;
        models.push(Compared { version: version.label, quality, cost, p_value: None, outcomes });
    }
    rank(&mut models)?;
    Ok(Comparison { rows: rows.targets.len(), unlabelled: rows.unlabelled, models })
}

/// Figures of a model's answers. A model without an answer for a row is wrong there; one without a number has no figure.
fn judge(version: &Version, rows: &Rows, answers: &[Scored]) -> Result<(Quality, Outcomes)> {
    let gives_labels = version.manifest.classifies() || answers.iter().any(|a| a.label.is_some());
    if gives_labels {
        let known: Vec<Option<String>> = (0..answers.len()).map(|row| rows.label(row)).collect();
        let given: Vec<Answer<'_>> = known
            .iter()
            .zip(answers)
            .map(|(known, answer)| Answer {
                known: known.as_deref(),
                given: answer.label.as_deref(),
                confidence: answer.proba.iter().flatten().copied().reduce(f64::max),
            })
            .collect();
        let right = given.iter().map(Answer::is_right).collect();
        return labels(&given)
            .map(|l| (Quality::Labels(l), Outcomes::Right(right)))
            .ok_or_else(|| empty(version));
    }
    let mut known = Vec::with_capacity(answers.len());
    let mut given = Vec::with_capacity(answers.len());
    for (row, answer) in answers.iter().enumerate() {
        let value = answer.value.filter(|v| v.is_finite()).ok_or_else(|| Error::BadInput {
            message: format!("model \"{}\" gives no number for row {}", version.label, row + 1),
            detail: String::new(),
            hint: "Leave such rows out of the source: figures of some rows cannot be compared with those of all.".into(),
        })?;
        known.push(rows.number(row)?);
        given.push(value);
    }
    let errors = known.iter().zip(&given).map(|(y, p)| (y - p).abs()).collect();
    numbers(&known, &given)
        .map(|n| (Quality::Numbers(n), Outcomes::Errors(errors)))
        .ok_or_else(|| empty(version))
}

fn empty(version: &Version) -> Error {
    Error::Internal { message: format!("model \"{}\" gave no answers", version.label) }
}

/// The best first: by accuracy, then macro F1; or by mean absolute error. Equal ones stay in the order given.
fn rank(models: &mut [Compared]) -> Result<()> {
    let key = |model: &Compared| match model.quality {
        Quality::Labels(l) => [-l.accuracy, -l.macro_f1],
        Quality::Numbers(n) => [n.mae, n.rmse],
    };
    models.sort_by(|a, b| {
        let ([a, a2], [b, b2]) = (key(a), key(b));
        a.total_cmp(&b).then(a2.total_cmp(&b2))
    });
    let Some((best, others)) = models.split_first_mut() else { return Ok(()) };
    for other in others {
        other.p_value = Some(match (&best.outcomes, &other.outcomes) {
            (Outcomes::Right(a), Outcomes::Right(b)) => {
                let count =
                    |one: bool| a.iter().zip(b).filter(|(a, b)| **a == one && **b != one).count() as u64;
                mcnemar(count(true), count(false))
            }
            (Outcomes::Errors(a), Outcomes::Errors(b)) => {
                wilcoxon(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
            }
            _ => {
                return Err(Error::BadInput {
                    message: format!(
                        "models \"{}\" and \"{}\" cannot be compared: one gives labels, the other numbers",
                        best.version, other.version
                    ),
                    detail: String::new(),
                    hint: "Compare classifiers with classifiers, and regressions with regressions.".into(),
                });
            }
        });
    }
    Ok(())
}
