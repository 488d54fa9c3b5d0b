use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::confine::OomScore;
use crate::options::Files;

/// Starts the processes of jobs, all from one thread that never ends: the kernel's parent-death signal is
/// sent when the *thread* that started a process ends, and connections' threads come and go.
pub struct Spawner {
    orders: mpsc::Sender<(u32, mpsc::Sender<io::Result<Child>>)>,
}

impl Spawner {
    /// Starts the thread.
    pub fn start(oom_score: OomScore, files: Files) -> io::Result<Self> {
        let (orders, incoming) = mpsc::channel::<(u32, mpsc::Sender<io::Result<Child>>)>();
        thread::Builder::new().name("spawner".into()).spawn(move || {
            for (threads, answer) in incoming {
                // Fails only if the one who asked is gone, and then the child's pipes close with the answer.
                let _ = answer.send(oom_score.of_job(|| spawn(threads, &files)));
            }
        })?;
        Ok(Self { orders })
    }

    /// Starts a job's process with pipes for its input and output. 0 threads leave the number to the job.
    pub fn spawn(&self, threads: u32) -> io::Result<Child> {
        let (answer, answered) = mpsc::channel();
        let gone = || io::Error::other("the thread that starts jobs has ended");
        self.orders.send((threads, answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

fn spawn(threads: u32, files: &Files) -> io::Result<Child> {
    // The link names this program even after an upgrade replaced its file.
    let mut command = Command::new("/proc/self/exe");
    command.args(["job", "--parent", &std::process::id().to_string()]);
    command.arg("--models").arg(&files.models).arg("--runtime").arg(&files.runtime);
    if threads > 0 {
        // Read by OpenMP when a trainer starts it.
        command.env("OMP_NUM_THREADS", threads.to_string());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()
}
