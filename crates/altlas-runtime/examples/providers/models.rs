//! The models that are measured when none are given: of the usual shapes, with weights that mean nothing.

use altlas_onnx::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto, attribute_type, data_type, dimension,
    type_proto,
};
use altlas_onnx::write::{Post, Tree, TreeNode, TreeRegressor, tree_regressor};
use prost::Message as _;

const LAYERS: usize = 6;
const WIDTH: i64 = 384;
const HEADS: i64 = 12;
const WORDS: i64 = 1000;

/// A transformer in single precision: 6 layers of 384, 12 heads; the layers share their weights, which changes the
/// file's size and not the work.
pub fn encoder() -> Vec<u8> {
    let inner = WIDTH * 4;
    let mut graph = Graph::default();
    graph.weights("words", &[WORDS, WIDTH]);
    for name in ["query", "key", "value", "mix"] {
        graph.weights(name, &[WIDTH, WIDTH]);
    }
    graph.weights("widen", &[WIDTH, inner]);
    graph.weights("narrow", &[inner, WIDTH]);
    graph.constant("gain", &[WIDTH], vec![1.0; WIDTH as usize]);
    graph.constant("scale", &[], vec![1.0 / ((WIDTH / HEADS) as f32).sqrt()]);
    graph.numbers("heads", &[0, 0, HEADS, WIDTH / HEADS]);
    graph.numbers("whole", &[0, 0, WIDTH]);
    let mut x = graph.node("Gather", &["words", "input_ids"], &[]);
    for _ in 0..LAYERS {
        let split = |graph: &mut Graph, weight: &str, order: [i64; 4]| {
            let all = graph.node("MatMul", &[&x, weight], &[]);
            let heads = graph.node("Reshape", &[&all, "heads"], &[]);
            graph.node("Transpose", &[&heads], &[("perm", order.to_vec())])
        };
        let query = split(&mut graph, "query", [0, 2, 1, 3]);
        let key = split(&mut graph, "key", [0, 2, 3, 1]);
        let value = split(&mut graph, "value", [0, 2, 1, 3]);
        let scores = graph.node("MatMul", &[&query, &key], &[]);
        let scaled = graph.node("Mul", &[&scores, "scale"], &[]);
        let shares = graph.node("Softmax", &[&scaled], &[]);
        let seen = graph.node("MatMul", &[&shares, &value], &[]);
        let back = graph.node("Transpose", &[&seen], &[("perm", vec![0, 2, 1, 3])]);
        let whole = graph.node("Reshape", &[&back, "whole"], &[]);
        let mixed = graph.node("MatMul", &[&whole, "mix"], &[]);
        let sum = graph.node("Add", &[&x, &mixed], &[]);
        let attended = graph.node("LayerNormalization", &[&sum, "gain"], &[]);
        let wide = graph.node("MatMul", &[&attended, "widen"], &[]);
        let bent = graph.node("Relu", &[&wide], &[]);
        let narrow = graph.node("MatMul", &[&bent, "narrow"], &[]);
        let sum = graph.node("Add", &[&attended, &narrow], &[]);
        x = graph.node("LayerNormalization", &[&sum, "gain"], &[]);
    }
    let pooled = graph.node("ReduceMean", &[&x], &[("axes", vec![1]), ("keepdims", vec![0])]);
    graph.model(&pooled)
}

/// 1,000 trees of 256 leaves over 50 columns.
pub fn trees() -> Vec<u8> {
    const DEPTH: u32 = 8;
    let mut random = 1u64;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut tree = || {
        let branches = (1u32 << DEPTH) - 1;
        let node = |at: u32| match at < branches {
            true => TreeNode::Branch {
                feature: next(50) as u32,
                threshold: next(1000) as f32 / 1000.0,
                missing_left: false,
                left: 2 * at + 1,
                right: 2 * at + 2,
            },
            false => TreeNode::Leaf { values: vec![next(1000) as f32 / 1e5] },
        };
        Tree { nodes: (0..2 * branches + 1).map(node).collect() }
    };
    let trees: Vec<Tree> = (0..1000).map(|_| tree()).collect();
    let (input, output, post) = ("features", "variable", Post::None);
    let model = TreeRegressor { width: 50, trees: &trees, base: 0.0, post, input, output, metadata: &[] };
    tree_regressor(&model).unwrap()
}

#[derive(Default)]
struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Graph {
    /// Adds a node with one output, whose name it gives. A list of one number is a number, but for axes.
    fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Vec<i64>)]) -> String {
        let output = format!("v{}", self.nodes.len());
        let attribute = |(name, values): &(&str, Vec<i64>)| {
            let single = *name == "keepdims";
            AttributeProto {
                name: Some((*name).to_owned()),
                r#type: Some(if single { attribute_type::INT } else { attribute_type::INTS }),
                i: values.first().copied().filter(|_| single),
                ints: if single { vec![] } else { values.clone() },
                ..AttributeProto::default()
            }
        };
        self.nodes.push(NodeProto {
            op_type: Some(operator.to_owned()),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.clone()],
            attribute: attributes.iter().map(attribute).collect(),
            ..NodeProto::default()
        });
        output
    }

    fn weights(&mut self, name: &str, shape: &[i64]) {
        let (count, scale) = (shape.iter().product::<i64>(), 1.0 / (shape[0] as f32).sqrt());
        let values = (0..count).map(|n| ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * scale);
        self.constant(name, shape, values.collect());
    }

    fn constant(&mut self, name: &str, shape: &[i64], values: Vec<f32>) {
        self.constants.push(TensorProto {
            name: Some(name.to_owned()),
            dims: shape.to_vec(),
            data_type: Some(data_type::FLOAT),
            raw_data: Some(values.into_iter().flat_map(f32::to_le_bytes).collect()),
            ..TensorProto::default()
        });
    }

    fn numbers(&mut self, name: &str, values: &[i64]) {
        self.constants.push(TensorProto {
            name: Some(name.to_owned()),
            dims: vec![values.len() as i64],
            data_type: Some(data_type::INT64),
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
    }

    /// The model with its ids `[rows, length]` and this output.
    fn model(self, output: &str) -> Vec<u8> {
        let graph = GraphProto {
            name: Some("encoder".to_owned()),
            node: self.nodes,
            initializer: self.constants,
            input: vec![port("input_ids", data_type::INT64, &[None, None])],
            output: vec![port(output, data_type::FLOAT, &[None, Some(WIDTH)])],
            ..GraphProto::default()
        };
        let opset = OperatorSetIdProto { domain: Some(String::new()), version: Some(17) };
        let graph = Some(graph);
        ModelProto { ir_version: Some(8), opset_import: vec![opset], graph, ..ModelProto::default() }
            .encode_to_vec()
    }
}

fn port(name: &str, elem_type: i32, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = dims.iter().map(|d| Dimension { value: d.map(dimension::Value::DimValue), denotation: None });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = TensorType { elem_type: Some(elem_type), shape };
    let kind = TypeProto { value: Some(type_proto::Value::Tensor(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind), ..ValueInfoProto::default() }
}
