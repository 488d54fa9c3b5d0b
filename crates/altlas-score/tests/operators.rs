//! Each operator of `ai.onnx` that is compiled gives what ONNX Runtime gives, NaN and infinities included.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use altlas_onnx::proto::AttributeProto;
use altlas_score::{InputType, Program, ScoreError};
use common::graph::*;
use common::{Random, Rows};

fn rows(program: &Program) -> Rows {
    let random = &mut Random(3);
    let mut rows = Rows { numbers: vec![], texts: vec![], count: 80 };
    for row in 0..rows.count {
        for input in program.inputs() {
            for _ in 0..input.columns {
                let edges = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-42, 1e30];
                rows.numbers.push(match input.dtype {
                    InputType::I64 => random.below(9) as f64 - 4.0,
                    InputType::Bool => random.below(2) as f64,
                    _ if row % 4 == 0 => random.of(&edges),
                    _ if row % 4 == 1 => random.below(13) as f64 / 2.0 - 3.0,
                    _ => f64::from(random.float() * 3.0),
                });
            }
        }
    }
    rows
}

/// Compiles and compares, or fails.
fn same(name: &str, onnx: &[u8]) {
    let Some(runtime) = common::runtime() else { return };
    altlas_runtime::Session::open(runtime, onnx).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    match common::check(onnx, rows) {
        Ok(Some(_)) => {}
        Ok(None) => panic!("{name} is not compiled"),
        Err(fault) => panic!("{name}: {fault}"),
    }
}

#[test]
fn functions_of_one_number() {
    let all = [
        "Abs",
        "Ceil",
        "Exp",
        "Floor",
        "Log",
        "Neg",
        "Reciprocal",
        "Relu",
        "Sigmoid",
        "Sign",
        "Softplus",
        "Sqrt",
        "Tanh",
        "Identity",
    ];
    for op in all {
        for kind in [FLOAT, DOUBLE] {
            // The runtime has no kernel for some of them.
            if kind == DOUBLE && ["Sigmoid", "Softplus", "Tanh"].contains(&op) {
                continue;
            }
            let graph = Graph::default().input("x", kind, 3).op(op, &["x"], &["y"], vec![]);
            same(op, &graph.output("y", kind).finish());
        }
    }
    for op in ["Abs", "Neg", "Sign"] {
        let graph = Graph::default().input("x", INT64, 3).op(op, &["x"], &["y"], vec![]);
        same(op, &graph.output("y", INT64).finish());
    }
    for op in ["IsNaN", "IsInf"] {
        let graph = Graph::default().input("x", FLOAT, 3).op(op, &["x"], &["y"], vec![]);
        same(op, &graph.output("y", BOOL).finish_with(20, 3));
    }
}

#[test]
fn functions_of_two_numbers() {
    for op in ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"] {
        for (name, kind) in [("float", FLOAT), ("double", DOUBLE), ("int", INT64)] {
            if kind == INT64 && ["Div", "Pow"].contains(&op) {
                continue;
            }
            let constant = |dims: &[usize], n: usize| match kind {
                FLOAT => f32s(dims, &[1.5, -2.0, 0.5][..n]),
                DOUBLE => f64s(dims, &[1.5, -2.0, 0.5][..n]),
                _ => i64s(dims, &[1, -2, 3][..n]),
            };
            let graph = Graph::default()
                .input("x", kind, 3)
                .input("z", kind, 1)
                .constant("row", constant(&[3], 3))
                .constant("one", constant(&[1, 1], 1))
                .constant("scalar", constant(&[], 1))
                .op(op, &["x", "row"], &["a"], vec![])
                .op(op, &["one", "x"], &["b"], vec![])
                .op(op, &["x", "scalar"], &["c"], vec![])
                .op(op, &["x", "z"], &["d"], vec![])
                .op(op, &["z", "row"], &["e"], vec![]);
            let graph = ["a", "b", "c", "d", "e"].iter().fold(graph, |g, name| g.output(name, kind));
            same(&format!("{op} {name}"), &graph.finish());
        }
    }
    let graph = Graph::default()
        .input("x", FLOAT, 3)
        .input("z", FLOAT, 3)
        .op("Sum", &["x", "z", "x"], &["a"], vec![])
        .op("Mean", &["x", "z"], &["b"], vec![])
        .op("Max", &["x", "z", "x"], &["c"], vec![]);
    same("many", &graph.output("a", FLOAT).output("b", FLOAT).output("c", FLOAT).finish());
}

#[test]
fn comparisons_and_choices() {
    for op in ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"] {
        for kind in [FLOAT, DOUBLE, INT64] {
            let graph = Graph::default()
                .input("x", kind, 3)
                .input("z", kind, 3)
                .op(op, &["x", "z"], &["c"], vec![])
                .op("Not", &["c"], &["n"], vec![])
                .op("Where", &["c", "x", "z"], &["w"], vec![])
                .op("Cast", &["c"], &["f"], vec![int("to", i64::from(FLOAT))])
                .op("Xor", &["c", "n"], &["r"], vec![])
                .op("Or", &["c", "n"], &["o"], vec![])
                .op("And", &["c", "n"], &["a"], vec![]);
            let graph = ["c", "n", "r", "o", "a"].iter().fold(graph, |g, name| g.output(name, BOOL));
            same(op, &graph.output("w", kind).output("f", FLOAT).finish());
        }
    }
    let bounds = Graph::default()
        .input("x", FLOAT, 3)
        .constant("low", f32s(&[], &[-1.0]))
        .constant("high", f32s(&[], &[0.5]))
        .op("Clip", &["x", "low", "high"], &["a"], vec![])
        .op("Clip", &["x", "", "high"], &["b"], vec![])
        .op("Clip", &["x", "low"], &["c"], vec![]);
    same("Clip", &bounds.output("a", FLOAT).output("b", FLOAT).output("c", FLOAT).finish());
}

#[test]
fn conversions() {
    let types = [FLOAT, DOUBLE, INT64, 6, BOOL];
    for from in [FLOAT, DOUBLE, INT64, BOOL] {
        let mut graph = Graph::default().input("x", from, 2);
        for to in types {
            let name = format!("to{to}");
            graph = graph.op("Cast", &["x"], &[&name], vec![int("to", i64::from(to))]).output(&name, to);
        }
        let onnx = graph.finish();
        // Numbers out of range and NaN have no defined whole number: only what has one is compared.
        let plain = |program: &Program| {
            let mut rows = rows(program);
            rows.numbers.iter_mut().for_each(|x| *x = if x.abs() < 1e6 { *x } else { 2.5 });
            rows
        };
        assert!(common::check(&onnx, plain).unwrap().is_some() || common::runtime().is_none());
    }
}

fn reduction(op: &str, kind: i32, axes: bool, keep: i64) -> Vec<u8> {
    let mut attributes: Vec<AttributeProto> = vec![int("keepdims", keep)];
    let mut graph = Graph::default().input("x", kind, 4);
    // Only ReduceSum had its axes as an input in version 13.
    let inputs: &[&str] = if axes {
        graph = graph.constant("axes", i64s(&[1], &[1]));
        &["x", "axes"]
    } else {
        attributes.push(ints("axes", vec![-1]));
        &["x"]
    };
    graph.op(op, inputs, &["y"], attributes).output("y", kind).finish_with(if axes { 18 } else { 12 }, 3)
}

#[test]
fn reductions() {
    let all = [
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp",
        "ReduceMean",
        "ReduceProd",
        "ReduceSum",
        "ReduceSumSquare",
    ];
    for op in all {
        same(op, &reduction(op, FLOAT, true, 1));
        same(op, &reduction(op, FLOAT, false, 0));
        same(op, &reduction(op, DOUBLE, true, 0));
    }
    for op in ["ReduceMax", "ReduceMin", "ReduceSum"] {
        same(op, &reduction(op, INT64, true, 0));
    }
    for op in ["ReduceMax", "ReduceMin"] {
        // The runtime's result with NaN depends on where it is.
        let calm = |program: &Program| {
            let mut rows = rows(program);
            rows.numbers.iter_mut().for_each(|x| *x = if x.is_nan() { 0.25 } else { *x });
            rows
        };
        for onnx in [reduction(op, FLOAT, true, 1), reduction(op, DOUBLE, false, 0)] {
            assert!(common::check(&onnx, calm).unwrap().is_some() || common::runtime().is_none());
        }
    }
    for op in ["Softmax", "LogSoftmax"] {
        for (axis, version) in [(1, 12), (-1, 18)] {
            let graph = Graph::default().input("x", FLOAT, 4).op(op, &["x"], &["y"], vec![int("axis", axis)]);
            same(op, &graph.output("y", FLOAT).finish_with(version, 3));
        }
    }
    for op in ["ArgMax", "ArgMin"] {
        for kind in [FLOAT, DOUBLE] {
            let attributes = vec![int("axis", 1), int("keepdims", 0)];
            // With several columns equal edges are common: the whole-number input has no NaN.
            let graph = Graph::default()
                .input("x", INT64, 4)
                .op("Cast", &["x"], &["f"], vec![int("to", i64::from(kind))])
                .op(op, &["f"], &["y"], attributes);
            same(op, &graph.output("y", INT64).finish());
        }
    }
    let graph = Graph::default()
        .input("x", INT64, 5)
        .op("Cast", &["x"], &["f"], vec![int("to", i64::from(FLOAT))])
        .constant("k", i64s(&[1], &[3]))
        .constant("axis", i64s(&[], &[1]))
        .op("TopK", &["f", "k"], &["v", "i"], vec![int("axis", -1)])
        .op("TopK", &["f", "k"], &["v2", "i2"], vec![int("axis", -1), int("largest", 0)])
        .op("GatherElements", &["f", "i"], &["g"], vec![int("axis", 1)])
        .op("CumSum", &["f", "axis"], &["c"], vec![]);
    let graph = ["v", "v2", "g", "c"].iter().fold(graph, |g, name| g.output(name, FLOAT));
    same("TopK", &graph.output("i", INT64).output("i2", INT64).finish());
}

#[test]
fn shapes() {
    let graph = Graph::default()
        .input("x", FLOAT, 6)
        .constant("columns", i64s(&[3], &[5, 0, -3]))
        .constant("one", i64s(&[], &[2]))
        .constant("cube", i64s(&[3], &[-1, 2, 3]))
        .constant("flat", i64s(&[2], &[0, -1]))
        .constant("pairs", i64s(&[2], &[2, 4]))
        .constant("starts", i64s(&[1], &[4]))
        .constant("ends", i64s(&[1], &[-7]))
        .constant("axes", i64s(&[1], &[1]))
        .constant("steps", i64s(&[1], &[-2]))
        .op("Gather", &["x", "columns"], &["gathered"], vec![int("axis", 1)])
        .op("Gather", &["x", "one"], &["column"], vec![int("axis", 1)])
        .op("Unsqueeze", &["column", "axes"], &["unsqueezed"], vec![])
        .op("Squeeze", &["unsqueezed", "axes"], &["squeezed"], vec![])
        .op("Reshape", &["x", "cube"], &["cubed"], vec![])
        .op("Transpose", &["cubed"], &["turned"], vec![ints("perm", vec![0, 2, 1])])
        .op("Reshape", &["turned", "flat"], &["turned_flat"], vec![])
        .op("ReduceSum", &["cubed", "axes"], &["inner"], vec![int("keepdims", 0)])
        .op("Flatten", &["cubed"], &["flattened"], vec![])
        .op("Slice", &["x", "starts", "ends", "axes", "steps"], &["sliced"], vec![])
        .op("Split", &["x", "pairs"], &["first", "second"], vec![int("axis", 1)])
        .op("Concat", &["second", "gathered", "x"], &["joined"], vec![int("axis", -1)])
        .op("Concat", &["cubed", "cubed"], &["stacked"], vec![int("axis", 2)])
        .op("Reshape", &["stacked", "flat"], &["stacked_flat"], vec![])
        .op("Transpose", &["x"], &["across"], vec![])
        .op("Transpose", &["across"], &["back"], vec![])
        .op("Shape", &["x"], &["shape"], vec![])
        .op("ConstantOfShape", &["shape"], &["ones"], vec![tensor("value", f32s(&[1], &[1.5]))])
        .op("Add", &["ones", "x"], &["more"], vec![])
        .op("Expand", &["unsqueezed", "shape"], &["wide"], vec![])
        .constant("picked", i64s(&[3], &[5, 0, 3]))
        .ml("ArrayFeatureExtractor", &["x", "picked"], &["extracted"], vec![])
        .ml("FeatureVectorizer", &["x", "gathered"], &["vector"], vec![ints("inputdimensions", vec![6, 3])]);
    let outputs = [
        "gathered",
        "column",
        "squeezed",
        "turned_flat",
        "inner",
        "flattened",
        "sliced",
        "first",
        "second",
        "joined",
        "stacked_flat",
        "back",
        "more",
        "wide",
        "extracted",
        "vector",
    ];
    let graph = outputs.iter().fold(graph, |g, name| g.output(name, FLOAT));
    same("shapes", &graph.finish());
}

#[test]
fn products() {
    let graph = Graph::default()
        .input("x", FLOAT, 3)
        .input("d", DOUBLE, 3)
        .constant("m", f32s(&[3, 2], &[0.5, -1.0, 0.25, 2.0, -0.5, 1.0]))
        .constant("t", f32s(&[2, 3], &[0.5, -1.0, 0.25, 2.0, -0.5, 1.0]))
        .constant("w", f64s(&[3, 1], &[0.5, -1.0, 0.25]))
        .constant("v", f32s(&[3], &[0.5, -1.0, 0.25]))
        .constant("c", f32s(&[2], &[1.0, -3.0]))
        .op("MatMul", &["x", "m"], &["a"], vec![])
        .op("MatMul", &["d", "w"], &["b"], vec![])
        .op("MatMul", &["x", "v"], &["e"], vec![])
        .op("Gemm", &["x", "m", "c"], &["g"], vec![float("alpha", 0.5), float("beta", -2.0)])
        .op("Gemm", &["x", "t", "g"], &["h"], vec![int("transB", 1)]);
    let graph = ["a", "e", "g", "h"].iter().fold(graph, |g, name| g.output(name, FLOAT));
    same("products", &graph.output("b", DOUBLE).finish());
}

#[test]
fn constants_are_folded() {
    let graph = Graph::default()
        .input("x", FLOAT, 2)
        .constant("l", f32s(&[2, 2], &[-0.5, -1.0, -0.25, -2.0]))
        .op("Exp", &["l"], &["p"], vec![])
        .constant("one", f32s(&[], &[1.0]))
        .op("Sub", &["one", "p"], &["q"], vec![])
        .op("Log", &["q"], &["n"], vec![])
        .op("MatMul", &["x", "n"], &["y"], vec![]);
    same("folding", &graph.output("y", FLOAT).finish());
}

#[test]
fn rows_that_the_runtime_refuses() {
    let graph = Graph::default().input("x", FLOAT, 2).ml("Binarizer", &["x"], &["y"], vec![]);
    let binary = graph.output("y", FLOAT).finish();
    let categories = vec![ints("cats_int64s", vec![1, 2]), int("zeros", 0)];
    let graph = Graph::default().input("x", FLOAT, 2).ml("OneHotEncoder", &["x"], &["y"], categories);
    let known = graph.output("y", FLOAT).finish();
    let table = f32s(&[2], &[0.5, 1.5]);
    let graph = Graph::default().input("x", INT64, 2).constant("t", table);
    let index = graph.op("Gather", &["t", "x"], &["y"], vec![]).output("y", FLOAT).finish();
    for (onnx, good, bad) in [
        (binary, [0.5, -1.0], [0.5, f64::NAN]),
        (known, [2.0, 1.0], [2.0, 3.0]),
        (index, [1.0, -2.0], [0.0, 2.0]),
    ] {
        common::with_program(&onnx, |program| {
            let mut scratch = program.scratch();
            assert_eq!(program.score(&bad, &[], &mut scratch), Err(ScoreError::Row));
            assert_eq!(program.score(&good, &[], &mut scratch), Ok(()));
        })
        .unwrap();
        if let Some(runtime) = common::runtime() {
            let session = altlas_runtime::Session::open(runtime, &onnx).unwrap();
            let rows = |numbers: &[f64]| Rows { numbers: numbers.to_vec(), texts: vec![], count: 1 };
            common::with_program(&onnx, |program| {
                assert!(common::runs(&session, program, &rows(&good)));
                assert!(!common::runs(&session, program, &rows(&bad)));
            })
            .unwrap();
        }
    }
}
