//! The queue. Whoever takes a job commits that at once; afterwards only the worker that a row names may change it, so that
//! a job has one result however often it was tried.

use std::time::{Duration, SystemTime};

use pgrx::{JsonB, Spi, pg_sys};
use serde_json::Value;

use super::{Kind, time_of_epoch};
use crate::engine::crew;
use crate::error::{Error, Result, sqlstate};
use crate::guc;
use crate::store::{read, with_owner};

/// How long a job that is locked is left alone.
const PATIENCE: Duration = Duration::from_secs(2);

/// A job in the hands of a worker.
pub struct Claimed {
    pub job: i64,
    pub kind: Kind,
    pub spec: Value,
    pub submitted_by: String,
    /// The number of this attempt, from 1: with it a row is this worker's.
    pub attempt: i32,
    /// Rows in the input.
    pub rows: i64,
}

/// What the queue has.
pub enum Claim {
    /// A job, and whether there are more.
    Job(Box<Claimed>, bool),
    /// Nothing before this time.
    Later(SystemTime),
    /// Nothing.
    Nothing,
}

/// Workers take jobs one after the other. Otherwise one that meets a job which another has just taken locks the new version of its row
/// before it sees that, and whoever ends a job leaves a locked row alone: the job would be tried again.
const TURN: &str = "SELECT pg_catalog.pg_advisory_xact_lock('altlas.job'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.int8)";

/// Takes the first job that is due.
pub fn claim(worker: &str) -> Result<Claim> {
    with_owner(|| {
        Spi::run(TURN)?;
        let claimed = Spi::connect_mut(|client| {
            let table =
                client.update(include_str!("../../../sql/queries/job_claim.sql"), None, &[worker.into()])?;
            let Some(row) = table.into_iter().next() else {
                return Ok::<_, pgrx::spi::SpiError>(None);
            };
            Ok(Some(Claimed {
                job: row.get(1)?.unwrap_or_default(),
                kind: Kind::parse(&row.get::<String>(2)?.unwrap_or_default()),
                spec: row.get::<JsonB>(3)?.map(|s| s.0).unwrap_or_default(),
                submitted_by: row.get(4)?.unwrap_or_default(),
                attempt: row.get(5)?.unwrap_or_default(),
                rows: row.get(6)?.unwrap_or_default(),
            }))
        })?;
        let waiting = read::latest(|| {
            read::first(
                "SELECT count(*) FILTER (WHERE not_before <= pg_catalog.clock_timestamp()), \
                        extract(epoch FROM min(not_before))::double precision \
                   FROM altlas.job WHERE state = 'queued'",
                &[],
                |row| (row.get::<i64>(1).unwrap_or_default(), row.get::<f64>(2)),
            )
        })?;
        Ok(match (claimed, waiting) {
            (Some(job), waiting) => Claim::Job(Box::new(job), waiting.is_some_and(|(due, _)| due > 0)),
            // One that is due is locked by somebody who is about to cancel it.
            (None, Some((_, Some(next)))) => {
                Claim::Later(time_of_epoch(next).max(SystemTime::now() + PATIENCE))
            }
            (None, _) => Claim::Nothing,
        })
    })
}

/// Gives back jobs whose worker is gone, and those that `me`, the worker that calls, left to a transaction that was about to
/// cancel them; those that were tried often enough fail. Returns after which time to look again, if there is something to look at.
pub fn requeue_abandoned(me: &str) -> Result<Option<Duration>> {
    with_owner(|| {
        let running = Spi::connect(|client| {
            let table = client.select(
                "SELECT job_id, attempts, max_attempts, worker FROM altlas.job WHERE state = 'running'",
                None,
                &[],
            )?;
            table
                .into_iter()
                .map(|row| {
                    Ok((
                        row.get::<i64>(1)?.unwrap_or_default(),
                        row.get::<i32>(2)?.unwrap_or_default(),
                        row.get::<i32>(3)?.unwrap_or_default(),
                        row.get::<String>(4)?.unwrap_or_default(),
                    ))
                })
                .collect::<std::result::Result<Vec<_>, pgrx::spi::SpiError>>()
        })?;
        let mut again = None;
        for (job, attempts, most, worker) in running {
            if worker != me && crew::is_alive(&worker) {
                continue;
            }
            if !is_mine(job, attempts)? {
                again = again.or(Some(PATIENCE));
            } else if attempts >= most {
                finish(job, "failed", None, Some(Error::JobAbandoned { attempts }.into()))?;
            } else {
                put_back(job, attempts, None)?;
                again = Some(Duration::ZERO);
            }
        }
        Ok(again)
    })
}

/// Whether a running job is still this attempt's, and nobody is about to cancel it. Locks the row until the end of the
/// transaction; waits for nobody.
pub fn is_mine(job: i64, attempt: i32) -> Result<bool> {
    with_owner(|| {
        let mine = Spi::get_one_with_args::<bool>(
            "WITH mine AS (SELECT FROM altlas.job WHERE job_id = $1 AND attempts = $2 AND state = 'running' \
             FOR NO KEY UPDATE SKIP LOCKED) SELECT EXISTS (SELECT FROM mine)",
            &[job.into(), attempt.into()],
        )?;
        Ok(mine == Some(true))
    })
}

/// Writes how far a job is. `false` when it is not this attempt's any more.
pub fn progress(
    job: i64,
    attempt: i32,
    phase: &str,
    done: i64,
    total: Option<i64>,
    rate: Option<f64>,
) -> Result<bool> {
    if !is_mine(job, attempt)? {
        return Ok(false);
    }
    with_owner(|| {
        Spi::run_with_args(
            "UPDATE altlas.job SET phase = $2, done = $3, total = $4, rate = $5 WHERE job_id = $1",
            &[job.into(), phase.into(), done.into(), total.into(), rate.into()],
        )?;
        Ok(true)
    })
}

/// How a job ends.
pub enum Ending {
    /// With its result: rows of `job_output`, or a document.
    Done(Option<Value>),
    Failed(Fault),
    Cancelled,
    /// Not yet: it waits for its turn again, for this reason, and the attempt does not count.
    PutBack(&'static str),
}

/// Why a job failed.
#[derive(Debug)]
pub struct Fault {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        let (code, message, detail, hint) = e.parts();
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self { sqlstate: sqlstate(code), message, detail: some(detail), hint: some(hint) }
    }
}

/// Ends an attempt, and tells those who listen on the channel `altlas_jobs`. `false` when it is not this attempt's any more.
pub fn end(job: i64, attempt: i32, ending: Ending) -> Result<bool> {
    if !is_mine(job, attempt)? {
        return Ok(false);
    }
    match ending {
        Ending::PutBack(reason) => put_back(job, attempt, Some(reason))?,
        Ending::Done(result) => finish(job, "done", result, None)?,
        Ending::Failed(fault) => finish(job, "failed", None, Some(fault))?,
        Ending::Cancelled => finish(job, "cancelled", None, None)?,
    }
    Ok(true)
}

/// The end of a job whose row is locked.
fn finish(job: i64, state: &str, result: Option<Value>, fault: Option<Fault>) -> Result<()> {
    let (code, message, detail, hint) = match fault {
        None => (None, None, None, None),
        Some(f) => (Some(f.sqlstate), Some(f.message), f.detail, f.hint),
    };
    with_owner(|| {
        Ok(Spi::run_with_args(
            include_str!("../../../sql/queries/job_finish.sql"),
            &[
                job.into(),
                state.into(),
                result.map(JsonB).into(),
                code.into(),
                message.into(),
                detail.into(),
                hint.into(),
                guc::job_retention_s().into(),
            ],
        )?)
    })
}

/// Back into the queue: after a worker's death at once, else with a reason and after a pause, not counting the attempt.
fn put_back(job: i64, attempt: i32, reason: Option<&str>) -> Result<()> {
    with_owner(|| {
        Ok(Spi::run_with_args(
            "UPDATE altlas.job SET state = 'queued', worker = NULL, phase = $3, rate = NULL, \
                    attempts = CASE WHEN $3 IS NULL THEN attempts ELSE attempts - 1 END, \
                    not_before = CASE WHEN $3 IS NULL THEN '-infinity' ELSE pg_catalog.clock_timestamp() + interval '5 s' END \
              WHERE job_id = $1 AND attempts = $2",
            &[job.into(), attempt.into(), reason.into()],
        )?)
    })
}

/// Cancels a job that has not ended. `stop` gets the worker of a running one. `false` when the job has ended.
pub fn cancel(job: i64, stop: impl FnOnce(&str)) -> Result<bool> {
    with_owner(|| {
        let (state, worker) = Spi::get_two_with_args::<String, String>(
            "WITH locked AS (SELECT state, worker FROM altlas.job WHERE job_id = $1 FOR NO KEY UPDATE) \
             SELECT (SELECT state FROM locked), (SELECT worker FROM locked)",
            &[job.into()],
        )?;
        match (state.as_deref(), worker) {
            (Some("running"), Some(worker)) => stop(&worker),
            (Some("queued" | "running"), _) => {}
            _ => return Ok(false),
        }
        finish(job, "cancelled", None, None)?;
        Ok(true)
    })
}

/// The role that submitted a job, if it may still do what the job does.
pub fn authorise(role: &str, kind: Kind) -> Result<pg_sys::Oid> {
    let found = with_owner(|| {
        read::first(
            include_str!("../../../sql/queries/job_authorise.sql"),
            &[role.into(), kind.function().into()],
            |row| (row.get::<pg_sys::Oid>(1), row.get::<bool>(2)),
        )
    })?;
    match found {
        Some((Some(oid), Some(true))) => Ok(oid),
        Some(_) => Err(Error::NoLongerAllowed { role: role.into(), function: kind.function() }),
        None => Err(Error::UnknownRole { role: role.into() }),
    }
}
