//! The one place where a finished run is known.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use altlas_proto::FailureKind;

use crate::Digest;

/// A run of a model that has ended.
#[derive(Debug)]
pub struct Observation<'a> {
    /// The model, as it lies in memory: see [`Models::get`](crate::Models::get).
    pub model: Digest,
    /// Whether its calls were one run of the runtime; else they were run one after the other.
    pub joined: bool,
    /// How long it took.
    pub ran: Duration,
    /// The calls it was for, at least one.
    pub calls: &'a [Seen],
}

/// A call's part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its rows; 1 where the inputs have none in common.
    pub rows: usize,
    /// How long it waited for its turn.
    pub queued: Duration,
    /// What it failed with.
    pub failed: Option<FailureKind>,
}

/// What was run since the engine started.
#[derive(Debug, Default)]
pub struct Observer {
    calls: AtomicU64,
    runs: AtomicU64,
}

impl Observer {
    /// Takes note of a run.
    pub fn observe(&self, run: &Observation<'_>) {
        let calls = run.calls.len() as u64;
        self.calls.fetch_add(calls, Ordering::Relaxed);
        self.runs.fetch_add(if run.joined { 1 } else { calls }, Ordering::Relaxed);
    }

    /// Calls answered.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Runs they took.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}
