//! Sessions: errors that say what is wrong, all element types, stopping, and many callers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use altlas_onnx::proto::*;
use altlas_onnx::write::{Tree, TreeNode, TreeRegressor, tree_regressor};
use altlas_proto::{DataType, Failure, FailureKind, Tensor};
use altlas_runtime::{Runtime, RuntimeError, RuntimeOptions, Session, StopHandle};
use prost::Message;

fn tensor_port(name: &str, elem_type: i32, rank: usize) -> ValueInfoProto {
    let shape = Some(TensorShapeProto { dim: vec![Dimension::default(); rank] });
    let value = Some(type_proto::Value::Tensor(TensorType { elem_type: Some(elem_type), shape }));
    let r#type = Some(TypeProto { value, denotation: None });
    ValueInfoProto { name: Some(name.into()), r#type, ..Default::default() }
}

fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    NodeProto { input: owned(inputs), output: owned(outputs), op_type: Some(op.into()), ..Default::default() }
}

fn model(graph: GraphProto) -> Vec<u8> {
    let opset_import = vec![OperatorSetIdProto { domain: None, version: Some(17) }];
    let graph = Some(GraphProto { name: Some("g".into()), ..graph });
    let metadata_props = vec![StringStringEntryProto { key: Some("k".into()), value: Some("v".into()) }];
    ModelProto { ir_version: Some(8), opset_import, graph, metadata_props, ..Default::default() }
        .encode_to_vec()
}

/// `length` products with a square matrix, one after the other.
fn chain(length: usize, width: usize) -> Vec<u8> {
    let weights = TensorProto {
        dims: vec![width as i64; 2],
        data_type: Some(data_type::FLOAT),
        name: Some("w".into()),
        raw_data: Some(vec![0; width * width * 4]),
        ..Default::default()
    };
    let name = |n: usize| {
        if n == length { "y".to_owned() } else { format!("x{n}") }
    };
    let product = |n| node("MatMul", &[&name(n), "w"], &[&name(n + 1)]);
    model(GraphProto {
        node: (0..length).map(product).collect(),
        initializer: vec![weights],
        input: vec![tensor_port("x0", data_type::FLOAT, 2)],
        output: vec![tensor_port("y", data_type::FLOAT, 2)],
        ..Default::default()
    })
}

fn constant_tree() -> Vec<u8> {
    let trees = [Tree { nodes: vec![TreeNode::Leaf { values: vec![1.5] }] }];
    let (input, output, post, metadata) = ("features", "variable", Default::default(), &[][..]);
    let spec = TreeRegressor { width: 2, trees: &trees, base: 0.0, post, input, output, metadata };
    tree_regressor(&spec).unwrap()
}

#[test]
fn the_runtime_tells_about_itself() {
    let Some(runtime) = common::runtime() else { return };
    let mut parts = runtime.version().split('.');
    assert_eq!(parts.next(), Some("1"), "{}", runtime.version());
    assert!(parts.next().unwrap().parse::<u32>().unwrap() >= 31);
    assert_eq!(runtime.providers().last().unwrap(), "cpu");
    assert!(
        runtime.notes().iter().any(|n| n.contains("abacus") && n.contains("does not know")),
        "{:?}",
        runtime.notes()
    );
    let cuda = runtime.providers().iter().any(|p| p == "cuda");
    assert_eq!(runtime.notes().iter().any(|n| n.contains("provider cuda")), !cuda);
    let again = std::env::var_os("ALTLAS_ORT_LIB").unwrap();
    let again = Runtime::load(again.as_ref(), &RuntimeOptions::default());
    assert_eq!(again.unwrap_err(), RuntimeError::AlreadyLoaded);
}

#[test]
fn a_library_that_is_not_there_is_an_error() {
    let failed =
        Runtime::load("/nowhere/libonnxruntime.so".as_ref(), &RuntimeOptions::default()).unwrap_err();
    assert!(matches!(failed, RuntimeError::Load { .. }));
    assert_eq!(failed.kind(), FailureKind::Internal);
    assert!(failed.to_string().contains("/nowhere/libonnxruntime.so"));
}

#[test]
fn signatures() {
    let Some(runtime) = common::runtime() else { return };
    let session = Session::open(runtime, &chain(2, 3)).unwrap();
    let signature = session.signature();
    assert_eq!(signature.inputs[0].name, "x0");
    assert_eq!(
        (signature.inputs[0].dtype, &signature.inputs[0].shape[..]),
        (Some(DataType::F32), &[None, None][..])
    );
    assert_eq!(signature.metadata, [("k".to_owned(), "v".to_owned())].into());
    assert_eq!(session.providers(), runtime.providers());
    let session = Session::open(runtime, &constant_tree()).unwrap();
    assert_eq!(session.signature().inputs[0].shape, [None, Some(2)]);
}

#[test]
fn bytes_that_are_no_model_are_refused() {
    let Some(runtime) = common::runtime() else { return };
    for bytes in [&b""[..], b"nonsense", b"\x00\x00\x00\x00ORTM\x00\x00\x00\x00"] {
        let failed = Session::open(runtime, bytes).unwrap_err();
        assert_eq!(failed.kind(), FailureKind::BadModel, "{failed:?}");
    }
    let graph = |node: NodeProto| GraphProto {
        node: vec![node],
        input: vec![tensor_port("x", data_type::FLOAT, 1)],
        output: vec![tensor_port("y", data_type::FLOAT, 1)],
        ..Default::default()
    };
    let unknown = Session::open(runtime, &model(graph(node("Levitate", &["x"], &["y"])))).unwrap_err();
    assert_eq!(unknown.kind(), FailureKind::BadModel);
    assert!(unknown.to_string().contains("Levitate"), "{unknown}");
    assert!(!unknown.to_string().contains(".cc"), "{unknown}");
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    let Some(runtime) = common::runtime() else { return };
    let session = Session::open(runtime, &constant_tree()).unwrap();
    let stop = StopHandle::new();
    let good = Tensor::f32("features", &[1, 2], &[0.0, 0.0]);
    let fails = |inputs: &[Tensor], outputs: &[String]| -> Failure {
        session.run(inputs, outputs, &stop).unwrap_err().into()
    };

    let failure = fails(&[], &[]);
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::BadInput, "input \"features\" is missing")
    );
    let failure = fails(&[good.clone(), Tensor::f32("x", &[1], &[0.0])], &[]);
    assert_eq!(failure.detail.as_deref(), Some("inputs of the model: features"));
    let failure = fails(&[Tensor::f64("features", &[1, 2], &[0.0, 0.0])], &[]);
    assert_eq!(failure.message, "input \"features\" holds F64, the model takes F32");
    let failure = fails(&[Tensor::f32("features", &[1, 3], &[0.0; 3])], &[]);
    assert_eq!(failure.message, "input \"features\" has shape [1, 3], the model takes [?, 2]");
    let failure = fails(std::slice::from_ref(&good), &["nothing".into()]);
    assert_eq!(failure.kind, FailureKind::BadParameter);
    assert_eq!(failure.detail.as_deref(), Some("outputs of the model: variable"));
    let twice = ["variable".to_owned(), "variable".to_owned()];
    assert_eq!(fails(std::slice::from_ref(&good), &twice).kind, FailureKind::BadParameter);
    assert_eq!(session.run(&[good], &[], &stop).unwrap()[0].as_f32().unwrap(), [1.5]);
}

#[test]
fn data_that_a_model_cannot_take_are_the_callers_fault() {
    let Some(runtime) = common::runtime() else { return };
    let table = TensorProto {
        dims: vec![3],
        data_type: Some(data_type::FLOAT),
        name: Some("table".into()),
        float_data: vec![1.0, 2.0, 3.0],
        ..Default::default()
    };
    let gather = NodeProto { name: Some("look_up".into()), ..node("Gather", &["table", "x"], &["y"]) };
    let bytes = model(GraphProto {
        node: vec![gather],
        initializer: vec![table],
        input: vec![tensor_port("x", data_type::INT64, 1)],
        output: vec![tensor_port("y", data_type::FLOAT, 1)],
        ..Default::default()
    });
    let session = Session::open(runtime, &bytes).unwrap();
    let run = |x: i64| session.run(&[Tensor::i64("x", &[1], &[x])], &[], &StopHandle::new());
    let failure = Failure::from(run(9).unwrap_err());
    assert_eq!(failure.kind, FailureKind::BadInput);
    assert!(failure.message.contains("Gather \"look_up\": indices element out of"), "{}", failure.message);
    assert!(failure.detail.unwrap().contains("Non-zero status code"));
    assert_eq!(run(2).unwrap()[0].as_f32().unwrap(), [3.0]);
}

#[test]
fn every_element_type_goes_through() {
    let Some(runtime) = common::runtime() else { return };
    let cases = [
        (data_type::FLOAT, Tensor::f32("x", &[2], &[1.5, f32::NEG_INFINITY])),
        (data_type::DOUBLE, Tensor::f64("x", &[2, 1], &[1e300, -0.0])),
        (data_type::INT32, Tensor::i32("x", &[1, 2], &[i32::MIN, 7])),
        (data_type::INT64, Tensor::i64("x", &[2], &[i64::MAX, -7])),
        (data_type::BOOL, Tensor::new("x", DataType::Bool, &[2], vec![1, 0])),
        (data_type::STRING, Tensor::strings("x", &[2], &["İğne", ""])),
        (data_type::FLOAT, Tensor::f32("x", &[0, 3], &[])),
        (data_type::STRING, Tensor::strings::<&str>("x", &[0], &[])),
    ];
    for (elem_type, given) in cases {
        let rank = given.spec.shape.len();
        let bytes = model(GraphProto {
            node: vec![node("Identity", &["x"], &["y"])],
            input: vec![tensor_port("x", elem_type, rank)],
            output: vec![tensor_port("y", elem_type, rank)],
            ..Default::default()
        });
        let session = Session::open(runtime, &bytes).unwrap();
        let got = session.run(std::slice::from_ref(&given), &[], &StopHandle::new()).unwrap();
        assert_eq!(got[0].spec.name, "y");
        assert_eq!(
            (&got[0].data, &got[0].spec.shape, got[0].spec.dtype),
            (&given.data, &given.spec.shape, given.spec.dtype)
        );
    }
}

#[test]
fn types_that_altlas_does_not_carry_are_named() {
    let Some(runtime) = common::runtime() else { return };
    let to =
        AttributeProto { name: Some("to".into()), r#type: Some(attribute_type::INT), ..Default::default() };
    let mut cast = node("Cast", &["x"], &["half"]);
    cast.attribute.push(AttributeProto { i: Some(i64::from(data_type::FLOAT16)), ..to });
    let bytes = model(GraphProto {
        node: vec![cast, node("Identity", &["x"], &["same"])],
        input: vec![tensor_port("x", data_type::FLOAT, 1)],
        output: vec![tensor_port("half", data_type::FLOAT16, 1), tensor_port("same", data_type::FLOAT, 1)],
        ..Default::default()
    });
    let session = Session::open(runtime, &bytes).unwrap();
    assert_eq!(session.signature().outputs[0].dtype, None);
    let inputs = [Tensor::f32("x", &[1], &[2.0])];
    let failure = Failure::from(session.run(&inputs, &[], &StopHandle::new()).unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.message.contains("\"half\""), "{}", failure.message);
    assert!(failure.hint.unwrap().contains("Cast"));
    // The other output can still be had.
    let got = session.run(&inputs, &["same".into()], &StopHandle::new()).unwrap();
    assert_eq!(got[0].as_f32().unwrap(), [2.0]);
}

#[test]
fn a_running_call_stops() {
    let Some(runtime) = common::runtime() else { return };
    // Few large nodes: ONNX Runtime 1.31 takes a time quadratic in the number of nodes to open a model.
    let width = 768;
    let session = Session::open(runtime, &chain(800, width)).unwrap();
    let inputs = [Tensor::f32("x0", &[width, width], &vec![0.5; width * width])];
    let stop = StopHandle::new();
    let (took, result) = std::thread::scope(|scope| {
        let call = scope.spawn(|| session.run(&inputs, &[], &stop));
        std::thread::sleep(Duration::from_millis(150));
        assert!(!call.is_finished(), "the model is too small for this test");
        let asked = Instant::now();
        stop.stop();
        let result = call.join().unwrap();
        (asked.elapsed(), result)
    });
    println!("stopped after {took:?}");
    assert_eq!(result.unwrap_err(), RuntimeError::Stopped);
    assert!(took < Duration::from_secs(1), "{took:?}");
    // The handle stays stopped; the session works on.
    assert_eq!(session.run(&inputs, &[], &stop).unwrap_err(), RuntimeError::Stopped);

    // A call that waits for its turn stops too.
    let (first, second) = (StopHandle::new(), StopHandle::new());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| session.run(&inputs, &[], &first));
        std::thread::sleep(Duration::from_millis(50));
        let waiting = scope.spawn(|| session.run(&inputs, &[], &second));
        std::thread::sleep(Duration::from_millis(50));
        second.stop();
        assert_eq!(waiting.join().unwrap().unwrap_err(), RuntimeError::Stopped);
        assert!(!running.is_finished());
        first.stop();
        assert_eq!(running.join().unwrap().unwrap_err(), RuntimeError::Stopped);
    });
}

#[test]
fn many_callers_share_a_session() {
    let Some(runtime) = common::runtime() else { return };
    let session = Session::open(runtime, &constant_tree()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for rows in 1..60 {
                    let inputs = [Tensor::f32("features", &[rows, 2], &vec![0.0; rows * 2])];
                    let got = session.run(&inputs, &[], &StopHandle::new()).unwrap();
                    assert_eq!(got[0].as_f32().unwrap(), vec![1.5; rows]);
                }
            });
        }
    });
}
