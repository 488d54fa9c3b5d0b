use altlas_onnx::proto::data_type;

use super::unsupported;
use crate::ScoreError;
use crate::flat::{Bank, Reg};
use crate::ops::{Axis, To};

/// Element types that are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    I64,
    I32,
    Bool,
    Text,
}

impl Kind {
    pub(super) fn of(elem_type: i32) -> Result<Self, ScoreError> {
        Ok(match elem_type {
            data_type::FLOAT => Self::F32,
            data_type::DOUBLE => Self::F64,
            data_type::INT64 => Self::I64,
            data_type::INT32 => Self::I32,
            data_type::BOOL => Self::Bool,
            data_type::STRING => Self::Text,
            other => return unsupported(format!("element type {other}")),
        })
    }

    pub(super) fn bank(self) -> Bank {
        match self {
            Self::F32 => Bank::F,
            Self::F64 => Bank::D,
            Self::I64 | Self::I32 | Self::Bool | Self::Text => Bank::I,
        }
    }

    pub(super) fn cast(self) -> Option<To> {
        Some(match self {
            Self::F32 => To::F32,
            Self::F64 => To::F64,
            Self::I64 => To::I64,
            Self::I32 => To::I32,
            Self::Bool => To::Bool,
            Self::Text => return None,
        })
    }
}

/// A dimension of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dim {
    /// The number of rows. It may be at any position: each row is evaluated alone, with the elements of the other
    /// dimensions.
    Rows,
    /// Fixed.
    Size(usize),
}

/// A shape, outermost dimension first.
pub(super) type Shape = Vec<Dim>;

/// Elements of a row.
pub(super) fn elements(shape: &[Dim]) -> usize {
    sizes(shape).iter().product()
}

/// The shape of a row: dimensions without that of the rows.
pub(super) fn sizes(shape: &[Dim]) -> Vec<usize> {
    let size = |dim: &Dim| if let Dim::Size(n) = dim { Some(*n) } else { None };
    shape.iter().filter_map(size).collect()
}

pub(super) fn fixed(sizes: &[usize]) -> Shape {
    sizes.iter().map(|n| Dim::Size(*n)).collect()
}

/// Position of an axis that may count from the end.
pub(super) fn position(axis: i64, rank: usize) -> Result<usize, ScoreError> {
    let from_end = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let found = usize::try_from(from_end).ok().filter(|at| *at < rank);
    found.ok_or_else(|| ScoreError::Malformed { reason: format!("there is no axis {axis}") })
}

/// Axes `from..to` of a value as one axis of a row.
pub(super) fn span(shape: &[Dim], from: usize, to: usize) -> Result<Axis, ScoreError> {
    let part = |range: &[Dim]| u32::try_from(elements(range)).unwrap_or(u32::MAX);
    let middle = shape.get(from..to).unwrap_or_default();
    if middle.contains(&Dim::Rows) {
        return unsupported("an operation across rows");
    }
    let (outer, inner) = (shape.get(..from).unwrap_or_default(), shape.get(to..).unwrap_or_default());
    Ok(Axis { outer: part(outer), len: part(middle), inner: part(inner) })
}

/// The shape of two values together. Rows meet rows, or a dimension of 1.
pub(super) fn broadcast(a: &[Dim], b: &[Dim]) -> Result<Shape, ScoreError> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[Dim], at: usize| {
        let skipped = rank - shape.len();
        at.checked_sub(skipped).and_then(|n| shape.get(n)).copied().unwrap_or(Dim::Size(1))
    };
    let meet = |at: usize| match (dim(a, at), dim(b, at)) {
        (a, b) if a == b => Ok(a),
        (Dim::Size(1), other) | (other, Dim::Size(1)) => Ok(other),
        _ => unsupported("operands whose shapes do not fit for all numbers of rows"),
    };
    (0..rank).map(meet).collect()
}

/// For each element of a row of shape `to`, the element of a row of shape `from` that it is made of; `None` where both
/// are the same.
pub(super) fn broadcast_map(from: &[Dim], to: &[Dim]) -> Option<Vec<u32>> {
    let mut map = vec![0u32];
    let mut stride = elements(from) as u32;
    let skipped = to.len() - from.len().min(to.len());
    for (at, dim) in to.iter().enumerate() {
        let Dim::Size(size) = dim else { continue };
        let own = at.checked_sub(skipped).and_then(|n| from.get(n));
        let step = match own {
            Some(Dim::Size(own)) if own == size && *size > 0 => {
                stride /= *size as u32;
                stride
            }
            _ => 0,
        };
        map = map.iter().flat_map(|base| (0..*size as u32).map(move |k| base + k * step)).collect();
    }
    let same = map.len() == elements(from) && map.iter().enumerate().all(|(n, from)| n as u32 == *from);
    (!same).then_some(map)
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) kind: Kind,
    pub(super) sizes: Vec<usize>,
    pub(super) data: Data,
}

/// Elements of a constant, by bank; texts are apart until they are numbered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    F(Vec<f32>),
    D(Vec<f64>),
    I(Vec<i64>),
    Text(Vec<String>),
}

impl Tensor {
    pub(super) fn ints(values: Vec<i64>) -> Self {
        Self { kind: Kind::I64, sizes: vec![values.len()], data: Data::I(values) }
    }

    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::F(values) => values.len(),
            Data::D(values) => values.len(),
            Data::I(values) => values.len(),
            Data::Text(values) => values.len(),
        }
    }

    /// Whole numbers of a constant that has them.
    pub(super) fn as_ints(&self) -> Option<&[i64]> {
        if let Data::I(values) = &self.data { Some(values) } else { None }
    }

    /// Numbers in double precision.
    pub(super) fn to_f64(&self) -> Option<Vec<f64>> {
        Some(match &self.data {
            Data::F(values) => values.iter().map(|x| f64::from(*x)).collect(),
            Data::D(values) => values.clone(),
            Data::I(values) => values.iter().map(|x| *x as f64).collect(),
            Data::Text(_) => return None,
        })
    }

    /// The elements that `map` names.
    pub(super) fn pick(&self, map: &[usize], sizes: Vec<usize>) -> Option<Self> {
        fn of<T: Clone>(values: &[T], map: &[usize]) -> Option<Vec<T>> {
            map.iter().map(|n| values.get(*n).cloned()).collect()
        }
        let data = match &self.data {
            Data::F(values) => Data::F(of(values, map)?),
            Data::D(values) => Data::D(of(values, map)?),
            Data::I(values) => Data::I(of(values, map)?),
            Data::Text(values) => Data::Text(of(values, map)?),
        };
        Some(Self { kind: self.kind, sizes, data })
    }
}

/// A value that depends on the row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    pub(super) reg: Reg,
    /// A text that may be one that the graph does not know, and that cannot be given back.
    pub(super) open: bool,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Const(Tensor),
    Row(Row),
    /// The shape of a value, which has the number of rows in it.
    Shape(Shape),
}
