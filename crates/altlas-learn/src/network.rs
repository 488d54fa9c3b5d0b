//! Neural networks: rectified linear units, trained by Adam (Kingma and Ba 2015) from Glorot and Bengio's weights (2010).
//!
//! Weights and arithmetic of the training are in single precision; what is scored is computed in double precision from the
//! same weights.
#![allow(clippy::indexing_slicing)] // Layers fit each other, and batches the rows.

use std::time::Instant;

use altlas_onnx::write::Post;
use altlas_prep::Matrix;

use crate::LearnError;
use crate::graph::{Dense, Link};
use crate::linear::Standard;
use crate::margin::spread;
use crate::rng::Rng;
use crate::spec::MlpParams;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// One training run.
#[derive(Debug, Clone, Copy)]
pub struct NetworkRun<'a> {
    /// Hyperparameters.
    pub params: &'a MlpParams,
    /// Features of the rows to learn from.
    pub matrix: &'a Matrix,
    /// Their learned targets, or class numbers.
    pub target: &'a [f64],
    /// 0 for a regression.
    pub classes: usize,
    /// Rows to stop early on.
    pub valid: Option<(&'a Matrix, &'a [f64])>,
    /// The most passes over the rows.
    pub epochs: usize,
    /// Seed of the weights and of the order of the rows.
    pub seed: u64,
    /// When to stop in any case.
    pub deadline: Option<Instant>,
}

/// A fitted network.
#[derive(Debug, Clone)]
pub struct Network {
    standard: Standard,
    layers: Vec<Layer>,
    classes: usize,
    mean: f64,
    deviation: f64,
    /// Passes over the rows whose weights these are.
    pub epochs: usize,
    /// Training was ended by the deadline.
    pub cut: bool,
}

/// Weights `[inputs, outputs]` and biases.
#[derive(Debug, Clone, PartialEq)]
struct Layer {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    fn new(inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        let bound = (6.0 / (inputs + outputs) as f64).sqrt();
        let weights = (0..inputs * outputs).map(|_| ((rng.uniform() * 2.0 - 1.0) * bound) as f32).collect();
        Self { weights, bias: vec![0.0; outputs] }
    }

    fn zeros_like(other: &Self) -> Self {
        Self { weights: vec![0.0; other.weights.len()], bias: vec![0.0; other.bias.len()] }
    }

    fn numbers(&mut self) -> impl Iterator<Item = &mut f32> {
        self.weights.iter_mut().chain(&mut self.bias)
    }
}

/// Layers while they are trained.
struct Trainer {
    layers: Vec<Layer>,
    first: Vec<Layer>,
    second: Vec<Layer>,
    gradients: Vec<Layer>,
    /// Outputs of each layer for a batch, and what is to change of them.
    outputs: Vec<Vec<f32>>,
    errors: Vec<Vec<f32>>,
    steps: i32,
}

impl Trainer {
    fn new(layers: Vec<Layer>) -> Self {
        let like = || layers.iter().map(Layer::zeros_like).collect::<Vec<_>>();
        let (first, second, gradients) = (like(), like(), like());
        let empty = vec![Vec::new(); layers.len()];
        Self { first, second, gradients, outputs: empty.clone(), errors: empty, steps: 0, layers }
    }

    /// Computes the outputs of all layers for rows of this width.
    fn forward(&mut self, rows: &[f32], width: usize) {
        let last = self.layers.len() - 1;
        for (n, layer) in self.layers.iter().enumerate() {
            let (before, rest) = self.outputs.split_at_mut(n);
            let (input, inputs) = match before.last() {
                Some(input) => (&input[..], self.layers[n - 1].bias.len()),
                None => (rows, width),
            };
            let outputs = layer.bias.len();
            let out = &mut rest[0];
            out.clear();
            for row in input.chunks_exact(inputs) {
                let start = out.len();
                out.extend_from_slice(&layer.bias);
                let line = &mut out[start..];
                for (x, weights) in row.iter().zip(layer.weights.chunks_exact(outputs)) {
                    if *x != 0.0 {
                        line.iter_mut().zip(weights).for_each(|(o, w)| *o += x * w);
                    }
                }
                if n < last {
                    line.iter_mut().for_each(|o| *o = o.max(0.0));
                }
            }
        }
    }

    /// One step down the gradient of the mean loss of a batch, whose targets are `y`.
    fn step(&mut self, rows: &[f32], width: usize, y: &[f64], classes: usize, rate: f64, l2: f64) {
        self.forward(rows, width);
        let last = self.layers.len() - 1;
        let batch = y.len() as f32;
        let (outputs, errors) = (&self.outputs[last], &mut self.errors[last]);
        errors.clear();
        let per_row = self.layers[last].bias.len();
        for (out, y) in outputs.chunks_exact(per_row).zip(y) {
            match (classes, out) {
                (0, _) => errors.push(out[0] - *y as f32),
                (2, _) => errors.push(1.0 / (1.0 + (-out[0]).exp()) - *y as f32),
                _ => {
                    let top = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    let total: f32 = out.iter().map(|o| (o - top).exp()).sum();
                    let own = *y as usize;
                    let error = |(class, o): (usize, &f32)| {
                        (o - top).exp() / total - f32::from(u8::from(class == own))
                    };
                    errors.extend(out.iter().enumerate().map(error));
                }
            }
        }
        errors.iter_mut().for_each(|e| *e /= batch);
        for n in (0..=last).rev() {
            let layer = &self.layers[n];
            let outputs = layer.bias.len();
            let (inputs, input) = match n {
                0 => (width, rows),
                _ => (self.layers[n - 1].bias.len(), &self.outputs[n - 1][..]),
            };
            let gradient = &mut self.gradients[n];
            gradient.numbers().for_each(|g| *g = 0.0);
            let (before, rest) = self.errors.split_at_mut(n);
            let mut below = before.last_mut();
            if let Some(below) = &mut below {
                below.clear();
            }
            for (row, error) in input.chunks_exact(inputs).zip(rest[0].chunks_exact(outputs)) {
                gradient.bias.iter_mut().zip(error).for_each(|(g, e)| *g += e);
                for (x, line) in row.iter().zip(gradient.weights.chunks_exact_mut(outputs)) {
                    if *x != 0.0 {
                        line.iter_mut().zip(error).for_each(|(g, e)| *g += x * e);
                    }
                }
                if let Some(below) = &mut below {
                    // Units that are off pass nothing back.
                    let back = |(x, weights): (&f32, &[f32])| {
                        if *x > 0.0 { weights.iter().zip(error).map(|(w, e)| w * e).sum() } else { 0.0 }
                    };
                    below.extend(row.iter().zip(layer.weights.chunks_exact(outputs)).map(back));
                }
            }
            let decay = l2 as f32 / batch;
            gradient.weights.iter_mut().zip(&layer.weights).for_each(|(g, w)| *g += decay * w);
        }
        self.adam(rate);
    }

    fn adam(&mut self, rate: f64) {
        self.steps += 1;
        let rate = rate * (1.0 - BETA_2.powi(self.steps)).sqrt() / (1.0 - BETA_1.powi(self.steps));
        let (b1, b2, rate, epsilon) = (BETA_1 as f32, BETA_2 as f32, rate as f32, EPSILON as f32);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((layer, gradient), (first, second)) in
            self.layers.iter_mut().zip(&mut self.gradients).zip(moments)
        {
            let moments = first.numbers().zip(second.numbers());
            for ((w, g), (m, v)) in layer.numbers().zip(gradient.numbers()).zip(moments) {
                *m = b1 * *m + (1.0 - b1) * *g;
                *v = b2 * *v + (1.0 - b2) * *g * *g;
                *w -= rate * *m / (v.sqrt() + epsilon);
            }
        }
    }

    /// The mean loss of rows.
    fn loss(&mut self, rows: &[f32], width: usize, y: &[f64], classes: usize, batch: usize) -> f64 {
        let per_row = self.layers.last().map_or(1, |layer| layer.bias.len());
        let mut sum = 0.0;
        for (rows, y) in rows.chunks(batch * width).zip(y.chunks(batch)) {
            self.forward(rows, width);
            let Some(outputs) = self.outputs.last() else { continue };
            for (out, y) in outputs.chunks_exact(per_row).zip(y) {
                let at = |n: usize| f64::from(out[n]);
                sum += match classes {
                    0 => (at(0) - y).powi(2) / 2.0,
                    2 => crate::boost::softplus(if *y == 1.0 { -at(0) } else { at(0) }),
                    _ => {
                        let top = (0..per_row).map(at).fold(f64::NEG_INFINITY, f64::max);
                        let total = (0..per_row).map(|n| (at(n) - top).exp()).sum::<f64>().ln();
                        top + total - at(*y as usize)
                    }
                };
            }
        }
        sum / y.len().max(1) as f64
    }
}

impl NetworkRun<'_> {
    /// Trains. `report` is called with passes done and the most there can be.
    pub fn train(&self, report: &mut dyn FnMut(u64, u64)) -> Result<Network, LearnError> {
        let p = self.params;
        let width = self.matrix.width;
        let standard = Standard::new(self.matrix);
        let rows = standard.matrix(self.matrix);
        let (mean, deviation) = if self.classes == 0 { spread(self.target) } else { (0.0, 1.0) };
        let scaled = |target: &[f64]| target.iter().map(|y| (y - mean) / deviation).collect::<Vec<f64>>();
        let y = scaled(self.target);
        let valid = self.valid.map(|(matrix, target)| (standard.matrix(matrix), scaled(target)));
        let mut rng = Rng::new(self.seed, 15);
        let mut sizes = vec![width];
        sizes.extend(p.hidden.iter().map(|n| *n as usize));
        sizes.push(if self.classes > 2 { self.classes } else { 1 });
        let layers = sizes.windows(2).map(|pair| Layer::new(pair[0], pair[1], &mut rng)).collect();
        let mut trainer = Trainer::new(layers);
        let batch = (p.batch_size as usize).min(y.len()).max(1);
        let mut order: Vec<usize> = (0..y.len()).collect();
        let (mut some, mut theirs) = (Vec::with_capacity(batch * width), Vec::with_capacity(batch));
        let mut best = (f64::INFINITY, 0, trainer.layers.clone());
        let (mut epochs, mut cut) = (0, false);
        while epochs < self.epochs && !cut {
            rng.shuffle(&mut order);
            for (n, part) in order.chunks(batch).enumerate() {
                some.clear();
                theirs.clear();
                for &row in part {
                    some.extend_from_slice(&rows[row * width..(row + 1) * width]);
                    theirs.push(y[row]);
                }
                trainer.step(&some, width, &theirs, self.classes, p.learning_rate, p.l2);
                if n % 64 == 0 {
                    report(epochs as u64, self.epochs as u64);
                }
            }
            epochs += 1;
            cut = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let Some((valid, known)) = &valid else { continue };
            let loss = trainer.loss(valid, width, known, self.classes, batch);
            if loss < best.0 {
                best = (loss, epochs, trainer.layers.clone());
            }
            if p.patience > 0 && epochs - best.1 >= p.patience as usize {
                break;
            }
        }
        let (layers, epochs) = match (valid.is_some(), best.1) {
            (true, kept) if kept > 0 => (best.2, kept),
            _ => (trainer.layers, epochs),
        };
        if layers.iter().any(|l| l.weights.iter().chain(&l.bias).any(|w| !w.is_finite())) {
            return Err(LearnError::NotFinite("the network"));
        }
        Ok(Network { standard, layers, classes: self.classes, mean, deviation, epochs, cut })
    }
}

impl Network {
    /// Scores, one for each output of each row.
    pub fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let mut scores = Vec::with_capacity(matrix.rows);
        let (mut z, mut next) = (Vec::new(), Vec::new());
        let last = self.layers.len() - 1;
        for row in matrix.values.chunks_exact(matrix.width) {
            z.resize(matrix.width, 0.0);
            self.standard.row(row, &mut z);
            for (n, layer) in self.layers.iter().enumerate() {
                next.clear();
                next.extend(layer.bias.iter().map(|b| f64::from(*b)));
                for (x, weights) in z.iter().zip(layer.weights.chunks_exact(layer.bias.len())) {
                    next.iter_mut().zip(weights).for_each(|(o, w)| *o += x * f64::from(*w));
                }
                if n < last {
                    next.iter_mut().for_each(|o| *o = o.max(0.0));
                }
                std::mem::swap(&mut z, &mut next);
            }
            scores.extend(z.iter().map(|s| self.mean + self.deviation * s));
            z.clear();
        }
        scores
    }

    pub(crate) fn onnx(&self, post: Post) -> Vec<u8> {
        let mut dense = Dense::scaled("network", &self.standard);
        let mut input = "z".to_owned();
        let last = self.layers.len() - 1;
        for (n, layer) in self.layers.iter().enumerate() {
            // The target's own scale goes with the last layer.
            let (mean, scale) = if n == last { (self.mean, self.deviation) } else { (0.0, 1.0) };
            let weights: Vec<f64> = layer.weights.iter().map(|w| f64::from(*w) * scale).collect();
            let bias: Vec<f64> = layer.bias.iter().map(|b| f64::from(*b) * scale + mean).collect();
            let output = if n == last { "scores".to_owned() } else { format!("layer_{n}") };
            dense.layer(&input, &weights, &bias, &output);
            input = output;
            if n < last {
                let active = format!("active_{n}");
                dense.op("Relu", &[&input], &active);
                input = active;
            }
        }
        match self.classes {
            0 => dense.value("scores", post),
            2 => dense.classes("scores", Link::Logistic, 2),
            classes => dense.classes("scores", Link::Softmax, classes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn numbers(value: &Value) -> Vec<f32> {
        match value {
            Value::Array(values) => values.iter().flat_map(numbers).collect(),
            other => vec![other.as_f64().unwrap() as f32],
        }
    }

    /// The same steps from the same weights as scikit-learn's (scripts/reference/estimators.py).
    #[test]
    fn steps_are_adams() {
        let all: Value = serde_json::from_str(include_str!("../tests/data/estimators.json")).unwrap();
        let cases: Vec<&Value> =
            all["cases"].as_array().unwrap().iter().filter(|c| c["kind"] == "network").collect();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let classes = case["classes"].as_u64().unwrap() as usize;
            let rows = numbers(&case["z"]);
            let y: Vec<f64> = numbers(&case["y"]).into_iter().map(f64::from).collect();
            let layer = |weights: &Value| Layer {
                bias: vec![0.0; weights[0].as_array().unwrap().len()],
                weights: numbers(weights),
            };
            let mut trainer = Trainer::new(case["start"].as_array().unwrap().iter().map(layer).collect());
            let before = trainer.loss(&rows, 3, &y, classes, 7);
            for _ in 0..case["steps"].as_u64().unwrap() {
                let (rate, l2) = (case["rate"].as_f64().unwrap(), case["l2"].as_f64().unwrap());
                trainer.step(&rows, 3, &y, classes, rate, l2);
            }
            assert!(trainer.loss(&rows, 3, &y, classes, 7) < before);
            for ((layer, weights), bias) in trainer
                .layers
                .iter()
                .zip(case["weights"].as_array().unwrap())
                .zip(case["bias"].as_array().unwrap())
            {
                let pairs = layer.weights.iter().zip(numbers(weights));
                for (found, expected) in pairs.chain(layer.bias.iter().zip(numbers(bias))) {
                    assert!((found - expected).abs() < 2e-4, "{classes}: {found}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn learns_what_is_not_linear_and_stops_early() {
        let mut rng = Rng::new(1, 1);
        let rows = 1200;
        let values: Vec<f32> = (0..rows * 2).map(|_| rng.normal() as f32).collect();
        let y: Vec<f64> =
            values.chunks(2).map(|x| f64::from(x[0] * x[1]) * 100.0 + 5.0 * rng.normal()).collect();
        let matrix = Matrix { rows: 900, width: 2, values: values[..1800].to_vec() };
        let valid = Matrix { rows: 300, width: 2, values: values[1800..].to_vec() };
        let params = MlpParams { batch_size: 64, learning_rate: 0.01, patience: 5, ..MlpParams::default() };
        let run = NetworkRun {
            params: &params,
            matrix: &matrix,
            target: &y[..900],
            classes: 0,
            valid: Some((&valid, &y[900..])),
            epochs: 200,
            seed: 3,
            deadline: None,
        };
        let network = run.train(&mut |_, _| ()).unwrap();
        assert!(network.epochs < 200 && !network.cut, "{}", network.epochs);
        let squares: f64 = network.scores(&valid).iter().zip(&y[900..]).map(|(p, y)| (p - y) * (p - y)).sum();
        assert!((squares / 300.0).sqrt() < 20.0, "{}", (squares / 300.0).sqrt());
        let late = NetworkRun { deadline: Some(Instant::now()), ..run }.train(&mut |_, _| ()).unwrap();
        assert!(late.cut && late.epochs == 1);
    }
}
