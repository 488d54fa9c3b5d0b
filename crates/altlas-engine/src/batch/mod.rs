//! Calls of one model that wait at the same moment become one run.
//!
//! Nobody waits for company: a call that finds its model idle runs at once, on its own thread. Those that come
//! meanwhile stand in line, and when the run ends the first of them runs all that fit together; so a batch is as large
//! as the load makes it. [`line`] says who is next, [`tensors`] puts inputs together and takes outputs apart,
//! [`run`] keeps one call's failure from the others.

mod call;
mod line;
mod run;
mod tensors;
mod trust;
mod work;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use altlas_proto::{Failure, FailureKind, Tensor};
use altlas_runtime::StopHandle;

pub use call::{Call, Outcome};
pub use line::Lane;
pub use trust::Trust;
pub use work::{Bounds, Join, Work};

use crate::Digest;
use crate::observe::Observer;
use crate::waiting::Waiting;
use call::{Turn, cancelled};
use line::{Batch, Line, Waiter};

/// A model that can be run.
pub trait Run {
    /// Runs it, one call at a time in each lane.
    fn run(&self, lane: Lane, inputs: &[Tensor], outputs: &[String], stop: &StopHandle) -> Outcome;

    /// How many runs may go side by side, each on one processor, when there is a crowd.
    fn lanes(&self) -> usize {
        0
    }

    /// What is known about its rows.
    fn trust(&self) -> &Trust;

    /// Bounds of a joined run, given those for the processor.
    fn bounds(&self, usual: Bounds) -> Bounds {
        usual
    }
}

/// The line before the models, and those who run them.
pub struct Batches {
    line: Mutex<Line>,
    waiting: Arc<Waiting>,
    bounds: Bounds,
    linger: Duration,
    observer: Observer,
}

impl Batches {
    /// For `places` runs at the same time: more would only share the processors and add memory. A call that finds its
    /// model idle waits for `linger`, in case others come.
    pub fn new(places: usize, waiting: Arc<Waiting>, bounds: Bounds, linger: Duration) -> Self {
        let line = Mutex::new(Line::new(places));
        Self { line, waiting, bounds, linger, observer: Observer::default() }
    }

    /// Runs a model for a call, alone or along with others. All calls that name `digest` give the same model.
    pub fn run(&self, call: &Arc<Call>, digest: Digest, model: &impl Run, mut work: Work) -> Outcome {
        if !model.trust().may_join() {
            work.join = Join::Alone;
        }
        let (size, bounds) = (work.size(), model.bounds(self.bounds));
        let waiter = Waiter {
            call: Arc::clone(call),
            model: digest,
            work,
            bounds,
            size,
            lanes: model.lanes(),
            since: Instant::now(),
            place: None,
        };
        let mut line = self.line();
        let mut waiter = match line.begin(waiter) {
            Ok(None) => return Err(cancelled()),
            Ok(Some(mut batch)) => {
                drop(line);
                let end = End::of(self, &batch);
                if size.is_some() && !self.linger.is_zero() {
                    thread::sleep(self.linger);
                    self.line().gather(&mut batch);
                }
                return self.lead(batch, model, end);
            }
            Err(waiter) => waiter,
        };
        waiter.place = Some(self.waiting.enter()?);
        line.push(waiter);
        drop(line);
        loop {
            match call.wait() {
                Turn::Lead(batch) => {
                    let end = End::of(self, &batch);
                    return self.lead(batch, model, end);
                }
                Turn::Answered(outcome) => return outcome,
                Turn::Gone => {
                    // Who is not in the line any more was taken into a batch, which it may have to lead.
                    if self.line().remove(call) || !call.leads() {
                        return Err(cancelled());
                    }
                }
            }
        }
    }

    /// What was run so far.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Runs a batch on the thread of its first call, whose outcome it gives; the others are told theirs.
    fn lead(&self, batch: Batch, model: &impl Run, end: End<'_>) -> Outcome {
        let mut batch = Unanswered(batch);
        let outcomes = run::all(model, &batch.0, &self.observer);
        // The next run first: it does not need to wait until everybody has been told.
        drop(end);
        let mut own = Err(cancelled());
        for (n, (member, outcome)) in batch.0.members.drain(..).zip(outcomes).enumerate() {
            match n {
                0 => own = outcome,
                _ => member.call.wake(Turn::Answered(outcome)),
            }
        }
        own
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a run, however it ends: whoever is next begins.
struct End<'a> {
    batches: &'a Batches,
    model: Digest,
    lane: Lane,
    begun: Instant,
}

impl<'a> End<'a> {
    fn of(batches: &'a Batches, batch: &Batch) -> Self {
        Self { batches, model: batch.model, lane: batch.lane, begun: Instant::now() }
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut line = self.batches.line();
        let ended = line.end(self.model, self.lane, self.begun.elapsed());
        // One place became free, but the model too: usually one can go, several when places were free already.
        while let Some(batch) = line.next(ended) {
            if let Some(leader) = batch.members.first() {
                let leader = Arc::clone(&leader.call);
                leader.wake(Turn::Lead(batch));
            }
        }
    }
}

/// Calls that have no answer yet; if a fault ends the run, they are told.
struct Unanswered(Batch);

impl Drop for Unanswered {
    fn drop(&mut self) {
        for member in self.0.members.drain(..).skip(1) {
            let failure = Failure::new(FailureKind::Internal, "the engine failed at this request");
            member.call.wake(Turn::Answered(Err(failure)));
        }
    }
}

#[cfg(test)]
mod tests;
