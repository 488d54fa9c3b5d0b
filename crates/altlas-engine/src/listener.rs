//! The socket: made so that only its owner reaches it, and only one engine at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{self, AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, socket_with};
use rustix::process::geteuid;

use crate::{Engine, EngineError, connection, log};

/// How long an engine that is about to die may keep the lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// Clients beyond the limit that are told so; more than these are just closed.
const TURNED_AWAY: usize = 16;
/// Clients that may wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// Makes the directory, with access for its owner only, if it is not there; refuses one that is a link or
/// somebody else's.
pub fn prepare(directory: &Path) -> Result<(), EngineError> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(EngineError::file(directory)(e)),
        _ => {}
    }
    let data = fs::symlink_metadata(directory).map_err(EngineError::file(directory))?;
    if !data.is_dir() || data.uid() != geteuid().as_raw() {
        let e = std::io::Error::new(ErrorKind::PermissionDenied, "not a directory of the server's user");
        return Err(EngineError::file(directory)(e));
    }
    if data.mode() & 0o077 != 0 {
        fs::set_permissions(directory, Permissions::from_mode(0o700))
            .map_err(EngineError::file(directory))?;
    }
    Ok(())
}

/// Becomes the only engine of the directory, as long as the result lives.
pub fn lock(directory: &Path) -> Result<File, EngineError> {
    let path = directory.join("engine.lock");
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = open.map_err(EngineError::file(&path))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            Err(Errno::WOULDBLOCK) => return Err(EngineError::Locked { path }),
            Err(Errno::INTR) => {}
            Err(e) => return Err(EngineError::file(&path)(e.into())),
        }
    }
}

/// Makes the socket, in place of one that a dead engine left. Nobody can connect before [`open`], which touches no file:
/// the engine is confined in between. The caller holds the lock.
pub fn bind(directory: &Path) -> Result<UnixListener, EngineError> {
    let path = directory.join("engine.sock");
    let new = directory.join("engine.sock.new");
    let bound = (|| {
        match fs::remove_file(&new) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        net::bind(&socket, &SocketAddrUnix::new(&new)?)?;
        fs::set_permissions(&new, Permissions::from_mode(0o600))?;
        fs::rename(&new, &path)?;
        Ok(UnixListener::from(socket))
    })();
    bound.map_err(EngineError::file(path))
}

/// Lets clients connect.
pub fn open(socket: &UnixListener) -> Result<(), EngineError> {
    net::listen(socket, BACKLOG).map_err(|e| EngineError::setup("listen")(e.into()))
}

/// Lets nobody connect any more: clients see that nobody listens.
pub fn close(socket: &UnixListener) {
    // Fails only for sockets that do not listen.
    let _ = net::shutdown(socket, Shutdown::Both);
}

/// Accepts clients, until the engine stops.
pub fn accept(engine: &Arc<Engine>, listener: &UnixListener) {
    for client in listener.incoming() {
        match client {
            _ if engine.stopping() => return,
            Ok(stream) => admit(engine, stream),
            Err(e) => {
                log::repeated("accept", format_args!("cannot accept a client: {e}"));
                // Out of descriptors, most likely: the condition lasts, and must not be spun on.
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

fn admit(engine: &Arc<Engine>, stream: UnixStream) {
    let own = geteuid();
    match socket_peercred(&stream) {
        Ok(peer) if peer.uid == own => {}
        Ok(peer) => {
            let user = peer.uid.as_raw();
            return log::repeated("peer", format_args!("a client of user {user} was refused"));
        }
        Err(e) => {
            return log::repeated("peer", format_args!("a client without credentials was refused: {e}"));
        }
    }
    let open = engine.connections.fetch_add(1, Ordering::SeqCst) + 1;
    let place = Place(Arc::clone(engine));
    let most = engine.options.max_connections;
    if open > most.saturating_add(TURNED_AWAY) {
        return log::repeated("connections", "too many connections; a client was closed");
    }
    let full = open > most;
    let thread = thread::Builder::new().name("client".into());
    // On failure the closure is dropped, and with it the place and the client's socket.
    if let Err(e) = thread.spawn(move || connection::serve(&place.0, stream, full)) {
        log::repeated("thread", format_args!("cannot start a thread for a client: {e}"));
    }
}

/// Counts a connection.
struct Place(Arc<Engine>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}
