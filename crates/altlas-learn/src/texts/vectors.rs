//! The vectors of texts by an encoder, as features.

use crate::LearnError;

/// The squared length that scaled vectors have on average. That of n-grams is 1.
const SQUARES: f64 = 1.0;

/// Vectors of texts, row by row.
#[derive(Debug)]
pub struct Vectors {
    /// Numbers of a vector.
    pub width: usize,
    /// `[texts, width]`.
    pub values: Vec<f32>,
}

/// How vectors become features: the mean of the training part is subtracted, since encoders give all texts much in common, and what
/// is left multiplied with one number. It is folded into the graph's weights.
#[derive(Debug)]
pub(crate) struct Scaling {
    mean: Vec<f32>,
    factor: f32,
}

impl Scaling {
    /// Learns it of some of the rows.
    pub(crate) fn new(vectors: &Vectors, rows: &[usize]) -> Result<Self, LearnError> {
        let row = |row: &usize| vectors.values.chunks_exact(vectors.width.max(1)).nth(*row);
        let mut sums = vec![0.0; vectors.width];
        for line in rows.iter().filter_map(row) {
            sums.iter_mut().zip(line).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        let mean: Vec<f32> = sums.iter().map(|sum| (sum / rows.len().max(1) as f64) as f32).collect();
        let distance = |line: &[f32]| -> f64 {
            line.iter().zip(&mean).map(|(v, m)| (f64::from(*v) - f64::from(*m)).powi(2)).sum()
        };
        let squares: f64 = rows.iter().filter_map(row).map(distance).sum();
        // Vectors that are all the same say nothing.
        let factor = if squares > 0.0 { (SQUARES * rows.len() as f64 / squares).sqrt() as f32 } else { 0.0 };
        if !factor.is_finite() {
            return Err(LearnError::NotFinite("the scaling of vectors"));
        }
        Ok(Self { mean, factor })
    }

    pub(crate) fn width(&self) -> usize {
        self.mean.len()
    }

    /// Features of vectors.
    pub(crate) fn apply(&self, vectors: Vectors) -> Vec<f32> {
        let mut values = vectors.values;
        for line in values.chunks_exact_mut(self.width().max(1)) {
            line.iter_mut().zip(&self.mean).for_each(|(v, m)| *v = (*v - m) * self.factor);
        }
        values
    }

    /// Weights of features, `[width, outputs]`, become those of the vectors' own numbers, and change the bias.
    pub(crate) fn fold(&self, weights: &mut [f32], bias: &mut [f32]) {
        let mut shift = vec![0.0; bias.len()];
        for (line, mean) in weights.chunks_exact_mut(bias.len().max(1)).zip(&self.mean) {
            for (weight, shift) in line.iter_mut().zip(&mut shift) {
                *weight *= self.factor;
                *shift += f64::from(*weight) * f64::from(*mean);
            }
        }
        bias.iter_mut().zip(shift).for_each(|(b, shift)| *b = (f64::from(*b) - shift) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_vectors_are_centred_and_folding_gives_the_same_scores() {
        let values = vec![3.0, 1.0, 5.0, 1.0, 4.0, -2.0, 9.0, 9.0];
        let vectors = Vectors { width: 2, values: values.clone() };
        let scaling = Scaling::new(&vectors, &[0, 1, 2]).unwrap();
        let features = scaling.apply(vectors);
        let trained = &features[..6];
        assert!(trained.iter().step_by(2).sum::<f32>().abs() < 1e-6);
        assert!((trained.iter().map(|v| v * v).sum::<f32>() / 3.0 - 1.0).abs() < 1e-6);
        let (mut weights, mut bias) = (vec![0.5, -1.0, 2.0, 0.25], vec![0.1, 0.2]);
        let score = |x: &[f32], weights: &[f32], bias: &[f32], n: usize| {
            bias[n] + x[0] * weights[n] + x[1] * weights[2 + n]
        };
        let before: Vec<f32> = (0..2).map(|n| score(&features[6..], &weights, &bias, n)).collect();
        scaling.fold(&mut weights, &mut bias);
        let after: Vec<f32> = (0..2).map(|n| score(&values[6..], &weights, &bias, n)).collect();
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-4), "{before:?} {after:?}");
    }

    #[test]
    fn equal_vectors_give_no_features() {
        let vectors = Vectors { width: 1, values: vec![2.0; 4] };
        let scaling = Scaling::new(&vectors, &[0, 1, 2, 3]).unwrap();
        assert_eq!(scaling.apply(vectors), [0.0; 4]);
    }
}
