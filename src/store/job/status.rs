//! What is known of a job.

use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use serde_json::Value;

use crate::error::Result;
use crate::store::{read, with_owner};

/// A job's row.
pub struct Status {
    pub job: i64,
    pub kind: String,
    pub label: String,
    pub submitted_by: String,
    pub state: String,
    pub phase: Option<String>,
    pub done: i64,
    pub total: Option<i64>,
    pub rate: Option<f64>,
    pub attempts: i32,
    pub worker: Option<String>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    pub error_detail: Option<String>,
    pub error_hint: Option<String>,
    pub submitted_at: Option<TimestampWithTimeZone>,
    pub started_at: Option<TimestampWithTimeZone>,
    pub ended_at: Option<TimestampWithTimeZone>,
    pub expires_at: Option<TimestampWithTimeZone>,
    pub result: Option<Value>,
    /// Whether the time to keep it is over.
    pub expired: bool,
    /// Whether its time has come to be worked on.
    pub due: bool,
    /// The transaction that wrote the row.
    pub written_by: u32,
}

impl Status {
    pub fn has_ended(&self) -> bool {
        !matches!(self.state.as_str(), "queued" | "running")
    }
}

/// The job of this number, by the active snapshot.
pub fn status(job: i64) -> Result<Option<Status>> {
    with_owner(|| {
        read::first(
            "SELECT job_id, kind, label, submitted_by, state, phase, done, total, rate, attempts, worker, error_code, error, \
                    error_detail, submitted_at, started_at, ended_at, expires_at, result, \
                    expires_at <= pg_catalog.clock_timestamp(), not_before <= pg_catalog.clock_timestamp(), \
                    xmin::text::bigint, error_hint \
               FROM altlas.job WHERE job_id = $1",
            &[job.into()],
            |row| Status {
                job: row.get(1).unwrap_or_default(),
                kind: row.get(2).unwrap_or_default(),
                label: row.get(3).unwrap_or_default(),
                submitted_by: row.get(4).unwrap_or_default(),
                state: row.get(5).unwrap_or_default(),
                phase: row.get(6),
                done: row.get(7).unwrap_or_default(),
                total: row.get(8),
                rate: row.get(9),
                attempts: row.get(10).unwrap_or_default(),
                worker: row.get(11),
                error_code: row.get(12),
                error: row.get(13),
                error_detail: row.get(14),
                submitted_at: row.get(15),
                started_at: row.get(16),
                ended_at: row.get(17),
                expires_at: row.get(18),
                result: row.get::<JsonB>(19).map(|j| j.0),
                expired: row.get(20).unwrap_or_default(),
                due: row.get(21).unwrap_or_default(),
                written_by: row.get::<i64>(22).and_then(|x| u32::try_from(x).ok()).unwrap_or_default(),
                error_hint: row.get(23),
            },
        )
    })
}
