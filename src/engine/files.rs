//! Where the engine's files are. Paths in the data directory are relative: every process of the server works there,
//! and a socket's path may have 107 bytes only.

use std::ffi::CStr;
use std::path::PathBuf;

use pgrx::pg_sys;

/// The engine's folder. Base backups skip names that begin with `pgsql_tmp`.
pub const DIRECTORY: &str = "pgsql_tmp_altlas";
/// The engine's socket.
pub const SOCKET: &str = "pgsql_tmp_altlas/engine.sock";
/// Compiled models, made by backends and read by backends only.
pub const COMPILED: &str = "pgsql_tmp_altlas/compiled";
/// Held by the one supervisor of the cluster.
pub const SUPERVISOR_LOCK: &str = "pgsql_tmp_altlas/supervisor.lock";
/// Why the engine does not run, when it does not.
pub const LAST_FAILURE: &str = "pgsql_tmp_altlas/last_failure";
/// What the engine noted about models that ended it.
pub const CRASHES: &str = "pgsql_tmp_altlas/quarantine/list.json";
/// One file per database that has work for the maintenance worker, named by the database's OID.
pub const PENDING: &str = "pgsql_tmp_altlas/pending";
/// One file per database that has asynchronous jobs to run, named likewise.
pub const JOBS: &str = "pgsql_tmp_altlas/jobs";
/// One file per database that has ended jobs, named likewise; its time is that of the first one's removal.
pub const EXPIRY: &str = "pgsql_tmp_altlas/expiry";
/// One file per worker that runs asynchronous jobs, locked for as long as it lives.
pub const WORKERS: &str = "pgsql_tmp_altlas/workers";
/// Statistics on their way to altlas' tables: a folder per database.
pub const STATS: &str = "pgsql_tmp_altlas/stats";

/// `$pkglibdir/altlas`: the engine and ONNX Runtime.
fn library_directory() -> PathBuf {
    // SAFETY: `pkglib_path` is a NUL-terminated array that the server fills before any library is loaded.
    let path = unsafe { CStr::from_ptr((&raw const pg_sys::pkglib_path).cast()) };
    PathBuf::from(path.to_string_lossy().into_owned()).join("altlas")
}

/// The engine's program.
pub fn engine_program() -> PathBuf {
    library_directory().join("altlas-engine")
}

/// The ONNX Runtime library.
pub fn runtime_library() -> PathBuf {
    library_directory().join("libonnxruntime.so")
}

/// `$sharedir/altlas/models`: the built-in models.
pub fn models_directory() -> PathBuf {
    let mut share = [0 as std::ffi::c_char; pg_sys::MAXPGPATH as usize];
    // SAFETY: `get_share_path` writes at most MAXPGPATH bytes, NUL-terminated; `my_exec_path` is a NUL-terminated array.
    let share = unsafe {
        pg_sys::get_share_path((&raw const pg_sys::my_exec_path).cast(), share.as_mut_ptr());
        CStr::from_ptr(share.as_ptr())
    };
    PathBuf::from(share.to_string_lossy().into_owned()).join("altlas/models")
}

/// The file of a built-in model.
pub fn model_file(sha256: &str) -> PathBuf {
    models_directory().join(format!("{sha256}.onnx"))
}

/// The file of a built-in model's tokenizer.
pub fn tokenizer_file(sha256: &str) -> PathBuf {
    models_directory().join(format!("{sha256}.json"))
}
