//! altlas' own tables, read and written as the extension's owner, and sources, read by the caller's rights.

pub mod access;
pub mod artefact;
pub mod audit;
pub mod background;
mod cells;
pub mod comparison;
pub mod document;
pub mod feedback;
pub mod job;
pub mod keyed;
pub mod kpi;
pub mod model;
mod owner;
pub mod read;
pub mod run;
pub mod source;
pub mod stats;

pub use owner::{caller, has_rights_of, is_installed, session_role, with_owner, with_role};
