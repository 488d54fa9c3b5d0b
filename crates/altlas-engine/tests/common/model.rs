//! Small models.

use altlas_onnx::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto, attribute_type, data_type, dimension,
    type_proto,
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

/// `y = x · weights`, with `width` × `width` weights of no meaning: 4 bytes each, or 1 byte each and cast to `f32`.
pub fn matrix(width: usize, seed: u8, short: bool) -> Vec<u8> {
    let of_width = |name| {
        let dim = [Some(1), i64::try_from(width).ok()];
        let dim = dim.map(|n| Dimension { value: n.map(dimension::Value::DimValue), denotation: None });
        let mut port = value(name, data_type::FLOAT);
        if let Some(type_proto::Value::Tensor(tensor)) = port.r#type.as_mut().and_then(|t| t.value.as_mut()) {
            tensor.shape = Some(TensorShapeProto { dim: dim.into() });
        }
        port
    };
    let bytes = if short { 1 } else { 4 };
    let weights = TensorProto {
        name: Some("weights".into()),
        dims: vec![i64::try_from(width).unwrap(); 2],
        data_type: Some(if short { data_type::INT8 } else { data_type::FLOAT }),
        raw_data: Some((0..width * width * bytes).map(|n| ((n * 31) >> 5) as u8 ^ seed).collect()),
        ..TensorProto::default()
    };
    let mut cast = node("Cast", &["weights"], &["wide"]);
    cast.attribute.push(AttributeProto {
        name: Some("to".into()),
        r#type: Some(attribute_type::INT),
        i: Some(data_type::FLOAT.into()),
        ..AttributeProto::default()
    });
    let graph = GraphProto {
        name: Some("matrix".into()),
        input: vec![of_width("x")],
        output: vec![of_width("y")],
        initializer: vec![weights],
        node: vec![cast, node("MatMul", &["x", "wide"], &["y"])],
        ..GraphProto::default()
    };
    file(graph)
}

/// Input of [`dense`].
pub fn ones(width: usize) -> Tensor {
    Tensor::f32("x", &[1, width], &vec![1.0; width])
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
        input: vec![value("count", data_type::INT64), value("x", data_type::FLOAT)],
        output: vec![value("y", data_type::FLOAT)],
        initializer: vec![always],
        node: vec![turn],
        ..GraphProto::default()
    };
    model(graph)
}

/// `layers` layers `tanh(x · w)` of the same width, so that a run takes a while; `rows` is fixed or open.
pub fn dense(width: usize, layers: usize, rows: Option<i64>) -> Vec<u8> {
    let values =
        (0..width * width).map(|n| ((n * 7919 % 1009) as f32 / 1009.0 - 0.5) / (width as f32).sqrt());
    let weights = TensorProto {
        name: Some("w".into()),
        dims: vec![width as i64; 2],
        data_type: Some(data_type::FLOAT),
        raw_data: Some(values.flat_map(f32::to_le_bytes).collect()),
        ..TensorProto::default()
    };
    let name = |layer: usize| if layer == layers { "y".to_owned() } else { format!("x{layer}") };
    let nodes = (0..layers).flat_map(|layer| {
        let (product, next) = (format!("p{layer}"), name(layer + 1));
        [node("MatMul", &[&name(layer), "w"], &[&product]), node("Tanh", &[&product], &[&next])]
    });
    model(GraphProto {
        node: nodes.collect(),
        initializer: vec![weights],
        input: vec![tensor("x0", data_type::FLOAT, &[rows, Some(width as i64)])],
        output: vec![tensor("y", data_type::FLOAT, &[rows, Some(width as i64)])],
        ..GraphProto::default()
    })
}

/// Input of [`dense`]: a row for each seed.
pub fn dense_rows(width: usize, seeds: &[usize]) -> Tensor {
    let row = |seed: usize| (0..width).map(move |n| ((seed * 31 + n * 17) % 97) as f32 / 97.0);
    let values: Vec<f32> = seeds.iter().flat_map(|seed| row(*seed)).collect();
    Tensor::f32("x0", &[seeds.len(), width], &values)
}

/// `y = x - mean of x over all rows`: no row's result is its own.
pub fn centred() -> Vec<u8> {
    let mut mean = node("ReduceMean", &["x"], &["mean"]);
    mean.attribute.push(AttributeProto {
        name: Some("axes".into()),
        r#type: Some(attribute_type::INTS),
        ints: vec![0],
        ..AttributeProto::default()
    });
    model(GraphProto {
        node: vec![mean, node("Sub", &["x", "mean"], &["y"])],
        input: vec![tensor("x", data_type::FLOAT, &[None, Some(1)])],
        output: vec![tensor("y", data_type::FLOAT, &[None, Some(1)])],
        ..GraphProto::default()
    })
}

/// `y = table[x]` of a table `[10, 20, 30]`: other indices are an error.
pub fn look_up() -> Vec<u8> {
    let table = TensorProto {
        name: Some("table".into()),
        dims: vec![3],
        data_type: Some(data_type::FLOAT),
        float_data: vec![10.0, 20.0, 30.0],
        ..TensorProto::default()
    };
    model(GraphProto {
        node: vec![node("Gather", &["table", "x"], &["y"])],
        initializer: vec![table],
        input: vec![tensor("x", data_type::INT64, &[None])],
        output: vec![tensor("y", data_type::FLOAT, &[None])],
        ..GraphProto::default()
    })
}

fn model(graph: GraphProto) -> Vec<u8> {
    let graph = GraphProto { name: Some("graph".into()), ..graph };
    file(graph)
}

fn file(graph: GraphProto) -> Vec<u8> {
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
    tensor(name, elem_type, &[])
}

fn tensor(name: &str, elem_type: i32, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = dims.iter().map(|d| Dimension { value: d.map(dimension::Value::DimValue), denotation: None });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = TensorType { elem_type: Some(elem_type), shape };
    let kind = TypeProto { value: Some(type_proto::Value::Tensor(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind), ..ValueInfoProto::default() }
}
