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
/// The same where numbers are rounded to 8 bits by the largest one of all rows: the rows of one client's batch change each
/// other's answers as much.
const QUANTISED: f64 = 0.1;
/// There the vectors of an encoder are off by more in single numbers, but not as a whole: by at most this share of their norm
/// (all-MiniLM-L6-v2, dynamically quantised, 196 calls of 6 to 35 tokens beside others: single numbers by up to 0.68, the whole
/// by 0.17, at most 0.22; other texts' vectors by 1.2 and more).
const QUANTISED_WHOLE: f64 = 0.5;
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
    quantises: bool,
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
        Self::new(joins, has(&QUANTISING))
    }

    fn new(joins: bool, quantises: bool) -> Self {
        Self { runs: AtomicU32::new(if joins { 0 } else { NEVER }), quantises }
    }

    /// A model of which nothing is known but that its graph allows joining.
    #[cfg(test)]
    pub(super) fn unproven() -> Self {
        Self::new(true, false)
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

    /// A joined run gave no reason for doubt.
    pub(super) fn confirm(&self) {
        let next = |runs| match runs {
            NEVER => None,
            _ if runs + 1 == NEVER => Some(PROOFS),
            _ => Some(runs + 1),
        };
        // An error is the answer `None`: another lane's run gave reason meanwhile.
        let _ = self.runs.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
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
        let tolerance = if self.quantises { QUANTISED } else { ROUNDING };
        match (a.spec.dtype, a.to_f64(), b.to_f64()) {
            (DataType::F32 | DataType::F64, Some(x), Some(y)) if x.len() == y.len() => {
                let near = |(x, y): (&f64, &f64)| off(*x, *y) <= tolerance * y.abs().max(1.0);
                x.iter().zip(&y).all(near) || self.quantises && apart(&x, &y) <= QUANTISED_WHOLE
            }
            _ => a.data == b.data,
        }
    }
}

/// How far two numbers are from each other; NaN when only one of them is a number.
fn off(a: f64, b: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) { 0.0 } else { (a - b).abs() }
}

/// How far two vectors are from each other, as a share of the second one's norm.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    let distance: f64 = a.iter().zip(b).map(|(a, b)| off(*a, *b).powi(2)).sum();
    let norm: f64 = b.iter().filter(|b| b.is_finite()).map(|b| b * b).sum();
    (distance / norm).sqrt()
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
        let (plain, quantised) = (Trust::new(true, false), Trust::new(true, true));
        let y = |values: &[f32]| [Tensor::f32("y", &[values.len()], values)];
        let right = y(&[1.0, f32::NAN, f32::INFINITY, 1000.0]);
        assert!(plain.same(&y(&[1.000_001, f32::NAN, f32::INFINITY, 1000.5]), &right));
        for wrong in [[1.05, f32::NAN, f32::INFINITY, 1000.0], [1.0, 1.0, f32::INFINITY, 1000.0]] {
            assert!(!plain.same(&y(&wrong), &right));
        }
        assert!(quantised.same(&y(&[1.05, f32::NAN, f32::INFINITY, 1050.0]), &right));
        assert!(!plain.same(&y(&[1.0]), &right) && !plain.same(&[], &right));
        let vector = y(&[0.1, -0.8, 1.0, 0.6]);
        let beside = y(&[0.3, -0.7, 1.2, 0.6]);
        assert!(quantised.same(&beside, &vector) && !plain.same(&beside, &vector));
        for wrong in [[-0.8, 0.1, 0.6, 1.0], [0.1, -0.8, f32::INFINITY, 0.6], [0.1, -0.8, f32::NAN, 0.6]] {
            assert!(!quantised.same(&y(&wrong), &vector));
        }
        assert!(!quantised.same(&y(&[0.2]), &y(&[0.0])), "a share of nothing");
        let label = |value: i64| [Tensor::i64("label", &[1], &[value])];
        assert!(plain.same(&label(1), &label(1)) && !quantised.same(&label(1), &label(2)));
    }
}
