//! `predict_batched`, `predict_label_batched`: window functions that read rows ahead and score them together.

// The guard of a C function unwinds.
#![allow(ffi_unwind_calls)]

use std::borrow::Cow;

use pgrx::prelude::*;
use pgrx::{FromDatum, IntoDatum, JsonB};

use super::predict::{label, of_json, of_text, value};
use super::window::{MAX_ROWS, Window, c_function};
use crate::convert::{Floats, Record};
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::{Batch, Features, Scored, Version, Want, resolved};

/// Arguments of the functions.
const MODEL: i32 = 0;
const FEATURES: i32 = 1;

/// A datum as a row of features, by the type that the function is declared with. It is read where it lies: the features are
/// used before the window moves on.
type Read = unsafe fn(pg_sys::Datum, &Version) -> Result<Option<Features<'static>>>;

/// What one of the functions gives.
struct Gives {
    name: &'static str,
    want: Want,
    /// An answer as the function's result, allocated in the current memory context.
    datum: fn(Scored, &Version) -> Result<Option<pg_sys::Datum>>,
    /// Whether results are pointers, to be freed.
    by_reference: bool,
}

const NUMBERS: Gives = Gives {
    name: "predict_batched",
    want: Want::Value,
    datum: |scored, version| Ok(value(scored, version)?.into_datum()),
    by_reference: false,
};

const LABELS: Gives = Gives {
    name: "predict_label_batched",
    want: Want::Label,
    datum: |scored, version| Ok(label(scored, version)?.into_datum()),
    by_reference: true,
};

/// The partition's memory: the rows scored last.
struct Ahead {
    /// Words: how many rows it has room for, number of its first row, how many rows it holds, then two for each: whether
    /// it is an answer, and the answer.
    words: *mut u64,
}

const ROOM: usize = 0;
const FIRST: usize = 1;
const COUNT: usize = 2;
const HEAD: usize = 3;

impl Ahead {
    /// The memory of a window's partition. The size is that of the partition's first call.
    fn of(window: &Window, room: usize) -> Self {
        let words = window.memory(HEAD + 2 * room);
        // SAFETY: at the first call there are so many words, all zero.
        unsafe {
            if *words == 0 {
                *words = room as u64;
            }
        }
        Self { words }
    }

    fn head(&self, word: usize) -> usize {
        // SAFETY: `word` is one of the words of the head.
        unsafe { *self.words.add(word) as usize }
    }

    fn room(&self) -> usize {
        self.head(ROOM)
    }

    /// The result of a row: `None` when it is not here.
    fn get(&self, row: usize) -> Option<Option<pg_sys::Datum>> {
        let n = row.checked_sub(self.head(FIRST)).filter(|n| *n < self.head(COUNT))?;
        // SAFETY: `n` is below the number of rows, which is at most the room.
        unsafe {
            let answered = *self.words.add(HEAD + 2 * n) != 0;
            Some(answered.then(|| pg_sys::Datum::from(*self.words.add(HEAD + 2 * n + 1) as usize)))
        }
    }

    /// Replaces what is here by the results of the rows from `first` on, at most as many as there is room for.
    fn put(&self, first: usize, results: &[Option<pg_sys::Datum>], by_reference: bool) {
        if by_reference {
            let old = self.head(FIRST)..self.head(FIRST) + self.head(COUNT);
            for datum in old.filter_map(|row| self.get(row).flatten()) {
                // SAFETY: it was allocated for this place, and nobody reads it after the row that it was for.
                unsafe { pg_sys::pfree(datum.cast_mut_ptr()) };
            }
        }
        // SAFETY: at most as many as there is room for.
        unsafe {
            *self.words.add(FIRST) = first as u64;
            *self.words.add(COUNT) = results.len().min(self.room()) as u64;
            for (n, result) in results.iter().take(self.room()).enumerate() {
                *self.words.add(HEAD + 2 * n) = u64::from(result.is_some());
                *self.words.add(HEAD + 2 * n + 1) = result.map_or(0, |datum| datum.value() as u64);
            }
        }
    }

    /// Runs `work` with the memory context that this memory is in.
    fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        // SAFETY: the memory is a chunk of a memory context, which lives as long as it.
        unsafe {
            let context = pg_sys::GetMemoryChunkContext(self.words.cast());
            pgrx::PgMemoryContexts::For(context).switch_to(|_| work())
        }
    }
}

/// The current row's result, scoring it and rows ahead of it when it is not there yet.
fn result(call: pg_sys::FunctionCallInfo, read: Read, gives: &Gives) -> Result<Option<pg_sys::Datum>> {
    // SAFETY: PostgreSQL made the call.
    let window = unsafe { Window::of(call, gives.name) }?;
    // SAFETY: the function's own expression.
    let one_model = unsafe { pg_sys::get_fn_expr_arg_stable((*call).flinfo, MODEL) };
    let ahead = Ahead::of(&window, if one_model { guc::batch_size() } else { 1 });
    let position = window.position();
    if position >= MAX_ROWS {
        return Err(Error::PartitionTooLarge { rows: position, limit: MAX_ROWS });
    }
    if let Some(known) = ahead.get(position as usize) {
        return Ok(known);
    }
    // SAFETY: the argument is declared as text.
    let model = window.current(MODEL).and_then(|datum| unsafe { <&str>::from_datum(datum, false) });
    let mut batch = Batch::new(resolved(required(model, "model")?)?, gives.want);
    let version = batch.version().clone();
    let mut next = position;
    while batch.len() < ahead.room() && !batch.is_full() && next < MAX_ROWS {
        let Some(argument) = window.argument(FEATURES, next) else { break };
        // SAFETY: the function is declared with the type that `read` takes, and the row stays until the next is asked for.
        let features = argument.map(|datum| unsafe { read(datum, &version) }).transpose()?.flatten();
        batch.push(features.as_ref())?;
        next += 1;
    }
    let scored = batch.score()?;
    let results = ahead.within(|| {
        let results = scored.into_iter().map(|s| s.map_or(Ok(None), |s| (gives.datum)(s, &version)));
        results.collect::<Result<Vec<_>>>()
    })?;
    ahead.put(position as usize, &results, gives.by_reference);
    window.release_before(next - 1);
    Ok(results.first().copied().flatten())
}

/// # Safety
/// The datum is a composite value.
unsafe fn record(datum: pg_sys::Datum, _: &Version) -> Result<Option<Features<'static>>> {
    Ok(Some(Features::Record(Record(datum))))
}

/// # Safety
/// The datum is a `float8[]`.
unsafe fn vector(datum: pg_sys::Datum, _: &Version) -> Result<Option<Features<'static>>> {
    // SAFETY: the caller vouches for it.
    let floats = unsafe { Floats::from_datum(datum, false) };
    Ok(floats.map(|f| Features::Vector(f.values)))
}

/// # Safety
/// The datum is a `jsonb`.
unsafe fn json(datum: pg_sys::Datum, version: &Version) -> Result<Option<Features<'static>>> {
    // SAFETY: the caller vouches for it.
    of_json(unsafe { JsonB::from_datum(datum, false) }, version)
}

/// # Safety
/// The datum is a `text`.
unsafe fn text(datum: pg_sys::Datum, version: &Version) -> Result<Option<Features<'static>>> {
    // SAFETY: the caller vouches for it.
    of_text(unsafe { String::from_datum(datum, false) }.map(Cow::Owned), version)
}

macro_rules! forms {
    ($($symbol:ident, $info:ident, $read:ident, $gives:ident;)+) => { $(
        c_function!($symbol, $info, |call| -> sql::Result<_> { Ok(result(call, $read, &$gives)?) });
    )+ };
}

forms!(
    altlas_predict_batched_record, pg_finfo_altlas_predict_batched_record, record, NUMBERS;
    altlas_predict_batched_vector, pg_finfo_altlas_predict_batched_vector, vector, NUMBERS;
    altlas_predict_batched_json, pg_finfo_altlas_predict_batched_json, json, NUMBERS;
    altlas_predict_batched_text, pg_finfo_altlas_predict_batched_text, text, NUMBERS;
    altlas_predict_label_batched_record, pg_finfo_altlas_predict_label_batched_record, record, LABELS;
    altlas_predict_label_batched_vector, pg_finfo_altlas_predict_label_batched_vector, vector, LABELS;
    altlas_predict_label_batched_json, pg_finfo_altlas_predict_label_batched_json, json, LABELS;
    altlas_predict_label_batched_text, pg_finfo_altlas_predict_label_batched_text, text, LABELS;
);
