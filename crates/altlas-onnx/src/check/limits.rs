/// The oldest format with explicit operator sets; older files are from before ONNX 1.0 (2017).
pub const IR_OLDEST: i64 = 3;

/// How deep messages may nest: the limit of protobuf's own readers. A graph inside a graph is three levels.
pub const MAX_DEPTH: usize = 100;

/// What [`check`](crate::check()) accepts.
///
/// The versions of [`Limits::default`] are those that ONNX Runtime 1.31 reads (tried one by one; 1.32 reads
/// IR version 14 and `ai.onnx` 28), the oldest runtime that altlas loads, so a model that passes opens on any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes. Protobuf itself ends below 2 GiB.
    pub max_bytes: u64,
    /// Memory that its messages may take once decoded, in bytes, as estimated from the wire form.
    pub max_decoded_bytes: u64,
    /// The newest version of the format.
    pub ir_version: i64,
    /// The newest version of `ai.onnx`.
    pub opset: i64,
    /// The newest version of `ai.onnx.ml`.
    pub opset_ml: i64,
    /// The newest version of `com.microsoft`.
    pub opset_microsoft: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: i32::MAX as u64,
            max_decoded_bytes: 4 << 30,
            ir_version: 13,
            opset: 26,
            opset_ml: 5,
            opset_microsoft: 1,
        }
    }
}

impl Limits {
    /// The newest version of a domain, by its normal name; `None` for domains that are not accepted.
    pub(super) fn newest(&self, domain: &str) -> Option<i64> {
        match domain {
            "ai.onnx" => Some(self.opset),
            "ai.onnx.ml" => Some(self.opset_ml),
            "com.microsoft" => Some(self.opset_microsoft),
            _ => None,
        }
    }
}
