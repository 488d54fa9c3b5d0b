//! The protocol: whatever a peer sends is read or refused, and what was read can be sent again.
#![no_main]

use altlas_proto::{CrashList, ProtoError, Reply, Request, Tensor, join, read_frame, split, write_frame};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    each::<Request>(bytes, |request, payload| {
        if let Request::Run { inputs, .. } = request {
            tensors(split(inputs, payload), payload);
        }
    });
    each::<Reply>(bytes, |reply, payload| {
        if let Reply::Outputs { outputs } = reply {
            tensors(split(outputs, payload), payload);
        }
    });
    CrashList::parse(bytes);
});

/// Reads frames until one is refused.
fn each<H: Serialize + DeserializeOwned>(mut bytes: &[u8], visit: impl Fn(H, &[u8])) {
    while let Ok(Some((header, payload))) = read_frame::<_, H>(&mut bytes) {
        let mut again = Vec::new();
        write_frame(&mut again, &header, &payload).expect("what was read can be written");
        let read = read_frame::<_, H>(&mut again.as_slice());
        let (_, same) = read.expect("what was written can be read").expect("it is there");
        assert_eq!(same, payload);
        visit(header, &payload);
    }
}

fn tensors(parts: Result<Vec<Tensor>, ProtoError>, payload: &[u8]) {
    let Ok(tensors) = parts else { return };
    for tensor in &tensors {
        assert_eq!(tensor.data.len(), tensor.spec.bytes);
        // Whatever type it says, each reader answers.
        let _ = (
            tensor.len(),
            tensor.to_f64(),
            tensor.as_f32(),
            tensor.as_f64(),
            tensor.as_i32(),
            tensor.as_i64(),
            tensor.as_strings(),
        );
    }
    let (specs, joined) = join(&tensors);
    assert_eq!(joined, payload);
    assert_eq!(split(specs, &joined).expect("what was joined can be split"), tensors);
}
