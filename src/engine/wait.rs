//! Waiting that cancel, `statement_timeout` and the server's end interrupt.

use std::os::fd::{AsRawFd, BorrowedFd};

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
