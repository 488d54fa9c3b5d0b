use altlas_proto::{DataType, Tensor};
use ort::value::{DynMapValueType, DynSequenceValueType, DynValue, IntoTensorElementType, ValueType};

use crate::RuntimeError;
use crate::error::During;
use crate::signature::{data_type, is_class_maps};

/// Whether a value of this type can be read.
pub(crate) fn supported(dtype: &ValueType) -> bool {
    match dtype {
        ValueType::Tensor { ty, .. } => data_type(*ty).is_some(),
        other => is_class_maps(other),
    }
}

pub(crate) fn unsupported(name: &str, dtype: &ValueType) -> RuntimeError {
    RuntimeError::OutputUnsupported { name: name.to_owned(), kind: dtype.to_string() }
}

/// Takes a value of the runtime over.
pub(crate) fn tensor(name: &str, value: DynValue) -> Result<Tensor, RuntimeError> {
    let failed = |e: ort::Error| RuntimeError::of(&e, During::Run);
    if is_class_maps(value.dtype()) {
        return class_maps(name, value);
    }
    let dtype = match value.dtype() {
        ValueType::Tensor { ty, .. } => data_type(*ty),
        _ => None,
    };
    let dtype = dtype.ok_or_else(|| unsupported(name, value.dtype()))?;
    let dims =
        |shape: &[i64]| -> Vec<usize> { shape.iter().filter_map(|d| usize::try_from(*d).ok()).collect() };
    macro_rules! read {
        ($ty:ty, $make:path) => {{
            let (shape, values) = value.try_extract_tensor::<$ty>().map_err(failed)?;
            $make(name, &dims(shape), values)
        }};
    }
    Ok(match dtype {
        DataType::F32 => read!(f32, Tensor::f32),
        DataType::F64 => read!(f64, Tensor::f64),
        DataType::I32 => read!(i32, Tensor::i32),
        DataType::I64 => read!(i64, Tensor::i64),
        DataType::Bool => {
            let (shape, values) = value.try_extract_tensor::<bool>().map_err(failed)?;
            Tensor::new(name, DataType::Bool, &dims(shape), values.iter().map(|v| u8::from(*v)).collect())
        }
        DataType::String => {
            let (shape, values) = value.try_extract_strings().map_err(failed)?;
            Tensor::strings(name, &dims(shape), &values)
        }
    })
}

/// A sequence of maps from class to probability as a tensor `[rows, classes]`, classes in the order of their keys,
/// which is the order of scikit-learn's `classes_`.
fn class_maps(name: &str, value: DynValue) -> Result<Tensor, RuntimeError> {
    let failed = |e: ort::Error| RuntimeError::of(&e, During::Run);
    let sequence = value.downcast::<DynSequenceValueType>().map_err(failed)?;
    let maps = sequence.try_extract_sequence::<DynMapValueType>().map_err(failed)?;
    let strings = maps.first().is_some_and(
        |map| matches!(map.dtype(), ValueType::Map { key, .. } if *key == String::into_tensor_element_type()),
    );
    if strings {
        table(name, maps.iter().map(|map| map.try_extract_key_values::<String, f32>()))
    } else {
        table(name, maps.iter().map(|map| map.try_extract_key_values::<i64, f32>()))
    }
}

fn table<K: Ord>(
    name: &str,
    rows: impl Iterator<Item = ort::Result<Vec<(K, f32)>>>,
) -> Result<Tensor, RuntimeError> {
    let mut classes: Option<Vec<K>> = None;
    let (mut count, mut values) = (0, Vec::new());
    for row in rows {
        let mut row = row.map_err(|e| RuntimeError::of(&e, During::Run))?;
        row.sort_by(|a, b| a.0.cmp(&b.0));
        let (keys, shares): (Vec<K>, Vec<f32>) = row.into_iter().unzip();
        match &classes {
            None => classes = Some(keys),
            Some(classes) if *classes == keys => {}
            Some(_) => {
                return Err(RuntimeError::RaggedMaps { name: name.to_owned() });
            }
        }
        values.extend(shares);
        count += 1;
    }
    Ok(Tensor::f32(name, &[count, classes.map_or(0, |c| c.len())], &values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_maps_become_a_table_in_key_order() {
        let rows = vec![vec![("b", 0.75f32), ("a", 0.25)], vec![("a", 0.5), ("b", 0.5)]];
        let got = table("p", rows.into_iter().map(Ok)).unwrap();
        assert_eq!(got, Tensor::f32("p", &[2, 2], &[0.25, 0.75, 0.5, 0.5]));
        let ragged = vec![vec![("a", 1.0f32)], vec![("b", 1.0)]];
        assert_eq!(
            table("p", ragged.into_iter().map(Ok)),
            Err(RuntimeError::RaggedMaps { name: "p".into() })
        );
        let none: Vec<ort::Result<Vec<(i64, f32)>>> = vec![];
        assert_eq!(table("p", none.into_iter()).unwrap().spec.shape, [0, 0]);
    }
}
