//! What the engine noted about models that ended it. Read from its file, so that it can be looked at when no engine runs.

use std::fs;

use altlas_proto::{CrashList, Request};

use super::client::Exchange;
use super::files::CRASHES;
use crate::error::Error;

/// The list, empty when there is none.
pub fn known() -> CrashList {
    fs::read(CRASHES).ok().and_then(|bytes| CrashList::parse(&bytes)).unwrap_or_default()
}

/// Why the engine was lost during the request, if it is known by now: the last crash may have put the model in quarantine,
/// which the next engine notes before it answers anybody.
pub fn explain(lost: Error, request: &Request) -> Error {
    let (Error::EngineLost { .. }, Request::Run { model, .. } | Request::Describe { model, .. }) =
        (&lost, request)
    else {
        return lost;
    };
    match Exchange::open() {
        Ok(exchange) => exchange.finish(),
        Err(_) => return lost,
    }
    match known().models.get(model).filter(|crashes| crashes.quarantined()) {
        Some(crashes) => crashes.failure(model).into(),
        None => lost,
    }
}
