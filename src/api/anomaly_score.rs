//! `anomaly_score`, a window function.

// The guard of a C function unwinds.
#![allow(ffi_unwind_calls)]

use altlas_series::{Method, Point, ValidOptions};
use pgrx::prelude::*;
use pgrx::{FromDatum, IntoDatum};

use super::anomaly::method_of;
use super::window::{MAX_ROWS, Window, c_function};
use crate::convert::tick;
use crate::error::{Error, Result, required, sql};

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
            window.release_before(rows - 1);
        }
        let score = f64::from_bits(*memory.add(1 + position as usize));
        Ok(Some(score).filter(|s| !s.is_nan()))
    }
}

fn scores(window: &Window, rows: i64) -> Result<Vec<f64>> {
    // Rows are taken as equally spaced; where no season is found a season cannot be demanded of a column of scores.
    let method = match method(window)? {
        Method::Seasonal => Method::Auto,
        method => method,
    };
    let points = (0..rows)
        .map(|row| {
            if row % 1024 == 0 {
                tick();
            }
            let datum = window.argument(0, row).flatten();
            // SAFETY: the argument is declared as float8.
            let value = datum.and_then(|datum| unsafe { f64::from_datum(datum, false) });
            Point { ts_us: None, value: value.unwrap_or(f64::NAN) }
        })
        .collect::<Vec<_>>();
    let detection = altlas_series::detect(&points, method, &ValidOptions::default(), &tick);
    let detection = detection.map_err(|e| Error::Internal { message: e.to_string() })?;
    Ok(detection.judged.into_iter().map(|j| j.score).collect())
}

/// The second argument in the current row.
fn method(window: &Window) -> Result<Method> {
    // SAFETY: the argument is declared as text.
    let name = window.current(1).and_then(|datum| unsafe { String::from_datum(datum, false) });
    method_of(&required(name, "method")?)
}

fn call(call: pg_sys::FunctionCallInfo) -> sql::Result<Option<pg_sys::Datum>> {
    // SAFETY: PostgreSQL made the call.
    let window = unsafe { Window::of(call, "anomaly_score") }?;
    Ok(score(&window)?.and_then(IntoDatum::into_datum))
}

c_function!(altlas_anomaly_score, pg_finfo_altlas_anomaly_score, call);
