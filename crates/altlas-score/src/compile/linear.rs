use super::builder::Builder;
use super::dense::dense;
use super::node::Node;
use super::reduce::arg_of;
use super::value::{Data, Dim, Kind, Row, Tensor, Value, span};
use super::{malformed, unsupported};
use crate::ScoreError;
use crate::ops::{CompareKind, Op, Post, SecondClass, Transform, Weights};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    Ok(Some(match node.operator() {
        "LinearRegressor" => vec![Value::Row(regressor(b, node)?)],
        "LinearClassifier" => classifier(b, node)?,
        _ => return Ok(None),
    }))
}

/// The columns of a model's input, in single precision.
pub(super) fn features(b: &mut Builder, node: &Node) -> Result<(Row, usize), ScoreError> {
    let x = node.row(0)?.clone();
    let [Dim::Rows, Dim::Size(columns)] = x.shape[..] else { return node.refuse("an input of this shape") };
    if matches!(x.kind, Kind::Text | Kind::Bool) {
        return node.refuse("an input of this type");
    }
    Ok((b.cast(&x, Kind::F32)?, columns))
}

pub(super) fn post(node: &Node) -> Result<Post, ScoreError> {
    Ok(match node.string("post_transform").unwrap_or("NONE") {
        "NONE" => Post::None,
        "SOFTMAX" => Post::Softmax,
        "LOGISTIC" => Post::Logistic,
        "SOFTMAX_ZERO" => Post::SoftmaxZero,
        "PROBIT" => Post::Probit,
        _ => return node.refuse("an unknown transform"),
    })
}

/// The names of classes as a table by number.
pub(super) fn labels(node: &Node, ints: &str) -> Result<Tensor, ScoreError> {
    if let Some(texts) = node.strings("classlabels_strings")?.filter(|t| !t.is_empty()) {
        return Ok(Tensor { kind: Kind::Text, sizes: vec![texts.len()], data: Data::Text(texts) });
    }
    Ok(Tensor::ints(node.ints(ints).unwrap_or_default().to_vec()))
}

/// Applies a transform; a lone score of a model with one result is only ever put through the probit.
pub(super) fn transform(
    b: &mut Builder,
    scores: &Row,
    post: Post,
    second: SecondClass,
) -> Result<Row, ScoreError> {
    let lone = scores.reg.len == 1;
    if second == SecondClass::None && (post == Post::None || lone && post != Post::Probit) {
        return Ok(scores.clone());
    }
    if second != SecondClass::None && post == Post::Probit {
        return unsupported("a probit of two classes with one score");
    }
    let len = if second == SecondClass::None { scores.reg.len() } else { 2 };
    let out = b.row(Kind::F32, vec![Dim::Rows, Dim::Size(len)])?;
    b.op(&Op::Transform(Transform { post, second, x: scores.reg, out: out.reg }))?;
    Ok(out)
}

/// The class with the highest score, by its name.
pub(super) fn best(b: &mut Builder, scores: &Row, labels: &Tensor) -> Result<Row, ScoreError> {
    let axis = span(&scores.shape, 1, 2)?;
    if (axis.len as usize) > labels.len() {
        return unsupported("more scores than classes");
    }
    let index = arg_of(b, scores, axis, vec![Dim::Rows], false)?;
    b.lookup(&index, labels)
}

fn regressor(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let (x, columns) = features(b, node)?;
    if node.row(0)?.kind != Kind::F32 {
        return node.refuse("an input of this type");
    }
    let targets = usize::try_from(node.int("targets").unwrap_or(1)).unwrap_or_default();
    let rows = node.floats("coefficients").unwrap_or_default();
    if targets.checked_mul(columns) != Some(rows.len()) || targets == 0 {
        return Err(malformed("LinearRegressor has too few or too many coefficients"));
    }
    let bias = node.floats("intercepts").filter(|b| b.len() == targets).unwrap_or_default();
    let scores = dense(b, &x, targets, Weights::F { rows, bias })?;
    transform(b, &scores, post(node)?, SecondClass::None)
}

fn classifier(b: &mut Builder, node: &Node) -> Result<Vec<Value>, ScoreError> {
    let (x, columns) = features(b, node)?;
    let bias = node.floats("intercepts").unwrap_or_default();
    let rows = node.floats("coefficients").unwrap_or_default();
    let labels = labels(node, "classlabels_ints")?;
    if bias.is_empty() || bias.len().checked_mul(columns) != Some(rows.len()) {
        return node.refuse("coefficients of another size");
    }
    let scores = dense(b, &x, bias.len(), Weights::F { rows, bias })?;
    let (label, second) = if bias.len() == 1 {
        let zero = b.scalar(Kind::F32, 0.0)?;
        let positive = super::arithmetic::compare_rows(b, CompareKind::Greater, &scores, &zero)?;
        let index = Row { shape: vec![Dim::Rows], kind: Kind::I64, ..positive };
        if labels.len() == 2 {
            (b.lookup(&index, &labels)?, SecondClass::Complement)
        } else if labels.kind == Kind::Text {
            return node.refuse("one score and other than two classes");
        } else {
            (index, SecondClass::None)
        }
    } else {
        (best(b, &scores, &labels)?, SecondClass::None)
    };
    let scores = transform(b, &scores, post(node)?, second)?;
    Ok(vec![Value::Row(label), Value::Row(scores)])
}
