//! What a KPI's source gives: its columns and their types, found out without reading a row.

use pgrx::{Spi, pg_sys};

use crate::convert::{self, Kind};
use crate::error::{Error, Result};
use crate::store::source::ReadOnly;
use crate::store::source::as_query;

/// A source as a subquery, with its columns.
pub struct Source {
    /// One query, to be put in parentheses.
    pub query: String,
    columns: Vec<(String, pg_sys::Oid)>,
}

impl Source {
    /// Opens a source by the caller's rights.
    pub fn open(source: &str) -> Result<Self> {
        let query = as_query(source)?;
        // The line ends keep a comment at the query's end from eating the parenthesis.
        let probe = format!("SELECT * FROM (\n{query}\n) AS s LIMIT 0");
        let _read_only = ReadOnly::enter();
        let columns = Spi::connect(|client| -> Result<_> {
            let table = client.select(&probe, None, &[])?;
            (1..=table.columns()?)
                .map(|n| Ok((table.column_name(n)?, table.column_type_oid(n)?.value())))
                .collect()
        })?;
        Ok(Self { query, columns })
    }

    fn column(&self, key: &str, column: &str) -> Result<pg_sys::Oid> {
        let found = self.columns.iter().find(|(name, _)| name == column);
        let (_, oid) = found.ok_or_else(|| Error::UnknownColumn {
            argument: key.into(),
            column: column.into(),
            have: self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        // SAFETY: a catalogue lookup by OID.
        Ok(unsafe { pg_sys::getBaseType(*oid) })
    }

    /// The column must be there; its type does not matter.
    pub fn any(&self, key: &str, column: &str) -> Result<String> {
        self.column(key, column).map(|_| quoted(column))
    }

    /// The column as a moment: times without a zone, and dates, are in the zone $1.
    pub fn moment(&self, key: &str, column: &str) -> Result<String> {
        let name = quoted(column);
        match self.column(key, column)? {
            pg_sys::TIMESTAMPTZOID => Ok(name),
            pg_sys::TIMESTAMPOID => Ok(format!("pg_catalog.timezone($1, {name})")),
            pg_sys::DATEOID => Ok(format!("pg_catalog.timezone($1, {name}::pg_catalog.timestamp)")),
            other => Err(mismatch(key, column, other, "a timestamp or date")),
        }
    }

    /// The column as numeric.
    pub fn numeric(&self, key: &str, column: &str) -> Result<String> {
        let name = quoted(column);
        match self.column(key, column)? {
            // Straight to numeric, real would keep 6 digits.
            pg_sys::FLOAT4OID => Ok(format!("{name}::pg_catalog.float8::pg_catalog.numeric")),
            oid if Kind::of(oid) == Some(Kind::Number) => Ok(format!("{name}::pg_catalog.numeric")),
            other => Err(mismatch(key, column, other, "a number")),
        }
    }

    /// The column as numeric; true counts as 1, false as 0.
    pub fn numeric_or_boolean(&self, key: &str, column: &str) -> Result<String> {
        match self.column(key, column)? {
            pg_sys::BOOLOID => Ok(format!("{}::pg_catalog.int4::pg_catalog.numeric", quoted(column))),
            oid if Kind::of(oid) == Some(Kind::Number) => self.numeric(key, column),
            other => Err(mismatch(key, column, other, "a number or a boolean")),
        }
    }

    /// The column to group or filter by: its expression, kind and type.
    pub fn plain(&self, key: &str, column: &str) -> Result<(String, Kind, String)> {
        let oid = self.column(key, column)?;
        let kind = Kind::of(oid).ok_or_else(|| Error::UnsupportedType {
            column: column.into(),
            r#type: convert::type_name(oid),
        })?;
        Ok((quoted(column), kind, type_in_sql(oid)))
    }
}

fn quoted(column: &str) -> String {
    format!("s.{}", pgrx::spi::quote_identifier(column))
}

fn mismatch(key: &str, column: &str, oid: pg_sys::Oid, wanted: &str) -> Error {
    Error::BadInput {
        message: format!(
            "column \"{column}\" (key \"{key}\") has type {}, {wanted} is wanted",
            convert::type_name(oid)
        ),
        detail: String::new(),
        hint: "Cast it in the source.".into(),
    }
}

/// The type's name, whatever the search_path, and without its default length (a plain "character" has one of 1).
fn type_in_sql(oid: pg_sys::Oid) -> String {
    let flags = pg_sys::FORMAT_TYPE_FORCE_QUALIFY | pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN;
    // SAFETY: the type exists, so the result is palloc'ed and NUL-terminated.
    unsafe {
        std::ffi::CStr::from_ptr(pg_sys::format_type_extended(oid, -1, flags as _))
            .to_string_lossy()
            .into_owned()
    }
}
