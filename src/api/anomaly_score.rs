//! `anomaly_score`, a window function. pgrx knows no window functions, so this is the one place that speaks PostgreSQL's
//! `windowapi.h` (the same in versions 14 to 18) and the C calling convention by hand.

// PostgreSQL's errors leave C functions by longjmp; every call here goes through pgrx's guard, which turns them into unwinding.
#![allow(ffi_unwind_calls)]

use std::ffi::{c_int, c_void};

use altlas_series::{Method, Point, ValidOptions};
use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;
use pgrx::prelude::*;
use pgrx::{FromDatum, IntoDatum};

use super::anomaly::method_of;
use crate::convert::tick;
use crate::error::{Error, Result, required, sql};

/// What `palloc` gives at once, less a header; also keeps row numbers within a C int.
const MAX_ROWS: i64 = (0x3fff_ffff - 64) / 8;

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
struct Window(WindowObject);

impl Window {
    /// # Safety
    /// `call` is the call that PostgreSQL made.
    unsafe fn of(call: pg_sys::FunctionCallInfo) -> Result<Self> {
        // SAFETY: `context` is NULL or a node, and every node begins with its tag.
        unsafe {
            let node = (*call).context;
            if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_WindowObjectData {
                return Err(Error::NotSupported {
                    message: "anomaly_score is a window function".into(),
                    detail: String::new(),
                    hint: "Write altlas.anomaly_score(x) OVER (ORDER BY ts).".into(),
                });
            }
            Ok(Self(node.cast()))
        }
    }

    fn rows(&self) -> i64 {
        // SAFETY: the object is valid during the call.
        unsafe { pg_guard_ffi_boundary(|| WinGetPartitionRowCount(self.0)) }
    }

    fn position(&self) -> i64 {
        // SAFETY: as above.
        unsafe { pg_guard_ffi_boundary(|| WinGetCurrentPosition(self.0)) }
    }

    /// The partition's memory: `words` zeros at the partition's first call, what was written there at its later ones. PostgreSQL
    /// frees it at the partition's end.
    fn memory(&self, words: usize) -> *mut u64 {
        let bytes = words * size_of::<u64>();
        // SAFETY: as above; palloc aligns to 8 bytes.
        unsafe { pg_guard_ffi_boundary(|| WinGetPartitionLocalMemory(self.0, bytes)).cast() }
    }

    /// The first argument in a row of the partition; NULL is NaN.
    fn value(&self, row: i64) -> f64 {
        let (mut null, mut out) = (false, false);
        // SAFETY: as above; the argument is declared as float8, and row numbers fit (`MAX_ROWS`).
        unsafe {
            let datum = pg_guard_ffi_boundary(|| {
                WinGetFuncArgInPartition(
                    self.0,
                    0,
                    row as c_int,
                    WINDOW_SEEK_HEAD,
                    false,
                    &mut null,
                    &mut out,
                )
            });
            f64::from_datum(datum, null || out).unwrap_or(f64::NAN)
        }
    }

    /// The second argument in the current row.
    fn method(&self) -> Result<Method> {
        let mut null = false;
        // SAFETY: as above; the argument is declared as text.
        let name = unsafe {
            let datum = pg_guard_ffi_boundary(|| WinGetFuncArgCurrent(self.0, 1, &mut null));
            String::from_datum(datum, null)
        };
        method_of(&required(name, "method")?)
    }

    /// No row before the last is asked for again, so PostgreSQL need not keep them for this function.
    fn release(&self, rows: i64) {
        // SAFETY: as above.
        unsafe { pg_guard_ffi_boundary(|| WinSetMarkPosition(self.0, rows - 1)) }
    }
}

/// The score of the current row among all rows of its partition.
fn score(window: &Window) -> Result<Option<f64>> {
    let rows = window.rows();
    if !(1..=MAX_ROWS).contains(&rows) {
        return Err(Error::PartitionTooLarge { rows, limit: MAX_ROWS });
    }
    // One word says whether the scores are there, the rest are the scores, by row.
    let memory = window.memory(1 + rows as usize);
    let position = window.position();
    // SAFETY: `memory` has 1 + rows words (the number of rows of a partition does not change), and the position lies within.
    unsafe {
        if *memory == 0 {
            for (n, score) in (1..).zip(scores(window, rows)?) {
                *memory.add(n) = score.to_bits();
            }
            *memory = 1;
            window.release(rows);
        }
        let score = f64::from_bits(*memory.add(1 + position as usize));
        Ok(Some(score).filter(|s| !s.is_nan()))
    }
}

fn scores(window: &Window, rows: i64) -> Result<Vec<f64>> {
    // Rows are taken as equally spaced; where no season is found a season cannot be demanded of a column of scores.
    let method = match window.method()? {
        Method::Seasonal => Method::Auto,
        method => method,
    };
    let points = (0..rows)
        .map(|row| {
            if row % 1024 == 0 {
                tick();
            }
            Point { ts_us: None, value: window.value(row) }
        })
        .collect::<Vec<_>>();
    let detection = altlas_series::detect(&points, method, &ValidOptions::default(), &tick);
    let detection = detection.map_err(|e| Error::Internal { message: e.to_string() })?;
    Ok(detection.judged.into_iter().map(|j| j.score).collect())
}

fn call(info: pg_sys::FunctionCallInfo) -> sql::Result<Option<f64>> {
    // SAFETY: PostgreSQL made the call.
    let window = unsafe { Window::of(info) }?;
    Ok(score(&window)?)
}

/// `altlas.anomaly_score(value float8, method text)`, declared in `sql/schema/anomaly_score.sql`.
///
/// # Safety
/// Called by PostgreSQL only.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn altlas_anomaly_score(info: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    match call(info) {
        Ok(score) => score.into_datum().unwrap_or_else(|| {
            // SAFETY: the call's own structure.
            unsafe { (*info).isnull = true };
            pg_sys::Datum::from(0)
        }),
        Err(report) => {
            report.report(PgLogLevel::ERROR); // unwinds
            pg_sys::Datum::from(0)
        }
    }
}

/// Says that `altlas_anomaly_score` is called in the way of version 1 (`PG_FUNCTION_INFO_V1`).
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_altlas_anomaly_score() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}
