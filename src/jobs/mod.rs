//! Asynchronous jobs: submitting them, and the workers that run them.
//!
//! The rows are read when a job is submitted, by the submitter's rights and snapshot, and stored. A worker takes the job after the
//! commit, works in short transactions, and ends it in one: scores and states are seen together.

mod rows;
mod score;
mod submit;
mod train;
mod worker;

pub use submit::{score, train};
