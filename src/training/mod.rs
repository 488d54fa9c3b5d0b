//! A training: its order, the engine's job that carries it out, and the registration of what it gave. Shared by `train`, which
//! reads the rows as they are sent, and by asynchronous jobs, whose rows are stored.

pub mod reproduce;
pub mod taught;

use altlas_proto::{JobLimits, JobOwner, Reply, Request};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{check_graph, reproduce};
use crate::engine::{self, Exchange};
use crate::error::{Error, Result};
use crate::guc;
use crate::scoring::Version;
use crate::store::model::{self, NewVersion, TestVector};
use crate::store::{artefact, audit, job, read, run};

/// The built-in model whose vectors text classifiers are given.
const ENCODER: &str = "altlas.e5_small";

/// What is to be trained.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub project: String,
    pub task: String,
    pub source: String,
    pub target: String,
    pub algorithm: String,
    pub options: Value,
    /// Threads and address space, by the settings of the session that ordered it.
    threads: u32,
    memory_bytes: u64,
    /// The encoder whose vectors may be features of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoder: Option<Value>,
    /// The hash that the rows must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_sha256: Option<String>,
}

impl Order {
    /// An order by the session's settings.
    pub fn new(
        project: &str,
        task: &str,
        source: &str,
        target: &str,
        algorithm: Option<&str>,
        options: Option<Value>,
    ) -> Result<Self> {
        model::check_name(project, "project")?;
        let threads = match guc::job_threads() {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(1024) as u32),
            set => set,
        };
        let encodes = task == "text_classification" && matches!(algorithm, None | Some("auto" | "encoder"));
        Ok(Self {
            encoder: if encodes { Some(encoder()?) } else { None },
            project: project.to_owned(),
            task: task.to_owned(),
            source: source.to_owned(),
            target: target.to_owned(),
            algorithm: algorithm.unwrap_or("auto").to_owned(),
            options: options.unwrap_or_else(|| json!({})),
            threads,
            data_sha256: None,
            memory_bytes: guc::job_memory(),
        })
    }

    /// Bytes of the longest text that the source may give: a classifier of texts takes none longer than it could score.
    pub fn longest_text(&self) -> usize {
        if self.task == "text_classification" { guc::max_text_bytes() } else { usize::MAX }
    }

    fn request(&self, number: i64, role: pg_sys::Oid) -> Request {
        let mut spec = json!({
            "task": self.task, "target": self.target, "algorithm": self.algorithm, "options": self.options,
            "threads": self.threads, "memory_bytes": self.memory_bytes,
        });
        // A key of this task alone.
        if let (Some(encoder), Some(spec)) = (&self.encoder, spec.as_object_mut()) {
            spec.insert("encoder".into(), encoder.clone());
        }
        if let (Some(hash), Some(spec)) = (&self.data_sha256, spec.as_object_mut()) {
            spec.insert("data_sha256".into(), hash.as_str().into());
        }
        Request::Job {
            kind: "train".into(),
            spec,
            owner: JobOwner {
                // SAFETY: a plain OID that the server sets when the backend connects.
                database: unsafe { pg_sys::MyDatabaseId }.to_u32(),
                role: role.to_u32(),
                label: self.project.clone(),
                number: u64::try_from(number).unwrap_or_default(),
            },
            limits: JobLimits { memory_bytes: self.memory_bytes, cpu_seconds: 0, threads: self.threads },
        }
    }
}

/// The built-in encoder, as a document of kind `text_features` names it; an error where its file is missing.
fn encoder() -> Result<Value> {
    let path = |sha256: &str| engine::model_file(sha256);
    match model::builtin_parts(ENCODER)? {
        Some((sha256, Some(document), _)) if path(&sha256).is_file() => {
            Ok(json!({ "name": ENCODER, "model": sha256, "document": document }))
        }
        Some((sha256, ..)) => {
            Err(Error::MissingBuiltin { name: ENCODER.into(), path: path(&sha256).display().to_string() })
        }
        None => Err(Error::UnknownModel { name: ENCODER.into() }),
    }
}

/// What a training gave.
pub struct Product {
    graph: Vec<u8>,
    trained: Trained,
    rows: usize,
}

/// What a training job gives besides the graph.
#[derive(Deserialize)]
struct Trained {
    document: Option<Value>,
    manifest: Value,
    vectors: Vec<TestVector>,
    #[serde(default)]
    background: Vec<Value>,
    metric: String,
    lower_is_better: bool,
    score: f64,
    baseline: Option<f64>,
    #[serde(default)]
    peak_memory_bytes: Option<i64>,
}

/// Trains in the caller's transaction, as the caller, and registers what that gave. `feed` is as for [`carry_out`].
pub fn run_now(
    order: &Order,
    feed: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<usize>,
) -> Result<Registered> {
    let started_at = pgrx::datum::clock_timestamp();
    // SAFETY: a plain getter.
    let role = unsafe { pg_sys::GetUserId() };
    let product = carry_out(order, job::next_number()?, role, feed, |_, _, _| Ok(()))?;
    register(order, product, started_at)
}

/// Has the engine train. `number` is the job's number in this database and `role` who is shown as its owner. `feed` sends the rows as
/// pieces of an Arrow stream and returns their number; `progress` hears what is done, how much of it, and of how much.
pub fn carry_out(
    order: &Order,
    number: i64,
    role: pg_sys::Oid,
    feed: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<usize>,
    progress: impl FnMut(&str, u64, u64) -> Result<()>,
) -> Result<Product> {
    let job = order.request(number, role);
    // The job starts with the first piece of data: a source that cannot be read starts none.
    let mut exchange = None;
    let sent = feed(&mut |piece| {
        if exchange.is_none() {
            exchange = Some(start(&job)?);
        }
        exchange.as_mut().map_or(Ok(()), |e| e.send(&Request::Data, piece))
    });
    // A job that gave up while rows were sent has said why.
    let (rows, mut exchange) = match (sent, exchange) {
        (Ok(rows), Some(running)) => (rows, running),
        (Err(lost @ Error::EngineLost { .. }), Some(running)) => {
            return Err(collect(running, progress).err().unwrap_or(lost));
        }
        (Err(other), _) => return Err(other),
        (Ok(_), None) => {
            return Err(Error::Internal { message: "the source gave no Arrow stream".into() });
        }
    };
    exchange.send(&Request::DataEnd, &[])?;
    let (graph, result) = collect(exchange, progress)?;
    let trained = serde_json::from_value(result)
        .map_err(|e| Error::Internal { message: format!("the training job's result does not parse: {e}") })?;
    Ok(Product { graph, trained, rows })
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

/// Waits for the job's end, gathering its files.
fn collect(
    mut exchange: Exchange,
    mut progress: impl FnMut(&str, u64, u64) -> Result<()>,
) -> Result<(Vec<u8>, Value)> {
    let limit = guc::max_model_size() as usize;
    let mut graph = Vec::new();
    loop {
        match exchange.receive()? {
            (Reply::Progress { phase, done, total }, _) => progress(&phase, done, total)?,
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

/// A training in the registry: the row of `train`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Registered {
    pub project: String,
    pub version: i32,
    pub algorithm: String,
    pub metric: String,
    pub score: f64,
    pub baseline: Option<f64>,
    pub deployed: bool,
    pub run_id: i64,
}

/// Checks what a training gave and registers it, in the current transaction. It goes into production when it is the first, or no
/// worse than the one that is there.
pub fn register(order: &Order, product: Product, started_at: TimestampWithTimeZone) -> Result<Registered> {
    let Product { graph, trained, rows } = product;
    let project = order.project.as_str();
    check_graph(&graph)?;
    let sha256 = artefact::store(&graph)?;
    let stored = trained.manifest.clone();
    let version = Version::new(project.to_owned(), sha256.clone(), trained.document.clone(), stored, false)?;
    // Sums of 32-bit numbers are as exact as the largest of them: an answer near 0 may be what is left of large ones.
    let outputs = trained.vectors.iter().flat_map(|vector| &vector.output);
    let largest = outputs.map(|y| y.abs()).filter(|y| y.is_finite()).fold(1.0, f64::max);
    read::latest(|| reproduce(&version, &trained.vectors, largest))?;
    let field =
        |name: &str| trained.manifest.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let algorithm = field("algorithm");
    let run_id = run::add(run::NewRun {
        project,
        task: &order.task,
        algorithm: &algorithm,
        requested: &order.algorithm,
        threads: i32::try_from(order.threads).unwrap_or(i32::MAX),
        graph_sha256: &sha256,
        peak_memory: trained.peak_memory_bytes,
        source: &order.source,
        target: &order.target,
        options: order.options.clone(),
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
        Some(json!({
            "run_id": run_id, "task": order.task, "algorithm": algorithm, "source": order.source, "rows": rows,
        })),
    )?;
    let before = read::latest(|| model::production_score(project, &trained.metric))?;
    let (number, mut deployed) = model::add_version(&NewVersion {
        name: project,
        task: &order.task,
        sha256: &sha256,
        preprocess: trained.document,
        manifest: trained.manifest,
        vectors: &trained.vectors,
        background: &trained.background,
        run_id: Some(run_id),
    })?;
    if !deployed
        && before
            .is_some_and(|b| if trained.lower_is_better { trained.score <= b } else { trained.score >= b })
    {
        model::set_alias(project, model::PRODUCTION, number)?;
        deployed = true;
    }
    Ok(Registered {
        project: project.to_owned(),
        version: number,
        algorithm,
        metric: trained.metric,
        score: trained.score,
        baseline: trained.baseline,
        deployed,
        run_id,
    })
}

/// The manifest without what is large and of no use to readers.
fn report(manifest: &Value) -> Value {
    let mut report = manifest.clone();
    if let Some(object) = report.as_object_mut() {
        object.remove("conformal");
    }
    report
}
