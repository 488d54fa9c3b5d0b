//! Classical ONNX graphs compiled to a flat form and evaluated without a runtime.
//!
//! [`compile`] turns the graph of a linear model, a support vector machine, an ensemble of trees or a chain of those
//! with the encoders and arithmetic that converters put around them into bytes that hold no pointers. [`Program::open`]
//! checks such bytes, which may be a mapped file, and [`Program::score`] evaluates a row in 0.1 to 3 µs. Results are
//! those of ONNX Runtime within 1e-5·max(1,|y|); anything the crate does not evaluate alike is refused when compiling.

mod additive;
mod compile;
#[cfg(test)]
mod damage;
mod error;
mod flat;
mod ops;
mod port;
mod program;
mod scratch;
mod simd;
mod trees;

pub use additive::{Additive, Ensemble, Linear, Test, TreeNode, leaf_value};
pub use compile::{additive, compile};
pub use error::ScoreError;
pub use port::{Input, InputType, Output, OutputType};
pub use program::Program;
pub use scratch::Scratch;

/// Version of the flat form. A form of another version is refused when opened: compile the model again.
pub const FORMAT: u32 = 2;
