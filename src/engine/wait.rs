//! Waiting that cancel, `statement_timeout` and the server's end interrupt.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use pgrx::pg_sys;

/// What to wait for besides the latch.
#[derive(Clone, Copy)]
pub enum For<'a> {
    /// The socket can be read.
    Readable(BorrowedFd<'a>),
    /// The socket can be written.
    Writeable(BorrowedFd<'a>),
    /// Nothing: only the time.
    Nothing,
}

/// Waits for a while and handles interrupts, which may unwind.
pub fn pause(duration: Duration) {
    let end = Instant::now() + duration;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        wait(For::Nothing, i64::try_from(left.as_millis()).unwrap_or(i64::MAX).max(1));
    }
}

/// Waits at most `timeout_ms` (no limit when negative) and handles interrupts, which may unwind.
pub fn wait(what: For<'_>, timeout_ms: i64) {
    let (event, fd) = match what {
        For::Readable(fd) => (pg_sys::WL_SOCKET_READABLE, fd.as_raw_fd()),
        For::Writeable(fd) => (pg_sys::WL_SOCKET_WRITEABLE, fd.as_raw_fd()),
        For::Nothing => (0, pg_sys::PGINVALID_SOCKET),
    };
    let timeout = if timeout_ms < 0 { 0 } else { pg_sys::WL_TIMEOUT };
    let wake = (event | timeout | pg_sys::WL_LATCH_SET | pg_sys::WL_EXIT_ON_PM_DEATH) as i32;
    // SAFETY: `MyLatch` is this process's own latch, valid for its whole life; the descriptor is borrowed for the call.
    unsafe {
        let got =
            pg_sys::WaitLatchOrSocket(pg_sys::MyLatch, wake, fd, timeout_ms as _, pg_sys::PG_WAIT_EXTENSION);
        if got as u32 & pg_sys::WL_LATCH_SET != 0 {
            pg_sys::ResetLatch(pg_sys::MyLatch);
        }
    }
    pgrx::check_for_interrupts!();
}

/// Waits until one socket can be read, again and again. The kernel's side is set up once: setting it up for each wait takes
/// as long as a small model's run.
pub struct ReadWait(*mut pg_sys::WaitEventSet);

impl ReadWait {
    /// For a socket that stays open as long as the result lives.
    pub fn new(socket: BorrowedFd<'_>) -> Self {
        // SAFETY: the set lives until it is dropped, in memory of the process's lifetime; `MyLatch` is this process's own latch.
        unsafe {
            #[cfg(any(feature = "pg14", feature = "pg15", feature = "pg16"))]
            let owner = pg_sys::TopMemoryContext;
            #[cfg(not(any(feature = "pg14", feature = "pg15", feature = "pg16")))]
            let owner = std::ptr::null_mut();
            let set = pg_sys::CreateWaitEventSet(owner, 3);
            let add = |event, fd, latch| {
                pg_sys::AddWaitEventToSet(set, event, fd, latch, std::ptr::null_mut());
            };
            add(pg_sys::WL_LATCH_SET, pg_sys::PGINVALID_SOCKET, pg_sys::MyLatch);
            add(pg_sys::WL_EXIT_ON_PM_DEATH, pg_sys::PGINVALID_SOCKET, std::ptr::null_mut());
            add(pg_sys::WL_SOCKET_READABLE, socket.as_raw_fd(), std::ptr::null_mut());
            Self(set)
        }
    }

    /// Waits, and handles interrupts, which may unwind.
    pub fn wait(&self) {
        // SAFETY: room for one event.
        unsafe {
            let mut event = pg_sys::WaitEvent::default();
            let got = pg_sys::WaitEventSetWait(self.0, -1, &mut event, 1, pg_sys::PG_WAIT_EXTENSION);
            if got > 0 && event.events & pg_sys::WL_LATCH_SET != 0 {
                pg_sys::ResetLatch(pg_sys::MyLatch);
            }
        }
        pgrx::check_for_interrupts!();
    }
}

impl Drop for ReadWait {
    fn drop(&mut self) {
        // SAFETY: nobody uses the set any more. A process that ends leaves it to the kernel: PostgreSQL's own memory may be gone.
        unsafe {
            if !pg_sys::proc_exit_inprogress {
                pg_sys::FreeWaitEventSet(self.0);
            }
        }
    }
}
