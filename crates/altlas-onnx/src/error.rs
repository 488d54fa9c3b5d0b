/// Why a model was refused, or cannot be written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OnnxError {
    /// The file is larger than allowed.
    #[error("the model has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Size of the model in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The messages in the file would take more memory than allowed, as in a file made of millions of empty nodes.
    #[error("the model would take more than {limit} bytes of memory to read")]
    TooManyParts {
        /// The limit in bytes.
        limit: u64,
    },
    /// Graphs or types are nested deeper than allowed.
    #[error("the model nests deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The bytes are no ONNX model.
    #[error("the bytes are no ONNX model: {reason}")]
    NotOnnx {
        /// What the decoder met.
        reason: String,
    },
    /// There is no graph in the model.
    #[error("the model has no graph")]
    NoGraph,
    /// The model's graph gives nothing.
    #[error("the model's graph has no output")]
    NoOutput,
    /// The model does not say which version of the format it has.
    #[error("the model has no IR version")]
    NoIrVersion,
    /// The format's version is beyond what the runtime reads.
    #[error("the model has IR version {version}, supported are {oldest} to {newest}")]
    IrVersion {
        /// The model's.
        version: i64,
        /// The oldest that altlas reads.
        oldest: i64,
        /// The newest.
        newest: i64,
    },
    /// The model imports operators of a domain that altlas does not accept.
    #[error("the model imports operators of domain {domain:?}, which are not allowed")]
    Domain {
        /// The domain.
        domain: String,
    },
    /// The model wants operators newer than the runtime's, or a version that never was.
    #[error("the model imports version {version} of domain {domain:?}, supported are 1 to {newest}")]
    Opset {
        /// The domain.
        domain: String,
        /// The model's version.
        version: i64,
        /// The newest supported.
        newest: i64,
    },
    /// A node calls an operator of a domain that the model does not import.
    #[error("node {node:?} calls {operator:?} of domain {domain:?}, which the model does not import")]
    NotImported {
        /// The node, by its name or its first output.
        node: String,
        /// The operator.
        operator: String,
        /// Its domain.
        domain: String,
    },
    /// A node lacks the name of its operator.
    #[error("node {node:?} names no operator")]
    NoOperator {
        /// The node, by its name or its first output.
        node: String,
    },
    /// A node carries compiled code of a device's vendor.
    #[error("node {node:?} ({operator}) carries compiled code, which is not allowed")]
    NativeCode {
        /// The node, by its name or its first output.
        node: String,
        /// The operator.
        operator: String,
    },
    /// A tensor's elements are in another file.
    #[error("tensor {tensor:?} keeps its data in another file ({location:?})")]
    ExternalData {
        /// The tensor.
        tensor: String,
        /// The file, as the model names it.
        location: String,
    },
    /// The model carries instructions for training.
    #[error("the model carries training information")]
    TrainingInfo,
    /// An input or output has no name.
    #[error("an {direction} of the graph has no name")]
    NamelessPort {
        /// `input` or `output`.
        direction: &'static str,
    },
    /// An input or output has elements of a type that ONNX 1.20 does not know; bindings to the runtime would misread it.
    #[error("{direction} {name:?} of the graph has the unknown element type {elem_type}")]
    ElementType {
        /// `input` or `output`.
        direction: &'static str,
        /// Its name.
        name: String,
        /// The number of the type.
        elem_type: i32,
    },
    /// A tree to be written is malformed.
    #[error("tree {tree}, node {node}: {fault}")]
    MalformedTree {
        /// Number of the tree.
        tree: usize,
        /// Number of the node in it.
        node: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// An argument of a writer has the wrong number of elements.
    #[error("{actual} {what}, expected {expected}")]
    WrongSize {
        /// Which argument.
        what: &'static str,
        /// Elements expected (for classes: at least).
        expected: usize,
        /// Elements given.
        actual: usize,
    },
    /// A parameter of a model to be written is NaN or infinite.
    #[error("the {what} are not all finite")]
    NotFinite {
        /// Which parameters.
        what: &'static str,
    },
    /// The weights of the pad, bucket 0, are not zero.
    #[error("the weights of bucket 0, the pad, are not zero")]
    PadNotZero,
}
