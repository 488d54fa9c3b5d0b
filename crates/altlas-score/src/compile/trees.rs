use std::collections::HashMap;

use super::builder::Builder;
use super::forest::{Branch, Forest, Node as TreeNode, Tree};
use super::linear::{labels, post};
use super::node::Node;
use super::value::{Dim, Kind, Row, Value};
use super::{forest, malformed};
use crate::ScoreError;
use crate::flat::Code;
use crate::ops::Post;
use crate::trees::{Aggregate, Classes, NodeMode};

pub(super) fn node(b: &mut Builder, node: &Node) -> Result<Option<Vec<Value>>, ScoreError> {
    Ok(Some(match node.operator() {
        "TreeEnsembleRegressor" => vec![Value::Row(regressor(b, node)?)],
        "TreeEnsembleClassifier" => classifier(b, node)?,
        "TreeEnsemble" => vec![Value::Row(ensemble(b, node)?)],
        _ => return Ok(None),
    }))
}

/// The columns of an ensemble's input: double precision stays, everything else is compared in single precision.
fn features(b: &mut Builder, node: &Node) -> Result<(Row, usize), ScoreError> {
    let x = node.row(0)?.clone();
    let [Dim::Rows, Dim::Size(columns)] = x.shape[..] else { return node.refuse("an input of this shape") };
    match x.kind {
        Kind::F32 | Kind::F64 => Ok((x, columns)),
        Kind::I64 | Kind::I32 => Ok((b.cast(&x, Kind::F32)?, columns)),
        Kind::Bool | Kind::Text => node.refuse("an input of this type"),
    }
}

/// Numbers from an attribute, or from its newer form with the type of the input.
pub(super) fn reals(node: &Node, name: &str, kind: Kind) -> Result<Vec<f64>, ScoreError> {
    if let Some(tensor) = node.tensor(&format!("{name}_as_tensor"))? {
        if tensor.kind != kind {
            return node.refuse("numbers of another type than its input");
        }
        return tensor.to_f64().ok_or_else(|| malformed("an ensemble has texts for numbers"));
    }
    Ok(node.floats(name).unwrap_or_default().iter().map(|x| f64::from(*x)).collect())
}

fn aggregate(node: &Node) -> Result<Aggregate, ScoreError> {
    Ok(match node.string("aggregate_function").unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        _ => return node.refuse("an unknown aggregate"),
    })
}

fn mode(node: &Node, name: &str) -> Result<Option<NodeMode>, ScoreError> {
    Ok(Some(match name {
        "LEAF" => return Ok(None),
        "BRANCH_LEQ" => NodeMode::LessOrEqual,
        "BRANCH_LT" => NodeMode::Less,
        "BRANCH_GTE" => NodeMode::GreaterOrEqual,
        "BRANCH_GT" => NodeMode::Greater,
        "BRANCH_EQ" => NodeMode::Equal,
        "BRANCH_NEQ" => NodeMode::NotEqual,
        _ => return node.refuse("an unknown test"),
    }))
}

/// The trees of versions 1 to 3: columns of nodes, and of values of leaves whose names start with `leaf`.
pub(super) fn trees(node: &Node, kind: Kind, columns: usize, leaf: &str) -> Result<Vec<Tree>, ScoreError> {
    let column = |name: &str| node.ints(name).unwrap_or_default();
    let (tree_ids, node_ids) = (column("nodes_treeids"), column("nodes_nodeids"));
    let (yes, no) = (column("nodes_truenodeids"), column("nodes_falsenodeids"));
    let (features, missing) = (column("nodes_featureids"), column("nodes_missing_value_tracks_true"));
    let modes = node.strings("nodes_modes")?.unwrap_or_default();
    let thresholds = reals(node, "nodes_values", kind)?;
    let count = tree_ids.len();
    let lengths = [node_ids.len(), yes.len(), no.len(), features.len(), modes.len(), thresholds.len()];
    if lengths.iter().any(|n| *n != count) {
        return Err(malformed("the columns of an ensemble's nodes differ in length"));
    }
    let mut places: HashMap<(i64, i64), usize> = HashMap::with_capacity(count);
    for (at, id) in tree_ids.iter().copied().zip(node_ids.iter().copied()).enumerate() {
        if places.insert(id, at).is_some() {
            return Err(malformed("two nodes of a tree have the same number"));
        }
    }
    let weights = reals(node, &format!("{}_weights", leaf), kind)?;
    let named = |what: &str| column(&format!("{leaf}_{what}"));
    let (targets, leaf_trees, leaf_nodes) = (named("ids"), named("treeids"), named("nodeids"));
    if [targets.len(), leaf_trees.len(), leaf_nodes.len()] != [weights.len(); 3] {
        return Err(malformed("the columns of an ensemble's leaves differ in length"));
    }
    let mut values: HashMap<usize, Vec<(u32, f64)>> = HashMap::new();
    for ((target, id), weight) in targets.iter().zip(leaf_trees.iter().zip(leaf_nodes)).zip(weights) {
        let at = places.get(&(*id.0, *id.1)).ok_or_else(|| malformed("a leaf's value has no leaf"))?;
        let target = u32::try_from(*target).map_err(|_| malformed("a leaf adds to no target"))?;
        values.entry(*at).or_default().push((target, weight));
    }
    let mut nodes = Vec::with_capacity(count);
    for at in 0..count {
        let get = |column: &[i64]| column.get(at).copied().unwrap_or_default();
        let Some(mode) = mode(node, modes.get(at).map_or("", String::as_str))? else {
            let values = values.remove(&at).filter(|v| !v.is_empty());
            nodes.push(TreeNode::Leaf(values.ok_or_else(|| malformed("a leaf has no value"))?));
            continue;
        };
        let child = |id: i64| places.get(&(get(tree_ids), id)).copied();
        let (Some(yes), Some(no)) = (child(get(yes)), child(get(no))) else {
            return Err(malformed("a node leads to no node"));
        };
        let feature = usize::try_from(get(features)).ok().filter(|f| *f < columns);
        nodes.push(TreeNode::Branch(Branch {
            feature: feature.ok_or_else(|| malformed("a node tests no column"))? as u32,
            threshold: thresholds.get(at).copied().unwrap_or_default(),
            mode,
            missing_yes: get(missing) == 1,
            yes,
            no,
        }));
    }
    // The first node of each run of equal tree numbers is a root.
    let mut roots: Vec<usize> = vec![];
    let mut seen = std::collections::HashSet::new();
    for (at, tree) in tree_ids.iter().enumerate() {
        if at > 0 && tree_ids.get(at - 1) == Some(tree) {
            continue;
        }
        if !seen.insert(*tree) {
            return node.refuse("trees whose nodes are apart");
        }
        roots.push(at);
    }
    roots.iter().map(|root| forest::tree(&nodes, *root)).collect()
}

fn regressor(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let (x, columns) = features(b, node)?;
    let targets = usize::try_from(node.int("n_targets").unwrap_or_default()).unwrap_or_default();
    let base = reals(node, "base_values", x.kind)?;
    if targets == 0 || !(base.is_empty() || base.len() == targets) {
        return node.refuse("base values of another number");
    }
    let forest = Forest {
        trees: trees(node, x.kind, columns, "target")?,
        targets,
        base,
        aggregate: aggregate(node)?,
        post: post(node)?,
    };
    let scores = b.row(Kind::F32, vec![Dim::Rows, Dim::Size(targets)])?;
    finish(b, node, &x, &forest, &scores, None)?;
    Ok(scores)
}

fn finish(
    b: &mut Builder,
    node: &Node,
    x: &Row,
    forest: &Forest,
    scores: &Row,
    classes: Option<Classes>,
) -> Result<(), ScoreError> {
    if forest.trees.is_empty() {
        return node.refuse("no trees");
    }
    let beyond = |n: &TreeNode| matches!(n, TreeNode::Leaf(values) if values.iter().any(|(t, _)| *t as usize >= forest.targets));
    if forest.trees.iter().any(|tree| tree.iter().any(beyond)) {
        return Err(malformed("a leaf adds to no target"));
    }
    forest::write(b, x, forest, (scores.kind.bank(), scores.reg), classes)
}

fn classifier(b: &mut Builder, node: &Node) -> Result<Vec<Value>, ScoreError> {
    let (x, columns) = features(b, node)?;
    let labels = labels(node, "classlabels_int64s")?;
    let targets = labels.len();
    let base = reals(node, "base_values", x.kind)?;
    let fits = base.is_empty() || base.len() == targets || base.len() == 1 && targets == 2;
    if targets < 2 || !fits {
        return node.refuse("these classes");
    }
    // A classifier always sums.
    let aggregate = Aggregate::Sum;
    let forest =
        Forest { trees: trees(node, x.kind, columns, "class")?, targets, base, aggregate, post: post(node)? };
    let ids = node.ints("class_ids").unwrap_or_default();
    let one_score = targets == 2 && ids.iter().all(|id| Some(id) == ids.first());
    let positive = reals(node, "class_weights", x.kind)?.iter().all(|w| *w >= 0.0 || w.is_nan());
    // Where no leaf may have added to the second class, the runtime writes one score in some cases, and whatever was in
    // memory for the other.
    let lone = targets == 2 && forest.base.len() != 2 && !forest.always_second();
    if lone && (forest.post == Post::Probit || forest.base.len() == 1 && !one_score) {
        return node.refuse("scores for one of two classes");
    }
    let scores = b.row(Kind::F32, vec![Dim::Rows, Dim::Size(targets)])?;
    let class = b.row(Kind::I64, vec![Dim::Rows])?;
    let classes = Classes { one_score, positive, label: class.reg };
    finish(b, node, &x, &forest, &scores, Some(classes))?;
    // With two classes and scores for both, the runtime's label is 0 or 1, whatever the classes are called.
    let literal = targets == 2 && !one_score && labels.kind != Kind::Text;
    let label = if literal { class } else { b.lookup(&class, &labels)? };
    Ok(vec![Value::Row(label), Value::Row(scores)])
}

/// The one operator of version 5.
fn ensemble(b: &mut Builder, node: &Node) -> Result<Row, ScoreError> {
    let (x, columns) = features(b, node)?;
    if node.row(0)?.kind != x.kind {
        return node.refuse("an input of this type");
    }
    let (kind, targets) =
        (x.kind, usize::try_from(node.int("n_targets").unwrap_or_default()).unwrap_or_default());
    let typed = |name: &str| match node.tensor(name)? {
        Some(tensor) if tensor.kind == kind => {
            tensor.to_f64().ok_or_else(|| malformed("an ensemble has texts for numbers"))
        }
        _ => node.refuse("numbers of another type than its input"),
    };
    let (splits, weights) = (typed("nodes_splits")?, typed("leaf_weights")?);
    let modes = node.bytes("nodes_modes").ok_or_else(|| malformed("an ensemble has no tests"))?;
    let column = |name: &str| node.ints(name).unwrap_or_default();
    let (features, missing) = (column("nodes_featureids"), column("nodes_missing_value_tracks_true"));
    let (yes, no) = (column("nodes_truenodeids"), column("nodes_falsenodeids"));
    let (yes_leaf, no_leaf) = (column("nodes_trueleafs"), column("nodes_falseleafs"));
    let leaf_targets = column("leaf_targetids");
    let count = features.len();
    let lengths = [yes.len(), no.len(), yes_leaf.len(), no_leaf.len(), modes.len(), splits.len()];
    if lengths.iter().any(|n| *n != count) || leaf_targets.len() != weights.len() {
        return Err(malformed("the columns of an ensemble differ in length"));
    }
    let mut nodes = Vec::with_capacity(count + weights.len());
    for at in 0..count {
        let get = |column: &[i64]| column.get(at).copied().unwrap_or_default();
        // Leaves come after the branches.
        let child = |id: i64, leaf: i64| {
            let id = usize::try_from(id).ok()?;
            if leaf == 0 { (id < count).then_some(id) } else { (id < weights.len()).then_some(count + id) }
        };
        let (Some(yes), Some(no)) = (child(get(yes), get(yes_leaf)), child(get(no), get(no_leaf))) else {
            return Err(malformed("a node leads to no node"));
        };
        let feature = usize::try_from(get(features)).ok().filter(|f| *f < columns);
        let Ok(mode) = NodeMode::from_code(modes.get(at).map_or(u32::MAX, |m| u32::from(*m))) else {
            return node.refuse("tests for membership");
        };
        nodes.push(TreeNode::Branch(Branch {
            feature: feature.ok_or_else(|| malformed("a node tests no column"))? as u32,
            threshold: splits.get(at).copied().unwrap_or_default(),
            mode,
            missing_yes: get(missing) == 1,
            yes,
            no,
        }));
    }
    for (target, weight) in leaf_targets.iter().zip(&weights) {
        let target = u32::try_from(*target).map_err(|_| malformed("a leaf adds to no target"))?;
        nodes.push(TreeNode::Leaf(vec![(target, *weight)]));
    }
    let mut trees = vec![];
    for root in column("tree_roots") {
        let root = usize::try_from(*root).ok().filter(|root| *root < count);
        let tree = forest::tree(&nodes, root.ok_or_else(|| malformed("a tree has no root"))?)?;
        // The runtime takes a root whose branches are the same leaf for that leaf, under another number.
        if let Some(TreeNode::Branch(Branch { yes, no, .. })) = tree.first()
            && tree.len() == 3
            && tree.get(*yes) == tree.get(*no)
        {
            return node.refuse("a tree of one leaf");
        }
        trees.push(tree);
    }
    let code =
        |name: &str, default: i64| u32::try_from(node.int(name).unwrap_or(default)).unwrap_or(u32::MAX);
    let (Ok(aggregate), Ok(post)) =
        (Aggregate::from_code(code("aggregate_function", 1)), Post::from_code(code("post_transform", 0)))
    else {
        return node.refuse("an unknown aggregate or transform");
    };
    if targets == 0 || kind == Kind::F64 && post != Post::None {
        return node.refuse("a transform in double precision");
    }
    // The specification numbers softmax 1 and the logistic function 2, ONNX Runtime 1.32 the other way round.
    if matches!(post, Post::Softmax | Post::Logistic) {
        return node.refuse("a transform that runtimes read differently");
    }
    let forest = Forest { trees, targets, base: vec![], aggregate, post };
    let scores = b.row(kind, vec![Dim::Rows, Dim::Size(targets)])?;
    finish(b, node, &x, &forest, &scores, None)?;
    Ok(scores)
}
