//! The column to predict.

use std::collections::HashMap;

use altlas_prep::{Column, Matrix, Table, Tabular};

use crate::arena::Part;
use crate::offset::Offset;
use crate::{LearnError, Objective, Options, Task};

/// The least rows with a known target.
const MIN_ROWS: usize = 40;
const MAX_CLASSES: usize = 100;
const DURATION_UNITS: [&str; 6] = ["us", "ms", "s", "min", "h", "d"];

/// Known targets, one for each kept row.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Numbers as the user sees them, or class numbers.
    pub(crate) values: Vec<f64>,
    /// Class names; empty for a regression.
    pub(crate) labels: Vec<String>,
    /// The unit for the manifest.
    pub(crate) unit: Option<String>,
    /// `ln(1 + y)` is learned.
    pub(crate) log: bool,
    /// What the learned number is counted from.
    pub(crate) offset: Option<Offset>,
}

impl Target {
    /// The number that is learned for a row.
    pub(crate) fn learned(&self, row: usize) -> f64 {
        let value = self.values.get(row).copied().unwrap_or(f64::NAN);
        let learned = if self.log { value.ln_1p() } else { value };
        learned - self.offset.as_ref().map_or(0.0, |offset| offset.base(row))
    }

    /// The rows of these numbers, whose features the document has made.
    pub(crate) fn part(&self, tabular: &Tabular, matrix: Matrix, rows: &[usize]) -> Result<Part, LearnError> {
        Ok(Part {
            matrix,
            learned: rows.iter().map(|&row| self.learned(row)).collect(),
            known: rows.iter().filter_map(|&row| self.values.get(row)).copied().collect(),
            offset: self.offset.as_ref().map(|offset| offset.placed(tabular)).transpose()?,
        })
    }
}

/// The target's values and the rows where it is known.
pub(crate) fn extract(
    table: &Table,
    name: &str,
    task: Task,
    options: &Options,
    objective: Objective,
) -> Result<(Target, Vec<usize>), LearnError> {
    let column = table.column(name).ok_or_else(|| LearnError::MissingColumn(name.to_owned()))?;
    match task {
        Task::Regression => numbers(column, name, options, objective),
        Task::Classification => classes(column, name),
    }
}

fn numbers(
    column: &Column,
    name: &str,
    options: &Options,
    objective: Objective,
) -> Result<(Target, Vec<usize>), LearnError> {
    let refuse = |problem: &str| LearnError::Target {
        column: name.to_owned(),
        found: column.column_type(),
        problem: problem.to_owned(),
    };
    let all = match column {
        Column::Number(v) | Column::Interval(v) => v,
        _ => return Err(refuse("a regression needs a number or an interval")),
    };
    let interval = matches!(column, Column::Interval(_));
    if interval && options.unit.as_deref().is_some_and(|unit| unit != "s") {
        return Err(LearnError::option("unit", "an interval is in seconds: leave it out, or \"s\""));
    }
    let unit = if interval { Some("s".to_owned()) } else { options.unit.clone() };
    let rows: Vec<usize> = (0..).zip(all).filter(|(_, y)| y.is_finite()).map(|(row, _)| row).collect();
    let values: Vec<f64> = all.iter().copied().filter(|y| y.is_finite()).collect();
    // LightGBM keeps labels, and every graph its output, in float32.
    if values.iter().any(|y| y.abs() > f64::from(f32::MAX)) {
        return Err(refuse("has values beyond the range of float32"));
    }
    let negative = values.iter().any(|y| *y < 0.0);
    if objective == Objective::Poisson && negative {
        return Err(refuse("objective \"poisson\" needs values of 0 or more"));
    }
    let duration = unit.as_deref().is_some_and(|unit| DURATION_UNITS.contains(&unit));
    let log = match options.log_target {
        Some(true) if negative => return Err(refuse("log_target needs values of 0 or more")),
        Some(true) if objective == Objective::Poisson => {
            return Err(LearnError::option("log_target", "does not go with objective \"poisson\""));
        }
        Some(log) => log,
        None => duration && !negative && objective != Objective::Poisson && skewness(&values) > 1.0,
    };
    Ok((Target { values, labels: Vec::new(), unit, log, offset: None }, rows))
}

/// The rows whose target is known; a warning tells how many others there are.
pub(crate) fn only_known(
    table: Table,
    known: &[usize],
    warnings: &mut Vec<String>,
) -> Result<Table, LearnError> {
    if known.len() < MIN_ROWS {
        return Err(LearnError::TooFewRows { found: known.len(), needed: MIN_ROWS });
    }
    let dropped = table.rows() - known.len();
    if dropped == 0 {
        return Ok(table);
    }
    warnings.push(format!("{dropped} rows without a known target were left out"));
    Ok(table.take(known)?)
}

/// Sample skewness, m3 / m2^1.5.
fn skewness(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let moment = |k: i32| values.iter().map(|y| (y - mean).powi(k)).sum::<f64>() / n;
    moment(3) / moment(2).powf(1.5)
}

fn classes(column: &Column, name: &str) -> Result<(Target, Vec<usize>), LearnError> {
    let refuse = |problem: String| LearnError::Target {
        column: name.to_owned(),
        found: column.column_type(),
        problem,
    };
    let known: Vec<(usize, String)> = match column {
        Column::Text(v) => (0..).zip(v).filter_map(|(row, y)| Some((row, y.clone()?))).collect(),
        Column::Boolean(v) => (0..).zip(v).filter_map(|(row, y)| Some((row, (*y)?.to_string()))).collect(),
        Column::Number(v) => {
            (0..).zip(v).filter(|(_, y)| y.is_finite()).map(|(row, y)| (row, (y + 0.0).to_string())).collect()
        }
        Column::Timestamp(_) | Column::Interval(_) => {
            return Err(refuse("a classification needs a text, a boolean or a number".to_owned()));
        }
    };
    let mut labels: Vec<String> = known.iter().map(|(_, label)| label.clone()).collect();
    labels.sort_unstable();
    labels.dedup();
    if matches!(column, Column::Number(_)) {
        let number = |label: &String| label.parse::<f64>().unwrap_or(f64::NAN);
        labels.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    if !(2..=MAX_CLASSES).contains(&labels.len()) {
        return Err(refuse(format!("2 to {MAX_CLASSES} classes can be learned, it has {}", labels.len())));
    }
    let index: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let values = known.iter().filter_map(|(_, label)| index.get(label.as_str())).map(|&i| i as f64).collect();
    let rows = known.iter().map(|(row, _)| *row).collect();
    Ok((Target { values, labels, unit: None, log: false, offset: None }, rows))
}
