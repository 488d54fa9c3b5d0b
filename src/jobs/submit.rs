//! Submitting a job: its rows are read and stored now, the work is done after the commit.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::convert::{ArrowStream, Cell};
use crate::engine::crew;
use crate::error::{Error, Result};
use crate::guc;
use crate::scoring::{Reader, Version, resolved};
use crate::store::document::OptionKeys;
use crate::store::job::{self, Kind, Spool};
use crate::store::source::{self, Sink, SourceColumn};
use crate::training::Order;

/// Workers that may end in the middle of a job before it fails.
const MAX_ATTEMPTS: i32 = 3;
/// Settings that say how texts become times.
const SETTINGS: [&CStr; 3] = [c"TimeZone", c"DateStyle", c"IntervalStyle"];

/// What a scoring job does.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScoreSpec {
    /// The version, as it was resolved when the job was submitted.
    pub model: String,
    /// The submitter's settings.
    pub settings: Vec<(String, String)>,
}

/// Options of a scoring job.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    max_attempts: Option<i32>,
}

/// Submits the scoring of a source's rows.
pub fn score(model: &str, source: &str, options: Option<Value>) -> Result<i64> {
    let keys = OptionKeys("max_attempts");
    let options: Options = keys.read(&options.unwrap_or_else(|| json!({})))?;
    let max_attempts = options.max_attempts.unwrap_or(MAX_ATTEMPTS);
    keys.within("max_attempts", max_attempts, 1..=100)?;
    let version = resolved(model)?;
    let spec = ScoreSpec { model: version.label.clone(), settings: settings() };
    submit(Kind::Score, &version.label, to_json(&spec)?, max_attempts, source, Some(&version), usize::MAX)
}

/// Submits a training.
pub fn train(order: &Order) -> Result<i64> {
    let spec = to_json(order)?;
    submit(Kind::Train, &order.project, spec, MAX_ATTEMPTS, &order.source, None, order.longest_text())
}

fn submit(
    kind: Kind,
    label: &str,
    spec: Value,
    max_attempts: i32,
    source: &str,
    version: Option<&Version>,
    longest: usize,
) -> Result<i64> {
    let number = job::add(kind, label, spec, max_attempts)?;
    let mut spool = Spool::new(number);
    let stream = ArrowStream::new(|piece: &[u8]| spool.add(piece)).with_longest(longest);
    let mut sink = Checked { version, text: None, stream };
    let rows = source::read(source, None, &mut sink)?;
    sink.stream.finish()?;
    spool.finish(kind, rows)?;
    crew::request_after_commit();
    Ok(number)
}

/// Refuses what the model cannot take while the submitter waits, not in the worker.
struct Checked<'a, F> {
    version: Option<&'a Version>,
    /// The column that is the model's text.
    text: Option<usize>,
    stream: ArrowStream<F>,
}

impl<F: FnMut(&[u8]) -> Result<()>> Sink for Checked<'_, F> {
    const ARRAYS: bool = true;

    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        if let Some(version) = self.version
            && let Reader::Text(column) = Reader::new(version, columns)?
        {
            self.text = Some(column);
        }
        self.stream.columns(columns)
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        if let Some(Cell::Text(text)) = self.text.and_then(|n| cells.get(n)) {
            let (bytes, limit) = (text.len(), guc::max_text_bytes());
            if bytes > limit {
                return Err(Error::TextTooLong { bytes, limit });
            }
        }
        self.stream.row(cells)
    }
}

fn settings() -> Vec<(String, String)> {
    SETTINGS
        .iter()
        .filter_map(|name| {
            // SAFETY: names of settings that every server has; the value is a NUL-terminated string.
            let value = unsafe { pg_sys::GetConfigOption(name.as_ptr(), true, false) };
            let value = (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })?;
            Some((name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        })
        .collect()
}

/// Gives this worker the submitter's settings. Others than those that are stored by `settings` are passed over.
pub fn apply(settings: &[(String, String)]) {
    for (name, value) in settings {
        let known = SETTINGS.iter().find(|known| known.to_string_lossy() == name.as_str());
        if let (Some(name), Ok(value)) = (known, CString::new(value.as_str())) {
            super::worker::set(name, &value);
        }
    }
}

fn to_json(spec: &impl Serialize) -> Result<Value> {
    serde_json::to_value(spec)
        .map_err(|e| Error::Internal { message: format!("a job's order cannot be written: {e}") })
}
