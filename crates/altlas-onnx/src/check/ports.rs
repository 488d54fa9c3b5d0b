use std::collections::HashSet;

use super::clip;
use crate::OnnxError;
use crate::proto::{GraphProto, TensorShapeProto, TypeProto, ValueInfoProto, dimension, type_proto};

/// The last element type of ONNX 1.20, `INT2`. ONNX 1.23 adds two of six bits.
const ELEM_TYPES: i32 = 26;

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// What kind of value it is.
    pub kind: PortKind,
    /// Type of its elements (see [`data_type`](crate::proto::data_type)), for tensors that declare one.
    pub elem_type: Option<i32>,
    /// Its dimensions, outermost first; `None` where even their number is open.
    pub shape: Option<Vec<Dim>>,
}

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    /// A dense tensor.
    Tensor,
    /// A sparse tensor.
    SparseTensor,
    /// A sequence of values.
    Sequence,
    /// A map from keys to values.
    Map,
    /// A value that may be absent.
    Optional,
    /// A type of some library.
    Opaque,
    /// The model does not say.
    Undeclared,
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// Fixed.
    Size(u64),
    /// Open, but equal wherever the symbol appears.
    Symbol(String),
    /// Open.
    Open,
}

pub(super) fn inputs(graph: &GraphProto) -> Result<Vec<Port>, OnnxError> {
    let sparse = graph.sparse_initializer.iter().filter_map(|s| s.values.as_ref());
    let constants: HashSet<&str> =
        graph.initializer.iter().chain(sparse).filter_map(|t| t.name.as_deref()).collect();
    graph
        .input
        .iter()
        .filter(|input| !input.name.as_deref().is_some_and(|name| constants.contains(name)))
        .map(|input| port(input, "input"))
        .collect()
}

pub(super) fn outputs(graph: &GraphProto) -> Result<Vec<Port>, OnnxError> {
    graph.output.iter().map(|output| port(output, "output")).collect()
}

fn port(value: &ValueInfoProto, direction: &'static str) -> Result<Port, OnnxError> {
    let name = value.name.clone().filter(|name| !name.is_empty());
    let name = name.ok_or(OnnxError::NamelessPort { direction })?;
    let (kind, elem_type, shape) = describe(value.r#type.as_ref());
    if let Some(elem_type) = elem_type.filter(|t| !(0..=ELEM_TYPES).contains(t)) {
        return Err(OnnxError::ElementType { direction, name: clip(&name), elem_type });
    }
    Ok(Port { name, kind, elem_type, shape })
}

fn describe(r#type: Option<&TypeProto>) -> (PortKind, Option<i32>, Option<Vec<Dim>>) {
    use type_proto::Value;
    match r#type.and_then(|t| t.value.as_ref()) {
        Some(Value::Tensor(t)) => (PortKind::Tensor, t.elem_type, t.shape.as_ref().map(dims)),
        Some(Value::SparseTensor(t)) => (PortKind::SparseTensor, t.elem_type, t.shape.as_ref().map(dims)),
        Some(Value::Sequence(_)) => (PortKind::Sequence, None, None),
        Some(Value::Map(_)) => (PortKind::Map, None, None),
        Some(Value::Optional(_)) => (PortKind::Optional, None, None),
        Some(Value::Opaque(_)) => (PortKind::Opaque, None, None),
        None => (PortKind::Undeclared, None, None),
    }
}

fn dims(shape: &TensorShapeProto) -> Vec<Dim> {
    let dim = |value: &Option<dimension::Value>| match value {
        // Some exporters write open dimensions as 0 or −1; 0 is a size, a negative one is not.
        Some(dimension::Value::DimValue(size)) => u64::try_from(*size).map_or(Dim::Open, Dim::Size),
        Some(dimension::Value::DimParam(symbol)) if !symbol.is_empty() => Dim::Symbol(symbol.clone()),
        Some(dimension::Value::DimParam(_)) | None => Dim::Open,
    };
    shape.dim.iter().map(|d| dim(&d.value)).collect()
}

/// The specification's name for an element type, in lower case.
pub fn elem_type_name(elem_type: i32) -> &'static str {
    const NAMES: [&str; 17] = [
        "undefined",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    usize::try_from(elem_type).ok().and_then(|n| NAMES.get(n)).copied().unwrap_or("another type")
}
