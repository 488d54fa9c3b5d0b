//! ONNX Runtime sessions and providers.
