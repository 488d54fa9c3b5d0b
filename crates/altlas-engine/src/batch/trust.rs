//! Whether a model gives each row the same, whatever rows are beside it.
//!
//! Most graphs do, and some do not: one that subtracts the batch's mean, say. A graph's signature does not tell. So
//! graphs with operators that look across rows by their nature are never joined; of the others the first joined
//! runs, and one in many later, are compared with runs of the calls alone. A model that differs once is not joined
//! any more.

use std::sync::atomic::{AtomicU32, Ordering};

use altlas_onnx::{Checked, Dim, Port, PortKind};
use altlas_proto::{DataType, Tensor};

/// Joined runs that must agree with single ones before they are believed.
const PROOFS: u32 = 3;
/// One in so many joined runs is compared afterwards.
const SPOT_CHECK: u32 = 4096;
/// How far a number may be off, relative to `max(1, |y|)`: sums in another order.
const ROUNDING: f64 = 1e-3;
/// The same where numbers are rounded to 8 bits by the largest one of all rows: the rows of one client's batch
/// change each other's answers so much, too.
const QUANTISED: f64 = 0.1;
const NEVER: u32 = u32::MAX;

/// Operators whose result for a row depends on others by their nature, on chance, or on branches that some row takes.
const ACROSS_ROWS: [&str; 13] = [
    "Bernoulli",
    "Compress",
    "If",
    "Loop",
    "Multinomial",
    "NonMaxSuppression",
    "NonZero",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Scan",
    "Unique",
];
/// Operators that choose one scale for all rows.
const QUANTISING: [&str; 3] =
    ["DynamicQuantizeLinear", "com.microsoft.DynamicQuantizeLSTM", "com.microsoft.DynamicQuantizeMatMul"];

/// What is known about a model's rows.
#[derive(Debug)]
pub struct Trust {
    /// Joined runs so far that gave no reason for doubt; [`NEVER`] when one did.
    runs: AtomicU32,
    tolerance: f64,
}

impl Trust {
    /// By the graph: every input has an open first dimension, and no operator looks across rows.
    pub fn of(checked: &Checked) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| checked.operators.contains_key(*name));
        let by_row = |input: &Port| {
            let first = input.shape.as_ref().and_then(|shape| shape.first());
            input.kind == PortKind::Tensor && first.is_some_and(|dim| !matches!(dim, Dim::Size(_)))
        };
        let joins = checked.inputs.iter().all(by_row) && !has(&ACROSS_ROWS);
        Self::new(joins, if has(&QUANTISING) { QUANTISED } else { ROUNDING })
    }

    fn new(joins: bool, tolerance: f64) -> Self {
        Self { runs: AtomicU32::new(if joins { 0 } else { NEVER }), tolerance }
    }

    /// A model of which nothing is known but that its graph allows joining.
    #[cfg(test)]
    pub(super) fn unproven() -> Self {
        Self::new(true, ROUNDING)
    }

    /// A model that has proven itself.
    #[cfg(test)]
    pub(super) fn proven() -> Self {
        let trust = Self::unproven();
        trust.runs.store(PROOFS, Ordering::Relaxed);
        trust
    }

    /// Whether calls of the model may be joined.
    pub fn may_join(&self) -> bool {
        self.runs.load(Ordering::Relaxed) != NEVER
    }

    /// Whether the next joined run must be compared with single ones.
    pub(super) fn wants_proof(&self) -> bool {
        let runs = self.runs.load(Ordering::Relaxed);
        runs < PROOFS || runs.is_multiple_of(SPOT_CHECK)
    }

    /// A joined run gave no reason for doubt. A model runs once at a time: nobody else counts meanwhile.
    pub(super) fn confirm(&self) {
        let runs = self.runs.load(Ordering::Relaxed);
        if runs != NEVER {
            self.runs.store(if runs + 1 == NEVER { PROOFS } else { runs + 1 }, Ordering::Relaxed);
        }
    }

    /// The model is not joined any more.
    pub(super) fn lose(&self) {
        self.runs.store(NEVER, Ordering::Relaxed);
    }

    /// Whether two runs gave the same, but for rounding.
    pub(super) fn same(&self, a: &[Tensor], b: &[Tensor]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same_tensor(a, b))
    }

    fn same_tensor(&self, a: &Tensor, b: &Tensor) -> bool {
        if (&a.spec.name, a.spec.dtype, &a.spec.shape) != (&b.spec.name, b.spec.dtype, &b.spec.shape) {
            return false;
        }
        let near = |a: f64, b: f64| {
            a == b || (a.is_nan() && b.is_nan()) || {
                let off = (a - b).abs();
                off <= self.tolerance * b.abs().max(1.0)
            }
        };
        match (a.spec.dtype, a.to_f64(), b.to_f64()) {
            (DataType::F32 | DataType::F64, Some(x), Some(y)) => {
                x.len() == y.len() && x.into_iter().zip(y).all(|(x, y)| near(x, y))
            }
            _ => a.data == b.data,
        }
    }
}

#[cfg(test)]
mod tests {
    use altlas_onnx::{Limits, check};

    use super::*;

    #[test]
    fn graphs_are_joined_by_their_inputs_and_operators() {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../altlas-runtime/tests/data/");
        for name in ["sklearn_mlp", "sklearn_pipeline_columns", "sklearn_text", "lightgbm_classifier"] {
            let bytes = std::fs::read(format!("{data}{name}.onnx")).unwrap();
            let mut checked = check(&bytes, &Limits::default()).unwrap();
            assert!(Trust::of(&checked).may_join(), "{name}");
            checked.operators.insert("Loop".into(), 1);
            assert!(!Trust::of(&checked).may_join());
            checked.operators.remove("Loop");
            checked.inputs[0].shape = Some(vec![Dim::Size(1), Dim::Open]);
            assert!(!Trust::of(&checked).may_join());
            checked.inputs[0].shape = Some(vec![]);
            assert!(!Trust::of(&checked).may_join());
        }
    }

    #[test]
    fn answers_are_the_same_but_for_rounding() {
        let (plain, quantised) = (Trust::new(true, ROUNDING), Trust::new(true, QUANTISED));
        let y = |values: &[f32]| [Tensor::f32("y", &[values.len()], values)];
        let right = y(&[1.0, f32::NAN, f32::INFINITY, 1000.0]);
        assert!(plain.same(&y(&[1.000_001, f32::NAN, f32::INFINITY, 1000.5]), &right));
        for wrong in [[1.05, f32::NAN, f32::INFINITY, 1000.0], [1.0, 1.0, f32::INFINITY, 1000.0]] {
            assert!(!plain.same(&y(&wrong), &right));
        }
        assert!(quantised.same(&y(&[1.05, f32::NAN, f32::INFINITY, 1050.0]), &right));
        assert!(!plain.same(&y(&[1.0]), &right) && !plain.same(&[], &right));
        let label = |value: i64| [Tensor::i64("label", &[1], &[value])];
        assert!(plain.same(&label(1), &label(1)) && !quantised.same(&label(1), &label(2)));
    }
}
