//! A job's process: one job on standard input, answers on standard output.

mod embed;
mod input;
mod table;
#[cfg(feature = "test-jobs")]
mod test;
mod train;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use altlas_proto::{Failure, FailureKind, ProtoError, Reply, Request, read_frame, write_frame};
use serde_json::Value;

use self::input::Input;
use crate::options::Files;
use crate::{EngineError, confine, log};

/// The longest piece of an artefact in one frame.
const PIECE: usize = 4 << 20;
/// The least time between two reports of progress.
const PACE: Duration = Duration::from_millis(200);

/// Runs the job and tells the engine, which must be process `parent`, how it went.
pub fn run(parent: u32, files: &Files) -> Result<(), EngineError> {
    confine::reset_signals().map_err(EngineError::setup("reset signals"))?;
    confine::hold_finish_signal().map_err(EngineError::setup("hold a signal back"))?;
    confine::die_with_parent(parent)?;
    if let Err(e) = confine::be_nice(10) {
        log::event(format_args!("a job goes on without nice: {e}"));
    }
    confine::job(files);
    let mut outlet = Outlet::new(confine::take_stdout().map_err(EngineError::setup("take standard output"))?);
    let mut from = BufReader::new(io::stdin().lock());
    let Some((Request::Job { kind, spec, limits, .. }, _)) = read_frame(&mut from)? else {
        let failure = Failure::new(FailureKind::Protocol, "no job was given");
        return Ok(outlet.say(&Reply::Failed(failure), &[])?);
    };
    let work = AssertUnwindSafe(|| {
        confine::limit(limits.memory_bytes, limits.cpu_seconds).map_err(|e| {
            Failure::new(FailureKind::Internal, "the limits of the job cannot be set").detail(e.to_string())
        })?;
        dispatch(&kind, &spec, Input::new(&mut from), &mut outlet, files)
    });
    let result = catch_unwind(work).unwrap_or_else(|_| {
        Err(Failure::new(FailureKind::Internal, "the job failed by a fault of the program")
            .hint("The server's log says where."))
    });
    let last = result.map_or_else(Reply::Failed, |result| Reply::JobDone { result });
    match outlet.say(&last, &[]) {
        // Nothing was sent yet: the sizes are checked first.
        Err(e @ ProtoError::TooLarge { .. }) => {
            let failure =
                Failure::new(FailureKind::Resources, "the job's result is too large").detail(e.to_string());
            Ok(outlet.say(&Reply::Failed(failure), &[])?)
        }
        sent => Ok(sent?),
    }
}

fn dispatch(
    kind: &str,
    spec: &Value,
    input: Input<impl Read>,
    outlet: &mut Outlet,
    files: &Files,
) -> Result<Value, Failure> {
    match kind {
        "train" => train::run(spec, input, outlet, files),
        #[cfg(feature = "test-jobs")]
        "test" => test::run(spec, input, outlet),
        _ => Err(Failure::new(FailureKind::BadParameter, format!("there are no jobs of kind {kind:?}"))),
    }
}

/// The way to the engine.
struct Outlet {
    to: File,
    reported: Option<Instant>,
}

impl Outlet {
    fn new(to: File) -> Self {
        Self { to, reported: None }
    }

    fn say(&mut self, reply: &Reply, payload: &[u8]) -> Result<(), ProtoError> {
        write_frame(&mut self.to, reply, payload)
    }

    /// Reports progress, unless it did just now. A report that cannot be sent is no reason to stop: if the
    /// engine is gone, so is this process.
    fn progress(&mut self, phase: &str, done: u64, total: u64) {
        let now = Instant::now();
        if self.reported.is_some_and(|last| now.duration_since(last) < PACE) {
            return;
        }
        self.reported = Some(now);
        let _ = self.say(&Reply::Progress { phase: phase.to_owned(), done, total }, &[]);
    }

    /// Sends a file in pieces; an empty one as one empty piece.
    fn artefact(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let reply = Reply::Artefact { name: name.to_owned() };
        let first = bytes.get(..bytes.len().min(PIECE)).unwrap_or_default();
        let rest = bytes.get(first.len()..).unwrap_or_default();
        std::iter::once(first)
            .chain(rest.chunks(PIECE))
            .try_for_each(|piece| self.say(&reply, piece))
            .map_err(|e| {
                Failure::new(FailureKind::Internal, "the job cannot hand over its result")
                    .detail(e.to_string())
            })
    }
}
