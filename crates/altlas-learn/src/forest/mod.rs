//! Decision trees, random forests (Breiman 2001) and extremely randomised trees (Geurts, Ernst and Wehenkel 2006), on
//! features in at most 255 bins.

mod bins;
mod grow;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use altlas_onnx::write::{
    ClassScores, Post, Tree, TreeClassifier, TreeNode, TreeRegressor, tree_classifier, tree_regressor,
};
use altlas_prep::Matrix;

use self::bins::Bins;
use self::grow::{Ground, Grown, grow};
use crate::LearnError;
use crate::rng::Rng;

/// Rows of a leaf where nothing is said, and the most such leaves of a tree.
const MIN_LEAF: usize = 3;
const MAX_LEAVES: usize = 10_000;
/// The deepest tree where depth has no limit.
const MAX_DEPTH: usize = 64;
/// Bytes that a node may take while the graph is written.
const NODE_BYTES: u64 = 200;

/// Which kind of trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForestKind {
    /// One tree, on all rows and features.
    Tree,
    /// Rows are drawn for each tree.
    Random,
    /// Thresholds are drawn for each branch.
    Extra,
}

/// One training run.
#[derive(Debug, Clone, Copy)]
pub struct ForestRun<'a> {
    /// Which kind of trees.
    pub kind: ForestKind,
    /// Their number.
    pub trees: usize,
    /// The most branches to a leaf; -1 for no limit.
    pub max_depth: i32,
    /// The least rows of a leaf; 0 for a number by that of the rows.
    pub min_leaf: usize,
    /// Share of the features tried at a branch.
    pub max_features: Option<f64>,
    /// Features of the rows to learn from.
    pub matrix: &'a Matrix,
    /// Their learned targets, or class numbers.
    pub target: &'a [f64],
    /// 0 for a regression.
    pub classes: usize,
    /// Seed of all that is drawn.
    pub seed: u64,
    /// Threads; the result does not depend on them.
    pub threads: usize,
    /// When no further tree begins.
    pub deadline: Option<Instant>,
    /// Bytes that may be used; 0 for any number.
    pub memory: u64,
}

/// A fitted forest: the mean of its trees.
#[derive(Debug)]
pub struct Forest {
    trees: Vec<Grown>,
    /// Values of a leaf: 1, or one for each class.
    outputs: usize,
    /// Added to the mean of a regression.
    base: f32,
    gains: Vec<f64>,
    /// Trees that were to be grown.
    wanted: usize,
}

impl ForestRun<'_> {
    /// Grows the trees. `report` is called with the number of those that are done, and of all.
    pub fn train(&self, report: &mut dyn FnMut(u64, u64)) -> Result<Forest, LearnError> {
        let (rows, width) = (self.matrix.rows, self.matrix.width);
        if u32::try_from(rows).is_err() {
            return Err(LearnError::TooLarge { rows, features: width });
        }
        let min_leaf =
            if self.min_leaf > 0 { self.min_leaf } else { MIN_LEAF.max(rows.div_ceil(MAX_LEAVES)) };
        self.check_memory(min_leaf)?;
        let wanted = self.trees as u64;
        let bins = Bins::new(self.matrix, &mut || report(0, wanted));
        let several = self.classes > 2;
        let mean = if self.classes == 0 { self.target.iter().sum::<f64>() / rows.max(1) as f64 } else { 0.0 };
        let base = mean as f32;
        let values: Vec<f32> = match several {
            true => Vec::new(),
            false => self.target.iter().map(|y| (y - f64::from(base)) as f32).collect(),
        };
        let classes: Vec<u16> =
            if several { self.target.iter().map(|y| *y as u16).collect() } else { Vec::new() };
        let share = match (self.kind, self.max_features, self.classes) {
            (ForestKind::Tree, ..) => 1.0,
            (_, Some(share), _) => share,
            (ForestKind::Extra, None, 0) => 1.0,
            (ForestKind::Random, None, 0) => 1.0 / 3.0,
            (_, None, _) => (width as f64).sqrt() / width as f64,
        };
        let ground = Ground {
            bins: &bins,
            values: &values,
            classes: &classes,
            sums: if several { self.classes } else { 1 },
            max_depth: usize::try_from(self.max_depth).unwrap_or(MAX_DEPTH).min(MAX_DEPTH),
            min_leaf,
            tried: ((width as f64 * share).round() as usize).clamp(1, width),
            drawn: self.kind == ForestKind::Extra,
        };
        let mut trees = self.grow_all(ground, report)?;
        let outputs = if self.classes == 0 { 1 } else { self.classes };
        let count = trees.len() as f64;
        let mut gains = vec![0.0; width];
        for tree in &mut trees {
            gains.iter_mut().zip(&tree.gains).for_each(|(all, gain)| *all += gain);
            let part = |mean: f32| (f64::from(mean) / count) as f32;
            tree.means = match self.classes {
                2 => tree.means.iter().flat_map(|m| [part(1.0 - m), part(*m)]).collect(),
                _ => tree.means.iter().map(|m| part(*m)).collect(),
            };
        }
        Ok(Forest { trees, outputs, base, gains, wanted: self.trees })
    }

    fn check_memory(&self, min_leaf: usize) -> Result<(), LearnError> {
        let rows = self.matrix.rows as u64;
        let leaves = (rows / min_leaf as u64).max(1);
        let nodes = self.trees as u64 * 2 * leaves;
        let threads = self.threads.min(self.trees).max(1) as u64;
        let needed = rows * self.matrix.width as u64 + threads * rows * 16 + nodes * NODE_BYTES;
        if self.memory > 0 && needed > self.memory / 10 * 7 {
            return Err(LearnError::NeedsMemory { needed, limit: self.memory / 10 * 7 });
        }
        Ok(())
    }

    /// Grows the trees on threads, each by a seed of its own.
    fn grow_all(
        &self,
        ground: Ground<'_>,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Grown>, LearnError> {
        let total = self.trees;
        let (next, late) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (done, finished) = channel::<(usize, Grown)>();
        let work = |done: std::sync::mpsc::Sender<(usize, Grown)>| {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total || (number > 0 && late.load(Ordering::Relaxed)) {
                    return;
                }
                let mut rng = Rng::new(self.seed, 100 + number as u64);
                let rows = self.rows(&mut rng);
                if done.send((number, grow(ground, rows, &mut rng))).is_err() {
                    return;
                }
            }
        };
        let mut grown = Vec::with_capacity(total);
        let complete = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.min(total).max(1))
                .map(|_| {
                    let done = done.clone();
                    scope.spawn(|| work(done))
                })
                .collect();
            drop(done);
            loop {
                match finished.recv_timeout(Duration::from_millis(250)) {
                    Ok(tree) => grown.push(tree),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                report(grown.len() as u64, total as u64);
                if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    late.store(true, Ordering::Relaxed);
                }
            }
            workers.into_iter().all(|worker| worker.join().is_ok())
        });
        if !complete || grown.is_empty() {
            return Err(LearnError::NotFinite("the forest"));
        }
        grown.sort_by_key(|(number, _)| *number);
        Ok(grown.into_iter().map(|(_, tree)| tree).collect())
    }

    /// The rows of a tree, ascending: all, or as many drawn with replacement.
    fn rows(&self, rng: &mut Rng) -> Vec<u32> {
        let n = self.matrix.rows;
        if self.kind != ForestKind::Random {
            return (0..n as u32).collect();
        }
        let mut counts = vec![0_u16; n];
        for _ in 0..n {
            if let Some(count) = counts.get_mut(rng.below(n)) {
                *count = count.saturating_add(1);
            }
        }
        let repeated =
            (0..).zip(counts).flat_map(|(row, count)| std::iter::repeat_n(row, usize::from(count)));
        repeated.collect()
    }
}

impl Forest {
    /// Predictions of each row, or probabilities of its classes.
    pub fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let start = if self.outputs == 1 { f64::from(self.base) } else { 0.0 };
        let mut scores = vec![start; matrix.rows * self.outputs];
        // Tree by tree: one fits the cache, all of them do not.
        for tree in &self.trees {
            let rows = matrix.values.chunks_exact(matrix.width);
            for (row, out) in rows.zip(scores.chunks_exact_mut(self.outputs)) {
                out.iter_mut().zip(tree.leaf(row, self.outputs)).for_each(|(o, v)| *o += f64::from(*v));
            }
        }
        scores
    }

    /// Impurity that the splits on each feature removed.
    pub fn importance(&self) -> Vec<f64> {
        self.gains.clone()
    }

    /// Number of trees, and of those that were to be grown.
    pub fn sizes(&self) -> (usize, usize) {
        (self.trees.len(), self.wanted)
    }

    /// The trees in the form that graphs are written from.
    pub fn trees(&self) -> Vec<Tree> {
        self.trees.iter().map(|tree| tree.plain(self.outputs)).collect()
    }

    /// The graph: `features` to `variable`, or to `label` and `probabilities`.
    pub(crate) fn onnx(&self, width: usize, post: Post) -> Result<Vec<u8>, LearnError> {
        let trees = self.trees();
        let (trees, input, metadata) = (&trees[..], "features", &[][..]);
        Ok(if self.outputs == 1 {
            let (base, output) = (self.base, "variable");
            tree_regressor(&TreeRegressor { width, trees, base, post, input, output, metadata })?
        } else {
            let (classes, scores) = (self.outputs, ClassScores::Probabilities);
            let (tree_classes, base) = (&[][..], &[][..]);
            tree_classifier(&TreeClassifier {
                width,
                classes,
                trees,
                tree_classes,
                base,
                scores,
                input,
                metadata,
            })?
        })
    }
}

impl Grown {
    /// The values of the leaf that a row falls into.
    fn leaf(&self, row: &[f32], outputs: usize) -> &[f32] {
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            if node.is_leaf() {
                let start = node.left as usize * outputs;
                return self.means.get(start..start + outputs).unwrap_or_default();
            }
            let x = row.get(node.feature as usize).copied().unwrap_or(f32::NAN);
            let left = x <= node.threshold || (node.missing_left && x.is_nan());
            at = if left { node.left } else { node.right } as usize;
        }
        &[]
    }

    fn plain(&self, outputs: usize) -> Tree {
        let node = |node: &grow::Node| match node.is_leaf() {
            true => {
                let start = node.left as usize * outputs;
                TreeNode::Leaf { values: self.means.get(start..start + outputs).unwrap_or_default().to_vec() }
            }
            false => TreeNode::Branch {
                feature: node.feature,
                threshold: node.threshold,
                missing_left: node.missing_left,
                left: node.left,
                right: node.right,
            },
        };
        Tree { nodes: self.nodes.iter().map(node).collect() }
    }
}
