//! Asynchronous jobs: what was submitted (here), the queue that workers take from, rows and results.

mod output;
mod queue;
mod status;

pub use output::{Piece, Scores, piece, save_scores};
pub use queue::{
    Claim, Claimed, Ending, Fault, authorise, cancel, claim, end, is_mine, progress, requeue_abandoned,
};
pub use status::{Status, status};

use std::time::{Duration, SystemTime};

use pgrx::{JsonB, Spi};
use serde_json::Value;

use super::{caller, is_installed, read, with_owner};
use crate::error::{Error, Result};
use crate::guc;
use crate::store::source::Writable;

/// What a job does. The names are those of the column `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Score,
    Train,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Train => "train",
        }
    }

    /// The function that submits such jobs: who may not call it may not have them run.
    pub fn function(self) -> &'static str {
        match self {
            Self::Score => "submit",
            Self::Train => "train_async",
        }
    }

    fn parse(name: &str) -> Self {
        if name == "train" { Self::Train } else { Self::Score }
    }
}

/// A number for a job that runs in the caller's own transaction: one sequence numbers all jobs of a database.
pub fn next_number() -> Result<i64> {
    with_owner(|| {
        let number = Spi::get_one::<i64>("SELECT pg_catalog.nextval('altlas.job_id_seq')")?;
        Ok(number.unwrap_or_default())
    })
}

/// Puts a job in the queue, seen by workers when the transaction commits. Returns its number.
pub fn add(kind: Kind, label: &str, spec: Value, max_attempts: i32) -> Result<i64> {
    let role = caller();
    with_owner(|| {
        let job = Spi::get_one_with_args::<i64>(
            "INSERT INTO altlas.job (kind, label, spec, submitted_by, max_attempts) VALUES ($1, $2, $3, $4, $5) \
             RETURNING job_id",
            &[
                kind.name().into(),
                label.into(),
                JsonB(spec).into(),
                role.as_str().into(),
                max_attempts.into(),
            ],
        )?;
        Ok(job.unwrap_or_default())
    })
}

/// Stores a job's rows, in pieces, while they are read.
pub struct Spool {
    job: i64,
    pieces: i32,
    bytes: u64,
}

impl Spool {
    pub fn new(job: i64) -> Self {
        Self { job, pieces: 0, bytes: 0 }
    }

    /// Stores the next piece.
    pub fn add(&mut self, piece: &[u8]) -> Result<()> {
        self.bytes += piece.len() as u64;
        let limit = guc::max_job_input();
        if self.bytes > limit {
            return Err(Error::JobInputTooLarge { limit });
        }
        // The source that is being read may not write; this may.
        let _writable = Writable::enter();
        with_owner(|| {
            Spi::run_with_args(
                "INSERT INTO altlas.job_input (job_id, n, bytes) VALUES ($1, $2, $3)",
                &[self.job.into(), self.pieces.into(), piece.into()],
            )?;
            Ok(())
        })?;
        self.pieces += 1;
        Ok(())
    }

    /// Says how many rows the pieces hold.
    pub fn finish(self, kind: Kind, rows: usize) -> Result<()> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let total = (kind == Kind::Score).then_some(rows);
        with_owner(|| {
            Ok(Spi::run_with_args(
                "UPDATE altlas.job SET row_count = $2, total = $3 WHERE job_id = $1",
                &[self.job.into(), rows.into(), total.into()],
            )?)
        })
    }
}

/// A piece of a job's rows; none after the last.
pub fn input(job: i64, n: i32) -> Result<Option<Vec<u8>>> {
    with_owner(|| {
        read::one(
            "SELECT (SELECT bytes FROM altlas.job_input WHERE job_id = $1 AND n = $2)",
            &[job.into(), n.into()],
        )
    })
}

/// Removes expired jobs (called by the maintenance worker, which visits databases that may have lost altlas). Returns when
/// the next one expires.
pub fn purge_if_installed() -> Result<Option<SystemTime>> {
    if !is_installed() {
        return Ok(None);
    }
    with_owner(|| {
        Spi::run("DELETE FROM altlas.job WHERE expires_at <= pg_catalog.clock_timestamp()")?;
        next_expiry()
    })
}

/// When the next job expires.
pub fn next_expiry() -> Result<Option<SystemTime>> {
    with_owner(|| {
        let next = read::latest(|| {
            read::one::<f64>(
                "SELECT extract(epoch FROM min(expires_at))::double precision FROM altlas.job WHERE isfinite(expires_at)",
                &[],
            )
        })?;
        Ok(next.map(time_of_epoch))
    })
}

fn time_of_epoch(seconds: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
