//! What a model takes of a row, and rows in that form.

use std::collections::HashMap;

use altlas_prep::{Cell as PrepCell, Document, PrepError, Tabular, element_name, element_place};
use altlas_proto::{DataType, ModelSignature, PortInfo};

use super::coerce;
use super::{Features, Manifest, Version};
use crate::convert::{Cell, RowPlan, wrong_length};
use crate::error::{Error, Result};

/// What a model takes of a row.
pub enum Takes {
    /// A text.
    Text,
    /// The columns of its preprocessing document.
    Document,
    /// One input of several columns.
    Matrix {
        /// The input's name.
        input: String,
        /// The columns' names, where the manifest gives them.
        columns: Option<Vec<String>>,
        /// How many columns; the first row decides where the graph leaves it open.
        width: Option<usize>,
        /// Whether it takes whole numbers only.
        whole: bool,
    },
    /// One input a column.
    Inputs(Vec<Input>),
}

/// An input of one column.
pub struct Input {
    /// Its name, which is the column's.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
}

/// What an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Numbers.
    Numbers,
    /// Whole numbers, or truth values.
    Whole,
    /// Texts.
    Texts,
}

/// Rows in the form a model takes, one after the other.
#[derive(Default)]
pub struct Rows {
    /// Numeric values, row by row.
    pub numbers: Vec<f64>,
    /// Texts, row by row.
    pub texts: Vec<String>,
    /// How many rows these are.
    pub count: usize,
    /// Where the columns are in the rows that come as records.
    plan: Option<RowPlan>,
    cells: Vec<Cell>,
    prepared: Vec<f32>,
}

impl Rows {
    /// Forgets the rows, not where columns are.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.texts.clear();
        self.count = 0;
    }

    /// Appends a row.
    pub fn push(&mut self, version: &Version, row: &Features<'_>) -> Result<()> {
        if let Features::Record(record) = row {
            let takes = version.takes()?;
            // SAFETY: a record argument is a composite value that lives as long as the call.
            unsafe {
                if !self.plan.as_ref().is_some_and(|plan| plan.fits(*record)) {
                    self.plan = Some(RowPlan::of_record(*record, takes.names(version)?, |c, have| {
                        missing(version, c, have)
                    })?);
                }
                if let Some(plan) = &mut self.plan {
                    plan.take_record(*record)?;
                }
            }
            return self.push_planned(version);
        }
        match (version.takes()?, row) {
            (Takes::Text, Features::Text(text)) => self.texts.push(text.clone().into_owned()),
            (Takes::Text, _) => return Err(wants_text(version)),
            (_, Features::Text(_)) => return Err(wants_columns(version)),
            (Takes::Document, Features::Vector(values)) => self.prepare_numbers(version, values)?,
            (Takes::Document, Features::Fields(fields)) => {
                arrays_fit(|name| fields.contains_key(name), version.takes()?.names(version)?)?;
                self.prepare(version, |_, name| field(version, fields, name))?
            }
            (Takes::Matrix { width, whole, input, .. }, Features::Vector(values)) => {
                self.push_matrix(version, *width, values)?;
                self.check_whole(version, *whole, input, values.len())?;
            }
            (Takes::Matrix { columns, whole, input, .. }, Features::Fields(fields)) => {
                let columns = columns.as_ref().ok_or_else(|| nameless(version))?;
                for column in columns {
                    let cell = field(version, fields, column)?;
                    self.numbers.push(coerce::number(&cell, column)?);
                }
                self.check_whole(version, *whole, input, columns.len())?;
            }
            (Takes::Inputs(inputs), Features::Vector(values)) => {
                self.push_vector(version, inputs, values)?;
            }
            (Takes::Inputs(inputs), Features::Fields(fields)) => {
                for input in inputs {
                    let cell = field(version, fields, &input.name)?;
                    self.push_cell(version, input, &cell)?;
                }
            }
            (_, Features::Record(_)) => {}
        }
        self.count += 1;
        Ok(())
    }

    /// The plan of a source's rows, for [`Rows::push_planned`].
    pub fn set_plan(&mut self, plan: RowPlan) {
        self.plan = Some(plan);
    }

    /// The plan set last.
    pub fn plan(&mut self) -> Option<&mut RowPlan> {
        self.plan.as_mut()
    }

    /// Appends the row that the plan has taken.
    pub fn push_planned(&mut self, version: &Version) -> Result<()> {
        let Some(plan) = self.plan.take() else { return Ok(()) };
        let pushed = self.push_of_plan(version, &plan);
        self.plan = Some(plan);
        pushed?;
        self.count += 1;
        Ok(())
    }

    fn push_of_plan(&mut self, version: &Version, plan: &RowPlan) -> Result<()> {
        match version.takes()? {
            Takes::Text => Err(wants_text(version)),
            Takes::Document => self.prepare(version, |n, _| Ok(plan.cell(n))),
            Takes::Matrix { columns, whole, input, .. } => {
                let columns = columns.as_ref().ok_or_else(|| nameless(version))?;
                for n in 0..columns.len() {
                    let value = plan.number(n);
                    self.numbers.push(value.map_err(|(name, cell)| coerce::not_a(name, "a number", &cell))?);
                }
                self.check_whole(version, *whole, input, columns.len())
            }
            Takes::Inputs(inputs) => inputs
                .iter()
                .enumerate()
                .try_for_each(|(n, input)| self.push_cell(version, input, &plan.cell(n))),
        }
    }

    fn push_matrix(&mut self, version: &Version, width: Option<usize>, values: &[f64]) -> Result<()> {
        let first = (self.count > 0).then(|| self.numbers.len() / self.count);
        let expected = width.or(first).unwrap_or(values.len());
        if values.len() != expected {
            return Err(wrong_width(version, expected, values.len()));
        }
        self.numbers.extend_from_slice(values);
        Ok(())
    }

    fn push_vector(&mut self, version: &Version, inputs: &[Input], values: &[f64]) -> Result<()> {
        if values.len() != inputs.len() {
            return Err(wrong_width(version, inputs.len(), values.len()));
        }
        for (input, value) in inputs.iter().zip(values) {
            let cell = if value.is_nan() { Cell::Null } else { Cell::Number(*value) };
            match input.holds {
                Holds::Texts => return Err(wants_columns(version)),
                _ => self.push_cell(version, input, &cell)?,
            }
        }
        Ok(())
    }

    fn push_cell(&mut self, version: &Version, input: &Input, cell: &Cell) -> Result<()> {
        if input.holds == Holds::Texts {
            self.texts.push(coerce::text(cell, &input.name)?);
            return Ok(());
        }
        self.numbers.push(coerce::number(cell, &input.name)?);
        self.check_whole(version, input.holds == Holds::Whole, &input.name, 1)
    }

    /// Cuts the last `count` numbers to whole ones where the input takes those; there is none for NULL.
    fn check_whole(&mut self, version: &Version, whole: bool, input: &str, count: usize) -> Result<()> {
        let first = self.numbers.len().saturating_sub(count);
        for value in self.numbers.iter_mut().skip(first).filter(|_| whole) {
            if value.is_nan() {
                return Err(Error::BadInput {
                    message: format!(
                        "input \"{input}\" of model \"{}\" takes integers, the value is NULL",
                        version.label
                    ),
                    detail: String::new(),
                    hint: "Fill the gap in the query, for example with coalesce().".into(),
                });
            }
            *value = value.trunc();
        }
        Ok(())
    }

    fn prepare_numbers(&mut self, version: &Version, values: &[f64]) -> Result<()> {
        let Some(document) = tabular(version) else { return Ok(()) };
        if values.len() != document.columns().len() {
            return Err(wrong_width(version, document.columns().len(), values.len()));
        }
        let cells: Vec<_> = values.iter().map(|v| PrepCell::number(*v)).collect();
        self.apply(document, &cells)
    }

    fn prepare(
        &mut self,
        version: &Version,
        mut cell: impl FnMut(usize, &str) -> Result<Cell>,
    ) -> Result<()> {
        let Some(document) = tabular(version) else { return Ok(()) };
        let mut cells = std::mem::take(&mut self.cells);
        cells.clear();
        for (n, column) in document.columns().iter().enumerate() {
            cells.push(cell(n, &column.name)?);
        }
        let prepared = cells
            .iter()
            .zip(document.columns())
            .map(|(cell, column)| coerce::prepared(cell, column.column_type, &column.name))
            .collect::<Result<Vec<_>>>()?;
        self.apply(document, &prepared)?;
        drop(prepared);
        self.cells = cells;
        Ok(())
    }

    fn apply(&mut self, document: &Tabular, cells: &[PrepCell<'_>]) -> Result<()> {
        self.prepared.clear();
        document.apply_row(cells, &mut self.prepared).map_err(unfit)?;
        self.numbers.extend(self.prepared.iter().map(|v| f64::from(*v)));
        Ok(())
    }
}

impl Takes {
    /// What a graph without preprocessing takes: of inputs with their widths, where these are fixed.
    pub fn of_inputs(inputs: Vec<(Input, Option<usize>)>, manifest: &Manifest) -> Self {
        let [(only, width)] = inputs.as_slice() else {
            return Self::Inputs(inputs.into_iter().map(|(input, _)| input).collect());
        };
        if only.holds == Holds::Texts && manifest.columns.is_none() {
            return Self::Text;
        }
        Self::Matrix {
            input: only.name.clone(),
            columns: manifest.columns.clone(),
            width: width.or(manifest.columns.as_ref().map(Vec::len)),
            whole: only.holds == Holds::Whole,
        }
    }

    /// The same of a graph in the engine.
    pub fn of_signature(signature: &ModelSignature, manifest: &Manifest) -> Self {
        let described = signature.inputs.iter().map(|port| {
            let input = Input { name: port.name.clone(), holds: holds(port) };
            (input, port.shape.get(1).copied().flatten())
        });
        Self::of_inputs(described.collect(), manifest)
    }

    /// The names of the columns, in the order of a [`RowPlan`].
    pub fn names<'v>(&'v self, version: &'v Version) -> Result<Box<dyn Iterator<Item = &'v str> + 'v>> {
        Ok(match self {
            Self::Text => return Err(wants_text(version)),
            Self::Document => {
                let columns = tabular(version).map(Tabular::columns).unwrap_or_default();
                Box::new(columns.iter().map(|c| c.name.as_str()))
            }
            Self::Matrix { columns, .. } => {
                let columns = columns.as_ref().ok_or_else(|| nameless(version))?;
                Box::new(columns.iter().map(String::as_str))
            }
            Self::Inputs(inputs) => Box::new(inputs.iter().map(|i| i.name.as_str())),
        })
    }
}

fn holds(port: &PortInfo) -> Holds {
    match port.dtype {
        Some(DataType::String) => Holds::Texts,
        Some(DataType::I64 | DataType::I32 | DataType::Bool) => Holds::Whole,
        Some(DataType::F32 | DataType::F64) | None => Holds::Numbers,
    }
}

fn tabular(version: &Version) -> Option<&Tabular> {
    version.preprocess.as_ref().and_then(Document::as_tabular)
}

fn field(version: &Version, fields: &HashMap<String, Cell>, name: &str) -> Result<Cell> {
    // An array that is NULL has all its elements missing.
    let absent = || fields.get(element_place(name)?.0).filter(|cell| **cell == Cell::Null);
    let found = fields.get(name).or_else(absent).cloned();
    found.ok_or_else(|| missing(version, name, fields.keys().map(String::as_str).collect()))
}

/// Refuses arrays that are longer than those that the model was made with: what they have more has no place in it.
pub fn arrays_fit<'n>(has: impl Fn(&str) -> bool, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut elements = names.filter_map(element_place).peekable();
    while let Some((array, place)) = elements.next() {
        let goes_on = elements.peek().is_some_and(|(next, _)| *next == array);
        if !goes_on && has(&element_name(array, place + 1)) {
            let longer = |place: &usize| has(&element_name(array, *place));
            let got = (place + 1..).take_while(longer).last().unwrap_or(place);
            return Err(wrong_length(array, place, got));
        }
    }
    Ok(())
}

/// The error for a column that a row does not have.
pub fn missing(version: &Version, column: &str, mut have: Vec<&str>) -> Error {
    have.sort_unstable();
    let have = if have.is_empty() { "nothing".to_owned() } else { have.join(", ") };
    Error::MissingColumn { model: version.label.clone(), column: column.to_owned(), have }
}

fn wrong_width(version: &Version, expected: usize, got: usize) -> Error {
    Error::WrongWidth { model: version.label.clone(), expected, got }
}

fn nameless(version: &Version) -> Error {
    Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "does not name its columns".into(),
        hint: "Give the features as an array, or register the model with \"columns\" in its manifest.".into(),
    }
}

fn wants_text(version: &Version) -> Error {
    Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "takes a text".into(),
        hint: "Call it as altlas.predict_label('model', 'some text').".into(),
    }
}

fn wants_columns(version: &Version) -> Error {
    Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "takes columns, not one text".into(),
        hint: "Give a row, a jsonb object, or an array of numbers.".into(),
    }
}

/// The error for values that a preprocessing document does not take.
pub fn unfit(e: PrepError) -> Error {
    Error::BadInput { message: e.to_string(), detail: String::new(), hint: String::new() }
}
