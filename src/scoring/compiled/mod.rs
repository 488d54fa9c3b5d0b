//! Models that are scored in the backend, without the engine.

mod shelf;

use std::cell::RefCell;
use std::rc::Rc;

use altlas_prep::Document;
use altlas_score::{InputType, OutputType, Program, ScoreError, Scratch};

use super::output::{Port, PortKind, Roles};
use super::takes::{Holds, Input, Rows, Takes};
use super::{Features, Manifest, Scored, Version, Want};
use crate::error::{Error, Result};
use crate::monitor;

pub use shelf::Mapped;

/// A version's compiled model.
pub struct Compiled {
    mapped: Rc<Mapped>,
    roles: Roles,
    /// Class names by index, and those that are numbers.
    names: Option<Vec<(String, Option<f64>)>>,
    work: RefCell<Work>,
}

/// What scoring a row needs, kept for the next one.
struct Work {
    rows: Rows,
    scratch: Scratch,
}

impl Compiled {
    /// The compiled model of a version; `None` when the engine must run it.
    pub fn of(version: &Version) -> Result<Option<Self>> {
        // What takes texts, or rejects inputs, is run by the engine.
        let texts = version.preprocess.as_ref().is_some_and(Document::takes_text);
        if texts || version.manifest.rejection.is_some() || !crate::guc::compile_models() {
            return Ok(None);
        }
        let mapped = shelf::get(&version.sha256, || version.graph())?;
        let Some(mapped) = mapped.filter(|m| fits(version, m.program())) else { return Ok(None) };
        let program = mapped.program();
        let ports: Vec<_> = program.outputs().iter().map(port).collect();
        let roles = Roles::find(&version.manifest, &ports);
        let names = version.manifest.labels.as_ref();
        let names = names.map(|names| names.iter().map(|n| (n.clone(), n.parse().ok())).collect());
        let work = Work { rows: Rows::default(), scratch: program.scratch() };
        Ok(Some(Self { roles, names, work: RefCell::new(work), mapped }))
    }

    /// Bytes of the compiled form.
    pub fn bytes(&self) -> usize {
        self.mapped.bytes()
    }

    /// What the model takes of a row, where it has no preprocessing.
    pub fn takes(&self, manifest: &Manifest) -> Takes {
        let inputs = self.mapped.program().inputs().iter();
        let described =
            inputs.map(|i| (Input { name: i.name.clone(), holds: holds(i.dtype) }, Some(i.columns)));
        Takes::of_inputs(described.collect(), manifest)
    }

    /// Scores one row.
    #[inline]
    pub fn one(&self, version: &Version, row: &Features<'_>, want: Want) -> Result<Scored> {
        let started = monitor::starts(version);
        let mut work = self.work.try_borrow_mut().map_err(|_| busy())?;
        let Work { rows, scratch } = &mut *work;
        rows.clear();
        let numbers = match (row, &version.preprocess, version.takes()?) {
            // Numbers in the model's own order are read where they lie.
            (Features::Vector(values), None, Takes::Matrix { whole: false, width: Some(width), .. })
                if values.len() == *width =>
            {
                &**values
            }
            _ => {
                rows.push(version, row)?;
                rows.numbers.as_slice()
            }
        };
        let texts: Vec<&str> = rows.texts.iter().map(String::as_str).collect();
        self.mapped.program().score(numbers, &texts, scratch).map_err(|e| fault(version, &e))?;
        monitor::scored(version, numbers, started, || self.read(scratch, Want::All));
        Ok(self.read(scratch, want))
    }

    /// Scores rows.
    pub fn many(&self, version: &Version, rows: &Rows, want: Want) -> Result<Vec<Scored>> {
        let started = monitor::starts(version);
        let program = self.mapped.program();
        let mut work = self.work.try_borrow_mut().map_err(|_| busy())?;
        let scratch = &mut work.scratch;
        let mut scored = Vec::with_capacity(rows.count);
        let (width, columns) = (program.width(), program.texts());
        let numbers = |n: usize| rows.numbers.get(n * width..(n + 1) * width).unwrap_or_default();
        let mut keep = |n: usize, scratch: &Scratch| {
            monitor::scored_row(version, numbers(n), || self.read(scratch, Want::All));
            scored.push(self.read(scratch, want));
        };
        if columns == 0 {
            program.score_rows(&rows.numbers, rows.count, scratch, keep).map_err(|e| fault(version, &e))?;
        } else {
            let texts: Vec<&str> = rows.texts.iter().map(String::as_str).collect();
            for n in 0..rows.count {
                let texts = texts.get(n * columns..(n + 1) * columns).unwrap_or_default();
                program.score(numbers(n), texts, scratch).map_err(|e| fault(version, &e))?;
                keep(n, scratch);
            }
        }
        monitor::called(version, started);
        Ok(scored)
    }

    /// The outputs of the last row, as far as they are wanted.
    #[inline]
    fn read(&self, scratch: &Scratch, want: Want) -> Scored {
        let value = match (self.roles.value, want) {
            (_, Want::Label | Want::Proba | Want::Vector) => None,
            (Some(output), _) => scratch.numbers(output).first().copied(),
            (None, _) => self.label_as_number(scratch),
        };
        // A model that gives no number says so by its label.
        let needs_label = matches!(want, Want::Label | Want::All) || want == Want::Value && value.is_none();
        let label = if needs_label { self.label(scratch) } else { None };
        let proba = self.roles.proba.filter(|_| matches!(want, Want::Proba | Want::All));
        let vector = self.roles.vector.filter(|_| matches!(want, Want::Vector | Want::All));
        let list = |output| scratch.numbers(output).to_vec();
        Scored { value, label, proba: proba.map(list), vector: vector.map(list) }
    }

    fn label(&self, scratch: &Scratch) -> Option<String> {
        match self.roles.label.and_then(|output| self.mapped.program().text(output, scratch)) {
            Some(text) => Some(text.to_owned()),
            None => self.class(scratch).map(|index| match self.name(index) {
                Some((name, _)) => name.clone(),
                None => index.to_string(),
            }),
        }
    }

    fn label_as_number(&self, scratch: &Scratch) -> Option<f64> {
        match self.roles.label.and_then(|output| self.mapped.program().text(output, scratch)) {
            Some(text) => text.parse().ok(),
            None => self.class(scratch).and_then(|index| match self.name(index) {
                Some((_, number)) => *number,
                None => Some(index as f64),
            }),
        }
    }

    /// The class by its index: the graph's label, else the likeliest.
    fn class(&self, scratch: &Scratch) -> Option<i64> {
        if let Some(label) = self.roles.label {
            return scratch.integer(label);
        }
        let proba = scratch.numbers(self.roles.proba?);
        if proba.len() < 2 {
            return None;
        }
        proba.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(index, _)| index as i64)
    }

    fn name(&self, index: i64) -> Option<&(String, Option<f64>)> {
        self.names.as_ref().and_then(|names| names.get(usize::try_from(index).ok()?))
    }
}

fn port(output: &altlas_score::Output) -> Port<'_> {
    let holds = match output.kind {
        OutputType::F32 | OutputType::F64 => PortKind::Numbers,
        OutputType::I64 | OutputType::Text => PortKind::Classes,
    };
    Port { name: &output.name, holds: Some(holds), single: output.columns == 1 }
}

/// Whether rows can be given to the program as the version describes them.
fn fits(version: &Version, program: &Program<'_>) -> bool {
    let inputs = program.inputs();
    match (&version.preprocess, inputs) {
        (Some(document), [only]) => {
            document.as_tabular().is_some_and(|d| d.output() == only.name && d.width() == only.columns)
        }
        (Some(_), _) => false,
        (None, [only]) => {
            let named = version.manifest.columns.as_ref().map_or(only.columns, Vec::len);
            only.dtype != InputType::String && named == only.columns
        }
        (None, several) => several.iter().all(|i| i.columns == 1),
    }
}

fn holds(dtype: InputType) -> Holds {
    match dtype {
        InputType::F32 | InputType::F64 => Holds::Numbers,
        InputType::I64 | InputType::Bool => Holds::Whole,
        InputType::String => Holds::Texts,
    }
}

fn busy() -> Error {
    Error::Internal { message: "a model was asked while it answers".into() }
}

fn fault(version: &Version, e: &ScoreError) -> Error {
    if *e == ScoreError::Row {
        return Error::BadInput {
            message: format!("model \"{}\" cannot score this row", version.label),
            detail: format!("{e}."),
            hint: String::new(),
        };
    }
    Error::Internal { message: format!("scoring with model \"{}\" failed: {e}", version.label) }
}
