//! The one place that depends on the processor: the same code compiled for what it can do.

#![allow(unsafe_code)]

use crate::ops::{self, Op};
use crate::scratch::Memory;

/// Runs operations, with AVX2 where there is AVX2.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn run(ops: &[Op], m: &mut Memory) {
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi1") {
        // SAFETY: the processor has the features that the function is compiled for.
        unsafe { run_avx2(ops, m) }
    } else {
        ops::run(ops, m);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1")]
fn run_avx2(ops: &[Op], m: &mut Memory) {
    ops::run(ops, m);
}

/// Runs operations.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn run(ops: &[Op], m: &mut Memory) {
    ops::run(ops, m);
}
