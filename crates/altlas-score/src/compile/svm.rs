use super::builder::Builder;
use super::dense::dense;
use super::linear::{best, features, labels, post, transform};
use super::malformed;
use super::node::Node;
use super::value::{Dim, Kind, Row, Value};
use crate::ScoreError;
use crate::flat::Bank;
use crate::ops::{
    CompareKind, Kernel, KernelKind, MOST_CLASSES, Op, Pairs, Post, SecondClass, Shares, Weights,
};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    Ok(Some(match node.operator() {
        "SVMRegressor" => vec![Value::Row(regressor(b, node)?)],
        "SVMClassifier" => classifier(b, node)?,
        _ => return Ok(None),
    }))
}

/// The kernel of a row with each of `count` support vectors.
fn kernels(b: &mut Builder, node: &Node, count: usize) -> Result<Row, ScoreError> {
    let (x, columns) = features(b, node)?;
    let vectors = node.floats("support_vectors").unwrap_or_default();
    if count.checked_mul(columns) != Some(vectors.len()) {
        return Err(malformed("support vectors of another size"));
    }
    let kind = match node.string("kernel_type").unwrap_or("LINEAR") {
        "LINEAR" => KernelKind::Linear,
        "POLY" => KernelKind::Poly,
        "RBF" => KernelKind::Rbf,
        "SIGMOID" => KernelKind::Sigmoid,
        _ => return node.refuse("an unknown kernel"),
    };
    let parameters = match node.floats("kernel_params").unwrap_or_default() {
        [] => [0.0; 3],
        [gamma, constant, degree] => [*gamma, *constant, *degree],
        _ => return node.refuse("other parameters of its kernel"),
    };
    let out = b.row(Kind::F32, vec![Dim::Rows, Dim::Size(count)])?;
    b.op(&Op::Kernel(Kernel { kind, parameters, x: x.reg, vectors, out: out.reg }))?;
    Ok(out)
}

fn regressor(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    if post(node)? != Post::None || node.row(0)?.kind != Kind::F32 {
        return node.refuse("a transform");
    }
    let coefficients = node.floats("coefficients").unwrap_or_default();
    let Some(rho) = node.floats("rho").and_then(<[f32]>::first) else { return node.refuse("no constant") };
    let supports = usize::try_from(node.int("n_supports").unwrap_or_default()).unwrap_or_default();
    let x = if supports > 0 { kernels(b, node, supports)? } else { features(b, node)?.0 };
    if x.reg.len() != coefficients.len() {
        return Err(malformed("SVMRegressor has too few or too many coefficients"));
    }
    let sum = dense(b, &x, 1, Weights::F { rows: coefficients, bias: &[*rho] })?;
    if node.int("one_class").unwrap_or_default() == 0 {
        return Ok(sum);
    }
    let zero = b.scalar(Kind::F32, 0.0)?;
    let inside = super::arithmetic::compare_rows(b, CompareKind::Greater, &sum, &zero)?;
    let (yes, no) = (b.scalar(Kind::F32, 1.0)?, b.scalar(Kind::F32, -1.0)?);
    super::arithmetic::choose(b, &inside, &Value::Row(yes), &Value::Row(no))
}

fn classifier(b: &mut Builder, node: &Node) -> Result<Vec<Value>, ScoreError> {
    let labels = labels(node, "classlabels_ints")?;
    let classes = labels.len();
    if classes < 2 {
        return node.refuse("fewer than two classes");
    }
    let coefficients = node.floats("coefficients").unwrap_or_default();
    let rho = node.floats("rho").unwrap_or_default();
    let per_class = node.ints("vectors_per_class").unwrap_or_default();
    let mut starts = vec![0u32];
    for count in per_class {
        let last = starts.last().copied().unwrap_or_default();
        let next = u32::try_from(*count).ok().and_then(|n| last.checked_add(n));
        starts.push(next.ok_or_else(|| malformed("a class has no number of vectors"))?);
    }
    let vectors = starts.last().copied().unwrap_or_default() as usize;
    if vectors == 0 {
        return liblinear(b, node, coefficients, rho);
    }
    let pairs = classes * (classes - 1) / 2;
    let cells = vectors.checked_mul(classes - 1);
    if per_class.len() != classes || cells != Some(coefficients.len()) || rho.len() != pairs {
        return node.refuse("parameters of another size");
    }
    let kernels = kernels(b, node, vectors)?;
    let scores = b.row(Kind::F32, vec![Dim::Rows, Dim::Size(pairs)])?;
    let votes = b.row(Kind::I64, vec![Dim::Rows, Dim::Size(classes)])?;
    b.op(&Op::Pairs(Pairs {
        kernels: kernels.reg,
        starts: &starts,
        coefficients,
        rho,
        scores: scores.reg,
        votes: votes.reg,
    }))?;
    let label = best(b, &votes, &labels)?;
    let post = post(node)?;
    let (a, c) = (node.floats("prob_a").unwrap_or_default(), node.floats("prob_b").unwrap_or_default());
    let scores = if !a.is_empty() {
        if a.len() != pairs || c.len() != pairs || classes > MOST_CLASSES {
            return node.refuse("parameters of another size");
        }
        let room = b.reg(Bank::F, 2 * classes * classes + classes)?;
        let shares = b.row(Kind::F32, vec![Dim::Rows, Dim::Size(classes)])?;
        b.op(&Op::Shares(Shares { scores: scores.reg, a, b: c, out: shares.reg, room }))?;
        transform(b, &shares, post, SecondClass::None)?
    } else if classes > 2 {
        transform(b, &scores, post, SecondClass::None)?
    } else {
        let second = if post == Post::None { SecondClass::Opposite } else { SecondClass::Complement };
        transform(b, &scores, post, second)?
    };
    Ok(vec![Value::Row(label), Value::Row(scores)])
}

/// A model without support vectors: one weighted sum a class.
fn liblinear(
    b: &mut Builder,
    node: &Node,
    coefficients: &[f32],
    rho: &[f32],
) -> Result<Vec<Value>, ScoreError> {
    let (x, columns) = features(b, node)?;
    let labels = labels(node, "classlabels_ints")?;
    let (Some(rho), classes) = (rho.first(), labels.len()) else { return node.refuse("no constant") };
    if classes < 3 || classes.checked_mul(columns) != Some(coefficients.len()) {
        return node.refuse("no support vectors and these classes");
    }
    let bias = vec![*rho; classes];
    let scores = dense(b, &x, classes, Weights::F { rows: coefficients, bias: &bias })?;
    let label = best(b, &scores, &labels)?;
    let scores = transform(b, &scores, post(node)?, SecondClass::None)?;
    Ok(vec![Value::Row(label), Value::Row(scores)])
}
