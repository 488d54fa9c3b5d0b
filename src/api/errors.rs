//! `altlas.error_codes()`.

use pgrx::prelude::*;

use crate::error::{CATALOGUE, sqlstate};

/// Every error of altlas with its SQLSTATE; `docs/errors.md` is made from it.
#[pg_extern(immutable, parallel_safe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn error_codes() -> TableIterator<
    'static,
    (
        name!(code, &'static str),
        name!(sqlstate, String),
        name!(condition, &'static str),
        name!(message, &'static str),
        name!(detail, Option<&'static str>),
        name!(hint, Option<&'static str>),
    ),
> {
    let some = |text: &'static str| Some(text).filter(|t| !t.is_empty());
    TableIterator::new(CATALOGUE.iter().map(move |e| {
        (e.name, sqlstate(e.code), e.condition.trim(), e.message, some(e.detail), some(e.hint))
    }))
}

#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    #[pg_test]
    fn codes_are_written_as_postgresql_writes_them() {
        assert_eq!(super::sqlstate(PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT), "42704");
        assert_eq!(super::sqlstate(PgSqlErrorCode::ERRCODE_ARRAY_ELEMENT_ERROR), "2202E");
    }

    #[pg_test]
    fn every_error_has_a_condition_and_a_message() {
        for entry in super::CATALOGUE {
            assert!(!entry.condition.trim().is_empty() && !entry.message.is_empty(), "{}", entry.name);
        }
    }
}
