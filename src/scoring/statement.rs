//! A name is resolved once per statement: what was resolved is kept for one snapshot, user and subtransaction.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::pg_sys;

use super::Version;
use crate::error::Result;
use crate::store::model;

/// What was resolved at one moment, by name.
type Known = (Moment, HashMap<String, Rc<Version>>);

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
            if !pg_sys::ActiveSnapshotSet() {
                return None;
            }
            let snapshot = pg_sys::GetActiveSnapshot();
            Some(Self {
                xmin: (*snapshot).xmin,
                xmax: (*snapshot).xmax,
                running: (*snapshot).xcnt,
                command: (*snapshot).curcid,
                subtransaction: pg_sys::GetCurrentSubTransactionId(),
                statement: pg_sys::GetCurrentStatementStartTimestamp(),
                user: pg_sys::GetUserId(),
            })
        }
    }
}

/// The version that `name` means in this statement.
pub fn resolved(name: &str) -> Result<Rc<Version>> {
    let moment = Moment::now();
    let known = KNOWN.with(|known| match (&*known.borrow(), moment) {
        (Some((kept, versions)), Some(now)) if *kept == now => versions.get(name).cloned(),
        _ => None,
    });
    if let Some(version) = known {
        return Ok(version);
    }
    let version = Rc::new(model::resolve(name)?);
    if let Some(now) = moment {
        KNOWN.with(|known| {
            let mut known = known.borrow_mut();
            match &mut *known {
                Some((kept, versions)) if *kept == now => {
                    versions.insert(name.to_owned(), version.clone());
                }
                stale => *stale = Some((now, HashMap::from([(name.to_owned(), version.clone())]))),
            }
        });
    }
    Ok(version)
}
