//! The supervisor: a background worker that starts the engine, watches it and starts it again.
//!
//! One per cluster (a file lock decides), connected to no database. It runs from server start when altlas is
//! preloaded, else from the first call that needs the engine.

use std::fs::File;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, SignalWakeFlags};
use pgrx::prelude::*;
use rustix::fs::{FlockOperation, flock};

use super::crew::Crew;
use super::files::{
    DIRECTORY, LAST_FAILURE, PENDING, SUPERVISOR_LOCK, engine_program, models_directory, runtime_library,
};
use super::maintenance;
use super::visits::Visits;
use crate::error::{Error, Result};
use crate::guc;

/// The shortest and the longest pause before the engine is started again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// An engine that ran this long is healthy: the pause starts from the shortest again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// How long the engine may take to end by itself.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// How often and with which pauses the supervisor's lock is tried for.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);
/// How often the supervisor looks after the engine and for work of the maintenance worker.
const TICK: Duration = Duration::from_millis(500);

fn worker() -> BackgroundWorkerBuilder {
    BackgroundWorkerBuilder::new("altlas supervisor")
        .set_library("altlas")
        .set_function("altlas_supervisor_main")
        .set_type("altlas supervisor")
        .enable_shmem_access(None)
        .set_start_time(BgWorkerStartTime::ConsistentState)
        .set_restart_time(Some(Duration::from_secs(5)))
}

/// Registers the supervisor when the library is preloaded.
pub fn register_at_server_start() {
    worker().load();
}

/// Whether there is an engine to be started; checked before anybody waits for one.
pub fn check_installed() -> Result<()> {
    let program = engine_program();
    if program.is_file() {
        return Ok(());
    }
    Err(Error::EngineUnavailable {
        reason: format!("There is no program {}.", program.display()),
        hint: "Install altlas again on this server (make install).".into(),
    })
}

/// Starts the supervisor unless it runs.
pub fn ensure_running() -> Result<()> {
    if is_running() {
        return Ok(());
    }
    worker().load_dynamic().map(drop).map_err(|_| Error::NoWorkerSlot {
        // SAFETY: a plain integer that the server sets at start.
        setting: unsafe { pg_sys::max_worker_processes }.to_string(),
    })
}

/// Whether somebody holds the supervisor's lock.
pub fn is_running() -> bool {
    File::open(SUPERVISOR_LOCK).is_ok_and(|lock| {
        flock(&lock, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    })
}

/// Whether the library is in `shared_preload_libraries`.
pub fn preloaded() -> bool {
    // SAFETY: a NUL-terminated setting, or null.
    let list = unsafe { pg_sys::shared_preload_libraries_string };
    // SAFETY: as above.
    let list =
        if list.is_null() { "".into() } else { unsafe { std::ffi::CStr::from_ptr(list) }.to_string_lossy() };
    list.split(',').any(|name| matches!(name.trim().trim_matches('"'), "altlas" | "$libdir/altlas"))
}

/// Why the engine ended or did not start, if the last attempt failed.
pub fn last_failure() -> Option<String> {
    std::fs::read_to_string(LAST_FAILURE).ok()
}

/// The supervisor's main function.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn altlas_supervisor_main(_argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(
        SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM | SignalWakeFlags::SIGCHLD,
    );
    let lock = match take_lock() {
        Ok(Some(lock)) => lock,
        // Another supervisor runs: this one is not needed.
        Ok(None) => return,
        Err(e) => {
            pgrx::warning!(
                "altlas: the supervisor cannot use the folder {DIRECTORY} in the data directory: {e}"
            );
            return;
        }
    };
    let mut watch =
        Watch { child: None, restarts: 0, ended_by: 0, pause: BACK_OFF.0, not_before: Instant::now() };
    let mut settings = Settings::current();
    let mut crew = Crew::default();
    let mut visits = Visits::default();
    loop {
        watch.look_after(&settings);
        visits.announce_due();
        maintenance::launch_pending();
        crew.look_after();
        if !BackgroundWorker::wait_latch(Some(if watch.child.is_none() { BACK_OFF.0 } else { TICK })) {
            break;
        }
        if BackgroundWorker::sighup_received() {
            // SAFETY: a background worker may reload its configuration between two waits.
            unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
            let changed = Settings::current();
            if changed != settings {
                pgrx::log!("altlas: settings of the engine changed, starting it again");
                settings = changed;
                watch.stop();
                watch.not_before = Instant::now();
            }
        }
    }
    watch.stop();
    drop(lock);
}

fn take_lock() -> std::io::Result<Option<File>> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(DIRECTORY)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(PENDING)?;
    let lock = File::create(SUPERVISOR_LOCK)?;
    // Backends that look whether a supervisor runs hold the lock shared, for a moment.
    for _ in 0..LOCK_TRIES {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(lock)),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(None)
}

/// What the engine is started with; a change starts it again.
#[derive(PartialEq)]
struct Settings {
    providers: String,
    threads: usize,
    memory: u64,
    cache: u64,
    connections: usize,
    jobs: usize,
    queue: usize,
    batch_rows: usize,
    batch_wait_us: usize,
    device_memory: u64,
}

impl Settings {
    fn current() -> Self {
        Self {
            providers: guc::execution_providers(),
            threads: guc::engine_threads(),
            memory: guc::model_memory(),
            cache: guc::model_cache(),
            connections: guc::engine_max_connections(),
            jobs: guc::max_jobs(),
            queue: guc::max_queue(),
            batch_rows: guc::batch_rows(),
            batch_wait_us: guc::batch_wait_us(),
            device_memory: guc::device_memory(),
        }
    }
}

struct Watch {
    child: Option<(Child, Instant)>,
    restarts: u32,
    /// The signal that ended the last engine, 0 for none: the next one finds out which model was in use.
    ended_by: i32,
    pause: Duration,
    not_before: Instant,
}

impl Watch {
    /// Starts the engine when there is none, and notices when it has ended.
    fn look_after(&mut self, settings: &Settings) {
        if let Some((child, since)) = &mut self.child {
            let ended = match child.try_wait() {
                Ok(None) => return,
                Ok(Some(status)) => {
                    self.ended_by = status.signal().unwrap_or(0);
                    status.to_string()
                }
                Err(e) => e.to_string(),
            };
            self.pause =
                if since.elapsed() >= HEALTHY_AFTER { BACK_OFF.0 } else { (self.pause * 2).min(BACK_OFF.1) };
            pgrx::log!(
                "altlas: the engine (pid {}) ended: {ended}; starting it again in {:?}",
                child.id(),
                self.pause
            );
            self.failed(&format!("It ended ({ended})."));
            self.child = None;
            self.restarts += 1;
        }
        if Instant::now() < self.not_before {
            return;
        }
        match start(settings, self.restarts, self.ended_by) {
            Ok(child) => {
                pgrx::log!("altlas: the engine runs with pid {}", child.id());
                let _ = std::fs::remove_file(LAST_FAILURE);
                self.ended_by = 0;
                self.child = Some((child, Instant::now()));
            }
            Err(e) => {
                self.pause = (self.pause * 2).min(BACK_OFF.1);
                let program = engine_program();
                pgrx::warning!("altlas: the engine {} cannot be started: {e}", program.display());
                self.failed(&format!("{} cannot be started: {e}.", program.display()));
            }
        }
    }

    fn failed(&mut self, reason: &str) {
        self.not_before = Instant::now() + self.pause;
        // For people only: a call that waits in vain reports it.
        let _ = std::fs::write(LAST_FAILURE, reason);
    }

    /// Asks the engine to end, and makes it end.
    fn stop(&mut self) {
        let Some((mut child, _)) = self.child.take() else {
            return;
        };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let deadline = Instant::now() + STOP_WITHIN;
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Starts the engine. It must be called from the process's main thread: the parent-death signal fires when the
/// spawning thread ends.
fn start(settings: &Settings, restarts: u32, ended_by: i32) -> std::io::Result<Child> {
    let mut command = Command::new(engine_program());
    command
        .arg("serve")
        .args(["--directory", DIRECTORY])
        .arg("--models")
        .arg(models_directory())
        .arg("--runtime")
        .arg(runtime_library())
        .args(["--providers", &settings.providers])
        .args(["--memory-budget", &settings.memory.to_string()])
        .args(["--cache-budget", &settings.cache.to_string()])
        .args(["--threads", &settings.threads.to_string()])
        .args(["--max-connections", &settings.connections.to_string()])
        .args(["--max-jobs", &settings.jobs.to_string()])
        .args(["--max-queue", &settings.queue.to_string()])
        .args(["--batch-rows", &settings.batch_rows.to_string()])
        .args(["--batch-wait", &settings.batch_wait_us.to_string()])
        .args(["--device-memory", &settings.device_memory.to_string()])
        .args(["--restarts", &restarts.to_string()])
        .args(["--ended-by", &ended_by.to_string()])
        .args(["--supervisor", &std::process::id().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .env_clear();
    // SAFETY: between fork and exec only async-signal-safe calls are made: prctl.
    unsafe {
        command.pre_exec(|| {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    command.spawn()
}
