//! Parts of the data.

use altlas_prep::{Column, Table};

use crate::rng::Rng;
use crate::{LearnError, Options, ValidationKind};

/// Row numbers of each part, in time order where rows are split by time.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    pub(crate) train: Vec<usize>,
    pub(crate) calibration: Vec<usize>,
    pub(crate) test: Vec<usize>,
    /// The column that ordered the rows.
    pub(crate) time_column: Option<String>,
}

/// Splits rows at random, or by time: oldest to training, latest to testing.
pub(crate) fn split(table: &Table, options: &Options) -> Result<Split, LearnError> {
    let time_column = time_column(table, options)?;
    let mut order: Vec<usize> = (0..table.rows()).collect();
    match &time_column {
        Some(name) => sort_by_time(table, name, &mut order)?,
        None => Rng::new(options.seed, 1).shuffle(&mut order),
    }
    let kept = ((table.rows() as f64 * options.validation.fraction).round() as usize).max(1);
    let test = order.split_off(order.len().saturating_sub(kept));
    let calibration = order.split_off(order.len().saturating_sub(kept));
    Ok(Split { train: order, calibration, test, time_column })
}

/// Splits off the rows on which boosting is stopped early: the last where rows are in time order.
pub(crate) fn inner(train: &[usize], by_time: bool, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order = train.to_vec();
    if !by_time {
        Rng::new(seed, 2).shuffle(&mut order);
    }
    let kept = order.len() * 15 / 100;
    let valid = order.split_off(order.len() - kept);
    (order, valid)
}

fn time_column(table: &Table, options: &Options) -> Result<Option<String>, LearnError> {
    let validation = &options.validation;
    if let Some(name) = &validation.column {
        return match table.column(name) {
            None => Err(LearnError::MissingColumn(name.clone())),
            Some(Column::Timestamp(_) | Column::Number(_)) => Ok(Some(name.clone())),
            Some(other) => Err(LearnError::option(
                "validation.column",
                format!("\"{name}\" is of type {}, not a timestamp or number", other.column_type()),
            )),
        };
    }
    if validation.kind != Some(ValidationKind::Time) {
        return Ok(None);
    }
    let pairs = table.names().iter().zip(table.columns());
    let mut timestamps = pairs.filter(|(_, c)| matches!(c, Column::Timestamp(_))).map(|(n, _)| n);
    match (timestamps.next(), timestamps.next()) {
        (Some(name), None) => Ok(Some(name.clone())),
        _ => Err(LearnError::option("validation.column", "must name the column that orders the rows")),
    }
}

/// Rows without a time count as the oldest; ties keep their order.
fn sort_by_time(table: &Table, name: &str, order: &mut [usize]) -> Result<(), LearnError> {
    match table.column(name) {
        Some(Column::Timestamp(v)) => order.sort_by_key(|&row| v.get(row).copied().flatten()),
        Some(Column::Number(v)) => order.sort_by(|&a, &b| {
            let key = |row: usize| v.get(row).copied().filter(|x| !x.is_nan()).unwrap_or(f64::NEG_INFINITY);
            key(a).total_cmp(&key(b))
        }),
        _ => return Err(LearnError::MissingColumn(name.to_owned())),
    }
    Ok(())
}
