use std::path::PathBuf;

use altlas_proto::{DataType, Failure, FailureKind};
use ort::ErrorCode;

use crate::message;

/// What can go wrong with the runtime, a model or a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// The runtime library cannot be loaded.
    #[error("ONNX Runtime at {} cannot be loaded", path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The runtime was loaded before in this process; it can be only once.
    #[error("ONNX Runtime is loaded already")]
    AlreadyLoaded,
    /// The runtime does not accept the model.
    #[error("the model cannot be opened: {message}")]
    BadModel {
        /// What is wrong with it.
        message: String,
        /// The runtime's own words.
        raw: String,
    },
    /// The model needs an operator or a type that the runtime does not implement.
    #[error("the model cannot be opened: {message}")]
    NotImplemented {
        /// What is missing.
        message: String,
        /// The runtime's own words.
        raw: String,
    },
    /// There is not enough memory.
    #[error("not enough memory: {message}")]
    Memory {
        /// What needed it.
        message: String,
        /// The runtime's own words.
        raw: String,
    },
    /// An input of the model was not given.
    #[error("input {name:?} is missing")]
    MissingInput {
        /// The input.
        name: String,
        /// What was given.
        given: Vec<String>,
    },
    /// An input was given that the model does not have.
    #[error("the model has no input {name:?}")]
    UnknownInput {
        /// The name given.
        name: String,
        /// The model's inputs.
        known: Vec<String>,
    },
    /// An input was given twice.
    #[error("input {name:?} is given twice")]
    DuplicateInput {
        /// The input.
        name: String,
    },
    /// The model takes something that is no tensor of a type that altlas carries.
    #[error("input {name:?} of the model has a type that altlas cannot give")]
    InputUnsupported {
        /// The input.
        name: String,
    },
    /// An input has the wrong element type.
    #[error("input {name:?} holds {actual:?}, the model takes {expected:?}")]
    InputType {
        /// The input.
        name: String,
        /// What the model takes.
        expected: DataType,
        /// What was given.
        actual: DataType,
    },
    /// An input has the wrong number of dimensions, or a dimension of the wrong size.
    #[error("input {name:?} has shape {}, the model takes {}", shape(actual.iter().map(|d| Some(*d))), shape(expected.iter().copied()))]
    InputShape {
        /// The input.
        name: String,
        /// What the model takes; `None` is any size.
        expected: Vec<Option<usize>>,
        /// What was given.
        actual: Vec<usize>,
    },
    /// The bytes of an input do not make the elements that its shape says.
    #[error("the bytes of input {name:?} do not fit its shape {}", shape(dims.iter().map(|d| Some(*d))))]
    InputBytes {
        /// The input.
        name: String,
        /// Its shape.
        dims: Vec<usize>,
    },
    /// A string of an input holds a NUL character, which the runtime cannot take.
    #[error("a string of input {name:?} holds a NUL character")]
    InputNul {
        /// The input.
        name: String,
    },
    /// An output was asked for that the model does not have.
    #[error("the model has no output {name:?}")]
    UnknownOutput {
        /// The name asked for.
        name: String,
        /// The model's outputs.
        known: Vec<String>,
    },
    /// An output was asked for twice.
    #[error("output {name:?} is asked for twice")]
    DuplicateOutput {
        /// The output.
        name: String,
    },
    /// An output is nothing that altlas can carry.
    #[error("output {name:?} is of type {kind}, which altlas cannot carry")]
    OutputUnsupported {
        /// The output.
        name: String,
        /// Its type, as the runtime calls it.
        kind: String,
    },
    /// The rows of a sequence of maps have different keys, so they make no table.
    #[error("the rows of output {name:?} have different classes")]
    RaggedMaps {
        /// The output.
        name: String,
    },
    /// A model asks for an execution provider that nobody knows.
    #[error("there is no execution provider {name:?}")]
    UnknownProvider {
        /// The name.
        name: String,
    },
    /// The call was stopped.
    #[error("the call was stopped")]
    Stopped,
    /// The model could not be run on these inputs.
    #[error("the model failed on these inputs: {message}")]
    Run {
        /// Why.
        message: String,
        /// The runtime's own words.
        raw: String,
    },
    /// The runtime, or a device, failed.
    #[error("ONNX Runtime failed: {message}")]
    Fault {
        /// What happened.
        message: String,
        /// The runtime's own words.
        raw: String,
    },
}

/// When the runtime said something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum During {
    Open,
    Run,
}

impl RuntimeError {
    /// Sorts an error of the runtime.
    pub(crate) fn of(error: &ort::Error, during: During) -> Self {
        let raw = message::clip(error.message(), 4000);
        let message = message::short(error.message());
        if ["bad_alloc", "Failed to allocate memory", "out of memory"].iter().any(|sign| raw.contains(sign)) {
            return Self::Memory { message, raw };
        }
        match (error.code(), during) {
            (ErrorCode::EngineError | ErrorCode::ExecutionProviderFailure | ErrorCode::DeviceReset, _) => {
                Self::Fault { message, raw }
            }
            (ErrorCode::NotImplemented, _) => Self::NotImplemented { message, raw },
            (_, During::Open) => Self::BadModel { message, raw },
            // The model was opened, so what fails in a run is mostly due to the data: an index out of range, rows
            // of texts that differ in length between two inputs.
            (_, During::Run) => Self::Run { message, raw },
        }
    }

    /// A panic of the binding, which means a value it does not know.
    pub(crate) fn panicked(during: &str) -> Self {
        Self::Fault { message: format!("the binding panicked while {during}"), raw: String::new() }
    }

    /// The class of failure, which decides what a client is told.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::BadModel { .. } => FailureKind::BadModel,
            Self::Memory { .. } => FailureKind::Resources,
            Self::MissingInput { .. }
            | Self::UnknownInput { .. }
            | Self::DuplicateInput { .. }
            | Self::InputType { .. }
            | Self::InputShape { .. }
            | Self::InputBytes { .. }
            | Self::InputNul { .. }
            | Self::Run { .. } => FailureKind::BadInput,
            Self::UnknownOutput { .. } | Self::DuplicateOutput { .. } | Self::UnknownProvider { .. } => {
                FailureKind::BadParameter
            }
            Self::NotImplemented { .. }
            | Self::InputUnsupported { .. }
            | Self::OutputUnsupported { .. }
            | Self::RaggedMaps { .. } => FailureKind::Unsupported,
            Self::Stopped => FailureKind::Cancelled,
            Self::Load { .. } | Self::AlreadyLoaded | Self::Fault { .. } => FailureKind::Internal,
        }
    }

    /// More about it, if there is more.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Load { reason, .. } => Some(reason.clone()),
            Self::BadModel { raw, .. }
            | Self::NotImplemented { raw, .. }
            | Self::Memory { raw, .. }
            | Self::Run { raw, .. }
            | Self::Fault { raw, .. } => Some(raw.clone()).filter(|raw| !raw.is_empty()),
            Self::MissingInput { given, .. } => Some(format!("given: {}", given.join(", "))),
            Self::UnknownInput { known, .. } => Some(format!("inputs of the model: {}", known.join(", "))),
            Self::UnknownOutput { known, .. } => Some(format!("outputs of the model: {}", known.join(", "))),
            _ => None,
        }
    }

    /// What to do about it, if something can be done.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OutputUnsupported { kind, .. } if kind.contains("Map") => Some(
                "export the model with plain tensors (skl2onnx: options={'zipmap': False}), or ask for other outputs",
            ),
            Self::OutputUnsupported { .. } => {
                Some("add a Cast to float, double, int32, int64, bool or string, or ask for other outputs")
            }
            Self::UnknownProvider { .. } => Some("known: cpu, cuda, tensorrt, webgpu"),
            Self::RaggedMaps { .. } => Some("export the model with options={'zipmap': False}"),
            _ => None,
        }
    }
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Self {
        let mut failure = Self::new(error.kind(), error.to_string());
        failure.detail = error.detail();
        failure.hint = error.hint().map(str::to_owned);
        failure
    }
}

/// `[?, 3]`.
fn shape(dims: impl Iterator<Item = Option<usize>>) -> String {
    let dims: Vec<String> = dims.map(|d| d.map_or_else(|| "?".to_owned(), |d| d.to_string())).collect();
    format!("[{}]", dims.join(", "))
}
