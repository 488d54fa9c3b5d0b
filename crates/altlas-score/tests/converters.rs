//! Graphs that the usual converters write give what ONNX Runtime gives, also for rows at the edges.
//! The files are made by `scripts/reference/score_models.py`; those of altlas-runtime are compared too.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};

use altlas_runtime::Session;
use altlas_score::{Input, InputType, Program, ScoreError};
use common::{Random, Rows};

fn models() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut models = vec![];
    for folder in ["tests/data", "../altlas-runtime/tests/data"] {
        let entries = std::fs::read_dir(here.join(folder)).unwrap();
        models.extend(entries.map(|entry| entry.unwrap().path()));
    }
    models.retain(|path| path.extension().is_some_and(|e| e == "onnx"));
    models.sort();
    assert!(models.len() >= 80, "{} models", models.len());
    models
}

/// Values near the training data of the models (multiples of 1/8 up to 5), in part exactly on thresholds, and edges.
fn value(random: &mut Random, input: &Input, edges: bool) -> f64 {
    if input.dtype == InputType::I64 {
        return random.below(9) as f64 - 1.0;
    }
    if edges && random.below(3) == 0 {
        let edges = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-42, -1e-45, 1e30, -1e18];
        return random.of(&edges);
    }
    let eighths = (random.below(80) as f32 - 40.0) / 16.0;
    f64::from(match random.below(4) {
        0 => eighths.next_up(),
        1 => eighths.next_down(),
        2 => random.float() * 5.0,
        _ => eighths,
    })
}

fn rows(program: &Program, random: &mut Random, count: usize, edges: bool) -> Rows {
    let mut rows = Rows { numbers: vec![], texts: vec![], count };
    for _ in 0..count {
        for input in program.inputs() {
            for _ in 0..input.columns {
                if input.dtype == InputType::String {
                    rows.texts.push(random.of(&["İzmir", "Bonn", "Ankara", "a", "b", "", "zz"]).to_owned());
                } else {
                    rows.numbers.push(value(random, input, edges));
                }
            }
        }
    }
    rows
}

#[test]
fn results_are_those_of_the_runtime() {
    let Some(runtime) = common::runtime() else { return };
    let mut refused = vec![];
    let mut failures = vec![];
    for model in models() {
        let name = model.file_stem().unwrap().to_str().unwrap().to_owned();
        let onnx = std::fs::read(&model).unwrap();
        let Ok(session) = Session::open(runtime, &onnx) else {
            println!("{name}: the runtime refuses it");
            continue;
        };
        let result = common::with_program(&onnx, |program| {
            for edges in [false, true] {
                let rows = rows(program, &mut Random(7), 400, edges);
                let (ours, theirs) =
                    (common::ours(program, &rows).unwrap(), common::theirs(&session, program, &rows));
                match common::compare(program, &rows, &ours, &theirs, |row| {
                    common::open(program, &theirs.together, row)
                }) {
                    Ok(furthest) => println!("{name}: furthest {furthest:.2} of 1e-5"),
                    Err(fault) => failures.push(format!("{name}, edges {edges}: {fault}")),
                }
            }
        });
        match result {
            Ok(()) => {}
            Err(ScoreError::Unsupported { what }) => refused.push(format!("{name}: {what}")),
            Err(e) => failures.push(format!("{name}: {e}")),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    println!("{refused:#?}");
}
