//! Segmentation, task rules and language identification for Turkish and English.
//!
//! Everything here is a pure function of its input: no model file, no state, no randomness. A [`Command`] is read by rules, or
//! with what a network said of its [windows](Command::windows). All offsets count
//! Unicode code points and are half-open. Work is linear in the length of the text; a `tick` closure is
//! called every few thousand characters and may unwind.

mod abbreviations;
mod annotation;
mod error;
mod fold;
mod language;
mod lexicon;
mod morph;
mod phrases;
mod picture;
mod sentences;
mod tags;
mod task;
mod token;
mod types;

pub use annotation::{Annotated, MAX_ANNOTATED, annotation};
pub use error::TextError;
pub use language::{Language, detect_language};
pub use picture::{Drawn, picture};
pub use sentences::{Span, sentences};
pub use tags::{Tagged, Tags, WIDTH, decode};
pub use task::{Command, DependencyKind, RULES_VERSION, Segment, Segmentation, Window, segment};
pub use types::TaskType;
