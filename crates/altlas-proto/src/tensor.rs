use serde::{Deserialize, Serialize};

use crate::ProtoError;

/// Element types that cross the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
    /// One byte, 0 or 1.
    Bool,
    /// UTF-8 strings: each a little-endian `u32` length and its bytes.
    String,
}

impl DataType {
    /// Bytes of one element; `None` for strings, whose elements differ in length.
    pub fn width(self) -> Option<usize> {
        match self {
            Self::F32 | Self::I32 => Some(4),
            Self::F64 | Self::I64 => Some(8),
            Self::Bool => Some(1),
            Self::String => None,
        }
    }
}

/// Describes one tensor of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorSpec {
    /// The graph's name for the input or output.
    pub name: String,
    /// Element type.
    pub dtype: DataType,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Bytes this tensor takes in the payload.
    pub bytes: usize,
}

/// A tensor with its bytes (little-endian, row-major; strings as in [`DataType::String`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// What it is called and how it is shaped.
    pub spec: TensorSpec,
    /// The elements.
    pub data: Vec<u8>,
}

macro_rules! numeric {
    ($(#[$doc:meta])* $make:ident, $(#[$read_doc:meta])* $read:ident, $ty:ty, $dtype:expr) => {
        $(#[$doc])*
        pub fn $make(name: &str, shape: &[usize], values: &[$ty]) -> Self {
            // One copy of a block: compilers make no such of a chain of iterators over single bytes.
            let mut data = vec![0; size_of_val(values)];
            for (to, value) in data.as_chunks_mut().0.iter_mut().zip(values) {
                *to = value.to_le_bytes();
            }
            Self::new(name, $dtype, shape, data)
        }
        $(#[$read_doc])*
        pub fn $read(&self) -> Option<Vec<$ty>> {
            (self.spec.dtype == $dtype)
                .then(|| self.data.as_chunks().0.iter().map(|c| <$ty>::from_le_bytes(*c)).collect())
        }
    };
}

impl Tensor {
    /// A tensor from its encoded bytes.
    pub fn new(name: &str, dtype: DataType, shape: &[usize], data: Vec<u8>) -> Self {
        Self {
            spec: TensorSpec { name: name.to_owned(), dtype, shape: shape.to_vec(), bytes: data.len() },
            data,
        }
    }

    numeric!(/** A single-precision tensor. */ f32, /** Its values, if it holds `f32`. */ as_f32, f32, DataType::F32);
    numeric!(/** A double-precision tensor. */ f64, /** Its values, if it holds `f64`. */ as_f64, f64, DataType::F64);
    numeric!(/** A 32-bit integer tensor. */ i32, /** Its values, if it holds `i32`. */ as_i32, i32, DataType::I32);
    numeric!(/** A 64-bit integer tensor. */ i64, /** Its values, if it holds `i64`. */ as_i64, i64, DataType::I64);

    /// A string tensor.
    pub fn strings<S: AsRef<str>>(name: &str, shape: &[usize], values: &[S]) -> Self {
        let mut data = Vec::new();
        for value in values {
            let bytes = value.as_ref().as_bytes();
            data.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            data.extend_from_slice(bytes);
        }
        Self::new(name, DataType::String, shape, data)
    }

    /// The strings, if it holds well-formed ones.
    pub fn as_strings(&self) -> Option<Vec<String>> {
        if self.spec.dtype != DataType::String {
            return None;
        }
        Some(texts(&self.data)?.into_iter().map(str::to_owned).collect())
    }

    /// Any numeric tensor as doubles.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        match self.spec.dtype {
            DataType::F32 => Some(self.as_f32()?.into_iter().map(f64::from).collect()),
            DataType::F64 => self.as_f64(),
            DataType::I32 => Some(self.as_i32()?.into_iter().map(f64::from).collect()),
            DataType::I64 => Some(self.as_i64()?.into_iter().map(|v| v as f64).collect()),
            DataType::Bool => Some(self.data.iter().map(|b| f64::from(u8::from(*b != 0))).collect()),
            DataType::String => None,
        }
    }

    /// Elements by shape.
    pub fn len(&self) -> usize {
        // The shape of strings is not checked by `split`: it may be anything.
        self.spec.shape.iter().fold(1, |n: usize, d| n.saturating_mul(*d))
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The strings of a tensor's bytes, if they are well-formed (see [`DataType::String`]).
pub fn texts(data: &[u8]) -> Option<Vec<&str>> {
    let mut rest = data;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (len, tail) = rest.split_first_chunk::<4>()?;
        let (text, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        out.push(std::str::from_utf8(text).ok()?);
        rest = tail;
    }
    Some(out)
}

/// Specifications and one payload for a set of tensors, in order.
pub fn join(tensors: &[Tensor]) -> (Vec<TensorSpec>, Vec<u8>) {
    let specs = tensors.iter().map(|t| t.spec.clone()).collect();
    let parts: Vec<&[u8]> = tensors.iter().map(|t| t.data.as_slice()).collect();
    (specs, parts.concat())
}

/// The tensors of a payload, which must be used up; every size of numbers is checked against its shape.
pub fn split(specs: Vec<TensorSpec>, payload: &[u8]) -> Result<Vec<Tensor>, ProtoError> {
    let mut rest = payload;
    let mut out = Vec::with_capacity(specs.len());
    for spec in specs {
        let by_shape = spec.dtype.width().map(|w| spec.shape.iter().try_fold(w, |n, d| n.checked_mul(*d)));
        let fits = by_shape.is_none_or(|n| n == Some(spec.bytes));
        let Some((data, tail)) = fits.then(|| rest.split_at_checked(spec.bytes)).flatten() else {
            return Err(ProtoError::TensorSize {
                needed: by_shape.flatten().unwrap_or(spec.bytes) as u64,
                name: spec.name,
                available: rest.len() as u64,
            });
        };
        rest = tail;
        out.push(Tensor { data: data.to_vec(), spec });
    }
    if !rest.is_empty() {
        return Err(ProtoError::Surplus { bytes: rest.len() as u64 });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_survive_the_round_trip() {
        let sent = vec![
            Tensor::f32("a", &[2, 2], &[1.0, f32::NAN, f32::INFINITY, -0.0]),
            Tensor::i64("b", &[1], &[i64::MIN]),
            Tensor::strings("c", &[2], &["", "İğne"]),
        ];
        let (specs, payload) = join(&sent);
        let got = split(specs, &payload).unwrap();
        assert_eq!(got, sent);
        assert_eq!(got[2].as_strings().unwrap(), ["", "İğne"]);
        assert!(got[0].to_f64().unwrap()[1].is_nan());
        assert_eq!(got[1].as_f32(), None);
    }

    #[test]
    fn a_shape_that_lies_is_refused() {
        let mut spec = Tensor::f32("a", &[2], &[1.0, 2.0]).spec;
        spec.shape = vec![usize::MAX, 2];
        assert!(split(vec![spec.clone()], &[0; 8]).is_err());
        spec.shape = vec![3];
        assert!(split(vec![spec], &[0; 8]).is_err());
        let text = Tensor::strings("t", &[usize::MAX, 2], &["x"]);
        let (specs, payload) = join(&[text]);
        assert!(!split(specs, &payload).unwrap()[0].is_empty());
    }

    #[test]
    fn bytes_that_belong_to_no_tensor_are_refused() {
        let (specs, mut payload) = join(&[Tensor::f32("a", &[1], &[1.0])]);
        payload.push(0);
        assert!(matches!(split(specs, &payload), Err(ProtoError::Surplus { bytes: 1 })));
        assert!(matches!(split(Vec::new(), b"xy"), Err(ProtoError::Surplus { bytes: 2 })));
    }
}
