use super::graph::{Builder, float_tensor, graph, int, int_tensor, port};
use crate::OnnxError;
use crate::proto::{GraphProto, data_type};

/// A linear classification of bags of terms, as `text_ngrams` documents make them, and of vectors. Inputs: `term` `int64 [rows, L]`
/// (0 pads) and `weight` `float32 [rows, L]`, unless there are no terms; `embedding` `float32 [rows, width]`, unless there are no
/// vectors. Outputs: `label` `int64 [rows]` and `probabilities`
/// `float32 [rows, classes]`, one fewer with `none`.
#[derive(Debug, Clone)]
pub struct TextBagClassifier<'a> {
    /// Terms are numbered 1…buckets; 0 for none.
    pub buckets: usize,
    /// The width of the vectors; 0 for none.
    pub width: usize,
    /// Number of classes, at least 2.
    pub classes: usize,
    /// `buckets + 1` rows of `classes` values, row-major; empty without terms. Row 0 is that of the pad and must be zero.
    pub weights: &'a [f32],
    /// `width` rows of `classes` values, row-major.
    pub vector_weights: &'a [f32],
    /// One for each class.
    pub bias: &'a [f32],
    /// The last class stands for texts of none of the others: it has its share of the probability, but is no answer.
    pub none: bool,
    /// Custom metadata of the model.
    pub metadata: &'a [(String, String)],
}

/// Writes a [`TextBagClassifier`]: softmax of `bias + Σ weight · weights[term] + embedding · vector_weights`.
pub fn text_bag_classifier(spec: &TextBagClassifier) -> Result<Vec<u8>, OnnxError> {
    let answers = spec.classes.saturating_sub(usize::from(spec.none));
    if answers < 2 {
        return Err(OnnxError::WrongSize { what: "classes", expected: 2, actual: answers });
    }
    let rows = if spec.buckets == 0 { 0 } else { spec.buckets.saturating_add(1) };
    let tables = [("weights", rows, spec.weights), ("weights of vectors", spec.width, spec.vector_weights)];
    for (what, rows, weights) in tables {
        let expected = rows.saturating_mul(spec.classes);
        if weights.len() != expected {
            return Err(OnnxError::WrongSize { what, expected, actual: weights.len() });
        }
    }
    if rows.max(spec.width) == 0 {
        return Err(OnnxError::WrongSize { what: "features", expected: 1, actual: 0 });
    }
    if spec.bias.len() != spec.classes {
        let (expected, actual) = (spec.classes, spec.bias.len());
        return Err(OnnxError::WrongSize { what: "bias values", expected, actual });
    }
    if spec.weights.iter().chain(spec.vector_weights).chain(spec.bias).any(|v| !v.is_finite()) {
        return Err(OnnxError::NotFinite { what: "weights" });
    }
    if spec.weights.iter().take(spec.classes).any(|v| *v != 0.0) {
        return Err(OnnxError::PadNotZero);
    }
    let mut model = Builder::new("text_bag_classifier", spec.metadata);
    model.class_outputs(answers);
    let mut sum = "";
    if rows > 0 {
        model.input(port("term", data_type::INT64, &[None, None]));
        model.input(port("weight", data_type::FLOAT, &[None, None]));
        model.constant(float_tensor("weights", &[rows, spec.classes], spec.weights));
        // Row by row: the weights of all rows' terms at once would be rows · L · classes numbers.
        let body = vec![graph("body", sum_of_row(spec.classes)), int("num_scan_inputs", 2)];
        model.op("Scan", &["term", "weight"], &["sum"], body);
        sum = "sum";
    }
    if spec.width > 0 {
        model.input(port("embedding", data_type::FLOAT, &[None, Some(spec.width)]));
        model.constant(float_tensor("vector_weights", &[spec.width, spec.classes], spec.vector_weights));
        model.op("MatMul", &["embedding", "vector_weights"], &["of_vectors"], vec![]);
        if rows > 0 {
            model.op("Add", &["sum", "of_vectors"], &["both"], vec![]);
        }
        sum = if rows > 0 { "both" } else { "of_vectors" };
    }
    model.constant(float_tensor("bias", &[spec.classes], spec.bias));
    model.op("Add", &[sum, "bias"], &["scores"], vec![]);
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
