//! `detect_anomaly`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use altlas_series::{Detection, Method, Options, Point, SeriesError, ValidOptions};
use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde_json::{Map, Value, json};

use crate::convert::{Cell, Kind, tick, timestamp_of_unix_us};
use crate::error::{Error, Result, required, sql};
use crate::store::document::OptionKeys;
use crate::store::source::{self, Sink, SourceColumn};

const KEYS: OptionKeys =
    OptionKeys("threshold, period, direction, min_points, window, seasonal_window and trend_window");

/// Judges every value of a source, by series.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn detect_anomaly(
    source: Option<&str>,
    value_column: Option<&str>,
    time_column: default!(Option<&str>, "NULL"),
    series_columns: default!(Option<Vec<Option<String>>>, "'{}'"),
    method: default!(Option<&str>, "'auto'"),
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(series, JsonB),
            name!(ts, Option<TimestampWithTimeZone>),
            name!(value, Option<f64>),
            name!(score, Option<f64>),
            name!(is_anomaly, bool),
            name!(expected, Option<f64>),
            name!(lower, Option<f64>),
            name!(upper, Option<f64>),
            name!(severity, Option<&'static str>),
            name!(method, &'static str),
        ),
    >,
> {
    let source = required(source, "source")?;
    let value_column = required(value_column, "value_column")?;
    let method = method_of(required(method, "method")?)?;
    let options = options_of(options.map(|o| o.0))?;
    let names = series_columns
        .unwrap_or_default()
        .into_iter()
        .map(|name| required(name, "series_columns"))
        .collect::<Result<Vec<_>>>()?;
    let read = read(source, value_column, time_column, &names)?;
    let mut judged = Vec::with_capacity(read.len());
    for (key, mut samples) in read {
        let series = key.to_json(&names);
        // Stable: rows of one moment stay in the source's order. Rows without a time belong to no place in the series.
        samples.sort_by_key(|s| s.ts_us.unwrap_or(i64::MAX));
        let placed = samples
            .iter()
            .take_while(|s| time_column.is_none() || s.ts_us.is_some())
            .map(|s| Point { ts_us: s.ts_us, value: s.value.unwrap_or(f64::NAN) })
            .collect::<Vec<_>>();
        let detection = altlas_series::detect(&placed, method, &options, &tick)
            .map_err(|e| translate(e, Some(&series)))?;
        judged.push((series, samples, detection));
    }
    Ok(TableIterator::new(judged.into_iter().flat_map(|(series, samples, detection)| {
        let Detection { method, judged, .. } = detection;
        let verdicts = judged.into_iter().map(Some).chain(std::iter::repeat(None));
        samples.into_iter().zip(verdicts).map(move |(sample, verdict)| {
            let known = |x: Option<f64>| x.filter(|x| !x.is_nan());
            (
                JsonB(series.clone()),
                sample.ts_us.and_then(timestamp_of_unix_us),
                sample.value,
                known(verdict.map(|v| v.score)),
                verdict.is_some_and(|v| v.is_anomaly),
                known(verdict.map(|v| v.expected)),
                known(verdict.map(|v| v.lower)),
                known(verdict.map(|v| v.upper)),
                verdict.and_then(|v| v.severity).map(|s| s.as_str()),
                method.as_str(),
            )
        })
    })))
}

/// The method of this name.
pub fn method_of(name: &str) -> Result<Method> {
    name.parse().map_err(|e| translate(e, None))
}

fn options_of(options: Option<Value>) -> Result<ValidOptions> {
    let options: Options = KEYS.read(&options.unwrap_or_else(|| json!({})))?;
    options.validate().map_err(|e| translate(e, None))
}

fn translate(error: SeriesError, series: Option<&Value>) -> Error {
    let message = error.to_string();
    match error {
        SeriesError::UnknownMethod { name } => Error::BadArgument {
            argument: "method".into(),
            problem: format!("\"{name}\" is not a method"),
            hint: "Methods are: auto, zscore, mad, iqr, seasonal.".into(),
        },
        SeriesError::Option { .. } => KEYS.wrong(message),
        SeriesError::NoPeriod { .. } | SeriesError::TooShort { .. } => Error::BadArgument {
            argument: "method".into(),
            problem: match series.filter(|s| s.as_object().is_some_and(|o| !o.is_empty())) {
                Some(series) => format!("{message} (series {series})"),
                None => message,
            },
            hint: "Method auto judges such a series without a season.".into(),
        },
    }
}

/// One row of a source.
struct Sample {
    ts_us: Option<i64>,
    value: Option<f64>,
}

/// The values of the series columns; NULL comes last, as in SQL.
#[derive(PartialEq)]
struct Key(Vec<Cell>);

impl Key {
    fn to_json(&self, names: &[String]) -> Value {
        let values = names.iter().cloned().zip(self.0.iter().map(cell_to_json));
        Value::Object(values.collect::<Map<_, _>>())
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let cells = self.0.iter().zip(&other.0);
        cells.map(|(a, b)| compare(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Cells of one column are of one kind, or NULL.
fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) | (Cell::Interval(a), Cell::Interval(b)) => order(*a, *b),
        (Cell::Boolean(a), Cell::Boolean(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        (Cell::Timestamp(a), Cell::Timestamp(b)) => a.cmp(b),
        _ => (*a == Cell::Null).cmp(&(*b == Cell::Null)),
    }
}

/// As SQL orders doubles: zeros are equal, NaN is the greatest and equal to itself.
fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn cell_to_json(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Number(x) | Cell::Interval(x) if x.fract() == 0.0 && x.abs() <= 9e15 => json!(*x as i64),
        Cell::Number(x) | Cell::Interval(x) if x.is_finite() => json!(x),
        Cell::Number(x) | Cell::Interval(x) => json!(x.to_string()),
        Cell::Boolean(b) => json!(b),
        Cell::Text(t) => json!(t),
        Cell::Timestamp(us) => timestamp_of_unix_us(*us).map_or(Value::Null, |t| json!(t.to_iso_string())),
    }
}

fn read(
    source: &str,
    value: &str,
    time: Option<&str>,
    series: &[String],
) -> Result<BTreeMap<Key, Vec<Sample>>> {
    let mut wanted = vec![("value_column", value)];
    wanted.extend(time.map(|time| ("time_column", time)));
    wanted.extend(series.iter().map(|name| ("series_columns", name.as_str())));
    let mut gather = Gather { timed: time.is_some(), found: BTreeMap::new() };
    source::read(source, Some(&wanted), &mut gather)?;
    Ok(gather.found)
}

struct Gather {
    timed: bool,
    found: BTreeMap<Key, Vec<Sample>>,
}

impl Sink for Gather {
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        let wanted = [
            ("value_column", Kind::Number, "a number"),
            ("time_column", Kind::Timestamp, "a timestamp or date"),
        ];
        let checked = if self.timed { 2 } else { 1 };
        for (column, (argument, kind, name)) in columns.iter().zip(wanted).take(checked) {
            if column.kind != kind {
                return Err(Error::BadInput {
                    message: format!("column \"{}\" (argument \"{argument}\") is not {name}", column.name),
                    detail: String::new(),
                    hint: "Cast it in the source.".into(),
                });
            }
        }
        Ok(())
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        let mut cells = cells.into_iter();
        let value = match cells.next() {
            Some(Cell::Number(x)) => Some(x),
            _ => None,
        };
        let ts_us = match self.timed.then(|| cells.next()).flatten() {
            Some(Cell::Timestamp(us)) => Some(us),
            _ => None,
        };
        let sample = Sample { ts_us, value };
        self.found.entry(Key(cells.collect())).or_default().push(sample);
        Ok(())
    }
}
