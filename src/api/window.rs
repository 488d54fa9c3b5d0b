//! PostgreSQL's `windowapi.h` (the same in versions 14 to 18). pgrx knows no window functions, so this is the one place that
//! speaks it, and its callers are C functions by hand.

// PostgreSQL's errors leave C functions by longjmp; every call here goes through pgrx's guard, which turns them into unwinding.
#![allow(ffi_unwind_calls)]

use std::ffi::{c_int, c_void};

use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;
use pgrx::prelude::*;

use crate::error::{Error, Result, sql};

/// What `palloc` gives at once, less a header; also keeps row numbers within a C int.
pub const MAX_ROWS: i64 = (0x3fff_ffff - 64) / 8;

const WINDOW_SEEK_HEAD: c_int = 1;

/// A pointer to PostgreSQL's `WindowObjectData`, which is private to its executor.
type WindowObject = *mut c_void;

unsafe extern "C-unwind" {
    fn WinGetPartitionLocalMemory(object: WindowObject, size: usize) -> *mut c_void;
    fn WinGetCurrentPosition(object: WindowObject) -> i64;
    fn WinGetPartitionRowCount(object: WindowObject) -> i64;
    fn WinSetMarkPosition(object: WindowObject, mark: i64);
    fn WinGetFuncArgInPartition(
        object: WindowObject,
        argument: c_int,
        position: c_int,
        seek: c_int,
        set_mark: bool,
        is_null: *mut bool,
        is_out: *mut bool,
    ) -> pg_sys::Datum;
    fn WinGetFuncArgCurrent(object: WindowObject, argument: c_int, is_null: *mut bool) -> pg_sys::Datum;
}

/// The window that a call belongs to.
pub struct Window(WindowObject);

impl Window {
    /// # Safety
    /// `call` is the call that PostgreSQL made of the function `name`.
    pub unsafe fn of(call: pg_sys::FunctionCallInfo, name: &str) -> Result<Self> {
        // SAFETY: `context` is NULL or a node, and every node begins with its tag.
        unsafe {
            let node = (*call).context;
            if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_WindowObjectData {
                return Err(Error::NotSupported {
                    message: format!("{name} is a window function"),
                    detail: String::new(),
                    hint: format!("Write altlas.{name}(…) OVER (…)."),
                });
            }
            Ok(Self(node.cast()))
        }
    }

    /// Rows of the partition; reads it to its end.
    pub fn rows(&self) -> i64 {
        // SAFETY: the object is valid during the call.
        unsafe { pg_guard_ffi_boundary(|| WinGetPartitionRowCount(self.0)) }
    }

    /// The current row's number in the partition, from 0.
    pub fn position(&self) -> i64 {
        // SAFETY: as above.
        unsafe { pg_guard_ffi_boundary(|| WinGetCurrentPosition(self.0)) }
    }

    /// The partition's memory: `words` zeros at the partition's first call, what was written there at its later ones. PostgreSQL
    /// frees it at the partition's end.
    pub fn memory(&self, words: usize) -> *mut u64 {
        let bytes = words * size_of::<u64>();
        // SAFETY: as above; palloc aligns to 8 bytes.
        unsafe { pg_guard_ffi_boundary(|| WinGetPartitionLocalMemory(self.0, bytes)).cast() }
    }

    /// An argument in a row of the partition: `None` beyond its end, `Some(None)` for NULL. `row` is below [`MAX_ROWS`].
    pub fn argument(&self, argument: c_int, row: i64) -> Option<Option<pg_sys::Datum>> {
        let (mut null, mut out) = (false, false);
        // SAFETY: as above; row numbers fit.
        let datum = unsafe {
            pg_guard_ffi_boundary(|| {
                WinGetFuncArgInPartition(
                    self.0,
                    argument,
                    row as c_int,
                    WINDOW_SEEK_HEAD,
                    false,
                    &mut null,
                    &mut out,
                )
            })
        };
        if out { None } else { Some((!null).then_some(datum)) }
    }

    /// An argument in the current row.
    pub fn current(&self, argument: c_int) -> Option<pg_sys::Datum> {
        let mut null = false;
        // SAFETY: as above.
        let datum = unsafe { pg_guard_ffi_boundary(|| WinGetFuncArgCurrent(self.0, argument, &mut null)) };
        (!null).then_some(datum)
    }

    /// No row before this one is asked for again, so PostgreSQL need not keep them for this function.
    pub fn release_before(&self, row: i64) {
        // SAFETY: as above.
        unsafe { pg_guard_ffi_boundary(|| WinSetMarkPosition(self.0, row)) }
    }
}

/// Returns what a function by hand gives to PostgreSQL; an error unwinds.
///
/// # Safety
/// `call` is the call that PostgreSQL made.
pub unsafe fn returned(
    call: pg_sys::FunctionCallInfo,
    result: sql::Result<Option<pg_sys::Datum>>,
) -> pg_sys::Datum {
    match result {
        Ok(Some(datum)) => datum,
        Ok(None) => {
            // SAFETY: the call's own structure.
            unsafe { (*call).isnull = true };
            pg_sys::Datum::from(0)
        }
        Err(report) => {
            report.report(PgLogLevel::ERROR); // unwinds
            pg_sys::Datum::from(0)
        }
    }
}

/// A C function by hand: the symbol that SQL names, and the record that says it is called in the way of version 1
/// (`PG_FUNCTION_INFO_V1`).
macro_rules! c_function {
    ($symbol:ident, $info:ident, $body:expr) => {
        #[doc = concat!("`", stringify!($symbol), "`, declared in `sql/schema`.")]
        ///
        /// # Safety
        /// Called by PostgreSQL only.
        #[unsafe(no_mangle)]
        #[pgrx::pg_guard]
        pub unsafe extern "C-unwind" fn $symbol(call: pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum {
            // SAFETY: PostgreSQL made the call.
            unsafe { $crate::api::window::returned(call, $body(call)) }
        }

        #[doc = concat!("How `", stringify!($symbol), "` is called.")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const V1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }
    };
}
pub(crate) use c_function;
