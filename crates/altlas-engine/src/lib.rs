//! The altlas engine: serves models and runs jobs beside the server.
//!
//! - [`serve`]: the server. One thread per client ([`connection`](self)), one that accepts, one that watches
//!   for clients that leave, one that starts jobs.
//! - [`job`]: the process of one job.
//!
//! The library part exists for the program and its tests.

mod batch;
mod clock;
mod confine;
mod connection;
mod digest;
mod disk;
mod engine;
mod error;
pub mod job;
mod jobs;
mod listener;
pub mod log;
mod models;
mod observe;
pub mod options;
mod quarantine;
mod record;
mod shelf;
mod texts;
mod waiting;
mod watch;
mod wire;

pub use batch::{Join, Trust, Work};
pub use confine::{close_inherited_descriptors, exit_now};
pub use digest::Digest;
pub use engine::{Engine, serve};
pub use error::EngineError;
pub use models::{Model, Models, Wanted};
pub use observe::{Observation, Observer, Seen};
pub use shelf::Absent;
