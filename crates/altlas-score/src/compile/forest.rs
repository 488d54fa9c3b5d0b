use std::marker::PhantomData;

use super::builder::Builder;
use super::value::{Kind, Row};
use super::{malformed, quick, unsupported};
use crate::ScoreError;
use crate::flat::{Bank, Reg};
use crate::ops::{Op, Post};
use crate::trees::{
    Aggregate, Classes, Exits, Finish, LEAF, Mask, Node as Flat, NodeMode, Trees, Values, Walk, test,
};

/// An ensemble as it is written in the graph.
pub(super) struct Forest {
    pub(super) trees: Vec<Tree>,
    pub(super) targets: usize,
    pub(super) base: Vec<f64>,
    pub(super) aggregate: Aggregate,
    pub(super) post: Post,
}

/// Nodes, parents before their children; the first is the root.
pub(super) type Tree = Vec<Node>;

/// A node of a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Branch(Branch),
    /// (Bank, Reg)s and what is added to them.
    Leaf(Vec<(u32, f64)>),
}

/// A test, and where it leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Branch {
    pub(super) feature: u32,
    pub(super) threshold: f64,
    pub(super) mode: NodeMode,
    /// The test holds for a missing value.
    pub(super) missing_yes: bool,
    pub(super) yes: usize,
    pub(super) no: usize,
}

/// The nodes that a root leads to, in an order of their own. Refuses what is no tree.
pub(super) fn tree(nodes: &[Node], root: usize) -> Result<Tree, ScoreError> {
    let mut tree: Tree = vec![];
    let mut open: Vec<(usize, Option<(usize, bool)>)> = vec![(root, None)];
    let mut seen = std::collections::HashSet::new();
    while let Some((at, parent)) = open.pop() {
        let node = nodes.get(at).ok_or_else(|| malformed("a node leads to no node"))?;
        let number = tree.len();
        // A shared leaf could be copied, a loop could not: neither is a tree.
        if !seen.insert(at) {
            return unsupported("trees whose branches meet");
        }
        if let Some((parent, side)) = parent
            && let Some(Node::Branch(branch)) = tree.get_mut(parent)
        {
            *(if side { &mut branch.yes } else { &mut branch.no }) = number;
        }
        if let Node::Branch(branch) = node {
            open.push((branch.no, Some((number, false))));
            open.push((branch.yes, Some((number, true))));
        }
        tree.push(node.clone());
    }
    Ok(tree)
}

impl Branch {
    /// The same test as `x <= threshold`, with its sides exchanged if need be; `None` where there is no such test.
    fn ordered(&self, single: bool) -> Option<Self> {
        let t = self.threshold;
        if t.is_nan() {
            return None;
        }
        let below = || {
            let down = if single { f64::from((t as f32).next_down()) } else { t.next_down() };
            (t != f64::NEG_INFINITY).then_some(down)
        };
        let same = |threshold: f64| Self { threshold, mode: NodeMode::LessOrEqual, ..self.clone() };
        let turned = |threshold: f64| {
            let (yes, no) = (self.no, self.yes);
            Self { missing_yes: !self.missing_yes, yes, no, ..same(threshold) }
        };
        Some(match self.mode {
            NodeMode::LessOrEqual => same(t),
            NodeMode::Less => same(below()?),
            NodeMode::GreaterOrEqual => turned(below()?),
            NodeMode::Greater => turned(t),
            NodeMode::Equal | NodeMode::NotEqual => return None,
        })
    }
}

impl Forest {
    /// Whether every row adds to the second class.
    pub(super) fn always_second(&self) -> bool {
        let adds = |node: &Node| match node {
            Node::Branch(_) => true,
            Node::Leaf(values) => values.iter().any(|(target, _)| *target == 1),
        };
        self.trees.iter().any(|tree| tree.iter().all(adds))
    }

    /// The same trees with tests of one kind.
    fn ordered(&self, single: bool) -> Option<Vec<Tree>> {
        let node = |node: &Node| match node {
            Node::Branch(branch) => branch.ordered(single).map(Node::Branch),
            leaf => Some(leaf.clone()),
        };
        self.trees.iter().map(|tree| tree.iter().map(node).collect()).collect()
    }
}

pub(super) fn branches(tree: &[Node]) -> impl Iterator<Item = (usize, &Branch)> {
    tree.iter().enumerate().filter_map(|(at, node)| match node {
        Node::Branch(branch) => Some((at, branch)),
        Node::Leaf(_) => None,
    })
}

fn leaves(tree: &[Node]) -> usize {
    tree.iter().filter(|node| matches!(node, Node::Leaf(_))).count()
}

/// For each node, which leaves are below it, numbered from the side where tests hold.
pub(super) fn ranges(tree: &[Node]) -> Vec<(u32, u32)> {
    let mut counts = vec![0u32; tree.len()];
    for (at, node) in tree.iter().enumerate().rev() {
        let count = |n: usize| counts.get(n).copied().unwrap_or_default();
        let own = match node {
            Node::Branch(branch) => count(branch.yes) + count(branch.no),
            Node::Leaf(_) => 1,
        };
        counts.get_mut(at).into_iter().for_each(|count| *count = own);
    }
    let mut ranges = vec![(0, leaves(tree) as u32); tree.len()];
    for (at, branch) in branches(tree) {
        let (from, to) = ranges.get(at).copied().unwrap_or_default();
        let middle = from + counts.get(branch.yes).copied().unwrap_or_default();
        for (child, range) in [(branch.yes, (from, middle)), (branch.no, (middle, to))] {
            ranges.get_mut(child).into_iter().for_each(|place| *place = range);
        }
    }
    ranges
}

/// The length of the longest path of a tree, and the mean over its leaves.
pub(super) fn depths(tree: &[Node]) -> (usize, f64) {
    let mut depth = vec![0usize; tree.len()];
    let (mut longest, mut sum) = (0, 0);
    for (at, node) in tree.iter().enumerate() {
        let own = depth.get(at).copied().unwrap_or_default();
        match node {
            Node::Branch(branch) => [branch.yes, branch.no].iter().for_each(|child| {
                if let Some(depth) = depth.get_mut(*child) {
                    *depth = own + 1;
                }
            }),
            Node::Leaf(_) => {
                longest = longest.max(own);
                sum += own;
            }
        }
    }
    (longest, sum as f64 / leaves(tree).max(1) as f64)
}

/// Writes an ensemble, in the form that is evaluated fastest.
pub(super) fn write(
    b: &mut Builder,
    x: &Row,
    forest: &Forest,
    scores: (Bank, Reg),
    classes: Option<Classes>,
) -> Result<(), ScoreError> {
    let single = x.kind == Kind::F32;
    let ordered = forest.ordered(single);
    let trees = ordered.as_ref().unwrap_or(&forest.trees);
    let most = trees.iter().map(|tree| leaves(tree)).max().unwrap_or_default();
    let plan = if ordered.is_some() { quick::plan(trees, most) } else { None };
    let finish = Output { b, x, forest, scores, classes };
    match (plan, single) {
        (Some(plan), true) if most <= 32 => {
            let parts = quick::parts::<f32, u32>(trees, &plan);
            finish.write(Exits::SmallF(parts.view()), trees, u32::BITS)
        }
        (Some(plan), true) => {
            let parts = quick::parts::<f32, u64>(trees, &plan);
            finish.write(Exits::LargeF(parts.view()), trees, u64::BITS)
        }
        (Some(plan), false) if most <= 32 => {
            let parts = quick::parts::<f64, u32>(trees, &plan);
            finish.write(Exits::SmallD(parts.view()), trees, <u32 as Mask>::BITS)
        }
        (Some(plan), false) => {
            let parts = quick::parts::<f64, u64>(trees, &plan);
            finish.write(Exits::LargeD(parts.view()), trees, <u64 as Mask>::BITS)
        }
        (None, _) => {
            let parts = walked(trees, single, ordered.is_some())?;
            let Walked { nodes, wide, roots, depth, plain } = &parts;
            let (depth, plain) = (*depth, *plain);
            if single {
                let walk = Walk { nodes, wide: &[], roots, depth, plain, kind: PhantomData };
                finish.write(Exits::WalkF(walk), trees, 0)
            } else {
                let walk = Walk { nodes, wide, roots, depth, plain, kind: PhantomData };
                finish.write(Exits::WalkD(walk), trees, 0)
            }
        }
    }
}

/// What [`Walk`] is a view of.
struct Walked {
    nodes: Vec<Flat>,
    wide: Vec<f64>,
    roots: Vec<u32>,
    depth: u32,
    plain: bool,
}

fn walked(trees: &[Tree], single: bool, ordered: bool) -> Result<Walked, ScoreError> {
    let mut walked = Walked { nodes: vec![], wide: vec![], roots: vec![], depth: 0, plain: ordered };
    let mut first_leaf = 0;
    for tree in trees {
        let start = walked.nodes.len();
        let ranges = ranges(tree);
        walked.roots.push(start as u32);
        walked.depth = walked.depth.max(depths(tree).0 as u32);
        for (at, node) in tree.iter().enumerate() {
            let own = (start + at) as u32;
            match node {
                Node::Leaf(_) => {
                    let leaf = ranges.get(at).map_or(0, |range| range.0);
                    walked.nodes.push([first_leaf + leaf, LEAF, own, own]);
                    walked.wide.push(0.0);
                }
                Node::Branch(branch) => {
                    let Some(test) = test(branch.feature, branch.mode, branch.missing_yes) else {
                        return unsupported("trees over this many columns");
                    };
                    walked.plain &= !branch.missing_yes;
                    let bits = if single { (branch.threshold as f32).to_bits() } else { 0 };
                    let child = |n: usize| (start + n) as u32;
                    walked.nodes.push([bits, test, child(branch.yes), child(branch.no)]);
                    walked.wide.push(branch.threshold);
                }
            }
        }
        first_leaf += leaves(tree) as u32;
    }
    if walked.nodes.len() > i32::MAX as usize {
        return unsupported("this many nodes");
    }
    Ok(walked)
}

/// What is the same for all forms of an ensemble.
struct Output<'b> {
    b: &'b mut Builder,
    x: &'b Row,
    forest: &'b Forest,
    scores: (Bank, Reg),
    classes: Option<Classes>,
}

impl Output<'_> {
    /// Writes the operation. `stride` is the distance between the first leaves of two trees, 0 if they have no gaps.
    fn write(self, exits: Exits, trees: &[Tree], stride: u32) -> Result<(), ScoreError> {
        let lone = self.forest.targets == 1 && self.classes.is_none();
        let (mut firsts, mut targets, mut values) = (vec![], vec![], vec![]);
        for (number, tree) in trees.iter().enumerate() {
            for leaf in in_order(tree) {
                let used = if lone { 1 } else { leaf.len() };
                firsts.push(values.len() as u32);
                targets.extend(leaf.iter().take(used).map(|(target, _)| *target));
                values.extend(leaf.iter().take(used).map(|(_, value)| *value));
            }
            let next = (number + 1) * stride as usize;
            while firsts.len() < next {
                firsts.push(values.len() as u32);
                if lone {
                    values.push(0.0);
                }
            }
        }
        firsts.push(values.len() as u32);
        if lone {
            firsts.clear();
            targets.clear();
        }
        let narrow = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<_>>();
        let (short, short_base) = (narrow(&values), narrow(&self.forest.base));
        let (values, base) = if self.x.kind == Kind::F32 {
            (Values::F(&short), Values::F(&short_base))
        } else {
            (Values::D(&values), Values::D(&self.forest.base))
        };
        let finish = Finish {
            aggregate: self.forest.aggregate,
            post: self.forest.post,
            base,
            firsts: &firsts,
            targets: &targets,
            values,
            sums: self.b.reg(self.x.kind.bank(), self.forest.targets)?,
            scores: self.scores,
            classes: self.classes,
        };
        self.b.op(&Op::Trees(Trees { x: self.x.reg, exits, finish }))
    }
}

/// The leaves of a tree in the order of [`ranges`].
fn in_order(tree: &[Node]) -> Vec<&[(u32, f64)]> {
    let mut leaves = vec![];
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        match tree.get(at) {
            Some(Node::Branch(branch)) => open.extend([branch.no, branch.yes]),
            Some(Node::Leaf(values)) => leaves.push(values.as_slice()),
            None => {}
        }
    }
    leaves
}
