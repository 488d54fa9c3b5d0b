//! Compiled models: whatever graph is compiled, its flat form opens and scores; whatever bytes a flat form has, it is refused or
//! harmless.
#![no_main]

use altlas_score::{Program, additive, compile};
use libfuzzer_sys::fuzz_target;

/// Where a flat form may start, an address that is a multiple of 8.
fn aligned(bytes: &[u8]) -> Vec<u64> {
    let words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(word)
    });
    words.collect()
}

fn score(bytes: &[u8]) -> bool {
    let words = aligned(bytes);
    // SAFETY: the words have at least so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), bytes.len()) };
    let Ok(program) = Program::open(bytes) else { return false };
    let mut scratch = program.scratch();
    for value in [0.0, -1.5, f64::NAN, f64::INFINITY] {
        let (numbers, texts) = (vec![value; program.width()], vec!["a"; program.texts()]);
        let _ = program.score(&numbers, &texts, &mut scratch);
    }
    true
}

fuzz_target!(|bytes: &[u8]| {
    score(bytes);
    if bytes.len() < 1 << 16
        && let Ok(Some(sum)) = additive(bytes)
    {
        let _ = sum.score(&[0.5, f64::NAN, -1.0], 0);
    }
    if bytes.len() < 1 << 16
        && let Ok(flat) = compile(bytes)
    {
        assert!(score(&flat), "what was compiled opens");
    }
});
