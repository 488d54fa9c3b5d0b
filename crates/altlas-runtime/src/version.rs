use std::ffi::CStr;
use std::path::Path;

use ort::sys::OrtApiBase;

/// The version of the runtime library at `path`, which must be loaded already. `ort` reads it but does not tell.
// The only unsafe code of this crate: calls of two C functions that the library's interface fixes.
#[allow(unsafe_code)]
pub(crate) fn of_library(path: &Path) -> Option<String> {
    // SAFETY: the library is loaded (by `ort`, from the same path), so opening it again runs no initialiser and
    // gives the same handle with one more reference.
    let library = unsafe { libloading::Library::new(path) }.ok()?;
    // SAFETY: `OrtGetApiBase` has this signature in every version of ONNX Runtime.
    let get_base =
        unsafe { library.get::<unsafe extern "C" fn() -> *const OrtApiBase>(b"OrtGetApiBase") }.ok()?;
    // SAFETY: it takes nothing and returns a pointer to a static table, or null.
    let base = unsafe { get_base().as_ref() }?;
    // SAFETY: `GetVersionString` returns a static, NUL-terminated string.
    let version = unsafe { CStr::from_ptr((base.GetVersionString)()) };
    Some(version.to_str().ok()?.to_owned())
}
