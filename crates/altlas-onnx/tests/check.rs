//! Every refusal of the checks, and what an accepted model tells.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use altlas_onnx::proto::*;
use altlas_onnx::{Dim, Limits, OnnxError, Port, PortKind, check};
use prost::Message;

fn port(name: &str) -> ValueInfoProto {
    let dim = |value| Dimension { value: Some(value), denotation: None };
    let dims = vec![dim(dimension::Value::DimParam("rows".into())), dim(dimension::Value::DimValue(2))];
    let tensor =
        TensorType { elem_type: Some(data_type::FLOAT), shape: Some(TensorShapeProto { dim: dims }) };
    let r#type = TypeProto { value: Some(type_proto::Value::Tensor(tensor)), denotation: None };
    ValueInfoProto { name: Some(name.into()), r#type: Some(r#type), ..Default::default() }
}

fn node(domain: &str, operator: &str) -> NodeProto {
    NodeProto {
        input: vec!["x".into()],
        output: vec!["y".into()],
        name: Some("the_node".into()),
        op_type: Some(operator.into()),
        domain: Some(domain.into()),
        ..Default::default()
    }
}

fn import(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: Some(domain.into()), version: Some(version) }
}

fn valid() -> ModelProto {
    let graph = GraphProto {
        node: vec![node("", "Abs")],
        input: vec![port("x")],
        output: vec![port("y")],
        ..Default::default()
    };
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![import("", 17)],
        producer_name: Some("somebody".into()),
        producer_version: Some("1.2".into()),
        graph: Some(graph),
        metadata_props: vec![StringStringEntryProto { key: Some("k".into()), value: Some("v".into()) }],
        ..Default::default()
    }
}

fn external() -> TensorProto {
    let location = StringStringEntryProto { key: Some("location".into()), value: Some("../secret".into()) };
    TensorProto { name: Some("w".into()), external_data: vec![location], ..Default::default() }
}

fn is_external(result: Result<altlas_onnx::Checked, OnnxError>) {
    assert_eq!(
        result.unwrap_err(),
        OnnxError::ExternalData { tensor: "w".into(), location: "../secret".into() }
    );
}

fn graph_of(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

fn run(model: &ModelProto) -> Result<altlas_onnx::Checked, OnnxError> {
    check(&model.encode_to_vec(), &Limits::default())
}

#[test]
fn a_valid_model_is_described() {
    let mut model = valid();
    let graph = graph_of(&mut model);
    graph.input.push(port("w"));
    graph.initializer.push(TensorProto { name: Some("w".into()), ..Default::default() });
    let checked = run(&model).unwrap();
    let shape = Some(vec![Dim::Symbol("rows".into()), Dim::Size(2)]);
    let kind = PortKind::Tensor;
    assert_eq!(checked.inputs, [Port { name: "x".into(), kind, elem_type: Some(1), shape: shape.clone() }]);
    assert_eq!(checked.outputs, [Port { name: "y".into(), kind, elem_type: Some(1), shape }]);
    assert_eq!(checked.opsets, [("ai.onnx".to_owned(), 17)].into());
    assert_eq!(checked.operators, [("Abs".to_owned(), 1)].into());
    assert_eq!((checked.ir_version, checked.producer.as_str()), (8, "somebody 1.2"));
    assert_eq!(checked.metadata, [("k".to_owned(), "v".to_owned())].into());
}

#[test]
fn what_is_no_model_is_refused() {
    let run = |bytes: &[u8]| check(bytes, &Limits::default()).unwrap_err();
    assert_eq!(run(b""), OnnxError::NoGraph);
    assert!(matches!(run(b"{\"json\": 1}"), OnnxError::NotOnnx { .. }));
    assert!(matches!(run(b"\x00\x00\x00\x00ORTM...."), OnnxError::NotOnnx { .. }));
    let whole = valid().encode_to_vec();
    assert!(matches!(run(&whole[..whole.len() - 1]), OnnxError::NotOnnx { .. }));
}

#[test]
fn frame_conditions_are_checked() {
    let with = |change: fn(&mut ModelProto)| {
        let mut model = valid();
        change(&mut model);
        run(&model).unwrap_err()
    };
    assert_eq!(with(|m| m.graph = None), OnnxError::NoGraph);
    assert_eq!(with(|m| m.ir_version = None), OnnxError::NoIrVersion);
    assert!(matches!(with(|m| m.ir_version = Some(99)), OnnxError::IrVersion { version: 99, oldest: 3, .. }));
    assert!(matches!(with(|m| m.ir_version = Some(2)), OnnxError::IrVersion { version: 2, .. }));
    assert_eq!(with(|m| graph_of(m).output.clear()), OnnxError::NoOutput);
    assert_eq!(with(|m| m.training_info.push(TrainingInfoProto::default())), OnnxError::TrainingInfo);
    assert_eq!(with(|m| graph_of(m).output[0].name = None), OnnxError::NamelessPort { direction: "output" });
    assert_eq!(
        with(|m| graph_of(m).node[0].op_type = None),
        OnnxError::NoOperator { node: "the_node".into() }
    );
}

#[test]
fn sizes_are_limited() {
    let bytes = valid().encode_to_vec();
    let limits = Limits { max_bytes: bytes.len() as u64 - 1, ..Limits::default() };
    assert!(matches!(check(&bytes, &limits), Err(OnnxError::TooLarge { .. })));

    // A million empty nodes: 2 MB in the file, two hundred in memory.
    let graph: Vec<u8> = [0x0a, 0x00].repeat(1_000_000);
    let mut bytes = vec![0x3a];
    prost::encoding::encode_varint(graph.len() as u64, &mut bytes);
    bytes.extend(graph);
    let limits = Limits { max_decoded_bytes: 64 << 20, ..Limits::default() };
    assert_eq!(check(&bytes, &limits), Err(OnnxError::TooManyParts { limit: 64 << 20 }));
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| {
        let mut model = valid();
        for _ in 0..levels {
            let mut outer = node("", "If");
            let g = Some(Box::new(model.graph.take().unwrap()));
            outer.attribute.push(AttributeProto { g, ..Default::default() });
            let (input, output) = (vec![port("x")], vec![port("y")]);
            model.graph = Some(GraphProto { node: vec![outer], input, output, ..Default::default() });
        }
        model
    };
    assert_eq!(run(&nested(30)).unwrap().operators["If"], 30);
    assert_eq!(run(&nested(200)), Err(OnnxError::TooDeep { limit: 100 }));
}

#[test]
fn only_known_domains_and_versions_are_imported() {
    let with = |imports: &[OperatorSetIdProto]| {
        let mut model = valid();
        model.opset_import = imports.to_vec();
        run(&model)
    };
    assert!(with(&[import("ai.onnx", 17), import("ai.onnx.ml", 3), import("com.microsoft", 1)]).is_ok());
    assert_eq!(
        with(&[import("", 17), import("com.example", 1)]),
        Err(OnnxError::Domain { domain: "com.example".into() })
    );
    let newest = Limits::default().opset;
    assert_eq!(
        with(&[import("", 999)]),
        Err(OnnxError::Opset { domain: "ai.onnx".into(), version: 999, newest })
    );
    assert!(matches!(with(&[import("", 0)]), Err(OnnxError::Opset { version: 0, .. })));
    assert!(matches!(with(&[]), Err(OnnxError::NotImported { .. })));
}

#[test]
fn nodes_call_what_is_imported_or_defined() {
    let mut model = valid();
    graph_of(&mut model).node = vec![node("com.example", "Twice")];
    let not_imported = OnnxError::NotImported {
        node: "the_node".into(),
        operator: "Twice".into(),
        domain: "com.example".into(),
    };
    assert_eq!(run(&model), Err(not_imported.clone()));

    model.opset_import.push(import("com.example", 1));
    model.functions = vec![FunctionProto {
        name: Some("Twice".into()),
        domain: Some("com.example".into()),
        node: vec![node("", "Add")],
        opset_import: vec![import("", 17)],
        ..Default::default()
    }];
    let operators = run(&model).unwrap().operators;
    assert_eq!(operators, [("Add".to_owned(), 1), ("com.example.Twice".to_owned(), 1)].into());

    // Defining one function of a domain does not open the domain.
    model.functions[0].name = Some("Other".into());
    assert_eq!(run(&model), Err(not_imported));

    // A function's body answers to the function's own imports.
    model.functions[0].name = Some("Twice".into());
    model.functions[0].node = vec![node("ai.onnx.ml", "Scaler")];
    assert!(matches!(run(&model), Err(OnnxError::NotImported { .. })));
}

#[test]
fn compiled_code_of_vendors_is_refused() {
    let mut model = valid();
    model.opset_import.push(import("com.microsoft", 1));
    graph_of(&mut model).node = vec![node("com.microsoft", "Gelu")];
    assert!(run(&model).is_ok());
    graph_of(&mut model).node = vec![node("com.microsoft", "EPContext")];
    assert_eq!(
        run(&model),
        Err(OnnxError::NativeCode { node: "the_node".into(), operator: "EPContext".into() })
    );
}

#[test]
fn external_data_is_found_wherever_it_hides() {
    let sparse = |tensor| SparseTensorProto { indices: Some(tensor), ..Default::default() };
    let attribute = |attribute: AttributeProto| {
        let mut model = valid();
        graph_of(&mut model).node[0].attribute.push(attribute);
        run(&model)
    };
    let mut model = valid();
    graph_of(&mut model).initializer.push(external());
    is_external(run(&model));
    let subgraph = model.graph.take().unwrap();
    let mut model = valid();
    graph_of(&mut model).sparse_initializer.push(sparse(external()));
    is_external(run(&model));

    is_external(attribute(AttributeProto { t: Some(Box::new(external())), ..Default::default() }));
    is_external(attribute(AttributeProto { tensors: vec![external()], ..Default::default() }));
    let boxed = Some(Box::new(sparse(external())));
    is_external(attribute(AttributeProto { sparse_tensor: boxed, ..Default::default() }));
    is_external(attribute(AttributeProto { sparse_tensors: vec![sparse(external())], ..Default::default() }));
    is_external(attribute(AttributeProto { g: Some(Box::new(subgraph.clone())), ..Default::default() }));
    is_external(attribute(AttributeProto { graphs: vec![subgraph.clone()], ..Default::default() }));

    let mut model = valid();
    let default = AttributeProto { g: Some(Box::new(subgraph)), ..Default::default() };
    model.functions = vec![FunctionProto { attribute_proto: vec![default], ..Default::default() }];
    is_external(run(&model));

    // The location alone is enough.
    let mut model = valid();
    let tensor = TensorProto { data_location: Some(1), external_data: vec![], ..external() };
    graph_of(&mut model).initializer.push(tensor);
    assert!(matches!(run(&model), Err(OnnxError::ExternalData { .. })));
}

#[test]
fn messages_stay_short_whatever_the_names() {
    let mut model = valid();
    model.opset_import.push(import(&"é".repeat(10_000), 1));
    assert!(run(&model).unwrap_err().to_string().chars().count() < 300);
}
