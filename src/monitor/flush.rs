//! What the maintenance worker does for a database: everything that was gathered goes into altlas' tables.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use altlas_proto::{Failure, FailureKind, Reply, Request};
use altlas_stats::{Key, ModelStats, decode_batch};
use pgrx::bgworkers::BackgroundWorker;

use super::spool;
use crate::engine;
use crate::error::Error;
use crate::store::{is_installed, stats};

/// How long the engine may take to tell what it has; it only copies.
const ENGINE_PATIENCE: Duration = Duration::from_secs(2);
const HOUR_US: i64 = 3_600_000_000;

/// Statistics by the hour (its beginning, in microseconds since 1970-01-01 UTC) and version.
pub type Hours = BTreeMap<(i64, Key), ModelStats>;

/// Merges what waits into the tables. Called outside of transactions.
pub fn flush(database: u32) {
    let Some(visit) = spool::begin_visit(database) else { return };
    if visit.engine {
        fetch_from_engine(database);
    }
    let files = spool::files(database);
    if files.is_empty() {
        return;
    }
    let mut hours = Hours::new();
    for file in &files {
        match read(file) {
            Ok(batch) => gather(batch, &mut hours),
            Err(e) => pgrx::warning!("altlas: {} holds no statistics: {e}", file.display()),
        }
    }
    // A failed merge ends the worker here, and the files wait for the next visit.
    let merged = BackgroundWorker::transaction(|| if is_installed() { stats::merge(&hours) } else { Ok(()) });
    if let Err(e) = merged {
        pgrx::error!("altlas: merging statistics failed: {}", e.parts().1);
    }
    spool::remove(database, &files);
}

/// What the engine has is left in a file first, so that it outlives a merge that fails. An engine that does not run has nothing.
fn fetch_from_engine(database: u32) {
    let request = Request::Stats { database, take: true };
    if let Some((Reply::Stats, batch)) = engine::ask_running(&request, ENGINE_PATIENCE) {
        spool::write(database, &batch);
    }
}

fn read(file: &Path) -> std::result::Result<Vec<(Key, ModelStats)>, String> {
    let bytes = spool::read(file).map_err(|e| e.to_string())?;
    decode_batch(&bytes).map_err(|e| e.to_string())
}

fn gather(batch: Vec<(Key, ModelStats)>, hours: &mut Hours) {
    for (key, stats) in batch {
        let hour = stats.last_us.div_euclid(HOUR_US) * HOUR_US;
        hours.entry((hour, key)).or_default().merge(&stats);
    }
}

/// The SQLSTATE of an error that the engine counted by its kind.
pub fn sqlstate_of(code: &str) -> String {
    let kind = FailureKind::of_name(code);
    kind.map_or_else(|| code.to_owned(), |kind| Error::from(Failure::new(kind, "")).sqlstate())
}
