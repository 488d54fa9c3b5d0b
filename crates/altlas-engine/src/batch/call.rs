//! One client's request, as the runs see it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use altlas_proto::{Failure, FailureKind, Tensor};
use altlas_runtime::StopHandle;

use super::line::Batch;

/// What a run of a model gives: its outputs.
pub type Outcome = Result<Vec<Tensor>, Failure>;

/// A request, from its arrival to its answer. It may run several models, one after the other.
pub struct Call {
    /// Stops what is run for this request alone.
    stop: StopHandle,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    gone: bool,
    /// The run of several calls that this one is part of.
    joint: Option<Arc<Joint>>,
    turn: Option<Turn>,
    /// Rows of the last run that this call shared with others.
    joined_rows: Option<usize>,
}

/// What a call that waits is woken for.
pub enum Turn {
    /// To run these calls, of which it is the first.
    Lead(Batch),
    /// Another call ran it along with its own.
    Answered(Outcome),
    /// Its client left. It may be in the line still.
    Gone,
}

impl Call {
    /// A request that just came.
    pub fn new() -> Self {
        Self { stop: StopHandle::new(), progress: Mutex::default(), changed: Condvar::new() }
    }

    /// The client left: its part of the work is in vain.
    pub fn leave(&self) {
        self.stop.stop();
        let mut progress = self.progress();
        if std::mem::replace(&mut progress.gone, true) {
            return;
        }
        if let Some(joint) = &progress.joint {
            joint.left();
        }
        self.changed.notify_one();
    }

    /// The call was answered by a run of so many rows, its own among them.
    pub fn note_joined(&self, rows: usize) {
        self.progress().joined_rows = Some(rows);
    }

    /// Rows of the last run that it shared with other calls; `None` when it ran alone.
    pub fn joined_rows(&self) -> Option<usize> {
        self.progress().joined_rows
    }

    /// Stopped when the client leaves.
    pub fn stop(&self) -> &StopHandle {
        &self.stop
    }

    /// Makes this call a part of a run; `false` when its client left before.
    pub(super) fn enlist(&self, joint: &Arc<Joint>) -> bool {
        let mut progress = self.progress();
        if progress.gone {
            return false;
        }
        joint.staying.fetch_add(1, Ordering::SeqCst);
        progress.joint = Some(Arc::clone(joint));
        true
    }

    /// Wakes the call that waits, for `turn`.
    pub(super) fn wake(&self, turn: Turn) {
        let mut progress = self.progress();
        progress.turn = Some(turn);
        self.changed.notify_one();
    }

    /// Sleeps until there is something to do.
    pub(super) fn wait(&self) -> Turn {
        let mut progress = self.progress();
        loop {
            if let Some(turn) = progress.turn.take() {
                return turn;
            }
            if progress.gone {
                return Turn::Gone;
            }
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether it was woken to lead a run and does not know yet.
    pub(super) fn leads(&self) -> bool {
        matches!(self.progress().turn, Some(Turn::Lead(_)))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run of several calls, which ends early only when nobody waits for it any more.
pub struct Joint {
    staying: AtomicUsize,
    stop: StopHandle,
}

impl Joint {
    /// A run whose calls are being picked: whoever picks counts as one that stays, until [`Joint::left`].
    pub(super) fn new() -> Self {
        Self { staying: AtomicUsize::new(1), stop: StopHandle::new() }
    }

    /// Stopped when all have left.
    pub fn stop(&self) -> &StopHandle {
        &self.stop
    }

    /// One less stays.
    pub(super) fn left(&self) {
        if self.staying.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.stop.stop();
        }
    }
}

/// The failure of a call whose client left.
pub fn cancelled() -> Failure {
    Failure::new(FailureKind::Cancelled, "the request was given up while it waited to run")
}
