//! What all clients share, and how the engine starts and stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{process, thread};

use altlas_proto::EngineStatus;

use crate::batch::{Batches, Bounds};
use crate::jobs::{Registry, Spawner};
use crate::options::ServeOptions;
use crate::record::Recorder;
use crate::waiting::Waiting;
use crate::watch::Watch;
use crate::{EngineError, Models, clock, confine, listener, log};

/// How long requests that were told to stop may take to answer before the process ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// The engine.
pub struct Engine {
    pub(crate) options: ServeOptions,
    pub(crate) models: Models,
    pub(crate) jobs: Registry,
    pub(crate) spawner: Spawner,
    pub(crate) watch: Watch,
    pub(crate) batches: Batches,
    waiting: Arc<Waiting>,
    pub(crate) recorder: Recorder,
    pub(crate) connections: AtomicUsize,
    stopping: AtomicBool,
    started_us: i64,
    confinement: Vec<String>,
    notes: Vec<String>,
}

impl Engine {
    /// Whether the engine is about to end.
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// How the engine is. Takes two short locks and no system call.
    pub fn status(&self) -> EngineStatus {
        let shelf = self.models.contents();
        let connections = self.connections.load(Ordering::SeqCst);
        let mut notes = self.notes.clone();
        notes.extend(self.models.quarantine().note());
        #[cfg(feature = "test-jobs")]
        notes.extend(confine::probe::asked_for());
        EngineStatus {
            pid: process::id(),
            supervisor_pid: self.options.supervisor,
            started_us: self.started_us,
            restarts: self.options.restarts,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            runtime_version: self.models.runtime_version(),
            providers: self.models.providers(),
            confinement: self.confinement.clone(),
            models_loaded: shelf.models,
            memory_bytes: shelf.bytes,
            memory_budget_bytes: self.options.memory_budget,
            queue_depth: self.waiting.count(),
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
            notes,
            calls: self.batches.observer().calls(),
            runs: self.batches.observer().runs(),
        }
    }
}

/// Serves until told to stop; returns the exit status.
pub fn serve(options: ServeOptions) -> Result<i32, EngineError> {
    confine::reset_signals().map_err(EngineError::setup("reset signals"))?;
    confine::block_stop_signals().map_err(EngineError::setup("block signals"))?;
    confine::die_with_parent(options.supervisor)?;
    let mut report = confine::Report::default();
    let oom_score = confine::begin(&mut report);
    listener::prepare(&options.directory)?;
    let _lock = listener::lock(&options.directory)?;
    let socket = Arc::new(listener::bind(&options.directory)?);
    for own in confine::OWN {
        listener::prepare(&options.directory.join(own))?;
    }
    confine::files(&options, &mut report);
    let waiting = Arc::new(Waiting::new(options.max_queue));
    let models = Models::open(&options, Arc::clone(&waiting), &mut report.notes)?;
    confine::calls(&options, &models.providers(), &mut report);
    let places = thread::available_parallelism().map_or(4, |n| n.get().saturating_mul(2));
    let bounds = Bounds { rows: options.batch_rows };
    let linger = Duration::from_micros(options.batch_wait_us);
    let engine = Arc::new(Engine {
        models,
        jobs: Registry::new(options.max_jobs),
        spawner: Spawner::start(oom_score, options.files.clone())
            .map_err(EngineError::setup("start the thread for jobs"))?,
        watch: Watch::new().map_err(EngineError::setup("watch clients"))?,
        batches: Batches::new(places, Arc::clone(&waiting), bounds, linger),
        waiting,
        recorder: Recorder::default(),
        connections: AtomicUsize::new(0),
        stopping: AtomicBool::new(false),
        started_us: clock::now_us(),
        confinement: report.in_force,
        notes: report.notes,
        options,
    });
    for note in &engine.notes {
        log::event(note);
    }
    let watching = Arc::clone(&engine);
    start_thread("watch", move || {
        let e = watching.watch.run(|| watching.models.wake());
        // Without it, no request could be cancelled: better to be started anew.
        log::event(format_args!("cannot watch clients any more: {e}"));
        confine::exit_now(1);
    })?;
    listener::open(&socket)?;
    let (accepting, listening) = (Arc::clone(&engine), Arc::clone(&socket));
    start_thread("accept", move || listener::accept(&accepting, &listening))?;
    let version = env!("CARGO_PKG_VERSION");
    log::event(format_args!("version {version} is ready, process {}", process::id()));
    let signal = confine::wait_for_stop().map_err(EngineError::setup("wait for signals"))?;
    log::event(format_args!("stops on signal {signal}"));
    engine.stopping.store(true, Ordering::SeqCst);
    listener::close(&socket);
    stop(&engine);
    Ok(0)
}

fn stop(engine: &Engine) {
    engine.jobs.kill_all();
    engine.watch.give_up_all();
    engine.models.wake();
    let deadline = Instant::now() + FAREWELL;
    while engine.watch.busy() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

fn start_thread(name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(EngineError::setup("start a thread"))
}
