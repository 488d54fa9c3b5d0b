//! Messages and framing between the backend, the engine and its jobs.
//!
//! One frame is a JSON header and a raw payload: the header says what is asked, the payload carries
//! tensors (little-endian, row-major), artefact bytes or an Arrow IPC stream. The codec does no I/O,
//! so that the backend can drive it from a latch loop and the engine from blocking threads.

mod error;
mod frame;
mod message;
mod quarantine;
mod tensor;

pub use error::ProtoError;
pub use frame::{
    Head, MAX_HEADER, MAX_PAYLOAD, PREFIX, SMALL, decode_header, encode, read_frame, write_frame,
};
pub use message::{
    EngineStatus, Failure, FailureKind, JobInfo, JobLimits, JobOwner, JobState, ModelSignature, Origin,
    PortInfo, Reply, Request,
};
pub use quarantine::{CrashList, Crashes};
pub use tensor::{DataType, Tensor, TensorSpec, join, split, texts};

/// The protocol this build speaks.
pub const VERSION: u16 = 1;
/// The oldest protocol this build still understands (N−1, once there is one).
pub const OLDEST: u16 = 1;

/// Picks the newest protocol both sides speak, if any.
pub fn agree(oldest: u16, newest: u16) -> Option<u16> {
    let best = newest.min(VERSION);
    (best >= oldest.max(OLDEST)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_version_wins() {
        assert_eq!(agree(1, 1), Some(1));
        assert_eq!(agree(1, 9), Some(VERSION));
        assert_eq!(agree(VERSION + 1, VERSION + 2), None);
    }
}
