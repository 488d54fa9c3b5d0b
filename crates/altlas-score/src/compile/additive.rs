//! The sum in a graph, for explanations.

use std::collections::HashMap;

use altlas_onnx::proto::{GraphProto, ModelProto, NodeProto};
use prost::Message;

use super::forest::{Node as CompiledNode, Tree, depths};
use super::node::Node;
use super::value::{Kind, Tensor};
use super::{malformed, tensor, trees};
use crate::ScoreError;
use crate::additive::{Additive, Ensemble, Linear, Test, TreeNode};
use crate::trees::NodeMode;

/// A path that is longer than this is not followed.
const DEEPEST: usize = 512;

/// The one ensemble or linear function of a graph that reads the graph's input as it is; `None` of a graph of another form. Whether
/// the answers follow from these scores alone is for the caller to see: what comes after them is not looked at.
pub fn additive(onnx: &[u8]) -> Result<Option<Additive>, ScoreError> {
    let model = ModelProto::decode(onnx).map_err(|e| malformed(&format!("it is no ONNX model: {e}")))?;
    let graph = model.graph.as_ref().ok_or_else(|| malformed("it has no graph"))?;
    let sums = |node: &&NodeProto| {
        matches!(
            operator(node),
            "TreeEnsembleRegressor"
                | "TreeEnsembleClassifier"
                | "LinearRegressor"
                | "LinearClassifier"
                | "MatMul"
        )
    };
    let mut found = graph.node.iter().filter(sums);
    let (Some(proto), None) = (found.next(), found.next()) else { return Ok(None) };
    if operator(proto) == "MatMul" {
        return Ok(trained_linear(graph, proto).map(Additive::Linear));
    }
    if !reads_input(graph, proto) {
        return Ok(None);
    }
    let node = Node::new(proto, vec![], 1);
    let found = match operator(proto) {
        "TreeEnsembleRegressor" => regressor(&node),
        "TreeEnsembleClassifier" => classifier(&node),
        _ => Ok(weights(&node).map(Additive::Linear)),
    };
    match found {
        Err(ScoreError::Unsupported { .. }) => Ok(None),
        other => other,
    }
}

fn operator(node: &NodeProto) -> &str {
    node.op_type.as_deref().unwrap_or_default()
}

/// Whether a node's first input is the graph's only one, but for casts.
fn reads_input(graph: &GraphProto, node: &NodeProto) -> bool {
    let known: Vec<&str> = graph.initializer.iter().filter_map(|t| t.name.as_deref()).collect();
    let mut inputs = graph.input.iter().filter_map(|i| i.name.as_deref()).filter(|n| !known.contains(n));
    let (Some(input), None) = (inputs.next(), inputs.next()) else { return false };
    let makers: HashMap<&str, &NodeProto> =
        graph.node.iter().flat_map(|n| n.output.iter().map(move |o| (o.as_str(), n))).collect();
    let mut name = node.input.first().map(String::as_str).unwrap_or_default();
    for _ in 0..graph.node.len() + 1 {
        if name == input {
            return true;
        }
        match makers.get(name) {
            Some(maker) if matches!(operator(maker), "Cast" | "Identity") => {
                name = maker.input.first().map(String::as_str).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

fn regressor(node: &Node) -> Result<Option<Additive>, ScoreError> {
    let targets = usize::try_from(node.int("n_targets").unwrap_or_default()).unwrap_or_default();
    let average = match node.string("aggregate_function").unwrap_or("SUM") {
        "SUM" => false,
        "AVERAGE" => true,
        _ => return Ok(None),
    };
    ensemble(node, targets, "target", average)
}

fn classifier(node: &Node) -> Result<Option<Additive>, ScoreError> {
    let targets = super::linear::labels(node, "classlabels_int64s")?.len();
    let ids = node.ints("class_ids").unwrap_or_default();
    // Two classes with one score: it is that of the second, whatever its number.
    if targets == 2 && ids.iter().all(|id| Some(id) == ids.first()) {
        let Some(Additive::Trees(mut found)) = ensemble(node, 1, "class", false)? else { return Ok(None) };
        for node in found.trees.iter_mut().flatten() {
            if let TreeNode::Leaf(values) = node {
                values.iter_mut().for_each(|(target, _)| *target = 0);
            }
        }
        return Ok(Some(Additive::Trees(found)));
    }
    ensemble(node, targets, "class", false)
}

fn ensemble(node: &Node, targets: usize, leaf: &str, average: bool) -> Result<Option<Additive>, ScoreError> {
    let kind = if node.has("nodes_values_as_tensor") { Kind::F64 } else { Kind::F32 };
    let trees = trees::trees(node, kind, u32::MAX as usize, leaf)?;
    let mut base = trees::reals(node, "base_values", kind)?;
    base.resize(targets, 0.0);
    if targets == 0 || trees.is_empty() || trees.iter().any(|tree| depths(tree).0 > DEEPEST) {
        return Ok(None);
    }
    let share = if average { 1.0 / trees.len() as f64 } else { 1.0 };
    let trees = trees.into_iter().map(|tree| plain(tree, share)).collect();
    Ok(Some(Additive::Trees(Ensemble { trees, base, single: kind == Kind::F32 })))
}

fn plain(tree: Tree, share: f64) -> Vec<TreeNode> {
    let node = |node: CompiledNode| match node {
        CompiledNode::Branch(b) => TreeNode::Branch {
            feature: b.feature,
            test: match b.mode {
                NodeMode::LessOrEqual => Test::LessOrEqual,
                NodeMode::Less => Test::Less,
                NodeMode::GreaterOrEqual => Test::GreaterOrEqual,
                NodeMode::Greater => Test::Greater,
                NodeMode::Equal => Test::Equal,
                NodeMode::NotEqual => Test::NotEqual,
            },
            threshold: b.threshold,
            missing_yes: b.missing_yes,
            yes: b.yes,
            no: b.no,
        },
        CompiledNode::Leaf(values) => {
            TreeNode::Leaf(values.into_iter().map(|(target, value)| (target, value * share)).collect())
        }
    };
    tree.into_iter().map(node).collect()
}

/// `LinearRegressor` and `LinearClassifier`.
fn weights(node: &Node) -> Option<Linear> {
    let coefficients = node.floats("coefficients")?;
    let intercepts = node.floats("intercepts").unwrap_or_default();
    let targets = match node.operator() {
        "LinearRegressor" => usize::try_from(node.int("targets").unwrap_or(1)).ok()?,
        _ => intercepts.len(),
    };
    let width = coefficients.len().checked_div(targets)?;
    if width == 0 || width * targets != coefficients.len() {
        return None;
    }
    let wide = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    let mut bias = wide(intercepts);
    bias.resize(targets, 0.0);
    let weights = coefficients.chunks_exact(width).map(wide).collect();
    Some(Linear { weights, bias, center: vec![0.0; width], fills: false })
}

/// The linear models that altlas trains: `(filled − mean) · weights + bias`, with names that their writer gives to the first two.
fn trained_linear(graph: &GraphProto, product: &NodeProto) -> Option<Linear> {
    let [left, weights] = product.input.as_slice() else { return None };
    if left != "centred" {
        return None;
    }
    let sum = product.output.first()?;
    let added = |node: &&NodeProto| operator(node) == "Add" && node.input.first() == Some(sum);
    let bias = graph.node.iter().find(added)?.input.get(1)?;
    let constant = |name: &str| -> Option<Tensor> {
        let proto = graph.initializer.iter().find(|t| t.name.as_deref() == Some(name))?;
        tensor::read(proto).ok()
    };
    let (center, bias) = (constant("mean")?.to_f64()?, constant(bias)?.to_f64()?);
    let all = constant(weights)?.to_f64()?;
    if all.len() != center.len() * bias.len() {
        return None;
    }
    let line = |k: usize| all.iter().skip(k).step_by(bias.len()).copied().collect();
    let weights = (0..bias.len()).map(line).collect();
    Some(Linear { weights, bias, center, fills: true })
}
