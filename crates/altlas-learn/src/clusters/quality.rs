//! How good clusters are.
#![allow(clippy::indexing_slicing)] // Members are numbers of clusters.

use super::kmeans::Points;
use crate::metrics::Figures;

/// `silhouette` (Rousseeuw 1987), `davies_bouldin` (1979; less is better), `calinski_harabasz` (1974), of points and their clusters; of one
/// cluster the first alone, which is 0.
pub(super) fn quality(points: Points<'_>, members: &[usize], k: usize, tick: &mut dyn FnMut()) -> Figures {
    let mut figures = Figures::new();
    figures.insert("silhouette".into(), silhouette(points, members, k, tick));
    if k < 2 {
        return figures;
    }
    let (davies, calinski) = by_centres(points, members, k);
    figures.insert("davies_bouldin".into(), davies);
    figures.insert("calinski_harabasz".into(), calinski);
    figures.retain(|_, figure| figure.is_finite());
    figures
}

/// The mean over points of (b − a)/max(a, b): a the mean distance from the others of the own cluster, b that from the nearest
/// other cluster. A point alone counts 0.
pub(super) fn silhouette(points: Points<'_>, members: &[usize], k: usize, tick: &mut dyn FnMut()) -> f64 {
    let mut counts = vec![0.0_f64; k];
    members.iter().for_each(|m| counts[*m] += 1.0);
    let mut sum = 0.0;
    let mut totals = vec![0.0; k];
    for (row, own) in members.iter().enumerate() {
        if row % 256 == 0 {
            tick();
        }
        totals.fill(0.0);
        let x = points.row(row);
        for (other, member) in members.iter().enumerate() {
            let squares: f32 = x.iter().zip(points.row(other)).map(|(a, b)| (a - b) * (a - b)).sum();
            totals[*member] += f64::from(squares).sqrt();
        }
        if counts[*own] <= 1.0 {
            continue;
        }
        let a = totals[*own] / (counts[*own] - 1.0);
        let others = (0..k).filter(|c| c != own && counts[*c] > 0.0).map(|c| totals[c] / counts[c]);
        let b = others.fold(f64::INFINITY, f64::min);
        if b.is_finite() && a.max(b) > 0.0 {
            sum += (b - a) / a.max(b);
        }
    }
    sum / members.len().max(1) as f64
}

fn by_centres(points: Points<'_>, members: &[usize], k: usize) -> (f64, f64) {
    let width = points.width;
    let n = members.len() as f64;
    let rows: Vec<usize> = (0..members.len()).collect();
    let centres = points.centres(&rows, members, k);
    let mean = points.centres(&rows, &vec![0; members.len()], 1);
    let mut counts = vec![0.0_f64; k];
    members.iter().for_each(|m| counts[*m] += 1.0);
    let centre = |c: usize| &centres[c * width..(c + 1) * width];
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    let (mut spread, mut within) = (vec![0.0; k], 0.0);
    for (row, m) in members.iter().enumerate() {
        let squares: f64 =
            points.row(row).iter().zip(centre(*m)).map(|(x, c)| (f64::from(*x) - c).powi(2)).sum();
        spread[*m] += squares.sqrt() / counts[*m];
        within += squares;
    }
    let used: Vec<usize> = (0..k).filter(|c| counts[*c] > 0.0).collect();
    let worst = |&a: &usize| {
        let others = used.iter().filter(|b| **b != a);
        let ratio = |b: &usize| (spread[a] + spread[*b]) / apart(centre(a), centre(*b)).sqrt();
        others.map(ratio).fold(0.0, f64::max)
    };
    let davies = used.iter().map(worst).sum::<f64>() / used.len() as f64;
    let between: f64 = used.iter().map(|&c| counts[c] * apart(centre(c), &mean)).sum();
    let clusters = used.len() as f64;
    (davies, between / (clusters - 1.0) / (within / (n - clusters)))
}
