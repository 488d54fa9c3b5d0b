//! The writers: what they write passes the checks, is the same each time, and malformed arguments are refused.
//! That the graphs compute what they should is tested where there is a runtime, in `altlas-runtime`.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use altlas_onnx::write::*;
use altlas_onnx::{Dim, Limits, OnnxError, check};

fn leaf(value: f32) -> TreeNode {
    TreeNode::Leaf { values: vec![value] }
}

fn branch(feature: u32, left: u32, right: u32) -> TreeNode {
    TreeNode::Branch { feature, threshold: 0.5, missing_left: true, left, right }
}

fn stump() -> Tree {
    Tree { nodes: vec![branch(1, 1, 2), leaf(-1.0), leaf(1.0)] }
}

fn regressor(trees: &[Tree]) -> Result<Vec<u8>, OnnxError> {
    let (input, output, post) = ("features", "variable", Post::ExpM1);
    tree_regressor(&TreeRegressor { width: 2, trees, base: 0.25, post, input, output, metadata: &[] })
}

fn classifier(
    trees: &[Tree],
    classes: usize,
    scores: ClassScores,
    base: &[f32],
) -> Result<Vec<u8>, OnnxError> {
    let (input, metadata, tree_classes): (_, _, &[u32]) = ("features", &[][..], &[]);
    tree_classifier(&TreeClassifier { width: 2, classes, trees, tree_classes, base, scores, input, metadata })
}

#[test]
fn the_meaning_of_a_tree() {
    let tree = stump();
    let at = |x: f32| tree.leaf(&[0.0, x]).map(|leaf| leaf[0]);
    assert_eq!([at(0.4), at(0.5), at(0.6), at(f32::NAN)], [Some(-1.0), Some(-1.0), Some(1.0), Some(-1.0)]);
    assert_eq!(tree.leaf(&[0.0]), None);
    let endless = Tree { nodes: vec![branch(0, 0, 0)] };
    assert_eq!(endless.leaf(&[0.0]), None);
}

#[test]
fn written_models_pass_the_checks() {
    let metadata = [("altlas.kind".to_owned(), "test".to_owned())];
    let linear = LinearRegressor {
        width: 2,
        coefficients: &[1.0, 2.0],
        intercept: 3.0,
        post: Post::None,
        input: "features",
        output: "variable",
        metadata: &metadata,
    };
    let text = TextBagClassifier {
        buckets: 2,
        width: 0,
        classes: 2,
        weights: &[0.0, 0.0, 1.0, 2.0, 3.0, 4.0],
        vector_weights: &[],
        bias: &[0.0, 1.0],
        none: false,
        metadata: &metadata,
    };
    let forest = Tree { nodes: vec![TreeNode::Leaf { values: vec![0.25, 0.5, 0.25] }] };
    let models = [
        regressor(&[stump(), stump()]).unwrap(),
        classifier(&[stump()], 2, ClassScores::Logits, &[0.5]).unwrap(),
        classifier(&[stump(), stump(), stump()], 3, ClassScores::Logits, &[]).unwrap(),
        classifier(&[forest], 3, ClassScores::Probabilities, &[]).unwrap(),
        linear_regressor(&linear).unwrap(),
        text_bag_classifier(&text).unwrap(),
    ];
    for bytes in &models {
        let checked = check(bytes, &Limits::default()).unwrap();
        assert!(checked.producer.starts_with("altlas "), "{}", checked.producer);
        assert_eq!(checked.opsets["ai.onnx"], 17);
    }
    let of = |n: usize| check(&models[n], &Limits::default()).unwrap();
    assert_eq!(of(0).inputs[0].shape, Some(vec![Dim::Symbol("rows".into()), Dim::Size(2)]));
    let called: Vec<_> = of(0).operators.into_keys().collect();
    assert_eq!(called, ["Exp", "Sub", "ai.onnx.ml.TreeEnsembleRegressor"]);
    assert_eq!(of(1).outputs.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["label", "probabilities"]);
    assert_eq!(of(5).metadata["altlas.kind"], "test");
    assert!(!of(5).opsets.contains_key("ai.onnx.ml"));
}

#[test]
fn equal_arguments_give_equal_bytes() {
    assert_eq!(regressor(&[stump()]), regressor(&[stump()]));
    assert_ne!(regressor(&[stump()]), regressor(&[stump(), stump()]));
}

#[test]
fn malformed_trees_are_refused() {
    let refused = |nodes: Vec<TreeNode>| match regressor(&[stump(), Tree { nodes }]) {
        Err(OnnxError::MalformedTree { tree: 1, node, fault }) => (node, fault),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(vec![]), (0, "there is no such node"));
    assert_eq!(refused(vec![branch(0, 1, 9), leaf(0.0)]), (9, "there is no such node"));
    assert_eq!(refused(vec![branch(0, 1, 1), leaf(0.0)]), (1, "it has two parents"));
    assert_eq!(refused(vec![branch(0, 0, 1), leaf(0.0)]), (0, "it has two parents"));
    assert_eq!(refused(vec![leaf(0.0), leaf(0.0)]), (1, "it has no parent"));
    assert_eq!(refused(vec![branch(2, 1, 2), leaf(0.0), leaf(0.0)]).0, 0);
    assert_eq!(refused(vec![leaf(f32::NAN)]).0, 0);
    assert_eq!(refused(vec![TreeNode::Leaf { values: vec![1.0, 2.0] }]).0, 0);
}

#[test]
fn arguments_that_do_not_fit_together_are_refused() {
    let wrong =
        |result: Result<Vec<u8>, OnnxError>| assert!(matches!(result, Err(OnnxError::WrongSize { .. })));
    wrong(classifier(&[stump()], 1, ClassScores::Logits, &[]));
    wrong(classifier(&[stump()], 2, ClassScores::Logits, &[0.0, 0.0]));
    wrong(classifier(&[stump()], 3, ClassScores::Logits, &[0.0]));
    let text = |weights: &[f32], bias: &[f32]| {
        let none = bias.len() == 3;
        let classes = bias.len().max(2);
        let (buckets, width, vector_weights, metadata) = (1, 0, [].as_slice(), [].as_slice());
        text_bag_classifier(&TextBagClassifier {
            buckets,
            width,
            classes,
            weights,
            vector_weights,
            bias,
            none,
            metadata,
        })
    };
    wrong(text(&[0.0, 0.0, 1.0], &[0.0, 0.0]));
    wrong(text(&[0.0, 0.0, 1.0, 1.0], &[0.0]));
    wrong(text(&[0.0; 5], &[0.0; 3]));
    assert!(text(&[0.0; 6], &[0.0; 3]).is_ok());
    assert_eq!(text(&[0.0, 1.0, 1.0, 1.0], &[0.0, 0.0]), Err(OnnxError::PadNotZero));
    assert!(matches!(text(&[0.0, 0.0, f32::NAN, 1.0], &[0.0, 0.0]), Err(OnnxError::NotFinite { .. })));
}
