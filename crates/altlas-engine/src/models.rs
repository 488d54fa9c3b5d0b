//! Models: found in memory, on disk or not at all; checked, then opened by ONNX Runtime.

use altlas_onnx::{Limits, check};
use altlas_proto::{Failure, FailureKind};
use altlas_runtime::{Runtime, RuntimeError, RuntimeOptions, Session};

use crate::disk::{Disk, Upload};
use crate::options::ServeOptions;
use crate::shelf::{Contents, Held, Shelf};
use crate::{Absent, Digest, EngineError};

/// Memory of a loaded model, as a multiple of its file: the weights once as the runtime holds them and once
/// rearranged for the processor (it keeps both for part of the operators), see `benches/` for measurements.
const FACTOR: u64 = 2;
/// Memory of a loaded model beside its weights: graph, allocators, thread pool.
const FIXED: u64 = 1 << 20;

/// The models of the engine.
pub struct Models {
    runtime: Result<Runtime, RuntimeError>,
    shelf: Shelf<Session>,
    disk: Disk,
    largest: u64,
}

impl Models {
    /// Loads ONNX Runtime and opens the cache. Without a runtime the engine still starts, to say so.
    pub fn open(options: &ServeOptions, notes: &mut Vec<String>) -> Result<Self, EngineError> {
        let disk = Disk::open(
            &options.models,
            &options.directory.join("cache"),
            options.cache_budget,
        )?;
        let wanted = RuntimeOptions {
            providers: options.providers.clone(),
            threads: options.threads,
        };
        let runtime = Runtime::load(&options.runtime, &wanted);
        match &runtime {
            Ok(runtime) => notes.extend_from_slice(runtime.notes()),
            Err(e) => notes.push(format!("{e}: {}", e.detail().unwrap_or_default())),
        }
        let largest = options.memory_budget.saturating_sub(FIXED) / FACTOR;
        Ok(Self {
            runtime,
            shelf: Shelf::new(options.memory_budget),
            disk,
            largest,
        })
    }

    /// The model, loaded now if need be. `given_up` ends a wait, see [`Shelf::get`].
    pub fn get(&self, digest: Digest, given_up: &dyn Fn() -> bool) -> Result<Held<'_, Session>, Absent> {
        let runtime = self.runtime.as_ref().map_err(|e| {
            Failure::from(e.clone()).hint(
                "Check that the ONNX Runtime library is installed beside the engine, or reinstall altlas.",
            )
        })?;
        self.shelf.get(digest, given_up, |room| {
            let bytes = self
                .disk
                .read(digest, |size| room.take(estimate(size)))?
                .ok_or(Absent::Unknown)?;
            // Whoever uploads a model may have skipped the check at registration.
            let limits = Limits {
                max_bytes: self.largest,
                ..Limits::default()
            };
            check(&bytes, &limits).map_err(|e| Failure::new(FailureKind::BadModel, e.to_string()))?;
            Ok(Session::open(runtime, &bytes).map_err(Failure::from)?)
        })
    }

    /// Begins to take a model.
    pub fn upload(&self, digest: Digest, size: u64) -> Result<Upload<'_>, Failure> {
        if size > self.largest {
            return Err(Failure::new(
                FailureKind::Resources,
                "the model is larger than the memory for models",
            )
            .detail(format!(
                "It has {size} bytes; with this budget {} are the most.",
                self.largest
            ))
            .hint("Raise altlas.engine_memory."));
        }
        self.disk.upload(digest, size)
    }

    /// What is in memory.
    pub fn contents(&self) -> Contents {
        self.shelf.contents()
    }

    /// Makes waiting callers look whether they gave up.
    pub fn wake(&self) {
        self.shelf.wake();
    }

    /// Version of ONNX Runtime, empty without one.
    pub fn runtime_version(&self) -> String {
        self.runtime
            .as_ref()
            .map(|r| r.version().to_owned())
            .unwrap_or_default()
    }

    /// Providers in use, none without a runtime.
    pub fn providers(&self) -> Vec<String> {
        self.runtime.as_ref().map(|r| r.providers()).unwrap_or_default()
    }
}

fn estimate(file: u64) -> u64 {
    file.saturating_mul(FACTOR).saturating_add(FIXED)
}
