//! The graph of a linear model.
//!
//! Features come as float32 and are standardised and summed in float64, so that large and small columns do not cancel.
//! A value that is not finite counts as the feature's mean: `x - x` is NaN exactly for those.

use altlas_onnx::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto, attribute_type, data_type, dimension,
    type_proto,
};
use altlas_onnx::write::Post;
use prost::Message;

use crate::linear::LinearFit;

/// Same as the graphs of `altlas_onnx::write`.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;

/// A regression: `features` to `variable`, `float32 [rows, 1]`.
pub(crate) fn regressor(fit: &LinearFit, post: Post) -> Vec<u8> {
    let mut graph = scores(fit, "linear_regressor");
    graph.output.push(port("variable", data_type::FLOAT, &[None, Some(1)]));
    let last = match post {
        Post::None => "scores",
        Post::Exp => {
            op(&mut graph, "Exp", &["scores"], "exp", vec![]);
            "exp"
        }
        Post::ExpM1 => {
            constant(&mut graph, "one", &[1], &[1.0]);
            op(&mut graph, "Exp", &["scores"], "exp", vec![]);
            op(&mut graph, "Sub", &["exp", "one"], "expm1", vec![]);
            "expm1"
        }
    };
    op(&mut graph, "Cast", &[last], "variable", vec![to(data_type::FLOAT)]);
    finish(graph)
}

/// A classification: `features` to `label`, `int64 [rows]`, and `probabilities`, `float32 [rows, classes]`.
pub(crate) fn classifier(fit: &LinearFit) -> Vec<u8> {
    let mut graph = scores(fit, "linear_classifier");
    let classes = fit.intercepts.len().max(2);
    graph.output.push(port("label", data_type::INT64, &[None]));
    graph.output.push(port("probabilities", data_type::FLOAT, &[None, Some(classes)]));
    if fit.intercepts.len() == 1 {
        op(&mut graph, "Neg", &["scores"], "opposite", vec![]);
        op(&mut graph, "Sigmoid", &["opposite"], "first", vec![]);
        op(&mut graph, "Sigmoid", &["scores"], "second", vec![]);
        op(&mut graph, "Concat", &["first", "second"], "shares", vec![int("axis", 1)]);
    } else {
        op(&mut graph, "Softmax", &["scores"], "shares", vec![int("axis", 1)]);
    }
    op(&mut graph, "Cast", &["shares"], "probabilities", vec![to(data_type::FLOAT)]);
    op(&mut graph, "ArgMax", &["probabilities"], "label", vec![int("axis", 1), int("keepdims", 0)]);
    finish(graph)
}

/// `features` to `scores`, `float64 [rows, outputs]`.
fn scores(fit: &LinearFit, name: &str) -> GraphProto {
    let (width, outputs) = (fit.standard.mean.len(), fit.intercepts.len());
    let mut graph = GraphProto { name: Some(name.to_owned()), ..Default::default() };
    graph.input.push(port("features", data_type::FLOAT, &[None, Some(width)]));
    // [width, outputs]: the scale is part of the weights, so that the graph need not divide.
    let scaled = |i: usize| {
        let scale = fit.standard.scale.get(i).copied().unwrap_or(1.0);
        fit.coefficients.iter().map(move |c| c.get(i).copied().unwrap_or(0.0) / scale)
    };
    let weights: Vec<f64> = (0..width).flat_map(scaled).collect();
    constant(&mut graph, "mean", &[1, width], &fit.standard.mean);
    constant(&mut graph, "weights", &[width, outputs], &weights);
    constant(&mut graph, "intercepts", &[outputs], &fit.intercepts);
    op(&mut graph, "Cast", &["features"], "x", vec![to(data_type::DOUBLE)]);
    op(&mut graph, "Sub", &["x", "x"], "zero_or_nan", vec![]);
    op(&mut graph, "IsNaN", &["zero_or_nan"], "missing", vec![]);
    op(&mut graph, "Where", &["missing", "mean", "x"], "filled", vec![]);
    op(&mut graph, "Sub", &["filled", "mean"], "centred", vec![]);
    op(&mut graph, "MatMul", &["centred", "weights"], "sums", vec![]);
    op(&mut graph, "Add", &["sums", "intercepts"], "scores", vec![]);
    graph
}

fn finish(graph: GraphProto) -> Vec<u8> {
    ModelProto {
        ir_version: Some(IR_VERSION),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
        producer_name: Some("altlas".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(graph),
        ..Default::default()
    }
    .encode_to_vec()
}

fn op(graph: &mut GraphProto, op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) {
    graph.node.push(NodeProto {
        input: inputs.iter().map(|n| (*n).to_owned()).collect(),
        output: vec![output.to_owned()],
        name: Some(format!("{output}_node")),
        op_type: Some(op.to_owned()),
        attribute,
        ..Default::default()
    });
}

fn constant(graph: &mut GraphProto, name: &str, dims: &[usize], values: &[f64]) {
    graph.initializer.push(TensorProto {
        dims: dims.iter().map(|d| *d as i64).collect(),
        data_type: Some(data_type::DOUBLE),
        name: Some(name.to_owned()),
        raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        ..Default::default()
    });
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INT),
        i: Some(value),
        ..Default::default()
    }
}

fn to(data_type: i32) -> AttributeProto {
    int("to", i64::from(data_type))
}

fn port(name: &str, elem_type: i32, shape: &[Option<usize>]) -> ValueInfoProto {
    let dim = |size: &Option<usize>| Dimension {
        value: Some(size.map_or_else(
            || dimension::Value::DimParam("rows".to_owned()),
            |s| dimension::Value::DimValue(s as i64),
        )),
        denotation: None,
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let value =
        Some(type_proto::Value::Tensor(TensorType { elem_type: Some(elem_type), shape: Some(shape) }));
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value, denotation: None }),
        ..Default::default()
    }
}
