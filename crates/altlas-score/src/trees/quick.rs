use bytemuck::Pod;

use super::Real;
use crate::ScoreError;
use crate::flat::{Reader, Writer, require};

/// Vectors of masks are read in pieces of this many words of 64 bits: as many as there are registers for.
const PIECE: usize = 16;
/// Thresholds are compared in groups of this many; what fills a group up never fails.
pub(crate) const GROUP: usize = 8;

/// Which leaves of a tree are still possible, a bit each, the leftmost lowest.
pub(crate) trait Mask: Pod + Default + std::ops::BitAndAssign {
    const BITS: u32;
    const ALL: Self;

    fn lowest(self) -> u32;
    /// The number of a tree in the place of a mask.
    fn of(tree: u32) -> Self;
    fn number(self) -> usize;
    /// All but the bits `from..to`.
    fn without(from: u32, to: u32) -> Self;
}

macro_rules! mask {
    ($ty:ty) => {
        impl Mask for $ty {
            const BITS: u32 = <$ty>::BITS;
            const ALL: Self = <$ty>::MAX;

            #[inline(always)]
            fn lowest(self) -> u32 {
                self.trailing_zeros()
            }

            fn of(tree: u32) -> Self {
                tree.into()
            }

            #[inline(always)]
            fn number(self) -> usize {
                self as usize
            }

            fn without(from: u32, to: u32) -> Self {
                let below = |n: u32| <$ty>::MAX.checked_shl(n).map_or(<$ty>::MAX, |high| !high);
                !(below(to) & !below(from))
            }
        }
    };
}

mask!(u32);
mask!(u64);

/// What is worked on for a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room<M> {
    /// Which leaves are still possible in each tree.
    masks: Vec<M>,
    /// The vectors to intersect, one a feature at most.
    vectors: Vec<u32>,
    /// The nodes that fail besides.
    nodes: Vec<[M; 2]>,
}

/// QuickScorer with stored intersections.
///
/// The nodes that test a feature, all `x <= threshold`, are sorted by threshold, so those that fail are a prefix of
/// them. A node that fails rules the leaves of its left subtree out. QuickScorer intersects the masks of all nodes that
/// fail, about half of all nodes, each at another place in memory. Here the intersection over the first `span`, 2·`span`, …
/// nodes of a feature is stored as a vector with a mask for each tree, so that a feature takes one vector and fewer than
/// `span` single masks. A further vector is that of the nodes where a missing value fails.
#[derive(Debug)]
pub(crate) struct Quick<'a, T, M> {
    /// Number of trees.
    pub(crate) trees: u32,
    /// Nodes in a block, whole groups.
    pub(crate) span: u32,
    /// The features that nodes test.
    pub(crate) features: &'a [u32],
    /// Where the blocks of each feature start; one more than features.
    pub(crate) starts: &'a [u32],
    /// Where the groups of `lasts` start for each feature; one more than features.
    pub(crate) groups: &'a [u32],
    /// The last threshold of each block, in groups.
    pub(crate) lasts: &'a [T],
    /// Thresholds of nodes, by block. What fills the last block of a feature up never fails.
    pub(crate) thresholds: &'a [T],
    /// Tree and mask of each node.
    pub(crate) nodes: &'a [[M; 2]],
    /// For each feature, the intersections over its first 1, 2, … all blocks, and that for a missing value.
    pub(crate) vectors: &'a [M],
}

impl<'a, T: Real, M: Mask> Quick<'a, T, M> {
    /// Trees with those that fill the last piece of a vector up.
    pub(crate) fn lanes(trees: usize) -> usize {
        trees.next_multiple_of(PIECE * 8 / size_of::<M>())
    }

    pub(super) fn write(&self, w: &mut Writer, kind: u32) {
        w.word(kind);
        w.word(self.trees);
        w.word(self.span);
        w.array(self.features);
        w.array(self.starts);
        w.array(self.groups);
        w.array(self.lasts);
        w.array(self.thresholds);
        w.array(self.nodes);
        w.array(self.vectors);
    }

    /// The trees, and how many numbers of leaves they have.
    pub(super) fn read(r: &mut Reader<'a>, width: usize) -> Result<(Self, usize), ScoreError> {
        let (trees, span) = (r.word()?, r.word()?);
        let (features, starts): (&[u32], &[u32]) = (r.array()?, r.array()?);
        let groups: &[u32] = r.array()?;
        let (lasts, thresholds): (&[T], &[T]) = (r.array()?, r.array()?);
        let (nodes, vectors): (&[[M; 2]], &[M]) = (r.array()?, r.array()?);
        require(trees > 0 && trees < 1 << 24, "the number of trees is wrong")?;
        require(features.iter().all(|f| (*f as usize) < width), "a node tests what is not there")?;
        require(starts.len() == features.len() + 1, "features do not fit")?;
        require(starts.first() == Some(&0) && starts.is_sorted(), "blocks do not fit")?;
        let blocks = starts.last().map_or(0, |n| *n as usize);
        require(groups.len() == starts.len() && groups.is_sorted(), "groups do not fit")?;
        let all = groups.last().map(|n| *n as usize);
        require(groups.first() == Some(&0) && all == Some(lasts.len() / GROUP), "groups do not fit")?;
        require(span > 0 && (span as usize).is_multiple_of(GROUP), "blocks do not fit")?;
        require(blocks.checked_mul(span as usize) == Some(nodes.len()), "blocks do not fit")?;
        require(thresholds.len() == nodes.len(), "nodes do not fit")?;
        require(nodes.iter().all(|[tree, _]| tree.number() < trees as usize), "a node is of no tree")?;
        let lanes = Self::lanes(trees as usize);
        require((blocks + features.len()).checked_mul(lanes) == Some(vectors.len()), "vectors do not fit")?;
        let op = Self { trees, span, features, starts, groups, lasts, thresholds, nodes, vectors };
        Ok((op, trees as usize * M::BITS as usize))
    }

    pub(super) fn count(&self) -> usize {
        self.trees as usize
    }

    /// The leaf of each tree.
    #[inline(always)]
    pub(crate) fn find(&self, x: &[T], room: &mut Room<M>, leaves: &mut [u32]) {
        self.intersect(x, room);
        for (tree, (leaf, mask)) in leaves.iter_mut().zip(&room.masks).enumerate() {
            *leaf = tree as u32 * M::BITS + mask.lowest();
        }
    }

    /// The sum of one value a leaf, in eight lanes of their own precision.
    #[inline(always)]
    pub(crate) fn total(&self, x: &[T], room: &mut Room<M>, values: &[T]) -> f64 {
        self.intersect(x, room);
        let mut lanes = [T::default(); 8];
        let bits = M::BITS as usize;
        // A tree has no more leaves than a mask has bits, so the index is always in range.
        let value = |mask: &M, values: &[T]| {
            values.get(mask.lowest() as usize & (bits - 1)).copied().unwrap_or_default()
        };
        let trees = room.masks.get(..self.trees as usize).unwrap_or_default();
        let (eights, rest) = trees.as_chunks::<8>();
        let mut all = values.chunks_exact(8 * bits);
        for (masks, values) in eights.iter().zip(&mut all) {
            let each = masks.iter().zip(values.chunks_exact(bits));
            lanes.iter_mut().zip(each).for_each(|(lane, (mask, values))| *lane = *lane + value(mask, values));
        }
        let each = rest.iter().zip(all.remainder().chunks_exact(bits));
        lanes.iter_mut().zip(each).for_each(|(lane, (mask, values))| *lane = *lane + value(mask, values));
        lanes.iter().map(|lane| -> f64 { (*lane).into() }).sum()
    }

    /// Which leaves remain possible in each tree: the lowest is that of the row.
    #[inline(always)]
    fn intersect(&self, x: &[T], room: &mut Room<M>) {
        room.masks.resize(Self::lanes(self.trees as usize), M::ALL);
        room.vectors.clear();
        room.nodes.resize(self.features.len() * self.span as usize, [M::ALL; 2]);
        let mut failing = 0;
        let ranges = self.starts.windows(2).zip(self.groups.windows(2));
        for ((n, feature), (blocks, groups)) in self.features.iter().enumerate().zip(ranges) {
            let (&[start, end], &[group, last_group]) = (blocks, groups) else { continue };
            let x = x.get(*feature as usize).copied().unwrap_or_default();
            let vectors = start + n as u32;
            if x.missing() {
                room.vectors.push(vectors + end - start);
                continue;
            }
            let whole = count(self.lasts, group as usize, (last_group - group) as usize, x);
            if whole > 0 {
                room.vectors.push(vectors + whole - 1);
            }
            if start + whole < end {
                let span = self.span as usize;
                let from = (start + whole) as usize * span;
                let fail = count(self.thresholds, from / GROUP, span / GROUP, x);
                // All nodes of the block are taken, and those that do not fail are written over: that needs no
                // decision which the processor could foresee wrongly.
                let (places, _) = room.nodes.get_mut(failing..).unwrap_or_default().as_chunks_mut::<GROUP>();
                let (nodes, _) = self.nodes.get(from..from + span).unwrap_or_default().as_chunks::<GROUP>();
                places.iter_mut().zip(nodes).for_each(|(places, nodes)| *places = *nodes);
                failing += fail as usize;
            }
        }
        intersect(
            bytemuck::cast_slice(self.vectors),
            &room.vectors,
            bytemuck::cast_slice_mut(&mut room.masks),
        );
        for [tree, mask] in room.nodes.get(..failing).unwrap_or_default() {
            if let Some(place) = room.masks.get_mut(tree.number()) {
                *place &= *mask;
            }
        }
    }
}

/// How many thresholds of some groups `x` is above.
#[inline(always)]
fn count<T: Real>(thresholds: &[T], from: usize, groups: usize, x: T) -> u32 {
    let (all, _) = thresholds.as_chunks::<GROUP>();
    let mut lanes = [0u32; GROUP];
    for group in all.get(from..from + groups).unwrap_or_default() {
        lanes.iter_mut().zip(group).for_each(|(lane, threshold)| *lane += u32::from(x > *threshold));
    }
    lanes.iter().sum()
}

/// The intersection of the chosen vectors.
#[inline(always)]
fn intersect(vectors: &[u64], chosen: &[u32], out: &mut [u64]) {
    let (vectors, _) = vectors.as_chunks::<PIECE>();
    let (out, _) = out.as_chunks_mut::<PIECE>();
    let width = out.len();
    for (n, out) in out.iter_mut().enumerate() {
        let mut all = [u64::MAX; PIECE];
        for vector in chosen {
            let Some(piece) = vectors.get(*vector as usize * width + n) else { continue };
            all.iter_mut().zip(piece).for_each(|(all, piece)| *all &= piece);
        }
        *out = all;
    }
}
