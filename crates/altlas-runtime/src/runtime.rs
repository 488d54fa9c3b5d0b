use std::path::Path;
use std::sync::Arc;

use ort::environment::{Environment, GlobalThreadPoolOptions};
use ort::logging::LogLevel;

use crate::providers::{self, Provider, Selection};
use crate::{RuntimeError, message, version};

/// How the runtime is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Threads that all sessions share; 0 for one a core.
    pub threads: usize,
    /// Execution providers in order of preference: `cpu`, `cuda`, `tensorrt`, `webgpu`. The processor is always the
    /// last, named or not.
    pub providers: Vec<String>,
    /// Bytes that the arena of each model may take on a CUDA device; 0 for no limit.
    pub device_memory: usize,
}

/// The loaded runtime library. Clones are one runtime; it lives as long as the last clone or session.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    environment: Environment,
    version: String,
    providers: Vec<Provider>,
    notes: Vec<String>,
}

impl Runtime {
    /// Loads the library at `path`. A process can do it once.
    ///
    /// All sessions share one pool of threads, which sleep when there is nothing to do: spinning, the runtime's
    /// default, would take the cores that the database works on. Telemetry is off.
    pub fn load(path: &Path, options: &RuntimeOptions) -> Result<Self, RuntimeError> {
        let failed = |reason: String| RuntimeError::Load { path: path.to_owned(), reason };
        // The dynamic loader's own words for a missing file are about its search.
        if !path.is_file() {
            return Err(failed("there is no such file".to_owned()));
        }
        // The dynamic loader searches its own places for names without a slash.
        let path = std::path::absolute(path).map_err(|e| failed(e.to_string()))?;
        let builder = ort::init_from(&path).map_err(|e| failed(e.to_string()))?;
        let set_up = |e: ort::Error| failed(message::short(e.message()));
        let pool = GlobalThreadPoolOptions::default()
            .with_intra_threads(options.threads)
            .and_then(|pool| pool.with_inter_threads(1))
            .and_then(|pool| pool.with_spin_control(false))
            .map_err(set_up)?;
        let environment =
            builder.with_name("altlas").with_telemetry(false).with_global_thread_pool(pool).build().map_err(
                |e| match e.message() {
                    m if m.contains("only one environment") => RuntimeError::AlreadyLoaded,
                    _ => set_up(e),
                },
            )?;
        // Errors come back as results; on stderr they would be there twice, the second time without context.
        environment.set_log_level(LogLevel::Fatal);
        let (providers, notes) = providers::choose(&environment, &options.providers, options.device_memory);
        let version = version::of_library(&path).unwrap_or_default();
        Ok(Self(Arc::new(Inner { environment, version, providers, notes })))
    }

    /// Version of the library, `1.31.1` for example.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// The execution providers in force, in order of preference; `cpu` is the last.
    pub fn providers(&self) -> Vec<String> {
        self.0.providers.iter().map(|p| p.name).chain(["cpu"]).map(str::to_owned).collect()
    }

    /// Why providers that were asked for are not in force.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// Those of the providers in force that a model asks for, in its order; all for a model that asks for none. What is
    /// not in force is passed over.
    pub fn select(&self, wanted: &[String]) -> Result<Selection, RuntimeError> {
        Selection::new(&self.0.providers, wanted)
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.0.environment
    }

    pub(crate) fn selected(&self, selection: &Selection) -> impl Iterator<Item = &Provider> {
        selection.of(&self.0.providers)
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("version", &self.version())
            .field("providers", &self.providers())
            .finish_non_exhaustive()
    }
}
