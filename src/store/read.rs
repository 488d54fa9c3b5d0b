//! Reading a row of altlas' tables without writing anything.
//!
//! pgrx's `Spi::get_one` and its kin take a transaction id, which replicas and parallel workers cannot give. They are for
//! statements that write.

use pgrx::datum::DatumWithOid;
use pgrx::{FromDatum, IntoDatum, Spi};

use crate::error::Result;

/// The one value of a query that gives one row.
pub fn one<A: FromDatum + IntoDatum>(query: &str, arguments: &[DatumWithOid<'_>]) -> Result<Option<A>> {
    Spi::connect(|client| Ok(client.select(query, Some(1), arguments)?.first().get_one()?))
}

/// The two values of a query that gives one row.
pub fn two<A: FromDatum + IntoDatum, B: FromDatum + IntoDatum>(
    query: &str,
    arguments: &[DatumWithOid<'_>],
) -> Result<(Option<A>, Option<B>)> {
    Spi::connect(|client| Ok(client.select(query, Some(1), arguments)?.first().get_two()?))
}

/// The three values of a query that gives one row.
pub fn three<A: FromDatum + IntoDatum, B: FromDatum + IntoDatum, C: FromDatum + IntoDatum>(
    query: &str,
    arguments: &[DatumWithOid<'_>],
) -> Result<(Option<A>, Option<B>, Option<C>)> {
    Spi::connect(|client| Ok(client.select(query, Some(1), arguments)?.first().get_three()?))
}
