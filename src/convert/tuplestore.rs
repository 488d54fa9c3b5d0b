//! The result of a set-returning function as a whole, which PostgreSQL moves to disk when it outgrows `work_mem`.

use pgrx::{PgMemoryContexts, pg_sys};

use crate::error::{Error, Result};

/// The rows of a function's result.
pub struct TupleStore {
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
}

impl TupleStore {
    /// The result of a call, still without rows.
    ///
    /// # Safety
    /// `call` is the call that PostgreSQL made, and the result lives no longer than it.
    pub unsafe fn open(call: pg_sys::FunctionCallInfo) -> Result<Self> {
        // SAFETY: `resultinfo` is NULL or a node; that of a set is a ReturnSetInfo, whose memory outlives the call.
        unsafe {
            let info = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let is_set = !info.is_null() && (*info).type_ == pg_sys::NodeTag::T_ReturnSetInfo;
            let modes = if is_set { (*info).allowedModes as u32 } else { 0 };
            if modes & pg_sys::SetFunctionReturnMode::SFRM_Materialize == 0 || (*info).expectedDesc.is_null()
            {
                return Err(Error::NotSupported {
                    message: "a set is returned where none is expected".into(),
                    detail: String::new(),
                    hint: "Call the function in FROM.".into(),
                });
            }
            let random = modes & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random != 0;
            let (store, descriptor) = PgMemoryContexts::For((*(*info).econtext).ecxt_per_query_memory)
                .switch_to(|_| {
                    (
                        pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem),
                        pg_sys::CreateTupleDescCopy((*info).expectedDesc),
                    )
                });
            (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            (*info).setResult = store;
            (*info).setDesc = descriptor;
            Ok(Self { store, descriptor })
        }
    }

    /// Appends a row; `None` for NULL. The values are copied.
    ///
    /// # Safety
    /// There is a valid value of its type for each column that SQL declares.
    pub unsafe fn put<const N: usize>(&mut self, row: [Option<pg_sys::Datum>; N]) {
        let nulls = row.map(|value| value.is_none());
        let values = row.map(|value| value.unwrap_or(pg_sys::Datum::from(0usize)));
        // SAFETY: as above.
        unsafe {
            pg_sys::tuplestore_putvalues(
                self.store,
                self.descriptor,
                values.as_ptr().cast_mut(),
                nulls.as_ptr().cast_mut(),
            );
        }
    }
}
