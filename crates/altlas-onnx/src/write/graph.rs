use prost::Message;

use super::Post;
use crate::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto, attribute_type, data_type,
    dimension, type_proto,
};

/// The IR version that belongs to the operator sets below.
const IR_VERSION: i64 = 8;
/// Version of `ai.onnx` that the graphs use.
const OPSET: i64 = 17;
/// Version of `ai.onnx.ml` that the graphs use.
const OPSET_ML: i64 = 3;
/// Domains of operators, and the version of ONNX Runtime's own ones.
const ML: &str = "ai.onnx.ml";
const MICROSOFT: &str = "com.microsoft";
const OPSET_MICROSOFT: i64 = 1;

/// Collects the parts of a model.
pub(super) struct Builder {
    graph: GraphProto,
    metadata: Vec<StringStringEntryProto>,
}

impl Builder {
    pub(super) fn new(name: &str, metadata: &[(String, String)]) -> Self {
        let metadata = metadata
            .iter()
            .map(|(k, v)| StringStringEntryProto { key: Some(k.clone()), value: Some(v.clone()) });
        Self {
            graph: GraphProto { name: Some(name.to_owned()), ..Default::default() },
            metadata: metadata.collect(),
        }
    }

    pub(super) fn input(&mut self, port: ValueInfoProto) {
        self.graph.input.push(port);
    }

    pub(super) fn output(&mut self, port: ValueInfoProto) {
        self.graph.output.push(port);
    }

    pub(super) fn constant(&mut self, tensor: TensorProto) {
        self.graph.initializer.push(tensor);
    }

    /// Adds a node of `ai.onnx`, named like its first output.
    pub(super) fn op(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<AttributeProto>) {
        self.node(None, op, inputs, outputs, attribute);
    }

    /// Adds a node of `ai.onnx.ml`.
    pub(super) fn ml(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<AttributeProto>) {
        self.node(Some(ML), op, inputs, outputs, attribute);
    }

    /// Adds a node of the runtime's own operators.
    pub(super) fn own(&mut self, op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.node(Some(MICROSOFT), op, inputs, &[output], attribute);
    }

    fn node(
        &mut self,
        domain: Option<&str>,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        self.graph.node.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: outputs.first().map(|name| format!("{name}_node")),
            op_type: Some(op.to_owned()),
            domain: domain.map(str::to_owned),
            attribute,
            ..Default::default()
        });
    }

    /// The name that the raw score must have for [`Builder::post`] to give `output`.
    pub(super) fn before_post(&self, post: Post, output: &str) -> String {
        if post == Post::None { output.to_owned() } else { format!("{output}_score") }
    }

    pub(super) fn post(&mut self, post: Post, score: &str, output: &str) {
        match post {
            Post::None => {}
            Post::Exp => self.op("Exp", &[score], &[output], vec![]),
            Post::ExpM1 => {
                let (exp, one) = (format!("{output}_exp"), format!("{output}_one"));
                self.constant(float_tensor(&one, &[1], &[1.0]));
                self.op("Exp", &[score], &[&exp], vec![]);
                self.op("Sub", &[&exp, &one], &[output], vec![]);
            }
        }
    }

    pub(super) fn class_outputs(&mut self, classes: usize) {
        self.output(port("label", data_type::INT64, &[None]));
        self.output(port("probabilities", data_type::FLOAT, &[None, Some(classes)]));
    }

    /// Makes `label` of `probabilities`; `ArgMax` takes the first of equal ones.
    pub(super) fn label(&mut self) {
        self.op("ArgMax", &["probabilities"], &["label"], vec![int("axis", 1), int("keepdims", 0)]);
    }

    /// The graph alone, as the body of an operator.
    pub(super) fn into_graph(self) -> GraphProto {
        self.graph
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.finish_by(Some(env!("CARGO_PKG_VERSION")))
    }

    /// As [`Builder::finish`], with the version of altlas that the file names as its writer.
    pub(super) fn finish_by(self, version: Option<&str>) -> Vec<u8> {
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        let uses = |domain: &str| self.graph.node.iter().any(|n| n.domain.as_deref() == Some(domain));
        let mut opset_import = vec![opset("", OPSET)];
        let others = [(ML, OPSET_ML), (MICROSOFT, OPSET_MICROSOFT)];
        opset_import
            .extend(others.into_iter().filter(|(d, _)| uses(d)).map(|(d, version)| opset(d, version)));
        ModelProto {
            ir_version: Some(IR_VERSION),
            opset_import,
            producer_name: Some("altlas".to_owned()),
            producer_version: version.map(str::to_owned),
            graph: Some(self.graph),
            metadata_props: self.metadata,
            ..Default::default()
        }
        .encode_to_vec()
    }
}

/// An input or output; open dimensions are named by their position (`rows` first).
pub(super) fn port(name: &str, elem_type: i32, shape: &[Option<usize>]) -> ValueInfoProto {
    let dim = |(n, size): (usize, &Option<usize>)| {
        let symbol = || {
            if n == 0 { "rows".to_owned() } else { format!("length_{n}") }
        };
        let value = size
            .map_or_else(|| dimension::Value::DimParam(symbol()), |s| dimension::Value::DimValue(s as i64));
        Dimension { value: Some(value), denotation: None }
    };
    let shape = TensorShapeProto { dim: shape.iter().enumerate().map(dim).collect() };
    let tensor = TensorType { elem_type: Some(elem_type), shape: Some(shape) };
    let value = Some(type_proto::Value::Tensor(tensor));
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value, denotation: None }),
        ..Default::default()
    }
}

pub(super) fn float_tensor(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, data_type::FLOAT, dims, raw)
}

pub(super) fn int_tensor(name: &str, dims: &[usize], values: &[i64]) -> TensorProto {
    let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, data_type::INT64, dims, raw)
}

pub(super) fn tensor(name: &str, data_type: i32, dims: &[usize], raw: Vec<u8>) -> TensorProto {
    TensorProto {
        dims: dims.iter().map(|d| *d as i64).collect(),
        data_type: Some(data_type),
        name: Some(name.to_owned()),
        raw_data: Some(raw),
        ..Default::default()
    }
}

fn attribute(name: &str, r#type: i32) -> AttributeProto {
    AttributeProto { name: Some(name.to_owned()), r#type: Some(r#type), ..Default::default() }
}

pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, attribute_type::INT) }
}

pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, attribute_type::FLOAT) }
}

pub(super) fn graph(name: &str, value: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(Box::new(value)), ..attribute(name, attribute_type::GRAPH) }
}

pub(super) fn ints(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto { ints: values, ..attribute(name, attribute_type::INTS) }
}

pub(super) fn floats(name: &str, values: Vec<f32>) -> AttributeProto {
    AttributeProto { floats: values, ..attribute(name, attribute_type::FLOATS) }
}

pub(super) fn string(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec()), ..attribute(name, attribute_type::STRING) }
}

pub(super) fn strings(name: &str, values: &[&str]) -> AttributeProto {
    let strings = values.iter().map(|v| v.as_bytes().to_vec()).collect();
    AttributeProto { strings, ..attribute(name, attribute_type::STRINGS) }
}
