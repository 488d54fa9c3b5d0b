//! `engine_status`, `jobs`, `cancel_job`.

use altlas_proto::{JobInfo, JobState, Reply, Request};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::jobs;
use crate::convert::timestamp_of_unix_us;
use crate::engine::{self, Exchange, supervisor};
use crate::error::{required, sql};

/// How the engine is. Starts nothing: the first call that needs the engine does.
#[pg_extern(volatile, parallel_restricted)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn engine_status() -> TableIterator<
    'static,
    (
        name!(engine_pid, Option<i32>),
        name!(supervisor_pid, Option<i32>),
        name!(state, &'static str),
        name!(started_at, Option<TimestampWithTimeZone>),
        name!(restarts, Option<i32>),
        name!(version, Option<String>),
        name!(runtime_version, Option<String>),
        name!(providers, Option<Vec<String>>),
        name!(confinement, Option<Vec<String>>),
        name!(models_loaded, Option<i32>),
        name!(memory_bytes, Option<i64>),
        name!(memory_budget_bytes, Option<i64>),
        name!(queue_depth, Option<i32>),
        name!(preloaded, bool),
        name!(note, Option<String>),
        name!(calls, Option<i64>),
        name!(runs, Option<i64>),
    ),
> {
    let preloaded = supervisor::preloaded();
    let mut notes = Vec::new();
    if !preloaded {
        notes.push(
            "Not in shared_preload_libraries: the engine starts with the first call that needs it, and unfinished asynchronous jobs go on then."
                .to_owned(),
        );
    }
    let Some(s) = engine::status() else {
        let supervised = supervisor::is_running();
        if let Some(failure) = supervisor::last_failure() {
            notes.push(failure);
        }
        let state = if supervised { "starting" } else { "stopped" };
        let row = (
            None,
            None,
            state,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            preloaded,
            note(notes),
            None,
            None,
        );
        return TableIterator::once(row);
    };
    notes.extend(s.notes);
    let state = if s.runtime_version.is_empty() { "degraded" } else { "running" };
    TableIterator::once((
        Some(s.pid as i32),
        Some(s.supervisor_pid as i32),
        state,
        timestamp_of_unix_us(s.started_us),
        Some(s.restarts as i32),
        Some(s.version),
        Some(s.runtime_version).filter(|v| !v.is_empty()),
        Some(s.providers),
        Some(s.confinement),
        Some(s.models_loaded as i32),
        i64::try_from(s.memory_bytes).ok(),
        i64::try_from(s.memory_budget_bytes).ok(),
        Some(s.queue_depth as i32),
        preloaded,
        note(notes),
        i64::try_from(s.calls).ok(),
        i64::try_from(s.runs).ok(),
    ))
}

fn note(notes: Vec<String>) -> Option<String> {
    Some(notes.join(" ")).filter(|n| !n.is_empty())
}

/// The jobs of this database: those that run, and the last that ended. Behind the view `altlas.jobs`.
#[pg_extern(volatile, parallel_restricted)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn _jobs() -> sql::Result<
    TableIterator<
        'static,
        (
            name!(job_id, i64),
            name!(kind, String),
            name!(label, String),
            name!(role_id, pg_sys::Oid),
            name!(state, &'static str),
            name!(phase, String),
            name!(done, i64),
            name!(total, Option<i64>),
            name!(started_at, Option<TimestampWithTimeZone>),
            name!(ended_at, Option<TimestampWithTimeZone>),
        ),
    >,
> {
    let rows = list()?.into_iter().map(|j| {
        let total = i64::try_from(j.total).ok().filter(|t| *t > 0);
        let role = pg_sys::Oid::from(j.owner.role);
        let (started, ended) =
            (timestamp_of_unix_us(j.started_us), j.ended_us.and_then(timestamp_of_unix_us));
        (
            number(&j) as i64,
            j.kind,
            j.owner.label,
            role,
            state_name(j.state),
            j.phase,
            j.done as i64,
            total,
            started,
            ended,
        )
    });
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}

/// Ends a job of the caller's, or of a role whose rights the caller has. False when there is none of that number that has not
/// ended. With `keep_best` a training that runs is told to end with the best candidate so far.
#[pg_extern(volatile, parallel_unsafe)]
fn cancel_job(job_id: Option<i64>, keep_best: default!(Option<bool>, "false")) -> sql::Result<bool> {
    let job_id = required(job_id, "job_id")?;
    let keep_best = required(keep_best, "keep_best")?;
    if !keep_best && let Some(cancelled) = jobs::cancel(job_id)? {
        return Ok(cancelled);
    }
    let Ok(job) = u64::try_from(job_id) else {
        return Ok(false);
    };
    // SAFETY: plain getters; the role is looked up in the catalogue.
    let may = |role: u32| unsafe {
        let me = pg_sys::GetUserId();
        pg_sys::superuser_arg(me) || pg_sys::has_privs_of_role(me, pg_sys::Oid::from(role))
    };
    let Some(job) = list()?.into_iter().find(|j| number(j) == job && may(j.owner.role)) else {
        return Ok(false);
    };
    let job = job.job;
    let request = if keep_best { Request::FinishJob { job } } else { Request::CancelJob { job } };
    match engine::call(&request, &[], |_, _| Ok(()))?.0 {
        Reply::Cancelled { found } => Ok(found),
        other => Err(engine::unexpected(&other).into()),
    }
}

/// The number that people use. A library from before an upgrade gives none.
fn number(job: &JobInfo) -> u64 {
    if job.owner.number == 0 { job.job } else { job.owner.number }
}

/// Jobs of this database, newest first; none when the engine does not run.
fn list() -> crate::error::Result<Vec<JobInfo>> {
    if engine::status().is_none() {
        return Ok(Vec::new());
    }
    // SAFETY: a plain OID.
    let database = unsafe { pg_sys::MyDatabaseId }.to_u32();
    match engine::call(&Request::Jobs, &[], |_: &mut Exchange, _| Ok(()))?.0 {
        Reply::Jobs { jobs } => Ok(jobs.into_iter().filter(|j| j.owner.database == database).collect()),
        other => Err(engine::unexpected(&other)),
    }
}

fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}
