//! Models through the server: loading, running, stopping. Needs ONNX Runtime (`ALTLAS_ORT_LIB`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::fs;
use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use altlas_engine::Digest;
use altlas_proto::{DataType, FailureKind, Reply, Request, Tensor, join};
use common::{Client, Place, kind_of, model, wait_until};
use rustix::process::Signal;

fn needs(reply: Reply) -> bool {
    matches!(reply, Reply::NeedModel { .. })
}

fn scaled(client: &mut Client, model: &str, value: f32) -> Result<f32, Reply> {
    client.run(model, &[model::features(value)]).map(|outputs| {
        assert_eq!(outputs[0].spec.name, "variable");
        outputs[0].as_f32().unwrap()[0]
    })
}

#[test]
fn a_model_is_asked_for_once_then_runs() {
    let Some(mut place) = Place::with_runtime(&[]) else {
        return;
    };
    let bytes = model::scale(3.0, 0);
    let name = Digest::of(&bytes).to_string();
    let mut client = place.connect();
    assert!(needs(scaled(&mut client, &name, 1.0).unwrap_err()));
    assert!(needs(client.ask(&Request::Describe { model: name.clone(), providers: vec![] }, &[]).0));
    client.upload(&bytes);
    assert_eq!(scaled(&mut client, &name, 2.0).unwrap(), 6.0);
    assert_eq!(scaled(&mut place.connect(), &name, -1.5).unwrap(), -4.5);
    let Reply::Signature(signature) =
        client.ask(&Request::Describe { model: name.clone(), providers: vec![] }, &[]).0
    else {
        panic!()
    };
    assert_eq!(signature.inputs[0].name, "features");
    assert_eq!(
        (signature.inputs[0].dtype, &signature.inputs[0].shape[..]),
        (Some(DataType::F32), &[None, Some(1)][..])
    );
    let status = client.status();
    assert_eq!(status.models_loaded, 1);
    assert!(status.memory_bytes > bytes.len() as u64 && status.memory_bytes <= status.memory_budget_bytes);
    assert!(!status.runtime_version.is_empty());
    assert_eq!(status.providers, ["cpu"]);
    // After a restart the file is there still.
    place.signal(Signal::TERM);
    assert_eq!(place.ended().code(), Some(0));
    place.start();
    assert_eq!(scaled(&mut place.connect(), &name, 2.0).unwrap(), 6.0);
}

#[test]
fn what_does_not_fit_is_refused_and_the_connection_goes_on() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let name = client.upload(&model::scale(3.0, 0));
    let wrong = Tensor::f32("features", &[1, 2], &[1.0, 2.0]);
    assert_eq!(kind_of(&client.run(&name, &[wrong]).unwrap_err()), FailureKind::BadInput);
    assert_eq!(kind_of(&client.run(&name, &[]).unwrap_err()), FailureKind::BadInput);
    assert_eq!(kind_of(&client.run("nonsense", &[]).unwrap_err()), FailureKind::BadParameter);
    let (inputs, payload) = join(&[model::features(1.0)]);
    let ask = |outputs: &[&str]| Request::Run {
        model: name.clone(),
        inputs: inputs.clone(),
        outputs: outputs.iter().map(|o| (*o).to_owned()).collect(),
        providers: vec![],
        of: None,
    };
    assert_eq!(client.refused(&ask(&["other"]), &payload).kind, FailureKind::BadParameter);
    assert_eq!(client.refused(&ask(&[]), &payload[1..]).kind, FailureKind::BadInput);
    let junk = client.upload(b"no model at all");
    assert_eq!(kind_of(&client.run(&junk, &[]).unwrap_err()), FailureKind::BadModel);
    assert_eq!(scaled(&mut client, &name, 2.0).unwrap(), 6.0);
    assert_eq!(client.status().models_loaded, 1);
}

#[test]
fn built_in_models_need_no_upload() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let bytes = model::scale(5.0, 0);
    let name = Digest::of(&bytes).to_string();
    fs::write(place.dir.path().join(format!("models/{name}.onnx")), &bytes).unwrap();
    assert_eq!(scaled(&mut place.connect(), &name, 2.0).unwrap(), 10.0);
}

#[test]
fn a_damaged_file_is_removed_and_asked_for() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let bytes = model::scale(3.0, 0);
    let name = client.upload(&bytes);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    fs::write(place.cached(&name), &damaged).unwrap();
    assert!(needs(scaled(&mut client, &name, 2.0).unwrap_err()));
    assert!(!place.cached(&name).exists());
    client.upload(&bytes);
    assert_eq!(scaled(&mut client, &name, 2.0).unwrap(), 6.0);
}

#[test]
fn memory_stays_within_its_budget() {
    // A model of 500 kB counts for about 1.3 MB: two fit.
    let Some(place) = Place::with_runtime(&["--memory-budget", "3000000"]) else {
        return;
    };
    let mut client = place.connect();
    let names: Vec<String> = (1..=5u8).map(|n| client.upload(&model::scale(f32::from(n), 500_000))).collect();
    for _ in 0..2 {
        for (name, factor) in names.iter().zip(1u8..) {
            assert_eq!(scaled(&mut client, name, 1.0).unwrap(), f32::from(factor));
            let status = client.status();
            assert!(status.memory_bytes <= status.memory_budget_bytes && status.models_loaded <= 2);
        }
    }
    // A file that came another way than by upload is refused before it is read.
    let bytes = model::scale(1.0, 3_000_000);
    let name = Digest::of(&bytes).to_string();
    fs::write(place.cached(&name), &bytes).unwrap();
    assert_eq!(kind_of(&scaled(&mut client, &name, 1.0).unwrap_err()), FailureKind::Resources);
}

/// What the process takes in bytes, as the kernel counts it.
fn resident(place: &Place) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", place.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn the_process_stays_within_the_budget_too() {
    const BUDGET: u64 = 64 << 20;
    let Some(place) = Place::with_runtime(&["--memory-budget", &BUDGET.to_string()]) else {
        return;
    };
    let mut client = place.connect();
    // What the runtime takes once, with its first model, is not the models'.
    let first = client.upload(&model::matrix(16, 0, false));
    client.run(&first, &[model::ones(16)]).unwrap();
    let before = resident(&place);
    // Of 4 MiB in memory and more: all of them would take 200 MiB.
    for short in [false, true] {
        for seed in 0..25 {
            let name = client.upload(&model::matrix(1024, seed, short));
            client.run(&name, &[model::ones(1024)]).unwrap();
            let (status, grown) = (client.status(), resident(&place).saturating_sub(before));
            assert!(status.memory_bytes <= BUDGET && status.models_loaded > 1, "{status:?}");
            // A model that is opened takes more for a moment, and the C library keeps some of it.
            assert!(grown <= BUDGET + (24 << 20), "{grown} bytes beyond {before}, {status:?}");
        }
    }
}

#[test]
fn fifty_clients_share_one_copy() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let bytes = model::scale(2.0, 100_000);
    let name = Digest::of(&bytes).to_string();
    thread::scope(|scope| {
        for n in 0..50u8 {
            let (place, bytes, name) = (&place, &bytes, &name);
            scope.spawn(move || {
                let mut client = place.connect();
                for turn in 0..20u8 {
                    let value = f32::from(n) + f32::from(turn) / 32.0;
                    let found = scaled(&mut client, name, value).or_else(|reply| {
                        assert!(needs(reply));
                        client.upload(bytes);
                        scaled(&mut client, name, value)
                    });
                    assert_eq!(found.unwrap(), value * 2.0);
                }
            });
        }
    });
    let status = place.connect().status();
    assert_eq!((status.models_loaded, status.queue_depth), (1, 0));
}

/// The name of a model, a client whose run of it takes for ever, and one that waits for its turn behind that.
fn runs_for_ever(place: &Place) -> (String, Client, Client) {
    let mut runner = place.connect();
    let name = runner.upload(&model::slow());
    runner.run(&name, &model::turns(10)).unwrap();
    let ask = |client: &mut Client, count| {
        let (inputs, payload) = join(&model::turns(count));
        client.send(
            &Request::Run { model: name.clone(), inputs, outputs: vec![], providers: vec![], of: None },
            &payload,
        );
    };
    ask(&mut runner, i64::MAX);
    loop {
        let mut waiting = place.connect();
        ask(&mut waiting, 1);
        waiting.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        // An answer means that it was faster than the run that takes for ever.
        if waiting.stream.read(&mut [0]).is_err() {
            waiting.stream.set_read_timeout(None).unwrap();
            return (name, runner, waiting);
        }
    }
}

#[test]
fn the_run_of_a_client_that_left_is_stopped() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let (name, runner, waiting) = runs_for_ever(&place);
    let mut other = place.connect();
    let fast = other.upload(&model::scale(2.0, 0));
    assert_eq!(scaled(&mut other, &fast, 2.0).unwrap(), 4.0, "another model is not kept waiting");
    assert_eq!(other.status().queue_depth, 1);
    drop(waiting);
    wait_until("the waiting client left", || other.status().queue_depth == 0);
    let before = Instant::now();
    drop(runner);
    other.run(&name, &model::turns(10)).unwrap();
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    assert_eq!(other.status().models_loaded, 2);
}

#[test]
fn a_run_does_not_delay_the_end() {
    let Some(mut place) = Place::with_runtime(&[]) else {
        return;
    };
    let (_, mut runner, mut waiting) = runs_for_ever(&place);
    let before = Instant::now();
    place.signal(Signal::TERM);
    assert_eq!(place.ended().code(), Some(0));
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    assert_eq!(runner.failure().kind, FailureKind::Cancelled);
    assert_eq!(waiting.failure().kind, FailureKind::Cancelled);
}
