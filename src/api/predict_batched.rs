//! `predict_batched`, `predict_label_batched`: window functions that read rows ahead and score them together.

// The guard of a C function unwinds.
#![allow(ffi_unwind_calls)]

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::{FromDatum, IntoDatum, JsonB};

use super::predict::{label, of_json, of_text, value};
use super::window::{MAX_ROWS, Window, c_function};
use crate::convert::{Floats, Record};
use crate::error::{Error, Result, required, sql};
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
}

const NUMBERS: Gives = Gives {
    name: "predict_batched",
    want: Want::Value,
    datum: |scored, version| Ok(value(scored, version)?.into_datum()),
};

const LABELS: Gives = Gives {
    name: "predict_label_batched",
    want: Want::Label,
    datum: |scored, version| Ok(label(scored, version)?.into_datum()),
};

/// The rows of a partition that were read ahead.
struct Ahead {
    batch: Batch<Rc<Version>>,
    /// The row to be read next.
    next: i64,
    /// Answers of rows, one after the other.
    answers: VecDeque<Option<Scored>>,
    /// The row of the first of them.
    first: i64,
}

impl Ahead {
    /// What the partition keeps, made by `make` at its first call; dropped with the partition's memory.
    fn of(window: &Window, make: impl FnOnce() -> Result<Self>) -> Result<*mut Self> {
        let word = window.memory(1);
        // SAFETY: a word of the partition's memory, zero at first.
        unsafe {
            if *word == 0 {
                let made = make()?;
                let context = pg_sys::GetMemoryChunkContext(word.cast());
                *word = pgrx::PgMemoryContexts::For(context).leak_and_drop_on_delete(made) as u64;
            }
            Ok(*word as *mut Self)
        }
    }

    /// The answer for a row, reading and scoring rows ahead of it when it is not there yet.
    fn answer(&mut self, row: i64, window: &Window, read: Read) -> Result<Option<Scored>> {
        while self.first + (self.answers.len() as i64) <= row {
            self.first += self.answers.len() as i64;
            self.answers = self.more(window, read)?.into();
        }
        self.answers.drain(..usize::try_from(row - self.first).unwrap_or(0));
        self.first = row + 1;
        Ok(self.answers.pop_front().flatten())
    }

    /// Scores the next rows. What the engine scores comes a batch later, so that there may be no answers yet.
    fn more(&mut self, window: &Window, read: Read) -> Result<Vec<Option<Scored>>> {
        while !self.batch.is_full() && self.next < MAX_ROWS {
            let Some(argument) = window.argument(FEATURES, self.next) else { return self.batch.finish() };
            push(&mut self.batch, argument, read)?;
            self.next += 1;
        }
        window.release_before(self.next - 1);
        if self.next < MAX_ROWS { self.batch.score() } else { self.batch.finish() }
    }
}

fn push(batch: &mut Batch<Rc<Version>>, argument: Option<pg_sys::Datum>, read: Read) -> Result<()> {
    // SAFETY: the function is declared with the type that `read` takes, and the row stays until the next is asked for.
    let features = argument.map(|datum| unsafe { read(datum, batch.version()) }).transpose()?.flatten();
    batch.push(features.as_ref())
}

/// The current row's result.
fn result(call: pg_sys::FunctionCallInfo, read: Read, gives: &Gives) -> Result<Option<pg_sys::Datum>> {
    // SAFETY: PostgreSQL made the call.
    let window = unsafe { Window::of(call, gives.name) }?;
    let position = window.position();
    if position >= MAX_ROWS {
        return Err(Error::PartitionTooLarge { rows: position, limit: MAX_ROWS });
    }
    let empty = || -> Result<_> {
        // SAFETY: the argument is declared as text.
        let model = window.current(MODEL).and_then(|datum| unsafe { <&str>::from_datum(datum, false) });
        Ok(Batch::new(resolved(required(model, "model")?)?, gives.want))
    };
    let give = |scored: Option<Scored>, version: &Version| {
        scored.map_or(Ok(None), |scored| (gives.datum)(scored, version))
    };
    // SAFETY: the function's own expression.
    if unsafe { pg_sys::get_fn_expr_arg_stable((*call).flinfo, MODEL) } {
        let ahead = Ahead::of(&window, || {
            Ok(Ahead { batch: empty()?, next: position, answers: VecDeque::new(), first: position })
        })?;
        // SAFETY: it is there as long as the partition, whose calls come one after the other.
        let ahead = unsafe { &mut *ahead };
        return give(ahead.answer(position, &window, read)?, ahead.batch.version());
    }
    // Another row may name another model.
    let mut batch = empty()?;
    push(&mut batch, window.current(FEATURES), read)?;
    window.release_before(position);
    give(batch.finish()?.pop().flatten(), batch.version())
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
