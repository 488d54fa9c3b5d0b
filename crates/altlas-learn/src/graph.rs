//! Graphs of models that begin with standardised features.
//!
//! Features come as float32 and are standardised and summed in float64, so that large and small columns do not cancel.
//! A value that is not finite counts as the feature's mean: `x - x` is NaN exactly for those.

use altlas_onnx::OnnxError;
use altlas_onnx::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto, attribute_type, data_type, dimension,
    type_proto,
};
use altlas_onnx::write::Post;
use prost::Message;

use crate::LearnError;
use crate::linear::{LinearFit, Standard};

/// Same as the graphs of `altlas_onnx::write`.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const ML: &str = "ai.onnx.ml";
const OPSET_ML: i64 = 3;

/// What scores of classes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// One score: the logit of class 1.
    Logistic,
    /// A score for each class; their softmax are the probabilities.
    Softmax,
    /// Probabilities.
    Shares,
}

/// A graph that grows node by node. Values are `float64 [rows, columns]` where nothing else is said.
pub(crate) struct Dense {
    graph: GraphProto,
}

impl Dense {
    /// Takes `features` in and has them, less their means, as `centred`; `missing` says where they are not finite.
    pub(crate) fn new(name: &str, standard: &Standard) -> Self {
        let width = standard.mean.len();
        let mut dense = Self { graph: GraphProto { name: Some(name.to_owned()), ..Default::default() } };
        dense.graph.input.push(port("features", data_type::FLOAT, &[None, Some(width)]));
        dense.constant("mean", &[1, width], &standard.mean);
        dense.cast("features", "x", data_type::DOUBLE);
        dense.op("Sub", &["x", "x"], "zero_or_nan");
        dense.op("IsNaN", &["zero_or_nan"], "missing");
        dense.op("Where", &["missing", "mean", "x"], "filled");
        dense.op("Sub", &["filled", "mean"], "centred");
        dense
    }

    /// Goes on from a graph of a regression, whose output gets another name.
    pub(crate) fn reopen(model: &[u8], output: &str, renamed: &str) -> Result<Self, LearnError> {
        let model = ModelProto::decode(model).map_err(|e| OnnxError::NotOnnx { reason: e.to_string() })?;
        let mut graph = model.graph.ok_or(OnnxError::NoGraph)?;
        graph.output.clear();
        // Its maker is the only node that names it.
        let maker = graph.node.iter_mut().find(|node| node.output.iter().any(|name| name == output));
        if let Some(maker) = maker {
            maker.output = vec![renamed.to_owned()];
            maker.name = Some(format!("{renamed}_node"));
        }
        Ok(Self { graph })
    }

    /// Also has them divided by their scales as `z`.
    pub(crate) fn scaled(name: &str, standard: &Standard) -> Self {
        let mut dense = Self::new(name, standard);
        dense.constant("scale", &[1, standard.scale.len()], &standard.scale);
        dense.op("Div", &["centred", "scale"], "z");
        dense
    }

    pub(crate) fn constant(&mut self, name: &str, dims: &[usize], values: &[f64]) {
        self.tensor(name, dims, data_type::DOUBLE, values.iter().flat_map(|v| v.to_le_bytes()).collect());
    }

    pub(crate) fn whole(&mut self, name: &str, values: &[i64]) {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, &[values.len()], data_type::INT64, raw);
    }

    fn tensor(&mut self, name: &str, dims: &[usize], data_type: i32, raw: Vec<u8>) {
        self.graph.initializer.push(TensorProto {
            dims: dims.iter().map(|d| *d as i64).collect(),
            data_type: Some(data_type),
            name: Some(name.to_owned()),
            raw_data: Some(raw),
            ..Default::default()
        });
    }

    pub(crate) fn op(&mut self, op: &str, inputs: &[&str], output: &str) {
        self.op_with(op, inputs, &[output], &[]);
    }

    /// An operator with whole-numbered attributes.
    pub(crate) fn op_with(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, i64)],
    ) {
        self.node(op, inputs, outputs, attributes.iter().map(|(name, value)| int(name, *value)).collect());
    }

    /// The mean of each row.
    pub(crate) fn row_mean(&mut self, input: &str, output: &str) {
        let axes = AttributeProto {
            name: Some("axes".to_owned()),
            r#type: Some(attribute_type::INTS),
            ints: vec![1],
            ..Default::default()
        };
        self.node("ReduceMean", &[input], &[output], vec![axes, int("keepdims", 1)]);
    }

    fn node(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<AttributeProto>) {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        self.graph.node.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: outputs.first().map(|name| format!("{name}_node")),
            op_type: Some(op.to_owned()),
            attribute,
            ..Default::default()
        });
    }

    pub(crate) fn cast(&mut self, input: &str, output: &str, to: i32) {
        self.op_with("Cast", &[input], &[output], &[("to", i64::from(to))]);
    }

    /// `input · weights + bias`, for weights `[inputs, outputs]`.
    pub(crate) fn layer(&mut self, input: &str, weights: &[f64], bias: &[f64], output: &str) {
        let (table, added, product) =
            (format!("{output}_weights"), format!("{output}_bias"), format!("{output}_product"));
        self.constant(&table, &[weights.len() / bias.len().max(1), bias.len()], weights);
        self.constant(&added, &[bias.len()], bias);
        self.op("MatMul", &[input, &table], &product);
        self.op("Add", &[&product, &added], output);
    }

    /// Squared distances of `z` from points `[points, width]`, as `distances`.
    pub(crate) fn distances(&mut self, points: &[f64], width: usize) {
        let count = points.len() / width.max(1);
        let at = |column: usize| points.iter().skip(column).step_by(width.max(1));
        let doubled: Vec<f64> = (0..width).flat_map(|column| at(column).map(|x| -2.0 * x)).collect();
        let norms: Vec<f64> =
            points.chunks_exact(width.max(1)).map(|p| p.iter().map(|x| x * x).sum()).collect();
        self.constant("doubled", &[width, count], &doubled);
        self.constant("norms", &[1, count], &norms);
        self.constant("ones", &[width, 1], &vec![1.0; width]);
        self.op("Mul", &["z", "z"], "squares");
        self.op("MatMul", &["squares", "ones"], "own_norm");
        self.op("MatMul", &["z", "doubled"], "products");
        self.op("Add", &["products", "norms"], "without_own");
        self.op("Add", &["without_own", "own_norm"], "distances");
    }

    /// Ends a regression: `variable`, `float32 [rows, 1]`.
    pub(crate) fn value(mut self, scores: &str, post: Post) -> Vec<u8> {
        self.graph.output.push(port("variable", data_type::FLOAT, &[None, Some(1)]));
        let last = match post {
            Post::None => scores,
            Post::Exp => {
                self.op("Exp", &[scores], "exp");
                "exp"
            }
            Post::ExpM1 => {
                self.constant("one", &[1], &[1.0]);
                self.op("Exp", &[scores], "exp");
                self.op("Sub", &["exp", "one"], "expm1");
                "expm1"
            }
        };
        self.cast(last, "variable", data_type::FLOAT);
        self.finish()
    }

    /// Ends a classification: `label`, `int64 [rows]`, and `probabilities`, `float32 [rows, classes]`.
    pub(crate) fn classes(mut self, scores: &str, link: Link, classes: usize) -> Vec<u8> {
        self.graph.output.push(port("label", data_type::INT64, &[None]));
        self.graph.output.push(port("probabilities", data_type::FLOAT, &[None, Some(classes)]));
        let shares = match link {
            Link::Logistic => {
                self.op("Neg", &[scores], "opposite");
                self.op("Sigmoid", &["opposite"], "first");
                self.op("Sigmoid", &[scores], "second");
                self.op_with("Concat", &["first", "second"], &["shares"], &[("axis", 1)]);
                "shares"
            }
            Link::Softmax => {
                self.op_with("Softmax", &[scores], &["shares"], &[("axis", 1)]);
                "shares"
            }
            Link::Shares => scores,
        };
        self.cast(shares, "probabilities", data_type::FLOAT);
        self.op_with("ArgMax", &["probabilities"], &["label"], &[("axis", 1), ("keepdims", 0)]);
        self.finish()
    }

    /// Ends a clustering: the number of the least of a row's values as `variable`, `float32 [rows, 1]`, and as `label`.
    pub(crate) fn nearest(mut self, distances: &str) -> Vec<u8> {
        self.graph.output.push(port("variable", data_type::FLOAT, &[None, Some(1)]));
        self.graph.output.push(port("label", data_type::INT64, &[None]));
        self.op_with("ArgMin", &[distances], &["number"], &[("axis", 1), ("keepdims", 1)]);
        self.cast("number", "variable", data_type::FLOAT);
        self.op_with("ArgMin", &[distances], &["label"], &[("axis", 1), ("keepdims", 0)]);
        self.finish()
    }

    /// The same of whole numbers `[rows, 1]`.
    pub(crate) fn numbered(mut self, number: &str) -> Vec<u8> {
        self.graph.output.push(port("variable", data_type::FLOAT, &[None, Some(1)]));
        self.graph.output.push(port("label", data_type::INT64, &[None]));
        self.cast(number, "variable", data_type::FLOAT);
        self.cast(number, "whole", data_type::INT64);
        self.whole("columns", &[1]);
        self.op("Squeeze", &["whole", "columns"], "label");
        self.finish()
    }

    /// Ends what gives several numbers of a row, as `float32 [rows, count]`.
    pub(crate) fn vector(mut self, numbers: &str, output: &str, count: usize) -> Vec<u8> {
        self.graph.output.push(port(output, data_type::FLOAT, &[None, Some(count)]));
        self.cast(numbers, output, data_type::FLOAT);
        self.finish()
    }

    fn finish(self) -> Vec<u8> {
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        let mut opset_import = vec![opset("", OPSET)];
        if self.graph.node.iter().any(|node| node.domain.as_deref() == Some(ML)) {
            opset_import.push(opset(ML, OPSET_ML));
        }
        ModelProto {
            ir_version: Some(IR_VERSION),
            opset_import,
            producer_name: Some("altlas".to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(self.graph),
            ..Default::default()
        }
        .encode_to_vec()
    }
}

impl LinearFit {
    fn dense(&self, name: &str) -> Dense {
        let mut dense = Dense::new(name, &self.standard);
        // [width, outputs]: the scale is part of the weights, so that the graph need not divide.
        let scaled = |(i, scale): (usize, &f64)| {
            let scale = *scale;
            self.coefficients.iter().map(move |c| c.get(i).copied().unwrap_or(0.0) / scale)
        };
        let weights: Vec<f64> = self.standard.scale.iter().enumerate().flat_map(scaled).collect();
        dense.layer("centred", &weights, &self.intercepts, "scores");
        dense
    }

    /// The graph of a regression.
    pub(crate) fn regressor(&self, post: Post) -> Vec<u8> {
        self.dense("linear_regressor").value("scores", post)
    }

    /// The graph of a classification.
    pub(crate) fn classifier(&self) -> Vec<u8> {
        let link = if self.intercepts.len() == 1 { Link::Logistic } else { Link::Softmax };
        self.dense("linear_classifier").classes("scores", link, self.intercepts.len().max(2))
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INT),
        i: Some(value),
        ..Default::default()
    }
}

fn port(name: &str, elem_type: i32, shape: &[Option<usize>]) -> ValueInfoProto {
    let dim = |size: &Option<usize>| Dimension {
        value: Some(size.map_or_else(
            || dimension::Value::DimParam("rows".to_owned()),
            |s| dimension::Value::DimValue(s as i64),
        )),
        denotation: None,
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let value =
        Some(type_proto::Value::Tensor(TensorType { elem_type: Some(elem_type), shape: Some(shape) }));
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value, denotation: None }),
        ..Default::default()
    }
}
