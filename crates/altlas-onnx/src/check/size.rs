//! Estimates from the wire form what a model takes in memory, without decoding it: an empty node is two bytes
//! in the file and two hundred decoded, so the size of the file alone bounds nothing.

use prost::encoding::{WireType, decode_key, decode_varint};

use super::MAX_DEPTH;
use crate::OnnxError;
use crate::proto::{
    AttributeProto, Dimension, FunctionProto, GraphProto, MapType, ModelProto, NodeProto, OpaqueType,
    OperatorSetIdProto, SequenceType, SparseTensorProto, StringStringEntryProto, TensorAnnotation,
    TensorProto, TensorShapeProto, TensorType, TrainingInfoProto, TypeProto, ValueInfoProto,
};

/// The messages, as far as they differ here.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Function,
    Value,
    Type,
    /// `Sequence` and `Optional`, which are alike.
    Wrapper,
    Map,
    /// Dense and sparse, which are alike.
    TensorType,
    Shape,
    Dimension,
    Opset,
    Entry,
    Training,
    Annotation,
    Opaque,
}

/// What a length-delimited field holds.
enum Field {
    Message(Kind),
    /// A string or bytes.
    Bytes,
    /// Packed numbers: bytes of one in memory, at most, for one byte in the file.
    Packed(u64),
    /// Not decoded.
    Unknown,
}

/// Bytes of a `Vec` or a `String` itself.
const HANDLE: u64 = size_of::<Vec<u8>>() as u64;

impl Kind {
    fn size(self) -> u64 {
        let bytes = match self {
            Self::Model => size_of::<ModelProto>(),
            Self::Graph => size_of::<GraphProto>(),
            Self::Node => size_of::<NodeProto>(),
            Self::Attribute => size_of::<AttributeProto>(),
            Self::Tensor => size_of::<TensorProto>(),
            Self::Sparse => size_of::<SparseTensorProto>(),
            Self::Function => size_of::<FunctionProto>(),
            Self::Value => size_of::<ValueInfoProto>(),
            Self::Type => size_of::<TypeProto>(),
            Self::Wrapper => size_of::<SequenceType>(),
            Self::Map => size_of::<MapType>(),
            Self::TensorType => size_of::<TensorType>(),
            Self::Shape => size_of::<TensorShapeProto>(),
            Self::Dimension => size_of::<Dimension>(),
            Self::Opset => size_of::<OperatorSetIdProto>(),
            Self::Entry => size_of::<StringStringEntryProto>(),
            Self::Training => size_of::<TrainingInfoProto>(),
            Self::Annotation => size_of::<TensorAnnotation>(),
            Self::Opaque => size_of::<OpaqueType>(),
        };
        bytes as u64
    }

    fn field(self, tag: u32) -> Field {
        use Field::{Bytes, Message, Packed, Unknown};
        match (self, tag) {
            (Self::Model, 7) => Message(Self::Graph),
            (Self::Model, 8) | (Self::Function, 9) => Message(Self::Opset),
            (Self::Model, 20) => Message(Self::Training),
            (Self::Model, 25) => Message(Self::Function),
            (Self::Training, 1 | 2) => Message(Self::Graph),
            (Self::Graph, 1) | (Self::Function, 7) => Message(Self::Node),
            (Self::Graph, 5) => Message(Self::Tensor),
            (Self::Graph, 15) => Message(Self::Sparse),
            (Self::Graph, 11..=13) | (Self::Function, 12) => Message(Self::Value),
            (Self::Graph, 14) => Message(Self::Annotation),
            (Self::Node, 5) | (Self::Function, 11) => Message(Self::Attribute),
            (Self::Attribute, 5 | 10) => Message(Self::Tensor),
            (Self::Attribute, 6 | 11) => Message(Self::Graph),
            (Self::Attribute, 22 | 23) => Message(Self::Sparse),
            (Self::Attribute, 14 | 15) => Message(Self::Type),
            (Self::Attribute, 7) | (Self::Tensor, 4 | 10) => Packed(1),
            (Self::Tensor, 5) => Packed(4),
            (Self::Attribute, 8) | (Self::Tensor, 1 | 7 | 11) | (Self::Sparse, 3) => Packed(8),
            (Self::Sparse, 1 | 2) => Message(Self::Tensor),
            (Self::Value, 2) | (Self::Wrapper, 1) | (Self::Map, 2) => Message(Self::Type),
            (Self::Type, 1 | 8) => Message(Self::TensorType),
            (Self::Type, 4 | 9) => Message(Self::Wrapper),
            (Self::Type, 5) => Message(Self::Map),
            (Self::Type, 7) => Message(Self::Opaque),
            (Self::TensorType, 2) => Message(Self::Shape),
            (Self::Shape, 1) => Message(Self::Dimension),
            (Self::Model | Self::Function, 14)
            | (Self::Graph, 16)
            | (Self::Training, 3 | 4)
            | (Self::Node, 9)
            | (Self::Value, 4)
            | (Self::Tensor, 13 | 16)
            | (Self::Annotation, 2) => Message(Self::Entry),
            (Self::Shape | Self::Wrapper, _) => Unknown,
            _ => Bytes,
        }
    }
}

/// Refuses a model whose messages would take more than `limit` bytes.
pub(super) fn within(bytes: &[u8], limit: u64) -> Result<(), OnnxError> {
    let mut scan = Scan { left: limit, limit };
    scan.take(Kind::Model.size())?;
    scan.message(bytes, Kind::Model, 0)
}

struct Scan {
    left: u64,
    limit: u64,
}

impl Scan {
    fn take(&mut self, bytes: u64) -> Result<(), OnnxError> {
        self.left = self.left.checked_sub(bytes).ok_or(OnnxError::TooManyParts { limit: self.limit })?;
        Ok(())
    }

    fn message(&mut self, mut bytes: &[u8], kind: Kind, depth: usize) -> Result<(), OnnxError> {
        if depth >= MAX_DEPTH {
            return Err(OnnxError::TooDeep { limit: MAX_DEPTH });
        }
        while !bytes.is_empty() {
            let (tag, wire) = decode_key(&mut bytes).map_err(|e| broken(&e))?;
            match wire {
                // A number may be an element of a repeated field.
                WireType::Varint => {
                    decode_varint(&mut bytes).map_err(|e| broken(&e))?;
                    self.take(8)?;
                }
                WireType::ThirtyTwoBit => bytes = skip(bytes, 4)?,
                WireType::SixtyFourBit => bytes = skip(bytes, 8)?,
                WireType::LengthDelimited => {
                    let length = decode_varint(&mut bytes).map_err(|e| broken(&e))?;
                    let at = usize::try_from(length).ok().and_then(|n| bytes.split_at_checked(n));
                    let (body, rest) = at.ok_or_else(cut)?;
                    bytes = rest;
                    match kind.field(tag) {
                        Field::Message(inner) => {
                            self.take(inner.size())?;
                            self.message(body, inner, depth + 1)?;
                        }
                        Field::Bytes => self.take(HANDLE + length)?,
                        Field::Packed(width) => self.take(length.saturating_mul(width))?,
                        Field::Unknown => {}
                    }
                }
                WireType::StartGroup | WireType::EndGroup => {
                    return Err(OnnxError::NotOnnx {
                        reason: "it has groups, which ONNX does not use".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }
}

fn skip(bytes: &[u8], count: usize) -> Result<&[u8], OnnxError> {
    bytes.get(count..).ok_or_else(cut)
}

fn cut() -> OnnxError {
    OnnxError::NotOnnx { reason: "it ends in the middle of a field".to_owned() }
}

fn broken(error: &prost::DecodeError) -> OnnxError {
    OnnxError::NotOnnx { reason: error.to_string() }
}
