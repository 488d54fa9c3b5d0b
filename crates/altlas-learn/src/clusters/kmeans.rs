//! K-means by Lloyd's iterations (1982) from greedy k-means++ centres (Arthur and Vassilvitskii 2007).
#![allow(clippy::indexing_slicing)] // Points are rows of one width, members numbers of centres.

use crate::rng::Rng;

/// Share of the squared distances that a pass must take off to be followed by another.
const LEAST_GAIN: f64 = 1e-9;

/// Centres, and the centre of each point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clusters {
    pub(super) centres: Vec<f64>,
    pub(super) members: Vec<usize>,
    /// The sum of the squared distances of points from their centres.
    pub(super) inertia: f64,
}

/// Points as rows.
#[derive(Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) values: &'a [f32],
    pub(super) width: usize,
}

impl Points<'_> {
    pub(super) fn count(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    fn distance(&self, row: usize, centre: &[f64]) -> f64 {
        self.row(row).iter().zip(centre).map(|(x, c)| (f64::from(*x) - c).powi(2)).sum()
    }

    pub(super) fn point(&self, row: usize) -> Vec<f64> {
        self.row(row).iter().map(|x| f64::from(*x)).collect()
    }

    /// The squared distance of two points.
    pub(super) fn apart(&self, a: usize, b: usize) -> f64 {
        let differences = self.row(a).iter().zip(self.row(b)).map(|(x, y)| f64::from(*x) - f64::from(*y));
        differences.map(|d| d * d).sum()
    }

    /// At most so many points, evenly spaced.
    pub(super) fn some(&self, most: usize) -> Vec<usize> {
        let (count, some) = (self.count(), self.count().min(most));
        (0..some).map(|n| n * count / some).collect()
    }

    /// The values of some points.
    pub(super) fn of(&self, rows: &[usize]) -> Vec<f32> {
        rows.iter().flat_map(|&row| self.row(row)).copied().collect()
    }

    /// The best of some runs from different centres. `tick` is called once a pass.
    pub(super) fn kmeans(
        &self,
        k: usize,
        runs: u32,
        max_iter: u32,
        rng: &mut Rng,
        tick: &mut dyn FnMut(),
    ) -> Clusters {
        let mut best = self.run(k, max_iter, rng, tick);
        for _ in 1..runs {
            let next = self.run(k, max_iter, rng, tick);
            if next.inertia < best.inertia {
                best = next;
            }
        }
        best.by_size(self.width).0
    }

    /// The means of some points by their clusters.
    pub(super) fn centres(&self, rows: &[usize], members: &[usize], k: usize) -> Vec<f64> {
        let (mut centres, mut counts) = (vec![0.0; k * self.width], vec![0.0_f64; k]);
        for (&row, &member) in rows.iter().zip(members) {
            counts[member] += 1.0;
            let centre = &mut centres[member * self.width..(member + 1) * self.width];
            centre.iter_mut().zip(self.row(row)).for_each(|(c, x)| *c += f64::from(*x));
        }
        for (centre, count) in centres.chunks_exact_mut(self.width).zip(counts) {
            centre.iter_mut().for_each(|c| *c /= count.max(1.0));
        }
        centres
    }

    /// The nearest of given centres to each point, the largest cluster first.
    pub(super) fn around(&self, centres: &[f64]) -> Clusters {
        let (mut members, mut inertia) = (Vec::with_capacity(self.count()), 0.0);
        for row in 0..self.count() {
            let (nearest, distance) = self.nearest(row, centres);
            members.push(nearest);
            inertia += distance;
        }
        Clusters { centres: centres.to_vec(), members, inertia }.by_size(self.width).0
    }

    fn run(&self, k: usize, max_iter: u32, rng: &mut Rng, tick: &mut dyn FnMut()) -> Clusters {
        let mut centres = self.seeds(k, rng);
        let (n, width) = (self.count(), self.width);
        let mut members = vec![0; n];
        let mut inertia = f64::INFINITY;
        for _ in 0..max_iter {
            tick();
            let mut total = 0.0;
            let mut farthest = (0.0, 0);
            let (mut sums, mut counts) = (vec![0.0; centres.len()], vec![0.0_f64; k]);
            for (row, member) in members.iter_mut().enumerate() {
                let (nearest, distance) = self.nearest(row, &centres);
                *member = nearest;
                total += distance;
                if distance > farthest.0 {
                    farthest = (distance, row);
                }
                counts[nearest] += 1.0;
                let sum = &mut sums[nearest * width..(nearest + 1) * width];
                sum.iter_mut().zip(self.row(row)).for_each(|(s, x)| *s += f64::from(*x));
            }
            let gain = inertia - total;
            inertia = total;
            if gain <= LEAST_GAIN * total {
                break;
            }
            for (centre, (sum, count)) in
                centres.chunks_exact_mut(width).zip(sums.chunks_exact(width).zip(&counts))
            {
                if *count > 0.0 {
                    centre.iter_mut().zip(sum).for_each(|(c, s)| *c = s / count);
                } else {
                    // A centre without points takes the one that fits worst.
                    centre.copy_from_slice(&self.point(farthest.1));
                }
            }
        }
        Clusters { centres, members, inertia }
    }

    fn nearest(&self, row: usize, centres: &[f64]) -> (usize, f64) {
        let distances = centres.chunks_exact(self.width).map(|centre| self.distance(row, centre));
        let less = |best: (usize, f64), next: (usize, f64)| if next.1 < best.1 { next } else { best };
        (0..).zip(distances).fold((0, f64::INFINITY), less)
    }

    /// Centres far from each other: each the best of a few points drawn by their squared distance from those before.
    fn seeds(&self, k: usize, rng: &mut Rng) -> Vec<f64> {
        let n = self.count();
        let mut centres = self.point(rng.below(n));
        let mut least: Vec<f64> = (0..n).map(|row| self.distance(row, &centres)).collect();
        let drawn = 2 + (k as f64).ln() as usize;
        for _ in 1..k {
            let total: f64 = least.iter().sum();
            let mut best: (f64, Vec<f64>, Vec<f64>) = (f64::INFINITY, Vec::new(), Vec::new());
            for _ in 0..drawn {
                let mut left = rng.uniform() * total;
                let row = least.iter().position(|d| {
                    left -= d;
                    left < 0.0
                });
                let point = self.point(row.unwrap_or_else(|| rng.below(n)));
                let next: Vec<f64> = (0..n).map(|row| least[row].min(self.distance(row, &point))).collect();
                let sum = next.iter().sum();
                if sum < best.0 || best.1.is_empty() {
                    best = (sum, point, next);
                }
            }
            centres.extend(best.1);
            least = best.2;
        }
        centres
    }
}

impl Clusters {
    /// The same with the largest cluster first, and the former numbers in this order.
    pub(super) fn by_size(self, width: usize) -> (Self, Vec<usize>) {
        let k = self.centres.len() / width.max(1);
        let mut counts = vec![0_usize; k];
        self.members.iter().for_each(|m| counts[*m] += 1);
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by_key(|&c| std::cmp::Reverse(counts[c]));
        let mut place = vec![0; k];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        let centre = |c: &usize| self.centres[c * width..(c + 1) * width].to_vec();
        let clusters = Self {
            centres: order.iter().flat_map(centre).collect(),
            members: self.members.iter().map(|m| place[*m]).collect(),
            inertia: self.inertia,
        };
        (clusters, order)
    }
}
