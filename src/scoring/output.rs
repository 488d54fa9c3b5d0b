//! From the graph's output tensors to value, label and probabilities.

use altlas_proto::{DataType, Tensor};

use super::{Manifest, Version};
use crate::error::{Error, Result};

/// The answer for one row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// The number predicted; a classifier's label where it is a number.
    pub value: Option<f64>,
    /// The class.
    pub label: Option<String>,
    /// Probabilities by class, in the order of the model's labels.
    pub proba: Option<Vec<f64>>,
}

/// Which tensor is what.
struct Roles<'a> {
    value: Option<&'a Tensor>,
    label: Option<&'a Tensor>,
    proba: Option<&'a Tensor>,
}

/// The answers for `rows` rows.
pub fn read(version: &Version, outputs: Vec<Tensor>, rows: usize) -> Result<Vec<Scored>> {
    let roles = Roles::find(&version.manifest, &outputs, rows);
    let unreadable = |what: &str| Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: format!("gives {what} in a form that altlas does not read"),
        hint: "Name the outputs in the manifest (\"output\"), or export the model with plain tensors.".into(),
    };
    let values = match roles.value {
        Some(t) => Some(t.to_f64().filter(|v| v.len() == rows).ok_or_else(|| unreadable("its value"))?),
        None => None,
    };
    let proba = match roles.proba {
        Some(t) => Some(
            t.to_f64()
                .filter(|v| rows > 0 && v.len() % rows == 0)
                .ok_or_else(|| unreadable("probabilities"))?,
        ),
        None => None,
    };
    let width = proba.as_ref().map_or(0, |p| p.len() / rows.max(1));
    let labels = labels(version, roles.label, proba.as_deref(), width, rows);
    Ok((0..rows)
        .map(|row| {
            let label = labels.as_ref().and_then(|l| l.get(row).cloned());
            let value = match &values {
                Some(v) => v.get(row).copied(),
                None => label.as_ref().and_then(|l| l.parse().ok()),
            };
            let proba =
                proba.as_ref().and_then(|p| p.get(row * width..(row + 1) * width)).map(<[f64]>::to_vec);
            Scored { value, label, proba }
        })
        .collect())
}

impl<'a> Roles<'a> {
    /// By the manifest's names, else by type and shape: integers or strings are labels, a column of floats is the value,
    /// several columns are probabilities.
    fn find(manifest: &Manifest, outputs: &'a [Tensor], rows: usize) -> Self {
        let named =
            |name: &Option<String>| name.as_ref().and_then(|n| outputs.iter().find(|t| &t.spec.name == n));
        let classifies = manifest.classifies()
            || outputs
                .iter()
                .any(|t| matches!(t.spec.dtype, DataType::I64 | DataType::String) && t.len() == rows);
        let float = |t: &&Tensor| matches!(t.spec.dtype, DataType::F32 | DataType::F64);
        let label = named(&manifest.output.label).or_else(|| {
            outputs
                .iter()
                .find(|t| matches!(t.spec.dtype, DataType::I64 | DataType::String) && t.len() == rows)
        });
        let proba =
            named(&manifest.output.proba).or_else(|| outputs.iter().filter(|_| classifies).find(float));
        let value = named(&manifest.output.value)
            .or_else(|| outputs.iter().filter(|_| !classifies).find(|t| float(t) && t.len() == rows));
        Self { value, label, proba }
    }
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
