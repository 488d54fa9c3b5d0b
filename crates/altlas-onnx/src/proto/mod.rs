//! The messages of ONNX, with the field numbers of the official `onnx-ml.proto` (ONNX 1.23, IR version 14).
//!
//! Declared by hand, so that no code generator or `protoc` is needed to build. Fields that altlas never
//! looks at (documentation of values, device placement) are left out where a reader may skip them;
//! everything that can carry a graph, a tensor or a reference to a file is here.
//! What the fields mean: <https://github.com/onnx/onnx/blob/main/docs/IR.md>.

// The field names are those of the ONNX specification, which documents them.
#![allow(missing_docs)]

mod attribute;
mod graph;
mod tensor;
mod types;

pub use attribute::{AttributeProto, attribute_type};
pub use graph::{
    FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TrainingInfoProto, ValueInfoProto,
};
pub use tensor::{
    SparseTensorProto, StringStringEntryProto, TensorAnnotation, TensorProto, data_location, data_type,
};
pub use types::{
    Dimension, MapType, OpaqueType, OptionalType, SequenceType, SparseTensorType, TensorShapeProto,
    TensorType, TypeProto, dimension, type_proto,
};
