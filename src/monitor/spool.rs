//! Files between backends and the maintenance worker: one folder a database, one file each time a backend hands over. The
//! engine's share is fetched from it when the file `engine` is there.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};

use crate::engine::STATS;

/// Files of a database that may wait; a visit takes them all.
const MOST_FILES: usize = 1000;
/// A file that is larger was not written here.
const LARGEST: u64 = 64 << 20;
/// Whether the engine has something of the database.
const ENGINE: &str = "engine";
/// Whether a visit was asked for and has not begun.
const VISIT: &str = "visit";
const READY: &str = "delta";
const UNFINISHED: &str = "new";
/// Writing a file takes a moment.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

fn folder(database: u32) -> PathBuf {
    Path::new(STATS).join(database.to_string())
}

/// Makes the folder when writing in it fails because it is not there.
fn in_folder(database: u32, write: impl Fn() -> std::io::Result<()>) -> std::io::Result<()> {
    match write() {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder(database))?;
            write()
        }
        other => other,
    }
}

/// Says that the engine has something of this database. Best effort, as everything here: statistics are not worth an error.
pub fn announce_engine(database: u32) {
    mark(database, ENGINE);
}

/// Says that a visit was asked for; false when an earlier one has not begun.
pub fn announce_visit(database: u32) -> bool {
    mark(database, VISIT)
}

fn mark(database: u32, name: &str) -> bool {
    let path = folder(database).join(name);
    in_folder(database, || File::create_new(&path).map(drop)).is_ok()
}

/// Whether a batch may be left.
pub fn has_room(database: u32) -> bool {
    fs::read_dir(folder(database)).map_or(true, |files| files.count() < MOST_FILES)
}

/// Leaves a batch; it appears at once and whole.
pub fn write(database: u32, batch: &[u8]) {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    let n = WRITTEN.fetch_add(1, Ordering::Relaxed);
    // The number of a process comes again.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros());
    let name = folder(database).join(format!("{now}-{}-{n}", std::process::id()));
    let new = name.with_extension(UNFINISHED);
    let done = in_folder(database, || {
        File::create(&new)?.write_all(batch)?;
        fs::rename(&new, name.with_extension(READY))
    });
    if done.is_err() {
        let _ = fs::remove_file(new);
    }
}

/// Databases that have a folder.
pub fn databases() -> Vec<u32> {
    let Ok(folders) = fs::read_dir(STATS) else {
        return Vec::new();
    };
    folders.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Whether anything of a database waits.
pub fn is_waiting(database: u32) -> bool {
    fs::read_dir(folder(database))
        .is_ok_and(|files| files.flatten().any(|file| is_ready(&file.path()) || file.file_name() == ENGINE))
}

fn is_ready(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == READY)
}

/// A visit, and whether the engine is to be asked.
pub struct Visit {
    pub engine: bool,
    /// Locked while the visit lasts: two at once would count the same files twice.
    _folder: File,
}

/// A visit begins; `None` when another one goes on or there is nothing to do.
pub fn begin_visit(database: u32) -> Option<Visit> {
    let _ = fs::remove_file(folder(database).join(VISIT));
    let locked = File::open(folder(database)).ok()?;
    flock(&locked, FlockOperation::NonBlockingLockExclusive).ok()?;
    // Before the engine is asked: what it records afterwards is announced anew.
    let engine = fs::remove_file(folder(database).join(ENGINE)).is_ok();
    Some(Visit { engine, _folder: locked })
}

/// The files that wait.
pub fn files(database: u32) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(folder(database)) else {
        return Vec::new();
    };
    files.flatten().map(|file| file.path()).filter(|path| is_ready(path)).collect()
}

/// A file's bytes.
pub fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    fs::read(path)
}

/// Removes files that were taken, and the folder when nothing else is in it.
pub fn remove(database: u32, files: &[PathBuf]) {
    for file in files.iter().chain(&abandoned(database)) {
        let _ = fs::remove_file(file);
    }
    let _ = fs::remove_dir(folder(database));
}

/// Files whose writer ended before they were whole.
fn abandoned(database: u32) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(folder(database)) else {
        return Vec::new();
    };
    let age = |path: &Path| fs::metadata(path).ok()?.modified().ok()?.elapsed().ok();
    let is_old = |path: &PathBuf| age(path).is_some_and(|age| age > ABANDONED_AFTER);
    let unfinished = |path: &PathBuf| path.extension().is_some_and(|extension| extension == UNFINISHED);
    files.flatten().map(|file| file.path()).filter(|path| unfinished(path) && is_old(path)).collect()
}

/// Removes what is left of a database.
pub fn forget(database: u32) {
    let _ = fs::remove_dir_all(folder(database));
}
