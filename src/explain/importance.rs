//! Permutation importance of a model's columns.

use altlas_explain::{Spread, shuffled};
use altlas_metrics::{Answer, labels, numbers};

use super::{ImportanceOptions, looked_at};
use crate::comparison::Rows;
use crate::convert::{Cell, tick};
use crate::error::{Error, Result};
use crate::scoring::{Reader, Scored, Version, score_rows};
use crate::store::source;

/// Rows scored at a time: each is a copy.
const AT_ONCE: usize = 4096;
/// The least probability that `log_loss` takes for a right class.
const LEAST: f64 = 1e-15;

/// How much worse the model is when a column is shuffled.
pub struct Importance {
    pub column: String,
    /// In the metric's unit; above 0 where the column is of use.
    pub spread: Spread,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Mae,
    Rmse,
    R2,
    Accuracy,
    MacroF1,
    LogLoss,
}

impl Metric {
    const ALL: [(&'static str, Self); 6] = [
        ("mae", Self::Mae),
        ("rmse", Self::Rmse),
        ("r2", Self::R2),
        ("accuracy", Self::Accuracy),
        ("macro_f1", Self::MacroF1),
        ("log_loss", Self::LogLoss),
    ];

    fn of(version: &Version, name: Option<&str>) -> Result<(&'static str, Self)> {
        let classifies = version.manifest.classifies();
        let fits = |metric: Self| matches!(metric, Self::Mae | Self::Rmse | Self::R2) != classifies;
        let name = name.unwrap_or(if classifies { "accuracy" } else { "mae" });
        Self::ALL.into_iter().find(|(n, metric)| *n == name && fits(*metric)).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().filter(|(_, m)| fits(*m)).map(|(n, _)| *n).collect();
            Error::BadArgument {
                argument: "metric".into(),
                problem: format!("\"{name}\" is none for model \"{}\"", version.label),
                hint: format!("For it there are: {}.", known.join(", ")),
            }
        })
    }

    /// The sign of what is better.
    fn better(self) -> f64 {
        if matches!(self, Self::R2 | Self::Accuracy | Self::MacroF1) { 1.0 } else { -1.0 }
    }
}

/// Importances, the largest first; with the metric's name and its value on the rows as they are.
pub fn importance(
    model: &str,
    source: &str,
    target: &str,
    options: &ImportanceOptions,
) -> Result<(&'static str, f64, Vec<Importance>)> {
    let version = looked_at(model)?;
    let (name, metric) = Metric::of(&version, options.metric.as_deref())?;
    let mut rows = Rows::new(target, None, options.max_rows);
    source::read(source, None, &mut rows)?;
    if rows.targets.is_empty() {
        return Err(Error::BadInput {
            message: "the source has no labelled rows".into(),
            detail: format!("{} rows have NULL in column \"{target}\".", rows.unlabelled),
            hint: String::new(),
        });
    }
    let reader = Reader::new(&version, &rows.columns)?;
    let all: Vec<usize> = (0..rows.cells.len()).collect();
    let base = measured(&version, &reader, &rows, metric, (0, &all))?;
    let mut found = Vec::new();
    for (column, name) in taken(&reader, &rows) {
        let drops = (0..options.repeats)
            .map(|repeat| {
                let order = shuffled(all.len(), column, repeat, options.seed);
                let after = measured(&version, &reader, &rows, metric, (column, &order))?;
                Ok((base - after) * metric.better())
            })
            .collect::<Result<Vec<f64>>>()?;
        found.push(Importance { column: name, spread: Spread::of(&drops) });
    }
    found.sort_by(|a, b| b.spread.mean.total_cmp(&a.spread.mean).then_with(|| a.column.cmp(&b.column)));
    Ok((name, base, found))
}

/// The columns that the model takes, by their place in the source.
fn taken(reader: &Reader, rows: &Rows) -> Vec<(usize, String)> {
    let named = |n: usize| (n, rows.columns.get(n).map(|c| c.name.clone()).unwrap_or_default());
    match reader {
        Reader::Fields(fields) => fields.clone(),
        Reader::Vector(width) => (0..*width).map(named).collect(),
        Reader::Text(n) => vec![named(*n)],
    }
}

/// The metric where the cells of a column come from other rows.
fn measured(
    version: &Version,
    reader: &Reader,
    rows: &Rows,
    metric: Metric,
    (column, order): (usize, &[usize]),
) -> Result<f64> {
    let mut answers: Vec<Scored> = Vec::with_capacity(order.len());
    for (part, from) in rows.cells.chunks(AT_ONCE).zip(order.chunks(AT_ONCE)) {
        tick();
        let changed: Vec<Vec<Cell>> =
            part.iter().zip(from).map(|(row, from)| swapped(row, rows, column, *from)).collect();
        answers.extend(score_rows(version, changed.iter().map(|row| reader.features_of(row)).collect())?);
    }
    figure(version, rows, &answers, metric)
}

fn swapped(row: &[Cell], rows: &Rows, column: usize, from: usize) -> Vec<Cell> {
    let mut row = row.to_vec();
    let other = rows.cells.get(from).and_then(|r| r.get(column)).cloned();
    if let (Some(cell), Some(other)) = (row.get_mut(column), other) {
        *cell = other;
    }
    row
}

fn figure(version: &Version, rows: &Rows, answers: &[Scored], metric: Metric) -> Result<f64> {
    if version.manifest.classifies() {
        let known: Vec<Option<String>> = (0..answers.len()).map(|row| rows.label(row)).collect();
        if metric == Metric::LogLoss {
            return log_loss(version, &known, answers);
        }
        let given = known.iter().zip(answers).map(|(known, answer)| Answer {
            known: known.as_deref(),
            given: answer.label.as_deref(),
            confidence: None,
        });
        let found = labels(&given.collect::<Vec<_>>());
        return Ok(
            found.map_or(f64::NAN, |l| if metric == Metric::Accuracy { l.accuracy } else { l.macro_f1 })
        );
    }
    let known = (0..answers.len()).map(|row| rows.number(row)).collect::<Result<Vec<f64>>>()?;
    let given: Vec<f64> = answers.iter().map(|a| a.value.unwrap_or(f64::NAN)).collect();
    let found = numbers(&known, &given);
    Ok(found.map_or(f64::NAN, |n| match metric {
        Metric::Rmse => n.rmse,
        Metric::R2 => n.r2.unwrap_or(f64::NAN),
        _ => n.mae,
    }))
}

fn log_loss(version: &Version, known: &[Option<String>], answers: &[Scored]) -> Result<f64> {
    let names = version.manifest.labels.as_deref().unwrap_or_default();
    let mut sum = 0.0;
    for (known, answer) in known.iter().zip(answers) {
        let class = known.as_ref().and_then(|known| names.iter().position(|name| name == known));
        let p = class.zip(answer.proba.as_ref()).and_then(|(class, proba)| proba.get(class));
        let Some(p) = p else {
            return Err(Error::WrongKindOfModel {
                model: version.label.clone(),
                problem: format!("gives no probability for \"{}\"", known.as_deref().unwrap_or("NULL")),
                hint: "Use the metric \"accuracy\", or leave such rows out.".into(),
            });
        };
        sum -= p.max(LEAST).ln();
    }
    Ok(sum / answers.len().max(1) as f64)
}
