//! One connection per backend to the engine, opened on first use and kept.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use altlas_proto::{EngineStatus, Head, PREFIX, Reply, Request};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::files::SOCKET;
use super::supervisor;
use super::wait::{For, wait};
use crate::error::{Error, Result};
use crate::guc;

/// How often a call that waits for the engine asks for a supervisor again.
const ASK_EVERY: Duration = Duration::from_millis(500);
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
        let head = altlas_proto::encode(request, payload.len())?;
        self.connection.write_all(&head)?;
        self.connection.write_all(payload)
    }

    /// Receives one frame. A [`Reply::Failed`] is a frame like others: [`call`] makes an error of it.
    pub fn receive(&mut self) -> Result<(Reply, Vec<u8>)> {
        let mut prefix = [0; PREFIX];
        self.connection.read_exact(&mut prefix)?;
        let head = Head::decode(prefix)?;
        let mut header = vec![0; head.header as usize];
        self.connection.read_exact(&mut header)?;
        let mut payload = vec![0; head.payload as usize];
        self.connection.read_exact(&mut payload)?;
        Ok((altlas_proto::decode_header(&header)?, payload))
    }

    /// Gives the connection back for the next call. Only after a complete answer.
    pub fn finish(self) {
        IDLE.with(|idle| *idle.borrow_mut() = Some(self.connection));
    }
}

/// Asks one question, having `upload` send the model when the engine lacks it. A connection that breaks is replaced once,
/// waiting for the engine to come back.
pub fn call(
    request: &Request,
    payload: &[u8],
    mut upload: impl FnMut(&mut Exchange, &str) -> Result<()>,
) -> Result<(Reply, Vec<u8>)> {
    let mut attempt = || -> Result<(Reply, Vec<u8>)> {
        let mut exchange = Exchange::open()?;
        exchange.send(request, payload)?;
        let mut answer = exchange.receive()?;
        if let Reply::NeedModel { model } = &answer.0 {
            upload(&mut exchange, model)?;
            match exchange.receive()?.0 {
                Reply::Stored { .. } => {}
                other => {
                    return settle(exchange, (other, Vec::new()))
                        .and_then(|(reply, _)| Err(unexpected(&reply)));
                }
            }
            exchange.send(request, payload)?;
            answer = exchange.receive()?;
        }
        settle(exchange, answer)
    };
    match attempt() {
        Err(Error::EngineLost { .. }) => attempt(),
        other => other,
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

/// The engine's status, if it runs. Starts nothing.
pub fn status() -> Option<EngineStatus> {
    let mut connection = Connection::connect().ok()??;
    connection.greet().ok()?;
    let mut exchange = Exchange { connection };
    exchange.send(&Request::Status, &[]).ok()?;
    match exchange.receive().ok()? {
        (Reply::Status(status), _) => Some(*status),
        _ => None,
    }
}

struct Connection {
    stream: UnixStream,
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
                    return Ok(Some(Self { stream: UnixStream::from(socket) }));
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
        let mut prefix = [0; PREFIX];
        self.read_exact(&mut prefix)?;
        let mut header = vec![0; Head::decode(prefix)?.header as usize];
        self.read_exact(&mut header)?;
        match altlas_proto::decode_header(&header)? {
            Reply::Welcome { .. } => Ok(()),
            Reply::Failed(failure) => Err(failure.into()),
            other => Err(unexpected(&other)),
        }
    }

    /// Whether the peer is still there: an idle connection has nothing to read.
    fn is_alive(&self) -> bool {
        matches!((&self.stream).read(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock)
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == ErrorKind::WouldBlock => wait(For::Writeable(self.stream.as_fd()), -1),
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
                Err(e) if e.kind() == ErrorKind::WouldBlock => wait(For::Readable(self.stream.as_fd()), -1),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    return Err(Error::EngineLost { reason: e.to_string() });
                }
            }
        }
        Ok(())
    }
}
