//! Texts to token ids in batches, and a model's token states to one vector a text, or one a token with its place.
//!
//! A [`Tokenizer`] is read from a `tokenizer.json` file and turns texts into [`Row`]s of token ids. An [`Encoder`] is a
//! preprocessing document of kind `tokenizer` that fits a graph: it [plans](Encoder::plan) the [`Batch`]es, makes their input tensors and
//! [pools](Encoder::pool) what the graph gives. [`complete`] finds what a document does not say from the graph and the tokenizer.
//! Nothing here runs a model.

mod batch;
mod complete;
mod components;
mod encoder;
mod error;
mod pool;
mod tokenizer;

pub use batch::Batch;
pub use complete::complete;
pub use encoder::Encoder;
pub use error::TokensError;
pub use pool::Vectors;
pub use tokenizer::{MAX_BYTES, Row, Tokenizer};
