//! Parts of the data.

use std::collections::{HashMap, HashSet};

use altlas_prep::{Column, Table};

use crate::rng::Rng;
use crate::{LearnError, Options, ValidationKind};

/// The least rows of a fold.
const MIN_FOLD: usize = 10;
/// Share of the training rows, in hundredths, on which training is stopped early.
const INNER_PERCENT: usize = 15;

/// Row numbers of each part, in time order where rows are split by time.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    pub(crate) train: Vec<usize>,
    pub(crate) calibration: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

impl Split {
    /// All rows; in time order where rows are split by time.
    pub(crate) fn all(&self) -> Vec<usize> {
        [&self.train[..], &self.calibration, &self.test].concat()
    }
}

/// Rows to learn from, and rows to judge by.
pub(crate) type Halves = (Vec<usize>, Vec<usize>);

/// Splits rows by the rule of the options.
#[derive(Debug)]
pub(crate) struct Splitter {
    pub(crate) kind: ValidationKind,
    /// The column that orders the rows.
    pub(crate) time_column: Option<String>,
    /// The column whose equal values stay together.
    pub(crate) group_column: Option<String>,
    /// Numbers of the groups, or classes where their shares are kept; by row.
    strata: Vec<usize>,
    fraction: f64,
    folds: usize,
    seed: u64,
}

impl Splitter {
    /// `target` holds class numbers where shares of classes are to be kept.
    pub(crate) fn new(table: &Table, target: &[f64], options: &Options) -> Result<Self, LearnError> {
        let validation = &options.validation;
        let kind = validation.kind();
        let strata = match (kind, &validation.group) {
            (ValidationKind::Group, Some(name)) => groups(table, name)?,
            (ValidationKind::Stratified, _) => target.iter().map(|y| *y as usize).collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            kind,
            time_column: time_column(table, options)?,
            group_column: validation.group.clone(),
            strata,
            fraction: validation.fraction,
            folds: validation.folds(),
            seed: options.seed,
        })
    }

    /// The number of a row's group.
    pub(crate) fn group_of(&self, row: usize) -> usize {
        self.strata.get(row).copied().unwrap_or(0)
    }

    /// The name of the rule in the manifest.
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            ValidationKind::Holdout => "holdout",
            ValidationKind::Time => "time",
            ValidationKind::Kfold => "kfold",
            ValidationKind::Stratified => "stratified",
            ValidationKind::Group => "group",
        }
    }

    /// Folds of the cross-validation.
    pub(crate) fn fold_count(&self) -> u64 {
        self.folds as u64
    }

    fn by_time(&self) -> bool {
        self.time_column.is_some()
    }

    /// Splits all rows: oldest to training, latest to testing where they have a time.
    pub(crate) fn split(&self, table: &Table) -> Result<Split, LearnError> {
        let mut order: Vec<usize> = (0..table.rows()).collect();
        match &self.time_column {
            Some(name) => sort_by_time(table, name, &mut order)?,
            None => Rng::new(self.seed, 1).shuffle(&mut order),
        }
        let kept = ((table.rows() as f64 * self.fraction).round() as usize).max(1);
        let test = self.take(&mut order, kept);
        let calibration = self.take(&mut order, kept);
        if order.is_empty() || calibration.is_empty() || test.is_empty() {
            return Err(LearnError::option("validation.group", "has too few different values"));
        }
        Ok(Split { train: order, calibration, test })
    }

    /// Splits off the rows on which training is stopped early: the last where rows are in time order.
    pub(crate) fn inner(&self, train: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let mut order = train.to_vec();
        if !self.by_time() {
            Rng::new(self.seed, 2).shuffle(&mut order);
        }
        let valid = self.take(&mut order, train.len() * INNER_PERCENT / 100);
        (order, valid)
    }

    /// Takes about `count` rows from the end: whole groups, or of each class its share.
    fn take(&self, rows: &mut Vec<usize>, count: usize) -> Vec<usize> {
        let stratum = |row: usize| self.strata.get(row).copied().unwrap_or(0);
        let mut taken = Vec::with_capacity(count);
        match self.kind {
            ValidationKind::Group => {
                let mut sizes: HashMap<usize, usize> = HashMap::new();
                rows.iter().for_each(|&row| *sizes.entry(stratum(row)).or_default() += 1);
                let mut chosen = HashSet::new();
                let (mut held, mut left) = (0, sizes.len());
                for &row in rows.iter().rev() {
                    if held >= count || left <= 1 {
                        break;
                    }
                    if chosen.insert(stratum(row)) {
                        held += sizes.get(&stratum(row)).copied().unwrap_or(0);
                        left -= 1;
                    }
                }
                rows.retain(|&row| {
                    let goes = chosen.contains(&stratum(row));
                    if goes {
                        taken.push(row);
                    }
                    !goes
                });
            }
            ValidationKind::Stratified => {
                let mut sizes: HashMap<usize, usize> = HashMap::new();
                rows.iter().for_each(|&row| *sizes.entry(stratum(row)).or_default() += 1);
                let share = count as f64 / rows.len().max(1) as f64;
                // Of each class the first of those that stay.
                let mut stay: HashMap<usize, usize> = sizes
                    .into_iter()
                    .map(|(class, n)| (class, n - (n as f64 * share).round() as usize))
                    .collect();
                rows.retain(|&row| {
                    let left = stay.entry(stratum(row)).or_default();
                    let stays = *left > 0;
                    *left = left.saturating_sub(1);
                    if !stays {
                        taken.push(row);
                    }
                    stays
                });
            }
            _ => taken = rows.split_off(rows.len().saturating_sub(count)),
        }
        taken
    }

    /// Rows to learn from and rows to judge by, of each fold of a cross-validation; none for a single split.
    pub(crate) fn folds(&self, rows: &[usize]) -> Result<Vec<Halves>, LearnError> {
        if self.folds == 0 {
            return Ok(Vec::new());
        }
        if rows.len() / (self.folds + 1) < MIN_FOLD {
            return Err(LearnError::option(
                "validation.folds",
                format!("are too many for {} rows", rows.len()),
            ));
        }
        if self.by_time() {
            // Blocks of time: each is judged by what was learned of those before it.
            let end = |block: usize| rows.len() * block / (self.folds + 1);
            let part = |from: usize, to: usize| rows.get(from..to).unwrap_or_default().to_vec();
            return Ok((1..=self.folds).map(|n| (part(0, end(n)), part(end(n), end(n + 1)))).collect());
        }
        let fold_of = self.fold_of(rows)?;
        let pairs = || rows.iter().copied().zip(&fold_of);
        let fold = |n: usize| {
            let (judge, train): (Vec<_>, Vec<_>) = pairs().partition(|(_, fold)| **fold == n);
            let numbers = |part: Vec<(usize, &usize)>| part.into_iter().map(|(row, _)| row).collect();
            (numbers(train), numbers(judge))
        };
        Ok((0..self.folds).map(fold).collect())
    }

    /// The fold of each row.
    fn fold_of(&self, rows: &[usize]) -> Result<Vec<usize>, LearnError> {
        let stratum = |row: &usize| self.strata.get(*row).copied().unwrap_or(0);
        if self.kind != ValidationKind::Group {
            // In turn within each class; rows come in random order.
            let mut next: HashMap<usize, usize> = HashMap::new();
            let turn = |row: &usize| {
                let turn = next.entry(stratum(row)).or_default();
                *turn += 1;
                (*turn - 1) % self.folds
            };
            return Ok(rows.iter().map(turn).collect());
        }
        let mut sizes: HashMap<usize, usize> = HashMap::new();
        rows.iter().for_each(|row| *sizes.entry(stratum(row)).or_default() += 1);
        if sizes.len() < self.folds {
            let problem = format!("has {} different values for {} folds", sizes.len(), self.folds);
            return Err(LearnError::option("validation.group", problem));
        }
        // The largest group first, to the smallest fold.
        let mut order: Vec<(usize, usize)> = sizes.into_iter().collect();
        order.sort_by_key(|&(group, size)| (std::cmp::Reverse(size), group));
        let mut held = vec![0_usize; self.folds];
        let mut fold_of_group = HashMap::new();
        for (group, size) in order {
            let least = held.iter().enumerate().min_by_key(|(_, n)| **n).map_or(0, |(n, _)| n);
            if let Some(held) = held.get_mut(least) {
                *held += size;
            }
            fold_of_group.insert(group, least);
        }
        Ok(rows.iter().map(|row| fold_of_group.get(&stratum(row)).copied().unwrap_or(0)).collect())
    }
}

/// The number of each row's group; rows without a value are one group.
fn groups(table: &Table, name: &str) -> Result<Vec<usize>, LearnError> {
    let column = table.column(name).ok_or_else(|| LearnError::MissingColumn(name.to_owned()))?;
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let number = |row: usize| {
        let key = format!("{:?}", column.cell(row));
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    Ok((0..table.rows()).map(number).collect())
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
    if validation.kind() != ValidationKind::Time {
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
