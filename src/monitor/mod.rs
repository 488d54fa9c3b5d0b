//! Statistics of scoring, gathered without writing to the database: also in read-only transactions, and at no cost that a row
//! would feel. Runs in the engine are recorded there ([`origin`]); what is scored in the backend is recorded here
//! ([`scored`], [`failed`]) and left in files ([`spool`]), which the maintenance worker merges into tables ([`flush`]).

pub mod flush;
mod local;
pub mod spool;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use altlas_prep::Document;
use altlas_proto::Origin;
use altlas_stats::{Answer, Recorder, Tally, Ticket};
use pgrx::pg_sys;

use crate::error::Error;
use crate::scoring::{Scored, Version};

/// Where this backend's recorder keeps a version; one that has none is not recorded.
#[derive(Default)]
pub struct Watch {
    ticket: Cell<Ticket>,
    tally: Rc<Tally>,
}

/// Whether the version's next call should be timed: now, if so. Calls that are not timed are counted all the same.
#[inline]
pub fn starts(version: &Version) -> Option<Instant> {
    version.watch.as_ref().filter(|watch| watch.tally.is_due()).map(|_| Instant::now())
}

/// A call of one row, scored in this backend; `numbers` are the graph's inputs. The whole answer is asked for if it is to be
/// looked at, which is seldom.
#[inline]
pub fn scored(version: &Version, numbers: &[f64], started: Option<Instant>, answer: impl FnOnce() -> Scored) {
    let Some(watch) = version.watch.as_ref().filter(|watch| !watch.tally.count()) else { return };
    record(version, |recorder, ticket| {
        row(recorder, ticket, numbers, answer);
        recorder.call(ticket, started.map(nanoseconds));
        recorder.lend(ticket, &watch.tally);
    });
}

/// A row of a call of many; the call is counted by [`called`].
pub fn scored_row(version: &Version, numbers: &[f64], answer: impl FnOnce() -> Scored) {
    record(version, |recorder, ticket| row(recorder, ticket, numbers, answer));
}

/// A call whose rows were counted by [`scored_row`].
pub fn called(version: &Version, started: Option<Instant>) {
    record(version, |recorder, ticket| recorder.call(ticket, started.map(nanoseconds)));
}

/// A call that failed before it came to a run in the engine.
pub fn failed(version: &Version, error: &Error) {
    record(version, |recorder, ticket| recorder.failed(ticket, &error.sqlstate()));
}

/// A call that the engine answered and counted, whose answer cannot be used.
pub fn misread(version: &Version, error: &Error) {
    record(version, |recorder, ticket| recorder.error(ticket, &error.sqlstate()));
}

/// On whose behalf the engine is asked to run a version; none when statistics are off.
pub fn origin(version: &Version) -> Option<Origin> {
    version.watch.as_ref()?;
    local::ask_engine().then(|| Origin {
        // SAFETY: a plain OID that the server sets when the backend connects.
        database: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        model_version: version.label.clone(),
        features: !version.preprocess.as_ref().is_some_and(Document::takes_text),
    })
}

#[inline]
fn record(version: &Version, work: impl FnOnce(&mut Recorder, Ticket)) {
    let Some(watch) = &version.watch else { return };
    local::with(|recorder| {
        let ticket = recorder.ticket(watch.ticket.get(), &version.label, &version.sha256)?;
        watch.ticket.set(ticket);
        work(recorder, ticket);
        Some(())
    });
}

#[inline]
fn row(recorder: &mut Recorder, ticket: Ticket, numbers: &[f64], answer: impl FnOnce() -> Scored) {
    if recorder.row(ticket) {
        let Scored { value, label, proba, .. } = answer();
        // A class that is a number is no value.
        let value = value.filter(|v| label.as_ref().is_none_or(|l| l.parse() != Ok(*v)));
        let (label, proba) = (label.as_deref(), proba.as_deref().unwrap_or_default());
        recorder.sample(ticket, numbers, &Answer { value, label, proba });
    }
}

fn nanoseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use altlas_stats::{ModelStats, decode_batch};
    use pgrx::prelude::*;
    use serde_json::json;

    use super::*;

    fn version(label: &str) -> Version {
        let mut version = Version::new(label.into(), "a".into(), None, json!({}), false).unwrap();
        version.watch = Some(Watch::default());
        version
    }

    fn gathered(label: &str) -> ModelStats {
        let batch = local::with(|recorder| Some(recorder.take())).unwrap();
        let models = decode_batch(&batch).unwrap();
        models.into_iter().find(|(key, _)| key.model_version == label).unwrap().1
    }

    #[pg_test]
    fn what_is_scored_here_is_counted_once_and_sampled() {
        let version = version("seen/1");
        for n in 0..1000 {
            let started = starts(&version);
            scored(&version, &[f64::from(n)], started, || Scored { value: Some(2.0), ..Scored::default() });
        }
        for n in 0..50 {
            let label = Some(f64::from(n % 2).to_string());
            scored_row(&version, &[-1.0], || Scored {
                value: Some(f64::from(n % 2)),
                label,
                ..Scored::default()
            });
        }
        called(&version, Some(Instant::now()));
        failed(&version, &Error::NullArgument { argument: "x" });
        misread(&version, &Error::NullArgument { argument: "x" });
        let stats = gathered("seen/1");
        assert_eq!((stats.calls, stats.rows, stats.errors["22004"]), (1002, 1050, 2));
        assert!(stats.latency.count() > 900 && stats.latency.count() <= 1001);
        assert!(stats.features[0].count > 900 && stats.features[0].sampled < 300);
        assert_eq!((stats.score.min, stats.score.max), (2.0, 2.0), "a class is no score");
    }

    #[pg_test]
    fn trials_and_switched_off_statistics_leave_nothing() {
        let mut unwatched = version("trial");
        unwatched.watch = None;
        scored(&unwatched, &[1.0], starts(&unwatched), Scored::default);
        assert!(origin(&unwatched).is_none());
        let version = version("seen/2");
        scored(&version, &[1.0], None, Scored::default);
        assert_eq!(gathered("seen/2").calls, 1);
        assert_eq!(origin(&version).unwrap().model_version, "seen/2");
        assert!(!gathered_any());
    }

    fn gathered_any() -> bool {
        local::with(|recorder| Some(recorder.note_time(0))).unwrap()
    }
}
