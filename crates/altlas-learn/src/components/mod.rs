//! Principal components (Pearson 1901, Hotelling 1933): the directions in which rows differ most.
#![allow(clippy::indexing_slicing)] // Square matrices of the features' width.

mod eigen;
mod spec;

use altlas_prep::{Matrix, Table};
use serde_json::{Value, json};

use self::eigen::eigen;
use crate::LearnError;
use crate::choose::Progress;
use crate::graph::Dense;
use crate::linear::{Standard, dot};
use crate::metrics::Figures;
use crate::model::shares;
use crate::train::Trained;
use crate::untargeted::{Found, Rows};

pub use spec::{ComponentSpec, PcaParams};

/// The most features.
const MAX_WIDTH: usize = 512;
/// Rows that are needed.
const LEAST_ROWS: usize = 2;
/// Rows between two reports.
const REPORT_EVERY: usize = 4096;
/// Features that are told of a component in the manifest.
const TOLD: usize = 10;
/// The figure it is judged by: the share of the variance that the components have.
const METRIC: &str = "explained_variance";

/// Components of standardised features.
struct Pca {
    standard: Standard,
    /// Of each component kept, by the largest variance: its coefficients.
    components: Vec<Vec<f64>>,
    /// The variances of all components.
    variances: Vec<f64>,
}

/// Finds principal components. `progress` is called with a phase, what is done of it and all of it; it may end the program.
pub fn train_components(
    spec: &ComponentSpec,
    table: Table,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    progress("prepare", 0, 1);
    let rows = Rows::new(table, &spec.options, LEAST_ROWS)?;
    let fit = rows.fit()?;
    if fit.matrix.width > MAX_WIDTH {
        return Err(LearnError::TooLarge { rows: fit.matrix.rows, features: fit.matrix.width });
    }
    let pca = Pca::new(&spec.params, &fit.matrix, progress)?;
    let names = fit.tabular.feature_names();
    let ratios = pca.ratios();
    let kept = pca.components.len();
    let components: Vec<Value> =
        pca.components.iter().map(|component| Value::from(strongest(&names, component))).collect();
    let found = Found {
        task: spec::TASK,
        algorithm: "pca",
        onnx: pca.onnx(),
        output: json!({"value": null, "label": null, "proba": null, "vector": OUTPUT}),
        labels: None,
        metric: METRIC,
        figures: Figures::from([(METRIC.to_owned(), ratios[..kept].iter().sum())]),
        baseline: f64::NAN,
        leaderboard: Vec::new(),
        training: json!({
            "hyperparams": {"n_components": kept, "scale": spec.params.scale}, "explained_variance_ratio": ratios[..kept],
            "explained_variance": pca.variances[..kept], "components": components,
        }),
        warnings: Vec::new(),
        answer: &|row| pca.scores(row),
    };
    progress("evaluate", 1, 1);
    rows.finish(fit, found)
}

/// The graph's output.
const OUTPUT: &str = "components";

/// The features with the largest coefficients of a component.
fn strongest(names: &[String], component: &[f64]) -> Vec<Value> {
    let mut order: Vec<usize> = (0..component.len()).collect();
    order.sort_by(|a, b| component[*b].abs().total_cmp(&component[*a].abs()));
    order.iter().take(TOLD).filter_map(|&i| Some(json!([names.get(i)?, component[i]]))).collect()
}

impl Pca {
    fn new(params: &PcaParams, matrix: &Matrix, progress: &mut Progress<'_>) -> Result<Self, LearnError> {
        let width = matrix.width;
        let mut standard = Standard::new(matrix);
        if !params.scale {
            standard.scale.fill(1.0);
        }
        let mut covariance = covariance(&standard, matrix, progress);
        let sweeps = eigen::MAX_SWEEPS as u64;
        let (variances, vectors) =
            eigen(&mut covariance, width, &mut |done| progress("components", done as u64, sweeps));
        if variances.iter().any(|v| !v.is_finite()) {
            return Err(LearnError::NotFinite("the components"));
        }
        // Rounding leaves a little below 0 of what is nothing.
        let variances: Vec<f64> = variances.into_iter().map(|v| v.max(0.0)).collect();
        let kept = params.count(&variances);
        let components = vectors.chunks_exact(width).take(kept).map(signed).collect();
        Ok(Self { standard, components, variances })
    }

    /// The share of the variance that each component has.
    fn ratios(&self) -> Vec<f64> {
        shares(&self.variances)
    }

    /// The components of a row.
    fn scores(&self, row: &[f32]) -> Vec<f64> {
        let mut z = vec![0.0; row.len()];
        self.standard.row(row, &mut z);
        self.components.iter().map(|component| dot(component, &z)).collect()
    }

    fn onnx(&self) -> Vec<u8> {
        let mut dense = Dense::scaled("principal_components", &self.standard);
        let weights: Vec<f64> =
            (0..self.standard.mean.len()).flat_map(|i| self.components.iter().map(move |c| c[i])).collect();
        dense.layer("z", &weights, &vec![0.0; self.components.len()], "scores");
        dense.vector("scores", OUTPUT, self.components.len())
    }
}

/// The covariances of the features, with n − 1 in the denominator.
fn covariance(standard: &Standard, matrix: &Matrix, progress: &mut Progress<'_>) -> Vec<f64> {
    let width = matrix.width;
    let mut products = vec![0.0; width * width];
    let mut z = vec![0.0; width];
    for (n, row) in matrix.values.chunks_exact(width).enumerate() {
        if n % REPORT_EVERY == 0 {
            progress("covariance", n as u64, matrix.rows as u64);
        }
        standard.row(row, &mut z);
        for a in 0..width {
            let line = &mut products[a * width..=a * width + a];
            line.iter_mut().zip(&z).for_each(|(sum, other)| *sum += z[a] * other);
        }
    }
    let rows = (matrix.rows as f64 - 1.0).max(1.0);
    for a in 0..width {
        for b in 0..=a {
            let mean = products[a * width + b] / rows;
            (products[a * width + b], products[b * width + a]) = (mean, mean);
        }
    }
    products
}

/// With the sign that makes the largest coefficient, the first of equal ones, positive.
fn signed(component: &[f64]) -> Vec<f64> {
    let largest = component.iter().fold(0.0_f64, |best, c| if c.abs() > best.abs() { *c } else { best });
    component.iter().map(|c| if largest < 0.0 { -c } else { *c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::numbers;

    /// Components, variances and scores against scikit-learn (scripts/reference/density.py).
    #[test]
    fn finds_the_same_components() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/data/density.json")).unwrap();
        for case in cases["pca"].as_array().unwrap() {
            let width = case["width"].as_u64().unwrap() as usize;
            let values: Vec<f32> = numbers(&case["x"]).into_iter().map(|x| x as f32).collect();
            let matrix = Matrix { rows: values.len() / width, width, values };
            let params = PcaParams {
                n_components: case["n_components"].as_f64().unwrap(),
                scale: case["scale"].as_bool().unwrap(),
            };
            let pca = Pca::new(&params, &matrix, &mut |_, _, _| ()).unwrap();
            let kept = case["kept"].as_u64().unwrap() as usize;
            assert_eq!(pca.components.len(), kept);
            let near = |found: &[f64], expected: &Value, allowed: f64| {
                let expected = numbers(expected);
                assert_eq!(found.len(), expected.len());
                for (a, b) in found.iter().zip(&expected) {
                    assert!((a - b).abs() <= allowed * b.abs().max(1.0), "{a}, not {b}");
                }
            };
            near(&pca.ratios()[..kept], &case["ratios"], 1e-9);
            near(&pca.variances[..kept], &case["variances"], 1e-9);
            near(&pca.components.concat(), &case["components"], 1e-7);
            let scores: Vec<f64> =
                (0..matrix.rows.min(20)).flat_map(|row| pca.scores(matrix.row(row))).collect();
            near(&scores, &case["scores"], 1e-6);
        }
    }
}
