use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use altlas_proto::{ModelSignature, Tensor};
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session as OrtSession};
use ort::value::{DynValue, ValueType};

use crate::error::During;
use crate::providers::Provider;
use crate::{Runtime, RuntimeError, Selection, StopHandle, input, output, signature};

/// How often a call that waits for its turn looks whether it was stopped.
const PATIENCE: Duration = Duration::from_millis(5);

/// An open model.
///
/// Calls from several threads take turns: the binding takes sessions mutably because it does not hold the runtime's
/// `Run` for thread-safe (see its documentation of `Session`), and a turn is short when callers send batches. For
/// parallel calls open the model more than once.
pub struct Session {
    signature: ModelSignature,
    /// Types of the outputs, to refuse those that cannot be read before anything is computed.
    outputs: Vec<(String, ValueType)>,
    providers: Vec<String>,
    notes: Vec<String>,
    on_device: bool,
    slot: Mutex<Option<OrtSession>>,
    free: Condvar,
    // Sessions keep the environment alive; this keeps the providers chosen with it.
    _runtime: Runtime,
}

impl Session {
    /// Opens a model from its bytes, which may be a mapped file and are not needed afterwards.
    pub fn open(runtime: &Runtime, bytes: &[u8]) -> Result<Self, RuntimeError> {
        Self::open_on(runtime, &runtime.select(&[])?, bytes)
    }

    /// Opens a model on the processor with so many threads of its own, instead of those that all sessions share: with one, a run
    /// stays on the caller's thread.
    pub fn open_apart(runtime: &Runtime, bytes: &[u8], threads: usize) -> Result<Self, RuntimeError> {
        let opened = catch_unwind(AssertUnwindSafe(|| commit(runtime, bytes, &[], Some(threads))));
        Self::opened(runtime, opened, &[], Vec::new())
    }

    /// Opens a model with some of the runtime's providers.
    ///
    /// If it does not open with them (a device without enough memory, say), it is opened on the processor, and
    /// [`Session::notes`] says why.
    pub fn open_on(runtime: &Runtime, selection: &Selection, bytes: &[u8]) -> Result<Self, RuntimeError> {
        let (mut notes, mut chosen) = (Vec::new(), runtime.selected(selection).collect::<Vec<_>>());
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let opened = commit(runtime, bytes, &chosen, None);
            match opened {
                Err(e) if !selection.is_processor() => {
                    let why = crate::message::short(e.message());
                    notes.push(format!("the model runs on the processor: {why}"));
                    chosen.clear();
                    commit(runtime, bytes, &[], None)
                }
                opened => opened,
            }
        }));
        Self::opened(runtime, opened, &chosen, notes)
    }

    fn opened(
        runtime: &Runtime,
        opened: thread::Result<ort::Result<OrtSession>>,
        chosen: &[&Provider],
        notes: Vec<String>,
    ) -> Result<Self, RuntimeError> {
        let session = opened
            .map_err(|_| RuntimeError::panicked("opening a model"))?
            .map_err(|e| RuntimeError::of(&e, During::Open))?;
        let outputs = session.outputs().iter().map(|o| (o.name().to_owned(), o.dtype().clone())).collect();
        Ok(Self {
            signature: signature::of(&session)?,
            outputs,
            on_device: !chosen.is_empty(),
            providers: chosen.iter().map(|p| p.name).chain(["cpu"]).map(str::to_owned).collect(),
            notes,
            slot: Mutex::new(Some(session)),
            free: Condvar::new(),
            _runtime: runtime.clone(),
        })
    }

    /// What the model takes and gives. Sequences of maps from class to probability (scikit-learn's `ZipMap`) are
    /// described as what [`Session::run`] makes of them, `f32 [rows, classes]`. No dimensions mean a scalar or any shape.
    pub fn signature(&self) -> &ModelSignature {
        &self.signature
    }

    /// The providers this session was opened with, in order of preference.
    pub fn providers(&self) -> &[String] {
        &self.providers
    }

    /// Why preferred providers are not among them.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether a device before the processor runs the model, or parts of it.
    pub fn is_on_device(&self) -> bool {
        self.on_device
    }

    /// Refuses what [`Session::run`] would refuse before it computes anything.
    pub fn check(&self, inputs: &[Tensor], outputs: &[String]) -> Result<(), RuntimeError> {
        input::check(&self.signature.inputs, inputs)?;
        self.wanted(outputs).map(drop)
    }

    /// Runs the model. `outputs` names the outputs wanted, in the order wanted; empty for all in the model's order.
    pub fn run(
        &self,
        inputs: &[Tensor],
        outputs: &[String],
        stop: &StopHandle,
    ) -> Result<Vec<Tensor>, RuntimeError> {
        input::check(&self.signature.inputs, inputs)?;
        let wanted = self.wanted(outputs)?;
        let values: Vec<(&str, DynValue)> =
            inputs.iter().map(|t| Ok((t.spec.name.as_str(), input::value(t)?))).collect::<Result<_, _>>()?;
        let options = Arc::new(RunOptions::new().map_err(|e| RuntimeError::of(&e, During::Run))?);
        let _watch = stop.watch(&options)?;
        let mut turn = self.take_turn(stop)?;
        let session = turn.session.as_mut().ok_or_else(|| RuntimeError::panicked("waiting"))?;
        catch_unwind(AssertUnwindSafe(|| compute(session, &values, &wanted, &options, self.on_device, stop)))
            .map_err(|_| RuntimeError::panicked("running a model"))?
    }

    /// The outputs to compute, each once, all of types that can be read.
    fn wanted(&self, names: &[String]) -> Result<Vec<&str>, RuntimeError> {
        let readable = |(name, dtype): &'_ (String, ValueType)| match output::supported(dtype) {
            true => Ok(()),
            false => Err(output::unsupported(name, dtype)),
        };
        if names.is_empty() {
            self.outputs.iter().try_for_each(readable)?;
            return Ok(self.outputs.iter().map(|(name, _)| name.as_str()).collect());
        }
        let find = |name: &String| {
            let found = self.outputs.iter().find(|(known, _)| known == name).ok_or_else(|| {
                let known = self.outputs.iter().map(|(known, _)| known.clone()).collect();
                RuntimeError::UnknownOutput { name: name.clone(), known }
            })?;
            readable(found)?;
            Ok(found.0.as_str())
        };
        if let Some(name) =
            names.iter().enumerate().find_map(|(n, name)| names.iter().take(n).find(|e| *e == name))
        {
            return Err(RuntimeError::DuplicateOutput { name: name.clone() });
        }
        names.iter().map(find).collect()
    }

    fn take_turn(&self, stop: &StopHandle) -> Result<Turn<'_>, RuntimeError> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(session) = slot.take() {
                return Ok(Turn { of: self, session: Some(session) });
            }
            if stop.is_stopped() {
                return Err(RuntimeError::Stopped);
            }
            let waited = self.free.wait_timeout(slot, PATIENCE);
            slot = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("signature", &self.signature).finish_non_exhaustive()
    }
}

/// The session while a call has it; given back however the call ends.
struct Turn<'s> {
    of: &'s Session,
    session: Option<OrtSession>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.of.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.session.take();
        self.of.free.notify_one();
    }
}

fn commit(
    runtime: &Runtime,
    bytes: &[u8],
    providers: &[&Provider],
    own_threads: Option<usize>,
) -> ort::Result<OrtSession> {
    let mut builder = SessionBuilder::new(runtime.environment())?
        .with_optimization_level(GraphOptimizationLevel::All)?
        // The runtime would take a file with its own mark for its own format, which was never checked.
        .with_config_entry("session.load_model_format", "ONNX")?;
    if let Some(threads) = own_threads {
        builder = builder
            .with_independent_thread_pool()?
            .with_intra_threads(threads)?
            .with_intra_op_spinning(false)?;
    }
    for provider in providers {
        provider.register(&mut builder)?;
    }
    builder.commit_from_memory(bytes)
}

/// Inputs and outputs are bound by name: that brings the inputs to the device that takes them, selects the outputs,
/// brings them to the processor's memory, and leaves the run options free of borrowed values, so that another thread
/// may terminate the run.
fn compute(
    session: &mut OrtSession,
    inputs: &[(&str, DynValue)],
    wanted: &[&str],
    options: &RunOptions,
    on_device: bool,
    stop: &StopHandle,
) -> Result<Vec<Tensor>, RuntimeError> {
    let failed = |e: ort::Error| match stop.is_stopped() {
        true => RuntimeError::Stopped,
        false => RuntimeError::of(&e, During::Run),
    };
    let memory = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput);
    let memory = memory.map_err(failed)?;
    let mut binding = session.create_binding().map_err(failed)?;
    for (name, value) in inputs {
        binding.bind_input(*name, value).map_err(failed)?;
    }
    for name in wanted {
        binding.bind_output_to_device(*name, &memory).map_err(failed)?;
    }
    if on_device {
        // Copies to a device are queued by the binding, on a stream of their own.
        binding.synchronize_inputs().map_err(failed)?;
    }
    let mut found = HashMap::new();
    let outputs = session.run_binding_with_options(&binding, options).map_err(failed)?;
    for (name, value) in outputs {
        let tensor = output::tensor(name, value)?;
        found.insert(name.to_owned(), tensor);
    }
    wanted
        .iter()
        .map(|name| {
            found.remove(*name).ok_or_else(|| RuntimeError::Fault {
                message: format!("output {name:?} did not come back"),
                raw: String::new(),
            })
        })
        .collect()
}
