//! Notices that a client went away while its request is worked on.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

/// What is called once when the work for a client shall end.
type OnGone = Box<dyn Fn() + Send>;

/// All clients, in one `epoll`: a connection is entered once and costs nothing per request.
pub struct Watch {
    epoll: OwnedFd,
    peers: Mutex<HashMap<u64, Arc<Peer>>>,
    next: AtomicU64,
}

impl Watch {
    /// Watches nobody yet.
    pub fn new() -> std::io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, peers: Mutex::default(), next: AtomicU64::new(0) })
    }

    /// Watches a client's socket until the result is dropped, which must be before the socket is.
    pub fn add<S: AsFd>(&self, socket: S) -> std::io::Result<Watched<'_, S>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let peer = Arc::new(Peer { given_up: AtomicBool::new(false), on_gone: Mutex::new(None) });
        self.peers().insert(id, Arc::clone(&peer));
        let watched = Watched { watch: self, id, socket, peer };
        // Hang-up and error are always reported. One shot: a closed socket would be reported for ever.
        let flags = EventFlags::RDHUP | EventFlags::ONESHOT;
        epoll::add(&self.epoll, &watched.socket, EventData::new_u64(id), flags)?;
        Ok(watched)
    }

    /// Sleeps for events, for ever; `after` is called when somebody left.
    pub fn run(&self, after: impl Fn()) -> Errno {
        let mut events = Vec::with_capacity(64);
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Err(Errno::INTR) => continue,
                Err(e) => return e,
                Ok(_) => {}
            }
            for event in events.drain(..) {
                let peer = self.peers().get(&event.data.u64()).cloned();
                if let Some(peer) = peer {
                    peer.give_up();
                }
            }
            after();
        }
    }

    /// Ends the work for everybody.
    pub fn give_up_all(&self) {
        let peers: Vec<Arc<Peer>> = self.peers().values().cloned().collect();
        for peer in peers {
            peer.give_up();
        }
    }

    /// Whether a request is worked on.
    pub fn busy(&self) -> bool {
        self.peers().values().any(|peer| peer.on_gone().is_some())
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<u64, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that is watched.
pub struct Watched<'a, S: AsFd> {
    watch: &'a Watch,
    id: u64,
    socket: S,
    peer: Arc<Peer>,
}

impl<S: AsFd> Watched<'_, S> {
    /// The client.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl<S: AsFd> Drop for Watched<'_, S> {
    fn drop(&mut self) {
        let _ = epoll::delete(&self.watch.epoll, &self.socket);
        self.watch.peers().remove(&self.id);
    }
}

/// A client, and how to end the work for it.
pub struct Peer {
    given_up: AtomicBool,
    on_gone: Mutex<Option<OnGone>>,
}

impl Peer {
    /// Whether work for this client is in vain.
    pub fn given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// Calls `on_gone` if the client leaves before the result is dropped; at once if it left already.
    pub fn during(&self, on_gone: impl Fn() + Send + 'static) -> During<'_> {
        *self.on_gone() = Some(Box::new(on_gone));
        // In this order, so that either this or `give_up` sees the other.
        if self.given_up() {
            self.call();
        }
        During(self)
    }

    fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
        self.call();
    }

    fn call(&self) {
        if let Some(on_gone) = self.on_gone().as_ref() {
            on_gone();
        }
    }

    fn on_gone(&self) -> MutexGuard<'_, Option<OnGone>> {
        self.on_gone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the time a request is worked on.
pub struct During<'a>(&'a Peer);

impl Drop for During<'_> {
    fn drop(&mut self) {
        *self.0.on_gone() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_client_that_leaves_is_noticed_and_one_that_stays_is_not() {
        let watch: &'static Watch = Box::leak(Box::new(Watch::new().unwrap()));
        thread::spawn(|| watch.run(|| {}));
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (other, _stays) = UnixStream::pair().unwrap();
        let (leaver, stayer) = (watch.add(&ours).unwrap(), watch.add(&other).unwrap());
        let (tell, told) = mpsc::channel();
        let during = leaver.peer().during(move || tell.send(()).unwrap());
        assert!(watch.busy());
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
        drop(theirs);
        told.recv_timeout(Duration::from_secs(5)).unwrap();
        drop(during);
        assert!(leaver.peer().given_up() && !stayer.peer().given_up() && !watch.busy());
        let (tell, told) = mpsc::channel();
        let _during = leaver.peer().during(move || tell.send(()).unwrap());
        told.try_recv().unwrap();
    }
}
