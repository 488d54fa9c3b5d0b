//! Announcements: a file named by a database's OID says that somebody should visit it, at the file's modification time or later.
//!
//! Best effort: an announcement that is lost is made good by the next one, or by whoever asks for a job's status.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pgrx::{PgXactCallbackEvent, pg_sys, register_xact_callback};

/// This backend's database.
pub fn here() -> u32 {
    // SAFETY: a plain OID that the server sets when the backend connects.
    unsafe { pg_sys::MyDatabaseId }.to_u32()
}

/// Has a database visited at a moment; an earlier announcement stays.
pub fn at(folder: &str, database: u32, when: SystemTime) {
    let path = path(folder, database);
    if modified(&path).is_some_and(|earlier| earlier <= when) {
        return;
    }
    let _ = std::fs::create_dir_all(folder);
    let _ = File::create(&path).and_then(|file| file.set_modified(when));
}

/// Has a database visited as soon as possible.
pub fn now(folder: &str, database: u32) {
    at(folder, database, SystemTime::now());
}

/// Has this database visited once the current transaction has committed.
pub fn after_commit(folder: &'static str) {
    let database = here();
    register_xact_callback(PgXactCallbackEvent::Commit, move || now(folder, database));
}

/// Takes an announcement back.
pub fn withdraw(folder: &str, database: u32) {
    let _ = std::fs::remove_file(path(folder, database));
}

/// Whether a database waits to be visited.
pub fn is_announced(folder: &str, database: u32) -> bool {
    path(folder, database).exists()
}

/// The databases whose time has come, the longest announced first.
pub fn due(folder: &str) -> Vec<u32> {
    let now = SystemTime::now();
    let mut due: Vec<_> = announced(folder).into_iter().filter(|(when, _)| *when <= now).collect();
    due.sort_unstable();
    due.into_iter().map(|(_, database)| database).collect()
}

fn announced(folder: &str) -> Vec<(SystemTime, u32)> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    files
        .flatten()
        .filter_map(|file| {
            let database = file.file_name().to_str()?.parse().ok()?;
            Some((modified(&file.path())?, database))
        })
        .collect()
}

fn path(folder: &str, database: u32) -> PathBuf {
    Path::new(folder).join(database.to_string())
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}
