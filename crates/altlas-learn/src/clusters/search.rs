//! The number of clusters, and the clusters, of k-means, mixtures and hierarchies.

use std::ops::RangeInclusive;
use std::time::Instant;

use serde_json::{Value, json};

use super::kmeans::{Clusters, Points};
use super::mixture::Mixture;
use super::model::Finder;
use super::spec::{ClusterAlgorithm, KmeansParams};
use super::ward::Tree;
use super::{Grouped, METRIC, quality, sample};
use crate::LearnError;
use crate::choose::Progress;
use crate::rng::Rng;

/// Rows for each cluster at the least.
const ROWS_PER_CLUSTER: usize = 2;
/// Numbers of clusters that are tried where none is given.
const TRIED: RangeInclusive<usize> = 2..=10;
/// Rows that silhouettes are computed on while numbers are tried.
const TRIED_ROWS: usize = 1000;
/// Rows that a hierarchy is built of.
const JOINED_ROWS: usize = 5000;
/// Features that a mixture can have, and numbers in its matrices.
const MAX_MIXED_WIDTH: usize = 200;
const MAX_MIXED: usize = 1 << 20;

/// The rows that an algorithm needs.
pub(super) fn least_rows(algorithm: &ClusterAlgorithm) -> usize {
    match algorithm {
        ClusterAlgorithm::Density(params) => ROWS_PER_CLUSTER.max(params.min_samples as usize),
        by_number => ROWS_PER_CLUSTER * numbers(by_number).end(),
    }
}

/// The numbers of clusters to try.
fn numbers(algorithm: &ClusterAlgorithm) -> RangeInclusive<usize> {
    let k = match algorithm {
        ClusterAlgorithm::Kmeans(p) | ClusterAlgorithm::Mixture(p) => p.k,
        ClusterAlgorithm::Hierarchical(p) => p.k,
        ClusterAlgorithm::Density(_) => None,
    };
    k.map_or(TRIED, |k| k as usize..=k as usize)
}

fn hyperparams(algorithm: &ClusterAlgorithm, k: usize) -> Value {
    match algorithm {
        ClusterAlgorithm::Kmeans(p) | ClusterAlgorithm::Mixture(p) => {
            json!({"k": k, "n_init": p.n_init, "max_iter": p.max_iter})
        }
        _ => json!({"k": k}),
    }
}

/// Finds the clusters, in the number that is best.
pub(super) fn find(
    algorithm: &ClusterAlgorithm,
    points: Points<'_>,
    seed: u64,
    progress: &mut Progress<'_>,
) -> Result<Grouped, LearnError> {
    let tried = numbers(algorithm);
    let mixed = matches!(algorithm, ClusterAlgorithm::Mixture(_));
    if mixed && (points.width > MAX_MIXED_WIDTH || tried.end() * points.width * points.width > MAX_MIXED) {
        return Err(LearnError::TooLarge { rows: points.count(), features: points.width });
    }
    let (params, joined) = match algorithm {
        ClusterAlgorithm::Kmeans(p) | ClusterAlgorithm::Mixture(p) => (p.clone(), None),
        _ => (KmeansParams::default(), Some(Joined::new(points, progress))),
    };
    let mut warnings = Vec::new();
    if joined.is_some() && points.count() > JOINED_ROWS {
        let all = points.count();
        warnings.push(format!("the hierarchy is of {JOINED_ROWS} of {all} rows, evenly spaced"));
    }
    let mut leaderboard = Vec::new();
    let mut best: Option<(f64, usize, Clusters, Finder)> = None;
    let total = tried.clone().count();
    for (number, k) in tried.enumerate() {
        let start = Instant::now();
        let phase = format!("candidate {} of {total}: {k} clusters", number + 1);
        let most = u64::from(params.n_init) * u64::from(params.max_iter);
        let mut done = 0;
        let mut tick = || {
            done += 1;
            progress(&phase, done.min(most), most);
        };
        let mut rng = Rng::new(seed, 30 + k as u64);
        let found = match &joined {
            Some(joined) => joined.clusters(points, k),
            None => points.kmeans(k, params.n_init, params.max_iter, &mut rng, &mut tick),
        };
        // What is to be less: the silhouette counts upwards.
        let (score, sign, metric, clusters, finder) = if mixed {
            let (mixture, clusters) = mix(points, found, k, params.max_iter, &mut tick)?;
            (mixture.bic(points.count()), 1.0, "bic", clusters, Finder::Mixture(mixture))
        } else {
            let rows: Vec<usize> = (0..points.count()).collect();
            let (some, members) = sample(points, &rows, &found.members, TRIED_ROWS, seed);
            let some = Points { values: &some, width: points.width };
            let centres = found.centres.clone();
            (quality::silhouette(some, &members, k, &mut tick), -1.0, METRIC, found, Finder::Centres(centres))
        };
        leaderboard.push(json!({
            "algorithm": algorithm.name(), "hyperparams": hyperparams(algorithm, k), "metric": metric,
            "lower_is_better": mixed, "score": score,
            "seconds": (start.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        }));
        if best.as_ref().is_none_or(|(least, ..)| sign * score < *least) {
            best = Some((sign * score, k, clusters, finder));
        }
    }
    let Some((_, k, clusters, finder)) = best else {
        return Err(LearnError::NotFinite("the search of clusters"));
    };
    Ok(Grouped {
        k,
        rows: (0..points.count()).collect(),
        members: clusters.members,
        noise: None,
        finder,
        hyperparams: hyperparams(algorithm, k),
        inertia: Some(clusters.inertia),
        leaderboard,
        warnings,
    })
}

/// The hierarchy of some of the points, evenly spaced.
struct Joined {
    rows: Vec<usize>,
    tree: Tree,
}

impl Joined {
    fn new(points: Points<'_>, progress: &mut Progress<'_>) -> Self {
        let rows = points.some(JOINED_ROWS);
        let values = points.of(&rows);
        let mut done = 0;
        let mut tick = || {
            done += 1;
            if done % 64 == 0 {
                progress("join", done, rows.len() as u64);
            }
        };
        let tree = Tree::new(Points { values: &values, width: points.width }, &mut tick);
        Self { rows, tree }
    }

    /// The centres of so many clusters, and the nearest of them to each point.
    fn clusters(&self, points: Points<'_>, k: usize) -> Clusters {
        points.around(&points.centres(&self.rows, &self.tree.cut(k), k))
    }
}

/// A mixture that starts from clusters, its components in the order of their rows, and these.
pub(super) fn mix(
    points: Points<'_>,
    found: Clusters,
    k: usize,
    max_iter: u32,
    tick: &mut dyn FnMut(),
) -> Result<(Mixture, Clusters), LearnError> {
    let mixture = Mixture::new(points, &found.members, k, max_iter, tick)?;
    let members = (0..points.count()).map(|row| mixture.likeliest(&points.point(row))).collect();
    let (clusters, order) = Clusters { members, ..found }.by_size(points.width);
    Ok((mixture.ordered(&order), clusters))
}
