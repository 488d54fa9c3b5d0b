//! Reading altlas' tables by the statement's own snapshot, without writing anything.
//!
//! pgrx's SPI calls take a transaction id, or start a command where the transaction has one: replicas and parallel workers
//! can do neither. They are for statements that write.

use std::ffi::CString;

use pgrx::datum::DatumWithOid;
use pgrx::{FromDatum, Spi, pg_sys};

use crate::error::{Error, Result};

/// A row of a query's result.
pub struct Row {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl Row {
    /// The value of the column of this number, from 1. The query must give the type asked for.
    pub fn get<T: FromDatum>(&self, column: i32) -> Option<T> {
        let mut null = false;
        // SAFETY: the row lives in the SPI memory of the enclosing `first`; the text of every query is in this repository,
        // so that the types are known.
        unsafe {
            let datum = pg_sys::SPI_getbinval(self.tuple, self.descriptor, column, &mut null);
            T::from_datum(datum, null)
        }
    }
}

/// Reads the first row of a query with `read`; `None` when there is no row.
pub fn first<T>(
    query: &str,
    arguments: &[DatumWithOid<'_>],
    read: impl FnMut(&Row) -> T,
) -> Result<Option<T>> {
    Ok(rows(query, arguments, 1, read)?.pop())
}

/// Reads every row of a query with `read`.
pub fn all<T>(query: &str, arguments: &[DatumWithOid<'_>], read: impl FnMut(&Row) -> T) -> Result<Vec<T>> {
    rows(query, arguments, 0, read)
}

/// At most `most` rows; all when it is 0.
fn rows<T>(
    query: &str,
    arguments: &[DatumWithOid<'_>],
    most: i64,
    mut read: impl FnMut(&Row) -> T,
) -> Result<Vec<T>> {
    let text =
        CString::new(query).map_err(|_| Error::Internal { message: "a query has a zero byte".into() })?;
    let mut types: Vec<_> = arguments.iter().map(DatumWithOid::oid).collect();
    let values = || arguments.iter().map(|a| a.datum().map(|d| d.sans_lifetime()));
    let mut datums: Vec<_> = values().map(|v| v.unwrap_or(pg_sys::Datum::from(0usize))).collect();
    let nulls: Vec<std::ffi::c_char> = values().map(|v| if v.is_some() { b' ' } else { b'n' } as _).collect();
    Spi::connect(|_| {
        // SAFETY: within SPI_connect; the arrays have one element for each argument; errors unwind; the table has as many rows
        // as SPI says it processed.
        unsafe {
            pg_sys::SPI_tuptable = std::ptr::null_mut();
            let status = pg_sys::SPI_execute_with_args(
                text.as_ptr(),
                types.len() as i32,
                types.as_mut_ptr(),
                datums.as_mut_ptr(),
                nulls.as_ptr(),
                true,
                most as _,
            );
            Spi::check_status(status)?;
            let Some(table) = pg_sys::SPI_tuptable.as_ref() else { return Ok(Vec::new()) };
            let found = pg_sys::SPI_processed as usize;
            Ok((0..found)
                .map(|n| read(&Row { tuple: *table.vals.add(n), descriptor: table.tupdesc }))
                .collect())
        }
    })
}

/// The first value of the first row.
pub fn one<A: FromDatum>(query: &str, arguments: &[DatumWithOid<'_>]) -> Result<Option<A>> {
    Ok(first(query, arguments, |row| row.get(1))?.flatten())
}

/// Runs `work` with a snapshot of now: it sees what the current statement has written so far. Not in parallel workers.
pub fn latest<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: called in a transaction, outside parallel mode.
    unsafe {
        pg_sys::CommandCounterIncrement();
        with_snapshot(pg_sys::GetTransactionSnapshot(), work)
    }
}

/// Runs `work` with a snapshot of now, also where the transaction keeps to one snapshot.
pub fn newest<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: called in a transaction, outside parallel mode.
    unsafe { with_snapshot(pg_sys::GetLatestSnapshot(), work) }
}

/// # Safety
/// The snapshot is valid, and there is a transaction.
unsafe fn with_snapshot<T>(snapshot: pg_sys::Snapshot, work: impl FnOnce() -> Result<T>) -> Result<T> {
    struct Pop;
    impl Drop for Pop {
        fn drop(&mut self) {
            // SAFETY: undoes the push below; an abort pops what is left by itself, before anything unwinds to here.
            unsafe {
                if pg_sys::ActiveSnapshotSet() {
                    pg_sys::PopActiveSnapshot();
                }
            }
        }
    }
    // SAFETY: the caller vouches for it.
    unsafe { pg_sys::PushActiveSnapshot(snapshot) };
    let _pop = Pop;
    work()
}
