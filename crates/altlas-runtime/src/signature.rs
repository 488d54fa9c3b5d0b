use std::collections::BTreeMap;

use altlas_proto::{DataType, ModelSignature, PortInfo};
use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};

use crate::RuntimeError;
use crate::error::During;

/// What a session takes and gives.
pub(crate) fn of(session: &Session) -> Result<ModelSignature, RuntimeError> {
    let ports = |outlets: &[Outlet]| outlets.iter().map(port).collect();
    let described = session.metadata().and_then(|metadata| {
        let keys = metadata.custom_keys()?;
        let value = |key: String| metadata.custom(&key).map(|value| (key, value));
        Ok(keys.into_iter().filter_map(value).collect::<BTreeMap<_, _>>())
    });
    let metadata = described.map_err(|e| RuntimeError::of(&e, During::Open))?;
    Ok(ModelSignature { inputs: ports(session.inputs()), outputs: ports(session.outputs()), metadata })
}

fn port(outlet: &Outlet) -> PortInfo {
    let name = outlet.name().to_owned();
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let shape = shape.iter().map(|d| usize::try_from(*d).ok()).collect();
            PortInfo { name, dtype: data_type(*ty), shape }
        }
        // Run gives these as a tensor [rows, classes].
        dtype if is_class_maps(dtype) => {
            PortInfo { name, dtype: Some(DataType::F32), shape: vec![None, None] }
        }
        _ => PortInfo { name, dtype: None, shape: vec![] },
    }
}

/// A sequence of maps from class to probability, as scikit-learn's converters write it (`ZipMap`).
pub(crate) fn is_class_maps(dtype: &ValueType) -> bool {
    let ValueType::Sequence(inner) = dtype else {
        return false;
    };
    matches!(
        **inner,
        ValueType::Map {
            key: TensorElementType::Int64 | TensorElementType::String,
            value: TensorElementType::Float32
        }
    )
}

/// The element types that altlas carries.
pub(crate) fn data_type(ty: TensorElementType) -> Option<DataType> {
    match ty {
        TensorElementType::Float32 => Some(DataType::F32),
        TensorElementType::Float64 => Some(DataType::F64),
        TensorElementType::Int32 => Some(DataType::I32),
        TensorElementType::Int64 => Some(DataType::I64),
        TensorElementType::Bool => Some(DataType::Bool),
        TensorElementType::String => Some(DataType::String),
        _ => None,
    }
}
