/// What can be wrong with a frame. Any of these means the connection is unusable.
#[derive(Debug, thiserror::Error)]
pub enum ProtoError {
    /// The peer closed the connection in the middle of a frame, or an I/O call failed.
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
    /// The length prefix is beyond the limits of the protocol.
    #[error("a frame announces {announced} bytes, the limit is {limit}")]
    TooLarge {
        /// What the prefix says, in bytes.
        announced: u64,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// The header is not the JSON that this protocol defines.
    #[error("a frame's header does not parse: {0}")]
    Header(#[from] serde_json::Error),
    /// Tensor specifications and payload disagree.
    #[error("tensor {name:?} needs {needed} bytes, the payload has {available} left")]
    TensorSize {
        /// The tensor's name.
        name: String,
        /// What its shape and type ask for, in bytes.
        needed: u64,
        /// What the payload still holds, in bytes.
        available: u64,
    },
    /// The payload has more than its tensors.
    #[error("the payload has {bytes} bytes beyond its tensors")]
    Surplus {
        /// How many.
        bytes: u64,
    },
}
