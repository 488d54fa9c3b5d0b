//! Declarative preprocessing shared by training and scoring.
//!
//! A [`Document`] (format in `docs/formats.md`) turns rows of a [`Table`], or texts, into the input
//! tensors of a model. It is parsed and checked once; applying it looks nothing up by name.

mod calendar;
mod cell;
mod document;
mod elements;
mod encoder;
mod error;
mod fold;
mod ngrams;
mod table;
mod tabular;
mod text_features;
mod text_score;

pub use calendar::CalendarPart;
pub use cell::Cell;
pub use document::Document;
pub use elements::{MAX_ELEMENTS, element_name, element_place};
pub use encoder::{Activation, MAX_TOKENS, Padding, Pooling, TextEncoder, TokenInputs};
pub use error::PrepError;
pub use ngrams::{Fold, Ngram, Terms, TextNgrams, Unit};
pub use table::{Column, ColumnType, Table};
pub use tabular::{ColumnSpec, Feature, Matrix, Tabular};
pub use text_features::{EMBEDDING, Embedding, TextFeatures};
pub use text_score::TextScore;

/// The format number this crate reads and writes.
pub const FORMAT: u32 = 1;
