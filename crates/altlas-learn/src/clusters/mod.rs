//! Clusters of rows: k-means, or a mixture of normal distributions, on standardised features. There is no target, and so no test part: the figures say how far apart
//! the clusters are, not how right.

mod kmeans;
mod mixture;
mod quality;
mod spec;
mod ward;

use std::time::Instant;

use altlas_prep::{Cell, Column, Matrix, Table};
use serde_json::{Value, json};

use self::kmeans::{Clusters, Points};
use self::mixture::Mixture;
use self::ward::Tree;
use crate::choose::Progress;
use crate::features::{Source, document};
use crate::graph::Dense;
use crate::linear::{Standard, dot};
use crate::rng::Rng;
use crate::target::Target;
use crate::train::{TestVector, Trained, background, evenly, names};
use crate::{LearnError, Preprocess, manifest};

pub use spec::{ClusterAlgorithm, ClusterOptions, ClusterSpec, KmeansParams};

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
/// Features that a mixture can have, and numbers in its matrices.
const MAX_MIXED_WIDTH: usize = 200;
const MAX_MIXED: usize = 1 << 20;
/// The figure it is judged by.
const METRIC: &str = "silhouette";

/// Finds clusters. `progress` is called with a phase, what is done of it and all of it; it may end the program.
pub fn train_clusters(
    spec: &ClusterSpec,
    table: Table,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    let options = &spec.options;
    let params = &options.hyperparams;
    progress("prepare", 0, 1);
    let needed = ROWS_PER_CLUSTER * params.k.map_or(*TRIED.end(), |k| k as usize);
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
    let target =
        Target { values: vec![0.0; rows.len()], labels: Vec::new(), unit: None, log: false, offset: None };
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
    let mixed = spec.algorithm == ClusterAlgorithm::Mixture;
    let most = params.k.map_or(*TRIED.end(), |k| k as usize);
    if mixed && (points.width > MAX_MIXED_WIDTH || most * points.width * points.width > MAX_MIXED) {
        return Err(LearnError::TooLarge { rows: rows.len(), features: points.width });
    }
    let joined = (spec.algorithm == ClusterAlgorithm::Hierarchical).then(|| Joined::new(points, progress));
    if joined.is_some() && rows.len() > JOINED_ROWS {
        let all = rows.len();
        warnings.push(format!("the hierarchy is of {JOINED_ROWS} of {all} rows, evenly spaced"));
    }
    let mut best: Option<(f64, usize, Clusters, Finder)> = None;
    let tried = params.k.map_or(TRIED, |k| k as usize..=k as usize);
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
        let mut rng = Rng::new(options.seed, 30 + k as u64);
        let found = match &joined {
            Some(joined) => joined.clusters(points, k),
            None => points.kmeans(k, params.n_init, params.max_iter, &mut rng, &mut tick),
        };
        // What is to be less: the silhouette counts upwards.
        let (score, sign, metric, clusters, finder) = if mixed {
            let (mixture, clusters) = mix(points, found, k, params.max_iter, &mut tick)?;
            (mixture.bic(points.count()), 1.0, "bic", clusters, Finder::Mixture(mixture))
        } else {
            let (some, members) = sample(points, &found.members, TRIED_ROWS, options.seed);
            let some = Points { values: &some, width: points.width };
            let centres = found.centres.clone();
            (quality::silhouette(some, &members, k, &mut tick), -1.0, METRIC, found, Finder::Centres(centres))
        };
        leaderboard.push(json!({
            "algorithm": spec.algorithm.name(), "hyperparams": hyperparams(spec.algorithm, params, k), "metric": metric,
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
    progress("evaluate", 0, 1);
    let (some, members) = sample(points, &clusters.members, JUDGED_ROWS, options.seed);
    let judged = Points { values: &some, width: points.width };
    let figures = quality::quality(judged, &members, k, &mut || progress("evaluate", 0, 1));
    let score = figures.get(METRIC).copied().unwrap_or(f64::NAN);
    let mut sizes = vec![0_usize; k];
    clusters.members.iter().filter_map(|&m| sizes.get_mut(m).map(|size| *size += 1)).for_each(drop);
    let model = Model { standard, finder };
    let vectors = model.vectors(&source, &fit.tabular, &rows)?;
    let background = background(&table, &fit.tabular, &rows);
    let columns: Vec<&str> = fit.tabular.columns().iter().map(|c| c.name.as_str()).collect();
    let labels: Vec<String> = (0..k).map(|n| n.to_string()).collect();
    let manifest = json!({
        "format": 1, "task": spec::TASK, "columns": columns,
        "output": {"value": "variable", "label": "label", "proba": null}, "labels": labels,
        "target": {"name": null, "unit": null}, "conformal": null, "seed": options.seed, "rows": rows.len(),
        "data_sha256": data_sha256, "algorithm": spec.algorithm.name(), "library": {"altlas": env!("CARGO_PKG_VERSION")},
        "metric": {"name": METRIC, "lower_is_better": false}, "metrics": figures, "baselines": {},
        "warnings": warnings, "leaderboard": leaderboard,
        "training": {
            "hyperparams": hyperparams(spec.algorithm, params, k), "inertia": clusters.inertia, "sizes": sizes,
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

fn hyperparams(algorithm: ClusterAlgorithm, params: &KmeansParams, k: usize) -> Value {
    match algorithm {
        ClusterAlgorithm::Hierarchical => json!({"k": k}),
        _ => json!({"k": k, "n_init": params.n_init, "max_iter": params.max_iter}),
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

/// A mixture that starts from clusters, its components in the order of their rows, and these.
fn mix(
    points: Points<'_>,
    found: Clusters,
    k: usize,
    max_iter: u32,
    tick: &mut dyn FnMut(),
) -> Result<(Mixture, Clusters), LearnError> {
    let mixture = Mixture::new(points, &found.members, k, max_iter, tick)?;
    let member = |row: usize| {
        let x: Vec<f64> = points.row(row).iter().map(|x| f64::from(*x)).collect();
        mixture.likeliest(&x)
    };
    let members = (0..points.count()).map(member).collect();
    let (clusters, order) = Clusters { members, ..found }.by_size(points.width);
    Ok((mixture.ordered(&order), clusters))
}

/// What tells the cluster of a row.
struct Model {
    standard: Standard,
    finder: Finder,
}

enum Finder {
    /// The nearest of these.
    Centres(Vec<f64>),
    /// The likeliest component.
    Mixture(Mixture),
}

impl Model {
    /// The number of a row's cluster.
    fn number(&self, row: &[f32]) -> usize {
        let width = self.standard.mean.len();
        let mut z = vec![0.0; width];
        self.standard.row(row, &mut z);
        let centres = match &self.finder {
            Finder::Mixture(mixture) => return mixture.likeliest(&z),
            Finder::Centres(centres) => centres,
        };
        let distance = |centre: &[f64]| dot(centre, centre) - 2.0 * dot(centre, &z);
        let less = |best: (usize, f64), next: (usize, f64)| if next.1 < best.1 { next } else { best };
        (0..).zip(centres.chunks_exact(width).map(distance)).fold((0, f64::INFINITY), less).0
    }

    /// Evenly spaced rows with their clusters.
    fn vectors(
        &self,
        source: &Source<'_>,
        tabular: &altlas_prep::Tabular,
        rows: &[usize],
    ) -> Result<Vec<TestVector>, LearnError> {
        let rows = evenly(rows, VECTORS);
        let matrix: Matrix = source.apply(tabular, &rows)?;
        let names = names(tabular);
        let vector = |(n, row): (usize, &usize)| TestVector {
            input: manifest::row_json(source.table, &names, *row),
            output: vec![self.number(matrix.row(n)) as f64],
        };
        Ok(rows.iter().enumerate().map(vector).collect())
    }

    fn onnx(&self) -> Vec<u8> {
        let width = self.standard.mean.len();
        let mixture = match &self.finder {
            Finder::Centres(centres) => {
                let mut dense = Dense::scaled("kmeans", &self.standard);
                dense.distances(centres, width);
                return dense.nearest("distances");
            }
            Finder::Mixture(mixture) => mixture,
        };
        let mut dense = Dense::scaled("mixture", &self.standard);
        dense.constant("halves", &[width, 1], &vec![0.5; width]);
        let mut names = Vec::new();
        for (n, component) in mixture.components.iter().enumerate() {
            let (white, squares, energy) =
                (format!("white_{n}"), format!("squares_{n}"), format!("energy_{n}"));
            let shift: Vec<f64> = component.shift.iter().map(|s| -s).collect();
            dense.layer("z", &component.whiten, &shift, &white);
            dense.op("Mul", &[&white, &white], &squares);
            dense.op("MatMul", &[&squares, "halves"], &energy);
            names.push(energy);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        dense.op_with("Concat", &names, &["energies"], &[("axis", 1)]);
        let constants: Vec<f64> = mixture.components.iter().map(|c| c.constant).collect();
        dense.constant("constants", &[1, constants.len()], &constants);
        dense.op("Sub", &["energies", "constants"], "unlikeliness");
        dense.nearest("unlikeliness")
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
