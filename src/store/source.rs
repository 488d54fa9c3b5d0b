//! Reading a user's source: one SELECT, WITH, VALUES or TABLE statement, or a relation's name; read-only, by the caller's
//! rights, through a portal in blocks.

use std::ffi::{CStr, CString};

use pgrx::{Spi, pg_sys};

use super::cells::Cells;
use super::read;
use crate::convert::{Cell, Kind};
use crate::error::{Error, Result};

/// Rows fetched at a time.
const BLOCK: i64 = 2000;

/// A column of a source.
#[derive(Debug, Clone)]
pub struct SourceColumn {
    pub name: String,
    pub kind: Kind,
}

/// What a reader does with a source.
pub trait Sink {
    /// Whether arrays of numbers are read: each element is a column.
    const ARRAYS: bool = false;
    /// Called once, before the rows, with the columns asked for, in that order.
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()>;
    /// Called for each row.
    fn row(&mut self, cells: Vec<Cell>) -> Result<()>;
}

/// What a reader does with a source's rows as PostgreSQL gives them.
pub trait TupleSink {
    /// Called once, before the rows.
    ///
    /// # Safety
    /// The descriptor is that of the rows to come and lives as long as they are read.
    unsafe fn describe(&mut self, descriptor: pg_sys::TupleDesc) -> Result<()>;
    /// Called for each row.
    ///
    /// # Safety
    /// The tuple is of the descriptor's row type and lives during the call.
    unsafe fn tuple(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<()>;
}

/// Reads `source` into `sink`. With `wanted`, only those columns, each as (argument, column); an unknown one is an error.
/// Returns the number of rows.
pub fn read(source: &str, wanted: Option<&[(&str, &str)]>, sink: &mut impl Sink) -> Result<usize> {
    let mut cells = Cells::new(wanted, sink);
    read_tuples(source, &mut cells)?;
    cells.finish()
}

/// Reads `source` into `sink`, however many rows it has.
pub fn read_tuples(source: &str, sink: &mut impl TupleSink) -> Result<()> {
    let query = as_query(source)?;
    let text =
        CString::new(query).map_err(|_| Error::BadSource { problem: "it contains a zero byte".into() })?;
    let _read_only = ReadOnly::enter();
    Spi::connect(|_| {
        // SAFETY: within SPI_connect; the options are plain data that outlive the call; errors unwind.
        let portal = unsafe {
            let mut options = pg_sys::SPIParseOpenOptions { read_only: true, ..Default::default() };
            options.cursorOptions = pg_sys::CURSOR_OPT_NO_SCROLL as i32;
            pg_sys::SPI_cursor_parse_open(std::ptr::null(), text.as_ptr(), &options)
        };
        let result = fetch_all(portal, sink);
        // SAFETY: the portal was opened above and nothing else closes it.
        unsafe { pg_sys::SPI_cursor_close(portal) };
        result
    })
}

fn fetch_all(portal: pg_sys::Portal, sink: &mut impl TupleSink) -> Result<()> {
    // SAFETY: an open portal of a SELECT has a tuple descriptor, which lives as long as it.
    unsafe { sink.describe((*portal).tupDesc) }?;
    loop {
        pgrx::check_for_interrupts!();
        // SAFETY: the portal is open; SPI_tuptable is set by the fetch and freed here, before the next one.
        unsafe {
            pg_sys::SPI_cursor_fetch(portal, true, BLOCK as _);
            let table = pg_sys::SPI_tuptable;
            let count = pg_sys::SPI_processed as usize;
            for n in 0..count {
                sink.tuple(*(*table).vals.add(n), (*table).tupdesc)?;
            }
            pg_sys::SPI_freetuptable(table);
            if count == 0 {
                return Ok(());
            }
        }
    }
}

/// Number, name and type of a column.
pub type SourceAttribute = (i32, String, pg_sys::Oid);

/// The columns of rows.
///
/// # Safety
/// The descriptor is valid.
pub unsafe fn columns(descriptor: pg_sys::TupleDesc) -> Vec<SourceAttribute> {
    // SAFETY: attribute numbers run from 1 to natts; names are palloc'ed and NUL-terminated.
    unsafe {
        (1..=(*descriptor).natts)
            .map(|n| {
                let name = CStr::from_ptr(pg_sys::SPI_fname(descriptor, n)).to_string_lossy().into_owned();
                (n, name, pg_sys::SPI_gettypeid(descriptor, n))
            })
            .collect()
    }
}

/// The wanted ones of the columns, all when nothing is said.
pub(super) fn pick(
    all: Vec<SourceAttribute>,
    wanted: Option<&[(&str, &str)]>,
) -> Result<Vec<SourceAttribute>> {
    let Some(wanted) = wanted else { return Ok(all) };
    wanted
        .iter()
        .map(|(argument, column)| {
            all.iter().find(|(_, name, _)| name == column).cloned().ok_or_else(|| Error::UnknownColumn {
                argument: (*argument).to_owned(),
                column: (*column).to_owned(),
                have: all.iter().map(|(_, name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
            })
        })
        .collect()
}

/// The statement to run: `source` itself when it is one query, else `TABLE` of the relation it names.
pub fn as_query(source: &str) -> Result<String> {
    if source.trim().is_empty() {
        return Err(Error::BadSource { problem: "it is empty".into() });
    }
    if looks_like_name(source) {
        return relation(source.trim()).map(|name| format!("TABLE {name}"));
    }
    let text =
        CString::new(source).map_err(|_| Error::BadSource { problem: "it contains a zero byte".into() })?;
    // SAFETY: parsing needs no more than a NUL-terminated text; syntax errors unwind with their own message and position.
    unsafe {
        let statements = pg_sys::pg_parse_query(text.as_ptr());
        let count = if statements.is_null() { 0 } else { (*statements).length };
        if count != 1 {
            return Err(Error::BadSource { problem: format!("it has {count} statements, one is wanted") });
        }
        let raw = (*(*statements).elements).ptr_value.cast::<pg_sys::RawStmt>();
        let statement = (*raw).stmt;
        if (*statement).type_ != pg_sys::NodeTag::T_SelectStmt {
            return Err(Error::BadSource { problem: "it is not a query".into() });
        }
        if !(*statement.cast::<pg_sys::SelectStmt>()).intoClause.is_null() {
            return Err(Error::BadSource { problem: "SELECT INTO makes a table".into() });
        }
        if changes_data((*statement.cast::<pg_sys::SelectStmt>()).withClause) {
            return Err(Error::BadSource { problem: "a part of its WITH changes data".into() });
        }
    }
    Ok(source.trim().trim_end_matches(';').to_owned())
}

/// Whether one of the queries of a WITH is not a SELECT.
///
/// # Safety
/// `with` is null or a parsed WITH clause.
unsafe fn changes_data(with: *mut pg_sys::WithClause) -> bool {
    // SAFETY: a parsed WITH clause holds a list of common table expressions.
    unsafe {
        let Some(ctes) = with.as_ref().and_then(|with| with.ctes.as_ref()) else {
            return false;
        };
        (0..ctes.length as usize).any(|n| {
            let cte = (*ctes.elements.add(n)).ptr_value.cast::<pg_sys::CommonTableExpr>();
            (*(*cte).ctequery).type_ != pg_sys::NodeTag::T_SelectStmt
        })
    }
}

/// Whether a text can only be a (qualified, possibly quoted) name: no query fits in one word.
fn looks_like_name(source: &str) -> bool {
    let mut quoted = false;
    source.trim().chars().all(|c| {
        if c == '"' {
            quoted = !quoted;
        }
        quoted || c == '"' || c == '.' || c == '_' || c == '$' || c.is_alphanumeric()
    })
}

/// The relation's qualified and quoted name. Unknown ones give PostgreSQL's own error.
fn relation(name: &str) -> Result<String> {
    let qualified = read::one::<String>(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::pg_catalog.regclass",
        &[name.into()],
    )?;
    qualified.ok_or_else(|| Error::BadSource { problem: format!("\"{name}\" is not a relation") })
}

/// The transaction is read-only for as long as this lives: a function called by the source cannot write.
pub struct ReadOnly(bool);

impl ReadOnly {
    pub fn enter() -> Self {
        // SAFETY: a plain flag of this process; an abort restores it, too.
        unsafe {
            let before = pg_sys::XactReadOnly;
            pg_sys::XactReadOnly = true;
            Self(before)
        }
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { pg_sys::XactReadOnly = self.0 }
    }
}

/// The transaction may write for as long as this lives, while a source is read: for altlas' own tables. The caller knows that
/// the transaction was not read-only before.
pub struct Writable(bool);

impl Writable {
    pub fn enter() -> Self {
        // SAFETY: as in `ReadOnly`.
        unsafe {
            let before = pg_sys::XactReadOnly;
            pg_sys::XactReadOnly = false;
            Self(before)
        }
    }
}

impl Drop for Writable {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { pg_sys::XactReadOnly = self.0 }
    }
}

#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Gather {
        columns: Vec<SourceColumn>,
        rows: Vec<Vec<Cell>>,
    }

    impl Sink for Gather {
        fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
            self.columns = columns.to_vec();
            Ok(())
        }

        fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
            self.rows.push(cells);
            Ok(())
        }
    }

    fn first(source: &str) -> Vec<Cell> {
        let mut gather = Gather::default();
        read(source, None, &mut gather).unwrap();
        gather.rows.swap_remove(0)
    }

    #[pg_test]
    fn numbers_of_every_type_are_doubles() {
        let row = first(
            "SELECT 1::int2, -2::int4, 3::int8, 1.5::float4, 'NaN'::float8, 12345678901234567890.5::numeric, NULL::int",
        );
        assert_eq!(row[..4], [Cell::Number(1.0), Cell::Number(-2.0), Cell::Number(3.0), Cell::Number(1.5)]);
        assert!(matches!(row[4], Cell::Number(v) if v.is_nan()));
        assert_eq!(row[5..], [Cell::Number(12_345_678_901_234_567_890.5), Cell::Null]);
    }

    #[pg_test]
    fn times_are_microseconds_since_1970_utc() {
        let row = first(
            "SELECT timestamptz '1970-01-01 00:00:01+00', date '1970-01-02', timestamp '2000-01-01', \
             timestamptz 'infinity', timestamptz '1969-12-31 23:59:59.999999+00'",
        );
        let expected = [
            Cell::Timestamp(1_000_000),
            Cell::Timestamp(86_400_000_000),
            Cell::Timestamp(946_684_800_000_000),
            Cell::Null,
            Cell::Timestamp(-1),
        ];
        assert_eq!(row, expected);
    }

    #[pg_test]
    fn intervals_are_seconds_as_extract_counts_them() {
        for text in ["1 year 2 months 3 days 04:05:06.5", "-1 day", "36:00:00", "13 months"] {
            let sql = format!("SELECT interval '{text}', extract(epoch FROM interval '{text}')::float8");
            match first(&sql).as_slice() {
                [Cell::Interval(ours), Cell::Number(theirs)] => assert_eq!(ours, theirs, "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[pg_test]
    fn texts_of_every_type() {
        let row = first(
            "SELECT 'a'::text, 'b'::varchar, 'c'::char(3), 'd'::name, '00000000-0000-0000-0000-000000000001'::uuid, true",
        );
        assert_eq!(row[0], Cell::Text("a".into()));
        assert_eq!(row[2], Cell::Text("c  ".into()));
        assert_eq!(row[4], Cell::Text("00000000-0000-0000-0000-000000000001".into()));
        assert_eq!(row[5], Cell::Boolean(true));
    }

    #[pg_test]
    fn more_rows_than_a_block_come_in_order() {
        let mut gather = Gather::default();
        let rows = read("SELECT i FROM generate_series(1, 4567) i ORDER BY i", None, &mut gather).unwrap();
        assert_eq!(rows, 4567);
        assert_eq!(gather.rows.len(), 4567);
        assert_eq!(gather.rows[4566], [Cell::Number(4567.0)]);
    }

    #[pg_test]
    fn wanted_columns_come_in_the_order_asked_for() {
        let mut gather = Gather::default();
        read(
            "SELECT 1 AS a, 'x'::text AS b, '{}'::jsonb AS c",
            Some(&[("first", "b"), ("second", "a")]),
            &mut gather,
        )
        .unwrap();
        assert_eq!(gather.rows, [[Cell::Text("x".into()), Cell::Number(1.0)]]);
        let unknown = read("SELECT 1 AS a", Some(&[("value_column", "z")]), &mut gather).unwrap_err();
        assert!(matches!(unknown, Error::UnknownColumn { .. }));
        let unread = read("SELECT '{}'::jsonb AS c", None, &mut gather).unwrap_err();
        assert!(matches!(unread, Error::UnsupportedType { .. }));
    }

    #[pg_test]
    fn names_are_told_from_queries() {
        assert!(looks_like_name(" \"My Schema\".\"t.1\" "));
        assert!(looks_like_name("public.tablo_ğ"));
        assert!(!looks_like_name("TABLE t"));
        assert!(!looks_like_name("VALUES(1)"));
        assert_eq!(as_query("pg_class").unwrap(), "TABLE pg_catalog.pg_class");
        assert_eq!(as_query("SELECT 1 ; ").unwrap(), "SELECT 1 ");
        assert!(matches!(as_query("SELECT 1; SELECT 2"), Err(Error::BadSource { .. })));
        assert!(matches!(as_query("DELETE FROM pg_class"), Err(Error::BadSource { .. })));
        assert!(matches!(as_query("SELECT 1 INTO t"), Err(Error::BadSource { .. })));
        assert!(matches!(as_query("  "), Err(Error::BadSource { .. })));
    }
}
