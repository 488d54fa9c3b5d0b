//! Shapley values of a model's answers.

use std::cell::RefCell;
use std::rc::Rc;

use altlas_explain::{Contributions, Hybrid, Link, Sampling, sampled, shapley};
use altlas_score::{Additive, additive};

use super::quantity::Quantity;
use super::{Scale, ShapleyOptions, looked_at, rows, shown};
use crate::convert::{Cell, tick};
use crate::error::Result;
use crate::scoring::Version;
use crate::store::background;

/// A model with what it is explained by, ready for any number of rows.
pub struct Explainer {
    pub version: Version,
    pub columns: Vec<String>,
    background: Vec<Vec<Cell>>,
    /// The sum in the graph, where all of its answers follow from it.
    sum: Option<Sum>,
}

struct Sum {
    additive: Additive,
    link: Link,
    /// The background as the graph gets it.
    encoded: Vec<Vec<f64>>,
    /// The column of each of the graph's numbers.
    groups: Vec<usize>,
}

/// Why one row got its answer.
pub struct Explained {
    /// The class whose score it is, of a classifier.
    pub class: Option<String>,
    /// One contribution for each column.
    pub contributions: Contributions,
}

/// What one column adds to an answer.
pub struct Part<'a> {
    pub column: &'a str,
    /// What the row has there, as text.
    pub value: Option<String>,
    pub contribution: f64,
    /// Of a sampled contribution.
    pub error: Option<f64>,
}

impl Explained {
    /// The columns in their order, with the row's cells.
    pub fn parts<'a>(&'a self, columns: &'a [String], row: &'a [Cell]) -> impl Iterator<Item = Part<'a>> {
        let Contributions { values, errors, .. } = &self.contributions;
        let each = columns.iter().zip(row).zip(values).enumerate();
        each.map(move |(n, ((column, cell), value))| Part {
            column,
            value: shown(cell),
            contribution: *value,
            error: errors.as_ref().and_then(|errors| errors.get(n).copied()),
        })
    }
}

thread_local! {
    /// The version explained last, by its number, with the rows that are stored with it.
    static LAST: RefCell<Option<(i64, Rc<Explainer>)>> = const { RefCell::new(None) };
}

impl Explainer {
    /// The explainer of a model. With the stored background it is kept for the next call.
    pub fn of(model: &str, options: &ShapleyOptions) -> Result<Rc<Self>> {
        let version = looked_at(model)?;
        if let Some(source) = &options.background {
            let background = rows::background(&version, Some(source))?;
            return Self::new(version, background).map(Rc::new);
        }
        let id = background::version_id(&version.label)?;
        let kept =
            LAST.with(|last| last.borrow().as_ref().filter(|(n, _)| Some(*n) == id).map(|(_, e)| e.clone()));
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let background = rows::background(&version, None)?;
        let explainer = Rc::new(Self::new(version, background)?);
        if let Some(id) = id {
            LAST.with(|last| *last.borrow_mut() = Some((id, explainer.clone())));
        }
        Ok(explainer)
    }

    fn new(version: Version, background: Vec<Vec<Cell>>) -> Result<Self> {
        let columns = version.column_names()?;
        let sum = Sum::find(&version, &background)?;
        Ok(Self { version, columns, background, sum })
    }

    /// Explains a row.
    pub fn explain(&self, row: &[Cell], options: &ShapleyOptions) -> Result<Explained> {
        let answer = self.version.score_cells(std::slice::from_ref(&row.to_vec()))?.pop().unwrap_or_default();
        let quantity = Quantity::of(&self.version, &answer, options.class.as_deref())?;
        let class = quantity.class(&self.version);
        let exact = self.sum.as_ref().filter(|_| options.scale == Scale::Margin);
        let contributions = match (exact, self.version.encoded(row)?) {
            (Some(sum), Some(encoded)) => sum.explain(&encoded, quantity, self.columns.len()),
            _ => self.sample(row, quantity, options)?,
        };
        Ok(Explained { class, contributions })
    }

    fn sample(&self, row: &[Cell], quantity: Quantity, options: &ShapleyOptions) -> Result<Contributions> {
        let sampling = Sampling { pairs: options.pairs, seed: options.seed };
        sampled(self.columns.len(), self.background.len(), sampling, |hybrids| {
            let mixed: Vec<Vec<Cell>> = hybrids.iter().map(|hybrid| self.mixed(row, hybrid)).collect();
            let answers = self.version.score_cells(&mixed)?;
            Ok(answers.iter().map(|answer| quantity.in_answer(answer)).collect())
        })
    }

    fn mixed(&self, row: &[Cell], hybrid: &Hybrid) -> Vec<Cell> {
        let other = self.background.get(hybrid.background).map(Vec::as_slice).unwrap_or_default();
        let sides = hybrid.from_row.iter().zip(row.iter().zip(other));
        sides.map(|(own, (row, other))| if *own { row.clone() } else { other.clone() }).collect()
    }
}

impl Sum {
    /// The sum of a model's graph, if its answers on the background are what that sum makes.
    fn find(version: &Version, background: &[Vec<Cell>]) -> Result<Option<Self>> {
        if !version.is_compiled()? {
            return Ok(None);
        }
        let encoded =
            background.iter().map(|row| version.encoded(row)).collect::<Result<Option<Vec<_>>>>()?;
        let groups = version.columns_of_features()?;
        let found = additive(&version.graph()?).ok().flatten();
        let (Some(encoded), Some(additive)) = (encoded, found) else { return Ok(None) };
        if !additive.fits(groups.len()) || encoded.iter().any(|row| row.len() != groups.len()) {
            return Ok(None);
        }
        let answers = version.score_cells(background)?;
        let answers: Vec<Vec<f64>> =
            answers.into_iter().map(|a| a.proba.unwrap_or_else(|| a.value.into_iter().collect())).collect();
        let link = Link::find(&additive, &encoded, &answers);
        Ok(link.map(|link| Self { additive, link, encoded, groups }))
    }

    fn explain(&self, row: &[f64], quantity: Quantity, columns: usize) -> Contributions {
        let class = if let Quantity::Class(class) = quantity { class } else { 0 };
        // One score for two classes: that of the second; the first has what is left.
        let lone = self.additive.scores() == 1;
        let target = if lone { 0 } else { class };
        let mut found =
            shapley(&self.additive, row, &self.encoded, target, &tick).grouped(&self.groups, columns);
        if lone && quantity == Quantity::Class(0) {
            let whole = if self.link == Link::Identity { 1.0 } else { 0.0 };
            found.values.iter_mut().for_each(|value| *value = -*value);
            (found.base, found.prediction) = (whole - found.base, whole - found.prediction);
        }
        found
    }
}
