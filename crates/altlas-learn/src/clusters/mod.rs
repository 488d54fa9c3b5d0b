//! Clusters of rows: k-means, mixtures of normal distributions, hierarchies, or dense regions, on standardised features. There is no target, and so no test part:
//! the figures say how far apart the clusters are, not how right.

mod density;
mod kmeans;
mod mixture;
mod model;
mod quality;
mod search;
mod spec;
mod ward;

use altlas_prep::Table;
use serde_json::{Value, json};

use self::kmeans::Points;
use self::model::{Finder, Model};
use crate::LearnError;
use crate::choose::Progress;
use crate::linear::Standard;
use crate::rng::Rng;
use crate::train::Trained;
use crate::untargeted::{Found, Rows};

pub use spec::{ClusterAlgorithm, ClusterSpec, DensityParams, HierarchyParams, KmeansParams};

/// Rows that the figures are of.
const JUDGED_ROWS: usize = 4000;
/// The figure it is judged by.
const METRIC: &str = "silhouette";

/// Rows in clusters.
struct Grouped {
    k: usize,
    /// The rows that are in clusters, and these.
    rows: Vec<usize>,
    members: Vec<usize>,
    /// The number of those that are in none, where there can be such.
    noise: Option<usize>,
    finder: Finder,
    hyperparams: Value,
    /// The sum of the squared distances of rows from their centres.
    inertia: Option<f64>,
    leaderboard: Vec<Value>,
    warnings: Vec<String>,
}

/// Finds clusters. `progress` is called with a phase, what is done of it and all of it; it may end the program.
pub fn train_clusters(
    spec: &ClusterSpec,
    table: Table,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    progress("prepare", 0, 1);
    let seed = spec.options.seed;
    let rows = Rows::new(table, &spec.options, search::least_rows(&spec.algorithm))?;
    let fit = rows.fit()?;
    let standard = Standard::new(&fit.matrix);
    let values = standard.matrix(&fit.matrix);
    let points = Points { values: &values, width: fit.matrix.width };
    let grouped = match &spec.algorithm {
        ClusterAlgorithm::Density(params) => density::find(params, points, progress)?,
        by_number => search::find(by_number, points, seed, progress)?,
    };
    progress("evaluate", 0, 1);
    let (some, members) = sample(points, &grouped.rows, &grouped.members, JUDGED_ROWS, seed);
    let judged = Points { values: &some, width: points.width };
    let figures = quality::quality(judged, &members, grouped.k, &mut || progress("evaluate", 0, 1));
    let mut sizes = vec![0_usize; grouped.k];
    grouped.members.iter().filter_map(|&m| sizes.get_mut(m).map(|size| *size += 1)).for_each(drop);
    let mut training =
        json!({"hyperparams": grouped.hyperparams, "sizes": sizes, "judged_rows": members.len()});
    let more = [("inertia", grouped.inertia.map(Value::from)), ("noise", grouped.noise.map(Value::from))];
    if let Some(training) = training.as_object_mut() {
        training.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    let model = Model { standard, finder: grouped.finder };
    let trained = rows.finish(
        fit,
        Found {
            task: spec::TASK,
            algorithm: spec.algorithm.name(),
            onnx: model.onnx(),
            output: json!({"value": "variable", "label": "label", "proba": null}),
            labels: Some((0..grouped.k).map(|n| n.to_string()).collect()),
            metric: METRIC,
            figures,
            baseline: f64::NAN,
            leaderboard: grouped.leaderboard,
            training,
            warnings: grouped.warnings,
            answer: &|row| vec![model.number(row) as f64],
        },
    )?;
    progress("evaluate", 1, 1);
    Ok(trained)
}

/// At most so many of the points in clusters, with these.
fn sample(
    points: Points<'_>,
    rows: &[usize],
    members: &[usize],
    most: usize,
    seed: u64,
) -> (Vec<f32>, Vec<usize>) {
    let mut pairs: Vec<(usize, usize)> = rows.iter().copied().zip(members.iter().copied()).collect();
    if pairs.len() > most {
        Rng::new(seed, 29).shuffle(&mut pairs);
        pairs.truncate(most);
    }
    let values = pairs.iter().flat_map(|&(row, _)| points.row(row)).copied().collect();
    (values, pairs.into_iter().map(|(_, member)| member).collect())
}

#[cfg(test)]
mod tests {
    use super::search::mix;
    use super::ward::Tree;
    use super::*;
    use crate::reference::numbers;

    /// Clusters and figures against scikit-learn (scripts/reference/estimators.py).
    #[test]
    fn finds_the_same_clusters_and_figures() {
        let all: Value = serde_json::from_str(include_str!("../../tests/data/estimators.json")).unwrap();
        let cases: Vec<&Value> =
            all["cases"].as_array().unwrap().iter().filter(|c| c["kind"] == "clusters").collect();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let values: Vec<f32> = numbers(&case["z"]).into_iter().map(|z| z as f32).collect();
            let points = Points { values: &values, width: 3 };
            let k = case["k"].as_u64().unwrap() as usize;
            let members: Vec<usize> = numbers(&case["members"]).into_iter().map(|m| m as usize).collect();
            let figures = quality::quality(points, &members, k, &mut || ());
            for (name, expected) in case["figures"].as_object().unwrap() {
                let expected = expected.as_f64().unwrap();
                let found = figures[name];
                assert!(
                    (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
                    "{name}: {found}, not {expected}"
                );
            }
            let found = points.kmeans(k, 20, 300, &mut Rng::new(1, 1), &mut || ());
            let expected = case["inertia"].as_f64().unwrap();
            assert!(found.inertia < expected * 1.01, "{k}: {}, not {expected}", found.inertia);
            let mut sizes = vec![0; k];
            found.members.iter().for_each(|m| sizes[*m] += 1);
            assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes[k - 1] > 0, "{sizes:?}");
        }
    }

    #[test]
    fn mixtures_are_as_likely() {
        let all: Value = serde_json::from_str(include_str!("../../tests/data/estimators.json")).unwrap();
        let cases: Vec<&Value> =
            all["cases"].as_array().unwrap().iter().filter(|c| c["kind"] == "mixture").collect();
        assert_eq!(cases.len(), 2);
        for case in cases {
            let values: Vec<f32> = numbers(&case["z"]).into_iter().map(|z| z as f32).collect();
            let points = Points { values: &values, width: 3 };
            let k = case["k"].as_u64().unwrap() as usize;
            let found = points.kmeans(k, 10, 300, &mut Rng::new(1, 1), &mut || ());
            let (mixture, clusters) = mix(points, found, k, 1000, &mut || ()).unwrap();
            let expected = case["likelihood"].as_f64().unwrap();
            assert!((mixture.likelihood - expected).abs() < 5e-3, "{}, not {expected}", mixture.likelihood);
            let bic = case["bic"].as_f64().unwrap();
            assert!((mixture.bic(points.count()) - bic).abs() < 2.0, "{}, not {bic}", mixture.bic(200));
            // The same rows together, whatever the numbers are.
            let members = numbers(&case["members"]);
            let pairs = clusters.members.iter().zip(&members);
            let distinct: std::collections::HashSet<(usize, u64)> =
                pairs.map(|(a, b)| (*a, b.to_bits())).collect();
            assert_eq!(distinct.len(), k);
        }
    }

    /// Ward's hierarchy against scikit-learn (scripts/reference/ward.py): the same points together, whatever their number.
    #[test]
    fn joins_the_same_points() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/data/ward.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let values: Vec<f32> = numbers(&case["z"]).into_iter().map(|z| z as f32).collect();
            let points = Points { values: &values, width: case["width"].as_u64().unwrap() as usize };
            let tree = Tree::new(points, &mut || ());
            for (k, expected) in case["members"].as_object().unwrap() {
                let expected = numbers(expected);
                let found = tree.cut(k.parse().unwrap());
                let mut names = std::collections::HashMap::new();
                for (found, expected) in found.iter().zip(&expected) {
                    assert_eq!(*names.entry(found).or_insert(expected), expected, "{k} clusters");
                }
                assert_eq!(names.len(), k.parse::<usize>().unwrap());
            }
        }
    }

    #[test]
    fn equal_points_are_joined_as_well() {
        let values = [1.0, 1.0, 1.0, 4.0, 4.0];
        let tree = Tree::new(Points { values: &values, width: 1 }, &mut || ());
        assert_eq!(tree.cut(2), [0, 0, 0, 1, 1]);
        assert_eq!(tree.cut(1), [0; 5]);
    }
}
