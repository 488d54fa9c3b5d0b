//! The graph of dependencies.
#![allow(clippy::indexing_slicing)] // Tasks are numbered from 0 to their number.

use std::collections::VecDeque;

/// Tasks and what they wait for, each pair once.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// What each task waits for.
    before: Vec<Vec<u32>>,
    /// What waits for each task.
    after: Vec<Vec<u32>>,
    /// Tasks in an order in which none comes before what it waits for; those in or behind cycles are missing.
    order: Vec<u32>,
    /// Dependencies.
    pub edges: usize,
}

/// The longest chain of tasks, each waiting for the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Longest {
    /// The sum of their lengths.
    pub length: f64,
    /// The tasks, first to last.
    pub path: Vec<u32>,
}

impl Graph {
    /// Of so many tasks, with (task, what it waits for). A task that waits for itself is a cycle.
    #[must_use]
    pub fn new(tasks: usize, dependencies: &[(u32, u32)]) -> Self {
        let mut pairs: Vec<(u32, u32)> = dependencies.to_vec();
        pairs.retain(|(task, on)| (*task as usize) < tasks && (*on as usize) < tasks);
        pairs.sort_unstable();
        pairs.dedup();
        let (mut before, mut after) = (vec![Vec::new(); tasks], vec![Vec::new(); tasks]);
        for (task, on) in &pairs {
            before[*task as usize].push(*on);
            after[*on as usize].push(*task);
        }
        // Kahn 1962.
        let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
        let mut ready: VecDeque<u32> =
            (0..).zip(&open).filter(|(_, open)| **open == 0).map(|(task, _)| task).collect();
        let mut order = Vec::with_capacity(tasks);
        while let Some(task) = ready.pop_front() {
            order.push(task);
            for &next in &after[task as usize] {
                open[next as usize] -= 1;
                if open[next as usize] == 0 {
                    ready.push_back(next);
                }
            }
        }
        Self { before, after, order, edges: pairs.len() }
    }

    /// Tasks in cycles, or behind one.
    #[must_use]
    pub fn blocked(&self) -> usize {
        self.before.len() - self.order.len()
    }

    /// The most that one task waits for, and the most that wait for one.
    #[must_use]
    pub fn most(&self) -> (usize, usize) {
        let most = |lists: &[Vec<u32>]| lists.iter().map(Vec::len).max().unwrap_or(0);
        (most(&self.before), most(&self.after))
    }

    /// Which connected part each task lies in, and how many parts of two or more tasks there are.
    #[must_use]
    pub fn parts(&self) -> (Vec<u32>, usize) {
        let mut part = vec![u32::MAX; self.before.len()];
        let (mut parts, mut large) = (0, 0);
        for first in 0..part.len() {
            if part[first] != u32::MAX {
                continue;
            }
            let (mut stack, mut size) = (vec![first as u32], 0);
            part[first] = parts;
            while let Some(task) = stack.pop() {
                size += 1;
                for &other in self.before[task as usize].iter().chain(&self.after[task as usize]) {
                    if part[other as usize] == u32::MAX {
                        part[other as usize] = parts;
                        stack.push(other);
                    }
                }
            }
            parts += 1;
            large += usize::from(size > 1);
        }
        (part, large)
    }

    /// The longest chain within each group, by the length of each task; tasks without a group have none. A chain stays within its
    /// group. Chains are by the number of the group.
    #[must_use]
    pub fn longest(&self, length: &[f64], group: &[Option<u32>], groups: usize) -> Vec<Option<Longest>> {
        let tasks = self.before.len();
        // The length of the longest chain that ends with the task, and the task before it.
        let mut best: Vec<(f64, Option<u32>)> = vec![(0.0, None); tasks];
        let mut last: Vec<Option<u32>> = vec![None; groups];
        for &task in &self.order {
            let at = task as usize;
            let Some(own) = group[at] else { continue };
            let same = |on: &&u32| group[**on as usize] == Some(own);
            let longest = self.before[at]
                .iter()
                .filter(same)
                .max_by(|a, b| best[**a as usize].0.total_cmp(&best[**b as usize].0));
            let before = longest.map_or(0.0, |on| best[*on as usize].0);
            best[at] = (before + length[at], longest.copied());
            let end = &mut last[own as usize];
            if end.is_none_or(|other| best[other as usize].0 < best[at].0) {
                *end = Some(task);
            }
        }
        let path = |end: u32| {
            let mut path = vec![end];
            let mut at = end;
            while let Some(before) = best[at as usize].1 {
                path.push(before);
                at = before;
            }
            path.reverse();
            Longest { length: best[end as usize].0, path }
        };
        last.into_iter().map(|end| end.map(path)).collect()
    }
}
