//! Models in use when the engine crashes. Needs ONNX Runtime (`ALTLAS_ORT_LIB`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;

use altlas_proto::{CrashList, FailureKind, Reply, Request, join};
use common::{Client, Place, kind_of, model, wait_until};
use rustix::process::Signal;

/// A run of the model that takes for ever, once the engine has marked it.
fn runs_for_ever(place: &Place, name: &str) -> Client {
    let mut client = place.connect();
    let (inputs, payload) = join(&model::turns(i64::MAX));
    client.send(
        &Request::Run { model: name.to_owned(), inputs, outputs: vec![], providers: vec![], of: None },
        &payload,
    );
    let words = name
        .as_bytes()
        .chunks(16)
        .map(|digits| u64::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap());
    // 3 stands for a run.
    let mark: Vec<u8> = [3].into_iter().chain(words).flat_map(u64::to_ne_bytes).collect();
    wait_until("the run began", || {
        let marks = fs::read(place.file("quarantine/running")).unwrap();
        marks.windows(mark.len()).any(|bytes| bytes == mark)
    });
    client
}

/// The engine ends by the signal, and the next one is told.
fn ends(place: &mut Place, by: Signal) {
    place.signal(by);
    let signal = place.ended().signal().unwrap();
    assert_eq!(signal, by.as_raw());
    // After the two options of the runtime.
    place.options.truncate(2);
    place.options.extend(["--ended-by".to_owned(), signal.to_string()]);
    place.start();
}

fn known(place: &Place) -> CrashList {
    CrashList::parse(&fs::read(place.file(CrashList::FILE)).unwrap()).unwrap()
}

#[test]
fn a_model_that_ends_the_engine_twice_is_refused_until_it_is_released() {
    let Some(mut place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let (bad, good) = (client.upload(&model::slow()), client.upload(&model::scale(2.0, 0)));
    let mut lost = runs_for_ever(&place, &bad);
    ends(&mut place, Signal::ABORT);
    assert!(lost.closed());
    // Once may be chance.
    let mut client = place.connect();
    client.run(&bad, &model::turns(1)).unwrap();
    let _lost = runs_for_ever(&place, &bad);
    ends(&mut place, Signal::ABORT);
    let mut client = place.connect();
    for _ in 0..2 {
        let Reply::Failed(failure) = client.run(&bad, &model::turns(1)).unwrap_err() else { panic!() };
        assert_eq!(failure.kind, FailureKind::Quarantined);
        assert!(failure.detail.unwrap().contains("2 times"));
        let describe = client.refused(&Request::Describe { model: bad.clone(), providers: vec![] }, &[]);
        assert_eq!(describe.kind, FailureKind::Quarantined);
    }
    client.run(&good, &[model::features(1.0)]).unwrap();
    assert!(client.status().notes.iter().any(|note| note.contains("in quarantine")));
    assert_eq!(known(&place).models[&bad].crashes, 2);
    let release = Request::Release { model: bad.clone() };
    assert_eq!(client.ask(&release, &[]).0, Reply::Released { found: true });
    assert_eq!(client.ask(&release, &[]).0, Reply::Released { found: false });
    client.run(&bad, &model::turns(1)).unwrap();
    assert!(known(&place).models.is_empty());
    assert_eq!(
        kind_of(&client.ask(&Request::Release { model: "x".into() }, &[]).0),
        FailureKind::BadParameter
    );
}

#[test]
fn of_several_in_use_none_is_blamed_and_each_runs_alone_for_a_while() {
    let Some(mut place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let other = client.upload(&model::scale(2.0, 0));
    // The same graph with another description is another model.
    let names: Vec<String> =
        (0..2u8).map(|n| client.upload(&[model::slow(), vec![0x32, 1, b'0' + n]].concat())).collect();
    let _lost: Vec<Client> = names.iter().map(|name| runs_for_ever(&place, name)).collect();
    ends(&mut place, Signal::ABORT);
    let known_now = known(&place);
    assert_eq!(known_now.models.len(), 2);
    assert!(known_now.models.values().all(|crashes| crashes.crashes == 0 && crashes.alone > 0));
    let mut client = place.connect();
    for _ in 0..known_now.models[&names[0]].alone {
        client.run(&names[0], &model::turns(1)).unwrap();
    }
    assert_eq!(known(&place).models.keys().collect::<Vec<_>>(), [&names[1]]);
    // A suspect that takes for ever keeps others out for some seconds only.
    let _endless = runs_for_ever(&place, &names[1]);
    client.run(&other, &[model::features(1.0)]).unwrap();
}

#[test]
fn an_engine_that_was_killed_blames_nobody() {
    let Some(mut place) = Place::with_runtime(&[]) else {
        return;
    };
    let name = place.connect().upload(&model::slow());
    for _ in 0..3 {
        let _lost = runs_for_ever(&place, &name);
        ends(&mut place, Signal::KILL);
    }
    place.connect().run(&name, &model::turns(1)).unwrap();
    assert!(known(&place).models.is_empty());
}
