//! Reading a user's source: one SELECT, WITH, VALUES or TABLE statement, or a relation's name; read-only, by the caller's
//! rights, through a portal in blocks.

use std::ffi::{CStr, CString};

use pgrx::{Spi, pg_sys};

use crate::convert::{Cell, Kind};
use crate::error::{Error, Result};
use crate::guc;

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
    /// Called once, before the rows, with the columns asked for, in that order.
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()>;
    /// Called for each row.
    fn row(&mut self, cells: Vec<Cell>) -> Result<()>;
}

/// Reads `source` into `sink`. With `wanted`, only those columns, each as (argument, column); an unknown one is an error.
/// Returns the number of rows.
pub fn read(source: &str, wanted: Option<&[(&str, &str)]>, sink: &mut impl Sink) -> Result<usize> {
    let query = as_query(source)?;
    let text = CString::new(query).map_err(|_| Error::BadSource {
        problem: "it contains a zero byte".into(),
    })?;
    let _read_only = ReadOnly::enter();
    Spi::connect(|_| {
        // SAFETY: within SPI_connect; the options are plain data that outlive the call; errors unwind.
        let portal = unsafe {
            let mut options = pg_sys::SPIParseOpenOptions {
                read_only: true,
                ..Default::default()
            };
            options.cursorOptions = pg_sys::CURSOR_OPT_NO_SCROLL as i32;
            pg_sys::SPI_cursor_parse_open(std::ptr::null(), text.as_ptr(), &options)
        };
        let result = fetch_all(portal, wanted, sink);
        // SAFETY: the portal was opened above and nothing else closes it.
        unsafe { pg_sys::SPI_cursor_close(portal) };
        result
    })
}

fn fetch_all(portal: pg_sys::Portal, wanted: Option<&[(&str, &str)]>, sink: &mut impl Sink) -> Result<usize> {
    // SAFETY: an open portal of a SELECT has a tuple descriptor.
    let descriptor = unsafe { (*portal).tupDesc };
    let all = describe(descriptor);
    let picked = pick(&all, wanted)?;
    let columns = picked
        .iter()
        .map(|&(_, ref column)| {
            let kind = Kind::of(column.type_oid).ok_or_else(|| Error::UnsupportedType {
                column: column.name.clone(),
                r#type: crate::convert::type_name(column.type_oid),
            })?;
            Ok(SourceColumn {
                name: column.name.clone(),
                kind,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    sink.columns(&columns)?;
    let limit = guc::max_source_rows();
    let mut rows = 0;
    loop {
        pgrx::check_for_interrupts!();
        // SAFETY: the portal is open; SPI_tuptable is set by the fetch and freed here, before the next one.
        unsafe {
            pg_sys::SPI_cursor_fetch(portal, true, BLOCK as _);
            let table = pg_sys::SPI_tuptable;
            let count = pg_sys::SPI_processed as usize;
            if count == 0 {
                pg_sys::SPI_freetuptable(table);
                return Ok(rows);
            }
            rows += count;
            if rows > limit {
                return Err(Error::TooManyRows { limit });
            }
            for n in 0..count {
                let tuple = *(*table).vals.add(n);
                let cells = picked
                    .iter()
                    .zip(&columns)
                    .map(|((number, described), column)| {
                        let mut null = false;
                        let datum = pg_sys::SPI_getbinval(tuple, (*table).tupdesc, *number, &mut null);
                        if null {
                            Cell::Null
                        } else {
                            column.kind.cell(datum, described.type_oid)
                        }
                    })
                    .collect();
                sink.row(cells)?;
            }
            pg_sys::SPI_freetuptable(table);
        }
    }
}

struct Described {
    name: String,
    type_oid: pg_sys::Oid,
}

fn describe(descriptor: pg_sys::TupleDesc) -> Vec<Described> {
    // SAFETY: attribute numbers run from 1 to natts; names are palloc'ed and NUL-terminated.
    unsafe {
        (1..=(*descriptor).natts)
            .map(|n| Described {
                name: CStr::from_ptr(pg_sys::SPI_fname(descriptor, n))
                    .to_string_lossy()
                    .into_owned(),
                type_oid: pg_sys::SPI_gettypeid(descriptor, n),
            })
            .collect()
    }
}

/// The wanted columns with their attribute numbers.
fn pick<'a>(all: &'a [Described], wanted: Option<&[(&str, &str)]>) -> Result<Vec<(i32, &'a Described)>> {
    let numbered = || (1..).zip(all);
    let Some(wanted) = wanted else {
        return Ok(numbered().collect());
    };
    wanted
        .iter()
        .map(|(argument, name)| {
            numbered()
                .find(|(_, d)| d.name == *name)
                .ok_or_else(|| Error::UnknownColumn {
                    argument: (*argument).to_owned(),
                    column: (*name).to_owned(),
                    have: all.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", "),
                })
        })
        .collect()
}

/// The statement to run: `source` itself when it is one query, else `TABLE` of the relation it names.
pub fn as_query(source: &str) -> Result<String> {
    if source.trim().is_empty() {
        return Err(Error::BadSource {
            problem: "it is empty".into(),
        });
    }
    if looks_like_name(source) {
        return relation(source.trim()).map(|name| format!("TABLE {name}"));
    }
    let text = CString::new(source).map_err(|_| Error::BadSource {
        problem: "it contains a zero byte".into(),
    })?;
    // SAFETY: parsing needs no more than a NUL-terminated text; syntax errors unwind with their own message and position.
    unsafe {
        let statements = pg_sys::pg_parse_query(text.as_ptr());
        let count = if statements.is_null() {
            0
        } else {
            (*statements).length
        };
        if count != 1 {
            return Err(Error::BadSource {
                problem: format!("it has {count} statements, one is wanted"),
            });
        }
        let raw = (*(*statements).elements).ptr_value.cast::<pg_sys::RawStmt>();
        let statement = (*raw).stmt;
        if (*statement).type_ != pg_sys::NodeTag::T_SelectStmt {
            return Err(Error::BadSource {
                problem: "it is not a query".into(),
            });
        }
        if !(*statement.cast::<pg_sys::SelectStmt>()).intoClause.is_null() {
            return Err(Error::BadSource {
                problem: "SELECT INTO makes a table".into(),
            });
        }
    }
    Ok(source.trim().trim_end_matches(';').to_owned())
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
    let qualified = Spi::get_one_with_args::<String>(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::pg_catalog.regclass",
        &[name.into()],
    )?;
    qualified.ok_or_else(|| Error::BadSource {
        problem: format!("\"{name}\" is not a relation"),
    })
}

/// The transaction is read-only for as long as this lives: a function called by the source cannot write.
struct ReadOnly(bool);

impl ReadOnly {
    fn enter() -> Self {
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
