//! `embed`, `embed_array`, `embed_all`.

use std::collections::VecDeque;
use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::{Array, IntoDatum, PgMemoryContexts};

use crate::convert::TupleStore;
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::{Encoded, Frames, Version, resolved, warn_of_truncation};
use crate::store::keyed::{KeyColumn, TextColumn};
use crate::store::source::{self, TupleSink};

/// Rows that wait for their vectors, or behind such: beyond, the vectors on their way are waited for.
const MOST_WAITING: usize = 4096;

/// The embedding of one text.
#[pg_extern(stable, parallel_safe, cost = 10000)]
fn embed(input: Option<&str>, model: default!(Option<&str>, "NULL")) -> sql::Result<Option<Vec<f32>>> {
    let version = version(model)?;
    let Some(input) = input else { return Ok(None) };
    let encoded = version.encode(&[input])?;
    warn_of_truncation(&version, &encoded);
    Ok(encoded.into_iter().next().map(|e| e.vector))
}

/// The embeddings of an array's texts, in order.
#[pg_extern(sql = r#"CREATE FUNCTION altlas.embed_array(inputs text[], model text DEFAULT NULL)
       RETURNS TABLE (ordinal bigint, embedding real[], tokens integer, truncated boolean)
       STABLE PARALLEL SAFE COST 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#)]
fn embed_array(
    inputs: Option<Array<'_, &str>>,
    model: Option<&str>,
    call: pg_sys::FunctionCallInfo,
) -> sql::Result<()> {
    let version = version(model)?;
    // SAFETY: the call that PostgreSQL made.
    let mut rows = Rows::new(&version, unsafe { TupleStore::open(call) }?, false);
    for input in inputs.iter().flat_map(Array::iter) {
        rows.push(None, input)?;
    }
    Ok(rows.finish()?)
}

/// The embeddings of a source's texts, in order. `key` names a column that is given back as text.
#[pg_extern(
    sql = r#"CREATE FUNCTION altlas.embed_all(source text, model text DEFAULT NULL, key text DEFAULT NULL)
       RETURNS TABLE (ordinal bigint, embedding real[], tokens integer, truncated boolean, key_value text)
       VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
)]
fn embed_all(
    source: Option<&str>,
    model: Option<&str>,
    key: Option<&str>,
    call: pg_sys::FunctionCallInfo,
) -> sql::Result<()> {
    let source = required(source, "source")?;
    let version = version(model)?;
    // SAFETY: the call that PostgreSQL made.
    let rows = Rows::new(&version, unsafe { TupleStore::open(call) }?, true);
    let mut texts = Texts { key, columns: None, model: &version.label, rows };
    source::read_tuples(source, &mut texts)?;
    Ok(texts.rows.finish()?)
}

/// The version to embed with.
fn version(model: Option<&str>) -> Result<Rc<Version>> {
    let usual = guc::embedding_model();
    match model.unwrap_or(&usual) {
        "" => Err(Error::BadArgument {
            argument: "model".into(),
            problem: "no model is named".into(),
            hint: "Name one, or set altlas.embedding_model.".into(),
        }),
        name => resolved(name)?.embeds(),
    }
}

/// Reads the texts of a source.
struct Texts<'a> {
    /// The name of the column that is given back.
    key: Option<&'a str>,
    /// Where key and text are; known when the rows' type is.
    columns: Option<(KeyColumn, TextColumn)>,
    model: &'a str,
    rows: Rows<'a>,
}

impl TupleSink for Texts<'_> {
    unsafe fn describe(&mut self, descriptor: pg_sys::TupleDesc) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        let columns = unsafe { source::columns(descriptor) };
        let key = KeyColumn::find(&columns, self.key)?;
        self.columns = Some((key, TextColumn::find(&columns, key, self.model)?));
        Ok(())
    }

    unsafe fn tuple(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<()> {
        let Some((key, text)) = self.columns else { return Ok(()) };
        // SAFETY: the caller vouches for the tuple.
        let (key, text) = unsafe { (key.of(tuple, descriptor), text.of(tuple, descriptor)) };
        self.rows.push(key, text.as_deref())
    }
}

/// A row that waits for its vector.
struct Waiting {
    key: Option<String>,
    null: bool,
}

/// Rows of the result: texts go to the engine in frames, and come out in the order they came.
struct Rows<'v> {
    frames: Frames<'v>,
    done: Done,
}

/// The part of [`Rows`] that vectors are delivered to.
struct Done {
    store: TupleStore,
    keyed: bool,
    waiting: VecDeque<Waiting>,
    ordinal: i64,
    /// Where values are made that the store copies; emptied again and again, since one call gives all rows.
    scratch: PgMemoryContexts,
}

impl<'v> Rows<'v> {
    fn new(version: &'v Version, store: TupleStore, keyed: bool) -> Self {
        let scratch = PgMemoryContexts::new("altlas embeddings");
        let done = Done { store, keyed, waiting: VecDeque::new(), ordinal: 0, scratch };
        Self { frames: Frames::new(version), done }
    }

    fn push(&mut self, key: Option<String>, text: Option<&str>) -> Result<()> {
        self.done.waiting.push_back(Waiting { key, null: text.is_none() });
        match text {
            Some(text) => self.frames.push(text, &mut |encoded| self.done.take(encoded)),
            None if self.done.waiting.len() < MOST_WAITING => Ok(()),
            None => {
                self.frames.flush(&mut |encoded| self.done.take(encoded))?;
                self.done.take(Vec::new())
            }
        }
    }

    fn finish(mut self) -> Result<()> {
        self.frames.finish(&mut |encoded| self.done.take(encoded))?;
        self.done.take(Vec::new())
    }
}

impl Done {
    /// Gives the rows that these vectors are for, and those without a text before and after.
    fn take(&mut self, encoded: Vec<Encoded>) -> Result<()> {
        let mut encoded = encoded.into_iter().peekable();
        while let Some(row) = self.waiting.front() {
            if !row.null && encoded.peek().is_none() {
                break;
            }
            let found = if row.null { None } else { encoded.next() };
            let key = self.waiting.pop_front().and_then(|row| row.key);
            self.put(key, found);
        }
        // SAFETY: nothing refers to the values any more.
        unsafe { self.scratch.reset() };
        pgrx::check_for_interrupts!();
        Ok(())
    }

    fn put(&mut self, key: Option<String>, found: Option<Encoded>) {
        self.ordinal += 1;
        let Self { store, keyed, ordinal, scratch, .. } = self;
        let put = |_: &mut PgMemoryContexts| {
            let (vector, tokens, truncated) = match found {
                Some(e) => (e.vector.into_datum(), e.tokens.into_datum(), e.truncated.into_datum()),
                None => (None, None, None),
            };
            let ordinal = ordinal.into_datum();
            // SAFETY: the values are of the types that the SQL of the two functions declares.
            unsafe {
                match *keyed {
                    true => store.put([ordinal, vector, tokens, truncated, key.into_datum()]),
                    false => store.put([ordinal, vector, tokens, truncated]),
                }
            }
        };
        // SAFETY: nothing that is made there is used outside.
        unsafe { scratch.switch_to(put) };
    }
}
