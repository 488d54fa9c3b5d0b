//! A text encoder with weights in four bits: BERT (Devlin et al. 2019) by ONNX Runtime's own operators.

use super::graph::{Builder, float, float_tensor, int, int_tensor, ints, port, tensor};
use crate::OnnxError;
use crate::proto::data_type;

/// Numbers that share a scale.
const BLOCK: usize = 32;
/// How `MatMulNBits` computes: with activations of eight bits, quantised a row and block at a time.
const INTEGERS: i64 = 4;
/// What is added to the scores of padding.
const MASKED: f32 = -1e9;

/// A matrix `[rows, columns]` in four bits: each block of 32 numbers of a row has a scale, a number is (code − 8) · scale.
#[derive(Debug, Clone)]
pub struct FourBits {
    /// Rows: outputs of a linear layer, or entries of a table.
    pub rows: usize,
    /// Columns, a multiple of 32.
    pub columns: usize,
    /// Codes 0 to 15 of a row after the other, two a byte, the first in the lower half.
    pub codes: Vec<u8>,
    /// Scales of blocks, as the bits of half-precision numbers.
    pub scales: Vec<u16>,
}

/// A linear layer: `x · weightsᵀ + bias`.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[outputs, inputs]`.
    pub weights: FourBits,
    /// One for each output.
    pub bias: Vec<f32>,
}

/// A layer normalisation's parameters.
#[derive(Debug, Clone)]
pub struct Norm {
    /// What normalised numbers are multiplied with.
    pub scale: Vec<f32>,
    /// What is added then.
    pub shift: Vec<f32>,
}

/// A layer: attention, then two linear layers with a GELU between them, each with a residual and a normalisation after it.
#[derive(Debug, Clone)]
pub struct EncoderLayer {
    /// Queries, keys and values of the attention, and what mixes its heads.
    pub attention: [Linear; 4],
    /// Normalisation after the attention.
    pub attention_norm: Norm,
    /// To the inner width, and back.
    pub inner: [Linear; 2],
    /// The last normalisation.
    pub norm: Norm,
}

/// A text encoder. Inputs: `input_ids` and `attention_mask` `int64 [texts, tokens]`. Output: `last_hidden_state`
/// `float32 [texts, tokens, width]`.
#[derive(Debug, Clone)]
pub struct Encoder {
    /// Heads of the attention.
    pub heads: usize,
    /// Of the normalisations.
    pub epsilon: f32,
    /// Vectors of the pieces, `[pieces, width]`.
    pub pieces: FourBits,
    /// Vectors of the positions, `[positions, width]`, with that of the one segment added.
    pub positions: Vec<f32>,
    /// Normalisation of what the first layer takes.
    pub norm: Norm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
}

/// Writes an [`Encoder`]. Its bytes do not name the version of altlas, so that they stay from one to the next.
pub fn encoder(spec: &Encoder) -> Result<Vec<u8>, OnnxError> {
    let width = spec.pieces.columns;
    let mut writer = Writer { model: Builder::new("encoder", &[]), spec, width };
    size("heads", width, spec.heads.max(1) * (width / spec.heads.max(1)))?;
    for name in ["input_ids", "attention_mask"] {
        writer.model.input(port(name, data_type::INT64, &[None, None]));
    }
    writer.model.output(port("last_hidden_state", data_type::FLOAT, &[None, None, Some(width)]));
    writer.start()?;
    let mut state = "state_0".to_owned();
    for (number, layer) in (1..).zip(&spec.layers) {
        state = writer.layer(layer, number, &state)?;
    }
    writer.op("Identity", &[&state], "last_hidden_state");
    Ok(writer.model.finish_by(None))
}

struct Writer<'a> {
    model: Builder,
    spec: &'a Encoder,
    width: usize,
}

impl Writer<'_> {
    fn op(&mut self, op: &str, inputs: &[&str], output: &str) {
        self.model.op(op, inputs, &[output], vec![]);
    }

    fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> Result<(), OnnxError> {
        size("numbers of a tensor", dims.iter().product(), values.len())?;
        if values.iter().any(|v| !v.is_finite()) {
            return Err(OnnxError::NotFinite { what: "weights" });
        }
        self.model.constant(float_tensor(name, dims, values));
        Ok(())
    }

    /// Codes as `name`, and scales as `name_scale`: kept in the file as they are stored, half as large as the runtime wants them.
    fn four_bits(&mut self, name: &str, matrix: &FourBits, dims: &[usize]) -> Result<(), OnnxError> {
        let FourBits { rows, columns, codes, scales } = matrix;
        let blocks = rows * (columns / BLOCK);
        size("columns of blocks", *columns, columns / BLOCK * BLOCK)?;
        size("codes", rows * columns / 2, codes.len())?;
        size("scales", blocks, scales.len())?;
        self.model.constant(tensor(name, data_type::UINT8, dims, codes.clone()));
        let half = format!("{name}_half");
        let raw = scales.iter().flat_map(|s| s.to_le_bytes()).collect();
        self.model.constant(tensor(&half, data_type::FLOAT16, &[*rows, columns / BLOCK], raw));
        let to = vec![int("to", i64::from(data_type::FLOAT))];
        self.model.op("Cast", &[&half], &[&format!("{name}_scale")], to);
        Ok(())
    }

    fn linear(&mut self, linear: &Linear, x: &str, output: &str) -> Result<(), OnnxError> {
        let FourBits { rows, columns, .. } = linear.weights;
        let (weights, bias, product) =
            (format!("{output}_weights"), format!("{output}_bias"), format!("{output}_product"));
        self.four_bits(&weights, &linear.weights, &[rows, columns / BLOCK, BLOCK / 2])?;
        self.floats(&bias, &[rows], &linear.bias)?;
        let attributes = vec![
            int("K", columns as i64),
            int("N", rows as i64),
            int("bits", 4),
            int("block_size", BLOCK as i64),
            int("accuracy_level", INTEGERS),
        ];
        self.model.own("MatMulNBits", &[x, &weights, &format!("{weights}_scale")], &product, attributes);
        self.op("Add", &[&product, &bias], output);
        Ok(())
    }

    fn norm(&mut self, norm: &Norm, x: &str, output: &str) -> Result<(), OnnxError> {
        let (scale, shift) = (format!("{output}_norm_scale"), format!("{output}_norm_shift"));
        self.floats(&scale, &[self.width], &norm.scale)?;
        self.floats(&shift, &[self.width], &norm.shift)?;
        let attributes = vec![int("axis", -1), float("epsilon", self.spec.epsilon)];
        self.model.op("LayerNormalization", &[x, &scale, &shift], &[output], attributes);
        Ok(())
    }

    /// The state before the first layer, `mask`, and what all layers use.
    fn start(&mut self) -> Result<(), OnnxError> {
        let (spec, width) = (self.spec, self.width);
        let each = width / spec.heads.max(1);
        self.four_bits("pieces", &spec.pieces, &[spec.pieces.rows, width / 2])?;
        let positions = spec.positions.len() / width.max(1);
        self.floats("positions", &[positions, width], &spec.positions)?;
        for (name, value) in [("one", 1.0), ("masked", MASKED), ("shrink", 1.0 / (each as f32).sqrt())] {
            self.floats(name, &[], &[value])?;
        }
        let heads = [0, 0, spec.heads as i64, each as i64];
        for (name, values) in [
            ("zero", [0].as_slice()),
            ("first", &[1]),
            ("second", &[2]),
            ("one_and_two", &[1, 2]),
            ("by_head", &heads),
            ("joined", &[0, 0, width as i64]),
        ] {
            self.model.constant(int_tensor(name, &[values.len()], values));
        }
        let attributes = vec![
            int("bits", 4),
            int("block_size", BLOCK as i64),
            int("gather_axis", 0),
            int("quantize_axis", 1),
        ];
        let inputs = ["pieces", "input_ids", "pieces_scale"];
        self.model.own("GatherBlockQuantized", &inputs, "of_pieces", attributes);
        self.op("Shape", &["input_ids"], "shape");
        self.op("Slice", &["shape", "first", "second"], "length");
        self.op("Slice", &["positions", "zero", "length", "zero"], "of_positions");
        self.op("Add", &["of_pieces", "of_positions"], "taken");
        self.norm(&spec.norm, "taken", "state_0")?;
        let to = vec![int("to", i64::from(data_type::FLOAT))];
        self.model.op("Cast", &["attention_mask"], &["kept"], to);
        self.op("Sub", &["one", "kept"], "padding");
        self.op("Mul", &["padding", "masked"], "lowered");
        self.op("Unsqueeze", &["lowered", "one_and_two"], "mask");
        Ok(())
    }

    fn layer(&mut self, layer: &EncoderLayer, number: usize, x: &str) -> Result<String, OnnxError> {
        let name = |part: &str| format!("layer_{number}_{part}");
        let [query, key, value, mix] = &layer.attention;
        for (linear, part, order) in
            [(query, "query", [0, 2, 1, 3]), (key, "key", [0, 2, 3, 1]), (value, "value", [0, 2, 1, 3])]
        {
            let (flat, split) = (name(&format!("{part}_flat")), name(&format!("{part}_split")));
            self.linear(linear, x, &flat)?;
            self.op("Reshape", &[&flat, "by_head"], &split);
            self.model.op("Transpose", &[&split], &[&name(part)], vec![ints("perm", order.to_vec())]);
        }
        self.op("MatMul", &[&name("query"), &name("key")], &name("product"));
        self.op("Mul", &[&name("product"), "shrink"], &name("scores"));
        self.op("Add", &[&name("scores"), "mask"], &name("masked"));
        self.model.op("Softmax", &[&name("masked")], &[&name("shares")], vec![int("axis", -1)]);
        self.op("MatMul", &[&name("shares"), &name("value")], &name("heads"));
        let order = vec![ints("perm", vec![0, 2, 1, 3])];
        self.model.op("Transpose", &[&name("heads")], &[&name("turned")], order);
        self.op("Reshape", &[&name("turned"), "joined"], &name("attended"));
        self.linear(mix, &name("attended"), &name("mixed"))?;
        self.op("Add", &[&name("mixed"), x], &name("beside"));
        self.norm(&layer.attention_norm, &name("beside"), &name("between"))?;
        let [wide, narrow] = &layer.inner;
        self.linear(wide, &name("between"), &name("wide"))?;
        self.model.own("Gelu", &[&name("wide")], &name("bent"), vec![]);
        self.linear(narrow, &name("bent"), &name("narrow"))?;
        self.op("Add", &[&name("narrow"), &name("between")], &name("sum"));
        let state = format!("state_{number}");
        self.norm(&layer.norm, &name("sum"), &state)?;
        Ok(state)
    }
}

fn size(what: &'static str, expected: usize, actual: usize) -> Result<(), OnnxError> {
    if expected == actual { Ok(()) } else { Err(OnnxError::WrongSize { what, expected, actual }) }
}
