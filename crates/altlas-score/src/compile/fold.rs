use super::builder::Builder;
use super::node::Node;
use super::value::{Data, Kind, Row, Tensor, Value, sizes};
use super::{arithmetic, malformed};
use crate::{OutputType, Program, ScoreError};

/// Evaluates arithmetic of constants now, with the program that it would be for each row: so the arithmetic is the same.
pub(super) fn node(domain: &str, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    let constant = |value: &Option<Value>| match value {
        Some(Value::Const(tensor)) if tensor.kind != Kind::Text => Some(tensor.clone()),
        _ => None,
    };
    let inputs: Option<Vec<Tensor>> = node.inputs.iter().map(constant).collect();
    let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty() && domain == "ai.onnx") else {
        return Ok(None);
    };
    if node.operator() == "Cast" {
        return Ok(None);
    }
    let mut b = Builder::default();
    let rows: Vec<Row> = inputs.iter().map(|tensor| b.constant(tensor)).collect::<Result<_, _>>()?;
    let Some(results) = arithmetic::node(&mut b, &node.with(rows))? else { return Ok(None) };
    let [Value::Row(row)] = &results[..] else { return Ok(None) };
    let kind = match row.kind {
        Kind::F32 => OutputType::F32,
        Kind::F64 => OutputType::F64,
        Kind::I64 | Kind::I32 | Kind::Bool => OutputType::I64,
        Kind::Text => return Ok(None),
    };
    let bytes = b.finish(&[], &[(String::new(), kind, row.reg)]);
    // The form must start at a multiple of 8.
    let words: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect();
    let program = Program::open(bytemuck::cast_slice(&words))?;
    let mut scratch = program.scratch();
    program.score(&[], &[], &mut scratch)?;
    let numbers = scratch.numbers(0);
    // Larger whole numbers would have lost digits on their way.
    if row.kind == Kind::I64 && numbers.iter().any(|x| x.abs() > (1u64 << 53) as f64) {
        return Err(malformed("a constant is too large"));
    }
    let data = match kind {
        OutputType::F32 => Data::F(numbers.iter().map(|x| *x as f32).collect()),
        OutputType::F64 => Data::D(numbers.to_vec()),
        OutputType::I64 | OutputType::Text => Data::I(numbers.iter().map(|x| *x as i64).collect()),
    };
    Ok(Some(vec![Value::Const(Tensor { kind: row.kind, sizes: sizes(&row.shape), data })]))
}
