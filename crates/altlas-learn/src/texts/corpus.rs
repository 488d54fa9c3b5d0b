//! The texts with their labels, and their parts.

use std::collections::HashMap;

use altlas_prep::{Column, Table};

use super::spec::{ClassWeights, NamedWeights, TextSpec};
use crate::LearnError;
use crate::rng::Rng;

/// The most labels: a graph has a number for each bucket and label.
const MAX_LABELS: usize = 5000;
/// The least rows, those out of scope not counted.
const MIN_ROWS: usize = 20;
/// The least rows of a label.
const MIN_EXAMPLES: usize = 2;
/// Labels that an error names.
const NAMED: usize = 5;

/// Texts with their labels.
#[derive(Debug)]
pub(crate) struct Corpus {
    /// The name of the texts' column.
    pub(crate) column: String,
    pub(crate) texts: Vec<String>,
    /// Of each text the number of its label; [`Corpus::answers`] where it is out of scope.
    pub(crate) class: Vec<u32>,
    /// In the order of their numbers, without that of rows out of scope.
    pub(crate) labels: Vec<String>,
    /// Whether there are rows out of scope.
    pub(crate) none: bool,
    pub(crate) warnings: Vec<String>,
}

/// Row numbers, ascending.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) train: Vec<usize>,
    pub(crate) test: Vec<usize>,
}

impl Corpus {
    /// Takes the rows of a table that have a text and a label.
    pub(crate) fn new(table: Table, spec: &TextSpec) -> Result<Self, LearnError> {
        if table.column(&spec.target).is_none() {
            return Err(LearnError::MissingColumn(spec.target.clone()));
        }
        let column = text_column(&table, spec)?.to_owned();
        let known = labels(&table, &spec.target)?;
        let Some(Column::Text(texts)) = table.column(&column) else {
            return Err(LearnError::MissingColumn(column));
        };
        let usable = |text: &Option<String>| text.as_ref().filter(|t| !t.trim().is_empty()).cloned();
        let pairs: Vec<(String, String)> =
            texts.iter().zip(known).filter_map(|(text, label)| Some((usable(text)?, label?))).collect();
        let mut warnings = Vec::new();
        let dropped = table.rows() - pairs.len();
        if dropped > 0 {
            warnings.push(format!("{dropped} rows without a text or a label were left out"));
        }
        let none = spec.options.out_of_scope.as_deref();
        let labels = distinct(&pairs, none, &table, &spec.target)?;
        let number: HashMap<&str, u32> = labels.iter().map(String::as_str).zip(0..).collect();
        let answers = labels.len() as u32;
        let class: Vec<u32> =
            pairs.iter().map(|(_, label)| number.get(label.as_str()).copied().unwrap_or(answers)).collect();
        let outside = class.iter().filter(|c| **c == answers).count();
        if none.is_some() && outside < MIN_EXAMPLES {
            let problem = format!("{outside} rows have this label, at least {MIN_EXAMPLES} are needed");
            return Err(LearnError::option("out_of_scope", problem));
        }
        let found = class.len() - outside;
        if found < MIN_ROWS {
            return Err(LearnError::TooFewRows { found, needed: MIN_ROWS });
        }
        enough_of_each(&labels, &class)?;
        drop(table);
        let texts = pairs.into_iter().map(|(text, _)| text).collect();
        Ok(Self { column, texts, class, labels, none: outside > 0, warnings })
    }

    /// The number of labels.
    pub(crate) fn answers(&self) -> usize {
        self.labels.len()
    }

    /// Classes that the model tells apart: the labels, and none of them where there are rows out of scope.
    pub(crate) fn outputs(&self) -> usize {
        self.answers() + usize::from(self.none)
    }

    /// Splits the test part off, of each label its share.
    pub(crate) fn split(&self, fraction: f64, seed: u64) -> Parts {
        let taken = |n: usize| (n as f64 * fraction).floor();
        let mut parts = Parts { train: Vec::new(), test: Vec::new() };
        // One row of each 1/fraction in a row, so that two neighbours are never both taken.
        for (n, row) in
            by_class(&self.class, (0..self.class.len()).collect(), seed, 11).into_iter().enumerate()
        {
            if taken(n + 1) > taken(n) { parts.test.push(row) } else { parts.train.push(row) }
        }
        parts.train.sort_unstable();
        parts.test.sort_unstable();
        parts
    }

    /// At most `most` of the rows, of each label its share.
    pub(crate) fn sample(&self, rows: &[usize], most: usize, seed: u64) -> Vec<usize> {
        if rows.len() <= most {
            return rows.to_vec();
        }
        let order = by_class(&self.class, rows.to_vec(), seed, 12);
        let share = most as f64 / rows.len() as f64;
        let taken = |n: usize| (n as f64 * share).floor();
        let mut sample: Vec<usize> =
            order.into_iter().enumerate().filter(|(n, _)| taken(n + 1) > taken(*n)).map(|(_, r)| r).collect();
        sample.sort_unstable();
        sample
    }

    /// The fold of each of the rows, labels spread evenly.
    pub(crate) fn folds(&self, rows: &[usize], folds: usize, seed: u64) -> Vec<usize> {
        let place: HashMap<usize, usize> = rows.iter().copied().zip(0..).collect();
        let mut fold = vec![0; rows.len()];
        for (n, row) in by_class(&self.class, rows.to_vec(), seed, 13).into_iter().enumerate() {
            if let Some(slot) = place.get(&row).and_then(|p| fold.get_mut(*p)) {
                *slot = n % folds;
            }
        }
        fold
    }

    /// How much the rows of each class count.
    pub(crate) fn weights(
        &self,
        wanted: Option<&ClassWeights>,
        rows: &[usize],
    ) -> Result<Vec<f32>, LearnError> {
        let mut weights = vec![1.0; self.outputs()];
        match wanted {
            None | Some(ClassWeights::Named(NamedWeights::None)) => {}
            Some(ClassWeights::Named(NamedWeights::Balanced)) => {
                let mut counts = vec![0_usize; weights.len()];
                for class in rows.iter().filter_map(|&row| self.class.get(row)) {
                    if let Some(count) = counts.get_mut(*class as usize) {
                        *count += 1;
                    }
                }
                let mean = rows.len() as f32 / weights.len() as f32;
                for (weight, count) in weights.iter_mut().zip(counts) {
                    *weight = mean / count.max(1) as f32;
                }
            }
            Some(ClassWeights::Each(each)) => {
                for (label, weight) in each {
                    let Some(slot) =
                        self.labels.iter().position(|l| l == label).and_then(|n| weights.get_mut(n))
                    else {
                        let problem = format!("no row has the label \"{label}\"");
                        return Err(LearnError::option("class_weights", problem));
                    };
                    *slot = *weight as f32;
                }
            }
        }
        Ok(weights)
    }
}

/// Rows by class, those of one class in a drawn order.
fn by_class(class: &[u32], mut rows: Vec<usize>, seed: u64, stream: u64) -> Vec<usize> {
    Rng::new(seed, stream).shuffle(&mut rows);
    rows.sort_by_key(|&row| class.get(row).copied());
    rows
}

/// The column of texts.
fn text_column<'a>(table: &'a Table, spec: &'a TextSpec) -> Result<&'a str, LearnError> {
    if let Some(name) = spec.options.text.as_deref() {
        return match table.column(name) {
            None => Err(LearnError::MissingColumn(name.to_owned())),
            Some(_) if name == spec.target => Err(LearnError::option("text", "is the target")),
            Some(Column::Text(_)) => Ok(name),
            Some(other) => {
                let problem = format!("column \"{name}\" is of type {}, not text", other.column_type());
                Err(LearnError::option("text", problem))
            }
        };
    }
    let pairs = table.names().iter().zip(table.columns());
    let texts: Vec<&str> = pairs
        .filter(|(name, column)| **name != spec.target && matches!(column, Column::Text(_)))
        .map(|(name, _)| name.as_str())
        .collect();
    match texts.as_slice() {
        [only] => Ok(only),
        [] => Err(LearnError::option("text", "the source has no text column beside the target")),
        several => {
            let problem = format!("must name the column of texts, one of {}", several.join(", "));
            Err(LearnError::option("text", problem))
        }
    }
}

/// The labels of all rows.
fn labels(table: &Table, name: &str) -> Result<Vec<Option<String>>, LearnError> {
    let column = table.column(name).ok_or_else(|| LearnError::MissingColumn(name.to_owned()))?;
    let refuse = |problem: &str| LearnError::Target {
        column: name.to_owned(),
        found: column.column_type(),
        problem: problem.to_owned(),
    };
    match column {
        Column::Text(v) => Ok(v.clone()),
        Column::Boolean(v) => Ok(v.iter().map(|y| y.map(|y| y.to_string())).collect()),
        Column::Number(v) if v.iter().all(|y| y.is_nan() || y.fract() == 0.0) => {
            Ok(v.iter().map(|y| y.is_finite().then(|| (y + 0.0).to_string())).collect())
        }
        Column::Number(_) => Err(refuse("a label is a text, a boolean or a whole number")),
        Column::Timestamp(_) | Column::Interval(_) => {
            Err(refuse("a label is a text, a boolean or a whole number"))
        }
    }
}

/// The different labels but that of rows out of scope, ascending.
fn distinct(
    pairs: &[(String, String)],
    none: Option<&str>,
    table: &Table,
    target: &str,
) -> Result<Vec<String>, LearnError> {
    let mut labels: Vec<&str> = pairs.iter().map(|(_, label)| label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    labels.retain(|label| Some(*label) != none);
    let column = table.column(target);
    if let Some(Column::Number(_)) = column {
        let number = |label: &str| label.parse::<f64>().unwrap_or(f64::NAN);
        labels.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    match column {
        // Without rows there is more to say than that there are no labels.
        Some(column) if !pairs.is_empty() && !(2..=MAX_LABELS).contains(&labels.len()) => {
            Err(LearnError::Target {
                column: target.to_owned(),
                found: column.column_type(),
                problem: format!("has {} labels, 2 to {MAX_LABELS} can be learned", labels.len()),
            })
        }
        _ => Ok(labels.into_iter().map(str::to_owned).collect()),
    }
}

fn enough_of_each(labels: &[String], class: &[u32]) -> Result<(), LearnError> {
    let mut counts = vec![0_usize; labels.len()];
    for class in class {
        if let Some(count) = counts.get_mut(*class as usize) {
            *count += 1;
        }
    }
    let few: Vec<&str> =
        labels.iter().zip(&counts).filter(|(_, n)| **n < MIN_EXAMPLES).map(|(l, _)| l.as_str()).collect();
    if few.is_empty() {
        return Ok(());
    }
    let mut named: Vec<String> = few.iter().take(NAMED).map(|label| format!("{label:?}")).collect();
    if few.len() > NAMED {
        named.push(format!("{} more", few.len() - NAMED));
    }
    Err(LearnError::FewExamples { labels: named.join(", "), needed: MIN_EXAMPLES })
}
