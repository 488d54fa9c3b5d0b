//! Random linear models, support vector machines and the encoders around them give what ONNX Runtime gives.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_onnx::proto::AttributeProto;
use altlas_score::{InputType, Program};
use common::graph::*;
use common::{Random, Rows};
use proptest::prelude::*;

/// Not the probit: near ½ the runtime's formula enlarges the last digit of its argument a thousandfold. The ensembles,
/// whose sums are exact, have it.
const POSTS: [&str; 4] = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"];
const TEXTS: [&str; 6] = ["red", "green", "blau", "ğ", "", "no such"];

fn rows(program: &Program, random: &mut Random, edges: bool) -> Rows {
    let mut rows = Rows { numbers: vec![], texts: vec![], count: 50 };
    for _ in 0..rows.count {
        for input in program.inputs() {
            for _ in 0..input.columns {
                match input.dtype {
                    InputType::String => rows.texts.push(random.of(&TEXTS).to_owned()),
                    InputType::I64 => rows.numbers.push(random.below(7) as f64 - 2.0),
                    InputType::Bool => rows.numbers.push(random.below(2) as f64),
                    InputType::F32 | InputType::F64 => rows.numbers.push(number(random, edges)),
                }
            }
        }
    }
    rows
}

fn number(random: &mut Random, edges: bool) -> f64 {
    if edges && random.below(5) == 0 {
        let edges = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-42, 1.0, -1.0, 0.5];
        return random.of(&edges);
    }
    f64::from(match random.below(3) {
        0 => random.below(9) as f32 / 4.0 - 1.0,
        _ => random.float() * 2.0,
    })
}

fn compare(onnx: &[u8], random: &mut Random, edges: bool) -> Result<(), TestCaseError> {
    common::check(onnx, |program| rows(program, random, edges)).map(|_| ()).map_err(TestCaseError::fail)
}

fn some(random: &mut Random, count: usize, scale: f32) -> Vec<f32> {
    (0..count).map(|_| random.float() * scale).collect()
}

/// Up to two steps before a model; the name of the last value.
fn steps(mut graph: Graph, random: &mut Random, width: usize) -> (Graph, String) {
    let mut last = "x".to_owned();
    for n in 0..random.below(3) {
        let next = format!("step{n}");
        let columns = if random.below(3) == 0 { 1 } else { width };
        let (op, attributes): (_, Vec<AttributeProto>) = match random.below(5) {
            0 | 1 => {
                let scale = some(random, columns, 2.0);
                ("Scaler", vec![floats("offset", some(random, columns, 1.0)), floats("scale", scale)])
            }
            2 => {
                let replaced = random.of(&[f32::NAN, 0.5, f32::INFINITY]);
                let values = floats("imputed_value_floats", some(random, columns, 1.0));
                ("Imputer", vec![values, float("replaced_value_float", replaced)])
            }
            3 => ("Normalizer", vec![string("norm", random.of(&["MAX", "L1", "L2"]))]),
            _ => ("Binarizer", vec![float("threshold", random.of(&[0.0, 0.5]))]),
        };
        graph = graph.ml(op, &[&last], &[&next], attributes);
        last = next;
    }
    (graph, last)
}

/// Names of classes as an attribute, and their type.
fn classes(random: &mut Random, count: usize) -> (AttributeProto, i32) {
    if random.below(2) == 0 {
        (strings("classlabels_strings", &["five", "one", "yes", "no", "ğ"][..count]), STRING)
    } else {
        (ints("classlabels_ints", [5, 1, -7, 0, 3][..count].to_vec()), INT64)
    }
}

fn linear(seed: u64) -> Result<(), TestCaseError> {
    let random = &mut Random(seed);
    let width = 1 + random.below(30);
    let results = random.of(&[1, 1, 2, 3, 5]);
    let scale = 3.0 / width as f32;
    let mut attributes = vec![
        floats("coefficients", some(random, results * width, scale)),
        floats("intercepts", some(random, results, 1.0)),
        string("post_transform", random.of(&POSTS)),
    ];
    let graph = Graph::default().input("x", FLOAT, width);
    let (graph, last) = steps(graph, random, width);
    let onnx = if random.below(2) == 0 {
        attributes.push(int("targets", results as i64));
        graph.ml("LinearRegressor", &[&last], &["y"], attributes).output("y", FLOAT).finish()
    } else {
        let (labels, kind) = classes(random, results.max(2));
        attributes.push(labels);
        let graph = graph.ml("LinearClassifier", &[&last], &["label", "scores"], attributes);
        graph.output("label", kind).output("scores", FLOAT).finish()
    };
    // A Binarizer refuses NaN, which then may come from any step before it.
    let edges = random.below(2) == 0 && !onnx.windows(9).any(|part| part == b"Binarizer");
    compare(&onnx, random, edges)
}

fn svm(seed: u64) -> Result<(), TestCaseError> {
    let random = &mut Random(seed);
    let (width, count) = (1 + random.below(6), 2 + random.below(4));
    let parameters = vec![0.1 + random.float().abs(), random.float(), random.of(&[2.0, 3.0, 4.0])];
    let mut attributes = vec![
        string("kernel_type", random.of(&["LINEAR", "POLY", "RBF", "SIGMOID"])),
        floats("kernel_params", parameters),
    ];
    let graph = Graph::default().input("x", FLOAT, width);
    let (graph, last) = steps(graph, random, width);
    let onnx = if random.below(2) == 0 {
        let supports = 1 + random.below(20);
        attributes.extend([
            floats("coefficients", some(random, supports, 0.5)),
            floats("support_vectors", some(random, supports * width, 1.0)),
            floats("rho", some(random, 1, 1.0)),
            int("n_supports", supports as i64),
            int("one_class", random.below(2) as i64),
        ]);
        graph.ml("SVMRegressor", &[&last], &["y"], attributes).output("y", FLOAT).finish()
    } else {
        let per_class: Vec<i64> = (0..count).map(|_| 1 + random.below(6) as i64).collect();
        let vectors = per_class.iter().sum::<i64>() as usize;
        let pairs = count * (count - 1) / 2;
        let (labels, kind) = classes(random, count);
        attributes.extend([
            labels,
            floats("coefficients", some(random, vectors * (count - 1), 0.5)),
            floats("support_vectors", some(random, vectors * width, 1.0)),
            floats("rho", some(random, pairs, 0.5)),
            ints("vectors_per_class", per_class),
            string("post_transform", random.of(&["NONE", "NONE", "SOFTMAX", "LOGISTIC"])),
        ]);
        if random.below(2) == 0 {
            attributes.push(floats("prob_a", some(random, pairs, 2.0)));
            attributes.push(floats("prob_b", some(random, pairs, 0.5)));
        }
        let graph = graph.ml("SVMClassifier", &[&last], &["label", "scores"], attributes);
        graph.output("label", kind).output("scores", FLOAT).finish()
    };
    compare(&onnx, random, false)
}

fn encoders(seed: u64) -> Result<(), TestCaseError> {
    let random = &mut Random(seed);
    let width = 1 + random.below(3);
    let keys = ["red", "green", "blau", "ğ"];
    let (kind, attributes, op, out) = match random.below(8) {
        0 => (STRING, vec![strings("cats_strings", &keys)], "OneHotEncoder", FLOAT),
        1 => (INT64, vec![ints("cats_int64s", vec![3, -1, 0, 3])], "OneHotEncoder", FLOAT),
        2 => (FLOAT, vec![ints("cats_int64s", vec![1, -1, 0])], "OneHotEncoder", FLOAT),
        3 => {
            let values = vec![strings("keys_strings", &keys), floats("values_floats", some(random, 4, 1.0))];
            (STRING, values, "LabelEncoder", FLOAT)
        }
        4 => {
            let values = vec![strings("keys_strings", &keys), ints("values_int64s", vec![4, 5, 6, 7])];
            (STRING, values, "LabelEncoder", INT64)
        }
        5 => {
            let values = vec![ints("keys_int64s", vec![4, 0, -2]), strings("values_strings", &keys[..3])];
            (INT64, values, "LabelEncoder", STRING)
        }
        6 => {
            let keys = floats("keys_floats", vec![0.5, 0.0, f32::NAN, f32::INFINITY]);
            let values =
                vec![keys, floats("values_floats", some(random, 4, 1.0)), float("default_float", 9.5)];
            (FLOAT, values, "LabelEncoder", FLOAT)
        }
        _ => {
            let values =
                vec![strings("keys_strings", &keys), strings("values_strings", &["a", "b", "c", "d"])];
            (STRING, values, "LabelEncoder", STRING)
        }
    };
    let version = random.of(&[2, 3, 4]);
    // `LabelEncoder` learned in version 4 that NaN is NaN.
    let width = if out == STRING { 1 } else { width };
    let onnx = Graph::default()
        .input("x", kind, width)
        .ml(op, &["x"], &["y"], attributes)
        .output("y", out)
        .finish_with(18, version);
    compare(&onnx, random, true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn linear_models(seed: u64) {
        linear(seed)?;
    }

    #[test]
    fn support_vector_machines(seed: u64) {
        svm(seed)?;
    }

    #[test]
    fn encoders_of_values(seed: u64) {
        encoders(seed)?;
    }
}
