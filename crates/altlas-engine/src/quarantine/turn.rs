//! Uses of models side by side, or one of them alone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use altlas_proto::{Failure, FailureKind};

/// How often those who wait look whether they gave up.
const PATIENCE: Duration = Duration::from_millis(50);

/// Lets many in together, or one alone; who wants to be alone goes before those who come later. A use that takes long must
/// not stop all others: whoever waited for the longest time goes in together with the rest.
pub struct Turn {
    inside: Mutex<Inside>,
    changed: Condvar,
    longest: Duration,
}

#[derive(Default)]
struct Inside {
    together: usize,
    alone: bool,
    want_alone: usize,
}

impl Turn {
    /// With the longest time that anybody waits.
    pub fn new(longest: Duration) -> Self {
        Self { inside: Mutex::default(), changed: Condvar::new(), longest }
    }

    /// Waits to be let in.
    pub fn enter(&self, mut alone: bool, given_up: &dyn Fn() -> bool) -> Result<Pass<'_>, Failure> {
        let deadline = Instant::now() + self.longest;
        let wants_alone = usize::from(alone);
        let mut inside = self.lock();
        inside.want_alone += wants_alone;
        while inside.alone || (if alone { inside.together > 0 } else { inside.want_alone > 0 }) {
            if given_up() {
                inside.want_alone -= wants_alone;
                self.changed.notify_all();
                return Err(Failure::new(
                    FailureKind::Cancelled,
                    "the request was given up while it waited to use its model",
                ));
            }
            if Instant::now() >= deadline {
                alone = false;
                break;
            }
            inside = self.changed.wait_timeout(inside, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        inside.want_alone -= wants_alone;
        if alone {
            inside.alone = true;
        } else {
            inside.together += 1;
        }
        Ok(Pass { turn: self, alone })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Being inside.
pub struct Pass<'a> {
    turn: &'a Turn,
    alone: bool,
}

impl Pass<'_> {
    /// Whether nobody else is inside.
    pub fn alone(&self) -> bool {
        self.alone
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut inside = self.turn.lock();
        if self.alone {
            inside.alone = false;
        } else {
            inside.together = inside.together.saturating_sub(1);
        }
        self.turn.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::thread;

    use super::*;

    const NEVER: &dyn Fn() -> bool = &|| false;

    #[test]
    fn who_is_alone_is_alone() {
        let turn = Turn::new(Duration::from_secs(60));
        let (together, alone, most) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for n in 0..8 {
                let (turn, together, alone, most) = (&turn, &together, &alone, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        let single = (n + round) % 5 == 0;
                        let _pass = turn.enter(single, NEVER).unwrap();
                        let (own, other) = if single { (alone, together) } else { (together, alone) };
                        most.fetch_max(own.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        assert_eq!(other.load(Ordering::SeqCst), 0);
                        assert!(!single || own.load(Ordering::SeqCst) == 1);
                        thread::yield_now();
                        own.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) > 1, "some were inside together");
    }

    #[test]
    fn who_gives_up_does_not_keep_others_out() {
        let turn = Turn::new(Duration::from_secs(60));
        let first = turn.enter(false, NEVER).unwrap();
        let gone = AtomicBool::new(false);
        thread::scope(|scope| {
            let hasty = scope.spawn(|| turn.enter(true, &|| gone.load(Ordering::SeqCst)).map(drop));
            while turn.lock().want_alone == 0 {
                thread::yield_now();
            }
            let patient = scope.spawn(|| turn.enter(false, NEVER).map(drop));
            gone.store(true, Ordering::SeqCst);
            assert_eq!(hasty.join().unwrap().unwrap_err().kind, FailureKind::Cancelled);
            assert!(patient.join().unwrap().is_ok());
        });
        drop(first);
        assert!(turn.enter(true, NEVER).is_ok());
    }
    #[test]
    fn nobody_waits_for_ever() {
        let turn = Turn::new(Duration::from_millis(80));
        let endless = turn.enter(true, NEVER).unwrap();
        assert!(endless.alone());
        assert!(!turn.enter(false, NEVER).unwrap().alone());
        assert!(!turn.enter(true, NEVER).unwrap().alone());
        drop(endless);
        assert!(turn.enter(true, NEVER).unwrap().alone());
    }
}
