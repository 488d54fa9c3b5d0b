//! Graphs for tests.

#![allow(dead_code)]

use altlas_onnx::proto::*;
use prost::Message;

/// A graph that is put together node by node.
#[derive(Default)]
pub struct Graph(GraphProto);

pub const FLOAT: i32 = data_type::FLOAT;
pub const DOUBLE: i32 = data_type::DOUBLE;
pub const INT64: i32 = data_type::INT64;
pub const STRING: i32 = data_type::STRING;
pub const BOOL: i32 = data_type::BOOL;

/// An input or output `[rows, columns…]`.
fn port(name: &str, elem_type: i32, columns: &[usize]) -> ValueInfoProto {
    let open = Dimension { value: None, denotation: None };
    let size = |n: &usize| Dimension { value: Some(dimension::Value::DimValue(*n as i64)), denotation: None };
    let shape = TensorShapeProto { dim: std::iter::once(open).chain(columns.iter().map(size)).collect() };
    let tensor = TensorType { elem_type: Some(elem_type), shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::Tensor(tensor)), denotation: None };
    ValueInfoProto { name: Some(name.into()), r#type: Some(r#type), ..Default::default() }
}

impl Graph {
    pub fn input(mut self, name: &str, elem_type: i32, columns: usize) -> Self {
        self.0.input.push(port(name, elem_type, &[columns]));
        self
    }

    /// An output whose shape the runtime finds out.
    pub fn output(mut self, name: &str, elem_type: i32) -> Self {
        let tensor = TensorType { elem_type: Some(elem_type), shape: None };
        let r#type = TypeProto { value: Some(type_proto::Value::Tensor(tensor)), denotation: None };
        let port = ValueInfoProto { name: Some(name.into()), r#type: Some(r#type), ..Default::default() };
        self.0.output.push(port);
        self
    }

    pub fn constant(mut self, name: &str, tensor: TensorProto) -> Self {
        self.0.initializer.push(TensorProto { name: Some(name.into()), ..tensor });
        self
    }

    pub fn op(self, op: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<AttributeProto>) -> Self {
        self.node(None, op, inputs, outputs, attributes)
    }

    pub fn ml(self, op: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<AttributeProto>) -> Self {
        self.node(Some("ai.onnx.ml".into()), op, inputs, outputs, attributes)
    }

    fn node(
        mut self,
        domain: Option<String>,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> Self {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        self.0.node.push(NodeProto {
            op_type: Some(op.into()),
            domain,
            input: owned(inputs),
            output: owned(outputs),
            attribute,
            ..Default::default()
        });
        self
    }

    pub fn finish(self) -> Vec<u8> {
        self.finish_with(18, 3)
    }

    pub fn finish_with(mut self, version: i64, ml: i64) -> Vec<u8> {
        self.0.name = Some("test".into());
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.into()),
            version: Some(version),
        };
        ModelProto {
            ir_version: Some(9),
            opset_import: vec![opset("", version), opset("ai.onnx.ml", ml)],
            graph: Some(self.0),
            ..Default::default()
        }
        .encode_to_vec()
    }
}

fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: Some(name.into()), r#type: Some(kind), ..Default::default() }
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, attribute_type::INT) }
}

pub fn ints(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto { ints: values, ..attribute(name, attribute_type::INTS) }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, attribute_type::FLOAT) }
}

pub fn floats(name: &str, values: Vec<f32>) -> AttributeProto {
    AttributeProto { floats: values, ..attribute(name, attribute_type::FLOATS) }
}

pub fn string(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.into()), ..attribute(name, attribute_type::STRING) }
}

pub fn strings<S: AsRef<str>>(name: &str, values: &[S]) -> AttributeProto {
    let strings = values.iter().map(|v| v.as_ref().as_bytes().to_vec()).collect();
    AttributeProto { strings, ..attribute(name, attribute_type::STRINGS) }
}

pub fn tensor(name: &str, tensor: TensorProto) -> AttributeProto {
    AttributeProto { t: Some(Box::new(tensor)), ..attribute(name, attribute_type::TENSOR) }
}

fn constant(elem_type: i32, dims: &[usize]) -> TensorProto {
    let dims = dims.iter().map(|d| *d as i64).collect();
    TensorProto { dims, data_type: Some(elem_type), ..Default::default() }
}

pub fn f32s(dims: &[usize], values: &[f32]) -> TensorProto {
    TensorProto { float_data: values.to_vec(), ..constant(FLOAT, dims) }
}

pub fn f64s(dims: &[usize], values: &[f64]) -> TensorProto {
    TensorProto { double_data: values.to_vec(), ..constant(DOUBLE, dims) }
}

pub fn i64s(dims: &[usize], values: &[i64]) -> TensorProto {
    TensorProto { int64_data: values.to_vec(), ..constant(INT64, dims) }
}

pub fn u8s(dims: &[usize], values: &[u8]) -> TensorProto {
    TensorProto { raw_data: Some(values.to_vec()), ..constant(data_type::UINT8, dims) }
}
