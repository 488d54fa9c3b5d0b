//! ONNX Runtime sessions and providers.
//!
//! A [`Runtime`] is the loaded library with its threads and execution providers, one in a process. A [`Session`] is
//! an open model; [`Session::run`] checks the inputs against the model's signature before the runtime sees them, and a
//! [`StopHandle`] ends a running call from another thread.
//!
//! Models are not checked here for what they may contain: that is `altlas-onnx`, before a model is stored.

mod error;
mod input;
mod message;
mod output;
mod providers;
mod runtime;
mod session;
mod signature;
mod stop;
mod version;

pub use error::RuntimeError;
pub use providers::Selection;
pub use runtime::{Runtime, RuntimeOptions};
pub use session::Session;
pub use stop::StopHandle;
