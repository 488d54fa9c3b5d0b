//! Clusters by density (DBSCAN; Ester, Kriegel, Sander and Xu 1996): rows with enough neighbours are cores, cores that are neighbours
//! are of one cluster, and another row is of the cluster of its nearest core, if that is a neighbour, else noise.
#![allow(clippy::indexing_slicing)] // Row numbers are below the number of points.

use serde_json::json;

use super::Grouped;
use super::kmeans::Points;
use super::model::Finder;
use super::spec::DensityParams;
use super::ward::root;
use crate::LearnError;
use crate::choose::Progress;
use crate::linear::dot;

/// Points whose neighbours are looked at to find out what is near, where nothing is said.
const PROBED: usize = 2000;
/// Squared distances that are larger by so little still count as equal: what lies at the very border shall not hang on rounding.
const TIE: f64 = 1e-6;
/// Points between two reports.
const REPORT_EVERY: usize = 64;

/// The cores, and the cluster of each.
pub(super) struct Cores {
    pub(super) points: Vec<f64>,
    norms: Vec<f64>,
    pub(super) numbers: Vec<usize>,
    /// The largest squared distance of neighbours.
    pub(super) within: f64,
}

impl Cores {
    /// The cluster of the nearest core, if that is a neighbour. Distances are compared in single precision after 1 was added, so that
    /// rounding does not decide which of equal ones is the nearer: the first core is.
    pub(super) fn number(&self, z: &[f64]) -> Option<usize> {
        let own = dot(z, z);
        let mut nearest = (f32::INFINITY, f64::INFINITY, 0);
        for ((point, norm), number) in self.points.chunks_exact(z.len()).zip(&self.norms).zip(&self.numbers) {
            let share = (norm - 2.0 * dot(z, point) + own) / self.within;
            let rounded = (share + 1.0) as f32;
            if rounded < nearest.0 {
                nearest = (rounded, share, *number);
            }
        }
        (nearest.1 <= 1.0).then_some(nearest.2)
    }
}

/// Finds dense clusters among at most `max_rows` of the points, evenly spaced.
pub(super) fn find(
    params: &DensityParams,
    all: Points<'_>,
    progress: &mut Progress<'_>,
) -> Result<Grouped, LearnError> {
    let rows = all.some(params.max_rows as usize);
    let values = all.of(&rows);
    let points = Points { values: &values, width: all.width };
    let least = params.min_samples as usize;
    let eps = params.eps.unwrap_or_else(|| bend(points, least, progress));
    let (cores, numbers, k) = cores(points, eps, least, progress).ok_or_else(|| {
        let problem = format!("within {eps} no row has {least} rows, itself among them: all would be noise");
        LearnError::option("eps", problem)
    })?;
    let (kept, members): (Vec<usize>, Vec<usize>) =
        rows.iter().zip(&numbers).filter_map(|(row, number)| Some((*row, (*number)?))).unzip();
    let mut warnings = Vec::new();
    if rows.len() < all.count() {
        let (some, all) = (rows.len(), all.count());
        warnings
            .push(format!("clusters are of {some} of {all} rows, evenly spaced: min_samples counts these"));
    }
    Ok(Grouped {
        k,
        noise: Some(rows.len() - kept.len()),
        rows: kept,
        members,
        finder: Finder::Cores(cores),
        hyperparams: json!({"eps": eps, "min_samples": params.min_samples, "max_rows": params.max_rows}),
        inertia: None,
        leaderboard: Vec::new(),
        warnings,
    })
}

/// Where the ascending curve of the distances of points from their `least`-th neighbour is furthest below the line from its first to its
/// last point: beyond lies what is far from others.
fn bend(points: Points<'_>, least: usize, progress: &mut Progress<'_>) -> f64 {
    let probed = points.some(PROBED);
    let mut curve = Vec::with_capacity(probed.len());
    let mut squares = vec![0.0; points.count()];
    for (n, row) in probed.iter().enumerate() {
        if n % REPORT_EVERY == 0 {
            progress("distances", n as u64, probed.len() as u64);
        }
        squares.iter_mut().enumerate().for_each(|(other, square)| *square = points.apart(*row, other));
        let (_, nearest, _) = squares.select_nth_unstable_by(least.min(points.count()) - 1, f64::total_cmp);
        curve.push(nearest.sqrt());
    }
    curve.sort_by(f64::total_cmp);
    let (first, last) = (curve[0], curve[curve.len() - 1]);
    let below = |n: usize| first + (last - first) * n as f64 / (curve.len() - 1).max(1) as f64 - curve[n];
    let deepest = (0..curve.len()).fold(0, |best, n| if below(n) > below(best) { n } else { best });
    // Where most points are equal the curve begins with zeros: the first distance that there is.
    let found = curve[deepest];
    if found > 0.0 { found } else { curve.into_iter().find(|d| *d > 0.0).unwrap_or(1.0) }
}

/// The cores, the clusters of all points, the largest first, and their number; `None` if there is no core.
#[allow(clippy::type_complexity)] // three results of one search
fn cores(
    points: Points<'_>,
    eps: f64,
    least: usize,
    progress: &mut Progress<'_>,
) -> Option<(Cores, Vec<Option<usize>>, usize)> {
    let count = points.count();
    let within = eps * eps * (1.0 + TIE);
    let mut tick = |phase: &str, row: usize| {
        if row.is_multiple_of(REPORT_EVERY) {
            progress(phase, row as u64, count as u64);
        }
    };
    let mut neighbours = vec![1_usize; count];
    for row in 0..count {
        tick("neighbours", row);
        for other in (0..row).filter(|other| points.apart(row, *other) <= within) {
            neighbours[row] += 1;
            neighbours[other] += 1;
        }
    }
    let core: Vec<usize> = (0..count).filter(|row| neighbours[*row] >= least).collect();
    let mut parent: Vec<usize> = (0..core.len()).collect();
    for (n, row) in core.iter().enumerate() {
        tick("join", n);
        for (other, earlier) in core.iter().enumerate().take(n) {
            // Two of one cluster tell nothing new.
            let (a, b) = (root(&mut parent, n), root(&mut parent, other));
            if a != b && points.apart(*row, *earlier) <= within {
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let roots: Vec<usize> = (0..core.len()).map(|n| root(&mut parent, n)).collect();
    let flat: Vec<f64> = core.iter().flat_map(|row| points.point(*row)).collect();
    let norms = flat.chunks_exact(points.width).map(|p| dot(p, p)).collect();
    let mut cores = Cores { points: flat, norms, numbers: roots, within };
    let mut numbers: Vec<Option<usize>> = (0..count)
        .map(|row| {
            tick("members", row);
            cores.number(&points.point(row))
        })
        .collect();
    let place = by_size(&numbers, core.len());
    cores.numbers.iter_mut().for_each(|number| *number = place.1[*number]);
    numbers.iter_mut().flatten().for_each(|number| *number = place.1[*number]);
    (!core.is_empty()).then_some((cores, numbers, place.0))
}

/// How many of the numbers below `most` occur, and their places when the most frequent is the first, and the lower of equally frequent ones.
fn by_size(numbers: &[Option<usize>], most: usize) -> (usize, Vec<usize>) {
    let mut sizes = vec![0_usize; most];
    numbers.iter().flatten().for_each(|number| sizes[*number] += 1);
    let mut order: Vec<usize> = (0..most).collect();
    order.sort_by_key(|number| std::cmp::Reverse(sizes[*number]));
    let mut place = vec![0; most];
    order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
    (sizes.iter().filter(|size| **size > 0).count(), place)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::reference::numbers;

    /// Cores, clusters and noise are scikit-learn's (scripts/reference/density.py). A row that is within reach of two clusters is of
    /// the nearer one here, of the first there: the script says which of them it can be.
    #[test]
    fn finds_the_same_clusters() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/data/density.json")).unwrap();
        for case in cases["dbscan"].as_array().unwrap() {
            let values: Vec<f32> = numbers(&case["z"]).into_iter().map(|z| z as f32).collect();
            let points = Points { values: &values, width: case["width"].as_u64().unwrap() as usize };
            let (eps, least) =
                (case["eps"].as_f64().unwrap(), case["min_samples"].as_u64().unwrap() as usize);
            let (cores, found, k) = cores(points, eps, least, &mut |_, _, _| ()).unwrap();
            assert_eq!(cores.numbers.len(), case["cores"].as_u64().unwrap() as usize);
            assert_eq!(k, case["clusters"].as_u64().unwrap() as usize);
            let mut names = std::collections::HashMap::new();
            for (found, allowed) in found.iter().zip(case["members"].as_array().unwrap()) {
                let allowed = numbers(allowed);
                let Some(found) = found else {
                    assert_eq!(allowed, [-1.0]);
                    continue;
                };
                if let [only] = allowed[..] {
                    assert_eq!(*names.entry(*found).or_insert(only), only);
                }
            }
            for (found, allowed) in found.iter().zip(case["members"].as_array().unwrap()) {
                assert!(found.is_none_or(|found| numbers(allowed).contains(&names[&found])));
            }
            assert_eq!(names.len(), k);
        }
    }

    #[test]
    fn the_bend_lies_between_near_and_far() {
        let mut values: Vec<f32> = (0..200).map(|n| n as f32 * 0.01).collect();
        values.extend([50.0, 80.0, 120.0]);
        let points = Points { values: &values, width: 1 };
        let eps = bend(points, 5, &mut |_, _, _| ());
        assert!((0.02..1.0).contains(&eps), "{eps}");
        let (_, numbers, k) = cores(points, eps, 5, &mut |_, _, _| ()).unwrap();
        assert_eq!((k, numbers.iter().filter(|n| n.is_none()).count()), (1, 3));
        let equal = [1.0_f32; 20];
        assert_eq!(bend(Points { values: &equal, width: 1 }, 5, &mut |_, _, _| ()), 1.0);
    }

    #[test]
    fn alone_is_noise() {
        let points = Points { values: &[0.0, 10.0, 20.0], width: 1 };
        assert!(cores(points, 1.0, 2, &mut |_, _, _| ()).is_none());
    }
}
