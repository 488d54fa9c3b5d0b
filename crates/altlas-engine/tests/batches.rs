//! Calls of several clients in one run. Needs ONNX Runtime (`ALTLAS_ORT_LIB`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::io::Read as _;
use std::thread;
use std::time::Duration;

use altlas_proto::{FailureKind, Reply, Request, Tensor, join};
use common::{Client, Place, kind_of, model, wait_until};

const CLIENTS: usize = 20;
const WIDTH: usize = 64;
/// A row through so many layers of so many numbers takes some milliseconds.
const LARGE: (usize, usize) = (512, 300);

fn ask(model: &str, inputs: &[Tensor]) -> (Request, Vec<u8>) {
    let (inputs, payload) = join(inputs);
    (Request::Run { model: model.to_owned(), inputs, outputs: vec![], providers: vec![], of: None }, payload)
}

/// Equal but for sums in another order.
fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs().max(1.0))
}

/// Many clients at once, each with rows of its own; each answer must be what the client gets alone.
fn all_at_once(place: &Place, name: &str, width: usize, turns: usize) {
    let rows = |client: usize, turn: usize| -> Vec<usize> {
        (0..1 + (client + turn) % 3).map(|n| client * 1000 + turn * 10 + n).collect()
    };
    let run = |client: &mut Client, seeds: &[usize]| {
        client.run(name, &[model::dense_rows(width, seeds)]).unwrap()[0].as_f32().unwrap()
    };
    let together: Vec<Vec<Vec<f32>>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                scope.spawn(move || {
                    let mut client = place.connect();
                    (0..turns).map(|turn| run(&mut client, &rows(number, turn))).collect()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let mut client = place.connect();
    for (number, answers) in together.iter().enumerate() {
        for (turn, answer) in answers.iter().enumerate() {
            assert!(close(answer, &run(&mut client, &rows(number, turn))), "client {number}, turn {turn}");
        }
    }
}

#[test]
fn joined_calls_get_what_single_ones_get() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let name = client.upload(&model::dense(WIDTH, 40, None));
    all_at_once(&place, &name, WIDTH, 30);
    let status = client.status();
    assert!(status.runs < status.calls, "{} runs for {} calls", status.runs, status.calls);
    assert_eq!(status.queue_depth, 0);
}

#[test]
fn a_wait_for_others_fills_the_runs() {
    let Some(place) = Place::with_runtime(&["--batch-wait", "5000"]) else {
        return;
    };
    let mut client = place.connect();
    let name = client.upload(&model::dense(WIDTH, 40, None));
    all_at_once(&place, &name, WIDTH, 10);
    let status = client.status();
    assert!(status.runs < status.calls);
}

#[test]
fn a_crowd_before_a_large_model_gets_lanes_while_there_is_memory() {
    let (width, layers) = LARGE;
    for (budget, copies) in [("1000000000", 3), ("16000000", 1)] {
        let Some(place) = Place::with_runtime(&["--threads", "2", "--memory-budget", budget]) else {
            return;
        };
        let mut client = place.connect();
        let name = client.upload(&model::dense(width, layers, None));
        client.run(&name, &[model::dense_rows(width, &[1])]).unwrap();
        let one = client.status().memory_bytes;
        all_at_once(&place, &name, width, 12);
        assert_eq!(client.status().memory_bytes, copies * one, "with {budget} bytes");
    }
}

#[test]
fn what_cannot_be_joined_runs_alone() {
    for (options, rows) in [(&["--batch-rows", "1"][..], None), (&[][..], Some(1))] {
        let Some(place) = Place::with_runtime(options) else {
            return;
        };
        let mut client = place.connect();
        let name = client.upload(&model::dense(WIDTH, 10, rows));
        thread::scope(|scope| {
            for number in 0..8 {
                let (place, name) = (&place, &name);
                scope.spawn(move || {
                    let mut client = place.connect();
                    for turn in 0..20 {
                        let inputs = [model::dense_rows(WIDTH, &[number * 100 + turn])];
                        assert_eq!(client.run(name, &inputs).unwrap()[0].spec.shape, [1, WIDTH]);
                    }
                });
            }
        });
        let status = client.status();
        assert_eq!((status.calls, status.runs), (160, 160));
    }
}

#[test]
fn rows_that_depend_on_their_neighbours_never_get_those_of_others() {
    let Some(place) = Place::with_runtime(&["--batch-wait", "2000"]) else {
        return;
    };
    let name = place.connect().upload(&model::centred());
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (place, name) = (&place, &name);
            scope.spawn(move || {
                let mut client = place.connect();
                for turn in 0..20 {
                    let (low, high) = (number as f32, (number + turn) as f32);
                    let x = Tensor::f32("x", &[2, 1], &[low, high]);
                    let y = client.run(name, &[x]).unwrap()[0].as_f32().unwrap();
                    assert!(close(&y, &[(low - high) / 2.0, (high - low) / 2.0]), "{y:?}");
                }
            });
        }
    });
}

#[test]
fn a_bad_row_fails_its_own_client_only() {
    let Some(place) = Place::with_runtime(&["--batch-wait", "2000"]) else {
        return;
    };
    let name = place.connect().upload(&model::look_up());
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (place, name) = (&place, &name);
            scope.spawn(move || {
                let mut client = place.connect();
                for turn in 0..20i64 {
                    let index = (number as i64 + turn) % 3;
                    if number == 7 {
                        let failed = client.run(name, &[Tensor::i64("x", &[1], &[9 + index])]).unwrap_err();
                        assert_eq!(kind_of(&failed), FailureKind::BadInput);
                        continue;
                    }
                    let y = client.run(name, &[Tensor::i64("x", &[1], &[index])]).unwrap();
                    assert_eq!(y[0].as_f32().unwrap(), [10.0 * (index + 1) as f32]);
                }
            });
        }
    });
}

#[test]
fn clients_that_leave_do_not_harm_those_they_were_joined_with() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let name = place.connect().upload(&model::dense(WIDTH, 200, None));
    let expected = |seed| {
        let answer = place.connect().run(&name, &[model::dense_rows(WIDTH, &[seed])]).unwrap();
        answer[0].as_f32().unwrap()
    };
    let expected: Vec<_> = (0..CLIENTS).map(expected).collect();
    thread::scope(|scope| {
        for (number, expected) in expected.iter().enumerate() {
            let (place, name) = (&place, &name);
            scope.spawn(move || {
                let inputs = [model::dense_rows(WIDTH, &[number])];
                let mut client = place.connect();
                for turn in 0..30 {
                    if (number + turn) % 4 == 0 {
                        let (request, payload) = ask(name, &inputs);
                        client.send(&request, &payload);
                        client = place.connect();
                    } else {
                        let answer = client.run(name, &inputs).unwrap();
                        assert!(close(&answer[0].as_f32().unwrap(), expected));
                    }
                }
            });
        }
    });
    let mut client = place.connect();
    wait_until("nobody waits", || client.status().queue_depth == 0);
}

#[test]
fn a_full_queue_is_told() {
    let Some(place) = Place::with_runtime(&["--max-queue", "2"]) else {
        return;
    };
    let mut runner = place.connect();
    let name = runner.upload(&model::slow());
    let (request, payload) = ask(&name, &model::turns(i64::MAX));
    runner.send(&request, &payload);
    let mut other = place.connect();
    wait_until("the model is loaded", || other.status().models_loaded == 1);
    let (request, payload) = ask(&name, &model::turns(1));
    let mut waiting: Vec<Client> = Vec::new();
    while waiting.len() < 2 {
        let mut client = place.connect();
        client.send(&request, &payload);
        client.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        // An answer means that it was faster than the run that takes for ever.
        if client.stream.read(&mut [0]).is_err() {
            client.stream.set_read_timeout(None).unwrap();
            waiting.push(client);
        }
    }
    assert_eq!(other.status().queue_depth, 2);
    let refused = other.refused(&request, &payload);
    assert_eq!(refused.kind, FailureKind::Resources);
    assert!(refused.detail.is_some() && refused.hint.unwrap().contains("altlas.max_queue"));
    let fast = other.upload(&model::scale(2.0, 0));
    assert!(other.run(&fast, &[model::features(2.0)]).is_ok(), "whoever need not wait is not refused");
    drop(waiting.pop());
    wait_until("a place in the queue", || other.status().queue_depth == 1);
    drop(runner);
    assert!(matches!(waiting[0].receive().0, Reply::Outputs { .. }));
    assert!(matches!(other.ask(&request, &payload).0, Reply::Outputs { .. }));
}

#[test]
fn a_model_may_ask_for_its_providers() {
    let Some(place) = Place::with_runtime(&["--providers", "cuda,cpu", "--device-memory", "1000000000"])
    else {
        return;
    };
    let mut client = place.connect();
    let name = client.upload(&model::scale(3.0, 0));
    let on = |providers: &[&str]| {
        let (inputs, payload) = join(&[model::features(2.0)]);
        let providers = providers.iter().map(|p| (*p).to_owned()).collect();
        (Request::Run { model: name.clone(), inputs, outputs: vec![], providers, of: None }, payload)
    };
    for providers in [&[][..], &["cpu"], &["cuda", "cpu"], &["webgpu"]] {
        let (request, payload) = on(providers);
        assert!(matches!(client.ask(&request, &payload).0, Reply::Outputs { .. }), "{providers:?}");
    }
    let (request, payload) = on(&["abacus"]);
    let refused = client.refused(&request, &payload);
    assert_eq!((refused.kind, refused.message.contains("abacus")), (FailureKind::BadParameter, true));
    let status = client.status();
    if status.providers == ["cpu"] {
        assert_eq!(status.models_loaded, 1, "without a device, all are one session");
        assert!(status.notes.iter().any(|note| note.contains("cuda")), "{:?}", status.notes);
    }
}
