//! Eigenvalues of symmetric matrices by cyclic Jacobi rotations (Jacobi 1846; Golub and Van Loan, Matrix Computations, 8.5).
#![allow(clippy::indexing_slicing)] // Square matrices of one width.

/// The most passes over all pairs; ten are enough for some hundred columns.
pub(super) const MAX_SWEEPS: usize = 60;
/// Share of the sum of squares that may be left outside the diagonal.
const LEFT: f64 = 1e-26;

/// Eigenvalues, the largest first, and their vectors one after the other. The matrix is overwritten; `tick` is called with the number
/// of passes done, for each row.
pub(super) fn eigen(matrix: &mut [f64], width: usize, tick: &mut dyn FnMut(usize)) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; width * width];
    (0..width).for_each(|i| vectors[i * width + i] = 1.0);
    let all: f64 = matrix.iter().map(|x| x * x).sum();
    for sweep in 0..MAX_SWEEPS {
        let outside: f64 =
            (0..width).map(|a| (0..a).map(|b| matrix[a * width + b].powi(2)).sum::<f64>()).sum();
        // Also where that is no number.
        if 2.0 * outside <= LEFT * all || outside.is_nan() {
            break;
        }
        for p in 0..width {
            tick(sweep);
            for q in p + 1..width {
                rotate(matrix, &mut vectors, width, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..width).collect();
    let value = |i: &usize| matrix[i * width + i];
    order.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let sorted = order.iter().flat_map(|i| vectors[i * width..(i + 1) * width].to_vec()).collect();
    (order.iter().map(value).collect(), sorted)
}

/// Makes the element at `p`, `q` 0.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], width: usize, p: usize, q: usize) {
    let (own, other, both) = (matrix[p * width + p], matrix[q * width + q], matrix[p * width + q]);
    if both.abs() <= f64::EPSILON * 1e-3 * (own.abs() * other.abs()).sqrt() {
        return;
    }
    let theta = (other - own) / (2.0 * both);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |a: f64, b: f64| (cosine * a - sine * b, sine * a + cosine * b);
    for k in 0..width {
        let (a, b) = turn(matrix[k * width + p], matrix[k * width + q]);
        (matrix[k * width + p], matrix[k * width + q]) = (a, b);
    }
    for lines in [matrix, vectors] {
        for k in 0..width {
            let (a, b) = turn(lines[p * width + k], lines[q * width + k]);
            (lines[p * width + k], lines[q * width + k]) = (a, b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values_and_vectors() {
        let before = [4.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.0, 1.0, 2.0];
        let (values, vectors) = eigen(&mut before.clone(), 3, &mut |_| ());
        // 3 + √3, 3, 3 − √3.
        for (value, expected) in values.iter().zip([3.0 + 3.0_f64.sqrt(), 3.0, 3.0 - 3.0_f64.sqrt()]) {
            assert!((value - expected).abs() < 1e-12, "{value}");
        }
        for (value, vector) in values.iter().zip(vectors.chunks_exact(3)) {
            for i in 0..3 {
                let product: f64 = (0..3).map(|k| before[i * 3 + k] * vector[k]).sum();
                assert!((product - value * vector[i]).abs() < 1e-12);
            }
        }
        assert_eq!(eigen(&mut [0.0; 4], 2, &mut |_| ()).0, [0.0, 0.0]);
        assert_eq!(
            eigen(&mut [1.0, 0.0, 0.0, 5.0], 2, &mut |_| ()),
            (vec![5.0, 1.0], vec![0.0, 1.0, 1.0, 0.0])
        );
    }
}
