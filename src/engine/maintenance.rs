//! The maintenance worker: visits a database that has work (audit rows to seal, expired jobs to remove, statistics to merge), does it, and leaves.
//!
//! Whoever makes work leaves a file named by the database's OID; the supervisor starts a worker for it. Nothing stays
//! connected, so DROP DATABASE never waits.

use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, SignalWakeFlags};
use pgrx::prelude::*;

use super::files::PENDING;
use super::{announce, crew, supervisor};

/// Has this database visited after the current transaction commits.
pub fn request_after_commit() {
    announce::after_commit(PENDING);
    // Without the supervisor nobody would look; a server without a free worker slot seals later.
    let _ = supervisor::ensure_running();
}

/// Starts a worker for each announced database (called by the supervisor).
pub fn launch_pending() {
    // SAFETY: a plain function without arguments.
    if unsafe { pg_sys::RecoveryInProgress() } {
        return;
    }
    let Ok(files) = std::fs::read_dir(PENDING) else {
        return;
    };
    for file in files.flatten() {
        let Some(database) = file.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let started = BackgroundWorkerBuilder::new("altlas maintenance")
            .set_library("altlas")
            .set_function("altlas_maintenance_main")
            .set_type("altlas maintenance")
            .enable_spi_access()
            .set_start_time(BgWorkerStartTime::RecoveryFinished)
            .set_restart_time(None)
            .set_argument(Some(pg_sys::Datum::from(database)))
            .load_dynamic();
        if started.is_ok() {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// The worker's main function.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn altlas_maintenance_main(argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGTERM);
    let database = pg_sys::Oid::from(argument.value() as u32);
    BackgroundWorker::connect_worker_to_spi_by_oid(Some(database), None);
    BackgroundWorker::transaction(|| {
        if let Err(e) = crate::store::audit::seal_if_installed() {
            pgrx::warning!("altlas: sealing the audit log failed: {}", e.parts().1);
        }
    });
    BackgroundWorker::transaction(|| match crate::store::job::purge_if_installed() {
        Ok(Some(next)) => crew::expect_expiry(next),
        Ok(None) => {}
        Err(e) => pgrx::warning!("altlas: removing expired jobs failed: {}", e.parts().1),
    });
    crate::monitor::flush::flush(database.to_u32());
}
