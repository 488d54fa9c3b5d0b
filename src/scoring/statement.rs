//! A name is resolved once per statement: what was resolved is kept for one snapshot, user and subtransaction.

// Called for each row: see `unguarded`.
#![allow(ffi_unwind_calls)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::pg_sys;

use super::Version;
use crate::error::Result;
use crate::store::model;

/// Functions that read variables of the process and raise no error. pgrx's guard, which they do not need, would take
/// longer than scoring a row with a linear model.
mod unguarded {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        pub fn ActiveSnapshotSet() -> bool;
        pub fn GetActiveSnapshot() -> pg_sys::Snapshot;
        pub fn GetCurrentSubTransactionId() -> pg_sys::SubTransactionId;
        pub fn GetCurrentStatementStartTimestamp() -> pg_sys::TimestampTz;
        pub fn GetUserId() -> pg_sys::Oid;
    }
}

/// What was resolved at one moment, by name, and which name was asked for last.
struct Known {
    moment: Moment,
    versions: HashMap<String, Rc<Version>>,
    last: (String, Rc<Version>),
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// While these are equal, the same rows are visible: transactions only leave the list of running ones of a snapshot
/// whose xmax stays, so its length tells; a rolled-back savepoint has a subtransaction of its own.
#[derive(PartialEq, Clone, Copy)]
struct Moment {
    xmin: pg_sys::TransactionId,
    xmax: pg_sys::TransactionId,
    running: u32,
    command: u32,
    subtransaction: u32,
    statement: i64,
    user: pg_sys::Oid,
}

impl Moment {
    fn now() -> Option<Self> {
        // SAFETY: the active snapshot, where there is one, is valid during the call; the rest are plain getters.
        unsafe {
            if !unguarded::ActiveSnapshotSet() {
                return None;
            }
            let snapshot = unguarded::GetActiveSnapshot();
            Some(Self {
                xmin: (*snapshot).xmin,
                xmax: (*snapshot).xmax,
                running: (*snapshot).xcnt,
                command: (*snapshot).curcid,
                subtransaction: unguarded::GetCurrentSubTransactionId(),
                statement: unguarded::GetCurrentStatementStartTimestamp(),
                user: unguarded::GetUserId(),
            })
        }
    }
}

/// The version that `name` means in this statement.
#[inline]
pub fn resolved(name: &str) -> Result<Rc<Version>> {
    let Some(now) = Moment::now() else { return Ok(Rc::new(model::resolve(name)?)) };
    // Mostly the name is that of the row before.
    let last = KNOWN.with(|known| {
        let known = known.borrow();
        let last = known.as_ref().filter(|kept| kept.moment == now && kept.last.0 == name);
        last.map(|kept| kept.last.1.clone())
    });
    if let Some(version) = last {
        return Ok(version);
    }
    let known = KNOWN.with(|known| {
        let known = known.borrow();
        known.as_ref().filter(|kept| kept.moment == now).and_then(|kept| kept.versions.get(name).cloned())
    });
    let version = match known {
        Some(version) => version,
        None => Rc::new(model::resolve(name)?),
    };
    KNOWN.with(|known| {
        let mut known = known.borrow_mut();
        let last = (name.to_owned(), version.clone());
        match &mut *known {
            Some(kept) if kept.moment == now => {
                kept.versions.entry(last.0.clone()).or_insert_with(|| version.clone());
                kept.last = last;
            }
            stale => *stale = Some(Known { moment: now, versions: HashMap::from([last.clone()]), last }),
        }
    });
    Ok(version)
}
