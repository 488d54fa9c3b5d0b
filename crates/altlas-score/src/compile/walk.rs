use std::marker::PhantomData;

use super::forest::{Node, Tree, depths};
use super::unsupported;
use crate::ScoreError;
use crate::trees::{LEAF, Node as Flat, Real, Walk, test};

/// What [`Walk`] is a view of.
pub(super) struct Parts {
    nodes: Vec<Flat>,
    wide: Vec<f64>,
    roots: Vec<u32>,
    depth: u32,
    plain: bool,
}

impl Parts {
    pub(super) fn view<T: Real>(&self) -> Walk<'_, T> {
        let Self { nodes, wide, roots, depth, plain } = self;
        Walk { nodes, wide, roots, depth: *depth, plain: *plain, kind: PhantomData }
    }
}

/// Trees one after the other; `ordered` if all tests are `x <= threshold`.
pub(super) fn parts(trees: &[Tree], single: bool, ordered: bool) -> Result<Parts, ScoreError> {
    if trees.iter().map(Vec::len).sum::<usize>() > i32::MAX as usize {
        return unsupported("this many nodes");
    }
    let mut parts = Parts { nodes: vec![], wide: vec![], roots: vec![], depth: 0, plain: ordered };
    for tree in trees {
        let start = parts.nodes.len();
        parts.roots.push(start as u32);
        parts.depth = parts.depth.max(depths(tree).0 as u32);
        for (at, node) in tree.iter().enumerate() {
            let number = |n: usize| (start + n) as u32;
            let (node, threshold) = match node {
                Node::Leaf(_) => ([0, LEAF, number(at), number(at)], 0.0),
                Node::Branch(branch) => {
                    let Some(test) = test(branch.feature, branch.mode, branch.missing_yes) else {
                        return unsupported("trees over this many columns");
                    };
                    parts.plain &= !branch.missing_yes;
                    let bits = if single { (branch.threshold as f32).to_bits() } else { 0 };
                    ([bits, test, number(branch.yes), number(branch.no)], branch.threshold)
                }
            };
            parts.nodes.push(node);
            if !single {
                parts.wide.push(threshold);
            }
        }
    }
    Ok(parts)
}
