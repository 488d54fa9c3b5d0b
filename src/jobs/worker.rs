//! A worker: a background process that connects to one database, runs its jobs one after the other, and leaves.

use std::ffi::CStr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use pgrx::bgworkers::BackgroundWorker;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use serde::de::DeserializeOwned;

use super::{score, train};
use crate::engine;
use crate::engine::crew::{self, Presence};
use crate::error::{Error, Result, sqlstate};
use crate::guc;
use crate::store::is_installed;
use crate::store::job::{self, Claim, Claimed, Ending, Fault, Kind};

/// How often progress is written.
pub const PACE: Duration = Duration::from_secs(1);
/// How often work is tried again when the engine is gone or has no room; the pauses in between double.
pub const TRIES: u32 = 6;
/// How long a worker that failed itself leaves its database alone.
const RECOVERY: Duration = Duration::from_secs(10);

/// The first pause.
pub fn first_pause() -> Duration {
    Duration::from_millis(250)
}

/// Why a job was not finished.
#[derive(Debug)]
pub enum Stop {
    /// It is not this worker's any more: cancelled, or given to another.
    Gone,
    /// A query cancel.
    Interrupted,
    /// There is no room for it now.
    Later(&'static str),
    /// It failed.
    Failed(Fault),
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Self::Failed(e.into())
    }
}

impl Claimed {
    /// What is to be done.
    pub fn spec<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(self.spec.clone())
            .map_err(|e| Error::Internal { message: format!("the stored order does not parse: {e}") })
    }
}

/// The worker's main function.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn altlas_job_main(argument: pg_sys::Datum) {
    handle_signals();
    let database = pg_sys::Oid::from(argument.value() as u32);
    BackgroundWorker::connect_worker_to_spi_by_oid(Some(database), None);
    // A database may have other defaults for its sessions.
    set(c"default_transaction_read_only", c"off");
    set(c"default_transaction_isolation", c"read committed");
    set(c"default_transaction_deferrable", c"off");
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    set(c"transaction_timeout", c"0");
    let presence = match Presence::announce() {
        Ok(presence) => presence,
        Err(e) => {
            pgrx::warning!("altlas: a worker for jobs cannot say that it is there: {e}");
            return;
        }
    };
    let mut stopped = caught(|| work(&presence));
    // A signal that came late, between two jobs.
    if matches!(stopped, Err(Stop::Interrupted)) {
        stopped = caught(|| work(&presence));
    }
    if let Err(stop) = stopped {
        pgrx::warning!("altlas: a worker for jobs ended: {stop:?}");
        crew::request_at(SystemTime::now() + RECOVERY);
    }
    presence.leave();
}

/// Runs jobs until there are none, or other databases wait.
fn work(presence: &Presence) -> std::result::Result<(), Stop> {
    if !transaction(|| Ok(is_installed()))? {
        return Ok(());
    }
    let begun = Instant::now();
    // When to look again at jobs that nobody works on.
    let mut again = None;
    loop {
        reload_settings();
        if guc::max_job_workers() == 0 || begun.elapsed() >= crew::TURN && crew::others_wait() {
            crew::request_now();
            break;
        }
        crew::withdraw();
        again = transaction(|| job::requeue_abandoned(&presence.name))?;
        match transaction(|| job::claim(&presence.name))? {
            Claim::Job(job, more) => {
                if more {
                    crew::request_now();
                }
                run(&job, presence)?;
            }
            Claim::Later(when) => {
                crew::request_at(when);
                break;
            }
            Claim::Nothing => break,
        }
    }
    if let Some(after) = again {
        crew::request_at(SystemTime::now() + after);
    }
    if let Some(next) = transaction(job::next_expiry)? {
        crew::expect_expiry(next);
    }
    Ok(())
}

/// Runs one job and writes how it ended.
fn run(job: &Claimed, presence: &Presence) -> std::result::Result<(), Stop> {
    report(Some(&format!("altlas job {} ({})", job.job, job.kind.name())));
    let ending = loop {
        let work = || match job.kind {
            Kind::Score => score::run(job),
            Kind::Train => train::run(job),
        };
        match caught(work) {
            Ok(()) | Err(Stop::Gone) => break None,
            Err(Stop::Later(reason)) => break Some(Ending::PutBack(reason)),
            Err(Stop::Failed(fault)) => {
                pgrx::log!("altlas: job {} failed: {} ({})", job.job, fault.message, fault.sqlstate);
                break Some(Ending::Failed(fault));
            }
            // A signal that says nothing comes from pg_cancel_backend. One of altlas.cancel_job names its job: if that is another, or if
            // its transaction was rolled back, the work is done again.
            Err(Stop::Interrupted) => match presence.told_to_stop().as_slice() {
                [] => break Some(Ending::Cancelled),
                named if !named.contains(&job.job) => {}
                _ if transaction(|| job::is_mine(job.job, job.attempt))? => {}
                _ => break None,
            },
        }
    };
    if let Some(ending) = ending {
        transaction(|| job::end(job.job, job.attempt, ending))?;
    }
    report(None);
    Ok(())
}

/// Tries work that needs the engine again while the engine is gone or has no room.
pub fn patiently<T>(mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let mut pause = first_pause();
    for _ in 1..TRIES {
        match work() {
            Err(e) if e.is_engine_down() || matches!(e, Error::EngineBusy { .. }) => engine::pause(pause),
            other => return other,
        }
        pause *= 2;
    }
    work()
}

/// Runs `work` in a transaction of its own, which is rolled back when it fails.
pub fn transaction<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: a worker's main loop starts and ends its own transactions, none is open here; what unwinds ends in `caught`.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let result = work();
        if result.is_ok() {
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
            pg_sys::pgstat_report_stat(false);
        } else {
            pg_sys::AbortCurrentTransaction();
        }
        result
    }
}

/// Runs `work` and makes a value of what unwinds.
fn caught<T>(work: impl FnOnce() -> std::result::Result<T, Stop>) -> std::result::Result<T, Stop> {
    let result = PgTryBuilder::new(AssertUnwindSafe(work))
        .catch_rust_panic(|e| Err(stop_of(&e)))
        .catch_others(|e| Err(stop_of(&e)))
        .execute();
    // SAFETY: does nothing where no transaction is open.
    unsafe { pg_sys::AbortCurrentTransaction() };
    result
}

fn stop_of(e: &CaughtError) -> Stop {
    let (CaughtError::PostgresError(report)
    | CaughtError::ErrorReport(report)
    | CaughtError::RustPanic { ereport: report, .. }) = e;
    if report.sql_error_code() == PgSqlErrorCode::ERRCODE_QUERY_CANCELED {
        return Stop::Interrupted;
    }
    Stop::Failed(Fault {
        sqlstate: sqlstate(report.sql_error_code()),
        message: report.message().to_owned(),
        detail: report.detail().map(str::to_owned),
        hint: report.hint().map(str::to_owned),
    })
}

/// Sets a setting of this process.
pub fn set(name: &CStr, value: &CStr) {
    // SAFETY: a name and a value that end with NUL; a value that is refused raises a warning only.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SET,
            true,
            pg_sys::WARNING as i32,
            false,
        );
    }
}

// The server's own handlers as such: those of pgrx are wrapped for calls from Rust.
unsafe extern "C-unwind" {
    fn die(signal: i32);
    fn StatementCancelHandler(signal: i32);
    fn SignalHandlerForConfigReload(signal: i32);
}

/// Those of a backend: SIGTERM ends the process at the next check for interrupts, SIGINT the work.
fn handle_signals() {
    // SAFETY: handlers of the server itself, set before signals are let through.
    unsafe {
        handle(libc::SIGTERM, die);
        handle(libc::SIGINT, StatementCancelHandler);
        handle(libc::SIGHUP, SignalHandlerForConfigReload);
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

unsafe fn handle(signal: i32, handler: unsafe extern "C-unwind" fn(i32)) {
    // SAFETY: the caller gives a handler that may run at any time.
    unsafe {
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(signal, Some(handler));
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(signal, Some(handler));
    }
}

fn reload_settings() {
    // SAFETY: between two transactions of a background worker.
    unsafe {
        if pg_sys::ConfigReloadPending != 0 {
            pg_sys::ConfigReloadPending = 0;
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
    }
}

/// What `pg_stat_activity` shows.
fn report(activity: Option<&str>) {
    let text = std::ffi::CString::new(activity.unwrap_or_default()).unwrap_or_default();
    let state = if activity.is_some() {
        pg_sys::BackendState::STATE_RUNNING
    } else {
        pg_sys::BackendState::STATE_IDLE
    };
    // SAFETY: the text is copied.
    unsafe { pg_sys::pgstat_report_activity(state, text.as_ptr()) };
}
