//! Reading, checking and writing ONNX models.
//!
//! - [`proto`]: the messages of the format.
//! - [`check`](mod@check): what altlas accepts as a model, and what a model takes and gives.
//! - [`quantize`](mod@quantize): the same model in eight bits.
//! - [`write`]: graphs of the models that altlas trains.
//!
//! No runtime is needed: the backend uses this crate too.

pub mod check;
mod error;
pub mod proto;
pub mod quantize;
pub mod write;

pub use check::{Checked, Dim, Limits, Port, PortKind, check};
pub use error::OnnxError;
pub use quantize::{Quantized, quantize};
