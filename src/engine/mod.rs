//! The way to the engine: its client, and the workers that keep it running and the tables tidy.

mod announce;
mod client;
pub mod crew;
mod files;
pub mod maintenance;
pub mod quarantine;
pub mod supervisor;
mod visits;
mod wait;

pub use client::{Exchange, Pending, ask_running, call, status, unexpected};
pub use files::{COMPILED, STATS, model_file, tokenizer_file};
pub use wait::pause;
