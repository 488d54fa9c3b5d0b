//! What altlas accepts as a model.
//!
//! [`check`] looks at the whole file — the main graph, the graphs in attributes, the functions — and refuses
//! what altlas must not run: operators of unknown domains, data in other files, payloads of vendors' native code,
//! training information, and files that would take more memory to read than allowed. Malformed input is an error,
//! never a panic, and nothing is allocated for it before its size was estimated.

mod limits;
mod ports;
mod size;
mod walk;
mod widened;

use std::collections::BTreeMap;

use prost::Message;

pub use limits::{IR_OLDEST, Limits, MAX_DEPTH};
pub use ports::{Dim, Port, PortKind, elem_type_name};

use crate::OnnxError;
use crate::proto::ModelProto;

/// A model that passed, described.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// What a caller gives, in the graph's order; inputs with a constant of the same name are left out.
    pub inputs: Vec<Port>,
    /// What the graph gives, in its order.
    pub outputs: Vec<Port>,
    /// Imported versions by domain, `ai.onnx` for the default one; the highest where a function differs.
    pub opsets: BTreeMap<String, i64>,
    /// Version of the format.
    pub ir_version: i64,
    /// Name and version of the program that wrote the model; empty when it does not say.
    pub producer: String,
    /// Custom metadata.
    pub metadata: BTreeMap<String, String>,
    /// How often each operator is called, counting graphs in attributes and the bodies of functions once each.
    /// Operators outside `ai.onnx` carry their domain: `ai.onnx.ml.Scaler`.
    pub operators: BTreeMap<String, usize>,
    /// Bytes that constants may take in a runtime beyond those of the file: weights kept as short integers and computed
    /// with as floats.
    pub widened_bytes: u64,
}

/// Checks a model; see the [module](self).
pub fn check(bytes: &[u8], limits: &Limits) -> Result<Checked, OnnxError> {
    if bytes.len() as u64 > limits.max_bytes {
        return Err(OnnxError::TooLarge { size: bytes.len() as u64, limit: limits.max_bytes });
    }
    // ONNX Runtime reads such a file in its own format, whatever the protobuf in it says.
    if bytes.get(4..8) == Some(b"ORTM") {
        return Err(OnnxError::NotOnnx { reason: "it is in ONNX Runtime's own format".to_owned() });
    }
    size::within(bytes, limits.max_decoded_bytes)?;
    let model = ModelProto::decode(bytes).map_err(|e| OnnxError::NotOnnx { reason: clip(&e.to_string()) })?;
    check_model(&model, limits)
}

fn check_model(model: &ModelProto, limits: &Limits) -> Result<Checked, OnnxError> {
    let graph = model.graph.as_ref().ok_or(OnnxError::NoGraph)?;
    let ir_version = model.ir_version.ok_or(OnnxError::NoIrVersion)?;
    if !(IR_OLDEST..=limits.ir_version).contains(&ir_version) {
        let newest = limits.ir_version;
        return Err(OnnxError::IrVersion { version: ir_version, oldest: IR_OLDEST, newest });
    }
    if !model.training_info.is_empty() {
        return Err(OnnxError::TrainingInfo);
    }
    if graph.output.is_empty() {
        return Err(OnnxError::NoOutput);
    }
    let walked = walk::model(model, graph, limits)?;
    let name = model.producer_name.as_deref().unwrap_or_default();
    let version = model.producer_version.as_deref().unwrap_or_default();
    let metadata = model
        .metadata_props
        .iter()
        .map(|entry| (entry.key.clone().unwrap_or_default(), entry.value.clone().unwrap_or_default()));
    Ok(Checked {
        inputs: ports::inputs(graph)?,
        outputs: ports::outputs(graph)?,
        opsets: walked.opsets,
        ir_version,
        producer: format!("{name} {version}").trim().to_owned(),
        metadata: metadata.collect(),
        operators: walked.operators,
        widened_bytes: widened::bytes(graph),
    })
}

/// Names in a model can be of any length; those in messages are not.
fn clip(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
