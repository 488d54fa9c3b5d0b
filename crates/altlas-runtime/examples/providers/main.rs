//! Runs an encoder and an ensemble of trees on the processor and on a device, and prints rates and ratios:
//! `make bench-gpu`, or `cargo run --release -p altlas-runtime --example providers [PROVIDER [ENCODER.onnx [TREES.onnx]]]`
//! with `ALTLAS_ORT_LIB`, a build of ONNX Runtime that has the provider. Models not given are made here.
//! Without a device it says so and prints the processor's figures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may"
)]

mod models;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use altlas_proto::{DataType, PortInfo, Tensor};
use altlas_runtime::{Runtime, RuntimeOptions, Session, StopHandle};

/// Tokens of a text.
const LENGTH: usize = 64;
/// Rows of a run, for texts and for the rest: the last is about what the engine joins at most on a device.
const TEXTS: [usize; 3] = [1, 32, 256];
const ROWS: [usize; 3] = [1, 512, 4096];
const AT_LEAST: Duration = Duration::from_secs(2);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let provider = arguments.next().unwrap_or_else(|| "cuda".to_owned());
    let mut model = |made: fn() -> Vec<u8>| {
        let path = arguments.next().map(PathBuf::from);
        path.map_or_else(made, |path| std::fs::read(path).expect("the model can be read"))
    };
    let models = [("encoder", model(models::encoder)), ("ensemble of trees", model(models::trees))];
    let Some(library) = std::env::var_os("ALTLAS_ORT_LIB") else {
        println!("ALTLAS_ORT_LIB does not name the ONNX Runtime library");
        return;
    };
    let options = RuntimeOptions { providers: vec![provider.clone()], ..RuntimeOptions::default() };
    let runtime = Runtime::load(library.as_ref(), &options).expect("ONNX Runtime can be loaded");
    println!("ONNX Runtime {}, providers {}", runtime.version(), runtime.providers().join(", "));
    for note in runtime.notes() {
        println!("{note}");
    }
    let device = runtime.providers().contains(&provider);
    if !device {
        println!("no {provider} here: figures of the processor only");
    }
    println!("\n{:<20}{:>8}{:>16}{:>16}{:>10}", "model", "rows", "cpu rows/s", "device rows/s", "ratio");
    for (name, bytes) in models {
        let open = |providers: &[String]| {
            let session = Session::open_on(&runtime, &runtime.select(providers).unwrap(), &bytes).unwrap();
            session.notes().iter().for_each(|note| println!("{name}: {note}"));
            session
        };
        let processor = open(&["cpu".to_owned()]);
        let on_device = device.then(|| open(std::slice::from_ref(&provider)));
        let takes_text = processor.signature().inputs.iter().any(|port| port.dtype == Some(DataType::I64));
        for rows in if takes_text { TEXTS } else { ROWS } {
            let inputs: Vec<Tensor> =
                processor.signature().inputs.iter().map(|port| input(port, rows)).collect();
            let base = rate(&processor, &inputs, rows);
            print!("{name:<20}{rows:>8}{base:>16.0}");
            match &on_device {
                Some(session) => {
                    let rate = rate(session, &inputs, rows);
                    println!("{rate:>16.0}{:>10.2}", rate / base);
                }
                None => println!("{:>16}{:>10}", "-", "-"),
            }
        }
    }
}

/// Rows a second, from and to the processor's memory.
fn rate(session: &Session, inputs: &[Tensor], rows: usize) -> f64 {
    let stop = StopHandle::new();
    let run = || drop(session.run(inputs, &[], &stop).unwrap());
    run();
    let (begun, mut runs) = (Instant::now(), 0);
    while begun.elapsed() < AT_LEAST {
        run();
        runs += 1;
    }
    (runs * rows) as f64 / begun.elapsed().as_secs_f64()
}

/// Something for an input: ids below 1000, ones for masks, fractions.
fn input(port: &PortInfo, rows: usize) -> Tensor {
    let others = port.shape.iter().skip(1).map(|d| d.unwrap_or(LENGTH));
    let shape: Vec<usize> = std::iter::once(rows).chain(others).collect();
    let count = shape.iter().product();
    let numbers = (0..count).map(|n: usize| n * 7919 % 1000);
    match port.dtype {
        Some(DataType::I64) if port.name.contains("mask") => Tensor::i64(&port.name, &shape, &vec![1; count]),
        Some(DataType::I64) if port.name.contains("type") => Tensor::i64(&port.name, &shape, &vec![0; count]),
        Some(DataType::I64) => {
            Tensor::i64(&port.name, &shape, &numbers.map(|n| n as i64).collect::<Vec<_>>())
        }
        Some(DataType::F32) => {
            Tensor::f32(&port.name, &shape, &numbers.map(|n| n as f32 / 1000.0).collect::<Vec<_>>())
        }
        Some(DataType::F64) => {
            Tensor::f64(&port.name, &shape, &numbers.map(|n| n as f64 / 1000.0).collect::<Vec<_>>())
        }
        other => panic!("input {:?} is of type {other:?}", port.name),
    }
}
