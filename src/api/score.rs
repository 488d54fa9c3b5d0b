//! `score`: the rows of a source, scored in batches.

// The guard of a C function unwinds.
#![allow(ffi_unwind_calls)]

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use pgrx::IntoDatum;
use pgrx::prelude::*;

use super::window::c_function;
use crate::convert::{RowPlan, TupleStore};
use crate::error::{Result, required, sql};
use crate::scoring::{Batch, Features, Scored, Version, Want, missing_column, resolved};
use crate::store::keyed::{KeyColumn, TextColumn};
use crate::store::source::{self, TupleSink};

/// Scores rows as they are read.
struct Scoring {
    batch: Batch<Rc<Version>>,
    result: TupleStore,
    /// The name of the column that is given back.
    key: Option<String>,
    /// Where it is; known when the rows' type is.
    key_column: Option<KeyColumn>,
    /// For a model that takes a text: the column that holds it.
    text: Option<TextColumn>,
    /// The keys of the rows that have no answer yet.
    keys: VecDeque<Option<String>>,
    ordinal: i64,
}

impl TupleSink for Scoring {
    unsafe fn describe(&mut self, descriptor: pg_sys::TupleDesc) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        let columns = unsafe { source::columns(descriptor) };
        let key = KeyColumn::find(&columns, self.key.as_deref())?;
        self.key_column = self.key.is_some().then_some(key);
        if !self.batch.version().takes_text()? {
            return self.batch.plan(|version, wanted| {
                // SAFETY: the caller vouches for the descriptor.
                unsafe {
                    RowPlan::of_descriptor(descriptor, wanted, |c, have| missing_column(version, c, have))
                }
            });
        }
        self.text = Some(TextColumn::find(&columns, key, &self.batch.version().label)?);
        Ok(())
    }

    unsafe fn tuple(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<()> {
        if let Some(key) = self.key_column {
            // SAFETY: the caller vouches for the tuple.
            self.keys.push_back(unsafe { key.of(tuple, descriptor) });
        }
        match self.text {
            Some(column) => {
                // SAFETY: as above.
                let text = unsafe { column.of(tuple, descriptor) };
                let text = text.map(|text| Features::Text(Cow::Owned(text)));
                self.batch.push(text.as_ref())?;
            }
            // SAFETY: the plan was made for this descriptor.
            None => self.batch.push_tuple(|plan| unsafe { plan.take(tuple) })?,
        }
        if self.batch.is_full() {
            let answers = self.batch.score()?;
            self.put(answers);
        }
        Ok(())
    }
}

impl Scoring {
    /// Appends the next rows of the result.
    fn put(&mut self, answers: Vec<Option<Scored>>) {
        let version = &self.batch.version().label;
        let mut context = pgrx::PgMemoryContexts::new("altlas score");
        // SAFETY: the values are of the types that SQL declares, in its order; they are copied before the context goes.
        unsafe {
            context.switch_to(|_| {
                let version = version.as_str().into_datum();
                for answer in answers {
                    self.ordinal += 1;
                    let scored = answer.unwrap_or_default();
                    self.result.put([
                        self.ordinal.into_datum(),
                        self.keys.pop_front().flatten().into_datum(),
                        scored.value.into_datum(),
                        scored.label.into_datum(),
                        scored.proba.into_datum(),
                        version,
                    ]);
                }
            });
        }
    }
}

fn score(call: pg_sys::FunctionCallInfo) -> Result<()> {
    // SAFETY: PostgreSQL made the call, with the arguments that SQL declares.
    let (result, model, source, key) = unsafe {
        let text = |n| pgrx::fcinfo::pg_getarg::<String>(call, n);
        (TupleStore::open(call)?, text(0), text(1), text(2))
    };
    let version = resolved(&required(model, "model")?)?;
    let source = required(source, "source")?;
    let mut scoring = Scoring {
        batch: Batch::new(version, Want::All),
        result,
        key,
        key_column: None,
        text: None,
        keys: VecDeque::new(),
        ordinal: 0,
    };
    source::read_tuples(&source, &mut scoring)?;
    let answers = scoring.batch.finish()?;
    scoring.put(answers);
    Ok(())
}

c_function!(altlas_score, pg_finfo_altlas_score, |call| -> sql::Result<Option<pg_sys::Datum>> {
    score(call)?;
    Ok(None)
});
