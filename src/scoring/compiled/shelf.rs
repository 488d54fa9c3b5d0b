//! Compiled models in files of the engine's folder, mapped read-only: one copy in memory for all connections.
//!
//! A file is written once, whole, under another name and then renamed, so that whoever opens it has all of it. An empty file
//! says that the graph cannot be compiled. Everything can be made again from the model: nothing here is worth keeping.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use altlas_score::Program;
use rustix::fs::{FlockOperation, flock};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::engine;
use crate::error::Result;
use crate::guc;

/// Models that a backend keeps mapped.
const REMEMBERED: usize = 256;
/// How long to wait between two looks whether another backend has compiled the model.
const LOOK_EVERY: Duration = Duration::from_millis(10);

thread_local! {
    static KNOWN: RefCell<HashMap<String, Option<Rc<Mapped>>>> = RefCell::new(HashMap::new());
}

/// A compiled model in a mapped file.
pub struct Mapped {
    // Dropped before the memory that it reads.
    program: Program<'static>,
    memory: Memory,
}

impl Mapped {
    /// The program.
    pub fn program(&self) -> &Program<'_> {
        &self.program
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> usize {
        self.memory.bytes().len()
    }
}

/// The compiled form of a model; `None` when the engine must run it. `bytes` gives the model when nobody has compiled it yet.
pub fn get(sha256: &str, bytes: impl Fn() -> Result<Vec<u8>>) -> Result<Option<Rc<Mapped>>> {
    if let Some(known) = KNOWN.with(|known| known.borrow().get(sha256).cloned()) {
        return Ok(known);
    }
    let found = find_or_make(sha256, bytes)?;
    KNOWN.with(|known| {
        let mut known = known.borrow_mut();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(sha256.to_owned(), found.clone());
    });
    Ok(found)
}

fn find_or_make(sha256: &str, bytes: impl Fn() -> Result<Vec<u8>>) -> Result<Option<Rc<Mapped>>> {
    let folder = Path::new(engine::COMPILED);
    let file = folder.join(format!("{sha256}-{}", altlas_score::FORMAT));
    if let Some(found) = open(&file) {
        return Ok(found);
    }
    // Compiling takes memory and time: one backend does it, the others wait for its file.
    let Ok(lock) = lock_file(folder, sha256) else { return Ok(None) };
    while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        engine::pause(LOOK_EVERY);
    }
    if let Some(found) = open(&file) {
        return Ok(found);
    }
    // Where it fails, the engine says what is wrong with the model, when it is asked.
    let flat = altlas_score::compile(&bytes()?).unwrap_or_else(|e| {
        pgrx::debug1!("altlas: the engine runs model {sha256}: {e}");
        Vec::new()
    });
    make_room(folder, flat.len() as u64);
    if let Err(e) = write(&file, &flat) {
        pgrx::debug1!("altlas: a compiled model cannot be kept in {}: {e}", file.display());
        return Ok(None);
    }
    drop(flat);
    trim_memory();
    let _ = fs::remove_file(lock_path(folder, sha256));
    Ok(open(&file).flatten())
}

/// `None` when there is no usable file; `Some(None)` when the engine must run the model.
fn open(path: &Path) -> Option<Option<Rc<Mapped>>> {
    let file = File::open(path).ok()?;
    let length = usize::try_from(file.metadata().ok()?.len()).ok()?;
    if length == 0 {
        return Some(None);
    }
    let memory = Memory::map(&file, length).ok()?;
    match Program::open(memory.bytes()) {
        Ok(program) => Some(Some(Rc::new(Mapped { program, memory }))),
        Err(e) => {
            pgrx::debug1!("altlas: the compiled model {} is made anew: {e}", path.display());
            let _ = fs::remove_file(path);
            None
        }
    }
}

fn lock_path(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(format!("{sha256}.lock"))
}

fn lock_file(folder: &Path, sha256: &str) -> std::io::Result<File> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    File::options().write(true).create(true).truncate(false).mode(0o600).open(lock_path(folder, sha256))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let made = (|| {
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        fs::rename(&unfinished, path)
    })();
    made.inspect_err(|_| {
        let _ = fs::remove_file(&unfinished);
    })
}

/// Removes the oldest files until `more` bytes fit into `altlas.model_cache`. Whoever has one mapped keeps it.
fn make_room(folder: &Path, more: u64) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let mut files: Vec<_> = files
        .flatten()
        .filter_map(|file| {
            let about = file.metadata().ok()?;
            Some((about.modified().ok()?, about.len(), file.path()))
        })
        .collect();
    files.sort();
    let mut bytes = files.iter().map(|(_, length, _)| length).sum::<u64>().saturating_add(more);
    for (_, length, path) in files {
        if bytes <= guc::model_cache() {
            return;
        }
        if fs::remove_file(path).is_ok() {
            bytes = bytes.saturating_sub(length);
        }
    }
}

/// Reading a model takes several times its size for a moment, which the C library would keep for the next one.
fn trim_memory() {
    // SAFETY: no pointers, no preconditions.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A file mapped read-only.
struct Memory {
    start: *mut std::ffi::c_void,
    length: usize,
}

impl Memory {
    fn map(file: &File, length: usize) -> rustix::io::Result<Self> {
        // SAFETY: a new mapping at an address that the kernel chooses. Files are never changed in place, see the module.
        let start =
            unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::SHARED, file, 0) }?;
        Ok(Self { start, length })
    }

    /// The caller keeps what it makes of them beside the memory, and drops it first.
    fn bytes(&self) -> &'static [u8] {
        // SAFETY: the mapping has this length and stays until `self` is dropped.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.length) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping made by `map`; nothing reads it any more.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}
