//! Bounds how many runs go on at the same time: more would only share the processors and add memory.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use altlas_proto::{Failure, FailureKind};

use crate::Digest;

/// Lets a fixed number of runs in at a time, and one of each model: a session runs one call at a time, and calls
/// that wait for it must not take the places of other models. First come, first served, as far as that allows.
pub struct Gate {
    state: Mutex<State>,
}

struct State {
    free: usize,
    busy: HashSet<Digest>,
    queue: VecDeque<Arc<Waiter>>,
}

struct Waiter {
    model: Digest,
    called: Condvar,
}

impl Gate {
    /// A gate for `places` runs at a time, at least one.
    pub fn new(places: usize) -> Self {
        let state = State { free: places.max(1), busy: HashSet::new(), queue: VecDeque::new() };
        Self { state: Mutex::new(state) }
    }

    /// Waits for a place. `given_up` ends the wait; whoever changes its answer calls [`Gate::wake`].
    pub fn enter(&self, model: Digest, given_up: &dyn Fn() -> bool) -> Result<Pass<'_>, Failure> {
        let mut state = self.lock();
        if state.admits(model) {
            state.take(model);
            return Ok(Pass { gate: self, model });
        }
        let own = Arc::new(Waiter { model, called: Condvar::new() });
        state.queue.push_back(Arc::clone(&own));
        loop {
            // Whoever leaves gives its place to a waiter by taking it out of the queue.
            let Some(at) = state.queue.iter().position(|other| Arc::ptr_eq(other, &own)) else {
                return Ok(Pass { gate: self, model });
            };
            // Before each sleep, under the lock that `wake` takes, so that no call is missed.
            if given_up() {
                state.queue.remove(at);
                return Err(Failure::new(
                    FailureKind::Cancelled,
                    "the request was given up while it waited to run",
                ));
            }
            state = own.called.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes those who wait look whether they gave up.
    pub fn wake(&self) {
        for waiter in &self.lock().queue {
            waiter.called.notify_one();
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> u32 {
        u32::try_from(self.lock().queue.len()).unwrap_or(u32::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admits(&self, model: Digest) -> bool {
        self.free > 0 && !self.busy.contains(&model)
    }

    fn take(&mut self, model: Digest) {
        self.free = self.free.saturating_sub(1);
        self.busy.insert(model);
    }
}

/// A place behind the gate.
pub struct Pass<'a> {
    gate: &'a Gate,
    model: Digest,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.free += 1;
        state.busy.remove(&self.model);
        // One place became free, but the model too: usually one can go, two when places were free already.
        while let Some(at) = state.queue.iter().position(|waiter| state.admits(waiter.model)) {
            let Some(next) = state.queue.remove(at) else {
                return;
            };
            state.take(next.model);
            next.called.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::thread;

    use super::*;

    fn model(n: u8) -> Digest {
        Digest::of(&[n])
    }

    const NEVER: &dyn Fn() -> bool = &|| false;

    #[test]
    fn one_waits_until_the_other_leaves_or_it_gives_up() {
        let gate = Gate::new(1);
        let gone = AtomicBool::new(false);
        let pass = gate.enter(model(1), NEVER).ok();
        thread::scope(|scope| {
            let patient = scope.spawn(|| gate.enter(model(2), NEVER).is_ok());
            let hasty = scope.spawn(|| gate.enter(model(3), &|| gone.load(Ordering::SeqCst)).is_err());
            while gate.waiting() < 2 {
                thread::yield_now();
            }
            gone.store(true, Ordering::SeqCst);
            gate.wake();
            assert!(hasty.join().unwrap());
            drop(pass);
            assert!(patient.join().unwrap());
        });
        assert_eq!(gate.waiting(), 0);
    }

    #[test]
    fn a_busy_model_does_not_keep_others_out() {
        let gate = Gate::new(2);
        let pass = gate.enter(model(1), NEVER).ok();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| gate.enter(model(1), NEVER).map(drop).is_ok());
            }
            while gate.waiting() < 8 {
                thread::yield_now();
            }
            drop(gate.enter(model(2), NEVER));
            assert_eq!(gate.waiting(), 8);
            drop(pass);
        });
        assert_eq!(gate.waiting(), 0);
    }

    #[test]
    fn never_more_than_allowed_are_inside() {
        let gate = Gate::new(3);
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        let of_model = [const { AtomicU32::new(0) }; 5];
        thread::scope(|scope| {
            for n in 0..16 {
                let (gate, inside, most, of_model) = (&gate, &inside, &most, &of_model);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let number = (n + turn) % 5;
                        let _pass = gate.enter(model(number), NEVER).ok().unwrap();
                        let alone = &of_model[usize::from(number)];
                        assert_eq!(alone.fetch_add(1, Ordering::SeqCst), 0);
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        alone.fetch_sub(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
        let state = gate.lock();
        assert_eq!((state.free, state.busy.len(), state.queue.len()), (3, 0, 0));
    }
}
