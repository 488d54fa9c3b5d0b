//! Models: found in memory, on disk or not at all; checked, then opened by ONNX Runtime.

use altlas_onnx::{Limits, OnnxError, check};
use altlas_proto::{Failure, FailureKind};
use altlas_runtime::{Runtime, RuntimeError, RuntimeOptions, Session};

use crate::disk::{Disk, Upload};
use crate::options::ServeOptions;
use crate::shelf::{Contents, Held, Shelf};
use crate::{Absent, Digest, EngineError, confine};

/// Memory of a loaded model as a multiple of its file. Measured with ONNX Runtime 1.32 on the resident size: dense
/// layers 1.9 (`MatMul`, 48 MiB) and 2.0 (`Gemm`, 96 MiB), since the weights are kept a second time, rearranged
/// for the processor.
const FACTOR: u64 = 2;
/// The same for ensembles of trees, whose integers are short in the file: 6.7 (200 trees of 256 leaves, 2.4 MiB) and
/// 6.1 (2,000 trees, 25 MiB).
const TREE_FACTOR: u64 = 7;
/// Memory of a loaded model beside its weights; about 110 KiB for one of a single node.
const FIXED: u64 = 256 << 10;
/// Reading a model may always take so much, whatever the budget.
const LEAST_TO_READ: u64 = 256 << 20;

/// The models of the engine.
pub struct Models {
    runtime: Result<Runtime, RuntimeError>,
    shelf: Shelf<Session>,
    disk: Disk,
    largest: u64,
    limits: Limits,
}

impl Models {
    /// Loads ONNX Runtime and opens the cache. Without a runtime the engine still starts, to say so.
    pub fn open(options: &ServeOptions, notes: &mut Vec<String>) -> Result<Self, EngineError> {
        let disk = Disk::open(&options.models, &options.directory.join("cache"), options.cache_budget)?;
        let wanted = RuntimeOptions { providers: options.providers.clone(), threads: options.threads };
        let runtime = Runtime::load(&options.runtime, &wanted);
        match &runtime {
            Ok(runtime) => notes.extend_from_slice(runtime.notes()),
            Err(e) => notes.push(format!("{e}: {}", e.detail().unwrap_or_default())),
        }
        let largest = options.memory_budget.saturating_sub(FIXED) / FACTOR;
        let limits = Limits {
            max_bytes: largest.min(Limits::default().max_bytes),
            max_decoded_bytes: options.memory_budget.max(LEAST_TO_READ),
            ..Limits::default()
        };
        let shelf = Shelf::new(options.memory_budget);
        Ok(Self { runtime, shelf, disk, largest, limits })
    }

    /// The model, loaded now if need be. `given_up` ends a wait, see [`Shelf::get`].
    pub fn get(&self, digest: Digest, given_up: &dyn Fn() -> bool) -> Result<Held<'_, Session>, Absent> {
        let runtime = self.runtime.as_ref().map_err(|e| {
            Failure::from(e.clone()).hint(
                "Check that the ONNX Runtime library is installed beside the engine, or reinstall altlas.",
            )
        })?;
        self.shelf.get(digest, given_up, |room| {
            let bytes =
                self.disk.read(digest, |size| room.take(estimate(size, FACTOR)))?.ok_or(Absent::Unknown)?;
            // Whoever uploads a model may have skipped the check at registration.
            let checked = check(&bytes, &self.limits).map_err(refused)?;
            if checked.operators.keys().any(|name| name.starts_with("ai.onnx.ml.TreeEnsemble")) {
                room.take(estimate(bytes.len() as u64, TREE_FACTOR))?;
            }
            let session = Session::open(runtime, &bytes).map_err(Failure::from)?;
            drop(bytes);
            confine::trim_memory();
            Ok(session)
        })
    }

    /// Begins to take a model.
    pub fn upload(&self, digest: Digest, size: u64) -> Result<Upload<'_>, Failure> {
        if size > self.largest {
            return Err(Failure::new(
                FailureKind::Resources,
                "the model is larger than the memory for models",
            )
            .detail(format!("It has {size} bytes; with this budget {} are the most.", self.largest))
            .hint("Raise altlas.model_memory."));
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
        self.runtime.as_ref().map(|r| r.version().to_owned()).unwrap_or_default()
    }

    /// Providers in use, none without a runtime.
    pub fn providers(&self) -> Vec<String> {
        self.runtime.as_ref().map(|r| r.providers()).unwrap_or_default()
    }
}

fn refused(error: OnnxError) -> Failure {
    let kind = match error {
        OnnxError::TooLarge { .. } | OnnxError::TooManyParts { .. } => FailureKind::Resources,
        _ => FailureKind::BadModel,
    };
    Failure::new(kind, error.to_string())
}

fn estimate(file: u64, factor: u64) -> u64 {
    file.saturating_mul(factor).saturating_add(FIXED)
}
