//! One tree: histograms of the rows of a node by bin of a feature, and the threshold that lowers the impurity most.
//!
//! The impurity is the variance of the target, or of each class's membership, summed: Gini's (Breiman et al. 1984). With sums `S`
//! over `n` rows it falls by `S_l²/n_l + S_r²/n_r − S²/n`. Of two classes one is enough: both have the same variance.
#![allow(clippy::indexing_slicing)] // Rows, bins and classes are numbers of the data they index.

use super::bins::{Bins, MISSING};
use crate::rng::Rng;

/// Nodes with fewer rows collect their bins in a list; others look through all bins.
const FEW: usize = 128;
/// The feature of a leaf.
const LEAF: u32 = u32::MAX;
/// The share of a node's sum of squares that a split must explain: less is rounding.
const LEAST_GAIN: f64 = 1e-10;

/// What a tree is grown from.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) bins: &'a Bins,
    /// The target less its mean, or membership of class 1.
    pub(super) values: &'a [f32],
    /// Class numbers where there are more than two classes; else empty.
    pub(super) classes: &'a [u16],
    /// Sums that are kept of a node: 1, or the number of classes.
    pub(super) sums: usize,
    pub(super) max_depth: usize,
    pub(super) min_leaf: usize,
    /// Features that are tried at a branch.
    pub(super) tried: usize,
    /// Whether thresholds are drawn (Geurts, Ernst and Wehenkel 2006).
    pub(super) drawn: bool,
}

/// A branch or a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) feature: u32,
    pub(super) threshold: f32,
    pub(super) missing_left: bool,
    /// The left child, or the number of the leaf.
    pub(super) left: u32,
    pub(super) right: u32,
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.feature == LEAF
    }
}

/// A tree as it grew: means of its leaves, `sums` of each.
#[derive(Debug, Default)]
pub(super) struct Grown {
    pub(super) nodes: Vec<Node>,
    pub(super) means: Vec<f32>,
    /// Impurity that the splits on each feature removed.
    pub(super) gains: Vec<f64>,
}

struct Split {
    feature: usize,
    cut: usize,
    missing_left: bool,
    gain: f64,
}

/// A stretch of the rows that waits to be split.
struct Open {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
}

/// The working memory of a tree.
struct Work<'a> {
    ground: Ground<'a>,
    rows: Vec<u32>,
    values: Vec<f32>,
    classes: Vec<u16>,
    /// By bin: rows, and sums.
    counts: Vec<u32>,
    sums: Vec<f64>,
    occupied: Vec<u8>,
    order: Vec<usize>,
    left: Vec<f64>,
    aside: (Vec<u32>, Vec<f32>, Vec<u16>),
}

/// Grows a tree on these rows, which may repeat.
pub(super) fn grow(ground: Ground<'_>, rows: Vec<u32>, rng: &mut Rng) -> Grown {
    let pick_value = |row: &u32| ground.values.get(*row as usize).copied();
    let pick_class = |row: &u32| ground.classes.get(*row as usize).copied();
    let mut work = Work {
        ground,
        values: rows.iter().filter_map(pick_value).collect(),
        classes: rows.iter().filter_map(pick_class).collect(),
        rows,
        counts: vec![0; 256],
        sums: vec![0.0; 256 * ground.sums],
        occupied: Vec::with_capacity(256),
        order: (0..ground.bins.columns.len()).collect(),
        left: vec![0.0; ground.sums],
        aside: (Vec::new(), Vec::new(), Vec::new()),
    };
    let mut tree = Grown { gains: vec![0.0; ground.bins.columns.len()], ..Grown::default() };
    let placeholder = Node { feature: LEAF, threshold: 0.0, missing_left: false, left: 0, right: 0 };
    tree.nodes.push(placeholder);
    let mut open = vec![Open { node: 0, start: 0, end: work.rows.len(), depth: 0 }];
    while let Some(Open { node, start, end, depth }) = open.pop() {
        let totals = work.totals(start, end);
        let splits = depth < ground.max_depth && end - start >= 2 * ground.min_leaf;
        let Some(split) = splits.then(|| work.best(start, end, &totals, rng)).flatten() else {
            let n = (end - start).max(1) as f64;
            tree.nodes[node].left = (tree.means.len() / ground.sums) as u32;
            tree.means.extend(totals.iter().map(|sum| (sum / n) as f32));
            continue;
        };
        let middle = work.part(start, end, &split);
        tree.gains[split.feature] += split.gain;
        let left = tree.nodes.len();
        tree.nodes[node] = Node {
            feature: split.feature as u32,
            // Beyond the last threshold: all known values go left.
            threshold: ground.bins.cuts[split.feature].get(split.cut).copied().unwrap_or(f32::INFINITY),
            missing_left: split.missing_left,
            left: left as u32,
            right: left as u32 + 1,
        };
        tree.nodes.extend([placeholder, placeholder]);
        open.push(Open { node: left + 1, start: middle, end, depth: depth + 1 });
        open.push(Open { node: left, start, end: middle, depth: depth + 1 });
    }
    tree
}

fn squares(sums: &[f64]) -> f64 {
    sums.iter().map(|s| s * s).sum()
}

impl Work<'_> {
    fn totals(&self, start: usize, end: usize) -> Vec<f64> {
        let mut totals = vec![0.0; self.ground.sums];
        if self.classes.is_empty() {
            totals[0] = self.values[start..end].iter().map(|v| f64::from(*v)).sum();
        } else {
            self.classes[start..end].iter().for_each(|class| totals[usize::from(*class)] += 1.0);
        }
        totals
    }

    /// The best split of the features tried, if there is one.
    fn best(&mut self, start: usize, end: usize, totals: &[f64], rng: &mut Rng) -> Option<Split> {
        let n = (end - start) as f64;
        let own = squares(totals) / n;
        // Pure: all rows have one class, or one value.
        let spread = if self.classes.is_empty() {
            let first = self.values[start];
            self.values[start..end].iter().any(|v| *v != first)
        } else {
            totals.iter().all(|sum| *sum < n)
        };
        if !spread {
            return None;
        }
        let width = self.order.len();
        let mut best: Option<Split> = None;
        for n in 0..width {
            // Further features only where those tried so far cannot be split.
            if n >= self.ground.tried && best.is_some() {
                break;
            }
            if self.ground.tried < width || self.ground.drawn {
                self.order.swap(n, n + rng.below(width - n));
            }
            let feature = self.order[n];
            self.collect(feature, start, end);
            self.search(feature, totals, own, rng, &mut best);
            self.clear();
        }
        best
    }

    /// Fills the histogram of a feature.
    fn collect(&mut self, feature: usize, start: usize, end: usize) {
        let Self { ground, rows, values, classes, counts, sums, occupied, .. } = self;
        let column = &ground.bins.columns[feature];
        let rows = &rows[start..end];
        let few = rows.len() < FEW;
        if classes.is_empty() {
            for (row, value) in rows.iter().zip(&values[start..end]) {
                let bin = usize::from(column[*row as usize]);
                if few && counts[bin] == 0 {
                    occupied.push(bin as u8);
                }
                counts[bin] += 1;
                sums[bin] += f64::from(*value);
            }
        } else {
            for (row, class) in rows.iter().zip(&classes[start..end]) {
                let bin = usize::from(column[*row as usize]);
                if few && counts[bin] == 0 {
                    occupied.push(bin as u8);
                }
                counts[bin] += 1;
                sums[bin * ground.sums + usize::from(*class)] += 1.0;
            }
        }
        if few {
            occupied.sort_unstable();
        } else {
            occupied.extend((0..=MISSING).filter(|bin| counts[usize::from(*bin)] > 0));
        }
    }

    fn clear(&mut self) {
        let stride = self.ground.sums;
        for bin in self.occupied.drain(..).map(usize::from) {
            self.counts[bin] = 0;
            self.sums[bin * stride..(bin + 1) * stride].fill(0.0);
        }
    }

    /// Tries the thresholds of a feature whose histogram is filled.
    fn search(&mut self, feature: usize, totals: &[f64], own: f64, rng: &mut Rng, best: &mut Option<Split>) {
        let missing = self.counts[usize::from(MISSING)];
        let bins = self.occupied.len() - usize::from(missing > 0);
        // Without missing values the last bin is the end: no threshold.
        let places = if missing > 0 { bins } else { bins.saturating_sub(1) };
        if places == 0 {
            return;
        }
        let chosen = if self.ground.drawn && bins > 1 { Some(self.draw(feature, bins, rng)) } else { None };
        let stride = self.ground.sums;
        let all: u32 = self.occupied.iter().map(|bin| self.counts[usize::from(*bin)]).sum();
        let floor = own * LEAST_GAIN;
        self.left.fill(0.0);
        let mut n_left = 0;
        for place in 0..places {
            let bin = usize::from(self.occupied[place]);
            n_left += self.counts[bin];
            let sums = &self.sums[bin * stride..(bin + 1) * stride];
            self.left.iter_mut().zip(sums).for_each(|(l, s)| *l += s);
            if chosen.is_some_and(|chosen| chosen != place) {
                continue;
            }
            let lost = &self.sums[usize::from(MISSING) * stride..];
            for missing_left in [false, true] {
                if missing_left && (missing == 0 || place + 1 == bins) {
                    continue;
                }
                let n_l = if missing_left { n_left + missing } else { n_left };
                let n_r = all - n_l;
                if (n_l as usize) < self.ground.min_leaf || (n_r as usize) < self.ground.min_leaf {
                    continue;
                }
                let (mut l2, mut r2) = (0.0, 0.0);
                for ((l, total), lost) in self.left.iter().zip(totals).zip(lost) {
                    let l = if missing_left { l + lost } else { *l };
                    l2 += l * l;
                    r2 += (total - l) * (total - l);
                }
                let gain = l2 / f64::from(n_l) + r2 / f64::from(n_r) - own;
                if gain > floor.max(best.as_ref().map_or(0.0, |b| b.gain)) {
                    let cut = self.cut(feature, place, bins);
                    *best = Some(Split { feature, cut, missing_left, gain });
                }
            }
        }
    }

    /// The threshold in the middle of the empty bins after a place; one beyond all of them after the last.
    fn cut(&self, feature: usize, place: usize, bins: usize) -> usize {
        match self.occupied.get(place + 1) {
            Some(next) if place + 1 < bins => {
                (usize::from(self.occupied[place]) + usize::from(*next) - 1) / 2
            }
            _ => self.ground.bins.cuts[feature].len(),
        }
    }

    /// A place whose threshold lies evenly between the least and the largest value.
    fn draw(&self, feature: usize, bins: usize, rng: &mut Rng) -> usize {
        let cuts = &self.ground.bins.cuts[feature];
        let (first, last) = (usize::from(self.occupied[0]), usize::from(self.occupied[bins - 1]));
        let (low, high) = (f64::from(cuts[first]), f64::from(cuts[last - 1]));
        if !(low.is_finite() && high.is_finite()) {
            return rng.below(bins - 1);
        }
        let at = (low + rng.uniform() * (high - low)) as f32;
        let bin = cuts.partition_point(|cut| *cut < at).clamp(first, last - 1);
        // The last occupied bin up to it.
        self.occupied[..bins].partition_point(|b| usize::from(*b) <= bin).saturating_sub(1)
    }

    /// Moves the rows that go right behind those that go left, each in their order; gives where they begin.
    fn part(&mut self, start: usize, end: usize, split: &Split) -> usize {
        let column = &self.ground.bins.columns[split.feature];
        let (rows, values, classes) = &mut self.aside;
        rows.clear();
        values.clear();
        classes.clear();
        let mut at = start;
        for from in start..end {
            let row = self.rows[from];
            let bin = column[row as usize];
            let left = if bin == MISSING { split.missing_left } else { usize::from(bin) <= split.cut };
            if left {
                self.rows[at] = row;
                if self.classes.is_empty() {
                    self.values[at] = self.values[from];
                } else {
                    self.classes[at] = self.classes[from];
                }
                at += 1;
            } else {
                rows.push(row);
                if self.classes.is_empty() {
                    values.push(self.values[from]);
                } else {
                    classes.push(self.classes[from]);
                }
            }
        }
        self.rows[at..end].copy_from_slice(rows);
        if self.classes.is_empty() {
            self.values[at..end].copy_from_slice(values);
        } else {
            self.classes[at..end].copy_from_slice(classes);
        }
        at
    }
}
