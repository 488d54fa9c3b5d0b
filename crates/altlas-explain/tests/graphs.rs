//! The sums that are found in graphs give the answers that the compiled graphs give.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use altlas_explain::Link;
use altlas_score::{Program, additive, compile};

/// Rows of multiples of 1/8, as the models were made for.
fn rows(width: usize) -> Vec<Vec<f64>> {
    let value = |n: usize| ((n * 7919 + 13) % 79) as f64 / 8.0 - 5.0;
    (0..40).map(|row| (0..width).map(|column| value(row * 31 + column * 17)).collect()).collect()
}

/// The link of a model of the reference files, by the answers of its output number `output`.
fn link(file: &str, output: usize) -> Option<Link> {
    let path = format!("{}/../altlas-runtime/tests/data/{file}.onnx", env!("CARGO_MANIFEST_DIR"));
    let onnx = std::fs::read(path).unwrap();
    let found = additive(&onnx).unwrap()?;
    let flat = compile(&onnx).unwrap();
    let mut words = vec![0u64; flat.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<_, u8>(&mut words)[..flat.len()].copy_from_slice(&flat);
    let program = Program::open(&bytemuck::cast_slice(&words)[..flat.len()]).unwrap();
    let mut scratch = program.scratch();
    let rows = rows(program.width());
    assert!(found.fits(program.width()) && !found.fits(0));
    let answer = |row: &Vec<f64>| {
        program.score(row, &[], &mut scratch).unwrap();
        scratch.numbers(output).to_vec()
    };
    let answers: Vec<Vec<f64>> = rows.iter().map(answer).collect();
    Link::find(&found, &rows, &answers)
}

#[test]
fn converters_graphs() {
    for (file, output, expected) in [
        ("lightgbm_regressor_missing", 0, Some(Link::Identity)),
        ("xgboost_regressor", 0, Some(Link::Identity)),
        ("sklearn_ridge_double", 0, None),
        ("sklearn_gradient_boosting", 0, Some(Link::Identity)),
        ("lightgbm_classifier", 1, Some(Link::Softmax)),
        ("sklearn_forest_tensors", 1, Some(Link::Identity)),
        // What comes before or after the sum is more than a link.
        ("sklearn_isolation_forest", 1, None),
        ("sklearn_mlp", 1, None),
    ] {
        assert_eq!(link(file, output), expected, "{file}");
    }
}
