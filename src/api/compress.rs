//! `quantize`, `distill`: smaller models, measured against those they were made of.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::{Value, json};

use super::registry::check_graph;
use crate::comparison::{self, Compared, Quality};
use crate::convert::ArrowStream;
use crate::error::{Error, Result, required, sql};
use crate::scoring::Version;
use crate::store::model::{self, NewVersion};
use crate::store::{artefact, read, source};
use crate::training::taught::{TARGET, Taught};
use crate::training::{self, Order};

/// How much worse the smaller version may be, where nothing is said: a hundredth.
const MAX_LOSS: f64 = 0.01;

/// A row of both.
type Row = (&'static str, String, i64, Option<i64>, f64, f64, f64, Option<f64>, Option<f64>, Option<f64>);

/// Makes a version of a model with its matrices in eight bits, and says what that changed. Refused where the answers become worse
/// than the option `max_loss` allows.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn quantize(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(stage, &'static str),
            name!(model_version, String),
            name!(size_bytes, i64),
            name!(memory_bytes, Option<i64>),
            name!(latency_p50_ms, f64),
            name!(latency_p99_ms, f64),
            name!(rows_per_second, f64),
            name!(accuracy, Option<f64>),
            name!(macro_f1, Option<f64>),
            name!(mae, Option<f64>),
        ),
    >,
> {
    artefact::must_be_writable("quantise a model")?;
    let name = required(model, "model")?;
    let (source, target) = (required(source, "source")?, required(target, "target")?);
    let mut options = options.map_or_else(|| json!({}), |o| o.0);
    let max_loss = max_loss(&mut options)?;
    let into = text(&mut options, "name")?;
    let options = comparison::Options::parse(&options)?;
    let before = model::resolve(name)?;
    let after = smaller(&before, into.as_deref(), max_loss)?;
    Ok(TableIterator::new(report([before.label, after], source, target, &options, max_loss)?))
}

/// Trains a smaller model on what a larger one says of a source's rows, and compares both on labelled rows. Refused where the
/// answers become worse than the option `max_loss` allows.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn distill(
    teacher: Option<&str>,
    source: Option<&str>,
    project: Option<&str>,
    test_source: Option<&str>,
    target: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(stage, &'static str),
            name!(model_version, String),
            name!(size_bytes, i64),
            name!(memory_bytes, Option<i64>),
            name!(latency_p50_ms, f64),
            name!(latency_p99_ms, f64),
            name!(rows_per_second, f64),
            name!(accuracy, Option<f64>),
            name!(macro_f1, Option<f64>),
            name!(mae, Option<f64>),
        ),
    >,
> {
    artefact::must_be_writable("distil a model")?;
    let teacher = model::resolve(required(teacher, "teacher")?)?;
    let (source, project) = (required(source, "source")?, required(project, "project")?);
    let (test_source, target) = (required(test_source, "test_source")?, required(target, "target")?);
    let mut options = options.map_or_else(|| json!({}), |o| o.0);
    let max_loss = max_loss(&mut options)?;
    let (algorithm, training) = (text(&mut options, "algorithm")?, take(&mut options, "training"));
    let options = comparison::Options::parse(&options)?;
    let task = match teacher.manifest.task() {
        task @ ("regression" | "classification" | "text_classification") => task.to_owned(),
        _ => {
            return Err(Error::WrongKindOfModel {
                model: teacher.label.clone(),
                problem: "says neither classes nor numbers by its manifest".into(),
                hint: "Give it a \"task\": regression, classification or text_classification.".into(),
            }
            .into());
        }
    };
    let order = Order::new(project, &task, source, TARGET, algorithm.as_deref(), training)?;
    let feed = |send: &mut dyn FnMut(&[u8]) -> Result<()>| {
        let mut stream = ArrowStream::new(send);
        let mut taught = Taught::new(&teacher, &mut stream);
        source::read(source, None, &mut taught)?;
        taught.flush()?;
        let rows = taught.rows;
        stream.finish()?;
        Ok(rows)
    };
    let student = training::run_now(&order, feed)?;
    let names = [teacher.label, format!("{}/{}", student.project, student.version)];
    Ok(TableIterator::new(report(names, test_source, target, &options, max_loss)?))
}

/// Compares what was with what is now, in this order; an error where too much was lost.
fn report(
    names: [String; 2],
    source: &str,
    target: &str,
    options: &comparison::Options,
    max_loss: f64,
) -> Result<Vec<Row>> {
    // What was registered just now is seen by a snapshot of now only.
    let found = read::latest(|| comparison::compare(&names, source, target, options))?;
    let of = |label: &String| found.models.iter().find(|m| m.version == *label);
    let [Some(before), Some(after)] = names.each_ref().map(of) else {
        return Err(Error::Internal { message: "a version was not compared".into() });
    };
    bound(before, after, max_loss)?;
    Ok(vec![row("before", before), row("after", after)])
}

/// Registers the quantised graph as a version; returns its label.
fn smaller(before: &Version, into: Option<&str>, max_loss: f64) -> Result<String> {
    let refused = |problem: &str, hint: &str| Error::WrongKindOfModel {
        model: before.label.clone(),
        problem: problem.into(),
        hint: hint.into(),
    };
    let name = match into {
        Some(name) => name,
        None if before.builtin => {
            return Err(refused(
                "is built in",
                "Say under which name the smaller one is kept: {\"name\": \"…\"}.",
            ));
        }
        None => before.label.rsplit_once('/').map_or(before.label.as_str(), |(name, _)| name),
    };
    model::check_name(name, "name")?;
    if before.is_compiled()? {
        return Err(refused(
            "is evaluated in the session, where eight bits would save nothing",
            "Quantise networks; linear models and trees are compiled.",
        ));
    }
    let graph = before.graph()?;
    let quantized =
        altlas_onnx::quantize(&graph).map_err(|e| refused(&format!("cannot be read: {e}"), ""))?;
    let Some(quantized) = quantized else {
        return Err(refused(
            "has no matrix to quantise",
            "That takes constants of at least 4,096 32-bit floats that MatMul, Gemm or Gather use.",
        ));
    };
    check_graph(&quantized.bytes)?;
    let sha256 = artefact::store(&quantized.bytes)?;
    let (preprocess, mut manifest) = model::documents(&before.label)?;
    if let Value::Object(manifest) = &mut manifest {
        let made =
            json!({ "from": before.label, "bits": 8, "matrices": quantized.matrices, "max_loss": max_loss });
        manifest.insert("quantized".into(), made);
    }
    let task = before.manifest.task();
    let new = NewVersion {
        name,
        task,
        sha256: &sha256,
        preprocess,
        manifest,
        vectors: &[],
        background: &[],
        run_id: None,
    };
    Ok(format!("{name}/{}", model::add_version(&new)?.0))
}

/// Refuses what lost more than it may: accuracy by points, mean absolute error by shares.
fn bound(before: &Compared, after: &Compared, max_loss: f64) -> Result<()> {
    let (figure, was, is, lost) = match (before.quality, after.quality) {
        (Quality::Labels(a), Quality::Labels(b)) => {
            ("accuracy", a.accuracy, b.accuracy, a.accuracy - b.accuracy)
        }
        (Quality::Numbers(a), Quality::Numbers(b)) => {
            ("mean absolute error", a.mae, b.mae, (b.mae - a.mae) / a.mae.max(f64::MIN_POSITIVE))
        }
        _ => return Err(Error::Internal { message: "the smaller version answers in another way".into() }),
    };
    // Rounding in sums of errors is no loss.
    if lost <= max_loss + 1e-12 {
        return Ok(());
    }
    Err(Error::QualityLost {
        model: before.version.clone(),
        figure: figure.into(),
        before: format!("{was:.4}"),
        after: format!("{is:.4}"),
        bound: max_loss,
    })
}

fn max_loss(options: &mut Value) -> Result<f64> {
    let Some(given) = take(options, "max_loss") else { return Ok(MAX_LOSS) };
    given
        .as_f64()
        .filter(|loss| (0.0..=1.0).contains(loss))
        .ok_or_else(|| wrong("max_loss", "a number from 0 to 1", &given))
}

fn text(options: &mut Value, key: &str) -> Result<Option<String>> {
    let Some(given) = take(options, key) else { return Ok(None) };
    given.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| wrong(key, "a text", &given))
}

fn take(options: &mut Value, key: &str) -> Option<Value> {
    options.as_object_mut()?.remove(key).filter(|value| !value.is_null())
}

fn wrong(key: &str, wanted: &str, given: &Value) -> Error {
    Error::BadDocument {
        what: "argument \"options\"".into(),
        problem: format!("{key} is {given}, not {wanted}"),
        hint: "The documentation of the function lists its options.".into(),
    }
}

fn row(stage: &'static str, model: &Compared) -> Row {
    let (cost, quality) = (model.cost, model.quality);
    let (labels, numbers) = match quality {
        Quality::Labels(l) => (Some(l), None),
        Quality::Numbers(n) => (None, Some(n)),
    };
    (
        stage,
        model.version.clone(),
        cost.size_bytes,
        cost.memory_bytes,
        cost.latency_p50_ms,
        cost.latency_p99_ms,
        cost.rows_per_second,
        labels.map(|l| l.accuracy),
        labels.map(|l| l.macro_f1),
        numbers.map(|n| n.mae),
    )
}
