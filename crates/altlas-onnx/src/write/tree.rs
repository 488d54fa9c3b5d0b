use crate::OnnxError;

/// A binary decision tree. Node 0 is the root.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// The nodes; every one but the root is the child of exactly one branch.
    pub nodes: Vec<TreeNode>,
}

/// A node of a [`Tree`].
#[derive(Debug, Clone, PartialEq)]
pub enum TreeNode {
    /// Goes left where `x[feature] <= threshold`, and where `x[feature]` is NaN if `missing_left`; else right.
    Branch {
        /// Column of the input.
        feature: u32,
        /// Compared in single precision.
        threshold: f32,
        /// Where NaN goes.
        missing_left: bool,
        /// Index of the left child in [`Tree::nodes`].
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// Adds its values to the scores.
    Leaf {
        /// One value, or one for each class.
        values: Vec<f32>,
    },
}

impl Tree {
    /// The leaf that a row falls into, or `None` where the tree is malformed or the row too short.
    /// This is the meaning of a tree that the written graph must agree with.
    pub fn leaf(&self, row: &[f32]) -> Option<&[f32]> {
        let mut at = 0;
        // A walk in a well-formed tree visits each node at most once.
        for _ in 0..self.nodes.len() {
            match self.nodes.get(at)? {
                TreeNode::Leaf { values } => return Some(values),
                TreeNode::Branch { feature, threshold, missing_left, left, right } => {
                    let x = row.get(*feature as usize)?;
                    let to_left = x <= threshold || (*missing_left && x.is_nan());
                    at = if to_left { *left as usize } else { *right as usize };
                }
            }
        }
        None
    }

    /// Refuses a tree that a runtime would misread: children out of range, shared or unreachable nodes, columns beyond
    /// `width`, NaN thresholds, leaves that are not finite or for which `leaf_len_ok` is false.
    pub(super) fn validate(
        &self,
        tree: usize,
        width: usize,
        leaf_len_ok: impl Fn(usize) -> bool,
    ) -> Result<(), OnnxError> {
        let fault = |node: usize, fault: &'static str| Err(OnnxError::MalformedTree { tree, node, fault });
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let (Some(node), Some(seen)) = (self.nodes.get(at), seen.get_mut(at)) else {
                return fault(at, "there is no such node");
            };
            if std::mem::replace(seen, true) {
                return fault(at, "it has two parents");
            }
            match node {
                TreeNode::Leaf { values } if !leaf_len_ok(values.len()) => {
                    return fault(at, "its leaf has the wrong number of values");
                }
                TreeNode::Leaf { values } if values.iter().any(|v| !v.is_finite()) => {
                    return fault(at, "its leaf holds a value that is not finite");
                }
                TreeNode::Leaf { .. } => {}
                TreeNode::Branch { threshold, .. } if threshold.is_nan() => {
                    return fault(at, "its threshold is NaN");
                }
                TreeNode::Branch { feature, .. } if *feature as usize >= width => {
                    return fault(at, "its column is beyond the input's width");
                }
                TreeNode::Branch { left, right, .. } => open.extend([*right as usize, *left as usize]),
            }
        }
        match seen.iter().position(|seen| !seen) {
            Some(at) => fault(at, "it has no parent"),
            None => Ok(()),
        }
    }
}
