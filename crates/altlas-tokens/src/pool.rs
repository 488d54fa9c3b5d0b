use altlas_prep::{Activation, Pooling};
use altlas_proto::{DataType, Tensor};

use crate::{Encoder, TokensError};

/// The least norm that a vector is divided by.
const LEAST_NORM: f64 = 1e-12;

/// One vector a text, in the order of a batch; or one a token, text by text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vectors {
    /// Numbers in a vector.
    pub width: usize,
    /// The vectors, one after the other.
    pub values: Vec<f32>,
}

impl Encoder {
    /// Makes the vectors of a batch, as many as [`Encoder::vectors`] says, from the graph's output. `lengths` are the tokens of its texts; rows of the output may be
    /// longer than the batch was.
    pub fn pool(&self, output: &Tensor, lengths: &[usize]) -> Result<Vectors, TokensError> {
        let document = self.document();
        let refused = || TokensError::Output {
            name: output.spec.name.clone(),
            shape: output.spec.shape.clone(),
            pooling: format!("{:?}", document.pooling).to_lowercase(),
        };
        let values = match output.spec.dtype {
            DataType::F32 => output.as_f32(),
            _ => output.to_f64().map(|values| values.into_iter().map(|v| v as f32).collect()),
        };
        let values = values.filter(|values| values.len() == output.len()).ok_or_else(refused)?;
        let rows = lengths.len();
        let vectors = match (document.pooling, output.spec.shape.as_slice()) {
            (Pooling::None, &[n, width]) if n == rows => Vectors { width, values },
            (Pooling::None, &[n]) if n == rows => Vectors { width: 1, values },
            (pooling, &[n, tokens, width])
                if n == rows && width > 0 && lengths.iter().all(|l| *l <= tokens) =>
            {
                let states = values.chunks_exact((tokens * width).max(1));
                if pooling == Pooling::Tokens {
                    let of_text = |(states, length): (&[f32], &usize)| {
                        states.get(..length * width).unwrap_or_default().to_vec()
                    };
                    let values = states.zip(lengths).flat_map(of_text).collect();
                    return Ok(self.finished(Vectors { width, values }));
                }
                let mut pooled = vec![0.0; rows * width];
                for ((vector, states), length) in pooled.chunks_exact_mut(width).zip(states).zip(lengths) {
                    let count = if pooling == Pooling::Cls { 1 } else { *length };
                    average(vector, states.chunks_exact(width).take(count));
                }
                Vectors { width, values: pooled }
            }
            _ => return Err(refused()),
        };
        if vectors.width == 0 {
            return Err(refused());
        }
        Ok(self.finished(vectors))
    }

    fn finished(&self, mut vectors: Vectors) -> Vectors {
        let document = self.document();
        for vector in vectors.values.chunks_exact_mut(vectors.width) {
            if document.normalize {
                normalize(vector);
            }
            activate(document.activation, vector);
        }
        vectors
    }
}

fn average<'a>(into: &mut [f32], states: impl ExactSizeIterator<Item = &'a [f32]>) {
    let count = states.len().max(1) as f32;
    for state in states {
        for (sum, value) in into.iter_mut().zip(state) {
            *sum += value;
        }
    }
    for sum in into {
        *sum /= count;
    }
}

fn normalize(vector: &mut [f32]) {
    let square: f64 = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    let norm = square.sqrt().max(LEAST_NORM);
    for value in vector {
        *value = (f64::from(*value) / norm) as f32;
    }
}

fn activate(activation: Activation, scores: &mut [f32]) {
    match activation {
        Activation::None => {}
        Activation::Sigmoid => {
            for score in scores {
                *score = (1.0 / (1.0 + (-f64::from(*score)).exp())) as f32;
            }
        }
        Activation::Softmax => {
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let shares: Vec<f64> = scores.iter().map(|s| f64::from(*s - most).exp()).collect();
            let sum: f64 = shares.iter().sum();
            for (score, share) in scores.iter_mut().zip(shares) {
                *score = (share / sum) as f32;
            }
        }
    }
}
