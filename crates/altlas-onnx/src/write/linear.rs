use super::Post;
use super::graph::{Builder, floats, int, port};
use crate::OnnxError;
use crate::proto::data_type;

/// A regression as a weighted sum of the columns.
#[derive(Debug, Clone)]
pub struct LinearRegressor<'a> {
    /// Columns of the input.
    pub width: usize,
    /// One for each column.
    pub coefficients: &'a [f32],
    /// Added to the sum.
    pub intercept: f32,
    /// What happens to the sum.
    pub post: Post,
    /// Name of the input, a `float32` tensor `[rows, width]`; by custom `features`.
    pub input: &'a str,
    /// Name of the output, a `float32` tensor `[rows, 1]`; by custom `variable`.
    pub output: &'a str,
    /// Custom metadata of the model.
    pub metadata: &'a [(String, String)],
}

/// Writes a [`LinearRegressor`]. A NaN in a row makes its result NaN.
pub fn linear_regressor(spec: &LinearRegressor) -> Result<Vec<u8>, OnnxError> {
    if spec.coefficients.len() != spec.width {
        let (expected, actual) = (spec.width, spec.coefficients.len());
        return Err(OnnxError::WrongSize { what: "coefficients", expected, actual });
    }
    if spec.coefficients.iter().chain([&spec.intercept]).any(|v| !v.is_finite()) {
        return Err(OnnxError::NotFinite { what: "coefficients" });
    }
    let mut graph = Builder::new("linear_regressor", spec.metadata);
    graph.input(port(spec.input, data_type::FLOAT, &[None, Some(spec.width)]));
    graph.output(port(spec.output, data_type::FLOAT, &[None, Some(1)]));
    let score = graph.before_post(spec.post, spec.output);
    let attributes = vec![
        floats("coefficients", spec.coefficients.to_vec()),
        floats("intercepts", vec![spec.intercept]),
        int("targets", 1),
    ];
    graph.ml("LinearRegressor", &[spec.input], &[&score], attributes);
    graph.post(spec.post, &score, spec.output);
    Ok(graph.finish())
}
