//! What is learned of rows alone, without a target: the rows as features, and the manifest of what was found in them.

pub(crate) mod spec;

use std::collections::HashSet;
use std::time::Instant;

use altlas_prep::{Cell, Column, Table};
use serde_json::{Value, json};

use crate::features::{FitFeatures, Source, document};
use crate::metrics::Figures;
use crate::target::Target;
use crate::train::{TestVector, Trained, VECTORS, background, evenly, names};
use crate::{LearnError, Preprocess, manifest};

pub use spec::UntargetedOptions;

/// Rows to learn from.
pub(crate) struct Rows {
    pub(crate) table: Table,
    target: Target,
    preprocess: Preprocess,
    seed: u64,
    /// The rows that are learned from.
    pub(crate) learned: Vec<usize>,
    data_sha256: String,
    warnings: Vec<String>,
    excluded: String,
    started: Instant,
}

/// What was found.
pub(crate) struct Found<'a> {
    pub(crate) task: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) onnx: Vec<u8>,
    /// Names of the graph's outputs.
    pub(crate) output: Value,
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) metric: &'static str,
    pub(crate) figures: Figures,
    pub(crate) baseline: f64,
    /// The candidates; where none are told, the model is the only one.
    pub(crate) leaderboard: Vec<Value>,
    pub(crate) training: Value,
    pub(crate) warnings: Vec<String>,
    /// What the model says of a row of features.
    pub(crate) answer: &'a dyn Fn(&[f32]) -> Vec<f64>,
}

impl Rows {
    /// Takes all rows of a table. A text with more categories than are encoded one by one is left out: means of a target cannot
    /// stand for them.
    pub(crate) fn new(table: Table, options: &UntargetedOptions, needed: usize) -> Result<Self, LearnError> {
        let started = Instant::now();
        if table.rows() < needed {
            return Err(LearnError::TooFewRows { found: table.rows(), needed });
        }
        let mut preprocess = options.preprocess.clone();
        preprocess.check(&table)?;
        let warnings = without_free_text(&table, &mut preprocess);
        let learned: Vec<usize> = (0..table.rows()).collect();
        // There is no target; nothing that is left encodes one.
        let target = Target {
            values: vec![0.0; learned.len()],
            labels: Vec::new(),
            unit: None,
            log: false,
            offset: None,
        };
        let data_sha256 = manifest::data_sha256(&table);
        let (seed, excluded) = (options.seed, String::new());
        Ok(Self { table, target, preprocess, seed, learned, data_sha256, warnings, excluded, started })
    }

    /// The same without a column, which is no feature.
    pub(crate) fn without(self, column: &str) -> Self {
        Self { excluded: column.to_owned(), ..self }
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            table: &self.table,
            target_name: &self.excluded,
            target: &self.target,
            time_column: None,
            group_column: None,
            preprocess: &self.preprocess,
            seed: self.seed,
            inner: &self.learned,
        }
    }

    /// The features of the rows that are learned from, and the document that makes them.
    pub(crate) fn fit(&self) -> Result<FitFeatures, LearnError> {
        self.source().fit(&self.learned)
    }

    /// Test vectors, manifest, and the rest of what a training gives.
    pub(crate) fn finish(self, fit: FitFeatures, found: Found<'_>) -> Result<Trained, LearnError> {
        let tabular = fit.tabular;
        let names = names(&tabular);
        let score = found.figures.get(found.metric).copied();
        let score = score.ok_or(LearnError::NotFinite("the figure it is judged by"))?;
        let some = evenly(&self.learned, VECTORS);
        let matrix = self.source().apply(&tabular, &some)?;
        let vector = |(n, row): (usize, &usize)| TestVector {
            input: manifest::row_json(&self.table, &names, *row),
            output: (found.answer)(matrix.row(n)),
        };
        let vectors = some.iter().enumerate().map(vector).collect();
        let mut leaderboard = found.leaderboard;
        if leaderboard.is_empty() {
            leaderboard.push(json!({
                "algorithm": found.algorithm, "hyperparams": found.training.get("hyperparams"), "metric": found.metric,
                "lower_is_better": false, "score": score,
                "seconds": (self.started.elapsed().as_secs_f64() * 1e3).round() / 1e3,
            }));
        }
        let warnings: Vec<String> = [self.warnings, fit.warnings, found.warnings].concat();
        let manifest = json!({
            "format": 1, "task": found.task, "columns": names, "output": found.output, "labels": found.labels,
            "target": {"name": null, "unit": null}, "conformal": null, "seed": self.seed, "rows": self.table.rows(),
            "data_sha256": self.data_sha256, "algorithm": found.algorithm, "library": {"altlas": env!("CARGO_PKG_VERSION")},
            "metric": {"name": found.metric, "lower_is_better": false}, "metrics": found.figures, "baselines": {},
            "warnings": warnings, "leaderboard": leaderboard, "training": found.training,
        });
        Ok(Trained {
            onnx: found.onnx,
            background: background(&self.table, &tabular, &self.learned),
            document: document(tabular),
            manifest,
            vectors,
            metric: found.metric.to_owned(),
            lower_is_better: false,
            score,
            baseline: found.baseline,
        })
    }
}

/// Leaves texts with more categories than are encoded one by one out; says which.
fn without_free_text(table: &Table, preprocess: &mut Preprocess) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, column) in table.names().iter().zip(table.columns()) {
        let Column::Text(_) = column else { continue };
        let mut seen = HashSet::new();
        let many = (0..table.rows()).any(|row| {
            if let Some(Cell::Text(text)) = column.cell(row) {
                seen.insert(text);
            }
            seen.len() > preprocess.one_hot_max
        });
        if many && !preprocess.exclude.contains(name) {
            let most = preprocess.one_hot_max;
            warnings.push(format!("column \"{name}\" has more than {most} categories and was left out"));
            preprocess.exclude.push(name.clone());
        }
    }
    warnings
}
