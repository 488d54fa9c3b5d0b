//! Summaries of what models are given and answer, small enough to be kept for every version and hour.
//!
//! Each summary can be merged with another of its kind in any order, and has a versioned, compact state
//! ([`Numeric::encode`], [`Histogram::encode`], [`Counts::encode`]); reading damaged bytes is an error, never a fault.
//!
//! - [`Numeric`]: moments and a quantile sketch of numbers.
//! - [`Histogram`]: whole numbers (durations, batch sizes) in fixed buckets.
//! - [`Counts`]: the most frequent labels.
//! - [`ModelStats`]: all of it for one model version; [`Recorder`] gathers it with little cost a row.
//! - [`merge_states`]: two states of a kind into one, whatever the kind.
//! - [`Exposition`]: metrics as Prometheus reads them.

mod codec;
mod counts;
mod error;
mod exposition;
mod histogram;
mod model;
mod numeric;
mod recorder;
mod sketch;
mod state;

pub use counts::{Counts, numbered_label};
pub use error::StatsError;
pub use exposition::{Exposition, Labels, MetricKind};
pub use histogram::Histogram;
pub use model::{Answer, Key, MOST_CLASSES, MOST_FEATURES, ModelStats, decode_batch, encode_batch};
pub use numeric::Numeric;
pub use recorder::{Recorder, Tally, Ticket};
pub use sketch::{RELATIVE_ERROR, Sketch};
pub use state::merge_states;
