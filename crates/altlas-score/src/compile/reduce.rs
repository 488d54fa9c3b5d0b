use super::builder::Builder;
use super::node::Node;
use super::shape::join;
use super::value::{Dim, Kind, Row, Shape, Value, position, span};
use crate::ScoreError;
use crate::flat::Bank;
use crate::ops::{
    Arg, Axis, BinaryKind, CompareKind, CumSum, MOST_TOP, Op, Reduce, ReduceKind, Softmax, TopK,
};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    let row = match node.operator() {
        "ReduceL1" => reduce(b, node, ReduceKind::L1)?,
        "ReduceL2" => reduce(b, node, ReduceKind::L2)?,
        "ReduceLogSum" => reduce(b, node, ReduceKind::LogSum)?,
        "ReduceLogSumExp" => reduce(b, node, ReduceKind::LogSumExp)?,
        "ReduceMax" => reduce(b, node, ReduceKind::Max)?,
        "ReduceMean" => reduce(b, node, ReduceKind::Mean)?,
        "ReduceMin" => reduce(b, node, ReduceKind::Min)?,
        "ReduceProd" => reduce(b, node, ReduceKind::Prod)?,
        "ReduceSum" => reduce(b, node, ReduceKind::Sum)?,
        "ReduceSumSquare" => reduce(b, node, ReduceKind::SumSquare)?,
        "ArgMax" => arg(b, node, false)?,
        "ArgMin" => arg(b, node, true)?,
        "Softmax" => softmax(b, node, false)?,
        "LogSoftmax" => softmax(b, node, true)?,
        "LpNormalization" => lp(b, node)?,
        "CumSum" => cumsum(b, node)?,
        "TopK" => return top(b, node).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(vec![Value::Row(row)]))
}

/// A shape with axes `from..to` reduced to one element each, or left out.
fn reduced(shape: &[Dim], from: usize, to: usize, keep: bool) -> Shape {
    let each = |(at, dim): (usize, &Dim)| match (from..to).contains(&at) {
        true => keep.then_some(Dim::Size(1)),
        false => Some(*dim),
    };
    shape.iter().enumerate().filter_map(each).collect()
}

fn reduce(b: &mut Builder, node: &Node, kind: ReduceKind) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    let rooted = matches!(kind, ReduceKind::L2 | ReduceKind::LogSum | ReduceKind::LogSumExp);
    if matches!(x.kind, Kind::Text | Kind::Bool) || x.kind.bank() == Bank::I && rooted {
        return node.refuse("values of this type");
    }
    let axes = node.parameter(1, "axes")?.unwrap_or_default();
    if axes.is_empty() && node.int("noop_with_empty_axes") == Some(1) {
        return Ok(x);
    }
    let mut axes: Vec<usize> = axes.iter().map(|a| position(*a, x.shape.len())).collect::<Result<_, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    let (from, to) = match (axes.first(), axes.last()) {
        (Some(first), Some(last)) if last - first + 1 == axes.len() => (*first, last + 1),
        (None, None) => (0, x.shape.len()),
        _ => return node.refuse("axes that are apart"),
    };
    let axis = span(&x.shape, from, to)?;
    let out = b.row(x.kind, reduced(&x.shape, from, to, node.int("keepdims") != Some(0)))?;
    b.op(&Op::Reduce(Reduce { kind, bank: x.kind.bank(), x: x.reg, axis, out: out.reg }))?;
    Ok(out)
}

fn arg(b: &mut Builder, node: &Node, smallest: bool) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    if x.kind == Kind::Text || node.int("select_last_index") == Some(1) {
        return node.refuse("the last of equal values");
    }
    let at = position(node.int("axis").unwrap_or(0), x.shape.len())?;
    let axis = span(&x.shape, at, at + 1)?;
    let shape = reduced(&x.shape, at, at + 1, node.int("keepdims") != Some(0));
    arg_of(b, &x, axis, shape, smallest)
}

/// The position of the largest or smallest element along an axis.
pub(super) fn arg_of(
    b: &mut Builder,
    x: &Row,
    axis: Axis,
    shape: Shape,
    smallest: bool,
) -> Result<Row, ScoreError> {
    let out = b.row(Kind::I64, shape)?;
    b.op(&Op::Arg(Arg { smallest, bank: x.kind.bank(), x: x.reg, axis, out: out.reg }))?;
    Ok(out)
}

fn float(node: &Node, x: &Row) -> Result<(), ScoreError> {
    if x.kind.bank() == Bank::I { node.refuse("values of this type") } else { Ok(()) }
}

fn softmax(b: &mut Builder, node: &Node, log: bool) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    float(node, &x)?;
    let rank = x.shape.len();
    // Before version 13, all axes from the given one on were one.
    let old = node.version < 13;
    let at = position(node.int("axis").unwrap_or(if old { 1 } else { -1 }), rank)?;
    let axis = span(&x.shape, at, if old { rank } else { at + 1 })?;
    let out = b.row(x.kind, x.shape)?;
    b.op(&Op::Softmax(Softmax { log, bank: x.kind.bank(), x: x.reg, axis, out: out.reg }))?;
    Ok(out)
}

/// Divided by the norm; 0 where that is 0.
fn lp(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    float(node, &x)?;
    let kind = match node.int("p").unwrap_or(2) {
        1 => ReduceKind::L1,
        2 => ReduceKind::L2,
        _ => return node.refuse("another norm"),
    };
    let at = position(node.int("axis").unwrap_or(-1), x.shape.len())?;
    let axis = span(&x.shape, at, at + 1)?;
    let norm = b.row(x.kind, reduced(&x.shape, at, at + 1, true))?;
    b.op(&Op::Reduce(Reduce { kind, bank: x.kind.bank(), x: x.reg, axis, out: norm.reg }))?;
    let zero = b.scalar(x.kind, 0.0)?;
    let empty = super::arithmetic::compare_rows(b, CompareKind::Equal, &norm, &zero)?;
    let share = b.binary(BinaryKind::Div, &x, &norm)?;
    super::arithmetic::choose(b, &empty, &Value::Row(zero), &Value::Row(share))
}

fn cumsum(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    let at = node.parameter(1, "axis")?.and_then(|a| a.first().copied());
    if node.int("exclusive") == Some(1) || node.int("reverse") == Some(1) || x.kind == Kind::Text {
        return node.refuse("another order");
    }
    let at = position(at.unwrap_or(0), x.shape.len())?;
    let axis = span(&x.shape, at, at + 1)?;
    let out = b.row(x.kind, x.shape)?;
    b.op(&Op::CumSum(CumSum { bank: x.kind.bank(), x: x.reg, axis, out: out.reg }))?;
    Ok(out)
}

fn top(b: &mut Builder, node: &Node) -> Result<Vec<Value>, ScoreError> {
    let x = node.row(0)?.clone();
    float(node, &x)?;
    let k = match node.parameter(1, "k")? {
        Some(k) => k.first().copied(),
        None => node.int("k"),
    };
    let at = position(node.int("axis").unwrap_or(-1), x.shape.len())?;
    let axis = span(&x.shape, at, at + 1)?;
    let k = k.and_then(|k| usize::try_from(k).ok()).filter(|k| *k <= MOST_TOP.min(axis.len as usize));
    let Some(k) = k.filter(|_| axis.outer == 1 && axis.inner == 1) else {
        return node.refuse("these parameters");
    };
    let mut shape = x.shape.clone();
    if let Some(dim) = shape.get_mut(at) {
        *dim = Dim::Size(k);
    }
    let (values, indices) = (b.row(x.kind, shape.clone())?, b.row(Kind::I64, shape)?);
    let smallest = node.int("largest") == Some(0);
    let bank = x.kind.bank();
    b.op(&Op::TopK(TopK { smallest, bank, x: x.reg, values: values.reg, indices: indices.reg }))?;
    Ok(vec![Value::Row(values), Value::Row(indices)])
}

/// Several rows as one of single precision.
pub(super) fn vector(b: &mut Builder, rows: &[Row]) -> Result<Row, ScoreError> {
    let rows: Vec<Row> = rows.iter().map(|r| b.cast(r, Kind::F32)).collect::<Result<_, _>>()?;
    join(b, &rows, Kind::F32)
}
