//! Hierarchical clustering by Ward's criterion (1963): those two clusters are joined whose sum of squares grows least. Found by chains of
//! nearest neighbours (Murtagh 1983), in time quadratic in the points and memory linear.
#![allow(clippy::indexing_slicing)] // Clusters are numbered from 0 to their number.

use super::kmeans::Points;

/// How points were joined, the cheapest first.
pub(super) struct Tree {
    points: usize,
    joins: Vec<Join>,
}

struct Join {
    /// A point of each of the two.
    pair: (usize, usize),
    cost: f64,
}

impl Tree {
    /// Joins all points. `tick` is called for each join.
    pub(super) fn new(points: Points<'_>, tick: &mut dyn FnMut()) -> Self {
        let count = points.count();
        let mut centres: Vec<Vec<f64>> =
            (0..count).map(|row| points.row(row).iter().map(|x| f64::from(*x)).collect()).collect();
        let mut size = vec![1.0_f64; count];
        let mut open: Vec<usize> = (0..count).collect();
        let mut joins = Vec::with_capacity(count.saturating_sub(1));
        let mut chain: Vec<usize> = Vec::new();
        while open.len() > 1 {
            let end = match chain.last() {
                Some(end) => *end,
                None => {
                    chain.push(open[0]);
                    open[0]
                }
            };
            let before = chain.len().checked_sub(2).map(|at| chain[at]);
            let cost = |other: usize| {
                let squares: f64 =
                    centres[end].iter().zip(&centres[other]).map(|(a, b)| (a - b) * (a - b)).sum();
                squares * size[end] * size[other] / (size[end] + size[other])
            };
            // Of those equally near the one before, or the chain would not end.
            let mut nearest = before.map_or((f64::INFINITY, end), |other| (cost(other), other));
            for &other in open.iter().filter(|other| **other != end) {
                let found = cost(other);
                if found < nearest.0 {
                    nearest = (found, other);
                }
            }
            let (cost, other) = nearest;
            if before != Some(other) {
                chain.push(other);
                continue;
            }
            chain.truncate(chain.len() - 2);
            tick();
            joins.push(Join { pair: (end, other), cost });
            let (mine, theirs) = (size[end], size[other]);
            let gone = std::mem::take(&mut centres[other]);
            for (a, b) in centres[end].iter_mut().zip(gone) {
                *a = (*a * mine + b * theirs) / (mine + theirs);
            }
            size[end] = mine + theirs;
            open.retain(|cluster| *cluster != other);
        }
        joins.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        Self { points: count, joins }
    }

    /// The cluster of each point when there are `k`.
    pub(super) fn cut(&self, k: usize) -> Vec<usize> {
        let mut parent: Vec<usize> = (0..self.points).collect();
        for join in self.joins.iter().take(self.points.saturating_sub(k)) {
            let (a, b) = (root(&mut parent, join.pair.0), root(&mut parent, join.pair.1));
            parent[b] = a;
        }
        let mut number = vec![usize::MAX; self.points];
        let mut next = 0;
        (0..self.points)
            .map(|point| {
                let root = root(&mut parent, point);
                if number[root] == usize::MAX {
                    number[root] = next;
                    next += 1;
                }
                number[root]
            })
            .collect()
    }
}

/// The first of those that a number was joined with.
pub(super) fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}
