//! An encoder with weights in four bits: the runtime takes it, and a text's states do not depend on those beside it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use altlas_onnx::write::*;
use altlas_onnx::{Limits, check};
use altlas_proto::Tensor;
use altlas_runtime::{Session, StopHandle};
use common::Random;

const WIDTH: usize = 64;
const INNER: usize = 96;
const PIECES: usize = 40;
const POSITIONS: usize = 16;

fn four_bits(random: &mut Random, rows: usize, columns: usize) -> FourBits {
    let codes = (0..rows * columns / 2).map(|_| random.below(256) as u8).collect();
    // 2^-6 as a half-precision number.
    FourBits { rows, columns, codes, scales: vec![0x2400; rows * columns / 32] }
}

fn linear(random: &mut Random, outputs: usize, inputs: usize) -> Linear {
    let weights = four_bits(random, outputs, inputs);
    Linear { weights, bias: (0..outputs).map(|_| random.float()).collect() }
}

fn norm(width: usize) -> Norm {
    Norm { scale: vec![1.0; width], shift: vec![0.0; width] }
}

fn small(random: &mut Random) -> Encoder {
    let layer = |random: &mut Random| EncoderLayer {
        attention: [(); 4].map(|()| linear(random, WIDTH, WIDTH)),
        attention_norm: norm(WIDTH),
        inner: [linear(random, INNER, WIDTH), linear(random, WIDTH, INNER)],
        norm: norm(WIDTH),
    };
    Encoder {
        heads: 4,
        epsilon: 1e-12,
        pieces: four_bits(random, PIECES, WIDTH),
        positions: (0..POSITIONS * WIDTH).map(|_| random.float()).collect(),
        norm: norm(WIDTH),
        layers: vec![layer(random), layer(random)],
    }
}

/// The states of texts run together, filled up to the longest.
fn states(session: &Session, texts: &[&[i64]]) -> Vec<Vec<f32>> {
    let length = texts.iter().map(|t| t.len()).max().unwrap();
    let padded = |text: &&[i64], with: i64| -> Vec<i64> {
        text.iter().copied().chain(std::iter::repeat_n(with, length - text.len())).collect()
    };
    let ids: Vec<i64> = texts.iter().flat_map(|t| padded(t, 1)).collect();
    let mask: Vec<i64> = texts.iter().flat_map(|t| padded(&vec![1; t.len()].as_slice(), 0)).collect();
    let shape = [texts.len(), length];
    let inputs = [Tensor::i64("input_ids", &shape, &ids), Tensor::i64("attention_mask", &shape, &mask)];
    let outputs = session.run(&inputs, &[], &StopHandle::new()).unwrap();
    assert_eq!((outputs.len(), outputs[0].spec.name.as_str()), (1, "last_hidden_state"));
    assert_eq!(outputs[0].spec.shape, [texts.len(), length, WIDTH]);
    let values = outputs[0].as_f32().unwrap();
    let lines = values.chunks(length * WIDTH).zip(texts);
    lines.map(|(line, text)| line[..text.len() * WIDTH].to_vec()).collect()
}

#[test]
fn a_text_alone_and_in_company() {
    let model = encoder(&small(&mut Random(1))).unwrap();
    assert_eq!(model, encoder(&small(&mut Random(1))).unwrap());
    let checked = check(&model, &Limits::default()).unwrap();
    assert_eq!(checked.operators["com.microsoft.MatMulNBits"], 12);
    let Some(runtime) = common::runtime() else { return };
    let session = Session::open(runtime, &model).unwrap();
    let texts: [&[i64]; 4] = [&[3, 4, 5], &[7], &[2, 39, 8, 1, 6, 20, 21, 30, 5], &[3, 4, 6]];
    let together = states(&session, &texts);
    for (text, together) in texts.iter().zip(&together) {
        let alone = &states(&session, &[text])[0];
        let apart = alone.iter().zip(together).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-4, "{text:?}: {apart}");
        // A normalised state: mean 0, mean square 1.
        for state in alone.chunks(WIDTH) {
            assert!((state.iter().map(|v| v * v).sum::<f32>() / WIDTH as f32 - 1.0).abs() < 1e-3);
        }
    }
    // One other token changes the states of all: each looks at the others.
    let far = together[0].iter().zip(&together[3]).map(|(a, b)| (a - b).abs());
    assert!(far.take(WIDTH).fold(0.0, f32::max) > 1e-3);
}

#[test]
fn what_does_not_fit_is_refused() {
    let with = |change: &dyn Fn(&mut Encoder)| {
        let mut spec = small(&mut Random(2));
        change(&mut spec);
        encoder(&spec)
    };
    assert!(with(&|_| ()).is_ok());
    assert!(with(&|e| e.heads = 5).is_err());
    assert!(with(&|e| e.pieces.scales.clear()).is_err());
    assert!(with(&|e| e.layers[1].inner[0].bias.clear()).is_err());
    assert!(with(&|e| e.layers[0].norm.scale[3] = f32::NAN).is_err());
    assert!(with(&|e| e.positions.truncate(1)).is_err());
}
