use altlas_onnx::proto::{TensorProto, data_type};

use super::value::{Data, Kind, Tensor};
use super::{malformed, unsupported};
use crate::ScoreError;

/// Reads a constant.
pub(super) fn read(proto: &TensorProto) -> Result<Tensor, ScoreError> {
    if !proto.external_data.is_empty() || proto.data_location.unwrap_or_default() != 0 {
        return unsupported("data in another file");
    }
    let kind = Kind::of(proto.data_type.unwrap_or_default())?;
    let sizes: Option<Vec<usize>> = proto.dims.iter().map(|d| usize::try_from(*d).ok()).collect();
    let sizes = sizes.ok_or_else(|| malformed("a constant has a negative dimension"))?;
    let count = sizes.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let raw = proto.raw_data.as_deref();
    let ints = || proto.int32_data.iter().map(|x| i64::from(*x)).collect();
    let data = match (kind, raw) {
        (Kind::F32, Some(raw)) => Data::F(chunks(raw, f32::from_le_bytes)),
        (Kind::F32, None) => Data::F(proto.float_data.clone()),
        (Kind::F64, Some(raw)) => Data::D(chunks(raw, f64::from_le_bytes)),
        (Kind::F64, None) => Data::D(proto.double_data.clone()),
        (Kind::I64, Some(raw)) => Data::I(chunks(raw, i64::from_le_bytes)),
        (Kind::I64, None) => Data::I(proto.int64_data.clone()),
        (Kind::I32, Some(raw)) => Data::I(chunks(raw, |b| i64::from(i32::from_le_bytes(b)))),
        (Kind::Bool, Some(raw)) => Data::I(raw.iter().map(|x| i64::from(*x != 0)).collect()),
        (Kind::I32 | Kind::Bool, None) => Data::I(ints()),
        (Kind::Text, _) => {
            let texts: Result<_, _> =
                proto.string_data.iter().map(|t| String::from_utf8(t.clone())).collect();
            Data::Text(texts.map_err(|_| malformed("a text is not UTF-8"))?)
        }
    };
    let tensor = Tensor { kind, sizes, data };
    if count != Some(tensor.len()) {
        return Err(malformed("a constant has fewer or more elements than its shape"));
    }
    Ok(tensor)
}

fn chunks<T, const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    raw.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect()
}

/// Elements of a constant of bytes.
pub(super) fn bytes(tensor: &TensorProto) -> Option<Vec<u8>> {
    (tensor.data_type == Some(data_type::UINT8)).then_some(())?;
    match &tensor.raw_data {
        Some(raw) => Some(raw.clone()),
        None => tensor.int32_data.iter().map(|x| u8::try_from(*x).ok()).collect(),
    }
}
