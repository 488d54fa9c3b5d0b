use super::graph::{Builder, float_tensor, floats, int, int_tensor, ints, port, string, strings};
use super::{Post, Tree, TreeNode};
use crate::OnnxError;
use crate::proto::{AttributeProto, data_type};

/// A regression as a sum of trees.
#[derive(Debug, Clone)]
pub struct TreeRegressor<'a> {
    /// Columns of the input.
    pub width: usize,
    /// The trees; each leaf has one value.
    pub trees: &'a [Tree],
    /// Added to the sum of the leaves.
    pub base: f32,
    /// What happens to the sum.
    pub post: Post,
    /// Name of the input, a `float32` tensor `[rows, width]`; by custom `features`.
    pub input: &'a str,
    /// Name of the output, a `float32` tensor `[rows, 1]`; by custom `variable`.
    pub output: &'a str,
    /// Custom metadata of the model.
    pub metadata: &'a [(String, String)],
}

/// How the scores of a [`TreeClassifier`] become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassScores {
    /// The sums are logits. Two classes: one score, that of class 1, through the logistic function. More: one
    /// score a class, through softmax.
    Logits,
    /// The sums are probabilities already, one a class, as in a forest whose leaves hold shares divided by the
    /// number of trees.
    Probabilities,
}

/// A classification by sums of trees. Outputs: `label` `int64 [rows]`, the index of the likeliest class (the
/// lower one where two are equal), and `probabilities` `float32 [rows, classes]`.
#[derive(Debug, Clone)]
pub struct TreeClassifier<'a> {
    /// Columns of the input.
    pub width: usize,
    /// Number of classes, at least 2.
    pub classes: usize,
    /// The trees. A leaf has one value for each score, or a single one for the score that `tree_classes` names.
    pub trees: &'a [Tree],
    /// The score each tree adds to. Empty: tree `i` adds to score `i mod scores`, the order of LightGBM and
    /// XGBoost. Scores are classes, but for two classes with [`ClassScores::Logits`] there is only score 0.
    pub tree_classes: &'a [u32],
    /// Added to the sums, one for each score; empty for zero.
    pub base: &'a [f32],
    /// What the sums are.
    pub scores: ClassScores,
    /// Name of the input, a `float32` tensor `[rows, width]`; by custom `features`.
    pub input: &'a str,
    /// Custom metadata of the model.
    pub metadata: &'a [(String, String)],
}

/// Writes a [`TreeRegressor`].
pub fn tree_regressor(spec: &TreeRegressor) -> Result<Vec<u8>, OnnxError> {
    for (number, tree) in spec.trees.iter().enumerate() {
        tree.validate(number, spec.width, |len| len == 1)?;
    }
    let ensemble = ensemble(spec.trees, |_| 0, 1, &[spec.base]);
    let mut graph = Builder::new("tree_regressor", spec.metadata);
    graph.input(port(spec.input, data_type::FLOAT, &[None, Some(spec.width)]));
    graph.output(port(spec.output, data_type::FLOAT, &[None, Some(1)]));
    let score = graph.before_post(spec.post, spec.output);
    graph.ml("TreeEnsembleRegressor", &[spec.input], &[&score], ensemble);
    graph.post(spec.post, &score, spec.output);
    Ok(graph.finish())
}

/// An isolation forest. Outputs: the score of a row as `variable`, `float32 [rows, 1]`, which is e to the power of the sum of its leaves,
/// and as `label` `int64 [rows]` whether it is above the threshold.
#[derive(Debug, Clone)]
pub struct IsolationForest<'a> {
    /// Columns of the input.
    pub width: usize,
    /// The trees; each leaf has one value.
    pub trees: &'a [Tree],
    /// Scores above it are labelled 1.
    pub threshold: f32,
    /// Name of the input, a `float32` tensor `[rows, width]`; by custom `features`.
    pub input: &'a str,
}

/// Writes an [`IsolationForest`].
pub fn isolation_forest(spec: &IsolationForest) -> Result<Vec<u8>, OnnxError> {
    for (number, tree) in spec.trees.iter().enumerate() {
        tree.validate(number, spec.width, |len| len == 1)?;
    }
    let mut graph = Builder::new("isolation_forest", &[]);
    graph.input(port(spec.input, data_type::FLOAT, &[None, Some(spec.width)]));
    graph.output(port("variable", data_type::FLOAT, &[None, Some(1)]));
    graph.output(port("label", data_type::INT64, &[None]));
    graph.constant(float_tensor("threshold", &[1], &[spec.threshold]));
    graph.constant(int_tensor("columns", &[1], &[1]));
    graph.ml("TreeEnsembleRegressor", &[spec.input], &["sum"], ensemble(spec.trees, |_| 0, 1, &[0.0]));
    graph.op("Exp", &["sum"], &["variable"], vec![]);
    graph.op("Greater", &["variable", "threshold"], &["above"], vec![]);
    graph.op("Cast", &["above"], &["whole"], vec![int("to", i64::from(data_type::INT64))]);
    graph.op("Squeeze", &["whole", "columns"], &["label"], vec![]);
    Ok(graph.finish())
}

/// Writes a [`TreeClassifier`].
pub fn tree_classifier(spec: &TreeClassifier) -> Result<Vec<u8>, OnnxError> {
    let binary = spec.classes == 2 && spec.scores == ClassScores::Logits;
    let scores = if binary { 1 } else { spec.classes };
    let class_of = |tree: usize| match spec.tree_classes.get(tree) {
        Some(class) => *class as usize,
        None => tree % scores.max(1),
    };
    if spec.classes < 2 {
        return Err(OnnxError::WrongSize { what: "classes", expected: 2, actual: spec.classes });
    }
    if !spec.base.is_empty() && spec.base.len() != scores {
        return Err(OnnxError::WrongSize { what: "base values", expected: scores, actual: spec.base.len() });
    }
    if !spec.tree_classes.is_empty() && spec.tree_classes.len() != spec.trees.len() {
        let (expected, actual) = (spec.trees.len(), spec.tree_classes.len());
        return Err(OnnxError::WrongSize { what: "classes of trees", expected, actual });
    }
    for (number, tree) in spec.trees.iter().enumerate() {
        if class_of(number) >= scores {
            return Err(OnnxError::MalformedTree {
                tree: number,
                node: 0,
                fault: "its class is out of range",
            });
        }
        tree.validate(number, spec.width, |len| len == 1 || len == scores)?;
    }
    let base = if spec.base.is_empty() { vec![0.0; scores] } else { spec.base.to_vec() };
    let ensemble = ensemble(spec.trees, class_of, scores, &base);

    let mut graph = Builder::new("tree_classifier", spec.metadata);
    graph.input(port(spec.input, data_type::FLOAT, &[None, Some(spec.width)]));
    graph.class_outputs(spec.classes);
    match spec.scores {
        ClassScores::Probabilities => {
            graph.ml("TreeEnsembleRegressor", &[spec.input], &["probabilities"], ensemble);
        }
        ClassScores::Logits if binary => {
            graph.ml("TreeEnsembleRegressor", &[spec.input], &["score"], ensemble);
            // The softmax of −s/2 and s/2 is the logistic function of −s and s. `Sigmoid` is not used: ONNX Runtime
            // approximates it with an absolute error, and gives 0 for probabilities below 1e-8.
            graph.constant(float_tensor("halves", &[1, 2], &[-0.5, 0.5]));
            graph.op("Mul", &["score", "halves"], &["scores"], vec![]);
            graph.op("Softmax", &["scores"], &["probabilities"], vec![int("axis", 1)]);
        }
        ClassScores::Logits => {
            graph.ml("TreeEnsembleRegressor", &[spec.input], &["scores"], ensemble);
            graph.op("Softmax", &["scores"], &["probabilities"], vec![int("axis", 1)]);
        }
    }
    graph.label();
    Ok(graph.finish())
}

/// The attributes of a `TreeEnsembleRegressor`; `target` is what single-valued leaves of a tree add to.
fn ensemble(
    trees: &[Tree],
    target: impl Fn(usize) -> usize,
    targets: usize,
    base: &[f32],
) -> Vec<AttributeProto> {
    let count: usize = trees.iter().map(|t| t.nodes.len()).sum();
    let column = || Vec::<i64>::with_capacity(count);
    let (mut tree_ids, mut node_ids, mut features) = (column(), column(), column());
    let (mut lefts, mut rights, mut missing) = (column(), column(), column());
    let (mut modes, mut thresholds) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut leaf_trees, mut leaf_nodes, mut leaf_targets, mut weights) = (vec![], vec![], vec![], vec![]);
    for (tree_id, tree) in trees.iter().enumerate() {
        for (node_id, node) in tree.nodes.iter().enumerate() {
            tree_ids.push(tree_id as i64);
            node_ids.push(node_id as i64);
            match node {
                TreeNode::Branch { feature, threshold, missing_left, left, right } => {
                    modes.push("BRANCH_LEQ");
                    features.push(i64::from(*feature));
                    thresholds.push(*threshold);
                    missing.push(i64::from(*missing_left));
                    lefts.push(i64::from(*left));
                    rights.push(i64::from(*right));
                }
                TreeNode::Leaf { values } => {
                    modes.push("LEAF");
                    features.push(0);
                    thresholds.push(0.0);
                    missing.push(0);
                    lefts.push(0);
                    rights.push(0);
                    for (n, value) in values.iter().enumerate() {
                        leaf_trees.push(tree_id as i64);
                        leaf_nodes.push(node_id as i64);
                        leaf_targets.push(if values.len() == 1 { target(tree_id) } else { n } as i64);
                        weights.push(*value);
                    }
                }
            }
        }
    }
    vec![
        string("aggregate_function", "SUM"),
        floats("base_values", base.to_vec()),
        int("n_targets", targets as i64),
        ints("nodes_falsenodeids", rights),
        ints("nodes_featureids", features),
        ints("nodes_missing_value_tracks_true", missing),
        strings("nodes_modes", &modes),
        ints("nodes_nodeids", node_ids),
        ints("nodes_treeids", tree_ids),
        ints("nodes_truenodeids", lefts),
        floats("nodes_values", thresholds),
        string("post_transform", "NONE"),
        ints("target_ids", leaf_targets),
        ints("target_nodeids", leaf_nodes),
        ints("target_treeids", leaf_trees),
        floats("target_weights", weights),
    ]
}
