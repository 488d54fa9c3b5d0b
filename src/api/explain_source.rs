//! `explain_source`: the rows of a source, each explained as it is read.

// The guard of a C function unwinds.
#![allow(ffi_unwind_calls)]

use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::{IntoDatum, JsonB};
use serde_json::json;

use super::window::c_function;
use crate::convert::{RowPlan, TupleStore, tick};
use crate::error::{Result, required, sql};
use crate::explain::{Explainer, ShapleyOptions};
use crate::scoring::missing_column;
use crate::store::keyed::KeyColumn;
use crate::store::source::{self, TupleSink};

struct Explaining {
    explainer: Rc<Explainer>,
    options: ShapleyOptions,
    result: TupleStore,
    key: Option<String>,
    /// Where the columns are; known when the rows' type is.
    plan: Option<(KeyColumn, RowPlan)>,
    ordinal: i64,
}

impl TupleSink for Explaining {
    unsafe fn describe(&mut self, descriptor: pg_sys::TupleDesc) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        let key = KeyColumn::find(&unsafe { source::columns(descriptor) }, self.key.as_deref())?;
        let version = &self.explainer.version;
        let columns = self.explainer.columns.iter().map(String::as_str);
        // SAFETY: as above.
        let plan = unsafe {
            RowPlan::of_descriptor(descriptor, columns, |c, have| missing_column(version, c, have))
        }?;
        self.plan = Some((key, plan));
        Ok(())
    }

    unsafe fn tuple(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<()> {
        tick();
        let Some((key, plan)) = &mut self.plan else { return Ok(()) };
        // SAFETY: the plan and the key were found in this descriptor.
        let key = unsafe {
            plan.take(tuple)?;
            key.of(tuple, descriptor)
        };
        let columns = &self.explainer.columns;
        let row: Vec<_> = (0..columns.len()).map(|n| plan.cell(n)).collect();
        let found = self.explainer.explain(&row, &self.options)?;
        self.ordinal += 1;
        let mut context = pgrx::PgMemoryContexts::new("altlas explain");
        // SAFETY: the values are of the types that SQL declares, in its order; they are copied before the context goes.
        unsafe {
            context.switch_to(|_| {
                let (key, class) = (key.into_datum(), found.class.as_deref().into_datum());
                for part in found.parts(columns, &row) {
                    self.result.put([
                        self.ordinal.into_datum(),
                        key,
                        part.column.into_datum(),
                        part.value.into_datum(),
                        part.contribution.into_datum(),
                        found.contributions.base.into_datum(),
                        found.contributions.prediction.into_datum(),
                        part.error.into_datum(),
                        class,
                    ]);
                }
            });
        }
        Ok(())
    }
}

fn explain_source(call: pg_sys::FunctionCallInfo) -> Result<()> {
    // SAFETY: PostgreSQL made the call, with the arguments that SQL declares.
    let (result, model, source, key, options) = unsafe {
        let text = |n| pgrx::fcinfo::pg_getarg::<String>(call, n);
        let options = pgrx::fcinfo::pg_getarg::<JsonB>(call, 3);
        (TupleStore::open(call)?, text(0), text(1), text(2), options)
    };
    let (model, source) = (required(model, "model")?, required(source, "source")?);
    let options = ShapleyOptions::parse(&options.map_or_else(|| json!({}), |o| o.0))?;
    let explainer = Explainer::of(&model, &options)?;
    let mut explaining = Explaining { explainer, options, result, key, plan: None, ordinal: 0 };
    source::read_tuples(&source, &mut explaining)
}

c_function!(altlas_explain_source, pg_finfo_altlas_explain_source, |call| -> sql::Result<
    Option<pg_sys::Datum>,
> {
    explain_source(call)?;
    Ok(None)
});
