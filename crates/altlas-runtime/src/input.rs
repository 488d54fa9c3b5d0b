use altlas_proto::{DataType, PortInfo, Tensor};
use ort::value::{DynValue, Tensor as OrtTensor};

use crate::RuntimeError;
use crate::error::During;

/// Checks that the tensors are what the ports take: every port once, nothing else, type and shape right.
pub(crate) fn check(ports: &[PortInfo], tensors: &[Tensor]) -> Result<(), RuntimeError> {
    for (n, tensor) in tensors.iter().enumerate() {
        let name = &tensor.spec.name;
        let Some(port) = ports.iter().find(|p| p.name == *name) else {
            let known = ports.iter().map(|p| p.name.clone()).collect();
            return Err(RuntimeError::UnknownInput { name: name.clone(), known });
        };
        if tensors.iter().take(n).any(|earlier| earlier.spec.name == *name) {
            return Err(RuntimeError::DuplicateInput { name: name.clone() });
        }
        check_one(port, tensor)?;
    }
    if let Some(port) = ports.iter().find(|port| !tensors.iter().any(|t| t.spec.name == port.name)) {
        let given = tensors.iter().map(|t| t.spec.name.clone()).collect();
        return Err(RuntimeError::MissingInput { name: port.name.clone(), given });
    }
    Ok(())
}

fn check_one(port: &PortInfo, tensor: &Tensor) -> Result<(), RuntimeError> {
    let name = || port.name.clone();
    let expected = port.dtype.ok_or_else(|| RuntimeError::InputUnsupported { name: name() })?;
    let actual = tensor.spec.dtype;
    if actual != expected {
        return Err(RuntimeError::InputType { name: name(), expected, actual });
    }
    // The runtime describes a scalar and a tensor of any rank alike, by no dimensions; that is left to the run.
    let fits = port.shape.is_empty()
        || port.shape.len() == tensor.spec.shape.len()
            && port
                .shape
                .iter()
                .zip(&tensor.spec.shape)
                .all(|(want, have)| want.is_none_or(|want| want == *have));
    if !fits {
        let (expected, actual) = (port.shape.clone(), tensor.spec.shape.clone());
        return Err(RuntimeError::InputShape { name: name(), expected, actual });
    }
    Ok(())
}

/// Gives a tensor to the runtime.
pub(crate) fn value(tensor: &Tensor) -> Result<DynValue, RuntimeError> {
    let bytes =
        || RuntimeError::InputBytes { name: tensor.spec.name.clone(), dims: tensor.spec.shape.clone() };
    let count = tensor.spec.shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).ok_or_else(bytes)?;
    if let Some(width) = tensor.spec.dtype.width()
        && count.checked_mul(width) != Some(tensor.data.len())
    {
        return Err(bytes());
    }
    let shape = tensor.spec.shape.clone();
    let made = match tensor.spec.dtype {
        DataType::F32 => {
            OrtTensor::from_array((shape, tensor.as_f32().ok_or_else(bytes)?)).map(OrtTensor::into_dyn)
        }
        DataType::F64 => {
            OrtTensor::from_array((shape, tensor.as_f64().ok_or_else(bytes)?)).map(OrtTensor::into_dyn)
        }
        DataType::I32 => {
            OrtTensor::from_array((shape, tensor.as_i32().ok_or_else(bytes)?)).map(OrtTensor::into_dyn)
        }
        DataType::I64 => {
            OrtTensor::from_array((shape, tensor.as_i64().ok_or_else(bytes)?)).map(OrtTensor::into_dyn)
        }
        DataType::Bool => {
            let values: Vec<bool> = tensor.data.iter().map(|b| *b != 0).collect();
            OrtTensor::from_array((shape, values)).map(OrtTensor::into_dyn)
        }
        DataType::String => {
            let values = tensor.as_strings().filter(|values| values.len() == count).ok_or_else(bytes)?;
            if values.iter().any(|v| v.contains('\0')) {
                return Err(RuntimeError::InputNul { name: tensor.spec.name.clone() });
            }
            OrtTensor::from_string_array((shape, values.as_slice())).map(OrtTensor::into_dyn)
        }
    };
    made.map_err(|e| RuntimeError::of(&e, During::Run))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, dtype: DataType, shape: &[Option<usize>]) -> PortInfo {
        PortInfo { name: name.into(), dtype: Some(dtype), shape: shape.to_vec() }
    }

    #[test]
    fn inputs_are_checked_against_the_signature() {
        let ports = [port("a", DataType::F32, &[None, Some(2)]), port("b", DataType::String, &[])];
        let a = Tensor::f32("a", &[1, 2], &[1.0, 2.0]);
        let b = Tensor::strings("b", &[1], &["x"]);
        let fails = |tensors: &[Tensor]| check(&ports, tensors).unwrap_err().to_string();
        assert_eq!(check(&ports, &[b.clone(), a.clone()]), Ok(()));
        assert_eq!(fails(std::slice::from_ref(&a)), "input \"b\" is missing");
        assert_eq!(fails(&[a.clone(), b.clone(), a.clone()]), "input \"a\" is given twice");
        assert_eq!(fails(&[Tensor::f32("c", &[1], &[0.0])]), "the model has no input \"c\"");
        assert_eq!(
            fails(&[Tensor::f64("a", &[1, 2], &[0.0; 2])]),
            "input \"a\" holds F64, the model takes F32"
        );
        let shape = "input \"a\" has shape [1, 3], the model takes [?, 2]";
        assert_eq!(fails(&[Tensor::f32("a", &[1, 3], &[0.0; 3])]), shape);
        assert!(fails(&[Tensor::f32("a", &[2], &[0.0; 2])]).contains("has shape [2]"));
    }

    #[test]
    fn bytes_must_fit_the_shape() {
        let lie = Tensor::new("a", DataType::F32, &[3], vec![0; 8]);
        assert!(matches!(value(&lie), Err(RuntimeError::InputBytes { .. })));
        let lie = Tensor::new("a", DataType::F32, &[usize::MAX, usize::MAX], vec![]);
        assert!(matches!(value(&lie), Err(RuntimeError::InputBytes { .. })));
        let lie = Tensor::strings("a", &[3], &["x"]);
        assert!(matches!(value(&lie), Err(RuntimeError::InputBytes { .. })));
        let nul = Tensor::strings("a", &[1], &["x\0y"]);
        assert!(matches!(value(&nul), Err(RuntimeError::InputNul { .. })));
    }
}
