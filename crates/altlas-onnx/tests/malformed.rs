//! Whatever the bytes are, the checks answer and do not panic.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use altlas_onnx::write::{ClassScores, Tree, TreeClassifier, TreeNode, tree_classifier};
use altlas_onnx::{Limits, check};
use proptest::prelude::*;

/// A model with most kinds of fields.
fn model() -> Vec<u8> {
    let leaf = |v| TreeNode::Leaf { values: vec![v] };
    let branch = TreeNode::Branch { feature: 0, threshold: 0.5, missing_left: true, left: 1, right: 2 };
    let trees = vec![Tree { nodes: vec![branch, leaf(-1.0), leaf(1.0)] }; 3];
    let metadata = [("key".to_owned(), "value".to_owned())];
    tree_classifier(&TreeClassifier {
        width: 1,
        classes: 3,
        trees: &trees,
        tree_classes: &[],
        base: &[],
        scores: ClassScores::Logits,
        input: "features",
        metadata: &metadata,
    })
    .unwrap()
}

fn limits() -> Limits {
    Limits { max_decoded_bytes: 16 << 20, ..Limits::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        // Random bytes may be an empty message, but never a usable model.
        prop_assert!(check(&bytes, &limits()).is_err());
    }

    #[test]
    fn random_fields(fields in proptest::collection::vec((1u8..27, 0u8..6, any::<u8>()), 0..100)) {
        let bytes: Vec<u8> = fields.iter().flat_map(|(tag, wire, value)| [tag << 3 | wire, *value % 16]).collect();
        let _ = check(&bytes, &limits());
    }

    #[test]
    fn mutated_models(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = model();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = check(&bytes, &limits());
    }

    #[test]
    fn cut_and_spliced_models(a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let bytes = model();
        let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
        let _ = check(&bytes[..a], &limits());
        let _ = check(&[&bytes[..a], &bytes[b..]].concat(), &limits());
    }
}
