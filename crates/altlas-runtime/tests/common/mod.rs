//! The runtime library for tests, and tensors from JSON.

use std::path::PathBuf;
use std::sync::OnceLock;

use altlas_runtime::{Runtime, RuntimeOptions};

/// The runtime named by `ALTLAS_ORT_LIB`; without it a test has nothing to test and says so.
pub fn runtime() -> Option<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let found = RUNTIME.get_or_init(|| {
        let path = PathBuf::from(std::env::var_os("ALTLAS_ORT_LIB")?);
        let providers = vec!["abacus".into(), "cuda".into()];
        let options = RuntimeOptions { threads: 2, providers, ..RuntimeOptions::default() };
        Some(Runtime::load(&path, &options).unwrap())
    });
    if found.is_none() {
        println!("skipped: ALTLAS_ORT_LIB does not name the ONNX Runtime library");
    }
    found.as_ref()
}

/// Numbers without a pattern, the same each time (splitmix64).
#[allow(dead_code)]
pub struct Random(pub u64);

#[allow(dead_code)]
impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// From −1 to 1.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}
