//! K-means by Lloyd's iterations (1982) from greedy k-means++ centres (Arthur and Vassilvitskii 2007). Distances that cannot change
//! a point's centre are not computed (Hamerly 2010).
#![allow(clippy::indexing_slicing)] // Points are rows of one width, members numbers of centres.

use crate::rng::Rng;

/// Share of the squared distances that a pass must take off to be followed by another.
const LEAST_GAIN: f64 = 1e-9;

/// How much shorter than a bound a distance must be, so that no rounding of either decides.
const SURE: f64 = 1.0 + 1e-6;
/// Sums side by side, which a processor adds together.
const LANES: usize = 4;

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
        squared(self.row(row), centre, |c| *c)
    }

    pub(super) fn point(&self, row: usize) -> Vec<f64> {
        self.row(row).iter().map(|x| f64::from(*x)).collect()
    }

    /// The squared distance of two points.
    pub(super) fn apart(&self, a: usize, b: usize) -> f64 {
        squared(self.row(a), self.row(b), |x| f64::from(*x))
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
            let nearest = self.nearest(row, centres);
            members.push(nearest.centre);
            inertia += nearest.distance;
        }
        Clusters { centres: centres.to_vec(), members, inertia }.by_size(self.width).0
    }

    fn run(&self, k: usize, max_iter: u32, rng: &mut Rng, tick: &mut dyn FnMut()) -> Clusters {
        let mut centres = self.seeds(k, rng);
        let (n, width) = (self.count(), self.width);
        let mut members = vec![0; n];
        // No centre but its own is nearer to a point than this.
        let mut others = vec![0.0_f64; n];
        let mut inertia = f64::INFINITY;
        for _ in 0..max_iter {
            tick();
            let mut total = 0.0;
            let mut farthest = (0.0, 0);
            let (mut sums, mut counts) = (vec![0.0; centres.len()], vec![0.0_f64; k]);
            let halfway = halfway(&centres, width);
            for (row, (member, other)) in members.iter_mut().zip(&mut others).enumerate() {
                let own = &centres[*member * width..(*member + 1) * width];
                let mut distance = self.distance(row, own);
                if distance.sqrt() * SURE >= other.max(halfway[*member]) {
                    let nearest = self.nearest(row, &centres);
                    (*member, distance, *other) = (nearest.centre, nearest.distance, nearest.next.sqrt());
                }
                total += distance;
                if distance > farthest.0 {
                    farthest = (distance, row);
                }
                counts[*member] += 1.0;
                let sum = &mut sums[*member * width..(*member + 1) * width];
                sum.iter_mut().zip(self.row(row)).for_each(|(s, x)| *s += f64::from(*x));
            }
            let gain = inertia - total;
            inertia = total;
            if gain <= LEAST_GAIN * total {
                break;
            }
            let before = centres.clone();
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
            let moved = before.chunks_exact(width).zip(centres.chunks_exact(width));
            let most = moved.map(|(from, to)| apart(from, to)).fold(0.0, f64::max);
            others.iter_mut().for_each(|other| *other -= most);
        }
        Clusters { centres, members, inertia }
    }

    fn nearest(&self, row: usize, centres: &[f64]) -> Nearest {
        let mut nearest = Nearest { centre: 0, distance: f64::INFINITY, next: f64::INFINITY };
        for (centre, place) in centres.chunks_exact(self.width).enumerate() {
            let distance = self.distance(row, place);
            if distance < nearest.distance {
                nearest = Nearest { centre, distance, next: nearest.distance };
            } else {
                nearest.next = nearest.next.min(distance);
            }
        }
        nearest
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

/// The centre nearest to a point, with squared distances.
struct Nearest {
    centre: usize,
    distance: f64,
    /// Of the next one.
    next: f64,
}

/// Half the way from each centre to the one nearest to it: points within belong to it.
fn halfway(centres: &[f64], width: usize) -> Vec<f64> {
    let others = |own: usize| centres.chunks_exact(width).enumerate().filter(move |(other, _)| *other != own);
    let half = |(own, centre): (usize, &[f64])| {
        others(own).map(|(_, other)| apart(centre, other)).fold(f64::INFINITY, f64::min) / 2.0
    };
    centres.chunks_exact(width).enumerate().map(half).collect()
}

/// The distance of two centres.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The squared distance of a point from another one.
fn squared<T>(point: &[f32], other: &[T], number: impl Fn(&T) -> f64) -> f64 {
    let square = |(x, y): (&f32, &T)| (f64::from(*x) - number(y)).powi(2);
    let (points, others) = (point.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest: f64 = points.remainder().iter().zip(others.remainder()).map(square).sum();
    let mut lanes = [0.0; LANES];
    for (point, other) in points.zip(others) {
        lanes.iter_mut().zip(point.iter().zip(other)).for_each(|(lane, pair)| *lane += square(pair));
    }
    lanes.iter().sum::<f64>() + rest
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Bounds must not change the answer: without gaps between clusters, many points change theirs late.
    #[test]
    fn each_point_is_with_its_nearest_centre() {
        let mut rng = Rng::new(3, 0);
        let width = 6;
        let values: Vec<f32> = (0..4000 * width).map(|_| rng.uniform() as f32).collect();
        let points = Points { values: &values, width };
        for (k, passes) in [(2, 300), (17, 300)] {
            let mut ran = 0;
            let found = points.run(k, passes, &mut Rng::new(1, 0), &mut || ran += 1);
            assert!(ran > 2 && ran < passes, "{ran}");
            let distance = |row: usize, centre: usize| -> f64 {
                let centre = &found.centres[centre * width..(centre + 1) * width];
                points.row(row).iter().zip(centre).map(|(x, c)| (f64::from(*x) - c).powi(2)).sum()
            };
            let mut inertia = 0.0;
            for (row, member) in found.members.iter().enumerate() {
                let least = (0..k).map(|c| distance(row, c)).fold(f64::INFINITY, f64::min);
                assert!(distance(row, *member) <= least * (1.0 + 1e-12), "{row}");
                inertia += least;
            }
            assert!((inertia - found.inertia).abs() < 1e-9 * inertia);
        }
    }
}
