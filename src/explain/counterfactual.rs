//! The smallest change of a row that gives a wanted answer.

use altlas_explain::{Candidate, Change, search, smallest};
use altlas_metrics::quantile;
use serde::Deserialize;
use serde_json::Value;

use super::{CounterfactualOptions, looked_at, place, rows, shown};
use crate::convert::Cell;
use crate::error::{Error, Result};
use crate::scoring::{Features, Scored, Version};

/// Values tried for a column.
const MOST_VALUES: usize = 32;
/// Halvings of a change of a number.
const HALVINGS: usize = 20;

/// What is wanted of the answer.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Desired {
    label: Option<String>,
    /// The least probability of the label.
    probability: Option<f64>,
    /// Bounds of the value.
    min: Option<f64>,
    max: Option<f64>,
}

/// A column that changes.
pub struct Changed {
    pub column: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// Changes that give what is wanted.
pub struct Counterfactual {
    pub changes: Vec<Changed>,
    /// The sum over the columns: of numbers in median absolute deviations, 1 for another category.
    pub distance: f64,
    pub answer: Scored,
}

/// Changes to a row; `None` where none were found, or the answer is as wanted already (`true`).
pub fn counterfactual(
    model: &str,
    features: impl FnOnce(&Version) -> Result<Option<Features<'static>>>,
    desired: &Value,
    options: &CounterfactualOptions,
) -> Result<std::result::Result<Counterfactual, bool>> {
    let version = looked_at(model)?;
    let Some(features) = features(&version)? else { return Ok(Err(true)) };
    let row = version.cells_of(&features)?;
    let desired = Desired::parse(&version, desired)?;
    let columns = version.column_names()?;
    let fixed = options.fixed.iter().map(|c| place(&columns, c, "fixed")).collect::<Result<Vec<_>>>()?;
    let goal = |rows: &[Vec<Cell>]| -> Result<Vec<f64>> {
        Ok(version.score_cells(rows)?.iter().map(|answer| desired.missing(&version, answer)).collect())
    };
    if goal(std::slice::from_ref(&row))?.first().is_some_and(|missing| *missing <= 0.0) {
        return Ok(Err(true));
    }
    let background = rows::background(&version, options.background.as_deref())?;
    let values: Vec<Vec<(Cell, f64)>> = (0..columns.len())
        .map(|n| if fixed.contains(&n) { vec![] } else { values_of(n, &row, &background) })
        .collect();
    let distances: Vec<Vec<Candidate>> = values
        .iter()
        .map(|v| v.iter().map(|(_, distance)| Candidate { distance: *distance }).collect())
        .collect();
    let changed = |changes: &[Change], share: f64| {
        let mut row = row.clone();
        for change in changes {
            let to = values.get(change.column).and_then(|v| v.get(change.candidate)).map(|(cell, _)| cell);
            if let (Some(cell), Some(to)) = (row.get_mut(change.column), to) {
                *cell = between(cell, to, share);
            }
        }
        row
    };
    let found = search(&distances, options.max_changes, |trials| {
        goal(&trials.iter().map(|changes| changed(changes, 1.0)).collect::<Vec<_>>())
    })?;
    let Some(found) = found else { return Ok(Err(false)) };
    // Numbers that are not whole go no further than they must.
    let share = smallest(HALVINGS, |share| {
        Ok::<_, Error>(
            goal(&[changed(&found.changes, share)])?.first().is_some_and(|missing| *missing <= 0.0),
        )
    })?;
    let after = changed(&found.changes, share);
    let answer = version.score_cells(std::slice::from_ref(&after))?.pop().unwrap_or_default();
    let pairs = row.iter().zip(&after).enumerate();
    let distance =
        pairs.clone().filter(|(_, (a, b))| a != b).map(|(n, (a, b))| distance(a, b, scale(n, &background)));
    let distance = distance.sum();
    let changes = pairs
        .zip(&columns)
        .filter(|((_, (a, b)), _)| a != b)
        .map(|((_, (a, b)), column)| Changed { column: column.clone(), from: shown(a), to: shown(b) });
    Ok(Ok(Counterfactual { changes: changes.collect(), distance, answer }))
}

impl Desired {
    /// A label, or an object.
    fn parse(version: &Version, value: &Value) -> Result<Self> {
        let bad = |problem: String| Error::BadDocument {
            what: "argument \"desired\"".into(),
            problem,
            hint:
                "Give a label ('\"yes\"'), {\"label\": …, \"probability\": 0.8}, or {\"min\": …, \"max\": …}."
                    .into(),
        };
        let desired: Self = match value {
            Value::String(label) => Self { label: Some(label.clone()), ..Self::default() },
            other => serde_json::from_value(other.clone()).map_err(|e| bad(e.to_string()))?,
        };
        let bounds = desired.min.is_some() || desired.max.is_some();
        match (desired.label.is_some(), bounds) {
            (true, false) if desired.probability.is_none_or(|p| p > 0.0 && p <= 1.0) => {}
            (true, false) => return Err(bad("the probability is not above 0 and at most 1".into())),
            (false, true) if desired.probability.is_none() => {}
            _ => return Err(bad("it needs either a label or bounds".into())),
        }
        if desired.min.zip(desired.max).is_some_and(|(min, max)| min > max) {
            return Err(bad("min is above max".into()));
        }
        let known = version.manifest.labels.as_ref();
        if let (Some(label), Some(known)) = (&desired.label, known)
            && !known.contains(label)
        {
            return Err(bad(format!("the model has no class \"{label}\"")));
        }
        Ok(desired)
    }

    /// How far an answer is from it; 0 or less when it is reached, infinite where that cannot be told.
    fn missing(&self, version: &Version, answer: &Scored) -> f64 {
        let Some(label) = &self.label else {
            let Some(value) = answer.value.filter(|v| v.is_finite()) else { return f64::INFINITY };
            let low = self.min.map_or(f64::NEG_INFINITY, |min| min - value);
            let high = self.max.map_or(f64::NEG_INFINITY, |max| value - max);
            return low.max(high);
        };
        let given = answer.label.as_ref() == Some(label);
        let class = version.manifest.labels.as_ref().and_then(|names| names.iter().position(|n| n == label));
        let Some((proba, own)) = answer.proba.as_ref().zip(class).and_then(|(p, c)| Some((p, *p.get(c)?)))
        else {
            return if given && self.probability.is_none() { 0.0 } else { 1.0 };
        };
        let others =
            proba.iter().enumerate().filter(|(n, _)| Some(*n) != class).map(|(_, p)| *p).fold(0.0, f64::max);
        let short = self.probability.map_or(f64::NEG_INFINITY, |least| least - own);
        match given {
            true => short,
            // A tie is not enough.
            false => (others - own).max(short).max(f64::EPSILON),
        }
    }
}

/// Other values that the background has in a column, with their distances; at most [`MOST_VALUES`], spread over their order.
fn values_of(column: usize, row: &[Cell], background: &[Vec<Cell>]) -> Vec<(Cell, f64)> {
    let Some(own) = row.get(column) else { return vec![] };
    let mut values: Vec<Cell> = vec![];
    for cell in background.iter().filter_map(|row| row.get(column)) {
        if cell != own && *cell != Cell::Null && !values.contains(cell) {
            values.push(cell.clone());
        }
    }
    values.sort_by(|a, b| match (a.as_number(), b.as_number()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => shown(a).cmp(&shown(b)),
    });
    let scale = scale(column, background);
    let count = values.len().min(MOST_VALUES);
    // The ends are among them.
    let at = |n: usize| if count < 2 { 0 } else { n * (values.len() - 1) / (count - 1) };
    let picked = (0..count).filter_map(|n| values.get(at(n)));
    picked.map(|cell| (cell.clone(), distance(own, cell, scale))).collect()
}

/// The unit of a column's distances: the median absolute deviation, else the range, else 1.
fn scale(column: usize, background: &[Vec<Cell>]) -> f64 {
    let numbers: Vec<f64> = background.iter().filter_map(|row| row.get(column)?.as_number()).collect();
    let Some(median) = quantile(&numbers, 0.5) else { return 1.0 };
    let away: Vec<f64> = numbers.iter().map(|v| (v - median).abs()).collect();
    let range = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        - numbers.iter().copied().fold(f64::INFINITY, f64::min);
    [quantile(&away, 0.5).unwrap_or_default(), range].into_iter().find(|s| *s > 0.0).unwrap_or(1.0)
}

fn distance(a: &Cell, b: &Cell, scale: f64) -> f64 {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) | (Cell::Interval(a), Cell::Interval(b)) => (a - b).abs() / scale,
        _ => 1.0,
    }
}

/// A share of the way from one value to another; whole numbers stay whole, and what is no number goes all the way.
fn between(from: &Cell, to: &Cell, share: f64) -> Cell {
    let way = |from: f64, to: f64| {
        let whole = from.fract() == 0.0 && to.fract() == 0.0;
        let value = from + (to - from) * share;
        match whole {
            // Away from the present value, so that the full share is the candidate itself.
            true if to > from => value.ceil(),
            true => value.floor(),
            false => value,
        }
    };
    match (from, to) {
        (Cell::Number(from), Cell::Number(to)) => Cell::Number(way(*from, *to)),
        (Cell::Interval(from), Cell::Interval(to)) => Cell::Interval(way(*from, *to)),
        (_, to) => to.clone(),
    }
}
