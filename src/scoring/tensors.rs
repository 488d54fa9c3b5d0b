//! From rows to the input tensors that the engine runs a graph on.

use altlas_prep::{Document, TextNgrams};
use altlas_proto::{DataType, PortInfo, Tensor};

use super::Version;
use super::takes::{Rows, Takes, unfit};
use crate::convert::tick;
use crate::error::{Error, Result};

/// The graph's inputs.
pub fn of(version: &Version, rows: &Rows) -> Result<Vec<Tensor>> {
    match &version.preprocess {
        Some(Document::Tabular(document)) => {
            // The document computed single precision, so that nothing is lost.
            let values: Vec<f32> = rows.numbers.iter().map(|v| *v as f32).collect();
            Ok(vec![Tensor::f32(document.output(), &[rows.count, document.width()], &values)])
        }
        Some(Document::Text(document)) => Ok(of_terms(document, &rows.texts)?.into()),
        // The engine makes tokens of texts: `encode`, `embedded`.
        Some(Document::Tokenizer(_) | Document::Features(_)) => {
            Err(Error::Internal { message: format!("model \"{}\" has a tokenizer", version.label) })
        }
        None => plain(version, rows),
    }
}

/// The n-grams of texts, and their weights.
pub fn of_terms(document: &TextNgrams, texts: &[String]) -> Result<[Tensor; 2]> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let terms = document.apply(&texts, &tick).map_err(unfit)?;
    let shape = [terms.rows, terms.length];
    Ok([Tensor::i64("term", &shape, &terms.term), Tensor::f32("weight", &shape, &terms.weight)])
}

/// A graph without preprocessing: one tensor of all columns, or one tensor a column.
fn plain(version: &Version, rows: &Rows) -> Result<Vec<Tensor>> {
    let signature = version.signature()?;
    let ports = signature.inputs.as_slice();
    match (version.takes()?, ports) {
        (Takes::Text, [only]) => {
            Ok(vec![Tensor::strings(&only.name, &shape(only, rows.count, 1), &rows.texts)])
        }
        (Takes::Matrix { .. }, [only]) => {
            let width = rows.numbers.len() / rows.count.max(1);
            numbers(version, only, &shape(only, rows.count, width), &rows.numbers).map(|t| vec![t])
        }
        _ => {
            let is_text = |port: &&PortInfo| port.dtype == Some(DataType::String);
            let texts = ports.iter().filter(is_text).count();
            let (mut text, mut number) = (0, 0);
            let columns = ports.iter().map(|port| {
                let shape = shape(port, rows.count, 1);
                if is_text(&port) {
                    text += 1;
                    let values: Vec<_> = rows.texts.iter().skip(text - 1).step_by(texts.max(1)).collect();
                    return Ok(Tensor::strings(&port.name, &shape, &values));
                }
                number += 1;
                let stride = (ports.len() - texts).max(1);
                let values: Vec<_> = rows.numbers.iter().skip(number - 1).step_by(stride).copied().collect();
                numbers(version, port, &shape, &values)
            });
            columns.collect()
        }
    }
}

/// The shape of a port for `rows` rows: one dimension stays one.
fn shape(port: &PortInfo, rows: usize, width: usize) -> Vec<usize> {
    if port.shape.len() == 1 { vec![rows * width] } else { vec![rows, width] }
}

fn numbers(version: &Version, port: &PortInfo, shape: &[usize], values: &[f64]) -> Result<Tensor> {
    let name = &port.name;
    Ok(match port.dtype {
        Some(DataType::F32) => {
            Tensor::f32(name, shape, &values.iter().map(|v| *v as f32).collect::<Vec<_>>())
        }
        Some(DataType::F64) => Tensor::f64(name, shape, values),
        Some(DataType::I64) => {
            Tensor::i64(name, shape, &values.iter().map(|v| *v as i64).collect::<Vec<_>>())
        }
        Some(DataType::I32) => {
            Tensor::i32(name, shape, &values.iter().map(|v| *v as i32).collect::<Vec<_>>())
        }
        Some(DataType::Bool) => {
            let bytes = values.iter().map(|v| u8::from(*v as i64 != 0)).collect();
            Tensor::new(name, DataType::Bool, shape, bytes)
        }
        Some(DataType::String) | None => {
            return Err(Error::NotSupported {
                message: format!(
                    "input \"{name}\" of model \"{}\" has a type that cannot be given as numbers",
                    version.label
                ),
                detail: String::new(),
                hint: "Export the model with numeric inputs.".into(),
            });
        }
    })
}
