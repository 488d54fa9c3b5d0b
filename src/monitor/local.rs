//! This backend's recorder, and when it hands over what it gathered: at a transaction's end, when the last time is longer ago
//! than `altlas.stats_interval`, and at the backend's end.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use altlas_stats::Recorder;
use pgrx::pg_sys;

use super::spool;
use crate::engine::supervisor;
use crate::guc;

thread_local! {
    static LOCAL: RefCell<Local> = const { RefCell::new(Local::new()) };
}

struct Local {
    recorder: Recorder,
    /// Whether the current transaction records; `None` until its first call.
    recording: Option<bool>,
    /// Whether it had the engine record something.
    asked_engine: bool,
    handed_over: Option<Instant>,
    has_callbacks: bool,
}

/// Runs `work` with the recorder; `None` when statistics are off.
#[inline]
pub fn with<T>(work: impl FnOnce(&mut Recorder) -> Option<T>) -> Option<T> {
    LOCAL.with(|local| {
        let mut local = local.try_borrow_mut().ok()?;
        if local.is_recording() { work(&mut local.recorder) } else { None }
    })
}

/// Notes that the engine will have something of this database; false when statistics are off.
pub fn ask_engine() -> bool {
    LOCAL.with(|local| {
        local.try_borrow_mut().is_ok_and(|mut local| {
            local.asked_engine = local.is_recording();
            local.asked_engine
        })
    })
}

impl Local {
    const fn new() -> Self {
        Self {
            recorder: Recorder::new(),
            recording: None,
            asked_engine: false,
            handed_over: None,
            has_callbacks: false,
        }
    }

    #[inline]
    fn is_recording(&mut self) -> bool {
        match self.recording {
            Some(recording) => recording,
            None => self.begin(),
        }
    }

    /// The first call of a transaction. A replica could not keep what it gathers, so it gathers nothing.
    #[cold]
    fn begin(&mut self) -> bool {
        // SAFETY: a plain function without arguments.
        let recording = guc::stats() && !unsafe { pg_sys::RecoveryInProgress() };
        if !self.has_callbacks {
            // SAFETY: the library stays loaded for the life of the backend, and with it the functions.
            unsafe {
                pg_sys::RegisterXactCallback(Some(at_transaction_end), std::ptr::null_mut());
                pg_sys::on_proc_exit(Some(at_exit), pg_sys::Datum::from(0));
            }
            self.has_callbacks = true;
        }
        if recording && self.is_due() {
            // Without the supervisor nobody would visit the database; a server without a free worker slot does so later.
            let _ = supervisor::ensure_running();
        }
        self.recording = Some(recording);
        recording
    }

    fn is_due(&self) -> bool {
        let interval = Duration::from_secs(guc::stats_interval_s());
        self.handed_over.is_none_or(|at| at.elapsed() >= interval)
    }

    /// Hands over what is due, or everything. It is the end of something that must not fail: what cannot be written is dropped.
    fn hand_over(&mut self, database: u32, everything: bool) {
        self.recording = None;
        if std::mem::take(&mut self.asked_engine) {
            spool::announce_engine(database);
        }
        let now_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros());
        let any = self.recorder.note_time(i64::try_from(now_us).unwrap_or(i64::MAX));
        if any && (everything || self.is_due()) {
            self.handed_over = Some(Instant::now());
            if spool::has_room(database) {
                spool::write(database, &self.recorder.take());
            }
        }
    }
}

fn hand_over(everything: bool) {
    // An unwinding callback would abort a transaction that is committed, which stops the server.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: a plain OID that the server sets when the backend connects.
        let database = unsafe { pg_sys::MyDatabaseId }.to_u32();
        let _ = LOCAL.try_with(|local| {
            if let Ok(mut local) = local.try_borrow_mut() {
                local.hand_over(database, everything);
            }
        });
    }));
}

unsafe extern "C-unwind" fn at_transaction_end(
    event: pg_sys::XactEvent::Type,
    _argument: *mut std::ffi::c_void,
) {
    use pg_sys::XactEvent::{
        XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PARALLEL_ABORT, XACT_EVENT_PARALLEL_COMMIT,
        XACT_EVENT_PREPARE,
    };
    if matches!(
        event,
        XACT_EVENT_COMMIT
            | XACT_EVENT_ABORT
            | XACT_EVENT_PREPARE
            | XACT_EVENT_PARALLEL_COMMIT
            | XACT_EVENT_PARALLEL_ABORT
    ) {
        hand_over(false);
    }
}

unsafe extern "C-unwind" fn at_exit(_code: i32, _argument: pg_sys::Datum) {
    hand_over(true);
}
