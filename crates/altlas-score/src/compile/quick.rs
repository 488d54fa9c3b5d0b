use super::forest::{Tree, branches, depths, ranges};
use crate::trees::{GROUP, Mask, Quick, Real};

/// What the vectors of an ensemble may take together, so that they stay in a processor's cache.
const MOST_VECTOR_BYTES: usize = 4 << 20;
/// Fewer trees are walked: what a feature costs is worth it for many trees only.
const FEWEST_TREES: usize = 8;

/// How an ensemble is laid out.
pub(super) struct Plan {
    features: Vec<u32>,
    span: usize,
}

/// The layout for trees of up to `most` leaves, or `None` where walking them is the better choice.
pub(super) fn plan(trees: &[Tree], most: usize) -> Option<Plan> {
    if most > 64 || trees.len() < FEWEST_TREES {
        return None;
    }
    let bytes = if most <= 32 { 4 } else { 8 };
    let mut counts = std::collections::BTreeMap::<u32, usize>::new();
    for (_, branch) in trees.iter().flat_map(|tree| branches(tree)) {
        *counts.entry(branch.feature).or_default() += 1;
    }
    let vector = Quick::<f32, u32>::lanes(trees.len()) * bytes;
    let size = |span: usize| counts.values().map(|n| n.div_ceil(span) + 1).sum::<usize>() * vector;
    let span = [24, 32, 64, 128, 256].into_iter().find(|span| size(*span) <= MOST_VECTOR_BYTES)?;
    // In cycles, roughly: a feature takes a search, a vector and half a block of nodes; a walk takes steps.
    let quick = counts.len() as f64 * (30.0 + vector as f64 / 32.0 + span as f64);
    let walk: f64 = trees.iter().map(|tree| 4.0 * depths(tree).1).sum();
    (quick < walk).then(|| Plan { features: counts.into_keys().collect(), span })
}

/// What [`Quick`] is a view of.
pub(super) struct Parts<T, M> {
    trees: u32,
    span: u32,
    features: Vec<u32>,
    starts: Vec<u32>,
    groups: Vec<u32>,
    lasts: Vec<T>,
    thresholds: Vec<T>,
    nodes: Vec<[M; 2]>,
    vectors: Vec<M>,
}

impl<T: Real, M: Mask> Parts<T, M> {
    pub(super) fn view(&self) -> Quick<'_, T, M> {
        Quick {
            trees: self.trees,
            span: self.span,
            features: &self.features,
            starts: &self.starts,
            groups: &self.groups,
            lasts: &self.lasts,
            thresholds: &self.thresholds,
            nodes: &self.nodes,
            vectors: &self.vectors,
        }
    }
}

/// A node as QuickScorer sees it: if it fails, the leaves of its left subtree are out.
struct Item<M> {
    threshold: f64,
    tree: u32,
    mask: M,
    missing_fails: bool,
}

pub(super) fn parts<T: Real, M: Mask>(trees: &[Tree], plan: &Plan) -> Parts<T, M> {
    let mut by_feature: Vec<Vec<Item<M>>> = plan.features.iter().map(|_| vec![]).collect();
    for (number, tree) in trees.iter().enumerate() {
        let ranges = ranges(tree);
        for (_, branch) in branches(tree) {
            let (from, to) = ranges.get(branch.yes).copied().unwrap_or_default();
            let place = plan.features.binary_search(&branch.feature).ok();
            if let Some(items) = place.and_then(|at| by_feature.get_mut(at)) {
                items.push(Item {
                    threshold: branch.threshold,
                    tree: number as u32,
                    mask: M::without(from, to),
                    missing_fails: !branch.missing_yes,
                });
            }
        }
    }
    let lanes = Quick::<T, M>::lanes(trees.len());
    let mut parts = Parts {
        trees: trees.len() as u32,
        span: plan.span as u32,
        features: plan.features.clone(),
        starts: vec![0],
        groups: vec![0],
        lasts: vec![],
        thresholds: vec![],
        nodes: vec![],
        vectors: vec![],
    };
    for mut items in by_feature {
        items.sort_by(|a, b| a.threshold.total_cmp(&b.threshold));
        let (mut all, mut missing) = (vec![M::ALL; lanes], vec![M::ALL; lanes]);
        let rule_out = |vector: &mut [M], item: &Item<M>| {
            vector.get_mut(item.tree as usize).into_iter().for_each(|mask| *mask &= item.mask);
        };
        for block in items.chunks(plan.span) {
            for item in block {
                parts.thresholds.push(T::of(item.threshold));
                parts.nodes.push([M::of(item.tree), item.mask]);
                rule_out(&mut all, item);
                if item.missing_fails {
                    rule_out(&mut missing, item);
                }
            }
            let last = block.last().map_or(f64::INFINITY, |item| item.threshold);
            parts.lasts.push(T::of(last));
            for _ in block.len()..plan.span {
                parts.thresholds.push(T::of(f64::INFINITY));
                parts.nodes.push([M::of(0), M::ALL]);
            }
            parts.vectors.extend_from_slice(&all);
        }
        parts.vectors.extend_from_slice(&missing);
        parts.starts.push((parts.thresholds.len() / plan.span) as u32);
        parts.lasts.resize(parts.lasts.len().next_multiple_of(GROUP), T::of(f64::INFINITY));
        parts.groups.push((parts.lasts.len() / GROUP) as u32);
    }
    parts
}
