use super::builder::Builder;
use super::value::{Kind, Row};
use super::{malformed, quick, unsupported, walk};
use crate::ScoreError;
use crate::flat::{Bank, Reg};
use crate::ops::{Op, Post};
use crate::trees::{Aggregate, Classes, Exits, Finish, NodeMode, Trees, Values};

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
    let output = Output { b, x, forest, scores, classes };
    match (plan, single) {
        (Some(plan), true) if most <= 32 => {
            let parts = quick::parts::<f32, u32>(trees, &plan);
            output.write(Exits::SmallF(parts.view()), &by_mask(trees, u32::BITS))
        }
        (Some(plan), true) => {
            let parts = quick::parts::<f32, u64>(trees, &plan);
            output.write(Exits::LargeF(parts.view()), &by_mask(trees, u64::BITS))
        }
        (Some(plan), false) if most <= 32 => {
            let parts = quick::parts::<f64, u32>(trees, &plan);
            output.write(Exits::SmallD(parts.view()), &by_mask(trees, u32::BITS))
        }
        (Some(plan), false) => {
            let parts = quick::parts::<f64, u64>(trees, &plan);
            output.write(Exits::LargeD(parts.view()), &by_mask(trees, u64::BITS))
        }
        (None, true) => {
            let parts = walk::parts(trees, single, ordered.is_some())?;
            output.write(Exits::WalkF(parts.view()), &by_node(trees))
        }
        (None, false) => {
            let parts = walk::parts(trees, single, ordered.is_some())?;
            output.write(Exits::WalkD(parts.view()), &by_node(trees))
        }
    }
}

/// What a leaf adds, by its number.
type Leaves<'t> = Vec<&'t [(u32, f64)]>;

/// Leaves by tree and position in its mask; trees with fewer leaves than bits have gaps.
fn by_mask(trees: &[Tree], bits: u32) -> Leaves<'_> {
    let mut all: Leaves = vec![&[]; trees.len() * bits as usize];
    for (tree, places) in trees.iter().zip(all.chunks_mut(bits as usize)) {
        for (node, (at, _)) in tree.iter().zip(ranges(tree)) {
            if let (Node::Leaf(values), Some(place)) = (node, places.get_mut(at as usize)) {
                *place = values;
            }
        }
    }
    all
}

/// Leaves by node, branches being gaps.
fn by_node(trees: &[Tree]) -> Leaves<'_> {
    let mut all: Leaves = vec![];
    for node in trees.iter().flatten() {
        all.push(if let Node::Leaf(values) = node { values } else { &[] });
    }
    all
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
    /// Writes the operation.
    fn write(self, exits: Exits, leaves: &Leaves) -> Result<(), ScoreError> {
        let lone = self.forest.targets == 1 && self.classes.is_none();
        let (mut firsts, mut targets, mut values) = (vec![], vec![], vec![]);
        if lone {
            // Of several values the runtime takes the first.
            values.extend(leaves.iter().map(|leaf| leaf.first().map_or(0.0, |(_, value)| *value)));
        } else {
            for leaf in leaves {
                firsts.push(values.len() as u32);
                targets.extend(leaf.iter().map(|(target, _)| *target));
                values.extend(leaf.iter().map(|(_, value)| *value));
            }
            firsts.push(values.len() as u32);
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
