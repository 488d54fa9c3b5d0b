//! A row through a compiled model, and the same rows through ONNX Runtime in one batch on one thread.
//!
//! `ALTLAS_ORT_LIB=…/libonnxruntime.so cargo bench -p altlas-score`; without the library only the compiled models run.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::hint::black_box;
use std::path::Path;

use altlas_onnx::write::{
    LinearRegressor, Post, Tree, TreeNode, TreeRegressor, linear_regressor, tree_regressor,
};
use altlas_proto::Tensor;
use altlas_runtime::{Runtime, RuntimeOptions, Session, StopHandle};
use altlas_score::{Program, compile};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ROWS: usize = 8192;

/// Numbers without a pattern, the same each time (splitmix64).
struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// A tree as a learner grows it: the leaf with the most rows is split next, somewhere in its part of the unit cube.
fn tree(random: &mut Random, leaves: usize, width: usize) -> Tree {
    struct Open {
        node: usize,
        rows: f32,
        bounds: Vec<(f32, f32)>,
    }
    let leaf = |random: &mut Random| TreeNode::Leaf { values: vec![random.next() - 0.5] };
    let mut tree = Tree { nodes: vec![leaf(random)] };
    let mut open = vec![Open { node: 0, rows: 1.0, bounds: vec![(0.0, 1.0); width] }];
    for _ in 1..leaves {
        let largest = (0..open.len()).max_by(|a, b| open[*a].rows.total_cmp(&open[*b].rows)).unwrap();
        let Open { node, rows, bounds } = open.swap_remove(largest);
        let feature = ((random.next() * width as f32) as usize).min(width - 1);
        let (low, high) = bounds[feature];
        let share = 0.1 + 0.8 * random.next();
        let threshold = low + (high - low) * share;
        let (left, right) = (tree.nodes.len(), tree.nodes.len() + 1);
        tree.nodes[node] = TreeNode::Branch {
            feature: feature as u32,
            threshold,
            missing_left: false,
            left: left as u32,
            right: right as u32,
        };
        for (node, part, range) in [(left, share, (low, threshold)), (right, 1.0 - share, (threshold, high))]
        {
            tree.nodes.push(leaf(random));
            let mut bounds = bounds.clone();
            bounds[feature] = range;
            open.push(Open { node, rows: rows * part, bounds });
        }
    }
    tree
}

fn trees(count: usize, leaves: usize, width: usize) -> Vec<u8> {
    let mut random = Random(1);
    let trees: Vec<Tree> = (0..count).map(|_| tree(&mut random, leaves, width)).collect();
    let (input, output) = ("features", "variable");
    let spec =
        TreeRegressor { width, trees: &trees, base: 0.5, post: Post::None, input, output, metadata: &[] };
    tree_regressor(&spec).unwrap()
}

fn linear(width: usize) -> Vec<u8> {
    let mut random = Random(2);
    let coefficients: Vec<f32> = (0..width).map(|_| random.next()).collect();
    let (input, output, coefficients) = ("features", "variable", &coefficients[..]);
    let spec = LinearRegressor {
        width,
        coefficients,
        intercept: 0.5,
        post: Post::None,
        input,
        output,
        metadata: &[],
    };
    linear_regressor(&spec).unwrap()
}

fn logistic(width: usize) -> Vec<u8> {
    use altlas_onnx::proto::*;
    use prost::Message;
    let mut random = Random(3);
    let mut half: Vec<f32> = (0..width).map(|_| random.next() - 0.5).collect();
    half.extend(half.clone().iter().map(|x| -x));
    let port = |name: &str, elem_type: i32, columns: Option<i64>| {
        let open = Dimension { value: None, denotation: None };
        let columns =
            columns.map(|n| Dimension { value: Some(dimension::Value::DimValue(n)), denotation: None });
        let shape = TensorShapeProto { dim: std::iter::once(open).chain(columns).collect() };
        let tensor = TensorType { elem_type: Some(elem_type), shape: Some(shape) };
        let r#type = TypeProto { value: Some(type_proto::Value::Tensor(tensor)), denotation: None };
        ValueInfoProto { name: Some(name.into()), r#type: Some(r#type), ..Default::default() }
    };
    let attribute = |name: &str, kind: i32| AttributeProto {
        name: Some(name.into()),
        r#type: Some(kind),
        ..Default::default()
    };
    let node = |op: &str, inputs: &[&str], outputs: &[&str], attribute| NodeProto {
        op_type: Some(op.into()),
        domain: Some("ai.onnx.ml".into()),
        input: inputs.iter().map(|s| (*s).into()).collect(),
        output: outputs.iter().map(|s| (*s).into()).collect(),
        attribute,
        ..Default::default()
    };
    let classifier = vec![
        AttributeProto { ints: vec![0, 1], ..attribute("classlabels_ints", attribute_type::INTS) },
        AttributeProto { floats: half, ..attribute("coefficients", attribute_type::FLOATS) },
        AttributeProto { floats: vec![0.1, -0.1], ..attribute("intercepts", attribute_type::FLOATS) },
        AttributeProto {
            s: Some(b"LOGISTIC".to_vec()),
            ..attribute("post_transform", attribute_type::STRING)
        },
    ];
    let norm = AttributeProto { s: Some(b"L1".to_vec()), ..attribute("norm", attribute_type::STRING) };
    let graph = GraphProto {
        name: Some("logistic".into()),
        node: vec![
            node("LinearClassifier", &["features"], &["label", "raw"], classifier),
            node("Normalizer", &["raw"], &["probabilities"], vec![norm]),
        ],
        input: vec![port("features", data_type::FLOAT, Some(width as i64))],
        output: vec![port("label", data_type::INT64, None), port("probabilities", data_type::FLOAT, Some(2))],
        ..Default::default()
    };
    let opset =
        |domain: &str, version| OperatorSetIdProto { domain: Some(domain.into()), version: Some(version) };
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![opset("", 17), opset("ai.onnx.ml", 3)],
        graph: Some(graph),
        ..Default::default()
    }
    .encode_to_vec()
}

/// Bytes that start at a multiple of 8.
fn aligned(bytes: &[u8]) -> Vec<u64> {
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<_, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    words
}

fn score(c: &mut Criterion) {
    let runtime = std::env::var_os("ALTLAS_ORT_LIB").map(|path| {
        Runtime::load(Path::new(&path), &RuntimeOptions { threads: 1, ..RuntimeOptions::default() }).unwrap()
    });
    let models = [
        ("boosted 300 trees of 31 leaves, 20 columns", trees(300, 31, 20), 20),
        ("boosted 300 trees of 64 leaves, 20 columns", trees(300, 64, 20), 20),
        ("forest 100 trees of 1000 leaves, 20 columns", trees(100, 1000, 20), 20),
        ("linear 20 columns", linear(20), 20),
        ("logistic 20 columns", logistic(20), 20),
    ];
    for (name, onnx, width) in models {
        let mut random = Random(9);
        let single: Vec<f32> = (0..ROWS * width).map(|_| random.next()).collect();
        let rows: Vec<f64> = single.iter().map(|x| f64::from(*x)).collect();
        let flat = aligned(&compile(&onnx).unwrap());
        let bytes = bytemuck::cast_slice(&flat);
        let program = Program::open(bytes).unwrap();
        let mut scratch = program.scratch();
        println!("{name}: flat form of {} KB", bytes.len() / 1024);
        let mut group = c.benchmark_group(name);
        group.bench_function("open", |b| b.iter(|| Program::open(black_box(bytes)).unwrap().width()));
        group.throughput(Throughput::Elements(ROWS as u64));
        group.bench_function("row by row", |b| {
            b.iter(|| {
                for row in rows.chunks_exact(width) {
                    program.score(black_box(row), &[], &mut scratch).unwrap();
                    black_box(scratch.numbers(0));
                }
            });
        });
        group.bench_function("set", |b| {
            b.iter(|| {
                let each = |_, scratch: &altlas_score::Scratch| {
                    black_box(scratch.numbers(0));
                };
                program.score_rows(black_box(&rows), ROWS, &mut scratch, each).unwrap();
            });
        });
        if let Some(runtime) = &runtime {
            let session = Session::open(runtime, &onnx).unwrap();
            let tensor = [Tensor::f32("features", &[ROWS, width], &single)];
            group.bench_function("ONNX Runtime, one batch, one thread", |b| {
                b.iter(|| session.run(black_box(&tensor), &[], &StopHandle::new()).unwrap());
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(3))
        .warm_up_time(std::time::Duration::from_millis(500));
    targets = score
}
criterion_main!(benches);
