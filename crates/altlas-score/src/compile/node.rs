use altlas_onnx::proto::{NodeProto, attribute_type};

use super::value::{Data, Row, Shape, Tensor, Value};
use super::{malformed, tensor, unsupported};
use crate::ScoreError;

/// A call of an operator, with its inputs looked up.
pub(super) struct Node<'m> {
    proto: &'m NodeProto,
    /// `None` where an optional input is left out.
    pub(super) inputs: Vec<Option<Value>>,
    /// Version of the operator's domain.
    pub(super) version: i64,
}

impl<'m> Node<'m> {
    pub(super) fn new(proto: &'m NodeProto, inputs: Vec<Option<Value>>, version: i64) -> Self {
        Self { proto, inputs, version }
    }

    /// The same call with other inputs.
    pub(super) fn with(&self, rows: Vec<Row>) -> Self {
        let inputs = rows.into_iter().map(|row| Some(Value::Row(row))).collect();
        Self { proto: self.proto, inputs, version: self.version }
    }

    pub(super) fn operator(&self) -> &'m str {
        self.proto.op_type.as_deref().unwrap_or_default()
    }

    /// Whether an output has a name.
    pub(super) fn wants(&self, output: usize) -> bool {
        self.proto.output.get(output).is_some_and(|name| !name.is_empty())
    }

    pub(super) fn refuse<T>(&self, what: &str) -> Result<T, ScoreError> {
        unsupported(format!("{} with {what}", self.operator()))
    }

    pub(super) fn input(&self, n: usize) -> Option<&Value> {
        self.inputs.get(n)?.as_ref()
    }

    pub(super) fn value(&self, n: usize) -> Result<&Value, ScoreError> {
        self.input(n).ok_or_else(|| malformed(&format!("{} lacks an input", self.operator())))
    }

    /// An input that depends on the row.
    pub(super) fn row(&self, n: usize) -> Result<&Row, ScoreError> {
        match self.value(n)? {
            Value::Row(row) => Ok(row),
            _ => self.refuse("a constant input"),
        }
    }

    /// An input that must be known now, if it is there.
    pub(super) fn constant(&self, n: usize) -> Result<Option<&Tensor>, ScoreError> {
        match self.input(n) {
            None => Ok(None),
            Some(Value::Const(tensor)) => Ok(Some(tensor)),
            Some(_) => self.refuse("a parameter that depends on the row"),
        }
    }

    /// Whole numbers from an input (newer operators) or an attribute (older ones).
    pub(super) fn parameter(&self, n: usize, name: &str) -> Result<Option<Vec<i64>>, ScoreError> {
        if let Some(tensor) = self.constant(n)? {
            let ints = tensor.as_ints().ok_or_else(|| malformed("a parameter is no whole number"))?;
            return Ok(Some(ints.to_vec()));
        }
        Ok(self.ints(name).map(<[i64]>::to_vec))
    }

    /// The target of a reshape: sizes, or a shape with the number of rows in it.
    pub(super) fn shape(&self, n: usize) -> Result<Result<Vec<i64>, Shape>, ScoreError> {
        match self.value(n)? {
            Value::Shape(shape) => Ok(Err(shape.clone())),
            Value::Const(Tensor { data: Data::I(sizes), .. }) => Ok(Ok(sizes.clone())),
            _ => self.refuse("a shape that depends on the row"),
        }
    }

    fn attribute(&self, name: &str, kind: i32) -> Option<&'m altlas_onnx::proto::AttributeProto> {
        let found = self.proto.attribute.iter().find(|a| a.name.as_deref() == Some(name))?;
        // Files from before the type was written have none.
        found.r#type.is_none_or(|t| t == kind || t == 0).then_some(found)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.proto.attribute.iter().any(|a| a.name.as_deref() == Some(name))
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.attribute(name, attribute_type::INT)?.i
    }

    pub(super) fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name, attribute_type::FLOAT)?.f
    }

    pub(super) fn string(&self, name: &str) -> Option<&'m str> {
        std::str::from_utf8(self.attribute(name, attribute_type::STRING)?.s.as_deref()?).ok()
    }

    pub(super) fn ints(&self, name: &str) -> Option<&'m [i64]> {
        Some(&self.attribute(name, attribute_type::INTS)?.ints)
    }

    pub(super) fn floats(&self, name: &str) -> Option<&'m [f32]> {
        Some(&self.attribute(name, attribute_type::FLOATS)?.floats)
    }

    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, ScoreError> {
        let Some(attribute) = self.attribute(name, attribute_type::STRINGS) else { return Ok(None) };
        let texts: Result<_, _> = attribute.strings.iter().map(|t| String::from_utf8(t.clone())).collect();
        texts.map(Some).map_err(|_| malformed("a text is not UTF-8"))
    }

    /// A constant of bytes.
    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        tensor::bytes(self.attribute(name, attribute_type::TENSOR)?.t.as_deref()?)
    }

    pub(super) fn tensor(&self, name: &str) -> Result<Option<Tensor>, ScoreError> {
        self.attribute(name, attribute_type::TENSOR)
            .and_then(|a| a.t.as_deref())
            .map(tensor::read)
            .transpose()
    }
}
