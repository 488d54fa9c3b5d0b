//! Models that other libraries exported pass the checks and give what those libraries predict.
//! The files are made by `scripts/reference/onnx_models.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};

use altlas_onnx::{Limits, check};
use altlas_proto::{DataType, Tensor};
use altlas_runtime::{Session, StopHandle};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Reference {
    inputs: Vec<Given>,
    outputs: Vec<Given>,
}

#[derive(Deserialize)]
struct Given {
    name: String,
    dtype: DataType,
    shape: Vec<usize>,
    values: Vec<Value>,
}

impl Given {
    fn tensor(&self) -> Tensor {
        let floats = || self.values.iter().map(|v| v.as_f64().unwrap_or(f64::NAN));
        let ints = || self.values.iter().map(|v| v.as_i64().unwrap());
        let (name, shape) = (&self.name, &self.shape);
        match self.dtype {
            DataType::F32 => Tensor::f32(name, shape, &floats().map(|v| v as f32).collect::<Vec<_>>()),
            DataType::F64 => Tensor::f64(name, shape, &floats().collect::<Vec<_>>()),
            DataType::I64 => Tensor::i64(name, shape, &ints().collect::<Vec<_>>()),
            DataType::String => Tensor::strings(
                name,
                shape,
                &self.values.iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>(),
            ),
            other => panic!("no reference has {other:?}"),
        }
    }
}

fn models() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut models: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.retain(|path| path.extension().is_some_and(|e| e == "onnx"));
    models.sort();
    assert!(models.len() >= 14, "{} models", models.len());
    models
}

#[test]
fn the_checks_accept_them() {
    for model in models() {
        let reference: Reference =
            serde_json::from_slice(&std::fs::read(model.with_extension("json")).unwrap()).unwrap();
        let checked = check(&std::fs::read(&model).unwrap(), &Limits::default());
        let checked = checked.unwrap_or_else(|e| panic!("{}: {e}", model.display()));
        let inputs: Vec<_> = checked.inputs.iter().map(|p| &p.name).collect();
        let expected: Vec<_> = reference.inputs.iter().map(|p| &p.name).collect();
        assert_eq!(inputs, expected, "{}", model.display());
        assert!(!checked.operators.is_empty() && !checked.producer.is_empty());
    }
}

#[test]
fn results_agree_with_the_libraries() {
    let Some(runtime) = common::runtime() else { return };
    for model in models() {
        let name = model.file_stem().unwrap().to_str().unwrap();
        let reference: Reference =
            serde_json::from_slice(&std::fs::read(model.with_extension("json")).unwrap()).unwrap();
        let session = Session::open(runtime, &std::fs::read(&model).unwrap()).unwrap();
        let inputs: Vec<Tensor> = reference.inputs.iter().map(Given::tensor).collect();
        let got = session.run(&inputs, &[], &StopHandle::new()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(got.len(), session.signature().outputs.len());
        for (got, port) in got.iter().zip(&session.signature().outputs) {
            assert_eq!((&got.spec.name, Some(got.spec.dtype)), (&port.name, port.dtype), "{name}");
        }
        let mut furthest = 0.0f64;
        for expected in reference.outputs.iter().map(Given::tensor) {
            let outputs: Vec<_> = got.iter().map(|t| &t.spec.name).collect();
            let got = got.iter().find(|t| t.spec.name == expected.spec.name);
            let got =
                got.unwrap_or_else(|| panic!("{name}: {:?} is not among {outputs:?}", expected.spec.name));
            assert_eq!(got.spec.shape, expected.spec.shape, "{name} {}", got.spec.name);
            if expected.spec.dtype == DataType::String {
                assert_eq!(got.as_strings(), expected.as_strings(), "{name}");
                continue;
            }
            for (got, expected) in got.to_f64().unwrap().iter().zip(expected.to_f64().unwrap()) {
                let distance = (got - expected).abs() / expected.abs().max(1.0);
                assert!(distance <= 1e-5, "{name}: {got}, expected {expected}");
                furthest = furthest.max(distance);
            }
        }
        println!("{name}: furthest {furthest:.1e}");
    }
}
