//! Asynchronous jobs: `submit`, `train_async`, `job_status`, `job_result`, `train_result`, `wait_job`.

use std::time::{Duration, Instant, SystemTime};

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{JsonB, PgLogLevel};

use super::train::{order, row};
use crate::engine::{self, crew};
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::jobs;
use crate::store::job::{self, Status};
use crate::store::{artefact, has_rights_of, read};
use crate::training::Registered;

/// Pauses between two looks at a job that is waited for.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Has the rows of a source scored in the background; returns the job's number. The rows are read now.
#[pg_extern(volatile, parallel_unsafe)]
fn submit(
    model: Option<&str>,
    source: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<i64> {
    artefact::must_be_writable("submit a job")?;
    Ok(jobs::score(required(model, "model")?, required(source, "source")?, options.map(|o| o.0))?)
}

/// Has a model trained in the background, as `train` does; returns the job's number. The rows are read now.
#[pg_extern(volatile, parallel_unsafe)]
fn train_async(
    project: Option<&str>,
    task: Option<&str>,
    source: Option<&str>,
    target: default!(Option<&str>, "NULL"),
    algorithm: default!(Option<&str>, "'auto'"),
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<i64> {
    artefact::must_be_writable("submit a job")?;
    Ok(jobs::train(&order(project, task, source, target, algorithm, options)?)?)
}

/// How a job stands.
#[pg_extern(volatile, parallel_restricted)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn job_status(
    job_id: Option<i64>,
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(job_id, i64),
            name!(kind, String),
            name!(label, String),
            name!(state, String),
            name!(phase, Option<String>),
            name!(done, i64),
            name!(total, Option<i64>),
            name!(rate, Option<f64>),
            name!(attempts, i32),
            name!(error_code, Option<String>),
            name!(error, Option<String>),
            name!(submitted_at, Option<TimestampWithTimeZone>),
            name!(started_at, Option<TimestampWithTimeZone>),
            name!(ended_at, Option<TimestampWithTimeZone>),
            name!(expires_at, Option<TimestampWithTimeZone>),
        ),
    >,
> {
    let s = mine(required(job_id, "job_id")?)?;
    remind(&s);
    Ok(TableIterator::once((
        s.job,
        s.kind,
        s.label,
        s.state,
        s.phase,
        s.done,
        s.total,
        s.rate,
        s.attempts,
        s.error_code,
        s.error,
        s.submitted_at,
        s.started_at,
        s.ended_at,
        s.expires_at,
    )))
}

/// The scores of a scoring job that is done, in the order of the rows.
#[pg_extern(stable, parallel_restricted)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn job_result(
    job_id: Option<i64>,
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(ordinal, i64),
            name!(value, Option<f64>),
            name!(label, Option<String>),
            name!(proba, Option<Vec<f64>>),
            name!(model_version, String),
        ),
    >,
> {
    let status = done(required(job_id, "job_id")?, job::Kind::Score)?;
    let (job, version, total) = (status.job, status.label, status.done);
    let mut next = 1;
    let pieces = std::iter::from_fn(move || {
        (next <= total).then(|| {
            let piece = raise(piece(job, next));
            let first = next;
            next += i64::try_from(piece.rows()).unwrap_or(i64::MAX);
            (first, piece)
        })
    });
    Ok(TableIterator::new(pieces.flat_map(move |(first, piece)| {
        let version = version.clone();
        (first..).zip(piece.into_rows()).map(move |(n, s)| (n, s.value, s.label, s.proba, version.clone()))
    })))
}

/// The result of a training job that is done: the row that `train` gives.
#[pg_extern(stable, parallel_restricted)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn train_result(
    job_id: Option<i64>,
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(project, String),
            name!(version, i32),
            name!(algorithm, String),
            name!(metric, String),
            name!(score, f64),
            name!(baseline, Option<f64>),
            name!(deployed, bool),
            name!(run_id, i64),
        ),
    >,
> {
    let status = done(required(job_id, "job_id")?, job::Kind::Train)?;
    let registered: Registered = serde_json::from_value(status.result.unwrap_or_default())
        .map_err(|e| Error::Internal { message: format!("the stored result does not parse: {e}") })?;
    Ok(TableIterator::once(row(registered)))
}

/// Waits until a job has ended, at most for `timeout`; returns its state.
#[pg_extern(volatile, parallel_unsafe)]
fn wait_job(job_id: Option<i64>, timeout: default!(Option<Interval>, "'1 minute'")) -> sql::Result<String> {
    let number = required(job_id, "job_id")?;
    let timeout = Duration::try_from_secs_f64(seconds(&required(timeout, "timeout")?).max(0.0))
        .unwrap_or(Duration::MAX);
    let begun = Instant::now();
    let mut pause = PAUSES.0;
    loop {
        let status = read::newest(|| mine(number))?;
        let left = timeout.saturating_sub(begun.elapsed());
        if status.has_ended() || left.is_zero() {
            return Ok(status.state);
        }
        // SAFETY: a plain lookup of a transaction's number.
        if unsafe { pg_sys::TransactionIdIsCurrentTransactionId(status.written_by.into()) } {
            return Err(no_result(
                number,
                "is part of this transaction",
                "Workers see it after the commit.".into(),
                "Commit, then wait.",
            )
            .into());
        }
        remind(&status);
        engine::pause(pause.min(left));
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Cancels an asynchronous job; `None` when there is none of this number. A job of another role is none of the caller's.
pub fn cancel(number: i64) -> Result<Option<bool>> {
    let Some(status) = read::latest(|| job::status(number))? else {
        return Ok(None);
    };
    if !has_rights_of(&status.submitted_by) {
        return Ok(Some(false));
    }
    artefact::must_be_writable("cancel a job")?;
    let cancelled = job::cancel(number, |worker| crew::stop(worker, number))?;
    if cancelled {
        crew::expect_expiry(SystemTime::now() + Duration::from_secs_f64(guc::job_retention_s()));
    }
    Ok(Some(cancelled))
}

/// A job that the caller may see.
fn mine(number: i64) -> Result<Status> {
    let status = job::status(number)?.ok_or(Error::UnknownJob { job: number })?;
    if has_rights_of(&status.submitted_by) {
        return Ok(status);
    }
    Err(Error::NotYourJob { job: number, role: status.submitted_by })
}

/// A job of the caller's that has a result of this kind.
fn done(number: i64, kind: job::Kind) -> Result<Status> {
    let s = mine(number)?;
    remind(&s);
    let error = |problem, detail, hint| Err(no_result(number, problem, detail, hint));
    if s.kind != kind.name() {
        let hint = match kind {
            job::Kind::Score => "Use altlas.train_result(job_id).",
            job::Kind::Train => "Use altlas.job_result(job_id).",
        };
        return error("is of another kind", format!("It is a job of kind \"{}\".", s.kind), hint);
    }
    match s.state.as_str() {
        "done" if s.expired => {
            error("has expired", "Ended jobs are kept for altlas.job_retention.".into(), "Submit it again.")
        }
        "done" => Ok(s),
        "failed" => {
            let message = s.error.unwrap_or_default();
            let detail = s.error_detail.map(|d| format!(" {d}")).unwrap_or_default();
            let hint = s.error_hint.as_deref().unwrap_or_default();
            let code = s.error_code.unwrap_or_default();
            Err(no_result(number, "has failed", format!("{message} ({code}).{detail}"), hint))
        }
        "cancelled" => error("was cancelled", String::new(), "Submit it again."),
        _ => error(
            "has not ended",
            format!("It is {}.", s.state),
            "Wait for it: altlas.wait_job(job_id), or LISTEN altlas_jobs.",
        ),
    }
}

fn no_result(job: i64, problem: &str, detail: String, hint: &str) -> Error {
    Error::NoJobResult { job, problem: problem.into(), detail, hint: hint.into() }
}

/// Has a job looked after that nobody may know of: after a restart without preloading, a restore, a fail-over.
fn remind(status: &Status) {
    let forgotten = match status.state.as_str() {
        "queued" => status.due,
        "running" => !status.worker.as_deref().is_some_and(crew::is_alive),
        _ => false,
    };
    if forgotten {
        crew::request_now();
    }
}

fn piece(job: i64, first: i64) -> Result<job::Piece> {
    let piece = job::piece(job, first)?.filter(|p| p.rows() > 0);
    piece.ok_or_else(|| Error::Internal {
        message: format!("the scores of job {job} from row {first} on are missing"),
    })
}

/// An iterator cannot return an error: it is raised.
fn raise<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|e| {
        ErrorReport::from(e).report(PgLogLevel::ERROR);
        unreachable!("an error does not return")
    })
}

/// As `extract(epoch FROM …)` counts.
fn seconds(interval: &Interval) -> f64 {
    f64::from(interval.months()) * 30.0 * 86_400.0
        + f64::from(interval.days()) * 86_400.0
        + interval.micros() as f64 / 1e6
}
