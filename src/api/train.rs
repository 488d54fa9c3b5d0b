//! `train`: reads the source, has a job of the engine train, and registers the result.

use altlas_proto::{JobLimits, JobOwner, Reply, Request};
use pgrx::JsonB;
use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::registry::{check_graph, reproduce};
use crate::convert::ArrowStream;
use crate::engine::{self, Exchange};
use crate::error::{Error, Result, required, sql};
use crate::guc;
use crate::scoring::Version;
use crate::store::model::{self, NewVersion, TestVector};
use crate::store::{artefact, audit, read, run, source};

/// What a training job gives besides the graph.
#[derive(Deserialize)]
struct Trained {
    document: Option<Value>,
    manifest: Value,
    vectors: Vec<TestVector>,
    metric: String,
    score: f64,
    baseline: Option<f64>,
}

/// Trains a model on the rows of a source and registers it. It goes into production when it is the first, or no worse than
/// the one that is there.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)] // the columns of a SQL table
fn train(
    project: Option<&str>,
    task: Option<&str>,
    source: Option<&str>,
    target: default!(Option<&str>, "NULL"),
    algorithm: default!(Option<&str>, "'auto'"),
    options: default!(Option<JsonB>, "'{}'"),
) -> sql::Result<
    TableIterator<
        'static,
        (
            name!(project, String),
            name!(version, i32),
            name!(algorithm, String),
            name!(metric, String),
            name!(score, f64),
            name!(baseline, Option<f64>),
            name!(deployed, bool),
            name!(run_id, i64),
        ),
    >,
> {
    artefact::must_be_writable("train a model")?;
    let project = required(project, "project")?;
    let task = required(task, "task")?;
    let text = required(source, "source")?;
    let target = required(target, "target")?;
    model::check_name(project, "project")?;
    let options = options.map_or_else(|| json!({}), |o| o.0);
    let threads = match guc::job_threads() {
        0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(1024) as u32),
        set => set,
    };
    let spec = json!({
        "task": task, "target": target, "algorithm": algorithm.unwrap_or("auto"), "options": options, "threads": threads,
    });
    let started_at = pgrx::datum::clock_timestamp();
    let (graph, trained, rows) = run_job(project, &spec, threads, text)?;
    let registered = register(project, task, text, target, &options, graph, trained, rows, started_at)?;
    Ok(TableIterator::once(registered))
}

/// Sends the source to a training job; returns the graph, the result and the number of rows sent.
fn run_job(project: &str, spec: &Value, threads: u32, text: &str) -> Result<(Vec<u8>, Trained, usize)> {
    // SAFETY: plain getters.
    let (database, role) = unsafe { (pg_sys::MyDatabaseId.to_u32(), pg_sys::GetUserId().to_u32()) };
    let job = Request::Job {
        kind: "train".into(),
        spec: spec.clone(),
        owner: JobOwner { database, role, label: project.to_owned() },
        limits: JobLimits { memory_bytes: guc::job_memory(), cpu_seconds: 0, threads },
    };
    // The job starts with the first piece of data: a source that cannot be read starts none.
    let mut exchange = None;
    let sent = send_rows(text, |piece| {
        if exchange.is_none() {
            exchange = Some(start(&job)?);
        }
        exchange.as_mut().map_or(Ok(()), |e| e.send(&Request::Data, piece))
    });
    // A job that gave up while rows were sent has said why.
    let (rows, mut exchange) = match (sent, exchange) {
        (Ok(rows), Some(running)) => (rows, running),
        (Err(lost @ Error::EngineLost { .. }), Some(running)) => {
            return Err(collect(running).err().unwrap_or(lost));
        }
        (Err(other), _) => return Err(other),
        (Ok(_), None) => {
            return Err(Error::Internal { message: "the source gave no Arrow stream".into() });
        }
    };
    exchange.send(&Request::DataEnd, &[])?;
    let (graph, result) = collect(exchange)?;
    let trained = serde_json::from_value(result)
        .map_err(|e| Error::Internal { message: format!("the training job's result does not parse: {e}") })?;
    Ok((graph, trained, rows))
}

/// Has the engine start the job.
fn start(job: &Request) -> Result<Exchange> {
    let mut exchange = Exchange::open()?;
    exchange.send(job, &[])?;
    match exchange.receive()?.0 {
        Reply::JobStarted { .. } => Ok(exchange),
        Reply::Failed(failure) => {
            exchange.finish();
            Err(failure.into())
        }
        other => Err(engine::unexpected(&other)),
    }
}

/// Sends the rows of a source as an Arrow stream; returns their number.
fn send_rows(text: &str, send: impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
    let mut stream = ArrowStream::new(send);
    let rows = source::read(text, None, &mut stream)?;
    stream.finish()?;
    Ok(rows)
}

/// Waits for the job's end, gathering its files.
fn collect(mut exchange: Exchange) -> Result<(Vec<u8>, Value)> {
    let limit = guc::max_model_size() as usize;
    let mut graph = Vec::new();
    loop {
        match exchange.receive()? {
            (Reply::Progress { .. }, _) => {}
            (Reply::Artefact { .. }, piece) => {
                if graph.len() + piece.len() > limit {
                    return Err(Error::BadModel {
                        message: format!("the trained model has more than {limit} bytes"),
                        detail: String::new(),
                        hint: "Use fewer or smaller trees, or raise altlas.max_model_size.".into(),
                    });
                }
                graph.extend_from_slice(&piece);
            }
            (Reply::JobDone { result }, _) => {
                exchange.finish();
                return Ok((graph, result));
            }
            (Reply::Failed(failure), _) => {
                exchange.finish();
                return Err(failure.into());
            }
            (other, _) => return Err(engine::unexpected(&other)),
        }
    }
}

type Registered = (String, i32, String, String, f64, Option<f64>, bool, i64);

#[allow(clippy::too_many_arguments)] // everything that the run's record holds
fn register(
    project: &str,
    task: &str,
    text: &str,
    target: &str,
    options: &Value,
    graph: Vec<u8>,
    trained: Trained,
    rows: usize,
    started_at: pgrx::datum::TimestampWithTimeZone,
) -> Result<Registered> {
    check_graph(&graph)?;
    let sha256 = artefact::store(&graph)?;
    let stored = trained.manifest.clone();
    let version = Version::new(project.to_owned(), sha256.clone(), trained.document.clone(), stored, false)?;
    read::latest(|| reproduce(&version, &trained.vectors))?;
    let field =
        |name: &str| trained.manifest.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let algorithm = field("algorithm");
    let run_id = run::add(run::NewRun {
        project,
        task,
        algorithm: &algorithm,
        source: text,
        target,
        options: options.clone(),
        row_count: i64::try_from(rows).unwrap_or(i64::MAX),
        data_sha256: &field("data_sha256"),
        metric: &trained.metric,
        score: trained.score,
        baseline: trained.baseline,
        report: report(&trained.manifest),
        started_at,
    })?;
    audit::record(
        "train",
        project,
        None,
        Some(json!({ "run_id": run_id, "task": task, "algorithm": algorithm, "source": text, "rows": rows })),
    )?;
    let before = read::latest(|| model::production_score(project, &trained.metric))?;
    let (number, mut deployed) = model::add_version(&NewVersion {
        name: project,
        task,
        sha256: &sha256,
        preprocess: trained.document,
        manifest: trained.manifest,
        vectors: &trained.vectors,
        run_id: Some(run_id),
    })?;
    if !deployed && before.is_some_and(|b| no_worse(&trained.metric, trained.score, b)) {
        model::set_alias(project, model::PRODUCTION, number)?;
        deployed = true;
    }
    Ok((
        project.to_owned(),
        number,
        algorithm,
        trained.metric,
        trained.score,
        trained.baseline,
        deployed,
        run_id,
    ))
}

/// The manifest without what is large and of no use to readers.
fn report(manifest: &Value) -> Value {
    let mut report = manifest.clone();
    if let Some(object) = report.as_object_mut() {
        object.remove("conformal");
    }
    report
}

/// Whether a score is at least as good as another: errors and losses count downwards.
fn no_worse(metric: &str, new: f64, old: f64) -> bool {
    let smaller_is_better = ["mae", "rmse", "mse", "log_loss", "median_ae", "pinball", "deviance"]
        .iter()
        .any(|m| metric.starts_with(m));
    if smaller_is_better { new <= old } else { new >= old }
}
