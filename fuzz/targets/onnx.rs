//! The ONNX reader: whatever the file holds, it is described or refused, within the memory allowed.
#![no_main]

use altlas_onnx::proto::ModelProto;
use altlas_onnx::{Limits, check};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20, max_decoded_bytes: 64 << 20, ..Limits::default() };
    let Ok(checked) = check(bytes, &limits) else { return };
    // A reader and a writer that disagree would show another model to the runtime than the one that was checked.
    let model = ModelProto::decode(bytes).expect("what was checked can be decoded");
    let again = model.encode_to_vec();
    assert_eq!(check(&again, &limits).expect("what was accepted is accepted again"), checked);
});
