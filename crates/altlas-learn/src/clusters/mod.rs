//! Clusters of rows: k-means on standardised features. There is no target, and so no test part: the figures say how far apart
//! the clusters are, not how right.

mod kmeans;
mod quality;
mod spec;
mod ward;

use std::time::Instant;

use altlas_prep::{Cell, Column, Matrix, Table};
use serde_json::{Value, json};

use self::kmeans::{Clusters, Points};
use self::ward::Tree;
use crate::choose::Progress;
use crate::features::{Source, document};
use crate::graph::Dense;
use crate::linear::{Standard, dot};
use crate::rng::Rng;
use crate::target::Target;
use crate::train::{TestVector, Trained, background};
use crate::{LearnError, Preprocess, manifest};

pub use spec::{ClusterAlgorithm, ClusterOptions, ClusterSpec, KmeansParams, WardParams};

/// Rows for each cluster at the least.
const ROWS_PER_CLUSTER: usize = 2;
/// Numbers of clusters that are tried where none is given.
const TRIED: std::ops::RangeInclusive<usize> = 2..=10;
/// Rows that silhouettes are computed on while numbers are tried, and in the end.
const TRIED_ROWS: usize = 1000;
const JUDGED_ROWS: usize = 4000;
/// Rows that a hierarchy is built of.
const JOINED_ROWS: usize = 5000;
/// The most test vectors.
const VECTORS: usize = 32;
/// The figure it is judged by.
const METRIC: &str = "silhouette";

/// Finds clusters. `progress` is called with a phase, what is done of it and all of it; it may end the program.
pub fn train_clusters(
    spec: &ClusterSpec,
    table: Table,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    let (options, algorithm) = (&spec.options, &spec.algorithm);
    progress("prepare", 0, 1);
    let needed = ROWS_PER_CLUSTER * algorithm.k().map_or(*TRIED.end(), |k| k as usize);
    if table.rows() < needed {
        return Err(LearnError::TooFewRows { found: table.rows(), needed });
    }
    if let Some(name) = options.preprocess.exclude.iter().find(|name| table.column(name).is_none()) {
        return Err(LearnError::MissingColumn(name.clone()));
    }
    let data_sha256 = manifest::data_sha256(&table);
    let (preprocess, mut warnings) = without_free_text(&table, &options.preprocess);
    let rows: Vec<usize> = (0..table.rows()).collect();
    // There is no target; nothing that is left encodes one.
    let target = Target { values: vec![0.0; rows.len()], labels: Vec::new(), unit: None, log: false };
    let source = Source {
        table: &table,
        target_name: "",
        target: &target,
        time_column: None,
        group_column: None,
        preprocess: &preprocess,
        seed: options.seed,
        inner: &rows,
    };
    let fit = source.fit(&rows)?;
    warnings.extend(fit.warnings);
    let standard = Standard::new(&fit.matrix);
    let values = standard.matrix(&fit.matrix);
    let points = Points { values: &values, width: fit.matrix.width };
    let mut leaderboard = Vec::new();
    let mut best: Option<(f64, usize, Clusters)> = None;
    let tried = algorithm.k().map_or(TRIED, |k| k as usize..=k as usize);
    let joined = match algorithm {
        ClusterAlgorithm::Kmeans(_) => None,
        ClusterAlgorithm::Hierarchical(_) => {
            let rows = points.count();
            if rows > JOINED_ROWS {
                warnings.push(format!("the hierarchy is of {JOINED_ROWS} of {rows} rows, evenly spaced"));
            }
            Some(Joined::new(points, progress))
        }
    };
    let total = tried.clone().count();
    for (number, k) in tried.enumerate() {
        let start = Instant::now();
        let phase = format!("candidate {} of {total}: {k} clusters", number + 1);
        let most = match algorithm {
            ClusterAlgorithm::Kmeans(params) => u64::from(params.n_init) * u64::from(params.max_iter),
            ClusterAlgorithm::Hierarchical(_) => 1,
        };
        let mut done = 0;
        let mut tick = || {
            done += 1;
            progress(&phase, done.min(most), most);
        };
        let mut rng = Rng::new(options.seed, 30 + k as u64);
        let clusters = match (algorithm, &joined) {
            (ClusterAlgorithm::Kmeans(params), _) => {
                points.kmeans(k, params.n_init, params.max_iter, &mut rng, &mut tick)
            }
            (_, Some(joined)) => joined.clusters(points, k),
            (_, None) => continue,
        };
        let (some, members) = sample(points, &clusters.members, TRIED_ROWS, options.seed);
        let some = Points { values: &some, width: points.width };
        let score = quality::silhouette(some, &members, k, &mut tick);
        leaderboard.push(json!({
            "algorithm": algorithm.name(), "hyperparams": hyperparams(algorithm, k), "metric": METRIC, "lower_is_better": false,
            "score": score, "seconds": (start.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        }));
        if best.as_ref().is_none_or(|(most, ..)| score > *most) {
            best = Some((score, k, clusters));
        }
    }
    let Some((_, k, clusters)) = best else {
        return Err(LearnError::NotFinite("the search of clusters"));
    };
    progress("evaluate", 0, 1);
    let (some, members) = sample(points, &clusters.members, JUDGED_ROWS, options.seed);
    let judged = Points { values: &some, width: points.width };
    let figures = quality::quality(judged, &members, k, &mut || progress("evaluate", 0, 1));
    let score = figures.get(METRIC).copied().unwrap_or(f64::NAN);
    let mut sizes = vec![0_usize; k];
    clusters.members.iter().filter_map(|&m| sizes.get_mut(m).map(|size| *size += 1)).for_each(drop);
    let model = Centres { standard, centres: clusters.centres };
    let vectors = model.vectors(&source, &fit.tabular, &rows)?;
    let background = background(&table, &fit.tabular, &rows);
    let columns: Vec<&str> = fit.tabular.columns().iter().map(|c| c.name.as_str()).collect();
    let labels: Vec<String> = (0..k).map(|n| n.to_string()).collect();
    let manifest = json!({
        "format": 1, "task": spec::TASK, "columns": columns,
        "output": {"value": "variable", "label": "label", "proba": null}, "labels": labels,
        "target": {"name": null, "unit": null}, "conformal": null, "seed": options.seed, "rows": rows.len(),
        "data_sha256": data_sha256, "algorithm": algorithm.name(), "library": {"altlas": env!("CARGO_PKG_VERSION")},
        "metric": {"name": METRIC, "lower_is_better": false}, "metrics": figures, "baselines": {},
        "warnings": warnings, "leaderboard": leaderboard,
        "training": {
            "hyperparams": hyperparams(algorithm, k), "inertia": clusters.inertia, "sizes": sizes,
            "judged_rows": members.len(),
        },
    });
    progress("evaluate", 1, 1);
    Ok(Trained {
        onnx: model.onnx(),
        document: document(fit.tabular),
        manifest,
        vectors,
        background,
        metric: METRIC.to_owned(),
        lower_is_better: false,
        score,
        baseline: f64::NAN,
    })
}

fn hyperparams(algorithm: &ClusterAlgorithm, k: usize) -> Value {
    match algorithm {
        ClusterAlgorithm::Kmeans(p) => json!({"k": k, "n_init": p.n_init, "max_iter": p.max_iter}),
        ClusterAlgorithm::Hierarchical(_) => json!({"k": k}),
    }
}

/// The hierarchy of some of the points, evenly spaced.
struct Joined {
    rows: Vec<usize>,
    tree: Tree,
}

impl Joined {
    fn new(points: Points<'_>, progress: &mut Progress<'_>) -> Self {
        let count = points.count();
        let some = count.min(JOINED_ROWS);
        let rows: Vec<usize> = (0..some).map(|n| n * count / some).collect();
        let values: Vec<f32> = rows.iter().flat_map(|&row| points.row(row)).copied().collect();
        let mut done = 0;
        let mut tick = || {
            done += 1;
            if done % 64 == 0 {
                progress("join", done, some as u64);
            }
        };
        Self { rows, tree: Tree::new(Points { values: &values, width: points.width }, &mut tick) }
    }

    /// The centres of so many clusters, and the nearest of them to each point.
    fn clusters(&self, points: Points<'_>, k: usize) -> Clusters {
        points.around(&points.centres(&self.rows, &self.tree.cut(k), k))
    }
}

/// Leaves texts with more categories than are encoded one by one out: means of a target cannot stand for them.
fn without_free_text(table: &Table, preprocess: &Preprocess) -> (Preprocess, Vec<String>) {
    let mut preprocess = preprocess.clone();
    let mut warnings = Vec::new();
    for (name, column) in table.names().iter().zip(table.columns()) {
        let Column::Text(_) = column else { continue };
        let mut seen = std::collections::HashSet::new();
        let many = (0..table.rows()).any(|row| {
            if let Some(Cell::Text(text)) = column.cell(row) {
                seen.insert(text);
            }
            seen.len() > preprocess.one_hot_max
        });
        if many && !preprocess.exclude.contains(name) {
            warnings.push(format!(
                "column \"{name}\" has more than {} categories and was left out",
                preprocess.one_hot_max
            ));
            preprocess.exclude.push(name.clone());
        }
    }
    (preprocess, warnings)
}

/// At most so many points with their clusters.
fn sample(points: Points<'_>, members: &[usize], most: usize, seed: u64) -> (Vec<f32>, Vec<usize>) {
    let mut rows: Vec<usize> = (0..points.count()).collect();
    if rows.len() > most {
        Rng::new(seed, 29).shuffle(&mut rows);
        rows.truncate(most);
    }
    let values = rows.iter().flat_map(|&row| points.row(row)).copied().collect();
    (values, rows.iter().filter_map(|&row| members.get(row)).copied().collect())
}

/// What tells the cluster of a row.
struct Centres {
    standard: Standard,
    centres: Vec<f64>,
}

impl Centres {
    /// The number of the nearest centre.
    fn nearest(&self, row: &[f32]) -> usize {
        let width = self.standard.mean.len();
        let mut z = vec![0.0; width];
        self.standard.row(row, &mut z);
        let distance = |centre: &[f64]| dot(centre, centre) - 2.0 * dot(centre, &z);
        let less = |best: (usize, f64), next: (usize, f64)| if next.1 < best.1 { next } else { best };
        (0..).zip(self.centres.chunks_exact(width).map(distance)).fold((0, f64::INFINITY), less).0
    }

    /// Evenly spaced rows with their clusters.
    fn vectors(
        &self,
        source: &Source<'_>,
        tabular: &altlas_prep::Tabular,
        rows: &[usize],
    ) -> Result<Vec<TestVector>, LearnError> {
        let count = rows.len().min(VECTORS);
        let rows: Vec<usize> = (0..count).filter_map(|i| rows.get(i * rows.len() / count)).copied().collect();
        let matrix: Matrix = source.apply(tabular, &rows)?;
        let names: Vec<String> = tabular.columns().iter().map(|c| c.name.clone()).collect();
        let vector = |(n, row): (usize, &usize)| TestVector {
            input: manifest::row_json(source.table, &names, *row),
            output: vec![self.nearest(matrix.row(n)) as f64],
        };
        Ok(rows.iter().enumerate().map(vector).collect())
    }

    fn onnx(&self) -> Vec<u8> {
        let mut dense = Dense::scaled("kmeans", &self.standard);
        dense.distances(&self.centres, self.standard.mean.len());
        dense.nearest("distances")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(value: &Value) -> Vec<f64> {
        match value {
            Value::Array(values) => values.iter().flat_map(numbers).collect(),
            other => vec![other.as_f64().unwrap()],
        }
    }

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
