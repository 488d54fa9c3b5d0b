//! Models in eight bits answer like those they were made of.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use altlas_onnx::proto::*;
use altlas_onnx::{Limits, check, quantize};
use altlas_proto::Tensor;
use altlas_runtime::{Runtime, Session, StopHandle};
use common::Random;
use prost::Message;

/// Not a multiple of the block.
const INTO: usize = 100;
const WIDTH: usize = 64;
const WORDS: usize = 200;

fn port(name: &str, elem_type: i32) -> ValueInfoProto {
    let shape = Some(TensorShapeProto { dim: vec![Dimension::default(); 2] });
    let value = Some(type_proto::Value::Tensor(TensorType { elem_type: Some(elem_type), shape }));
    let r#type = Some(TypeProto { value, denotation: None });
    ValueInfoProto { name: Some(name.into()), r#type, ..Default::default() }
}

fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
    let input = inputs.iter().map(|n| (*n).to_owned()).collect();
    NodeProto { input, output: vec![output.into()], op_type: Some(op.into()), ..Default::default() }
}

fn matrix(random: &mut Random, name: &str, rows: usize, columns: usize) -> TensorProto {
    let values = (0..rows * columns).flat_map(|_| (random.float() / 4.0).to_le_bytes());
    TensorProto {
        dims: vec![rows as i64, columns as i64],
        data_type: Some(data_type::FLOAT),
        name: Some(name.into()),
        raw_data: Some(values.collect()),
        ..Default::default()
    }
}

/// y = tanh(x · a) · bᵀ + c, z = tanh(x · a) · a₂, and words of a table.
fn network() -> Vec<u8> {
    let mut random = Random(7);
    let mut gemm = node("Gemm", &["h", "b", "c"], "y");
    gemm.attribute.push(AttributeProto {
        name: Some("transB".into()),
        r#type: Some(attribute_type::INT),
        i: Some(1),
        ..Default::default()
    });
    let bias = TensorProto { dims: vec![WIDTH as i64], ..matrix(&mut random, "c", 1, WIDTH) };
    let graph = GraphProto {
        name: Some("g".into()),
        node: vec![
            node("MatMul", &["x", "a"], "p"),
            node("Tanh", &["p"], "h"),
            gemm,
            node("MatMul", &["h", "small"], "z"),
            node("Gather", &["table", "words"], "w"),
        ],
        initializer: vec![
            matrix(&mut random, "a", INTO, WIDTH),
            matrix(&mut random, "b", WIDTH, WIDTH),
            bias,
            matrix(&mut random, "small", WIDTH, 2),
            matrix(&mut random, "table", WORDS, WIDTH),
        ],
        input: vec![port("x", data_type::FLOAT), port("words", data_type::INT64)],
        output: ["y", "z", "w"].map(|name| port(name, data_type::FLOAT)).into(),
        ..Default::default()
    };
    let opset_import = vec![OperatorSetIdProto { domain: None, version: Some(17) }];
    ModelProto { ir_version: Some(8), opset_import, graph: Some(graph), ..Default::default() }.encode_to_vec()
}

fn answers(runtime: &Runtime, model: &[u8], rows: usize) -> Vec<Vec<f32>> {
    let mut random = Random(11);
    let x: Vec<f32> = (0..rows * INTO).map(|_| random.float()).collect();
    let words: Vec<i64> = (0..rows * 3).map(|n| (n * 7 % WORDS) as i64).collect();
    let inputs = [Tensor::f32("x", &[rows, INTO], &x), Tensor::i64("words", &[rows, 3], &words)];
    let session = Session::open(runtime, model).unwrap();
    let outputs = session.run(&inputs, &[], &StopHandle::new()).unwrap();
    outputs.iter().map(|t| t.as_f32().unwrap()).collect()
}

#[test]
fn a_quantised_network_is_smaller_and_answers_alike() {
    let Some(runtime) = common::runtime() else { return };
    let model = network();
    let small = quantize(&model).unwrap().unwrap();
    assert_eq!(small.matrices, 3);
    assert!(small.bytes.len() * 3 < model.len(), "{} of {}", small.bytes.len(), model.len());
    let checked = check(&small.bytes, &Limits::default()).unwrap();
    let count = |name: &str| checked.operators.get(name).copied().unwrap_or(0);
    assert_eq!((count("com.microsoft.MatMulNBits"), count("MatMul"), count("Gemm")), (2, 1, 0));
    for rows in [1, 40] {
        let (whole, quantised) = (answers(runtime, &model, rows), answers(runtime, &small.bytes, rows));
        for (whole, quantised) in whole.iter().zip(&quantised) {
            let error: f32 = whole.iter().zip(quantised).map(|(a, b)| (a - b).powi(2)).sum();
            let size: f32 = whole.iter().map(|a| a * a).sum();
            assert!((error / size).sqrt() < 0.02, "off by {} of the whole", (error / size).sqrt());
        }
    }
}

#[test]
fn rows_of_a_batch_do_not_change_each_other() {
    let Some(runtime) = common::runtime() else { return };
    let small = quantize(&network()).unwrap().unwrap();
    let (one, many) = (answers(runtime, &small.bytes, 1), answers(runtime, &small.bytes, 40));
    for (one, many) in one.iter().zip(&many) {
        for (a, b) in one.iter().zip(many) {
            assert!((a - b).abs() < 1e-5, "{a} alone, {b} beside others");
        }
    }
}

#[test]
fn nothing_to_quantise_is_none_and_nonsense_an_error() {
    let mut model = ModelProto::decode(&network()[..]).unwrap();
    let graph = model.graph.as_mut().unwrap();
    graph.input.extend(["a", "b", "table"].map(|name| port(name, data_type::FLOAT)));
    assert_eq!(quantize(&model.encode_to_vec()), Ok(None), "constants that a caller may replace stay");
    assert!(quantize(b"nonsense").is_err());
}
