//! Partial dependence of a model's answer on a column.

use std::collections::HashMap;

use altlas_explain::grid;
use altlas_metrics::quantile;

use super::quantity::Quantity;
use super::{DependenceOptions, looked_at, place, rows, shown};
use crate::convert::Cell;
use crate::error::{Error, Result};

/// Points of a grid at most.
const MOST_POINTS: usize = 1000;
/// Shares of the rows below and above the band.
const BAND: (f64, f64) = (0.1, 0.9);

/// The answers when a column is set to one value in every row.
pub struct Point {
    /// The value as text; none for NULL.
    pub value: Option<String>,
    /// The value as a number, where it is one.
    pub number: Option<f64>,
    /// The mean answer.
    pub mean: f64,
    /// Below it are 10 % of the rows' answers.
    pub lower: f64,
    /// Below it are 90 %.
    pub upper: f64,
}

/// The class, of a classifier, and a point for each value of the grid.
pub fn partial_dependence(
    model: &str,
    source: &str,
    column: &str,
    points: i32,
    options: &DependenceOptions,
) -> Result<(Option<String>, Vec<Point>)> {
    let points = usize::try_from(points).ok().filter(|n| (2..=MOST_POINTS).contains(n)).ok_or_else(|| {
        Error::BadArgument {
            argument: "grid".into(),
            problem: format!("{points} is not between 2 and {MOST_POINTS}"),
            hint: "It is the number of values at which the column is set.".into(),
        }
    })?;
    let version = looked_at(model)?;
    let columns = version.column_names()?;
    let place = place(&columns, column, "feature")?;
    let all = rows::of_source(&columns, source, options.max_rows, ", or raise the option \"max_rows\"")?;
    let first = version.score_cells(all.get(..1).unwrap_or_default())?.pop().unwrap_or_default();
    let classes = first.proba.as_ref().map_or(0, Vec::len);
    if classes > 2 && options.class.is_none() {
        return Err(Error::BadArgument {
            argument: "class".into(),
            problem: format!("model \"{}\" has {classes} classes", version.label),
            hint: "Name one: options => '{\"class\": \"…\"}'.".into(),
        });
    }
    let quantity = Quantity::of(&version, &first, options.class.as_deref())?;
    let values: Vec<&Cell> = all.iter().filter_map(|row| row.get(place)).collect();
    let mut found = Vec::new();
    for value in values_of(&values, points) {
        let mut set = all.clone();
        for row in &mut set {
            row.get_mut(place).into_iter().for_each(|cell| *cell = value.clone());
        }
        let answers: Vec<f64> = version.score_cells(&set)?.iter().map(|a| quantity.in_answer(a)).collect();
        found.push(Point {
            value: shown(&value),
            number: if let Cell::Number(v) | Cell::Interval(v) = value { Some(v) } else { None },
            mean: answers.iter().sum::<f64>() / answers.len().max(1) as f64,
            lower: quantile(&answers, BAND.0).unwrap_or(f64::NAN),
            upper: quantile(&answers, BAND.1).unwrap_or(f64::NAN),
        });
    }
    Ok((quantity.class(&version), found))
}

/// A grid of numbers or moments, or the values that are most frequent; NULL is none.
fn values_of(cells: &[&Cell], points: usize) -> Vec<Cell> {
    let numbers: Vec<f64> = cells
        .iter()
        .filter_map(|cell| match cell {
            Cell::Number(v) | Cell::Interval(v) => Some(*v),
            Cell::Timestamp(us) => Some(*us as f64),
            _ => None,
        })
        .collect();
    let make: fn(f64) -> Cell = match cells.iter().find(|cell| !matches!(cell, Cell::Null)) {
        Some(Cell::Number(_)) => Cell::Number,
        Some(Cell::Interval(_)) => Cell::Interval,
        Some(Cell::Timestamp(_)) => |us| Cell::Timestamp(us as i64),
        _ => return most_frequent(cells, points),
    };
    grid(&numbers, points).into_iter().map(make).collect()
}

fn most_frequent(cells: &[&Cell], points: usize) -> Vec<Cell> {
    let mut counts: HashMap<String, (usize, &Cell)> = HashMap::new();
    for cell in cells {
        if let Some(text) = shown(cell) {
            counts.entry(text).or_insert((0, cell)).0 += 1;
        }
    }
    let mut sorted: Vec<(String, (usize, &Cell))> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    sorted.into_iter().take(points).map(|(_, (_, cell))| cell.clone()).collect()
}
