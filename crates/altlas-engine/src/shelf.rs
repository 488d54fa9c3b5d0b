//! Models in memory: each loaded once, the least recently used dropped when others need the room.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use altlas_proto::{Failure, FailureKind};

use crate::Digest;
use crate::waiting::Waiting;

/// How long a model waits for room that models in use take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a model cannot be had.
#[derive(Debug)]
pub enum Absent {
    /// Nobody here has its bytes.
    Unknown,
    /// It cannot be loaded, or not now.
    Refused(Failure),
}

impl From<Failure> for Absent {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// The models in memory. `M` is what a loaded model is; tests use plain values.
pub struct Shelf<M> {
    inner: Mutex<Inner<M>>,
    changed: Condvar,
    budget: u64,
    waiting: Arc<Waiting>,
}

struct Inner<M> {
    slots: HashMap<Digest, Slot<M>>,
    /// Bytes of all slots, those being loaded included.
    bytes: u64,
    clock: u64,
    waiting: u32,
}

enum Slot<M> {
    Loading,
    Ready { model: Arc<M>, bytes: u64, used: u64 },
}

/// What the shelf holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Models that are loaded.
    pub models: u32,
    /// Bytes taken or set aside, by the estimates given to [`Room::take`].
    pub bytes: u64,
    /// Callers that wait for a model or for room.
    pub waiting: u32,
}

impl<M> Shelf<M> {
    /// An empty shelf for so many bytes. Callers that wait are counted.
    pub fn new(budget: u64, waiting: Arc<Waiting>) -> Self {
        let inner = Inner { slots: HashMap::new(), bytes: 0, clock: 0, waiting: 0 };
        Self { inner: Mutex::new(inner), changed: Condvar::new(), budget, waiting }
    }

    /// The model, loaded by `load` if it is not there. Of several callers one loads and the others wait.
    /// `load` reserves its bytes with [`Room::take`] before it allocates them. `given_up` ends the wait
    /// early; whoever changes its answer calls [`Shelf::wake`].
    pub fn get(
        &self,
        digest: Digest,
        given_up: &dyn Fn() -> bool,
        load: impl FnOnce(&mut Room<'_, M>) -> Result<M, Absent>,
    ) -> Result<Held<'_, M>, Absent> {
        let mut inner = self.lock();
        loop {
            inner.clock += 1;
            let now = inner.clock;
            match inner.slots.get_mut(&digest) {
                Some(Slot::Ready { model, used, .. }) => {
                    *used = now;
                    return Ok(self.hold(Arc::clone(model)));
                }
                Some(Slot::Loading) if given_up() => return Err(cancelled().into()),
                Some(Slot::Loading) => inner = self.wait(inner, PATIENCE)?,
                None => break,
            }
        }
        inner.slots.insert(digest, Slot::Loading);
        drop(inner);
        // From here on the room's end, by return or panic, removes the mark and gives the bytes back.
        let mut room = Room { shelf: self, digest, bytes: 0, given_up, settled: false };
        let model = Arc::new(load(&mut room)?);
        let mut inner = self.lock();
        inner.clock += 1;
        let slot = Slot::Ready { model: Arc::clone(&model), bytes: room.bytes, used: inner.clock };
        inner.slots.insert(digest, slot);
        room.settled = true;
        drop(inner);
        self.changed.notify_all();
        Ok(self.hold(model))
    }

    fn hold(&self, model: Arc<M>) -> Held<'_, M> {
        Held { model, _wake: WakeOnDrop(self) }
    }

    /// Makes waiting callers look again.
    pub fn wake(&self) {
        // Taken for each call of each model, mostly with nobody to wake.
        if self.lock().waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// The bytes of a loaded model.
    pub fn bytes_of(&self, digest: Digest) -> Option<u64> {
        match self.lock().slots.get(&digest) {
            Some(Slot::Ready { bytes, .. }) => Some(*bytes),
            _ => None,
        }
    }

    /// What is there now.
    pub fn contents(&self) -> Contents {
        let inner = self.lock();
        let ready = inner.slots.values().filter(|slot| matches!(slot, Slot::Ready { .. })).count();
        Contents {
            models: u32::try_from(ready).unwrap_or(u32::MAX),
            bytes: inner.bytes,
            waiting: inner.waiting,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<M>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        mut inner: MutexGuard<'a, Inner<M>>,
        limit: Duration,
    ) -> Result<MutexGuard<'a, Inner<M>>, Failure> {
        let _place = self.waiting.enter()?;
        inner.waiting += 1;
        let (mut inner, _) = self.changed.wait_timeout(inner, limit).unwrap_or_else(PoisonError::into_inner);
        inner.waiting = inner.waiting.saturating_sub(1);
        Ok(inner)
    }
}

impl<M> Inner<M> {
    /// Takes out the model that was not used for longest, if any is not in use.
    fn evict(&mut self) -> Option<Arc<M>> {
        let idle = |slot: &Slot<M>| match slot {
            // Only the shelf itself hands out clones, under the lock that the caller holds.
            Slot::Ready { model, used, .. } if Arc::strong_count(model) == 1 => Some(*used),
            _ => None,
        };
        let (_, digest) = self.slots.iter().filter_map(|(d, slot)| Some((idle(slot)?, *d))).min()?;
        let Some(Slot::Ready { model, bytes, .. }) = self.slots.remove(&digest) else {
            return None;
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(model)
    }
}

/// The room of a model that is being loaded.
pub struct Room<'a, M> {
    shelf: &'a Shelf<M>,
    digest: Digest,
    bytes: u64,
    given_up: &'a dyn Fn() -> bool,
    settled: bool,
}

impl<M> Room<'_, M> {
    /// What is set aside.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The same as [`Room::take`], if so much is free: drops nothing and waits for nothing.
    pub fn take_spare(&mut self, bytes: u64) -> Result<(), Failure> {
        let mut inner = self.shelf.lock();
        let others = inner.bytes.saturating_sub(self.bytes);
        if others.saturating_add(bytes) > self.shelf.budget {
            return Err(Failure::new(FailureKind::Resources, "there is no memory to spare for the model"));
        }
        inner.bytes = others + bytes;
        self.bytes = bytes;
        Ok(())
    }

    /// Sets aside so many bytes instead of those set aside before, dropping models that are not in use.
    /// Waits for a while when the room is taken by models in use.
    pub fn take(&mut self, bytes: u64) -> Result<(), Failure> {
        let budget = self.shelf.budget;
        if bytes > budget {
            return Err(Failure::new(
                FailureKind::Resources,
                "the model is larger than the memory for models",
            )
            .detail(format!("It needs about {bytes} bytes in memory, the budget is {budget}."))
            .hint("Raise altlas.model_memory."));
        }
        let deadline = Instant::now() + PATIENCE;
        let mut inner = self.shelf.lock();
        inner.bytes = inner.bytes.saturating_sub(std::mem::take(&mut self.bytes));
        // Dropped after the lock: ending a session takes time.
        let mut dropped = Vec::new();
        while inner.bytes.saturating_add(bytes) > budget {
            if let Some(model) = inner.evict() {
                dropped.push(model);
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if (self.given_up)() {
                return Err(cancelled());
            }
            if left.is_zero() {
                let taken = inner.bytes;
                return Err(Failure::new(
                    FailureKind::Resources,
                    "the memory for models is taken by models in use",
                )
                .detail(format!("{taken} of {budget} bytes are taken, the model needs about {bytes}."))
                .hint("Raise altlas.model_memory, or try again."));
            }
            inner = self.shelf.wait(inner, left)?;
        }
        inner.bytes += bytes;
        self.bytes = bytes;
        drop(inner);
        Ok(())
    }
}

impl<M> Drop for Room<'_, M> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut inner = self.shelf.lock();
        inner.slots.remove(&self.digest);
        inner.bytes = inner.bytes.saturating_sub(self.bytes);
        drop(inner);
        self.shelf.changed.notify_all();
    }
}

/// A model in use; it stays in memory as long as this lives.
pub struct Held<'a, M> {
    // Fields drop in this order: the model is given back before anybody is woken.
    model: Arc<M>,
    _wake: WakeOnDrop<'a, M>,
}

impl<M> Deref for Held<'_, M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

struct WakeOnDrop<'a, M>(&'a Shelf<M>);

impl<M> Drop for WakeOnDrop<'_, M> {
    fn drop(&mut self) {
        // Takes the lock for a moment, so that a waiter between its check and its sleep is not missed.
        self.0.wake();
    }
}

fn cancelled() -> Failure {
    Failure::new(FailureKind::Cancelled, "the request was given up while it waited for its model")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::thread;

    use super::*;

    const NEVER: &dyn Fn() -> bool = &|| false;

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    fn shelf(budget: u64) -> Shelf<u8> {
        Shelf::new(budget, Arc::new(Waiting::new(100)))
    }

    fn put(shelf: &Shelf<u8>, n: u8, bytes: u64) -> Result<Held<'_, u8>, Absent> {
        shelf.get(digest(n), NEVER, |room| {
            room.take(bytes)?;
            Ok(n)
        })
    }

    fn has(shelf: &Shelf<u8>, n: u8) -> bool {
        shelf.get(digest(n), NEVER, |_| Err(Absent::Unknown)).is_ok()
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let shelf = shelf(100);
        for n in 1..=3 {
            drop(put(&shelf, n, 30).unwrap());
        }
        assert!(has(&shelf, 1));
        drop(put(&shelf, 4, 30).unwrap());
        assert_eq!([1, 2, 3, 4].map(|n| has(&shelf, n)), [true, false, true, true]);
        assert_eq!(shelf.contents(), Contents { models: 3, bytes: 90, waiting: 0 });
    }

    #[test]
    fn a_model_in_use_stays_and_what_needs_its_room_waits_for_it() {
        let shelf = shelf(100);
        let held = put(&shelf, 1, 80).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| put(&shelf, 2, 50).map(drop).is_ok());
            while shelf.contents().waiting == 0 {
                thread::yield_now();
            }
            drop(held);
            assert!(waiter.join().unwrap());
        });
        assert_eq!([1, 2].map(|n| has(&shelf, n)), [false, true]);
    }

    #[test]
    fn a_waiter_that_gave_up_leaves() {
        let shelf = shelf(100);
        let _held = put(&shelf, 1, 80).unwrap();
        let gone = AtomicBool::new(false);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let load = |room: &mut Room<'_, u8>| room.take(50).map(|()| 2).map_err(Absent::from);
                match shelf.get(digest(2), &|| gone.load(Ordering::SeqCst), load) {
                    Err(Absent::Refused(failure)) => failure.kind,
                    _ => panic!("there was no room"),
                }
            });
            while shelf.contents().waiting == 0 {
                thread::yield_now();
            }
            gone.store(true, Ordering::SeqCst);
            shelf.wake();
            assert_eq!(waiter.join().unwrap(), FailureKind::Cancelled);
        });
        assert_eq!(shelf.contents().bytes, 80);
    }

    #[test]
    fn too_large_is_refused_and_leaves_nothing_behind() {
        let shelf = shelf(100);
        drop(put(&shelf, 1, 60).unwrap());
        let Err(Absent::Refused(failure)) = put(&shelf, 2, 101) else { panic!("was taken") };
        assert_eq!(failure.kind, FailureKind::Resources);
        assert!(has(&shelf, 1));
        assert_eq!(shelf.contents().bytes, 60);
        drop(put(&shelf, 2, 100).unwrap());
        assert_eq!(shelf.contents(), Contents { models: 1, bytes: 100, waiting: 0 });
    }

    #[test]
    fn many_at_once_load_once() {
        let shelf = shelf(100);
        let loads = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    let held = shelf.get(digest(1), NEVER, |room| {
                        room.take(10)?;
                        loads.fetch_add(1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(20));
                        Ok(7)
                    });
                    assert_eq!(held.ok().map(|m| *m), Some(7));
                });
            }
        });
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        assert_eq!(shelf.contents(), Contents { models: 1, bytes: 10, waiting: 0 });
    }

    #[test]
    fn a_load_that_panics_frees_its_place() {
        let shelf = shelf(100);
        let load = || {
            let _ = shelf.get(digest(1), NEVER, |room| {
                room.take(10)?;
                panic!("broken loader")
            });
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(load)).is_err());
        assert_eq!(shelf.contents(), Contents { models: 0, bytes: 0, waiting: 0 });
        assert!(put(&shelf, 1, 10).is_ok());
    }
}
