//! One connection per backend to the engine, opened on first use and kept.

use std::cell::{OnceCell, RefCell};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use altlas_proto::{EngineStatus, Head, PREFIX, Reply, Request};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::files::SOCKET;
use super::wait::{For, ReadWait, wait};
use super::{quarantine, supervisor};
use crate::error::{Error, Result};
use crate::guc;

/// How often a call that waits for the engine asks for a supervisor again.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Files that one question may need: a model and its tokenizer, each once more where the engine dropped it meanwhile.
const MOST_FILES: usize = 4;
/// How long a call waits for a background worker's slot.
const SLOT_PATIENCE: Duration = Duration::from_secs(3);

thread_local! {
    /// Taken out while in use: a call that unwinds (cancel, timeout) drops it, which tells the engine to stop the work.
    static IDLE: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// A question, its answer, and the connection in between.
pub struct Exchange {
    connection: Connection,
}

impl Exchange {
    /// Takes the idle connection, or opens one, starting the engine when it does not run.
    pub fn open() -> Result<Self> {
        let idle = IDLE.with(|idle| idle.borrow_mut().take());
        let connection = match idle.filter(Connection::is_alive) {
            Some(connection) => connection,
            None => Connection::open()?,
        };
        Ok(Self { connection })
    }

    /// Sends one frame.
    pub fn send(&mut self, request: &Request, payload: &[u8]) -> Result<()> {
        let mut head = altlas_proto::encode(request, payload.len())?;
        if payload.len() <= altlas_proto::SMALL {
            head.extend_from_slice(payload);
            return self.connection.write_all(&head);
        }
        self.connection.write_all(&head)?;
        self.connection.write_all(payload)
    }

    /// Receives one frame. A [`Reply::Failed`] is a frame like others: [`call`] makes an error of it.
    pub fn receive(&mut self) -> Result<(Reply, Vec<u8>)> {
        self.connection.receive()
    }

    /// Gives the connection back for the next call. Only after a complete answer.
    pub fn finish(self) {
        IDLE.with(|idle| *idle.borrow_mut() = Some(self.connection));
    }
}

/// Asks one question, having `upload` send the files that the engine lacks. A connection that breaks is replaced once,
/// waiting for the engine to come back.
pub fn call(
    request: &Request,
    payload: &[u8],
    mut upload: impl FnMut(&mut Exchange, &str) -> Result<()>,
) -> Result<(Reply, Vec<u8>)> {
    let mut attempt = || answer(ask(request, payload)?, request, payload, &mut upload);
    match attempt() {
        Err(Error::EngineLost { .. }) => attempt().map_err(|e| quarantine::explain(e, request)),
        other => other,
    }
}

fn ask(request: &Request, payload: &[u8]) -> Result<Exchange> {
    let mut exchange = Exchange::open()?;
    exchange.send(request, payload)?;
    Ok(exchange)
}

/// Waits for the answer, uploading what the engine asks for.
fn answer(
    mut exchange: Exchange,
    request: &Request,
    payload: &[u8],
    upload: &mut impl FnMut(&mut Exchange, &str) -> Result<()>,
) -> Result<(Reply, Vec<u8>)> {
    let mut answer = exchange.receive()?;
    for _ in 0..MOST_FILES {
        let Reply::NeedModel { model } = &answer.0 else { break };
        upload(&mut exchange, model)?;
        match exchange.receive()?.0 {
            Reply::Stored { .. } => {}
            other => {
                return settle(exchange, (other, Vec::new())).and_then(|(reply, _)| Err(unexpected(&reply)));
            }
        }
        exchange.send(request, payload)?;
        answer = exchange.receive()?;
    }
    settle(exchange, answer)
}

/// A question on its way. While the engine works on it, this backend can prepare and ask another one, on a connection
/// of its own.
pub struct Pending {
    /// `None` when the question could not be sent yet.
    exchange: Option<Exchange>,
    request: Request,
    payload: Vec<u8>,
}

impl Pending {
    /// Asks.
    pub fn ask(request: Request, payload: Vec<u8>) -> Result<Self> {
        let exchange = match ask(&request, &payload) {
            Ok(exchange) => Some(exchange),
            // It is being restarted, or has no connection to spare.
            Err(Error::EngineLost { .. } | Error::EngineBusy { .. }) => None,
            Err(other) => return Err(other),
        };
        Ok(Self { exchange, request, payload })
    }

    /// Waits for the answer, as [`call`] does.
    pub fn answer(
        self,
        mut upload: impl FnMut(&mut Exchange, &str) -> Result<()>,
    ) -> Result<(Reply, Vec<u8>)> {
        let Self { exchange, request, payload } = self;
        match exchange.map(|exchange| answer(exchange, &request, &payload, &mut upload)) {
            None | Some(Err(Error::EngineLost { .. })) => call(&request, &payload, upload),
            Some(other) => other,
        }
    }
}

/// Keeps the connection after a complete answer, and turns a failure into its error.
fn settle(exchange: Exchange, answer: (Reply, Vec<u8>)) -> Result<(Reply, Vec<u8>)> {
    exchange.finish();
    match answer {
        (Reply::Failed(failure), _) => Err(failure.into()),
        answer => Ok(answer),
    }
}

/// An answer that the protocol does not foresee here.
pub fn unexpected(reply: &Reply) -> Error {
    Error::Internal { message: format!("the engine gave an unexpected answer: {reply:?}") }
}

/// How long an engine may take to say how it is.
const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// The engine's status, if it runs. Starts nothing.
pub fn status() -> Option<EngineStatus> {
    match ask_running(&Request::Status, STATUS_PATIENCE)? {
        (Reply::Status(status), _) => Some(*status),
        _ => None,
    }
}

/// The answer to one question, if the engine runs and answers in time. Starts nothing.
pub fn ask_running(request: &Request, patience: Duration) -> Option<(Reply, Vec<u8>)> {
    let mut connection = Connection::connect().ok()??;
    connection.deadline = Some(Instant::now() + patience);
    connection.greet().ok()?;
    let mut exchange = Exchange { connection };
    exchange.send(request, &[]).ok()?;
    exchange.receive().ok()
}

struct Connection {
    // Dropped before the socket that it waits for.
    readable: OnceCell<ReadWait>,
    /// A small answer is read with one system call; what is longer than the buffer goes to its place.
    stream: BufReader<UnixStream>,
    /// When to stop waiting for the engine; only for questions whose answer is ready.
    deadline: Option<Instant>,
}

impl Connection {
    /// Connects, asking for the engine to be started and waiting for it when nobody listens.
    fn open() -> Result<Self> {
        let timeout = Duration::from_millis(guc::engine_start_timeout_ms());
        let begun = Instant::now();
        let mut ask_at = begun;
        loop {
            if let Some(mut connection) = Self::connect()? {
                match connection.greet() {
                    Ok(()) => return Ok(connection),
                    // It died between listening and answering: the supervisor starts it again.
                    Err(Error::EngineLost { .. }) => {}
                    Err(other) => return Err(other),
                }
            }
            let now = Instant::now();
            if now >= ask_at {
                supervisor::check_installed()?;
                match supervisor::ensure_running() {
                    // Many first calls at once take all slots for a moment, for supervisors that find one running.
                    Err(Error::NoWorkerSlot { .. }) if now < begun + SLOT_PATIENCE.min(timeout) => {}
                    other => other?,
                }
                ask_at = now + ASK_EVERY;
            }
            if now >= begun + timeout {
                let reason = supervisor::last_failure()
                    .unwrap_or_else(|| format!("It did not answer within {} ms.", timeout.as_millis()));
                return Err(Error::EngineUnavailable {
                    reason: reason.trim_end().to_owned(),
                    hint: "The server log says more; altlas.engine_status() shows its state.".into(),
                });
            }
            wait(For::Nothing, 20);
        }
    }

    /// `None` when nobody listens. Never blocks: a full backlog is waited for on the latch.
    fn connect() -> Result<Option<Self>> {
        let lost = |e: rustix::io::Errno| Error::EngineLost { reason: e.to_string() };
        let address = SocketAddrUnix::new(SOCKET).map_err(lost)?;
        for _ in 0..500 {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
                .map_err(lost)?;
            match rustix::net::connect(&socket, &address) {
                Ok(()) => {
                    let stream = BufReader::new(UnixStream::from(socket));
                    return Ok(Some(Self { readable: OnceCell::new(), stream, deadline: None }));
                }
                Err(rustix::io::Errno::AGAIN) => wait(For::Nothing, 10),
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::CONNREFUSED) => return Ok(None),
                Err(e) => return Err(lost(e)),
            }
        }
        Ok(None)
    }

    fn greet(&mut self) -> Result<()> {
        let hello = Request::Hello {
            oldest: altlas_proto::OLDEST,
            newest: altlas_proto::VERSION,
            client: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let head = altlas_proto::encode(&hello, 0)?;
        self.write_all(&head)?;
        match self.receive()?.0 {
            Reply::Welcome { .. } => Ok(()),
            Reply::Failed(failure) => Err(failure.into()),
            other => Err(unexpected(&other)),
        }
    }

    fn receive(&mut self) -> Result<(Reply, Vec<u8>)> {
        let mut prefix = [0; PREFIX];
        self.read_exact(&mut prefix)?;
        let head = Head::decode(prefix)?;
        let mut header = vec![0; head.header as usize];
        self.read_exact(&mut header)?;
        let mut payload = vec![0; head.payload as usize];
        self.read_exact(&mut payload)?;
        Ok((altlas_proto::decode_header(&header)?, payload))
    }

    /// Whether the peer is still there: an idle connection has nothing to read.
    fn is_alive(&self) -> bool {
        self.stream.buffer().is_empty()
            && matches!(self.stream.get_ref().read(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock)
    }

    fn wait(&self, what: For<'_>) -> Result<()> {
        let Some(deadline) = self.deadline else {
            match what {
                For::Readable(socket) => self.readable.get_or_init(|| ReadWait::new(socket)).wait(),
                other => wait(other, -1),
            }
            return Ok(());
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::EngineLost { reason: "It does not answer.".into() });
        }
        // Rounded up: a wait of 0 ms would be no wait.
        wait(what, left.as_millis() as i64 + 1);
        Ok(())
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.stream.get_ref().write(bytes) {
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.wait(For::Writeable(self.stream.get_ref().as_fd()))?;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    return Err(Error::EngineLost { reason: e.to_string() });
                }
            }
        }
        Ok(())
    }

    fn read_exact(&mut self, mut into: &mut [u8]) -> Result<()> {
        while !into.is_empty() {
            match self.stream.read(into) {
                Ok(0) => {
                    return Err(Error::EngineLost { reason: "It closed the connection.".into() });
                }
                Ok(n) => into = into.get_mut(n..).unwrap_or_default(),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.wait(For::Readable(self.stream.get_ref().as_fd()))?;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    return Err(Error::EngineLost { reason: e.to_string() });
                }
            }
        }
        Ok(())
    }
}
