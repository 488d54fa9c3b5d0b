use super::graph::{Builder, float_tensor, int, int_tensor, port};
use crate::OnnxError;
use crate::proto::data_type;

/// A linear classification of bags of terms, as `text_ngrams` documents make them. Inputs: `term` `int64 [rows, L]`
/// (0 pads) and `weight` `float32 [rows, L]`. Outputs: `label` `int64 [rows]` and `probabilities`
/// `float32 [rows, classes]`.
#[derive(Debug, Clone)]
pub struct TextBagClassifier<'a> {
    /// Terms are numbered 1…buckets.
    pub buckets: usize,
    /// Number of classes, at least 2.
    pub classes: usize,
    /// `buckets + 1` rows of `classes` values, row-major. Row 0 is that of the pad and must be zero.
    pub weights: &'a [f32],
    /// One for each class.
    pub bias: &'a [f32],
    /// Custom metadata of the model.
    pub metadata: &'a [(String, String)],
}

/// Writes a [`TextBagClassifier`]: softmax of `bias + Σ weight · weights[term]`.
pub fn text_bag_classifier(spec: &TextBagClassifier) -> Result<Vec<u8>, OnnxError> {
    if spec.classes < 2 {
        return Err(OnnxError::WrongSize { what: "classes", expected: 2, actual: spec.classes });
    }
    let rows = spec.buckets.saturating_add(1);
    let expected = rows.saturating_mul(spec.classes);
    if spec.weights.len() != expected {
        return Err(OnnxError::WrongSize { what: "weights", expected, actual: spec.weights.len() });
    }
    if spec.bias.len() != spec.classes {
        let (expected, actual) = (spec.classes, spec.bias.len());
        return Err(OnnxError::WrongSize { what: "bias values", expected, actual });
    }
    if spec.weights.iter().chain(spec.bias).any(|v| !v.is_finite()) {
        return Err(OnnxError::NotFinite { what: "weights" });
    }
    if spec.weights.iter().take(spec.classes).any(|v| *v != 0.0) {
        return Err(OnnxError::PadNotZero);
    }
    let mut graph = Builder::new("text_bag_classifier", spec.metadata);
    graph.input(port("term", data_type::INT64, &[None, None]));
    graph.input(port("weight", data_type::FLOAT, &[None, None]));
    graph.class_outputs(spec.classes);
    graph.constant(float_tensor("weights", &[rows, spec.classes], spec.weights));
    graph.constant(float_tensor("bias", &[spec.classes], spec.bias));
    graph.constant(int_tensor("axis_1", &[1], &[1]));
    graph.op("Gather", &["weights", "term"], &["rows"], vec![int("axis", 0)]);
    // [rows, 1, L] · [rows, L, classes]: the weighted sum without a tensor of products.
    graph.op("Unsqueeze", &["weight", "axis_1"], &["weight_row"], vec![]);
    graph.op("MatMul", &["weight_row", "rows"], &["sums"], vec![]);
    graph.op("Squeeze", &["sums", "axis_1"], &["sum"], vec![]);
    graph.op("Add", &["sum", "bias"], &["scores"], vec![]);
    graph.op("Softmax", &["scores"], &["probabilities"], vec![int("axis", 1)]);
    graph.label();
    Ok(graph.finish())
}
