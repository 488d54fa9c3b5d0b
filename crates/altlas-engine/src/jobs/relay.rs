//! Between a client and the process of its job.

use std::io::{self, BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use altlas_proto::{
    Failure, FailureKind, JobLimits, JobOwner, JobState, ProtoError, Reply, Request, read_frame, write_frame,
};
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, waitid};
use serde_json::Value;

use super::{Registry, Spawner, Why};
use crate::{log, wire};

/// What a client asks for.
pub struct Order {
    /// The kind of job.
    pub kind: String,
    /// Its parameters.
    pub spec: Value,
    /// Who asks.
    pub owner: JobOwner,
    /// Limits of the process.
    pub limits: JobLimits,
}

/// How a client's stream goes on after its job.
pub enum After {
    /// The input was complete; the next frame is a new request.
    InStep,
    /// The job ended early and the client sent this frame, not knowing or knowing it.
    Frame(Request, Vec<u8>),
    /// The job was not started; what the client sent for it is still to be read.
    Refused,
    /// The stream is of no more use.
    Closed,
}

/// The two ends of a client's connection.
pub struct Client<'a> {
    /// Where its frames come from.
    pub reader: &'a mut BufReader<UnixStream>,
    /// Where answers go.
    pub writer: &'a UnixStream,
}

/// Runs a job that was admitted under the number `job` and passes frames both ways until it has ended and the
/// client has the last answer. Holds one frame in each direction; a slow side stops the other.
pub fn relay(job: u64, order: Order, jobs: &Registry, spawner: &Spawner, client: Client<'_>) -> After {
    let over = AtomicBool::new(false);
    let down = Down { job, limits: order.limits, jobs, writer: client.writer, over: &over };
    thread::scope(|scope| {
        // The thread first: without it there would be nobody to wait for the process.
        let (hand, taken) = mpsc::channel();
        let thread = thread::Builder::new().name(format!("job {job}"));
        let process = thread
            .spawn_scoped(scope, move || taken.recv().map(|(child, stdout)| down.run(child, stdout)))
            .and_then(|_| start(spawner, order.limits.threads));
        let (child, stdin, stdout) = match process {
            Ok(parts) => parts,
            Err(e) => return not_started(job, jobs, client.writer, &e),
        };
        jobs.started(job, child.id());
        if wire::send(client.writer, &Reply::JobStarted { job }, &[]).is_err() {
            jobs.kill(job, Why::ClientGone);
        }
        // The receiver waits for exactly this.
        let _ = hand.send((child, stdout));
        let after = Up { job, jobs, over: &over }.run(order, stdin, client.reader);
        if let After::Closed = after {
            jobs.kill(job, Why::ClientGone);
        }
        after
    })
}

fn start(spawner: &Spawner, threads: u32) -> io::Result<(Child, ChildStdin, ChildStdout)> {
    let mut child = spawner.spawn(threads)?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (stdin, stdout) = pipes.ok_or_else(|| io::Error::other("the pipes of a job are missing"))?;
    Ok((child, stdin, stdout))
}

fn not_started(job: u64, jobs: &Registry, writer: &UnixStream, e: &io::Error) -> After {
    jobs.ended(job, JobState::Failed);
    log::repeated("job not started", format_args!("cannot start a job's process: {e}"));
    let failure = Failure::new(FailureKind::Resources, "cannot start a job's process").detail(e.to_string());
    let sent = wire::send(writer, &Reply::Failed(failure), &[]);
    if sent.is_ok() { After::Refused } else { After::Closed }
}

/// From the client to the job.
struct Up<'a> {
    job: u64,
    jobs: &'a Registry,
    over: &'a AtomicBool,
}

impl Up<'_> {
    fn run(&self, order: Order, mut stdin: ChildStdin, from: &mut impl BufRead) -> After {
        let Order { kind, spec, owner, limits } = order;
        // A job that does not read any more is dead or about to be: the other direction tells the client why,
        // and what the client still sends is read and dropped.
        let mut alive = write_frame(&mut stdin, &Request::Job { kind, spec, owner, limits }, &[]).is_ok();
        loop {
            let (frame, payload) = match read_frame::<_, Request>(from) {
                Ok(Some(frame)) => frame,
                Ok(None) => return After::Closed,
                Err(e) => {
                    if !matches!(e, ProtoError::Io(_)) {
                        self.jobs.kill(self.job, Why::ClientBroke);
                    }
                    return After::Closed;
                }
            };
            match frame {
                _ if self.over.load(Ordering::SeqCst) => return After::Frame(frame, payload),
                Request::Data => alive = alive && write_frame(&mut stdin, &frame, &payload).is_ok(),
                Request::DataEnd => {
                    let _ = write_frame(&mut stdin, &frame, &[]);
                    return After::InStep;
                }
                _ => {
                    self.jobs.kill(self.job, Why::ClientBroke);
                    return After::Closed;
                }
            }
        }
    }
}

/// From the job to the client.
struct Down<'a> {
    job: u64,
    limits: JobLimits,
    jobs: &'a Registry,
    writer: &'a UnixStream,
    over: &'a AtomicBool,
}

impl Down<'_> {
    fn run(self, mut child: Child, mut stdout: ChildStdout) {
        let result = self.pass(&mut stdout);
        drop(stdout);
        if !matches!(result, Ok(None)) {
            self.jobs.dismiss(self.job);
        }
        // Waits without reaping, so that the number stays taken until nobody will signal it any more.
        let status = wait_unreaped(&child);
        let killed = self.jobs.killed(self.job);
        let (state, last) = match (result, killed) {
            (Ok(Some(reply @ Reply::JobDone { .. })), _) => (JobState::Done, reply),
            (Ok(Some(reply)), None) => (JobState::Failed, reply),
            (_, Some(why)) => (JobState::Cancelled, Reply::Failed(killed_because(why))),
            (Ok(None), None) => (JobState::Failed, Reply::Failed(died(status, self.limits))),
            (Err(e), None) => {
                log::repeated(
                    "job broke the protocol",
                    format_args!("job {} broke the protocol: {e}", self.job),
                );
                let failure =
                    Failure::new(FailureKind::JobDied, "the job's process sent something unreadable");
                (JobState::Failed, Reply::Failed(failure.detail(e)))
            }
        };
        self.jobs.ended(self.job, state);
        let _ = child.wait();
        self.over.store(true, Ordering::SeqCst);
        // If this fails the client is gone, which its reading side notices.
        let _ = wire::send(self.writer, &last, &[]);
    }

    /// Passes frames until the last one, which is returned; `None` when the process closed before.
    fn pass(&self, from: &mut ChildStdout) -> Result<Option<Reply>, String> {
        loop {
            let (reply, payload) = match read_frame::<_, Reply>(from) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                // Killed in the middle of a frame.
                Err(ProtoError::Io(_)) => return Ok(None),
                Err(e) => return Err(e.to_string()),
            };
            match &reply {
                Reply::Progress { phase, done, total } => self.jobs.progress(self.job, phase, *done, *total),
                Reply::Artefact { .. } => {}
                Reply::JobDone { .. } | Reply::Failed(_) => return Ok(Some(reply)),
                _ => return Err("An answer that no job gives.".to_owned()),
            }
            if wire::send(self.writer, &reply, &[&payload]).is_err() {
                self.jobs.kill(self.job, Why::ClientGone);
            }
        }
    }
}

fn wait_unreaped(child: &Child) -> Option<WaitIdStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            other => return other.ok().flatten(),
        }
    }
}

fn killed_because(why: Why) -> Failure {
    match why {
        Why::Asked => Failure::new(FailureKind::Cancelled, "the job was cancelled"),
        Why::ClientGone => Failure::new(FailureKind::Cancelled, "the client of the job went away"),
        Why::Stopping => Failure::new(FailureKind::Cancelled, "the engine stops"),
        Why::ClientBroke => Failure::new(FailureKind::Protocol, "only input may be sent while a job runs"),
    }
}

fn died(status: Option<WaitIdStatus>, limits: JobLimits) -> Failure {
    let failure = Failure::new(FailureKind::JobDied, "the job's process ended without a result");
    let Some(status) = status else { return failure };
    if let Some(code) = status.exit_status() {
        return failure.detail(format!("Its exit status is {code}.")).hint("The server's log may say more.");
    }
    let Some(signal) = status.terminating_signal() else {
        return failure;
    };
    let failure = failure.detail(format!("Signal {signal} ended it."));
    match signal {
        libc::SIGXCPU => failure.hint(format!("Its limit is {} seconds of processor time.", limits.cpu_seconds)),
        libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS if limits.memory_bytes > 0 => failure.hint(format!(
            "It may have needed more memory than its limit of {} bytes. Use fewer rows or a smaller model, or raise altlas.job_memory.",
            limits.memory_bytes
        )),
        libc::SIGKILL => failure.hint("Somebody killed it, or the machine ran out of memory."),
        _ => failure.hint("The server's log may say more."),
    }
}
