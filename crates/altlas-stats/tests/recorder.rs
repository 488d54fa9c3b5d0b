//! The recorder: exact counts, samples that stand for the rest, and nothing kept of what was handed over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

use std::rc::Rc;

use altlas_stats::{Answer, Key, ModelStats, Recorder, Tally, Ticket, decode_batch};

fn taken(recorder: &mut Recorder) -> Vec<(Key, ModelStats)> {
    decode_batch(&recorder.take()).unwrap()
}

fn row(recorder: &mut Recorder, ticket: Ticket, inputs: &[f64], value: f64) {
    if recorder.row(ticket) {
        recorder.sample(ticket, inputs, &Answer { value: Some(value), ..Answer::default() });
    }
}

/// A call of one row.
fn call(recorder: &mut Recorder, ticket: Ticket, tally: &Rc<Tally>, inputs: &[f64], nanoseconds: u64) {
    let started = tally.is_due();
    if tally.count() {
        return;
    }
    row(recorder, ticket, inputs, 1.0);
    recorder.call(ticket, started.then_some(nanoseconds));
    recorder.lend(ticket, tally);
}

#[test]
fn few_calls_are_seen_in_full() {
    let mut recorder = Recorder::new();
    let ticket = recorder.ticket(Ticket::default(), "m/1", "a").unwrap();
    let tally = Rc::default();
    for n in 0..100 {
        call(&mut recorder, ticket, &tally, &[f64::from(n), -1.0], 1000);
        assert!(tally.is_due());
    }
    assert!(recorder.note_time(77));
    let [(key, stats)] = taken(&mut recorder).try_into().unwrap();
    assert_eq!((key.model_version.as_str(), key.sha256.as_str()), ("m/1", "a"));
    assert_eq!((stats.calls, stats.rows, stats.last_us, stats.latency.count()), (100, 100, 77, 100));
    assert_eq!((stats.features[0].count, stats.features[0].max, stats.score.max), (100, 99.0, 1.0));
    assert!(!recorder.note_time(78) && taken(&mut recorder).is_empty());
}

#[test]
fn of_many_rows_every_256th_stands_for_all() {
    let mut recorder = Recorder::new();
    let ticket = recorder.ticket(Ticket::default(), "m/1", "a").unwrap();
    let tallies = [Rc::default(), Rc::default()];
    for n in 0..100_000u32 {
        // The model is resolved anew by each statement.
        let tally = &tallies[(n / 20_000 % 2) as usize];
        call(&mut recorder, ticket, tally, &[f64::from(n)], 500);
    }
    let [(_, stats)] = taken(&mut recorder).try_into().unwrap();
    let feature = &stats.features[0];
    assert_eq!((stats.calls, stats.rows), (100_000, 100_000));
    assert!(feature.sampled > 600 && feature.sampled < 700, "{}", feature.sampled);
    assert!(feature.count > 99_700 && feature.count <= 100_000, "{}", feature.count);
    assert_eq!(stats.latency.count(), feature.count);
    let median = feature.quantile(0.5).unwrap();
    assert!((median - 50_000.0).abs() < 1500.0, "{median}");
}

#[test]
fn what_is_counted_elsewhere_is_added_before_anything_is_told() {
    let mut recorder = Recorder::new();
    let ticket = recorder.ticket(Ticket::default(), "m/1", "a").unwrap();
    let tally = Rc::default();
    (0..300).for_each(|_| call(&mut recorder, ticket, &tally, &[1.0], 5));
    assert!(!tally.is_due());
    assert!(recorder.note_time(7) && tally.is_due());
    (0..10).for_each(|_| call(&mut recorder, ticket, &tally, &[1.0], 5));
    recorder.failed(ticket, "22P02");
    let [(_, stats)] = taken(&mut recorder).try_into().unwrap();
    assert_eq!((stats.calls, stats.rows), (311, 310));
    assert!(tally.is_due());
}

#[test]
fn rows_and_calls_are_counted_apart() {
    let mut recorder = Recorder::new();
    let ticket = recorder.ticket(Ticket::default(), "m/1", "a").unwrap();
    (0..1000).for_each(|_| row(&mut recorder, ticket, &[], 0.0));
    recorder.call(ticket, Some(9));
    recorder.failed(ticket, "22P02");
    let [(_, stats)] = taken(&mut recorder).try_into().unwrap();
    assert_eq!((stats.calls, stats.rows, stats.errors["22P02"]), (2, 1000, 1));
}

#[test]
fn a_call_that_was_broken_off_has_a_time_too() {
    let mut recorder = Recorder::new();
    let ticket = recorder.ticket(Ticket::default(), "m/1", "a").unwrap();
    row(&mut recorder, ticket, &[], 0.0);
    assert!(recorder.note_time(5) && recorder.note_time(9));
    let [(_, stats)] = taken(&mut recorder).try_into().unwrap();
    assert_eq!((stats.calls, stats.rows, stats.last_us), (0, 1, 5));
}

#[test]
fn places_are_bounded_and_become_free() {
    let mut recorder = Recorder::new();
    let tickets: Vec<_> =
        (0..40).map(|n| recorder.ticket(Ticket::default(), &format!("m/{n}"), "a")).collect();
    assert_eq!(tickets.iter().filter(|t| t.is_some()).count(), 32);
    recorder.call(tickets[5].unwrap(), None);
    assert_eq!(taken(&mut recorder).len(), 1);
    // The place moved: a ticket of before is looked up again.
    let again = recorder.ticket(tickets[5].unwrap(), "m/5", "a").unwrap();
    recorder.call(again, None);
    assert!(recorder.ticket(Ticket::default(), "m/39", "a").is_some());
    let [(key, stats)] = taken(&mut recorder).try_into().unwrap();
    assert_eq!((key.model_version.as_str(), stats.calls), ("m/5", 1));
}
