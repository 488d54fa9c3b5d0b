//! The way to the engine: its client, and the workers that keep it running and the tables tidy.

mod client;
mod files;
pub mod maintenance;
pub mod supervisor;
mod wait;

pub use client::{Exchange, call, status, unexpected};
pub use files::model_file;
