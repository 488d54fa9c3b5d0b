use super::builder::Builder;
use super::node::Node;
use super::value::{
    Data, Dim, Kind, Row, Shape, Tensor, Value, broadcast, broadcast_map, elements, fixed, position, sizes,
    span,
};
use super::{malformed, unsupported};
use crate::ScoreError;
use crate::ops::{Op, Place, RowLookup};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    let value = match node.operator() {
        "Constant" => constant(node)?,
        "ConstantOfShape" => constant_of_shape(b, node)?,
        "Identity" => node.value(0)?.clone(),
        "Shape" if node.has("start") || node.has("end") => return node.refuse("a part"),
        "Shape" => match node.value(0)? {
            Value::Row(row) => Value::Shape(row.shape.clone()),
            Value::Const(tensor) => Value::Const(ints(&tensor.sizes)),
            Value::Shape(shape) => Value::Const(ints(&[shape.len()])),
        },
        "Reshape" => reshape(node)?,
        "Flatten" => flatten(node)?,
        "Squeeze" => squeeze(node)?,
        "Unsqueeze" => unsqueeze(node)?,
        "Transpose" => transpose(b, node)?,
        "Concat" => concat(b, node)?,
        "Expand" => expand(b, node)?,
        "Gather" => gather(b, node)?,
        "GatherElements" => gather_elements(b, node)?,
        "Slice" => slice(b, node)?,
        "Split" => return split(b, node).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(vec![value]))
}

fn ints(values: &[usize]) -> Tensor {
    Tensor::ints(values.iter().map(|n| *n as i64).collect())
}

fn constant(node: &Node) -> Result<Value, ScoreError> {
    if let Some(tensor) = node.tensor("value")? {
        return Ok(Value::Const(tensor));
    }
    let tensor = match (node.float("value_float"), node.int("value_int")) {
        (Some(x), _) => Tensor { kind: Kind::F32, sizes: vec![], data: Data::F(vec![x]) },
        (_, Some(x)) => Tensor { kind: Kind::I64, sizes: vec![], data: Data::I(vec![x]) },
        _ => match (node.floats("value_floats"), node.ints("value_ints")) {
            (Some(x), _) => Tensor { kind: Kind::F32, sizes: vec![x.len()], data: Data::F(x.to_vec()) },
            (_, Some(x)) => Tensor::ints(x.to_vec()),
            _ => return node.refuse("a value of this type"),
        },
    };
    Ok(Value::Const(tensor))
}

fn constant_of_shape(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let zero = Tensor { kind: Kind::F32, sizes: vec![1], data: Data::F(vec![0.0]) };
    let value = node.tensor("value")?.unwrap_or(zero);
    let shape = match node.shape(0)? {
        Err(shape) => shape,
        Ok(sizes) => sizes.iter().map(|n| Dim::Size(usize::try_from(*n).unwrap_or_default())).collect(),
    };
    if elements(&shape) > crate::program::MOST_ELEMENTS {
        return node.refuse("many elements");
    }
    let all = value.pick(&vec![0; elements(&shape)], sizes(&shape));
    let row = b.constant(&all.ok_or_else(|| malformed("a constant is empty"))?)?;
    Ok(Value::Row(Row { shape, ..row }))
}

/// The same elements in another shape.
fn reshaped(value: &Value, shape: Shape) -> Result<Value, ScoreError> {
    // Elements before the dimension of the rows must stay before it: else an element would change its row.
    let before = |shape: &[Dim]| {
        shape.iter().position(|d| *d == Dim::Rows).map(|at| elements(shape.get(..at).unwrap_or_default()))
    };
    match value {
        Value::Row(row) => {
            let fits = before(&shape) == before(&row.shape) && elements(&shape) == elements(&row.shape);
            if !fits || shape.iter().filter(|d| **d == Dim::Rows).count() > 1 {
                return unsupported("a shape that mixes rows");
            }
            Ok(Value::Row(Row { shape, ..row.clone() }))
        }
        Value::Const(tensor) if !shape.contains(&Dim::Rows) && elements(&shape) == tensor.len() => {
            Ok(Value::Const(Tensor { sizes: sizes(&shape), ..tensor.clone() }))
        }
        Value::Shape(from) if shape.len() == 1 && elements(&shape) == from.len() => Ok(value.clone()),
        _ => unsupported("a shape that does not fit"),
    }
}

fn shape_of(value: &Value) -> Shape {
    match value {
        Value::Row(row) => row.shape.clone(),
        Value::Const(tensor) => fixed(&tensor.sizes),
        Value::Shape(shape) => vec![Dim::Size(shape.len())],
    }
}

fn reshape(node: &Node) -> Result<Value, ScoreError> {
    let value = node.value(0)?;
    let from = shape_of(value);
    let target = match (node.ints("shape"), node.input(1)) {
        (Some(sizes), None) => Ok(sizes.to_vec()),
        _ => node.shape(1)?,
    };
    let target = match target {
        Ok(target) => target,
        Err(shape) => return reshaped(value, shape),
    };
    let keep_zero = node.int("allowzero") == Some(1);
    let mut shape = vec![];
    let mut open = None;
    for (at, size) in target.iter().enumerate() {
        shape.push(match size {
            0 if !keep_zero => *from.get(at).ok_or_else(|| malformed("a shape copies no dimension"))?,
            -1 if open.replace(at).is_none() => Dim::Size(1),
            size => Dim::Size(usize::try_from(*size).map_err(|_| malformed("a shape has two open sizes"))?),
        });
    }
    if let Some(open) = open.and_then(|at| shape.get_mut(at).map(|_| at)) {
        let rest = elements(&shape);
        let needs_rows = from.contains(&Dim::Rows) && !shape.contains(&Dim::Rows);
        let size = elements(&from).checked_div(rest).unwrap_or_default();
        if let Some(dim) = shape.get_mut(open) {
            *dim = if needs_rows { Dim::Rows } else { Dim::Size(size) };
        }
    }
    reshaped(value, shape)
}

fn flatten(node: &Node) -> Result<Value, ScoreError> {
    let value = node.value(0)?;
    let from = shape_of(value);
    let axis = node.int("axis").unwrap_or(1);
    let axis = if axis == from.len() as i64 { from.len() } else { position(axis, from.len())? };
    let side = |part: &[Dim]| match part.contains(&Dim::Rows) {
        true if elements(part) == 1 => Ok(Dim::Rows),
        true => unsupported("Flatten with columns among the rows"),
        false => Ok(Dim::Size(elements(part))),
    };
    let (outer, inner) = from.split_at_checked(axis).unwrap_or_default();
    reshaped(value, vec![side(outer)?, side(inner)?])
}

fn squeeze(node: &Node) -> Result<Value, ScoreError> {
    let value = node.value(0)?;
    let from = shape_of(value);
    let axes = node.parameter(1, "axes")?;
    let axes: Option<Vec<usize>> =
        axes.map(|axes| axes.iter().map(|a| position(*a, from.len())).collect()).transpose()?;
    let drop = |(at, dim): &(usize, &Dim)| match &axes {
        Some(axes) => axes.contains(at),
        None => **dim == Dim::Size(1),
    };
    let shape = from.iter().enumerate().filter(|pair| !drop(pair)).map(|(_, d)| *d).collect();
    reshaped(value, shape)
}

fn unsqueeze(node: &Node) -> Result<Value, ScoreError> {
    let value = node.value(0)?;
    let mut shape = shape_of(value);
    let axes = node.parameter(1, "axes")?.unwrap_or_default();
    let rank = shape.len() + axes.len();
    let mut axes: Vec<usize> = axes.iter().map(|a| position(*a, rank)).collect::<Result<_, _>>()?;
    axes.sort_unstable();
    for axis in axes {
        if axis > shape.len() {
            return Err(malformed("an axis is out of range"));
        }
        shape.insert(axis, Dim::Size(1));
    }
    reshaped(value, shape)
}

/// The elements of a row of `shape`, as numbers in a nest of its sizes, with the strides of its axes.
fn strides(shape: &[Dim]) -> Vec<usize> {
    let mut stride = elements(shape);
    let each = |dim: &Dim| match dim {
        Dim::Rows => 0,
        Dim::Size(size) => {
            stride = stride.checked_div(*size).unwrap_or_default();
            stride
        }
    };
    shape.iter().map(each).collect()
}

/// A map of all combinations of the given offsets, the last varying fastest.
fn nest(axes: &[Vec<usize>]) -> Vec<u32> {
    axes.iter().fold(vec![0u32], |map, offsets| {
        map.iter().flat_map(|base| offsets.iter().map(move |o| base + *o as u32)).collect()
    })
}

/// For each axis of a row, the offsets of its elements.
fn offsets(shape: &[Dim]) -> Vec<Vec<usize>> {
    let each = |(dim, stride): (&Dim, usize)| match dim {
        Dim::Rows => vec![0],
        Dim::Size(size) => (0..*size).map(|k| k * stride).collect(),
    };
    shape.iter().zip(strides(shape)).map(each).collect()
}

fn transpose(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let row = node.row(0)?;
    let rank = row.shape.len();
    let order = match node.ints("perm") {
        Some(order) => order.iter().map(|a| position(*a, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).rev().collect::<Vec<_>>(),
    };
    let all = offsets(&row.shape);
    let axes: Vec<_> = order.iter().filter_map(|a| all.get(*a).cloned()).collect();
    let shape: Shape = order.iter().filter_map(|a| row.shape.get(*a).copied()).collect();
    Ok(Value::Row(b.pick(row, &nest(&axes), shape)?))
}

fn concat(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let values: Vec<&Value> = node.inputs.iter().flatten().collect();
    let rank = values.first().map_or(0, |v| shape_of(v).len());
    let axis = position(node.int("axis").unwrap_or(1), rank)?;
    if let Some(shape) = known(&values) {
        return Ok(shape);
    }
    let rows: Vec<Row> = values.iter().map(|v| b.place(v)).collect::<Result<_, _>>()?;
    let Some(first) = rows.first() else { return node.refuse("no input") };
    let mut shape = first.shape.clone();
    let mut total = 0;
    for row in &rows {
        let same = row.shape.len() == rank && row.kind == first.kind;
        let beside = (0..rank).all(|at| at == axis || row.shape.get(at) == shape.get(at));
        let Some(Dim::Size(size)) = row.shape.get(axis).filter(|_| same && beside) else {
            return node.refuse("inputs of these shapes");
        };
        total += size;
    }
    if let Some(dim) = shape.get_mut(axis) {
        *dim = Dim::Size(total);
    }
    let joined = join(b, &rows, first.kind)?;
    let outer = span(&shape, axis, axis + 1)?.outer;
    let shape_row = Row { shape: shape.clone(), ..joined };
    if outer == 1 {
        return Ok(Value::Row(shape_row));
    }
    // One after the other they are in the wrong order: elements of the outer dimensions come first.
    let mut map = Vec::with_capacity(elements(&shape));
    for n in 0..outer as usize {
        let mut start = 0;
        for row in &rows {
            let len = row.reg.len() / outer as usize;
            map.extend((0..len).map(|k| (start + n * len + k) as u32));
            start += row.reg.len();
        }
    }
    Ok(Value::Row(b.pick(&shape_row, &map, shape)?))
}

/// Rows one after the other in one register.
pub(super) fn join(b: &mut Builder, rows: &[Row], kind: Kind) -> Result<Row, ScoreError> {
    let total: usize = rows.iter().map(|r| r.reg.len()).sum();
    let mut out = b.row(kind, vec![Dim::Rows, Dim::Size(total)])?;
    out.open = rows.iter().any(|r| r.open);
    let mut at = out.reg.at;
    for row in rows {
        let part = crate::flat::Reg { at, len: row.reg.len };
        b.op(&Op::Place(Place { bank: kind.bank(), x: row.reg, out: part }))?;
        at += row.reg.len;
    }
    Ok(out)
}

/// Shapes and whole numbers put together, for a target of Reshape.
fn known(values: &[&Value]) -> Option<Value> {
    let dims = |value: &&Value| match value {
        Value::Shape(shape) => Some(shape.clone()),
        Value::Const(tensor) => {
            let sizes: Option<Vec<usize>> =
                tensor.as_ints()?.iter().map(|n| usize::try_from(*n).ok()).collect();
            Some(fixed(&sizes?))
        }
        Value::Row(_) => None,
    };
    let parts: Option<Vec<Shape>> = values.iter().map(dims).collect();
    Some(shape_value(parts?.concat()))
}

/// A shape, or a constant where it has no number of rows.
fn shape_value(shape: Shape) -> Value {
    if shape.contains(&Dim::Rows) { Value::Shape(shape) } else { Value::Const(ints(&sizes(&shape))) }
}

fn expand(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let row = node.row(0)?;
    let target = match node.shape(1)? {
        Err(shape) => shape,
        Ok(sizes) => sizes.iter().map(|n| Dim::Size(usize::try_from(*n).unwrap_or_default())).collect(),
    };
    let shape = broadcast(&row.shape, &target)?;
    match broadcast_map(&row.shape, &shape) {
        None => reshaped(&Value::Row(row.clone()), shape),
        Some(map) => Ok(Value::Row(b.pick(row, &map, shape)?)),
    }
}

fn gather(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let (data, indices) = (node.value(0)?, node.value(1)?);
    let from = shape_of(data);
    let axis = position(node.int("axis").unwrap_or(0), from.len())?;
    match (data, indices) {
        (Value::Const(table), Value::Row(index)) if from.len() == 1 => {
            Ok(Value::Row(b.lookup(index, table)?))
        }
        (Value::Shape(shape), Value::Const(index)) => {
            let picked: Result<Shape, _> = index
                .as_ints()
                .unwrap_or_default()
                .iter()
                .map(|n| Ok(shape.get(position(*n, shape.len())?).copied().unwrap_or(Dim::Size(1))))
                .collect();
            Ok(shape_value(picked?))
        }
        (Value::Row(row), Value::Const(index)) => {
            let Some(Dim::Size(size)) = from.get(axis).copied() else { return node.refuse("rows") };
            let chosen: Vec<usize> = index
                .as_ints()
                .unwrap_or_default()
                .iter()
                .map(|n| position(*n, size))
                .collect::<Result<_, _>>()?;
            let mut shape = from.clone();
            shape.splice(axis..=axis, fixed(&index.sizes));
            along(b, row, axis, &chosen, shape)
        }
        _ => node.refuse("an index that depends on the row"),
    }
}

/// Some elements of an axis.
pub(super) fn along(
    b: &mut Builder,
    row: &Row,
    axis: usize,
    chosen: &[usize],
    shape: Shape,
) -> Result<Value, ScoreError> {
    let mut axes = offsets(&row.shape);
    if let Some(own) = axes.get_mut(axis) {
        *own = chosen.iter().filter_map(|n| own.get(*n).copied()).collect();
    }
    let map = nest(&axes);
    if map.len() == row.reg.len() && map.iter().enumerate().all(|(n, from)| n as u32 == *from) {
        return Ok(Value::Row(Row { shape, ..row.clone() }));
    }
    Ok(Value::Row(b.pick(row, &map, shape)?))
}

fn gather_elements(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let (row, index) = (node.row(0)?.clone(), node.row(1)?.clone());
    let axis = position(node.int("axis").unwrap_or(0), row.shape.len())?;
    let alone = |shape: &[Dim]| span(shape, axis, axis + 1).is_ok_and(|a| a.outer == 1 && a.inner == 1);
    if !alone(&row.shape) || index.shape.len() != row.shape.len() || !alone(&index.shape) {
        return node.refuse("more than one axis");
    }
    let out = b.row(row.kind, index.shape)?;
    b.op(&Op::RowLookup(RowLookup { bank: row.kind.bank(), x: row.reg, index: index.reg, out: out.reg }))?;
    Ok(Value::Row(Row { open: row.open, ..out }))
}

fn slice(b: &mut Builder, node: &Node) -> Result<Value, ScoreError> {
    let need = |found: Option<Vec<i64>>| found.ok_or_else(|| malformed("Slice lacks its bounds"));
    let (starts, ends) = (need(node.parameter(1, "starts")?)?, need(node.parameter(2, "ends")?)?);
    let axes = node.parameter(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = node.constant(4)?.and_then(Tensor::as_ints).map(<[i64]>::to_vec);
    if let (Value::Shape(shape), [start], [end]) = (node.value(0)?, &starts[..], &ends[..]) {
        let range = range(*start, *end, 1, shape.len());
        return Ok(shape_value(range.iter().filter_map(|n| shape.get(*n).copied()).collect()));
    }
    let mut row = node.row(0)?.clone();
    for (n, (axis, (start, end))) in axes.iter().zip(starts.iter().zip(&ends)).enumerate() {
        let axis = position(*axis, row.shape.len())?;
        let step = steps.as_ref().and_then(|s| s.get(n)).copied().unwrap_or(1);
        let size = match row.shape.get(axis) {
            Some(Dim::Size(size)) => *size,
            _ if *start == 0 && *end >= i64::from(i32::MAX) && step == 1 => continue,
            _ => return node.refuse("some of the rows"),
        };
        if step == 0 {
            return Err(malformed("a step is 0"));
        }
        let chosen = range(*start, *end, step, size);
        let mut shape = row.shape.clone();
        if let Some(dim) = shape.get_mut(axis) {
            *dim = Dim::Size(chosen.len());
        }
        let Value::Row(next) = along(b, &row, axis, &chosen, shape)? else {
            return node.refuse("a constant");
        };
        row = next;
    }
    Ok(Value::Row(row))
}

/// The positions of a slice.
fn range(start: i64, end: i64, step: i64, size: usize) -> Vec<usize> {
    let size = size as i64;
    let place = |at: i64, low: i64, high: i64| {
        let at = if at < 0 { at.saturating_add(size) } else { at };
        at.clamp(low, high)
    };
    let (mut at, end) = if step > 0 {
        (place(start, 0, size), place(end, 0, size))
    } else {
        (place(start, -1, size - 1), if end < -size { -1 } else { place(end, -1, size - 1) })
    };
    let mut chosen = vec![];
    while if step > 0 { at < end } else { at > end } {
        chosen.push(at as usize);
        at = at.saturating_add(step);
    }
    chosen
}

fn split(b: &mut Builder, node: &Node) -> Result<Vec<Value>, ScoreError> {
    let row = node.row(0)?.clone();
    let axis = position(node.int("axis").unwrap_or(0), row.shape.len())?;
    let Some(Dim::Size(size)) = row.shape.get(axis).copied() else { return node.refuse("rows") };
    let parts = match node.parameter(1, "split")? {
        Some(parts) => parts.iter().map(|n| usize::try_from(*n).unwrap_or_default()).collect(),
        None => {
            let count = (0..).take_while(|n| node.wants(*n)).count().max(1);
            let each = size.div_ceil(count);
            (0..count).map(|n| each.min(size.saturating_sub(n * each))).collect::<Vec<_>>()
        }
    };
    let mut at = 0;
    let mut results = vec![];
    for part in parts {
        let chosen: Vec<usize> = (at..at + part).filter(|n| *n < size).collect();
        let mut shape = row.shape.clone();
        if let Some(dim) = shape.get_mut(axis) {
            *dim = Dim::Size(chosen.len());
        }
        results.push(along(b, &row, axis, &chosen, shape)?);
        at += part;
    }
    Ok(results)
}
