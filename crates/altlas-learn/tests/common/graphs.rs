//! Graphs run by the compiled form and by ONNX Runtime.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::PathBuf;

use altlas_learn::Trained;
use altlas_prep::{Matrix, Table};
use altlas_proto::Tensor;
use altlas_runtime::{Runtime, RuntimeOptions, Session, StopHandle};
use altlas_score::{Program, compile};

/// The runtime named by `ALTLAS_ORT_LIB`; without it only the compiled form is compared.
pub fn runtime() -> Option<Runtime> {
    let path = PathBuf::from(std::env::var_os("ALTLAS_ORT_LIB")?);
    Some(Runtime::load(&path, &RuntimeOptions { threads: 1, ..RuntimeOptions::default() }).unwrap())
}

pub fn features(trained: &Trained, table: &Table) -> Matrix {
    let tabular = trained.document.as_tabular().unwrap();
    let names: Vec<&str> = tabular.columns().iter().map(|c| c.name.as_str()).collect();
    tabular.apply(&table.select(&names).unwrap(), true, &|| ()).unwrap()
}

/// The program's answers, row by row.
pub fn compiled(onnx: &[u8], output: &str, features: &Matrix) -> Vec<Vec<f64>> {
    let flat = compile(onnx).unwrap();
    let mut words = vec![0_u64; flat.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..flat.len()].copy_from_slice(&flat);
    let program = Program::open(&bytemuck::cast_slice(&words)[..flat.len()]).unwrap();
    let at = program.outputs().iter().position(|o| o.name == output).unwrap();
    let mut scratch = program.scratch();
    let rows = features.values.chunks(features.width);
    rows.map(|row| {
        let numbers: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
        program.score(&numbers, &[], &mut scratch).unwrap();
        scratch.numbers(at).to_vec()
    })
    .collect()
}

pub fn run(runtime: &Runtime, onnx: &[u8], output: &str, features: &Matrix) -> Vec<Vec<f64>> {
    let session = Session::open(runtime, onnx).unwrap();
    let input = Tensor::f32("features", &[features.rows, features.width], &features.values);
    let found = session.run(&[input], &[], &StopHandle::new()).unwrap();
    let values = found.iter().find(|t| t.spec.name == output).unwrap();
    let width = values.spec.shape[1];
    values.as_f32().unwrap().chunks(width).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
}

/// The largest difference, in parts of what is allowed.
pub fn furthest(found: &[Vec<f64>], expected: &[Vec<f64>], scale: f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().flatten().zip(expected.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs() / (1e-5 * scale)).fold(0.0, f64::max)
}
