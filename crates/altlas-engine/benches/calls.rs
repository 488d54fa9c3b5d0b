//! What a call costs beside the model, and what joining calls gains, as clients of the socket see it.
//!
//! `cargo bench -p altlas-engine --bench calls`, with `ALTLAS_ORT_LIB`. Prints; compare within one run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark may"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::thread;
use std::time::{Duration, Instant};

use altlas_proto::{Request, Tensor, join};
use altlas_runtime::{Runtime, RuntimeOptions, Session, StopHandle};
use common::{Place, model};

const CLIENTS: usize = 20;
const PERIOD: Duration = Duration::from_secs(3);

/// Models by name, a small one and two that are larger.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let mlp = concat!(env!("CARGO_MANIFEST_DIR"), "/../altlas-runtime/tests/data/sklearn_mlp.onnx");
    vec![
        ("mlp of scikit-learn", std::fs::read(mlp).unwrap()),
        ("dense 256 x 8", model::dense(256, 8, None)),
        ("dense 768 x 12", model::dense(768, 12, None)),
    ]
}

/// Median of calls, one after the other, for a second.
fn timed(mut call: impl FnMut()) -> f64 {
    (0..50).for_each(|_| call());
    let (begun, mut took) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_secs(1) {
        let asked = Instant::now();
        call();
        took.push(asked.elapsed());
    }
    took.sort();
    took[took.len() / 2].as_secs_f64() * 1e6
}

fn main() {
    let Some(library) = common::runtime() else {
        return;
    };
    let options = RuntimeOptions { threads: 2, ..RuntimeOptions::default() };
    let runtime = Runtime::load(&library, &options).unwrap();
    let stop = StopHandle::new();
    for (case, bytes) in cases() {
        let session = Session::open(&runtime, &bytes).unwrap();
        let port = &session.signature().inputs[0];
        let width = port.shape[1].unwrap();
        let input = |seed: usize| Tensor::f32(&port.name, &[1, width], &vec![seed as f32 / 50.0; width]);
        println!("{case}");
        let alone = timed(|| drop(session.run(&[input(1)], &[], &stop).unwrap()));
        println!("  the model alone, one row        {alone:9.1} us");
        for rows in ["1", "512"] {
            let place = Place::with_runtime(&["--threads", "2", "--batch-rows", rows]).unwrap();
            let mut client = place.connect();
            let name = client.upload(&bytes);
            if rows == "1" {
                let status = timed(|| drop(client.status()));
                println!("  a round trip without a model    {status:9.1} us");
                let (inputs, payload) = join(&[input(1)]);
                let request = Request::Run {
                    model: name.clone(),
                    inputs,
                    outputs: vec![],
                    providers: vec![],
                    of: None,
                };
                let call = timed(|| drop(client.ask(&request, &payload)));
                println!(
                    "  a call, one client              {call:9.1} us, {:.1} over the model",
                    call - alone
                );
            }
            let before = client.status();
            let mut took: Vec<Duration> = thread::scope(|scope| {
                let clients: Vec<_> = (0..CLIENTS)
                    .map(|seed| {
                        let (place, name, input) = (&place, &name, input(seed));
                        scope.spawn(move || {
                            let mut client = place.connect();
                            let (inputs, payload) = join(&[input]);
                            let request = Request::Run {
                                model: name.clone(),
                                inputs,
                                outputs: vec![],
                                providers: vec![],
                                of: None,
                            };
                            let (begun, mut took) = (Instant::now(), Vec::new());
                            while begun.elapsed() < PERIOD {
                                let asked = Instant::now();
                                client.ask(&request, &payload);
                                took.push(asked.elapsed());
                            }
                            took
                        })
                    })
                    .collect();
                clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
            });
            let after = client.status();
            took.sort();
            let at = |share: f64| took[(took.len() as f64 * share) as usize].as_secs_f64() * 1e6;
            println!(
                "  {CLIENTS} clients, {} {:9.0} calls/s, p50 {:7.0} us, p99 {:7.0} us, {:.1} calls a run",
                if rows == "1" { "not joined       " } else { "joined           " },
                took.len() as f64 / PERIOD.as_secs_f64(),
                at(0.5),
                at(0.99),
                (after.calls - before.calls) as f64 / (after.runs - before.runs) as f64,
            );
        }
    }
}
