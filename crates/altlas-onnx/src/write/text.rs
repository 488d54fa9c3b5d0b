use super::graph::{Builder, float_tensor, graph, int, int_tensor, port};
use crate::OnnxError;
use crate::proto::{GraphProto, data_type};

/// A linear classification of bags of terms, as `text_ngrams` documents make them. Inputs: `term` `int64 [rows, L]`
/// (0 pads) and `weight` `float32 [rows, L]`. Outputs: `label` `int64 [rows]` and `probabilities`
/// `float32 [rows, classes]`, one fewer with `none`.
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
    /// The last class stands for texts of none of the others: it has its share of the probability, but is no answer.
    pub none: bool,
    /// Custom metadata of the model.
    pub metadata: &'a [(String, String)],
}

/// Writes a [`TextBagClassifier`]: softmax of `bias + Σ weight · weights[term]`.
pub fn text_bag_classifier(spec: &TextBagClassifier) -> Result<Vec<u8>, OnnxError> {
    let answers = spec.classes.saturating_sub(usize::from(spec.none));
    if answers < 2 {
        return Err(OnnxError::WrongSize { what: "classes", expected: 2, actual: answers });
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
    let mut model = Builder::new("text_bag_classifier", spec.metadata);
    model.input(port("term", data_type::INT64, &[None, None]));
    model.input(port("weight", data_type::FLOAT, &[None, None]));
    model.class_outputs(answers);
    model.constant(float_tensor("weights", &[rows, spec.classes], spec.weights));
    model.constant(float_tensor("bias", &[spec.classes], spec.bias));
    // Row by row: the weights of all rows' terms at once would be rows · L · classes numbers.
    let body = vec![graph("body", sum_of_row(spec.classes)), int("num_scan_inputs", 2)];
    model.op("Scan", &["term", "weight"], &["sum"], body);
    model.op("Add", &["sum", "bias"], &["scores"], vec![]);
    let shares = if spec.none { "shares" } else { "probabilities" };
    model.op("Softmax", &["scores"], &[shares], vec![int("axis", 1)]);
    if spec.none {
        model.constant(int_tensor("first", &[1], &[0]));
        model.constant(int_tensor("end", &[1], &[answers as i64]));
        model.constant(int_tensor("axis_1", &[1], &[1]));
        model.op("Slice", &[shares, "first", "end", "axis_1"], &["probabilities"], vec![]);
    }
    model.label();
    Ok(model.finish())
}

/// `term_row` and `weight_row` to `sum_row`, the weighted sum of the terms' weights.
fn sum_of_row(classes: usize) -> GraphProto {
    let mut body = Builder::new("sum_of_row", &[]);
    body.input(port("term_row", data_type::INT64, &[None]));
    body.input(port("weight_row", data_type::FLOAT, &[None]));
    body.output(port("sum_row", data_type::FLOAT, &[Some(classes)]));
    body.op("Gather", &["weights", "term_row"], &["rows"], vec![int("axis", 0)]);
    body.op("MatMul", &["weight_row", "rows"], &["sum_row"], vec![]);
    body.into_graph()
}
