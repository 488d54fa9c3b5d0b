//! Log lines on stderr, which the supervisor passes to the server's log.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of one kind let through per [`WINDOW`].
const BURST: u32 = 5;
const WINDOW: Duration = Duration::from_secs(60);

static LIMITS: Mutex<BTreeMap<&'static str, Window>> = Mutex::new(BTreeMap::new());

struct Window {
    since: Instant,
    lines: u32,
}

/// Writes one line, whatever the rate.
pub fn event(text: impl Display) {
    let mut line = format!("altlas-engine: {text}").replace(['\n', '\r'], " ");
    line.push('\n');
    // One write, so that lines of several processes do not mix. Nobody is left to tell when it fails.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Writes one line unless there were many of this `kind` lately; says later how many were left out.
pub fn repeated(kind: &'static str, text: impl Display) {
    let now = Instant::now();
    let mut limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
    let window = limits.entry(kind).or_insert(Window { since: now, lines: 0 });
    let mut left_out = 0;
    if now.duration_since(window.since) >= WINDOW {
        left_out = window.lines.saturating_sub(BURST);
        *window = Window { since: now, lines: 0 };
    }
    window.lines = window.lines.saturating_add(1);
    let write = window.lines <= BURST;
    drop(limits);
    if left_out > 0 {
        event(format_args!("{left_out} more lines like this were left out: {kind}"));
    }
    if write {
        event(text);
    }
}
