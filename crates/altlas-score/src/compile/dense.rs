use super::builder::Builder;
use super::node::Node;
use super::value::{Data, Dim, Kind, Row, Tensor, Value};
use super::{malformed, unsupported};
use crate::ScoreError;
use crate::ops::{BinaryKind, Dense, Op, Weights};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    let row = match node.operator() {
        "MatMul" => {
            let sum = product(b, node.row(0)?, matrix(node, false)?)?;
            match node.constant(1)?.map(|tensor| tensor.sizes.len()) {
                // The product with a vector has one dimension less.
                Some(1) => Row { shape: vec![Dim::Rows], ..sum },
                _ => sum,
            }
        }
        "Gemm" => gemm(b, node)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![Value::Row(row)]))
}

/// The second operand, which must be constant, by columns of the result.
fn matrix(node: &Node, transposed: bool) -> Result<Tensor, ScoreError> {
    let Some(tensor) = node.constant(1)? else { return node.refuse("one operand") };
    if let ([columns], false) = (&tensor.sizes[..], transposed) {
        return Ok(Tensor { sizes: vec![1, *columns], ..tensor.clone() });
    }
    let [rows, columns] = tensor.sizes[..] else { return node.refuse("an operand that is no matrix") };
    if transposed {
        return Ok(tensor.clone());
    }
    let map: Vec<usize> = (0..columns).flat_map(|c| (0..rows).map(move |r| r * columns + c)).collect();
    tensor.pick(&map, vec![columns, rows]).ok_or_else(|| malformed("a matrix is too small"))
}

/// `x · weightsᵀ` for weights of `[results, columns]`.
fn product(b: &mut Builder, x: &Row, weights: Tensor) -> Result<Row, ScoreError> {
    let [results, columns] = weights.sizes[..] else { return Err(malformed("no matrix")) };
    if x.shape != [Dim::Rows, Dim::Size(columns)] {
        return unsupported("a product of these shapes");
    }
    match &weights.data {
        Data::F(rows) if x.kind == Kind::F32 => dense(b, x, results, Weights::F { rows, bias: &[] }),
        Data::D(rows) if x.kind == Kind::F64 => dense(b, x, results, Weights::D { rows, bias: &[] }),
        _ => unsupported("a product of these types"),
    }
}

/// Weighted sums of a row's columns.
pub(super) fn dense(b: &mut Builder, x: &Row, results: usize, weights: Weights) -> Result<Row, ScoreError> {
    let out = b.row(x.kind, vec![Dim::Rows, Dim::Size(results)])?;
    b.op(&Op::Dense(Dense { x: x.reg, out: out.reg, weights }))?;
    Ok(out)
}

fn gemm(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    if node.int("transA").unwrap_or(0) != 0 {
        return node.refuse("a transposed first operand");
    }
    let weights = matrix(node, node.int("transB").unwrap_or(0) != 0)?;
    let mut sum = product(b, node.row(0)?, weights)?;
    let scaled = |b: &mut Builder, row: Row, by: f32| {
        if by == 1.0 {
            return Ok(row);
        }
        let factor = b.scalar(row.kind, f64::from(by))?;
        b.binary(BinaryKind::Mul, &row, &factor)
    };
    sum = scaled(b, sum, node.float("alpha").unwrap_or(1.0))?;
    let beta = node.float("beta").unwrap_or(1.0);
    if let Some(c) = node.input(2)
        && beta != 0.0
    {
        let c = b.place(c)?;
        let c = scaled(b, c, beta)?;
        sum = b.binary(BinaryKind::Add, &sum, &c)?;
    }
    Ok(sum)
}
