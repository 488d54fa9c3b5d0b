//! Small models.

use altlas_onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TensorType, TypeProto, ValueInfoProto, attribute_type, data_type, type_proto,
};
use altlas_onnx::write::{LinearRegressor, Post, linear_regressor};
use altlas_proto::Tensor;
use prost::Message as _;

/// `variable = factor · features`, of one column; `weight` bytes of metadata make the file as large as wanted.
pub fn scale(factor: f32, weight: usize) -> Vec<u8> {
    linear_regressor(&LinearRegressor {
        width: 1,
        coefficients: &[factor],
        intercept: 0.0,
        post: Post::None,
        input: "features",
        output: "variable",
        metadata: &[("weight".to_owned(), "x".repeat(weight))],
    })
    .unwrap()
}

/// Input of [`scale`].
pub fn features(value: f32) -> Tensor {
    Tensor::f32("features", &[1, 1], &[value])
}

/// Takes the sine of `x` over and over, `count` times.
pub fn slow() -> Vec<u8> {
    let body = GraphProto {
        name: Some("body".into()),
        input: vec![
            value("i", data_type::INT64),
            value("go", data_type::BOOL),
            value("before", data_type::FLOAT),
        ],
        output: vec![value("still", data_type::BOOL), value("after", data_type::FLOAT)],
        node: vec![node("Sin", &["before"], &["after"]), node("Identity", &["go"], &["still"])],
        ..GraphProto::default()
    };
    let mut turn = node("Loop", &["count", "always", "x"], &["y"]);
    turn.attribute.push(AttributeProto {
        name: Some("body".into()),
        r#type: Some(attribute_type::GRAPH),
        g: Some(Box::new(body)),
        ..AttributeProto::default()
    });
    let always = TensorProto {
        name: Some("always".into()),
        data_type: Some(data_type::BOOL),
        int32_data: vec![1],
        ..TensorProto::default()
    };
    let graph = GraphProto {
        name: Some("slow".into()),
        input: vec![value("count", data_type::INT64), value("x", data_type::FLOAT)],
        output: vec![value("y", data_type::FLOAT)],
        initializer: vec![always],
        node: vec![turn],
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { domain: Some(String::new()), version: Some(17) };
    ModelProto { ir_version: Some(8), opset_import: vec![opset], graph: Some(graph), ..ModelProto::default() }
        .encode_to_vec()
}

/// Inputs of [`slow`].
pub fn turns(count: i64) -> [Tensor; 2] {
    [Tensor::i64("count", &[], &[count]), Tensor::f32("x", &[], &[1.0])]
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    NodeProto {
        input: own(inputs),
        output: own(outputs),
        op_type: Some(operator.into()),
        ..NodeProto::default()
    }
}

fn value(name: &str, elem_type: i32) -> ValueInfoProto {
    let scalar = TensorType { elem_type: Some(elem_type), shape: Some(TensorShapeProto { dim: vec![] }) };
    let kind = TypeProto { value: Some(type_proto::Value::Tensor(scalar)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind), ..ValueInfoProto::default() }
}
