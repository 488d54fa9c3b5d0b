//! Text classification: n-grams, and vectors by an encoder, through logistic regression, calibrated, with rejection.
//!
//! Rows are split into a training and a test part. Everything is learned of the training part: the n-grams, the strength of the
//! fit, temperature and threshold (from the rows that cross-validation leaves out). The figures come from the test part.

mod choose;
mod corpus;
mod features;
mod judge;
mod softmax;
mod spec;
mod vectors;

use std::time::{Duration, Instant};

use altlas_onnx::write::{TextBagClassifier, text_bag_classifier};
use altlas_prep::{Document, Embedding, PrepError, Table, TextFeatures};
use serde_json::{Value, json};

use self::choose::{Choice, Trial};
use self::corpus::{Corpus, Parts};
use self::features::{Row, Rows, Vocabulary};
use self::judge::{Answer, figures, majority, probabilities};
use self::softmax::{Fit, Problem};
use self::spec::MOST_ENCODED;
use self::vectors::Scaling;
use crate::choose::Progress;
use crate::metrics::Figures;
use crate::train::{TestVector, Trained, evenly};
use crate::{LearnError, manifest};

pub use spec::{
    ClassWeights, NamedWeights, NgramParams, TextAlgorithm, TextOptions, TextSpec, TextValidation,
};
pub use vectors::Vectors;

/// Gives the vectors of texts by an encoder; calls the last argument with the number of texts that are done.
pub type Embed<'a> =
    dyn FnMut(&Embedding, &[&str], &mut dyn FnMut(usize)) -> Result<Vectors, LearnError> + 'a;

/// The most rows that cross-validation runs on, and the most of its scores.
const TRIED_ROWS: usize = 50_000;
const TRIED_SCORES: usize = 1 << 26;
/// The most test vectors, and the longest text of one in bytes.
const VECTORS: usize = 32;
const VECTOR_BYTES: usize = 4096;
/// The figure it is judged by.
const METRIC: &str = "accuracy";

/// Trains a text classifier. `embed` is called where the specification names an encoder; `progress` is called with a phase, what is
/// done of it and all of it; it may end the program.
pub fn train_texts(
    spec: &TextSpec,
    table: Table,
    embed: &mut Embed<'_>,
    progress: &mut Progress<'_>,
) -> Result<Trained, LearnError> {
    let started = Instant::now();
    let options = &spec.options;
    progress("prepare", 0, 1);
    let data_sha256 = manifest::data_sha256(&table);
    let mut corpus = Corpus::new(table, spec)?;
    let mut warnings = std::mem::take(&mut corpus.warnings);
    let parts = corpus.split(options.validation.fraction, options.seed);
    let every = corpus.texts.iter().map(String::as_str).collect::<Vec<_>>();
    let (outputs, texts) = (corpus.outputs(), every.len() as u64);
    let (encoder, ngrams) = spec.features(every.len());
    if encoder.is_none() && spec.encoder.is_some() && spec.algorithm == TextAlgorithm::Auto {
        warnings.push(format!("more than {MOST_ENCODED} rows: n-grams alone, without the encoder"));
    }
    let vectors = match encoder {
        Some(encoder) => {
            let mut tick = |done: usize| progress("encode", done as u64, texts);
            Some(vectors_of(embed(encoder, &every, &mut tick)?, every.len())?)
        }
        None => None,
    };
    let mut tick = |done: usize| progress("prepare", done as u64, texts);
    let train_texts: Vec<&str> = parts.train.iter().filter_map(|&row| every.get(row)).copied().collect();
    let mut vocabulary = match ngrams {
        true => Vocabulary::new(&options.hyperparams, &train_texts, outputs, &mut tick)?,
        false => Vocabulary::empty(),
    };
    if let Some(vectors) = &vectors {
        vocabulary = vocabulary.with_vectors(Scaling::new(vectors, &parts.train)?);
    }
    let rows = vocabulary.rows(&every, vectors, &mut tick)?;
    let algorithm = match (encoder, ngrams) {
        (None, _) => "ngrams",
        (Some(_), true) => "encoder_ngrams",
        (Some(_), false) => "encoder",
    };
    let class_weights = corpus.weights(options.class_weights.as_ref(), &parts.train)?;
    let problem = Problem {
        rows: &rows,
        width: vocabulary.width(),
        class: &corpus.class,
        outputs,
        weights: &class_weights,
        seed: options.seed,
        max_iter: options.hyperparams.max_iter,
    };
    let tried = corpus.sample(&parts.train, TRIED_ROWS.min(TRIED_SCORES / outputs), options.seed);
    if tried.len() < parts.train.len() {
        let (some, all) = (tried.len(), parts.train.len());
        warnings.push(format!("cross-validation ran on {some} of {all} training rows"));
    }
    let trial = Trial {
        problem,
        rows: &tried,
        fold: &corpus.folds(&tried, options.validation.folds, options.seed),
        folds: options.validation.folds,
        threads: threads_within(spec, &problem, &vocabulary, tried.len(), parts.train.len())?,
        algorithm,
        deadline: options.budget_s.map(|s| started + Duration::from_secs_f64(s)),
    };
    let choice = trial.choose(&spec.strengths(), progress)?;
    warnings.extend(choice.warnings.iter().cloned());
    if choice.leaderboard.len() > 1 && choice.leaderboard.len() == spec.strengths().len() {
        let last = spec.strengths().last().copied();
        if last == Some(choice.c) {
            warnings.push("the largest strength was the best: a larger one may be better".to_owned());
        }
    }
    let answers = corpus.answers();
    let threshold = judge::threshold(&left_out(&choice, answers), answers, options.max_withheld);
    let mut fit = |rows: &[usize], phase: &str| {
        let (passes, total) = (std::cell::Cell::new(0), u64::from(problem.max_iter));
        let fit = problem.fit(rows, choice.c, &|| passes.set(passes.get() + 1));
        progress(phase, total.min(passes.get()), total);
        fit
    };
    let mut model = Model::new(fit(&parts.train, "fit")?, &vocabulary, choice.temperature, answers);
    let passes = model.fit.passes;
    if !model.fit.converged {
        warnings.push(format!("logistic regression did not converge in {} passes", problem.max_iter));
    }
    let report = Report::new(&model, &rows, &corpus, &parts, threshold);
    if options.validation.refit {
        let all: Vec<usize> = (0..corpus.texts.len()).collect();
        model = Model::new(fit(&all, "fit again")?, &vocabulary, choice.temperature, answers);
    }
    progress("evaluate", 0, 1);
    let vectors = model.vectors(&rows, &corpus, &parts);
    let onnx = model.onnx(outputs, corpus.none)?;
    let score = report.figures.get(METRIC).copied().unwrap_or(f64::NAN);
    let baseline = report.baseline.get(METRIC).copied().unwrap_or(f64::NAN);
    let manifest = write_manifest(
        spec,
        algorithm,
        &corpus,
        &parts,
        &vocabulary,
        &choice,
        report,
        threshold,
        passes,
        warnings,
        data_sha256,
    );
    progress("evaluate", 1, 1);
    Ok(Trained {
        onnx,
        document: document(vocabulary, encoder)?,
        manifest,
        vectors,
        background: Vec::new(),
        metric: METRIC.to_owned(),
        lower_is_better: false,
        score,
        baseline,
    })
}

/// Refuses vectors that are not one for each text, or not finite.
fn vectors_of(vectors: Vectors, texts: usize) -> Result<Vectors, LearnError> {
    if vectors.width == 0 || vectors.values.len() != vectors.width.saturating_mul(texts) {
        return Err(LearnError::Encoder("it did not give one vector for each text".to_owned()));
    }
    match vectors.values.iter().all(|v| v.is_finite()) {
        true => Ok(vectors),
        false => Err(LearnError::NotFinite("the encoder")),
    }
}

/// The document that makes the graph's inputs.
fn document(vocabulary: Vocabulary, encoder: Option<&Embedding>) -> Result<Document, PrepError> {
    match (vocabulary.document, encoder) {
        (ngrams, Some(embedding)) => {
            Ok(Document::Features(TextFeatures { ngrams, embedding: embedding.clone() }))
        }
        (Some(ngrams), None) => Ok(Document::Text(ngrams)),
        (None, None) => Err(PrepError::Syntax("there are no features".to_owned())),
    }
}

/// Threads whose working memory fits; an error where that of one does not.
fn threads_within(
    spec: &TextSpec,
    problem: &Problem<'_>,
    vocabulary: &Vocabulary,
    tried: usize,
    train: usize,
) -> Result<usize, LearnError> {
    let wanted = (spec.threads as usize).min(spec.options.validation.folds);
    let numbers = |count: usize| count.saturating_mul(problem.outputs).saturating_mul(4) as u64;
    let table = numbers(vocabulary.size());
    // Features of rows; of each fit the weights and distributions; scores of two strengths; the graph's table three times.
    let fixed = problem.rows.bytes() + numbers(2 * tried);
    let trial = numbers(problem.width + tried);
    let last = numbers(problem.width + train) + 3 * table;
    let needed = |threads: usize| fixed + last.max(threads as u64 * trial);
    if spec.memory_bytes == 0 {
        return Ok(wanted);
    }
    // The rest is for the texts, the program and its libraries.
    let room = spec.memory_bytes / 10 * 7;
    let fitting = (1..=wanted).rev().find(|threads| needed(*threads) <= room);
    fitting.ok_or(LearnError::NeedsMemory { needed: needed(1), limit: room })
}

/// The answers that cross-validation gave for the rows it left out.
fn left_out(choice: &Choice, answers: usize) -> Vec<Answer> {
    let scaled =
        |row: &[f32]| -> Vec<f64> { row.iter().map(|s| f64::from(*s) / choice.temperature).collect() };
    let answer = |(row, class): (&[f32], u32)| Answer::new(&probabilities(&scaled(row), answers), class);
    choice.scores.iter().map(answer).collect()
}

/// A fitted model, its scores divided by the temperature.
struct Model<'a> {
    fit: Fit,
    vocabulary: &'a Vocabulary,
    answers: usize,
}

impl<'a> Model<'a> {
    fn new(mut fit: Fit, vocabulary: &'a Vocabulary, temperature: f64, answers: usize) -> Self {
        fit.weights.iter_mut().for_each(|w| *w = (f64::from(*w) / temperature) as f32);
        Self { fit, vocabulary, answers }
    }

    /// Probabilities of the labels, in double precision.
    fn proba(&self, row: Row<'_>) -> Vec<f64> {
        let mut scores = vec![0.0; self.fit.outputs];
        for (feature, value) in row.terms() {
            let line = self.fit.weights.chunks_exact(self.fit.outputs).nth(feature).unwrap_or_default();
            scores.iter_mut().zip(line).for_each(|(s, w)| *s += f64::from(value) * f64::from(*w));
        }
        probabilities(&scores, self.answers)
    }

    /// Evenly spaced rows of the test part with the model's own probabilities.
    fn vectors(&self, rows: &Rows, corpus: &Corpus, parts: &Parts) -> Vec<TestVector> {
        let short = |row: &&usize| corpus.texts.get(**row).is_some_and(|text| text.len() <= VECTOR_BYTES);
        let usable: Vec<usize> = parts.test.iter().filter(short).copied().collect();
        let vector = |row: usize| TestVector {
            input: json!(corpus.texts.get(row)),
            output: self.proba(rows.row(row)),
        };
        evenly(&usable, VECTORS).into_iter().map(vector).collect()
    }

    fn onnx(&self, classes: usize, none: bool) -> Result<Vec<u8>, LearnError> {
        let buckets = self.vocabulary.size();
        let [weights, vector_weights, bias] = self.vocabulary.tables(&self.fit.weights, classes);
        let spec = TextBagClassifier {
            buckets,
            width: vector_weights.len() / classes.max(1),
            classes,
            weights: &weights,
            vector_weights: &vector_weights,
            bias: &bias,
            none,
            metadata: &[],
        };
        Ok(text_bag_classifier(&spec)?)
    }
}

/// Figures on the test part.
struct Report {
    figures: Figures,
    baseline: Figures,
    by_label: Value,
}

impl Report {
    fn new(model: &Model<'_>, rows: &Rows, corpus: &Corpus, parts: &Parts, threshold: f64) -> Self {
        let class = |rows: &[usize]| -> Vec<u32> {
            rows.iter().filter_map(|&row| corpus.class.get(row)).copied().collect()
        };
        let (train, test) = (class(&parts.train), class(&parts.test));
        let proba: Vec<Vec<f64>> = parts.test.iter().map(|&row| model.proba(rows.row(row))).collect();
        let (figures, by_label) = figures(&test, &proba, &corpus.labels, threshold);
        Self { figures, baseline: majority(&train, &test, corpus.answers()), by_label }
    }
}

#[allow(clippy::too_many_arguments)] // One call, of everything there is to tell.
fn write_manifest(
    spec: &TextSpec,
    algorithm: &str,
    corpus: &Corpus,
    parts: &Parts,
    vocabulary: &Vocabulary,
    choice: &Choice,
    report: Report,
    threshold: f64,
    passes: u32,
    warnings: Vec<String>,
    data_sha256: String,
) -> Value {
    let options = &spec.options;
    json!({
        "format": 1, "task": spec::TASK, "columns": [corpus.column],
        "output": {"value": null, "label": "label", "proba": "probabilities"},
        "labels": corpus.labels, "target": {"name": spec.target, "unit": null}, "conformal": null,
        "rejection": {"threshold": threshold, "out_of_scope": options.out_of_scope},
        "seed": options.seed, "rows": corpus.texts.len(), "data_sha256": data_sha256,
        "metric": {"name": METRIC, "lower_is_better": false},
        "algorithm": algorithm, "library": {"altlas": env!("CARGO_PKG_VERSION")},
        "metrics": report.figures, "baselines": {"majority": report.baseline},
        "by_label": report.by_label, "warnings": warnings, "leaderboard": choice.leaderboard,
        "training": {
            "hyperparams": {"c": choice.c, "buckets": vocabulary.document.as_ref().map(|d| d.buckets())},
            "temperature": choice.temperature, "passes": passes,
            "split": {
                "kind": "stratified", "train": parts.train.len(), "test": parts.test.len(),
                "folds": options.validation.folds, "refit": options.validation.refit,
            },
        },
    })
}
