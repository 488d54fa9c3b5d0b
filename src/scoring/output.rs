//! From the graph's output tensors to value, label and probabilities.

use altlas_proto::{DataType, Tensor};

use super::{Manifest, Version};
use crate::error::{Error, Result};

/// The answer for one row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// The number predicted; a classifier's label where it is a number.
    pub value: Option<f64>,
    /// The class; none where the model rejects the input.
    pub label: Option<String>,
    /// Probabilities by class, in the order of the model's labels.
    pub proba: Option<Vec<f64>>,
    /// Several numbers that are no probabilities, as the components of a row.
    pub vector: Option<Vec<f64>>,
}

impl Scored {
    /// The highest probability; 0 without any.
    pub fn likeliest(&self) -> f32 {
        self.proba.iter().flatten().copied().fold(0.0, f64::max) as f32
    }
}

/// What matters of an output to find out what it is.
pub struct Port<'a> {
    /// Its name in the graph.
    pub name: &'a str,
    /// What it holds; `None` is of no use.
    pub holds: Option<PortKind>,
    /// Whether it has one value a row.
    pub single: bool,
}

/// What an output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    /// Floats.
    Numbers,
    /// Integers or texts.
    Classes,
}

/// Which output is what, by its place.
#[derive(Debug, Default, Clone, Copy)]
pub struct Roles {
    /// The number predicted.
    pub value: Option<usize>,
    /// The class.
    pub label: Option<usize>,
    /// The probabilities by class.
    pub proba: Option<usize>,
    /// Several numbers that are no probabilities.
    pub vector: Option<usize>,
}

/// The answers for `rows` rows.
pub fn read(version: &Version, outputs: Vec<Tensor>, rows: usize) -> Result<Vec<Scored>> {
    let ports: Vec<_> = outputs.iter().map(|tensor| port(tensor, rows)).collect();
    let roles = Roles::find(&version.manifest, &ports);
    let tensor = |place: Option<usize>| place.and_then(|n| outputs.get(n));
    let unreadable = |what: &str| Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: format!("gives {what} in a form that altlas does not read"),
        hint: "Name the outputs in the manifest (\"output\"), or export the model with plain tensors.".into(),
    };
    let values = match tensor(roles.value) {
        Some(t) => Some(t.to_f64().filter(|v| v.len() == rows).ok_or_else(|| unreadable("its value"))?),
        None => None,
    };
    let lists = |place, what| match tensor(place) {
        Some(t) => {
            let numbers = t.to_f64().filter(|v| rows > 0 && v.len() % rows == 0);
            numbers.map(Some).ok_or_else(|| unreadable(what))
        }
        None => Ok(None),
    };
    let proba = lists(roles.proba, "probabilities")?;
    let vectors = lists(roles.vector, "its vector")?;
    let part = |all: &Option<Vec<f64>>, row: usize| {
        let width = all.as_ref()?.len() / rows.max(1);
        Some(all.as_ref()?.get(row * width..(row + 1) * width)?.to_vec())
    };
    let width = proba.as_ref().map_or(0, |p| p.len() / rows.max(1));
    let labels = labels(version, tensor(roles.label), proba.as_deref(), width, rows);
    Ok((0..rows)
        .map(|row| {
            let proba = part(&proba, row);
            let rejected = version.manifest.rejects(proba.as_deref());
            let label = labels.as_ref().filter(|_| !rejected).and_then(|l| l.get(row).cloned());
            let value = match &values {
                Some(v) => v.get(row).copied(),
                None => label.as_ref().and_then(|l| l.parse().ok()),
            };
            Scored { value, label, proba, vector: part(&vectors, row) }
        })
        .collect())
}

impl Roles {
    /// By the manifest's names, else by what they hold: classes are the label, a single number is the value, in a classifier
    /// numbers are probabilities.
    pub fn find(manifest: &Manifest, ports: &[Port<'_>]) -> Self {
        let named = |name: &Option<String>| {
            let name = name.as_ref()?;
            ports.iter().position(|port| port.name == name)
        };
        let first = |kind, single: bool| {
            ports.iter().position(|port| port.holds == Some(kind) && (port.single || !single))
        };
        let classes = first(PortKind::Classes, true);
        let classifies = manifest.classifies() || classes.is_some();
        let numbers = |single| first(PortKind::Numbers, single);
        let vector = named(&manifest.output.vector);
        Self {
            vector,
            label: named(&manifest.output.label).or(classes),
            proba: named(&manifest.output.proba).or_else(|| numbers(false).filter(|_| classifies)),
            value: named(&manifest.output.value)
                .or_else(|| numbers(true).filter(|_| !classifies && vector.is_none())),
        }
    }
}

fn port(tensor: &Tensor, rows: usize) -> Port<'_> {
    let holds = match tensor.spec.dtype {
        DataType::F32 | DataType::F64 => Some(PortKind::Numbers),
        DataType::I64 | DataType::String => Some(PortKind::Classes),
        DataType::I32 | DataType::Bool => None,
    };
    Port { name: &tensor.spec.name, holds, single: tensor.len() == rows }
}

/// Class names: the graph's strings; else the manifest's names by the graph's index; else the likeliest class.
fn labels(
    version: &Version,
    label: Option<&Tensor>,
    proba: Option<&[f64]>,
    width: usize,
    rows: usize,
) -> Option<Vec<String>> {
    let names = version.manifest.labels.as_ref();
    let name_of = |index: i64| {
        let named = names.and_then(|n| usize::try_from(index).ok().and_then(|i| n.get(i)));
        named.cloned().unwrap_or_else(|| index.to_string())
    };
    if let Some(label) = label {
        return match label.spec.dtype {
            DataType::String => label.as_strings(),
            _ => Some(label.to_f64()?.into_iter().map(|v| name_of(v as i64)).collect()),
        };
    }
    let proba = proba.filter(|_| width > 1)?;
    Some(
        (0..rows)
            .map(|row| {
                let row = proba.get(row * width..(row + 1) * width).unwrap_or_default();
                let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
                name_of(best as i64)
            })
            .collect(),
    )
}
