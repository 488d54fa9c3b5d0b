use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

const ROWS: Bounds = Bounds { rows: 64 };

/// Doubles its input; each run waits until the test lets it go, and tells what it was given.
struct Doubler {
    trust: Trust,
    begun: Mutex<Sender<Vec<f32>>>,
    go: Mutex<Receiver<()>>,
    /// Fails a run in which this value is.
    poison: f32,
    /// Adds the sum of all rows: what a row gives depends on the others.
    sums: AtomicBool,
    lanes: usize,
    inside: AtomicUsize,
}

/// The test's end of a [`Doubler`].
struct Hand {
    begun: Receiver<Vec<f32>>,
    go: Sender<()>,
}

impl Hand {
    /// What the next run was given, once it has begun; then it is let go.
    fn next(&self) -> Vec<f32> {
        let given = self.begins();
        self.go.send(()).unwrap();
        given
    }

    fn begins(&self) -> Vec<f32> {
        self.begun.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn doubler(trust: Trust) -> (Doubler, Hand) {
    let ((begun, told), (go, gone)) = (channel(), channel());
    let (begun, going) = (Mutex::new(begun), Mutex::new(gone));
    let model = Doubler {
        trust,
        begun,
        go: going,
        poison: f32::NAN,
        sums: AtomicBool::new(false),
        lanes: 0,
        inside: AtomicUsize::new(0),
    };
    (model, Hand { begun: told, go })
}

impl Run for Doubler {
    fn run(&self, lane: Lane, inputs: &[Tensor], _: &[String], stop: &StopHandle) -> Outcome {
        let beside = self.inside.fetch_add(1, Ordering::SeqCst);
        let most = if lane == Lane::Whole { 0 } else { self.lanes - 1 };
        assert!(beside <= most, "{beside} beside {lane:?}");
        let values = inputs[0].as_f32().unwrap();
        self.begun.lock().unwrap().send(values.clone()).unwrap();
        let go = self.go.lock().unwrap();
        let stopped = loop {
            match go.recv_timeout(Duration::from_millis(1)) {
                Ok(()) => break false,
                Err(_) if stop.is_stopped() => break true,
                Err(_) => {}
            }
        };
        self.inside.fetch_sub(1, Ordering::SeqCst);
        if stopped {
            return Err(cancelled());
        }
        if values.contains(&self.poison) {
            return Err(Failure::new(FailureKind::BadInput, "poisoned"));
        }
        let more = if self.sums.load(Ordering::SeqCst) { values.iter().sum::<f32>() } else { 0.0 };
        let doubled: Vec<f32> = values.iter().map(|v| v * 2.0 + more).collect();
        Ok(vec![Tensor::f32("y", &inputs[0].spec.shape, &doubled)])
    }

    fn trust(&self) -> &Trust {
        &self.trust
    }

    fn lanes(&self) -> usize {
        self.lanes
    }
}

fn batches() -> Batches {
    Batches::new(4, Arc::new(Waiting::new(100)), ROWS, Duration::ZERO)
}

fn rows(values: &[f32]) -> Work {
    let x = Tensor::f32("x", &[values.len()], values);
    Work { inputs: vec![x], outputs: vec![], join: Join::Rows }
}

fn model(n: u8) -> Digest {
    Digest::of(&[n])
}

fn values(outcome: Outcome) -> Vec<f32> {
    outcome.unwrap()[0].as_f32().unwrap()
}

fn waits_for(batches: &Batches, count: u32) {
    while batches.waiting.count() != count {
        thread::yield_now();
    }
}

/// A call in a thread of its own, which is in the line before this returns when `waiting` wait then.
macro_rules! call {
    ($scope:expr, $batches:expr, $model:expr, $call:expr, $values:expr) => {{
        let (batches, model, call, work) = (&$batches, &$model, Arc::clone(&$call), rows(&$values));
        $scope.spawn(move || batches.run(&call, self::model(1), model, work))
    }};
}

#[test]
fn calls_that_wait_together_run_together_and_get_their_own_rows() {
    let (batches, (model, hand)) = (batches(), doubler(Trust::proven()));
    thread::scope(|scope| {
        let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
        assert_eq!(hand.begins(), [1.0]);
        let others: Vec<_> = (2u8..6)
            .map(|n| {
                let value = f32::from(n);
                let waiting =
                    call!(scope, batches, model, Arc::new(Call::new()), vec![value; usize::from(n)]);
                waits_for(&batches, u32::from(n) - 1);
                (value, waiting)
            })
            .collect();
        hand.go.send(()).unwrap();
        assert_eq!(values(first.join().unwrap()), [2.0]);
        assert_eq!(hand.next().len(), 14);
        for (value, waiting) in others {
            assert_eq!(values(waiting.join().unwrap()), vec![value * 2.0; value as usize]);
        }
    });
    assert_eq!((batches.observer().calls(), batches.observer().runs()), (5, 2));
    assert_eq!(batches.waiting.count(), 0);
}

#[test]
fn a_failure_is_that_of_the_call_whose_data_it_comes_from() {
    let (batches, (mut model, hand)) = (batches(), doubler(Trust::proven()));
    model.poison = 3.0;
    thread::scope(|scope| {
        let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
        hand.begins();
        let good = call!(scope, batches, model, Arc::new(Call::new()), [2.0]);
        waits_for(&batches, 1);
        let bad = call!(scope, batches, model, Arc::new(Call::new()), [3.0]);
        waits_for(&batches, 2);
        hand.go.send(()).unwrap();
        assert_eq!([hand.next(), hand.next(), hand.next()], [vec![2.0, 3.0], vec![2.0], vec![3.0]]);
        assert_eq!(values(first.join().unwrap()), [2.0]);
        assert_eq!(values(good.join().unwrap()), [4.0]);
        assert_eq!(bad.join().unwrap().unwrap_err().message, "poisoned");
    });
}

#[test]
fn who_leaves_takes_nobody_along_and_the_last_stops_the_run() {
    let (batches, (model, hand)) = (batches(), doubler(Trust::proven()));
    let [leader, member, waiter] = [(); 3].map(|()| Arc::new(Call::new()));
    thread::scope(|scope| {
        let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
        hand.begins();
        let calls = [(&leader, 2.0), (&member, 3.0), (&waiter, 4.0)].map(|(call, value)| {
            let waits = batches.waiting.count() + 1;
            let thread = call!(scope, batches, model, *call, [value]);
            waits_for(&batches, waits);
            thread
        });
        waiter.leave();
        waits_for(&batches, 2);
        hand.go.send(()).unwrap();
        first.join().unwrap().unwrap();
        assert_eq!(hand.begins(), [2.0, 3.0]);
        leader.leave();
        hand.go.send(()).unwrap();
        let [leader, member, waiter] = calls.map(|thread| thread.join().unwrap());
        assert_eq!(waiter.unwrap_err().kind, FailureKind::Cancelled);
        assert_eq!(values(member), [6.0], "the leader left, its thread went on for the others");
        assert!(leader.is_ok());
    });
    let [one, two] = [(); 2].map(|()| Arc::new(Call::new()));
    thread::scope(|scope| {
        let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
        hand.begins();
        let one_runs = call!(scope, batches, model, one, [2.0]);
        waits_for(&batches, 1);
        let two_runs = call!(scope, batches, model, two, [3.0]);
        waits_for(&batches, 2);
        hand.go.send(()).unwrap();
        first.join().unwrap().unwrap();
        assert_eq!(hand.begins(), [2.0, 3.0]);
        two.leave();
        assert_eq!(two_runs.join().unwrap().unwrap_err().kind, FailureKind::Cancelled, "at once");
        one.leave();
        assert_eq!(one_runs.join().unwrap().unwrap_err().kind, FailureKind::Cancelled);
    });
}

#[test]
fn a_model_whose_rows_depend_on_each_other_is_found_out() {
    let (batches, (model, hand)) = (batches(), doubler(Trust::unproven()));
    model.sums.store(true, Ordering::SeqCst);
    for joins in [true, false] {
        thread::scope(|scope| {
            let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
            hand.begins();
            let one = call!(scope, batches, model, Arc::new(Call::new()), [2.0]);
            waits_for(&batches, 1);
            let two = call!(scope, batches, model, Arc::new(Call::new()), [3.0]);
            waits_for(&batches, 2);
            hand.go.send(()).unwrap();
            if joins {
                // Together, then one alone, which differs; then each alone.
                assert_eq!([hand.next(), hand.next()], [vec![2.0, 3.0], vec![2.0]]);
            }
            assert_eq!([hand.next(), hand.next()], [vec![2.0], vec![3.0]]);
            first.join().unwrap().unwrap();
            assert_eq!(values(one.join().unwrap()), [6.0]);
            assert_eq!(values(two.join().unwrap()), [9.0]);
        });
        assert!(!model.trust.may_join());
    }
}

#[test]
fn joining_is_proven_before_it_is_believed() {
    let (batches, (model, hand)) = (batches(), doubler(Trust::unproven()));
    let pair = |values: [f32; 2], proof: bool| {
        thread::scope(|scope| {
            let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
            hand.begins();
            let [one, two] = values.map(|value| {
                let waits = batches.waiting.count() + 1;
                let thread = call!(scope, batches, model, Arc::new(Call::new()), [value]);
                waits_for(&batches, waits);
                thread
            });
            hand.go.send(()).unwrap();
            assert_eq!(hand.next(), values);
            if proof {
                assert_eq!([hand.next(), hand.next()], values.map(|value| vec![value]));
            }
            for (thread, value) in [first, one, two].into_iter().zip([1.0, values[0], values[1]]) {
                assert_eq!(self::values(thread.join().unwrap()), [value * 2.0]);
            }
        });
    };
    pair([2.0, 2.0], true);
    for _ in 0..3 {
        pair([2.0, 3.0], true);
    }
    pair([2.0, 3.0], false);
}

#[test]
fn large_and_small_calls_take_turns() {
    let (batches, (model, hand)) = (batches(), doubler(Trust::proven()));
    thread::scope(|scope| {
        let mut threads = vec![call!(scope, batches, model, Arc::new(Call::new()), [0.0; 32])];
        hand.begins();
        for (n, length) in [32, 32, 1, 1].into_iter().enumerate() {
            threads.push(call!(scope, batches, model, Arc::new(Call::new()), vec![n as f32; length]));
            waits_for(&batches, n as u32 + 1);
        }
        hand.go.send(()).unwrap();
        let order: Vec<Vec<f32>> = (0..3).map(|_| hand.next()).collect();
        assert_eq!(order, [vec![2.0, 3.0], vec![0.0; 32], vec![1.0; 32]]);
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
}

#[test]
fn one_too_many_is_told_and_other_models_are_not_kept_waiting() {
    let batches = Batches::new(4, Arc::new(Waiting::new(1)), ROWS, Duration::ZERO);
    let ((busy, hand), (idle, other)) = (doubler(Trust::proven()), doubler(Trust::proven()));
    thread::scope(|scope| {
        let first = call!(scope, batches, busy, Arc::new(Call::new()), [1.0]);
        hand.begins();
        let second = call!(scope, batches, busy, Arc::new(Call::new()), [2.0]);
        waits_for(&batches, 1);
        let refused = batches.run(&Arc::new(Call::new()), model(1), &busy, rows(&[3.0])).unwrap_err();
        assert_eq!(refused.kind, FailureKind::Resources);
        assert!(refused.detail.is_some() && refused.hint.unwrap().contains("altlas.max_queue"));
        other.go.send(()).unwrap();
        let free = batches.run(&Arc::new(Call::new()), model(2), &idle, rows(&[3.0]));
        assert_eq!(values(free), [6.0]);
        hand.go.send(()).unwrap();
        hand.next();
        for thread in [first, second] {
            thread.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_fault_in_a_run_reaches_everybody_and_the_line_goes_on() {
    /// Breaks when it is given two rows.
    struct Broken(Doubler);
    impl Run for Broken {
        fn run(&self, lane: Lane, inputs: &[Tensor], outputs: &[String], stop: &StopHandle) -> Outcome {
            assert_eq!(inputs[0].spec.shape, [1], "broken on purpose");
            self.0.run(lane, inputs, outputs, stop)
        }
        fn trust(&self) -> &Trust {
            &self.0.trust
        }
    }
    let (doubler, hand) = doubler(Trust::proven());
    let (batches, model) = (batches(), Broken(doubler));
    thread::scope(|scope| {
        let first = call!(scope, batches, model, Arc::new(Call::new()), [1.0]);
        hand.begins();
        let leader = call!(scope, batches, model, Arc::new(Call::new()), [2.0]);
        waits_for(&batches, 1);
        let member = call!(scope, batches, model, Arc::new(Call::new()), [3.0]);
        waits_for(&batches, 2);
        hand.go.send(()).unwrap();
        first.join().unwrap().unwrap();
        assert!(leader.join().is_err());
        assert_eq!(member.join().unwrap().unwrap_err().kind, FailureKind::Internal);
        let last = call!(scope, batches, model, Arc::new(Call::new()), [4.0]);
        hand.next();
        assert_eq!(values(last.join().unwrap()), [8.0]);
    });
    assert_eq!(batches.waiting.count(), 0);
}

#[test]
fn many_threads_get_their_own_answers() {
    let (begun, _told) = channel();
    let (go, gone) = channel();
    let model = Doubler {
        trust: Trust::unproven(),
        begun: Mutex::new(begun),
        go: Mutex::new(gone),
        poison: -1.0,
        sums: AtomicBool::new(false),
        lanes: 0,
        inside: AtomicUsize::new(0),
    };
    let batches = batches();
    for _ in 0..20_000 {
        go.send(()).unwrap();
    }
    thread::scope(|scope| {
        for n in 0..16u8 {
            let (batches, model) = (&batches, &model);
            scope.spawn(move || {
                for turn in 0..200u8 {
                    let value = f32::from(n) + f32::from(turn) / 256.0;
                    let call = Arc::new(Call::new());
                    if turn % 16 == 7 {
                        call.leave();
                        let outcome = batches.run(&call, self::model(1), model, rows(&[value]));
                        assert_eq!(outcome.unwrap_err().kind, FailureKind::Cancelled);
                        continue;
                    }
                    let outcome = batches.run(&call, self::model(1), model, rows(&[value; 3]));
                    assert_eq!(values(outcome), [value * 2.0; 3]);
                }
            });
        }
    });
    assert_eq!(batches.waiting.count(), 0);
    assert!(batches.observer().runs() <= batches.observer().calls());
}

#[test]
fn token_ids_of_different_lengths_are_filled_up() {
    /// Sums the ids that the mask lets through, a number for each row; and gives each id back as a float.
    struct Encoder {
        trust: Trust,
        shapes: Mutex<Vec<Vec<usize>>>,
        gate: Mutex<Receiver<()>>,
    }
    impl Run for Encoder {
        fn run(&self, _: Lane, inputs: &[Tensor], _: &[String], _: &StopHandle) -> Outcome {
            self.gate.lock().unwrap().recv().unwrap();
            let shape = inputs[0].spec.shape.clone();
            let (ids, mask) = (inputs[0].as_i64().unwrap(), inputs[1].as_i64().unwrap());
            let seen: Vec<f32> = ids.iter().zip(mask).map(|(id, mask)| (id * mask) as f32).collect();
            let sums: Vec<f32> = seen.chunks(shape[1]).map(|row| row.iter().sum()).collect();
            let outputs =
                vec![Tensor::f32("pooled", &[shape[0], 1], &sums), Tensor::f32("states", &shape, &seen)];
            self.shapes.lock().unwrap().push(shape);
            Ok(outputs)
        }
        fn trust(&self) -> &Trust {
            &self.trust
        }
    }
    let text = |ids: &[i64]| {
        let shape = [1, ids.len()];
        let inputs = vec![Tensor::i64("ids", &shape, ids), Tensor::i64("mask", &shape, &vec![1; ids.len()])];
        Work { inputs, outputs: vec![], join: Join::Padded }
    };
    let (go, gate) = channel();
    let encoder = Encoder { trust: Trust::unproven(), shapes: Mutex::default(), gate: Mutex::new(gate) };
    let batches = batches();
    let texts = [vec![1, 2, 3], vec![4, 5, 6, 7], vec![8, 9, 10], vec![11; 40]];
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (n, ids) in [vec![7, 7, 7]].iter().chain(&texts).enumerate() {
            let (batches, encoder, work) = (&batches, &encoder, text(ids));
            threads.push(
                scope.spawn(move || batches.run(&Arc::new(Call::new()), model(1), encoder, work).unwrap()),
            );
            if n == 0 {
                while !batches.line().is_busy(model(1)) {
                    thread::yield_now();
                }
            } else {
                waits_for(batches, n as u32);
            }
        }
        (0..20).for_each(|_| go.send(()).unwrap());
        let answers = threads.into_iter().skip(1).map(|thread| thread.join().unwrap());
        for (answer, ids) in answers.zip(&texts) {
            let states: Vec<f32> = ids.iter().map(|id| *id as f32).collect();
            assert_eq!(answer[0], Tensor::f32("pooled", &[1, 1], &[states.iter().sum()]));
            assert_eq!(answer[1], Tensor::f32("states", &[1, ids.len()], &states));
        }
    });
    let shapes = encoder.shapes.into_inner().unwrap();
    assert!(shapes.contains(&vec![3, 4]), "the three short ones together: {shapes:?}");
    assert!(shapes.contains(&vec![1, 40]) && !shapes.contains(&vec![4, 40]), "{shapes:?}");
}

fn waits(call: &Arc<Call>, lanes: usize) -> Waiter {
    let work = rows(&[1.0]);
    Waiter {
        call: Arc::clone(call),
        model: model(1),
        size: work.size(),
        work,
        bounds: ROWS,
        lanes,
        since: Instant::now(),
        place: None,
    }
}

/// Whole runs of `time` before a crowd of six, until something else begins, 30 at most; how many there were, and what began.
fn runs_before_lanes(lanes: usize, time: Duration) -> (usize, Vec<(Lane, usize)>) {
    let mut line = Line::new(8);
    let calls: Vec<_> = (0..6).map(|_| Arc::new(Call::new())).collect();
    assert_eq!(line.begin(waits(&calls[0], lanes)).ok().flatten().unwrap().lane, Lane::Whole);
    for runs in 1..30 {
        for call in &calls {
            line.push(waits(call, lanes));
        }
        let ended = line.end(model(1), Lane::Whole, time);
        let begun: Vec<_> =
            std::iter::from_fn(|| line.next(ended)).map(|batch| (batch.lane, batch.members.len())).collect();
        if begun != [(Lane::Whole, 6)] {
            return (runs, begun);
        }
    }
    (30, Vec::new())
}

#[test]
fn a_lasting_crowd_before_long_runs_is_shared_among_lanes() {
    let long = Duration::from_secs(1);
    assert_eq!(runs_before_lanes(2, long), (16, vec![(Lane::Part(0), 3), (Lane::Part(1), 2)]));
    assert_eq!(runs_before_lanes(4, long).1.len(), 4);
    assert_eq!(runs_before_lanes(0, long), (30, vec![]), "a model without lanes");
    assert_eq!(runs_before_lanes(2, Duration::from_millis(1)), (30, vec![]), "short runs");
    assert_eq!(runs_before_lanes(8, long), (30, vec![]), "no work for eight lanes");
}

#[test]
fn a_call_takes_a_free_lane_and_an_idle_model_as_a_whole() {
    let mut line = Line::new(8);
    let long = Duration::from_secs(1);
    let call = Arc::new(Call::new());
    let begins = |line: &mut Line| line.begin(waits(&call, 2)).ok().flatten().map(|batch| batch.lane);
    assert_eq!(begins(&mut line), Some(Lane::Whole));
    let mut next = Lane::Whole;
    while next == Lane::Whole {
        assert_eq!(begins(&mut line), None);
        line.push(waits(&call, 2));
        let ended = line.end(model(1), Lane::Whole, long);
        next = line.next(ended).unwrap().lane;
    }
    assert_eq!(next, Lane::Part(0));
    assert_eq!([begins(&mut line), begins(&mut line)], [Some(Lane::Part(1)), None]);
    line.end(model(1), Lane::Part(0), long);
    assert_eq!(begins(&mut line), Some(Lane::Part(0)));
    line.end(model(1), Lane::Part(1), long);
    line.end(model(1), Lane::Part(0), long);
    assert!(!line.is_busy(model(1)));
    assert_eq!(begins(&mut line), Some(Lane::Whole));
}
