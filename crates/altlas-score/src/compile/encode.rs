use super::arithmetic::{ask, choose, compare_rows};
use super::builder::Builder;
use super::node::Node;
use super::reduce::vector;
use super::shape::along;
use super::value::{Data, Dim, Kind, Row, Tensor, Value, elements, position};
use super::{malformed, unsupported};
use crate::ScoreError;
use crate::flat::Bank;
use crate::ops::{BinaryKind, CompareKind, Find, Hot, Keys, Norm, Normalize, Op, PredicateKind, Refuse};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    let row = match node.operator() {
        "Scaler" => scaler(b, node)?,
        "Imputer" => imputer(b, node)?,
        "Binarizer" => binarizer(b, node)?,
        "Normalizer" => normalizer(b, node)?,
        "OneHotEncoder" => one_hot(b, node)?,
        "LabelEncoder" => label(b, node)?,
        "ArrayFeatureExtractor" => extract(b, node)?,
        "FeatureVectorizer" => vectorize(b, node)?,
        "ZipMap" => zip_map(b, node)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![Value::Row(row)]))
}

/// The number of columns of an input, as the operators of this domain count them.
fn stride(node: &Node, row: &Row) -> Result<usize, ScoreError> {
    match row.shape[..] {
        [Dim::Rows, Dim::Size(columns)] => Ok(columns),
        _ => node.refuse("an input of this shape"),
    }
}

/// One value for all columns, or one for each.
fn per_column(b: &mut Builder, kind: Kind, values: &[f32]) -> Result<Row, ScoreError> {
    let data = if kind == Kind::F64 {
        Data::D(values.iter().map(|x| f64::from(*x)).collect())
    } else {
        Data::F(values.to_vec())
    };
    let kind = if kind == Kind::F64 { kind } else { Kind::F32 };
    b.constant(&Tensor { kind, sizes: vec![values.len()], data })
}

fn scaler(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let mut x = node.row(0)?.clone();
    let columns = stride(node, &x)?;
    let (offset, scale) =
        (node.floats("offset").unwrap_or_default(), node.floats("scale").unwrap_or_default());
    let fits = offset.len() == columns || offset.len() == 1;
    if !fits || scale.len() != offset.len() {
        return Err(malformed("Scaler has another number of columns"));
    }
    match x.kind {
        Kind::Text | Kind::Bool => return node.refuse("an input of this type"),
        Kind::I64 | Kind::I32 => x = b.cast(&x, Kind::F32)?,
        Kind::F32 | Kind::F64 => {}
    }
    let (offset, scale) = (per_column(b, x.kind, offset)?, per_column(b, x.kind, scale)?);
    let moved = b.binary(BinaryKind::Sub, &x, &offset)?;
    let scaled = b.binary(BinaryKind::Mul, &moved, &scale)?;
    b.cast(&scaled, Kind::F32)
}

fn imputer(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    let columns = stride(node, &x)?;
    let (replaced, values) = match x.kind {
        Kind::F32 => {
            let values = node.floats("imputed_value_floats").unwrap_or_default();
            let replaced = node.float("replaced_value_float").unwrap_or_default();
            let tensor =
                Tensor { kind: Kind::F32, sizes: vec![values.len()], data: Data::F(values.to_vec()) };
            (f64::from(replaced), tensor)
        }
        Kind::I64 => {
            let values = node.ints("imputed_value_int64s").unwrap_or_default();
            let replaced = node.int("replaced_value_int64").unwrap_or_default();
            if replaced.unsigned_abs() > 1 << 53 {
                return node.refuse("a large value to replace");
            }
            (replaced as f64, Tensor::ints(values.to_vec()))
        }
        _ => return node.refuse("an input of this type"),
    };
    // With another number of values, the first is for all columns.
    let values = match values.len() {
        0 => return node.refuse("no value"),
        n if n == columns => values,
        _ => values.pick(&[0], vec![1]).ok_or_else(|| malformed("Imputer has no value"))?,
    };
    let gap = if replaced.is_nan() {
        ask(b, &x, PredicateKind::Missing)?
    } else {
        let replaced = b.scalar(x.kind, replaced)?;
        compare_rows(b, CompareKind::Equal, &x, &replaced)?
    };
    choose(b, &gap, &Value::Const(values), &Value::Row(x))
}

fn binarizer(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    if x.kind != Kind::F32 {
        return node.refuse("an input of this type");
    }
    let missing = ask(b, &x, PredicateKind::Missing)?;
    b.op(&Op::Refuse(Refuse { x: missing.reg }))?;
    let threshold = b.scalar(Kind::F32, f64::from(node.float("threshold").unwrap_or_default()))?;
    let above = compare_rows(b, CompareKind::Greater, &x, &threshold)?;
    b.cast(&above, Kind::F32)
}

fn normalizer(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    stride(node, &x)?;
    let norm = match node.string("norm").unwrap_or("MAX") {
        "MAX" => Norm::Max,
        "L1" => Norm::L1,
        "L2" => Norm::L2,
        _ => return node.refuse("an unknown norm"),
    };
    if x.kind != Kind::F32 {
        return node.refuse("an input of this type");
    }
    let out = b.row(Kind::F32, x.shape)?;
    b.op(&Op::Normalize(Normalize { norm, x: x.reg, out: out.reg }))?;
    Ok(out)
}

/// Keys without duplicates, sorted, with their positions. Of equal keys the first counts, or the last.
fn sorted<K: Clone>(
    keys: &[K],
    last: bool,
    order: impl Fn(&K, &K) -> std::cmp::Ordering,
) -> (Vec<K>, Vec<u32>) {
    let mut all: Vec<(K, u32)> = keys.iter().cloned().zip(0..).collect();
    all.sort_by(|a, b| order(&a.0, &b.0).then(if last { b.1.cmp(&a.1) } else { a.1.cmp(&b.1) }));
    all.dedup_by(|next, kept| order(&next.0, &kept.0).is_eq());
    all.into_iter().unzip()
}

/// Where the elements of a row are among keys.
fn find(b: &mut Builder, x: &Row, keys: Keys, positions: &[u32], other: usize) -> Result<Row, ScoreError> {
    let out = b.row(Kind::I64, x.shape.clone())?;
    let bank = x.kind.bank();
    b.op(&Op::Find(Find { bank, x: x.reg, out: out.reg, keys, positions, other: other as u32 }))?;
    Ok(out)
}

fn one_hot(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    let texts = node.strings("cats_strings")?.unwrap_or_default();
    let keys = match x.kind {
        Kind::Text => b.text_numbers(&texts),
        Kind::Bool | Kind::I32 => return node.refuse("an input of this type"),
        _ => node.ints("cats_int64s").unwrap_or_default().to_vec(),
    };
    let count = keys.len();
    if count == 0 || x.shape.len() > 2 {
        return node.refuse("no categories of its input's type");
    }
    let (keys, positions) = sorted(&keys, true, i64::cmp);
    let index = find(b, &x, Keys::Whole(&keys), &positions, count)?;
    if node.int("zeros").unwrap_or(1) == 0 {
        let other = b.scalar(Kind::I64, count as f64)?;
        let unknown = compare_rows(b, CompareKind::Equal, &index, &other)?;
        b.op(&Op::Refuse(Refuse { x: unknown.reg }))?;
    }
    let mut shape = x.shape;
    shape.push(Dim::Size(count));
    let out = b.row(Kind::F32, shape)?;
    b.op(&Op::Hot(Hot { index: index.reg, width: count as u32, out: out.reg }))?;
    Ok(out)
}

/// The keys, the values and the default of a LabelEncoder.
struct Labels {
    keys: Data,
    values: Tensor,
    default: Tensor,
}

fn labels(node: &Node, input: Kind) -> Result<Labels, ScoreError> {
    let text = |name: &str| node.string(name).unwrap_or("_Unused").to_owned();
    let one = |kind: Kind, data: Data| Tensor { kind, sizes: vec![1], data };
    if node.version == 1 {
        let classes = node.strings("classes_strings")?.unwrap_or_default();
        let numbers: Vec<i64> = (0..classes.len() as i64).collect();
        let texts =
            Tensor { kind: Kind::Text, sizes: vec![classes.len()], data: Data::Text(classes.clone()) };
        return Ok(match input {
            Kind::Text => Labels {
                keys: Data::Text(classes),
                values: Tensor::ints(numbers),
                default: one(Kind::I64, Data::I(vec![node.int("default_int64").unwrap_or(-1)])),
            },
            _ => Labels {
                keys: Data::I(numbers),
                values: texts,
                default: one(Kind::Text, Data::Text(vec![text("default_string")])),
            },
        });
    }
    let keys = match (node.tensor("keys_tensor")?, node.ints("keys_int64s"), node.floats("keys_floats")) {
        (Some(tensor), ..) => tensor.data,
        (_, Some(keys), _) => Data::I(keys.to_vec()),
        (.., Some(keys)) => Data::F(keys.to_vec()),
        _ => Data::Text(node.strings("keys_strings")?.unwrap_or_default()),
    };
    let values =
        match (node.tensor("values_tensor")?, node.ints("values_int64s"), node.floats("values_floats")) {
            (Some(tensor), ..) => tensor,
            (_, Some(values), _) => Tensor::ints(values.to_vec()),
            (.., Some(values)) => one(Kind::F32, Data::F(values.to_vec())),
            _ => one(Kind::Text, Data::Text(node.strings("values_strings")?.unwrap_or_default())),
        };
    let default = match (node.tensor("default_tensor")?, values.kind) {
        (Some(tensor), _) => tensor,
        (None, Kind::F32) => one(Kind::F32, Data::F(vec![node.float("default_float").unwrap_or(-0.0)])),
        (None, Kind::I64) => one(Kind::I64, Data::I(vec![node.int("default_int64").unwrap_or(-1)])),
        (None, Kind::Text) => one(Kind::Text, Data::Text(vec![text("default_string")])),
        _ => return node.refuse("no default"),
    };
    Ok(Labels { keys, values, default })
}

fn label(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let x = node.row(0)?.clone();
    let Labels { keys, mut values, default } = labels(node, x.kind)?;
    let count = values.len();
    let joined = match (&mut values.data, default.data) {
        (Data::F(values), Data::F(default)) => default.first().map(|x| values.push(*x)),
        (Data::D(values), Data::D(default)) => default.first().map(|x| values.push(*x)),
        (Data::I(values), Data::I(default)) => default.first().map(|x| values.push(*x)),
        (Data::Text(values), Data::Text(default)) => default.first().map(|x| values.push(x.clone())),
        _ => None,
    };
    if joined.is_none() {
        return node.refuse("a default of another type");
    }
    let reals = |keys: Vec<f64>| {
        // Before version 4, NaN was equal to nothing.
        let keys: Vec<f64> = keys.iter().map(|k| if *k == 0.0 { 0.0 } else { *k }).collect();
        let (mut keys, mut positions) = sorted(&keys, false, |a, b| {
            a.is_nan().cmp(&b.is_nan()).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
        });
        if node.version < 4 && keys.last().is_some_and(|k| k.is_nan()) {
            keys.pop();
            positions.pop();
        }
        (keys, positions)
    };
    let length = match &keys {
        Data::F(keys) => keys.len(),
        Data::D(keys) => keys.len(),
        Data::I(keys) => keys.len(),
        Data::Text(keys) => keys.len(),
    };
    if length != count {
        return Err(malformed("LabelEncoder has other than one value a key"));
    }
    let index = match (keys, x.kind) {
        (Data::Text(keys), Kind::Text) => {
            let (keys, positions) = sorted(&b.text_numbers(&keys), false, i64::cmp);
            find(b, &x, Keys::Whole(&keys), &positions, count)?
        }
        (Data::I(keys), Kind::I64 | Kind::I32) => {
            let (keys, positions) = sorted(&keys, false, i64::cmp);
            find(b, &x, Keys::Whole(&keys), &positions, count)?
        }
        (Data::F(keys), Kind::F32) => {
            let (keys, positions) = reals(keys.iter().map(|k| f64::from(*k)).collect());
            find(b, &x, Keys::Real(&keys), &positions, count)?
        }
        (Data::D(keys), Kind::F64) => {
            let (keys, positions) = reals(keys);
            find(b, &x, Keys::Real(&keys), &positions, count)?
        }
        _ => return node.refuse("keys of another type than its input"),
    };
    b.lookup(&index, &values)
}

/// Columns by number; the number may be computed where the values are constant.
fn extract(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    match (node.value(0)?, node.value(1)?) {
        (Value::Row(row), Value::Const(index)) => {
            let axis = row.shape.len().saturating_sub(1);
            let Some(Dim::Size(size)) = row.shape.get(axis).copied() else {
                return node.refuse("an input of one dimension");
            };
            let chosen: Vec<usize> = index
                .as_ints()
                .unwrap_or_default()
                .iter()
                .map(|n| position(*n, size))
                .collect::<Result<_, _>>()?;
            let mut shape = row.shape.clone();
            if let Some(dim) = shape.get_mut(axis) {
                *dim = Dim::Size(chosen.len());
            }
            match along(b, row, axis, &chosen, shape)? {
                Value::Row(row) => Ok(row),
                _ => node.refuse("a constant"),
            }
        }
        (Value::Const(table), Value::Row(index)) => {
            let line = table.sizes.iter().rev().skip(1).all(|n| *n == 1) && !table.sizes.is_empty();
            if !line || elements(&index.shape) != 1 {
                return node.refuse("an index of this shape");
            }
            let found = b.lookup(index, table)?;
            Ok(Row { shape: vec![Dim::Size(1), Dim::Rows], ..found })
        }
        _ => node.refuse("an index that depends on the row"),
    }
}

fn vectorize(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let dimensions = node.ints("inputdimensions").unwrap_or_default();
    let mut rows = vec![];
    for (n, dimension) in dimensions.iter().enumerate() {
        let row = node.row(n)?.clone();
        if stride(node, &row)? as i64 != *dimension || row.kind.bank() == Bank::I && row.kind != Kind::I64 {
            return node.refuse("inputs of other widths");
        }
        rows.push(row);
    }
    if rows.len() != node.inputs.len() || rows.is_empty() {
        return node.refuse("inputs of unknown width");
    }
    vector(b, &rows)
}

/// Probabilities by class: columns in the order of the classes' names, as they are read from the runtime's maps.
fn zip_map(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let row = node.row(0)?.clone();
    let columns = stride(node, &row)?;
    let order: Vec<u32> = match (node.strings("classlabels_strings")?, node.ints("classlabels_int64s")) {
        (Some(texts), _) if !texts.is_empty() => sorted(&texts, false, String::cmp).1,
        (_, Some(ints)) => sorted(ints, false, i64::cmp).1,
        _ => vec![],
    };
    if order.len() != columns || row.kind != Kind::F32 {
        return unsupported("ZipMap with other than one class a column");
    }
    let chosen: Vec<usize> = order.iter().map(|n| *n as usize).collect();
    match along(b, &row, 1, &chosen, row.shape.clone())? {
        Value::Row(row) => Ok(row),
        _ => node.refuse("a constant"),
    }
}
