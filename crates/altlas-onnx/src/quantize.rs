//! Smaller models: matrices of a graph in eight bits.
//!
//! Weights get a scale for each block of 32 (`MatMulNBits`), tables that rows are taken from a scale a row. Activations are
//! quantised by the runtime as it runs, a row and block at a time, so that rows of a batch do not change each other's answers.

use std::collections::{HashMap, HashSet};

use prost::Message;

use crate::OnnxError;
use crate::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, attribute_type,
    data_type,
};

/// Weights that share a scale.
const BLOCK: usize = 32;
/// Smaller matrices stay: they would gain nothing and may be what an answer hangs on.
const LEAST: usize = 4096;
const MICROSOFT: &str = "com.microsoft";
/// How `MatMulNBits` computes: with integers of eight bits.
const INTEGERS: i64 = 4;

/// A model in eight bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Matrices that were changed.
    pub matrices: usize,
}

/// Quantises a model that was [checked](crate::check()). `None` when it has no matrix to quantise: no large constant of 32-bit
/// floats that `MatMul`, `Gemm` or `Gather` use as weights or as a table.
pub fn quantize(bytes: &[u8]) -> Result<Option<Quantized>, OnnxError> {
    let mut model = ModelProto::decode(bytes).map_err(|e| OnnxError::NotOnnx { reason: e.to_string() })?;
    let graph = model.graph.as_mut().ok_or(OnnxError::NoGraph)?;
    let matrices = Rewriting::of(graph).run(graph);
    if matrices == 0 {
        return Ok(None);
    }
    let known = |set: &OperatorSetIdProto| set.domain.as_deref() == Some(MICROSOFT);
    if !model.opset_import.iter().any(known) {
        model.opset_import.push(OperatorSetIdProto { domain: Some(MICROSOFT.to_owned()), version: Some(1) });
    }
    Ok(Some(Quantized { bytes: model.encode_to_vec(), matrices }))
}

/// A matrix of a graph.
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// The constants that may change, and those that came instead.
struct Rewriting {
    matrices: HashMap<String, Matrix>,
    added: Vec<TensorProto>,
    /// Names of what was added, so that matrices used twice are stored once.
    done: HashSet<String>,
}

impl Rewriting {
    fn of(graph: &GraphProto) -> Self {
        // A constant that is also an input is a default that a caller may replace.
        let inputs: HashSet<&str> = graph.input.iter().filter_map(|i| i.name.as_deref()).collect();
        let matrices = graph
            .initializer
            .iter()
            .filter(|tensor| !inputs.contains(tensor.name.as_deref().unwrap_or_default()))
            .filter_map(|tensor| Some((tensor.name.clone()?, matrix(tensor)?)))
            .collect();
        Self { matrices, added: Vec::new(), done: HashSet::new() }
    }

    /// Rewrites the nodes; returns how many matrices changed.
    fn run(mut self, graph: &mut GraphProto) -> usize {
        let nodes = std::mem::take(&mut graph.node);
        for node in nodes {
            match self.rewritten(&node) {
                Some(nodes) => graph.node.extend(nodes),
                None => graph.node.push(node),
            }
        }
        // Graphs in attributes may use constants of this one.
        let mut used: HashSet<String> = graph.output.iter().filter_map(|o| o.name.clone()).collect();
        names_in(&graph.node, &mut used);
        graph.initializer.retain(|tensor| tensor.name.as_ref().is_none_or(|name| used.contains(name)));
        graph.initializer.append(&mut self.added);
        self.done.len()
    }

    fn rewritten(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        if node.domain.as_deref().is_some_and(|d| !d.is_empty() && d != "ai.onnx") {
            return None;
        }
        let output = node.output.first()?;
        match (node.op_type.as_deref()?, node.input.as_slice()) {
            ("MatMul", [x, weights]) => Some(vec![self.product(x, weights, false, output)?]),
            ("Gemm", [x, weights, bias @ ..]) => {
                let plain = number(node, "alpha").is_none_or(|a| a == 1.0)
                    && number(node, "beta").is_none_or(|b| b == 1.0)
                    && !flag(node, "transA");
                let transposed = flag(node, "transB");
                if !plain {
                    return None;
                }
                match bias.first().filter(|name| !name.is_empty()) {
                    None => Some(vec![self.product(x, weights, transposed, output)?]),
                    Some(bias) => {
                        let product = format!("{output}.product");
                        let multiply = self.product(x, weights, transposed, &product)?;
                        Some(vec![multiply, op("Add", &[&product, bias], output)])
                    }
                }
            }
            ("Gather", [table, rows]) if int(node, "axis").unwrap_or(0) == 0 => {
                self.rows_of(table, rows, output)
            }
            _ => None,
        }
    }

    /// `x · weights`, or with the weights transposed.
    fn product(&mut self, x: &str, weights: &str, transposed: bool, output: &str) -> Option<NodeProto> {
        let matrix = self.matrices.get(weights)?;
        let (into, width) = match transposed {
            true => (matrix.columns, matrix.rows),
            false => (matrix.rows, matrix.columns),
        };
        let direction = if transposed { "t" } else { "n" };
        let (codes, scales) =
            (format!("{weights}.{direction}.codes"), format!("{weights}.{direction}.scales"));
        if self.done.insert(codes.clone()) {
            let at = |k: usize, n: usize| {
                let index = if transposed { n * matrix.columns + k } else { k * matrix.columns + n };
                matrix.values.get(index).copied().unwrap_or(0.0)
            };
            let blocks = into.div_ceil(BLOCK);
            let mut packed = Vec::with_capacity(width * blocks * BLOCK);
            let mut factors = Vec::with_capacity(width * blocks);
            for n in 0..width {
                for block in 0..blocks {
                    let values =
                        (block * BLOCK..(block + 1) * BLOCK).map(|k| if k < into { at(k, n) } else { 0.0 });
                    let scale = scale_of(values.clone());
                    factors.push(scale);
                    // 128 stands for 0.
                    packed.extend(values.map(|v| (code(v, scale) + 128.0) as u8));
                }
            }
            let dims = [width as i64, blocks as i64, BLOCK as i64];
            self.added.push(constant(&codes, data_type::UINT8, &dims, packed));
            let raw = factors.iter().flat_map(|f| f.to_le_bytes()).collect();
            self.added.push(constant(&scales, data_type::FLOAT, &[factors.len() as i64], raw));
        }
        let mut node = op("MatMulNBits", &[x, &codes, &scales], output);
        node.domain = Some(MICROSOFT.to_owned());
        node.attribute = [
            ("K", into as i64),
            ("N", width as i64),
            ("bits", 8),
            ("block_size", BLOCK as i64),
            ("accuracy_level", INTEGERS),
        ]
        .map(|(name, value)| whole(name, value))
        .into();
        Some(node)
    }

    /// Rows of a table, each with a scale of its own.
    fn rows_of(&mut self, table: &str, rows: &str, output: &str) -> Option<Vec<NodeProto>> {
        let matrix = self.matrices.get(table)?;
        let (codes, scales) = (format!("{table}.rows.codes"), format!("{table}.rows.scales"));
        if self.done.insert(codes.clone()) {
            let each = matrix.values.chunks(matrix.columns.max(1));
            let factors: Vec<f32> = each.clone().map(|row| scale_of(row.iter().copied())).collect();
            let packed = each
                .zip(&factors)
                .flat_map(|(row, scale)| row.iter().map(|v| (code(*v, *scale) as i8).cast_unsigned()))
                .collect();
            let (count, width) = (matrix.rows as i64, matrix.columns as i64);
            self.added.push(constant(&codes, data_type::INT8, &[count, width], packed));
            let raw = factors.iter().flat_map(|f| f.to_le_bytes()).collect();
            self.added.push(constant(&scales, data_type::FLOAT, &[count, 1], raw));
        }
        let [found, wide, factor] = ["found", "wide", "factor"].map(|part| format!("{output}.{part}"));
        let mut cast = op("Cast", &[&found], &wide);
        cast.attribute = vec![whole("to", data_type::FLOAT.into())];
        Some(vec![
            op("Gather", &[&codes, rows], &found),
            cast,
            op("Gather", &[&scales, rows], &factor),
            op("Mul", &[&wide, &factor], output),
        ])
    }
}

/// The scale by which the largest value becomes 127.
fn scale_of(values: impl Iterator<Item = f32>) -> f32 {
    let largest = values.map(f32::abs).filter(|v| v.is_finite()).fold(0.0, f32::max);
    if largest > 0.0 { largest / 127.0 } else { 1.0 }
}

fn code(value: f32, scale: f32) -> f32 {
    (value / scale).round_ties_even().clamp(-127.0, 127.0)
}

/// A constant of two dimensions, of finite 32-bit floats, and large enough.
fn matrix(tensor: &TensorProto) -> Option<Matrix> {
    let [rows, columns] = tensor.dims.as_slice() else { return None };
    let (rows, columns) = (usize::try_from(*rows).ok()?, usize::try_from(*columns).ok()?);
    if tensor.data_type != Some(data_type::FLOAT) {
        return None;
    }
    let values: Vec<f32> = match &tensor.raw_data {
        Some(raw) => raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        None => tensor.float_data.clone(),
    };
    let whole = rows.checked_mul(columns) == Some(values.len());
    (whole && values.len() >= LEAST && values.iter().all(|v| v.is_finite())).then_some(Matrix {
        rows,
        columns,
        values,
    })
}

/// All names that nodes, and the graphs in their attributes, read.
fn names_in(nodes: &[NodeProto], into: &mut HashSet<String>) {
    for node in nodes {
        into.extend(node.input.iter().cloned());
        for graph in node.attribute.iter().flat_map(|a| a.g.iter().map(|g| &**g).chain(&a.graphs)) {
            into.extend(graph.output.iter().filter_map(|o| o.name.clone()));
            names_in(&graph.node, into);
        }
    }
}

fn op(kind: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(kind.to_owned()),
        name: Some(output.to_owned()),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn whole(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INT),
        i: Some(value),
        ..AttributeProto::default()
    }
}

fn constant(name: &str, data_type: i32, dims: &[i64], raw: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        data_type: Some(data_type),
        dims: dims.to_vec(),
        raw_data: Some(raw),
        ..TensorProto::default()
    }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|a| a.name.as_deref() == Some(name))
}

fn number(node: &NodeProto, name: &str) -> Option<f32> {
    attribute(node, name)?.f
}

fn int(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name)?.i
}

fn flag(node: &NodeProto, name: &str) -> bool {
    int(node, name).unwrap_or(0) != 0
}
