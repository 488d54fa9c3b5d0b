//! An engine in a temporary directory, and a client for it.
#![allow(dead_code, reason = "each test program uses a part")]

pub mod model;

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use altlas_engine::Digest;
use altlas_proto::{
    EngineStatus, Failure, FailureKind, JobLimits, JobOwner, Reply, Request, Tensor, VERSION, join,
    read_frame, split, write_frame,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

/// The runtime named by `ALTLAS_ORT_LIB`; without it a test has nothing to test and says so.
pub fn runtime() -> Option<PathBuf> {
    let path = std::env::var_os("ALTLAS_ORT_LIB").map(PathBuf::from);
    if path.is_none() {
        println!("skipped: ALTLAS_ORT_LIB does not name the ONNX Runtime library");
    }
    path
}

/// Waits until something is so; for things that happen soon but not at once.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A data directory with an engine in it. The engine must be started and dropped by one thread: it ends with it.
pub struct Place {
    pub dir: tempfile::TempDir,
    pub options: Vec<String>,
    pub environment: Vec<(&'static str, &'static str)>,
    engine: Option<Child>,
}

impl Place {
    /// A directory without an engine yet; `options` are added to the usual ones.
    pub fn new(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("models")).unwrap();
        let options = options.iter().map(|o| (*o).to_owned()).collect();
        Self { dir, options, environment: Vec::new(), engine: None }
    }

    /// With an engine that runs, without ONNX Runtime.
    pub fn started(options: &[&str]) -> Self {
        let mut place = Self::new(options);
        place.start();
        place
    }

    /// With an engine that runs, with ONNX Runtime; `None` when there is none to test with.
    pub fn with_runtime(options: &[&str]) -> Option<Self> {
        let runtime = runtime()?;
        let mut place = Self::new(options);
        place.options.extend(["--runtime".to_owned(), runtime.to_str().unwrap().to_owned()]);
        place.start();
        Some(place)
    }

    /// The command line of an engine whose parent is process `supervisor`.
    pub fn command(&self, supervisor: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_altlas-engine"));
        command.current_dir(self.dir.path());
        command.args([
            "serve",
            "--directory",
            "pgsql_tmp_altlas",
            "--models",
            "models",
            "--supervisor",
            supervisor,
        ]);
        command.args(&self.options).envs(self.environment.iter().copied());
        if !self.options.iter().any(|o| o == "--runtime") {
            command.args(["--runtime", "no-such-library.so"]);
        }
        command
    }

    pub fn start(&mut self) {
        self.engine = Some(self.command(&std::process::id().to_string()).spawn().unwrap());
        self.wait_until_ready();
    }

    pub fn wait_until_ready(&self) {
        wait_until("the engine is ready", || UnixStream::connect(self.file("engine.sock")).is_ok());
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("pgsql_tmp_altlas").join(name)
    }

    pub fn cached(&self, model: &str) -> PathBuf {
        self.file("cache").join(model)
    }

    pub fn pid(&self) -> u32 {
        self.engine.as_ref().unwrap().id()
    }

    /// Sends the engine a signal.
    pub fn signal(&self, signal: Signal) {
        send_signal(self.pid(), signal);
    }

    /// Waits for the engine's end.
    pub fn ended(&mut self) -> ExitStatus {
        let mut engine = self.engine.take().unwrap();
        let mut status = None;
        wait_until("the engine ends", || {
            status = engine.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    pub fn connect(&self) -> Client {
        let mut client = self.connect_silently();
        let (reply, _) = client.ask(&hello(VERSION, VERSION), &[]);
        assert!(matches!(reply, Reply::Welcome { protocol: VERSION, .. }), "{reply:?}");
        client
    }

    pub fn connect_silently(&self) -> Client {
        let stream = UnixStream::connect(self.file("engine.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Client { stream }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut engine) = self.engine.take() {
            let _ = engine.kill();
            let _ = engine.wait();
        }
    }
}

pub fn hello(oldest: u16, newest: u16) -> Request {
    Request::Hello { oldest, newest, client: "test".into() }
}

pub fn send_signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Whether a process runs; one that is dead and not yet waited for does not.
pub fn alive(pid: u32) -> bool {
    let exists = test_kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap()).is_ok();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    exists && !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

/// One connection.
pub struct Client {
    pub stream: UnixStream,
}

impl Client {
    pub fn send(&mut self, request: &Request, payload: &[u8]) {
        write_frame(&mut self.stream, request, payload).unwrap();
    }

    pub fn receive(&mut self) -> (Reply, Vec<u8>) {
        read_frame(&mut self.stream).unwrap().expect("the engine closed the connection")
    }

    pub fn ask(&mut self, request: &Request, payload: &[u8]) -> (Reply, Vec<u8>) {
        self.send(request, payload);
        self.receive()
    }

    pub fn status(&mut self) -> EngineStatus {
        match self.ask(&Request::Status, &[]).0 {
            Reply::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// The failure that comes next.
    pub fn failure(&mut self) -> Failure {
        match self.receive().0 {
            Reply::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    pub fn refused(&mut self, request: &Request, payload: &[u8]) -> Failure {
        self.send(request, payload);
        self.failure()
    }

    /// Whether the engine closed the connection and sent nothing more.
    pub fn closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(n) => n == 0,
            Err(e) => e.kind() == ErrorKind::ConnectionReset,
        }
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        // The engine may close before it has everything.
        let _ = self.stream.write_all(bytes);
    }

    pub fn upload(&mut self, bytes: &[u8]) -> String {
        let model = Digest::of(bytes).to_string();
        match self.upload_as(&model, bytes) {
            Reply::Stored { model: stored } => assert_eq!(stored, model),
            other => panic!("{other:?}"),
        }
        model
    }

    pub fn upload_as(&mut self, model: &str, bytes: &[u8]) -> Reply {
        self.send(&Request::Upload { model: model.to_owned(), size: bytes.len() as u64 }, &[]);
        for piece in bytes.chunks(4 << 20) {
            self.send(&Request::Chunk, piece);
        }
        self.receive().0
    }

    pub fn run(&mut self, model: &str, inputs: &[Tensor]) -> Result<Vec<Tensor>, Reply> {
        let (specs, payload) = join(inputs);
        let request = Request::Run {
            model: model.to_owned(),
            inputs: specs,
            outputs: vec![],
            providers: vec![],
            of: None,
        };
        match self.ask(&request, &payload) {
            (Reply::Outputs { outputs }, payload) => Ok(split(outputs, &payload).unwrap()),
            (other, _) => Err(other),
        }
    }

    /// Starts a job and gives its number.
    pub fn job(&mut self, kind: &str, spec: Value, limits: JobLimits) -> u64 {
        let owner = JobOwner { database: 1, role: 10, label: "test".into(), number: 0 };
        match self.ask(&Request::Job { kind: kind.into(), spec, owner, limits }, &[]).0 {
            Reply::JobStarted { job } => job,
            other => panic!("{other:?}"),
        }
    }

    /// Reads until the job's end: what it made, and its result.
    pub fn job_end(&mut self) -> (Vec<u8>, Result<Value, Failure>) {
        let mut made = Vec::new();
        loop {
            match self.receive() {
                (Reply::Progress { .. }, _) => {}
                (Reply::Artefact { .. }, payload) => made.extend(payload),
                (Reply::JobDone { result }, _) => return (made, Ok(result)),
                (Reply::Failed(failure), _) => return (made, Err(failure)),
                (other, _) => panic!("{other:?}"),
            }
        }
    }

    /// How a job fails whose input is empty.
    pub fn job_failure(&mut self, kind: &str, spec: Value, limits: JobLimits) -> Failure {
        self.job(kind, spec, limits);
        self.send(&Request::DataEnd, &[]);
        self.job_end().1.expect_err("the job did not fail")
    }

    /// Process id of a running job.
    pub fn job_pid(&mut self, job: u64) -> u32 {
        match self.ask(&Request::Jobs, &[]).0 {
            Reply::Jobs { jobs } => jobs.into_iter().find(|info| info.job == job).unwrap().pid,
            other => panic!("{other:?}"),
        }
    }
}

pub fn kind_of(reply: &Reply) -> FailureKind {
    match reply {
        Reply::Failed(failure) => failure.kind,
        other => panic!("{other:?}"),
    }
}
