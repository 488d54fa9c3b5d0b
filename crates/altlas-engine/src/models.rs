//! Models and tokenizers: found in memory, on disk or not at all; checked, then opened.

use std::num::NonZero;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use altlas_onnx::{Limits, OnnxError, check};
use altlas_proto::{Failure, FailureKind, ModelSignature, Tensor};
use altlas_runtime::{Runtime, RuntimeError, RuntimeOptions, Selection, Session, StopHandle};
use altlas_tokens::Tokenizer;

use crate::batch::{Bounds, Lane, Outcome, Run, Trust};
use crate::disk::{Disk, Upload};
use crate::options::ServeOptions;
use crate::quarantine::{Doing, Quarantine};
use crate::shelf::{Contents, Held, Shelf};
use crate::waiting::Waiting;
use crate::{Absent, Digest, EngineError, confine, log};

/// Memory of a loaded model as a multiple of its file. Measured with ONNX Runtime 1.32 on the resident size: dense
/// layers 1.9 (`MatMul`, 48 MiB) and 2.0 (`Gemm`, 96 MiB), since the weights are kept a second time, rearranged
/// for the processor. Constants that the runtime widens come on top: MiniLM with 8-bit weights cast to floats takes 3.9 times
/// its 22.9 MB, counted as 5.0 times. What a run needs comes beside all this, and the session keeps it: 35 MB there for runs of
/// 512 tokens in short texts, 52 MB in texts of 150 tokens.
const FACTOR: u64 = 2;
/// The same for ensembles of trees, whose integers are short in the file: 6.7 (200 trees of 256 leaves, 2.4 MiB) and
/// 6.1 (2,000 trees, 25 MiB).
const TREE_FACTOR: u64 = 7;
/// The same for tokenizers, whose words are kept in tables both ways: 19 (all-MiniLM-L6-v2, 30,522 words, 0.5 MB) and 17
/// (multilingual-e5-small, 250,037 pieces, 17 MB).
const TOKENIZER_FACTOR: u64 = 20;
/// Memory of a loaded model beside its weights; about 110 KiB for one of a single node. With the first model the runtime takes
/// some 10 MB for itself.
const FIXED: u64 = 256 << 10;
/// Reading a model may always take so much, whatever the budget.
const LEAST_TO_READ: u64 = 256 << 20;

/// Tokens in a run of texts, padding included. Larger runs take more time a token, more memory, and hold up other clients for
/// longer (all-MiniLM-L6-v2 with 8-bit weights, one thread: 290 µs a token with runs of 512 tokens, 295 with 1,024, 320 to 360
/// with 2,048, 295 with 256).
const RUN_TOKENS: usize = 512;
/// Rows and tokens that a device takes at once, as a multiple of what the processor takes: it needs more to be busy.
const DEVICE_ROWS: usize = 8;
/// Most lanes of a model: each is the model in memory once more.
const MOST_LANES: usize = 4;
/// The part of the memory for models that lanes of one model may take, one in so many: large models stay in one copy, whose weights
/// no two lanes could read faster than one.
const LANES_SHARE: u64 = 4;

/// A model in memory.
pub struct Model {
    session: Session,
    trust: Trust,
    digest: Digest,
    quarantine: Arc<Quarantine>,
    /// Lanes that it may have; none any more when one did not open.
    lanes: AtomicUsize,
}

impl Model {
    /// What it takes and gives.
    pub fn signature(&self) -> &ModelSignature {
        self.session.signature()
    }

    /// Tokens that a run of texts should have.
    pub fn run_tokens(&self) -> usize {
        if self.session.is_on_device() { RUN_TOKENS * DEVICE_ROWS } else { RUN_TOKENS }
    }

    /// Refuses what it cannot be run with, before that has to wait for its turn.
    pub fn check(&self, inputs: &[Tensor], outputs: &[String]) -> Result<(), Failure> {
        Ok(self.session.check(inputs, outputs)?)
    }
}

/// A model in use, as the line before it sees it.
pub struct Served<'a> {
    pub models: &'a Models,
    pub wanted: &'a Wanted,
    pub model: &'a Model,
}

impl Run for Served<'_> {
    fn run(&self, lane: Lane, inputs: &[Tensor], outputs: &[String], stop: &StopHandle) -> Outcome {
        let own = match lane {
            Lane::Whole => None,
            Lane::Part(number) => self.models.lane(self.wanted, number, &|| stop.is_stopped()),
        };
        if lane != Lane::Whole && own.is_none() && !stop.is_stopped() {
            self.model.lanes.store(0, Ordering::Relaxed);
        }
        let session = own.as_deref().map_or(&self.model.session, |lane| &lane.session);
        let _risk = self.model.quarantine.risk(self.model.digest, Doing::Running, &|| stop.is_stopped())?;
        Ok(session.run(inputs, outputs, stop)?)
    }

    fn lanes(&self) -> usize {
        self.model.lanes.load(Ordering::Relaxed)
    }

    fn trust(&self) -> &Trust {
        &self.model.trust
    }

    fn bounds(&self, usual: Bounds) -> Bounds {
        // One row a run stays one: that is how joining is turned off.
        match self.model.session.is_on_device() && usual.rows > 1 {
            true => Bounds { rows: usual.rows.saturating_mul(DEVICE_ROWS) },
            false => usual,
        }
    }
}

/// A model that is asked for.
pub struct Wanted {
    digest: Digest,
    selection: Option<Selection>,
    /// Its name in memory: that of its bytes, unless it asks for providers of its own or is a lane.
    pub place: Digest,
    /// Whether it is one of its lanes.
    lane: bool,
}

/// What is kept in memory, in one budget.
enum Loaded {
    Model(Arc<Model>),
    Tokenizer(Arc<Tokenizer>),
}

/// A model or tokenizer in use; it stays in memory as long as this lives.
pub struct Use<'a, T> {
    // Fields drop in this order: the shelf frees what nobody else holds.
    value: Arc<T>,
    _held: Held<'a, Loaded>,
}

impl<T> Deref for Use<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The models of the engine.
pub struct Models {
    runtime: Result<Runtime, RuntimeError>,
    shelf: Shelf<Loaded>,
    disk: Disk,
    quarantine: Arc<Quarantine>,
    largest: u64,
    limits: Limits,
    threads: usize,
    budget: u64,
}

impl Models {
    /// Loads ONNX Runtime and opens the cache. Without a runtime the engine still starts, to say so.
    pub fn open(
        options: &ServeOptions,
        waiting: Arc<Waiting>,
        notes: &mut Vec<String>,
    ) -> Result<Self, EngineError> {
        let disk = Disk::open(&options.files.models, &options.directory.join("cache"), options.cache_budget)?;
        // Before anything that may crash: what the last engine left is not to be blamed for that.
        let quarantine = Arc::new(Quarantine::open(&options.directory, options.ended_by));
        let wanted = RuntimeOptions {
            providers: options.providers.clone(),
            threads: options.threads,
            device_memory: options.device_memory,
        };
        let runtime = Runtime::load(&options.files.runtime, &wanted);
        match &runtime {
            Ok(runtime) => {
                quarantine.runtime(runtime.version());
                notes.extend_from_slice(runtime.notes());
            }
            Err(e) => notes.push(format!("{e}: {}", e.detail().unwrap_or_default())),
        }
        let largest = options.memory_budget.saturating_sub(FIXED) / FACTOR;
        let limits = Limits {
            max_bytes: largest.min(Limits::default().max_bytes),
            max_decoded_bytes: options.memory_budget.max(LEAST_TO_READ),
            ..Limits::default()
        };
        let shelf = Shelf::new(options.memory_budget, waiting);
        let threads = match options.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            given => given,
        };
        let budget = options.memory_budget;
        Ok(Self { runtime, shelf, disk, quarantine, largest, limits, threads, budget })
    }

    /// A model by the name of its bytes, on the providers of its choice, or on all in force.
    pub fn wanted(&self, model: &str, providers: &[String]) -> Result<Wanted, Failure> {
        let digest = Digest::parse(model)?;
        let usual = Wanted { digest, selection: None, place: digest, lane: false };
        let (Ok(runtime), false) = (&self.runtime, providers.is_empty()) else {
            return Ok(usual);
        };
        let (selection, all) = (runtime.select(providers)?, runtime.select(&[])?);
        if selection == all {
            return Ok(usual);
        }
        let place = Digest::of(format!("{digest} on {selection:?}").as_bytes());
        Ok(Wanted { digest, selection: Some(selection), place, lane: false })
    }

    /// A lane of a model, opened now if need be; `None` when it does not open or there is no memory to spare for it.
    fn lane(&self, of: &Wanted, number: usize, given_up: &dyn Fn() -> bool) -> Option<Use<'_, Model>> {
        let place = Digest::of(format!("{} in lane {number}", of.place).as_bytes());
        let wanted = Wanted { digest: of.digest, selection: None, place, lane: true };
        self.get(&wanted, given_up).ok()
    }

    /// Lanes of a model on the processor. Each has an equal share of the threads.
    fn lanes(&self) -> usize {
        self.threads.min(MOST_LANES)
    }

    /// The model, loaded now if need be. `given_up` ends a wait, see [`Shelf::get`].
    pub fn get(&self, wanted: &Wanted, given_up: &dyn Fn() -> bool) -> Result<Use<'_, Model>, Absent> {
        let runtime = self.runtime.as_ref().map_err(|e| {
            Failure::from(e.clone()).hint(
                "Check that the ONNX Runtime library is installed beside the engine, or reinstall altlas.",
            )
        })?;
        let digest = wanted.digest;
        self.quarantine.check(digest)?;
        let held = self.shelf.get(wanted.place, given_up, |room| {
            // A lane must not drive out what others need.
            let mut reserve = |bytes| if wanted.lane { room.take_spare(bytes) } else { room.take(bytes) };
            let bytes =
                self.disk.read(digest, |size| reserve(estimate(size, FACTOR)))?.ok_or(Absent::Unknown)?;
            // Whoever uploads a model may have skipped the check at registration.
            let checked = check(&bytes, &self.limits).map_err(refused)?;
            let trees = checked.operators.keys().any(|name| name.starts_with("ai.onnx.ml.TreeEnsemble"));
            if trees || checked.widened_bytes > 0 {
                let factor = if trees { TREE_FACTOR } else { FACTOR };
                reserve(estimate(bytes.len() as u64, factor).saturating_add(checked.widened_bytes))?;
            }
            let risk = self.quarantine.risk(digest, Doing::Opening, given_up)?;
            let session = match &wanted.selection {
                _ if wanted.lane => Session::open_apart(runtime, &bytes, self.threads / self.lanes().max(1)),
                Some(selection) => Session::open_on(runtime, selection, &bytes),
                None => Session::open(runtime, &bytes),
            };
            drop(risk);
            drop(bytes);
            confine::trim_memory();
            let session = session.map_err(Failure::from)?;
            for note in session.notes() {
                log::repeated("model not on its device", format_args!("model {digest}: {note}"));
            }
            let quarantine = Arc::clone(&self.quarantine);
            let room_for_lanes =
                room.bytes().saturating_mul(self.lanes() as u64) <= self.budget / LANES_SHARE;
            let lanes = if session.is_on_device() || !room_for_lanes { 0 } else { self.lanes() }.into();
            let model = Model { session, trust: Trust::of(&checked), digest, quarantine, lanes };
            Ok(Loaded::Model(Arc::new(model)))
        })?;
        match &*held {
            Loaded::Model(model) => Ok(Use { value: Arc::clone(model), _held: held }),
            Loaded::Tokenizer(_) => Err(Absent::Refused(misused("a tokenizer", "a model"))),
        }
    }

    /// The tokenizer, read now if need be.
    pub fn tokenizer(
        &self,
        digest: Digest,
        given_up: &dyn Fn() -> bool,
    ) -> Result<Use<'_, Tokenizer>, Absent> {
        let held = self.shelf.get(digest, given_up, |room| {
            let reserve = |size| {
                Tokenizer::check_size(size)?;
                room.take(estimate(size, TOKENIZER_FACTOR))
            };
            let bytes = self.disk.read(digest, reserve)?.ok_or(Absent::Unknown)?;
            let tokenizer = Tokenizer::read(&bytes).map_err(Failure::from)?;
            drop(bytes);
            confine::trim_memory();
            Ok(Loaded::Tokenizer(Arc::new(tokenizer)))
        })?;
        match &*held {
            Loaded::Tokenizer(tokenizer) => Ok(Use { value: Arc::clone(tokenizer), _held: held }),
            Loaded::Model(_) => Err(Absent::Refused(misused("a model", "a tokenizer"))),
        }
    }

    /// The models that ended the engine.
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
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

    /// Bytes that a model on the usual providers takes, if it is in memory.
    pub fn memory_of(&self, digest: Digest) -> Option<u64> {
        self.shelf.bytes_of(digest)
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

fn misused(is: &str, wanted: &str) -> Failure {
    Failure::new(FailureKind::BadParameter, format!("the file is {is}, not {wanted}"))
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
