//! Statistics through the server. Needs ONNX Runtime (`ALTLAS_ORT_LIB`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::thread;

use altlas_engine::Digest;
use altlas_proto::{Origin, Reply, Request, Tensor, join};
use altlas_stats::{Key, ModelStats, decode_batch};
use common::{Client, Place, kind_of, model};

fn run(client: &mut Client, model: &str, of: Option<&str>, inputs: &[Tensor]) -> Reply {
    let (inputs, payload) = join(inputs);
    let of = of.map(|name| Origin { database: 5, model_version: name.into(), features: true });
    client
        .ask(
            &Request::Run { model: model.to_owned(), inputs, outputs: vec![], providers: vec![], of },
            &payload,
        )
        .0
}

fn report(client: &mut Client, database: u32, take: bool) -> Vec<(Key, ModelStats)> {
    let (reply, payload) = client.ask(&Request::Stats { database, take }, &[]);
    assert_eq!(reply, Reply::Stats);
    let mut read = decode_batch(&payload).unwrap();
    read.sort_by(|(a, _), (b, _)| a.cmp(b));
    read
}

#[test]
fn every_call_of_every_client_is_counted_once() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let bytes = model::scale(2.0, 0);
    let name = Digest::of(&bytes).to_string();
    let mut client = place.connect();
    // Asked for, given, then run: one call.
    assert!(matches!(run(&mut client, &name, Some("m/1"), &[model::features(0.5)]), Reply::NeedModel { .. }));
    client.upload(&bytes);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (place, name) = (&place, &name);
            scope.spawn(move || {
                let mut client = place.connect();
                for n in 0..50 {
                    let rows = Tensor::f32("features", &[3, 1], &[n as f32, 1.0, -1.0]);
                    let of = if thread == 3 { "m@other/7" } else { "m/1" };
                    let reply = run(&mut client, name, Some(of), &[rows]);
                    assert!(matches!(reply, Reply::Outputs { .. }), "{reply:?}");
                }
            });
        }
    });
    let wrong = run(&mut client, &name, Some("m/1"), &[Tensor::f32("features", &[1, 2], &[1.0, 2.0])]);
    kind_of(&wrong);
    // Without an origin nothing is recorded.
    run(&mut client, &name, None, &[model::features(0.5)]);
    assert!(report(&mut client, 6, true).is_empty());
    let seen = report(&mut client, 5, false);
    assert_eq!(seen, report(&mut client, 5, true), "looking changes nothing");
    let [(first, stats), (second, other)] = seen.try_into().unwrap();
    assert_eq!((first.model_version.as_str(), second.model_version.as_str()), ("m/1", "m@other/7"));
    assert_eq!((first.sha256.as_str(), first.sha256.len()), (name.as_str(), 64));
    assert_eq!((stats.calls, stats.rows, stats.errors["bad_input"]), (151, 450, 1));
    assert_eq!((other.calls, other.rows, other.errors.len()), (50, 150, 0));
    assert_eq!((stats.latency.count(), stats.batches.count()), (150, 150));
    // Runs of one call's three rows, or of those of several clients' calls.
    assert!([3, 6, 9, 12].contains(&stats.batches.max()), "{}", stats.batches.max());
    let (feature, score) = (&stats.features[0], &stats.score);
    assert_eq!((feature.count, feature.min, feature.max), (450, -1.0, 49.0));
    assert_eq!((score.count, score.min, score.max), (450, -2.0, 98.0));
    assert!((score.mean - 2.0 * feature.mean).abs() < 1e-9);
    assert!(report(&mut client, 5, true).is_empty(), "taken is gone");
}
