use std::marker::PhantomData;

use super::Real;
use crate::ScoreError;
use crate::flat::{Code, Reader, Writer, require};

/// How many trees are walked together: enough to have a load of each under way while the others wait for theirs.
const TOGETHER: usize = 8;
/// Steps between two looks whether all of them have ended.
const STEPS: usize = 4;

/// A node: bits of the threshold, test and feature, the node where the test holds, the node where it does not. A leaf is
/// its own successor, and its number is that of its node.
pub(crate) type Node = [u32; 4];

/// Tests of nodes, `x ? threshold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeMode {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
}

impl Code for NodeMode {
    const ALL: &'static [Self] =
        &[Self::LessOrEqual, Self::Less, Self::GreaterOrEqual, Self::Greater, Self::Equal, Self::NotEqual];
}

const FEATURE: u32 = (1 << 24) - 1;
const MODE_SHIFT: u32 = 24;
const MISSING: u32 = 1 << 31;
/// The test word of a leaf.
pub(crate) const LEAF: u32 = 0;

/// The test word of a branch, or `None` where the feature's number is too large.
pub(crate) fn test(feature: u32, mode: NodeMode, missing_true: bool) -> Option<u32> {
    let missing = if missing_true { MISSING } else { 0 };
    (feature <= FEATURE).then(|| feature | mode.code() << MODE_SHIFT | missing)
}

/// Trees whose nodes are visited from the root.
#[derive(Debug)]
pub(crate) struct Walk<'a, T> {
    pub(crate) nodes: &'a [Node],
    /// Thresholds in double precision, by node; empty where `nodes` has them.
    pub(crate) wide: &'a [f64],
    pub(crate) roots: &'a [u32],
    /// The longest path, which bounds every walk.
    pub(crate) depth: u32,
    /// All tests are `x <= threshold` and NaN fails them.
    pub(crate) plain: bool,
    pub(crate) kind: PhantomData<T>,
}

impl<'a, T: Real> Walk<'a, T> {
    pub(super) fn write(&self, w: &mut Writer, kind: u32) {
        w.word(kind);
        w.array(self.nodes);
        w.array(self.wide);
        w.array(self.roots);
        w.word(self.depth);
        w.flag(self.plain);
    }

    /// The trees, and how many leaves they may have.
    pub(super) fn read(r: &mut Reader<'a>, width: usize) -> Result<(Self, usize), ScoreError> {
        let (nodes, wide, roots): (&[Node], &[f64], &[u32]) = (r.array()?, r.array()?, r.array()?);
        let (depth, plain) = (r.word()?, r.flag()?);
        let single = size_of::<T>() == 4;
        require(wide.len() == if single { 0 } else { nodes.len() }, "thresholds do not fit their nodes")?;
        require(
            !roots.is_empty() && roots.iter().all(|at| (*at as usize) < nodes.len()),
            "a root is missing",
        )?;
        for (at, [_, test, holds, fails]) in nodes.iter().enumerate() {
            let (holds, fails) = (*holds as usize, *fails as usize);
            if holds == at && fails == at {
                continue;
            }
            let inside = at < holds.min(fails) && holds.max(fails) < nodes.len();
            require(inside, "a node leads out of its tree")?;
            require(((test & FEATURE) as usize) < width, "a node tests what is not there")?;
            NodeMode::from_code((test & !MISSING) >> MODE_SHIFT)?;
        }
        Ok((Self { nodes, wide, roots, depth, plain, kind: PhantomData }, nodes.len()))
    }

    pub(super) fn count(&self) -> usize {
        self.roots.len()
    }

    pub(super) fn find(&self, x: &[T], leaves: &mut [u32]) {
        if self.plain {
            self.each(x, leaves, |x, threshold, _| x <= threshold);
        } else {
            self.each(x, leaves, holds);
        }
    }

    #[inline(always)]
    fn each(&self, x: &[T], leaves: &mut [u32], holds: impl Fn(T, T, u32) -> bool) {
        for (roots, leaves) in self.roots.chunks(TOGETHER).zip(leaves.chunks_mut(TOGETHER)) {
            let mut at = [0u32; TOGETHER];
            at.iter_mut().zip(roots).for_each(|(at, root)| *at = *root);
            let mut left = self.depth as usize;
            while left > 0 {
                let before = at;
                for _ in 0..STEPS {
                    for at in &mut at {
                        *at = self.step(*at, x, &holds);
                    }
                }
                if at == before {
                    break;
                }
                left = left.saturating_sub(STEPS);
            }
            leaves.iter_mut().zip(at).for_each(|(leaf, at)| *leaf = at);
        }
    }

    #[inline(always)]
    fn step(&self, at: u32, x: &[T], holds: impl Fn(T, T, u32) -> bool) -> u32 {
        let Some([bits, test, yes, no]) = self.nodes.get(at as usize) else { return at };
        let threshold = if size_of::<T>() == 4 {
            T::of(f64::from(f32::from_bits(*bits)))
        } else {
            T::of(self.wide.get(at as usize).copied().unwrap_or_default())
        };
        let x = x.get((test & FEATURE) as usize).copied().unwrap_or_default();
        if holds(x, threshold, *test) { *yes } else { *no }
    }
}

#[inline(always)]
fn holds<T: Real>(x: T, threshold: T, test: u32) -> bool {
    if test & MISSING != 0 && x.missing() {
        return true;
    }
    match (test & !MISSING) >> MODE_SHIFT {
        0 => x <= threshold,
        1 => x < threshold,
        2 => x >= threshold,
        3 => x > threshold,
        4 => x == threshold,
        _ => x != threshold,
    }
}
