//! The workers that run asynchronous jobs: the supervisor hires them for databases that announced jobs, and notices when
//! one ended in the middle of its work.
//!
//! A worker holds the lock of a file of its own for as long as it lives, whose name is the worker's name in the job's row.
//! The kernel drops the lock with the process, so that a job's worker is known to be gone whatever ended it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pgrx::bgworkers::{
    BackgroundWorkerBuilder, BackgroundWorkerStatus, BgWorkerStartTime, DynamicBackgroundWorker,
};
use pgrx::pg_sys;
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};

use super::files::{EXPIRY, JOBS, PENDING, WORKERS};
use super::{announce, supervisor};
use crate::guc;

/// How long a worker stays in a database while others wait for one.
pub const TURN: Duration = Duration::from_secs(2);

/// Has the jobs of this database looked after once the current transaction has committed.
pub fn request_after_commit() {
    announce::after_commit(JOBS);
    // A server without a free worker slot runs the job later.
    let _ = supervisor::ensure_running();
}

/// Has the jobs of this database looked after at once: nobody may have been told, after a restore or a fail-over say.
pub fn request_now() {
    // SAFETY: a plain function without arguments.
    if unsafe { !pg_sys::RecoveryInProgress() } {
        announce::now(JOBS, announce::here());
        let _ = supervisor::ensure_running();
    }
}

/// Has the jobs of this database looked after at a later moment.
pub fn request_at(when: SystemTime) {
    announce::at(JOBS, announce::here(), when);
}

/// Has ended jobs of this database removed when they have expired.
pub fn expect_expiry(when: SystemTime) {
    announce::at(EXPIRY, announce::here(), when);
}

/// Takes the announcement of this database back, before its jobs are looked for.
pub fn withdraw() {
    announce::withdraw(JOBS, announce::here());
}

/// Whether another database waits for a worker.
pub fn others_wait() -> bool {
    announce::due(JOBS).into_iter().any(|database| database != announce::here())
}

/// The workers that the supervisor hired.
#[derive(Default)]
pub struct Crew {
    hired: Vec<(u32, DynamicBackgroundWorker)>,
}

impl Crew {
    /// Starts a worker for each database that waits, as far as `altlas.max_job_workers` allows: first those with the
    /// fewest workers. Has the maintenance worker visit where jobs have expired.
    pub fn look_after(&mut self) {
        // SAFETY: a plain function without arguments.
        if unsafe { pg_sys::RecoveryInProgress() } {
            return;
        }
        for database in announce::due(EXPIRY) {
            announce::withdraw(EXPIRY, database);
            announce::now(PENDING, database);
        }
        self.hired
            .retain(|(_, worker)| matches!(worker.pid(), Ok(_) | Err(BackgroundWorkerStatus::NotYetStarted)));
        // Workers that another supervisor hired count as well.
        let at_work = self.hired.len().max(roll_call());
        let mut waiting = announce::due(JOBS);
        waiting.sort_by_key(|database| self.hired.iter().filter(|(theirs, _)| theirs == database).count());
        for database in waiting.into_iter().take(guc::max_job_workers().saturating_sub(at_work)) {
            let Ok(worker) = builder(database).load_dynamic() else {
                return;
            };
            announce::withdraw(JOBS, database);
            self.hired.push((database, worker));
        }
    }
}

fn builder(database: u32) -> BackgroundWorkerBuilder {
    BackgroundWorkerBuilder::new("altlas job")
        .set_library("altlas")
        .set_function("altlas_job_main")
        .set_type("altlas job")
        .enable_spi_access()
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(None)
        .set_argument(Some(pg_sys::Datum::from(database)))
}

/// Counts the workers that live, and announces the databases of those that died.
fn roll_call() -> usize {
    let Ok(files) = std::fs::read_dir(WORKERS) else { return 0 };
    let names = files.flatten().filter_map(|file| file.file_name().into_string().ok());
    names
        .filter(|name| {
            let alive = is_alive(name);
            if !alive
                && std::fs::remove_file(Path::new(WORKERS).join(name)).is_ok()
                && let Some(database) = name.split('.').next().and_then(|oid| oid.parse().ok())
            {
                announce::now(JOBS, database);
            }
            alive
        })
        .count()
}

/// Whether the worker of this name lives.
pub fn is_alive(name: &str) -> bool {
    File::open(Path::new(WORKERS).join(name)).is_ok_and(|file| {
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    })
}

/// Interrupts the worker of this name in a job. The job's number is written first: a worker that has gone on to another job knows
/// by it that the signal was not meant for that one.
pub fn stop(name: &str, job: i64) {
    let pid = name.split('.').nth(1).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|_| is_alive(name)) else { return };
    let written = File::options()
        .append(true)
        .open(Path::new(WORKERS).join(name))
        .and_then(|mut file| file.write_all(format!("{job}\n").as_bytes()));
    if written.is_ok() {
        let _ = kill_process(pid, Signal::INT);
    }
}

/// A worker's presence: its file, which is left behind locked by nobody when the process dies.
pub struct Presence {
    /// `database.pid.start`: no two workers have the same.
    pub name: String,
    path: PathBuf,
    lock: File,
}

impl Presence {
    /// Says that this process is at work in its database.
    pub fn announce() -> std::io::Result<Self> {
        std::fs::create_dir_all(WORKERS)?;
        // SAFETY: a plain number that the server sets when the process starts.
        let start = unsafe { pg_sys::MyStartTimestamp };
        let name = format!("{}.{}.{start}", announce::here(), std::process::id());
        // Locked before it has its name, so that nobody finds it unlocked.
        let draft = Path::new(WORKERS).with_file_name(format!("worker.{name}"));
        let lock = File::create(&draft)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        let path = Path::new(WORKERS).join(&name);
        std::fs::rename(draft, &path)?;
        Ok(Self { name, path, lock })
    }

    /// The jobs that this worker was told to stop, by `stop`, since the last call.
    pub fn told_to_stop(&self) -> Vec<i64> {
        let told = std::fs::read_to_string(&self.path).unwrap_or_default();
        let _ = self.lock.set_len(0);
        told.lines().filter_map(|job| job.parse().ok()).collect()
    }

    /// Leaves in good order: nobody need look after what was left undone.
    pub fn leave(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
