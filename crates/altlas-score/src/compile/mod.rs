//! From an ONNX graph to a program.
//!
//! Each row is evaluated alone, so a value is what one row of it is: shapes lose the dimension of the rows
//! ([`value::Dim::Rows`]), and what mixes rows is refused. Nodes become operations on registers, one after the other.

mod additive;
mod arithmetic;
mod builder;
mod dense;
mod encode;
mod fold;
mod forest;
mod linear;
mod node;
mod quick;
mod reduce;
mod shape;
mod svm;
mod tensor;
mod trees;
mod value;
mod walk;

use std::collections::{HashMap, HashSet};

use altlas_onnx::proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto, dimension, type_proto};
use prost::Message;

pub use additive::additive;
use builder::Builder;
use node::Node;
use value::{Dim, Kind, Shape, Value};

use crate::flat::Reg;
use crate::{InputType, OutputType, ScoreError};

pub(super) fn unsupported<T>(what: impl Into<String>) -> Result<T, ScoreError> {
    Err(ScoreError::Unsupported { what: what.into() })
}

pub(super) fn malformed(reason: &str) -> ScoreError {
    ScoreError::Malformed { reason: reason.to_owned() }
}

/// Compiles a checked ONNX model to the flat form.
///
/// [`ScoreError::Unsupported`] means that the graph has something that is not evaluated here; the engine runs it.
pub fn compile(onnx: &[u8]) -> Result<Vec<u8>, ScoreError> {
    let model = ModelProto::decode(onnx).map_err(|e| malformed(&format!("it is no ONNX model: {e}")))?;
    let graph = model.graph.as_ref().ok_or_else(|| malformed("it has no graph"))?;
    if !graph.sparse_initializer.is_empty() {
        return unsupported("sparse constants");
    }
    if !model.functions.is_empty() {
        return unsupported("functions");
    }
    let version = |domain: &str| {
        let imported = model.opset_import.iter().find(|i| normal(i.domain.as_deref()) == domain);
        imported.and_then(|i| i.version).unwrap_or(1)
    };
    let mut builder = Builder::default();
    let mut values = HashMap::new();
    for proto in &graph.initializer {
        // A constant of a type that is not evaluated matters only where it is used.
        if let Ok(tensor) = tensor::read(proto) {
            values.insert(proto.name.clone().unwrap_or_default(), Value::Const(tensor));
        }
    }
    let inputs = inputs(graph, &mut builder, &mut values)?;
    for proto in needed(graph) {
        let lookup = |name: &String| match values.get(name) {
            _ if name.is_empty() => Ok(None),
            Some(value) => Ok(Some(value.clone())),
            None => unsupported(format!("the value {name:?}")),
        };
        let domain = normal(proto.domain.as_deref());
        let arguments = proto.input.iter().map(lookup).collect::<Result<_, _>>()?;
        let node = Node::new(proto, arguments, version(domain));
        let results = match fold::node(domain, &node)? {
            Some(results) => results,
            None => evaluate(&mut builder, domain, &node)?,
        };
        values.extend(proto.output.iter().cloned().zip(results));
    }
    let outputs = outputs(graph, &mut builder, &values)?;
    Ok(builder.finish(&inputs, &outputs))
}

fn evaluate(builder: &mut Builder, domain: &str, node: &Node) -> Result<Vec<Value>, ScoreError> {
    type Family = fn(&mut Builder, &Node) -> Result<Option<Vec<Value>>, ScoreError>;
    let families: &[Family] = match domain {
        "ai.onnx" => &[arithmetic::node, shape::node, dense::node, reduce::node],
        "ai.onnx.ml" => &[linear::node, svm::node, encode::node, trees::node],
        _ => &[],
    };
    for family in families {
        if let Some(results) = family(builder, node)? {
            return Ok(results);
        }
    }
    let prefix = if domain == "ai.onnx" { String::new() } else { format!("{domain}.") };
    unsupported(format!("operator {prefix}{}", node.operator()))
}

/// `ai.onnx` is the long name of the default domain.
fn normal(domain: Option<&str>) -> &str {
    domain.filter(|d| !d.is_empty()).unwrap_or("ai.onnx")
}

/// The nodes that outputs depend on, in order.
fn needed(graph: &GraphProto) -> Vec<&NodeProto> {
    let mut names: HashSet<&str> = graph.output.iter().filter_map(|o| o.name.as_deref()).collect();
    let mut nodes = vec![];
    for node in graph.node.iter().rev() {
        if node.output.iter().any(|name| names.contains(name.as_str())) {
            names.extend(node.input.iter().map(String::as_str));
            nodes.push(node);
        }
    }
    nodes.reverse();
    nodes
}

fn inputs<'m>(
    graph: &'m GraphProto,
    builder: &mut Builder,
    values: &mut HashMap<String, Value>,
) -> Result<Vec<(&'m str, InputType, Reg)>, ScoreError> {
    let constants: HashSet<&str> = graph.initializer.iter().filter_map(|t| t.name.as_deref()).collect();
    let mut inputs = vec![];
    for port in &graph.input {
        let name = port.name.as_deref().unwrap_or_default();
        if constants.contains(name) {
            continue;
        }
        let (kind, shape) = port_type(port)?;
        let dtype = match kind {
            Kind::F32 => InputType::F32,
            Kind::F64 => InputType::F64,
            Kind::I64 => InputType::I64,
            Kind::Bool => InputType::Bool,
            Kind::Text => InputType::String,
            Kind::I32 => return unsupported("an input of 32-bit whole numbers"),
        };
        let mut row = builder.row(kind, shape)?;
        row.open = kind == Kind::Text;
        inputs.push((name, dtype, row.reg));
        values.insert(name.to_owned(), Value::Row(row));
    }
    Ok(inputs)
}

/// Type and shape of an input, whose first dimension is that of the rows.
fn port_type(port: &ValueInfoProto) -> Result<(Kind, Shape), ScoreError> {
    let Some(type_proto::Value::Tensor(tensor)) = port.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return unsupported("an input that is no tensor");
    };
    let kind = Kind::of(tensor.elem_type.unwrap_or_default())?;
    let Some(dims) = tensor.shape.as_ref().map(|s| &s.dim) else {
        return unsupported("an input of unknown shape");
    };
    let size = |value: &Option<dimension::Value>| match value {
        Some(dimension::Value::DimValue(size)) => usize::try_from(*size).ok().filter(|n| *n > 0),
        _ => None,
    };
    let Some((rows, columns)) = dims.split_first() else { return unsupported("an input that is a scalar") };
    if size(&rows.value).is_some_and(|n| n != 1) {
        return unsupported("an input of a fixed number of rows");
    }
    let mut shape = vec![Dim::Rows];
    for column in columns {
        match size(&column.value) {
            Some(n) => shape.push(Dim::Size(n)),
            None => return unsupported("an input of unknown width"),
        }
    }
    Ok((kind, shape))
}

fn outputs(
    graph: &GraphProto,
    builder: &mut Builder,
    values: &HashMap<String, Value>,
) -> Result<Vec<(String, OutputType, Reg)>, ScoreError> {
    let mut outputs = vec![];
    for port in &graph.output {
        let name = port.name.clone().unwrap_or_default();
        let Some(value) = values.get(&name) else { return unsupported(format!("the output {name:?}")) };
        let row = builder.place(value)?;
        let kind = match row.kind {
            Kind::F32 => OutputType::F32,
            Kind::F64 => OutputType::F64,
            Kind::I64 | Kind::I32 | Kind::Bool => OutputType::I64,
            Kind::Text if row.open => return unsupported("an output of the input's own texts"),
            Kind::Text if row.reg.len > 1 => return unsupported("an output of several texts a row"),
            Kind::Text => OutputType::Text,
        };
        outputs.push((name, kind, row.reg));
    }
    Ok(outputs)
}
