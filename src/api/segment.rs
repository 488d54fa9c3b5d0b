//! `segment_text`, `segment_array`, `segment_all`, `segment_svg`.

use altlas_text::{Drawn, Language};
use pgrx::prelude::*;
use pgrx::{Array, IntoDatum, JsonB, PgMemoryContexts};

use super::text::{check_length, parse_language};
use crate::convert::{TupleStore, tick};
use crate::error::{Error, Result, required, sql};
use crate::segments::{Found, Segmenter, Texts};
use crate::store::keyed::{KeyColumn, TextColumn};
use crate::store::source::{self, TupleSink};

/// Most segments that `segment_svg` draws.
const MAX_DRAWN: i32 = 1000;

/// A row of `segment_text`.
type SegmentRow = (
    i32,
    i32,
    i32,
    String,
    Option<String>,
    Option<f32>,
    Option<f32>,
    JsonB,
    Vec<i32>,
    Option<String>,
    Option<String>,
    &'static str,
    String,
);

/// Cuts a text into task segments (granularity `task`) or sentences (`sentence`).
#[pg_extern(stable, parallel_safe, cost = 10000)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn segment_text(
    input: Option<&str>,
    language: default!(Option<&str>, "NULL"),
    granularity: default!(Option<&str>, "'task'"),
    model: default!(Option<&str>, "NULL"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(ordinal, i32),
            name!(start_char, i32),
            name!(end_char, i32),
            name!(content, String),
            name!(task_type, Option<String>),
            name!(confidence, Option<f32>),
            name!(priority, Option<f32>),
            name!(parameters, JsonB),
            name!(depends_on, Vec<i32>),
            name!(dependency_kind, Option<String>),
            name!(connector, Option<String>),
            name!(language, &'static str),
            name!(model_version, String),
        ),
    >,
> {
    let Some(input) = input else {
        return Ok(TableIterator::new(Vec::new()));
    };
    check_length(input)?;
    let language = language.map(parse_language).transpose()?;
    let rows = match Granularity::parse(granularity)? {
        Granularity::Task => tasks(Segmenter::named(model)?.one(input, language, usize::MAX)?),
        Granularity::Sentence => sentences(input, language),
    };
    Ok(TableIterator::new(rows))
}

/// What a text is cut into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Granularity {
    Task,
    Sentence,
}

impl Granularity {
    fn parse(name: Option<&str>) -> Result<Self> {
        match name.unwrap_or("task") {
            "task" => Ok(Self::Task),
            "sentence" => Ok(Self::Sentence),
            other => Err(Error::BadArgument {
                argument: "granularity".into(),
                problem: format!("\"{other}\" is not a granularity"),
                hint: "It is 'task' or 'sentence'.".into(),
            }),
        }
    }
}

fn tasks(found: Found) -> Vec<SegmentRow> {
    let Found { language, segments, types, version } = found;
    (1..)
        .zip(segments.into_iter().zip(types))
        .map(|(ordinal, (segment, (task_type, confidence)))| {
            (
                ordinal,
                offset(segment.start),
                offset(segment.end),
                segment.content,
                Some(task_type),
                Some(confidence),
                Some(segment.priority),
                JsonB(serde_json::Value::Object(segment.parameters)),
                segment.depends_on.into_iter().map(|d| d as i32).collect(),
                segment.dependency_kind.map(|k| k.as_str().to_owned()),
                segment.connector,
                language.code(),
                version.to_string(),
            )
        })
        .collect()
}

fn sentences(input: &str, language: Option<Language>) -> Vec<SegmentRow> {
    let spans = altlas_text::sentences(input, language, &tick);
    let language = language.unwrap_or_else(|| altlas_text::detect_language(input));
    let mut chars = input.chars();
    let mut at = 0;
    (1..)
        .zip(spans)
        .map(|(ordinal, span)| {
            chars.by_ref().take(span.start - at).for_each(drop);
            let content = chars.by_ref().take(span.end - span.start).collect();
            at = span.end;
            (
                ordinal,
                offset(span.start),
                offset(span.end),
                content,
                None,
                None,
                None,
                JsonB(serde_json::json!({})),
                Vec::new(),
                None,
                None,
                language.code(),
                altlas_text::RULES_VERSION.to_owned(),
            )
        })
        .collect()
}

/// The segments of an array's texts, in order; `text_ordinal` says which text, from 1.
#[pg_extern(
    sql = r#"CREATE FUNCTION altlas.segment_array(inputs text[], language text DEFAULT NULL, granularity text DEFAULT 'task', model text DEFAULT NULL)
       RETURNS TABLE (text_ordinal bigint, ordinal integer, start_char integer, end_char integer, content text, task_type text, confidence real,
                      priority real, parameters jsonb, depends_on integer[], dependency_kind text, connector text, language text,
                      model_version text)
       STABLE PARALLEL SAFE COST 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
)]
fn segment_array(
    inputs: Option<Array<'_, &str>>,
    language: Option<&str>,
    granularity: Option<&str>,
    model: Option<&str>,
    call: pg_sys::FunctionCallInfo,
) -> sql::Result<()> {
    let segmenter = Segmenter::named(model)?;
    // SAFETY: the call that PostgreSQL made.
    let done = Done::new(unsafe { TupleStore::open(call) }?, false);
    let mut rows = Rows::new(&segmenter, language, granularity, done)?;
    for input in inputs.iter().flat_map(Array::iter) {
        rows.push(None, input)?;
    }
    Ok(rows.finish()?)
}

/// The segments of a source's texts, in order. `key` names a column that is given back as text.
#[pg_extern(
    sql = r#"CREATE FUNCTION altlas.segment_all(source text, language text DEFAULT NULL, granularity text DEFAULT 'task', model text DEFAULT NULL,
                                    key text DEFAULT NULL)
       RETURNS TABLE (text_ordinal bigint, ordinal integer, start_char integer, end_char integer, content text, task_type text, confidence real,
                      priority real, parameters jsonb, depends_on integer[], dependency_kind text, connector text, language text,
                      model_version text, key_value text)
       VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
)]
fn segment_all(
    source: Option<&str>,
    language: Option<&str>,
    granularity: Option<&str>,
    model: Option<&str>,
    key: Option<&str>,
    call: pg_sys::FunctionCallInfo,
) -> sql::Result<()> {
    let source = required(source, "source")?;
    let segmenter = Segmenter::named(model)?;
    // SAFETY: the call that PostgreSQL made.
    let done = Done::new(unsafe { TupleStore::open(call) }?, true);
    let rows = Rows::new(&segmenter, language, granularity, done)?;
    let mut texts = Source { key, columns: None, rows };
    source::read_tuples(source, &mut texts)?;
    Ok(texts.rows.finish()?)
}

/// Reads the texts of a source.
struct Source<'s, 'a> {
    /// The name of the column that is given back.
    key: Option<&'a str>,
    /// Where key and text are; known when the rows' type is.
    columns: Option<(KeyColumn, TextColumn)>,
    rows: Rows<'s>,
}

impl TupleSink for Source<'_, '_> {
    unsafe fn describe(&mut self, descriptor: pg_sys::TupleDesc) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        let columns = unsafe { source::columns(descriptor) };
        let key = KeyColumn::find(&columns, self.key)?;
        self.columns = Some((key, TextColumn::find(&columns, key, "altlas.segmenter")?));
        Ok(())
    }

    unsafe fn tuple(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<()> {
        let Some((key, text)) = self.columns else { return Ok(()) };
        // SAFETY: the caller vouches for the tuple.
        let (key, text) = unsafe { (key.of(tuple, descriptor), text.of(tuple, descriptor)) };
        self.rows.push(key, text.as_deref())
    }
}

/// Texts on their way to the rows of a result.
struct Rows<'s> {
    texts: Texts<'s>,
    language: Option<Language>,
    granularity: Granularity,
    done: Done,
}

/// The part of [`Rows`] that segments are delivered to.
struct Done {
    store: TupleStore,
    keyed: bool,
    /// Keys of the texts that are on their way.
    keys: std::collections::VecDeque<Option<String>>,
    ordinal: i64,
    /// Where values are made that the store copies; emptied again and again, since one call gives all rows.
    scratch: PgMemoryContexts,
}

impl<'s> Rows<'s> {
    fn new(
        segmenter: &'s Segmenter,
        language: Option<&str>,
        granularity: Option<&str>,
        done: Done,
    ) -> Result<Self> {
        let language = language.map(parse_language).transpose()?;
        let granularity = Granularity::parse(granularity)?;
        Ok(Self { texts: Texts::new(segmenter, language), language, granularity, done })
    }

    fn push(&mut self, key: Option<String>, text: Option<&str>) -> Result<()> {
        text.map_or(Ok(()), check_length)?;
        self.done.keys.push_back(key);
        match (self.granularity, text) {
            (Granularity::Sentence, text) => {
                self.done.put(text.map_or_else(Vec::new, |text| sentences(text, self.language)))
            }
            (Granularity::Task, text) => {
                let Self { texts, done, .. } = self;
                texts.push(text, &mut |found| done.put(found.map_or_else(Vec::new, tasks)))
            }
        }
    }

    fn finish(self) -> Result<()> {
        let Self { texts, mut done, .. } = self;
        texts.finish(&mut |found| done.put(found.map_or_else(Vec::new, tasks)))
    }
}

impl Done {
    fn new(store: TupleStore, keyed: bool) -> Self {
        let scratch = PgMemoryContexts::new("altlas segments");
        Self { store, keyed, keys: Default::default(), ordinal: 0, scratch }
    }

    /// Gives the rows of the next text.
    fn put(&mut self, rows: Vec<SegmentRow>) -> Result<()> {
        self.ordinal += 1;
        let key = self.keys.pop_front().flatten();
        for row in rows {
            let Self { store, keyed, ordinal, scratch, .. } = self;
            let (text, key) = (*ordinal, key.as_deref().filter(|_| *keyed));
            let put = |_: &mut PgMemoryContexts| {
                let (number, start, end, content, kind, confidence, priority, parameters, parents, why, ..) =
                    row;
                let (connector, language, version) = (row.10, row.11, row.12);
                let text = [text.into_datum(), number.into_datum(), start.into_datum(), end.into_datum()];
                let task =
                    [content.into_datum(), kind.into_datum(), confidence.into_datum(), priority.into_datum()];
                let joined = [parameters.into_datum(), parents.into_datum(), why.into_datum()];
                let last = [connector.into_datum(), language.into_datum(), version.into_datum()];
                let ([a, b, c, d], [e, f, g, h]) = (text, task);
                let ([i, j, k], [l, m, n]) = (joined, last);
                // SAFETY: the values are of the types that the SQL of the two functions declares.
                unsafe {
                    match *keyed {
                        true => store.put([a, b, c, d, e, f, g, h, i, j, k, l, m, n, key.into_datum()]),
                        false => store.put([a, b, c, d, e, f, g, h, i, j, k, l, m, n]),
                    }
                }
            };
            // SAFETY: nothing that is made there is used outside.
            unsafe { scratch.switch_to(put) };
        }
        // SAFETY: nothing refers to the values any more.
        unsafe { self.scratch.reset() };
        tick();
        Ok(())
    }
}

/// A drawing of a text's task segments and what they wait for, as a static SVG document.
#[pg_extern(stable, parallel_safe, cost = 10000)]
fn segment_svg(
    input: Option<&str>,
    language: default!(Option<&str>, "NULL"),
    model: default!(Option<&str>, "NULL"),
    max_segments: default!(Option<i32>, "100"),
) -> sql::Result<Option<String>> {
    let most = required(max_segments, "max_segments")?;
    if !(1..=MAX_DRAWN).contains(&most) {
        return Err(Error::BadArgument {
            argument: "max_segments".into(),
            problem: format!("{most} is not between 1 and {MAX_DRAWN}"),
            hint: String::new(),
        }
        .into());
    }
    let language = language.map(parse_language).transpose()?;
    let Some(input) = input else { return Ok(None) };
    check_length(input)?;
    let most = usize::try_from(most).unwrap_or_default();
    let found = Segmenter::named(model)?.one(input, language, most)?;
    let most = most.min(found.segments.len());
    let mut types = found.types.iter().map(|(name, _)| name.as_str());
    let drawn: Vec<_> = found
        .segments
        .iter()
        .map(|segment| Drawn { segment, task_type: types.next().unwrap_or_default() })
        .collect();
    Ok(Some(altlas_text::picture(input, found.language, &drawn, most)))
}

/// The longest text has fewer characters than `i32` counts: its bytes are limited by a setting below that.
fn offset(chars: usize) -> i32 {
    i32::try_from(chars).unwrap_or(i32::MAX)
}
