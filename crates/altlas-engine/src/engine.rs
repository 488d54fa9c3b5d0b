//! What all clients share, and how the engine starts and stops.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use altlas_proto::EngineStatus;

use crate::gate::Gate;
use crate::jobs::{Registry, Spawner};
use crate::options::ServeOptions;
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
    pub(crate) gate: Gate,
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

    /// How the engine is. Takes three short locks and no system call.
    pub fn status(&self) -> EngineStatus {
        let shelf = self.models.contents();
        let connections = self.connections.load(Ordering::SeqCst);
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
            queue_depth: shelf.waiting.saturating_add(self.gate.waiting()),
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
            notes: self.notes.clone(),
        }
    }
}

/// Serves until told to stop; returns the exit status.
pub fn serve(options: ServeOptions) -> Result<i32, EngineError> {
    confine::reset_signals().map_err(EngineError::setup("reset signals"))?;
    confine::block_stop_signals().map_err(EngineError::setup("block signals"))?;
    confine::die_with_parent(options.supervisor)?;
    let (confinement, mut notes) = confine_softly();
    listener::prepare(&options.directory)?;
    let _lock = listener::lock(&options.directory)?;
    let models = Models::open(&options, &mut notes)?;
    let engine = Arc::new(Engine {
        models,
        jobs: Registry::new(options.max_jobs),
        spawner: Spawner::start().map_err(EngineError::setup("start the thread for jobs"))?,
        watch: Watch::new().map_err(EngineError::setup("watch clients"))?,
        gate: Gate::new(thread::available_parallelism().map_or(4, |n| n.get().saturating_mul(2))),
        connections: AtomicUsize::new(0),
        stopping: AtomicBool::new(false),
        started_us: clock::now_us(),
        confinement,
        notes,
        options,
    });
    for note in &engine.notes {
        log::event(note);
    }
    let watching = Arc::clone(&engine);
    start_thread("watch", move || {
        let e = watching.watch.run(|| {
            watching.gate.wake();
            watching.models.wake();
        });
        // Without it, no request could be cancelled: better to be started anew.
        log::event(format_args!("cannot watch clients any more: {e}"));
        confine::exit_now(1);
    })?;
    let socket = listener::bind(&engine.options.directory)?;
    let accepting = Arc::clone(&engine);
    start_thread("accept", move || listener::accept(&accepting, &socket))?;
    let version = env!("CARGO_PKG_VERSION");
    log::event(format_args!("version {version} is ready, process {}", process::id()));
    let signal = confine::wait_for_stop().map_err(EngineError::setup("wait for signals"))?;
    log::event(format_args!("stops on signal {signal}"));
    stop(&engine);
    Ok(0)
}

fn stop(engine: &Engine) {
    engine.stopping.store(true, Ordering::SeqCst);
    // Ours, as long as the lock is held.
    let _ = fs::remove_file(listener::socket_path(Path::new(&engine.options.directory)));
    engine.jobs.kill_all();
    engine.watch.give_up_all();
    engine.gate.wake();
    engine.models.wake();
    let deadline = Instant::now() + FAREWELL;
    while engine.watch.busy() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Steps that make the engine safer to run and are not worth refusing service for.
fn confine_softly() -> (Vec<String>, Vec<String>) {
    let mut confinement = vec!["parent_death_signal".to_owned()];
    let mut notes = Vec::new();
    let steps =
        [("no_new_privs", confine::no_new_privileges()), ("oom_score_adj=900", confine::oom_score(900))];
    for (name, result) in steps {
        match result {
            Ok(()) => confinement.push(name.to_owned()),
            Err(e) => notes.push(format!("{name} was refused: {e}")),
        }
    }
    (confinement, notes)
}

fn start_thread(name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(EngineError::setup("start a thread"))
}
