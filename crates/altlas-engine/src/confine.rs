//! What the process does to itself before it serves: descriptors, signals, limits, and how it dies.
//!
//! The only module of this crate with `unsafe`: each block is one system call on values owned here.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;

use rustix::process::{self, Pid, Resource, Rlimit, Signal};

use crate::EngineError;

/// Closes every descriptor from 3 on. A server process leaves sockets and data files open across `exec`
/// when a library forgot the close-on-exec mark; the engine must not hold them.
///
/// Must be the first thing the program does: nothing else may own a descriptor yet.
pub fn close_inherited_descriptors() -> io::Result<()> {
    // SAFETY: plain integers; no pointer is passed. Called first in `main`, so no descriptor from 3 on is
    // owned by a Rust value.
    let done = unsafe {
        libc::syscall(libc::SYS_close_range, 3 as libc::c_uint, libc::c_uint::MAX, 0 as libc::c_uint)
    };
    if done == 0 {
        return Ok(());
    }
    // Kernels before 5.9 and some sandboxes lack the call. The list is complete before the first close,
    // and includes the descriptor of the listing itself, which is closed by then.
    let listed: Vec<i32> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for fd in listed.into_iter().filter(|fd| *fd >= 3) {
        // SAFETY: as above, nobody owns these descriptors; closing one that is closed already only fails.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Gives every signal its default disposition and lets all through, because a parent's ignored and blocked
/// signals survive `exec`. `SIGPIPE` stays ignored (writes report it), and the handlers of Rust's runtime
/// for `SIGSEGV` and `SIGBUS` (stack overflow messages) stay.
pub fn reset_signals() -> io::Result<()> {
    for signal in 1..=libc::SIGRTMAX() {
        if [libc::SIGKILL, libc::SIGSTOP, libc::SIGPIPE, libc::SIGSEGV, libc::SIGBUS].contains(&signal) {
            continue;
        }
        // SAFETY: sets a disposition, no handler function is involved. Two real-time signals belong to the
        // C library, which refuses them with EINVAL; the result does not matter for those.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    change_mask(libc::SIG_SETMASK, &[])
}

/// Blocks the signals that end the engine, for this thread and all it will start; [`wait_for_stop`] takes them.
pub fn block_stop_signals() -> io::Result<()> {
    change_mask(libc::SIG_BLOCK, &STOP_SIGNALS)
}

/// Sleeps until one of the signals that end the engine arrives.
pub fn wait_for_stop() -> io::Result<i32> {
    let set = signal_set(&STOP_SIGNALS);
    let mut got = 0;
    // SAFETY: both pointers are to live values of the right type.
    match unsafe { libc::sigwait(&raw const set, &raw mut got) } {
        0 => Ok(got),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

const STOP_SIGNALS: [i32; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP];

fn signal_set(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: `sigset_t` is plain bits for which zero is valid; `sigemptyset` then makes it properly empty,
    // and `sigaddset` only writes into it.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        set
    }
}

fn change_mask(how: i32, signals: &[i32]) -> io::Result<()> {
    let set = signal_set(signals);
    // SAFETY: the set is a live value; a null pointer for the old mask is allowed.
    match unsafe { libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// Keeps standard output for the caller alone and sends what anybody prints there to standard error:
/// C++ libraries print, and a job's standard output carries frames.
pub fn take_stdout() -> io::Result<File> {
    let frames = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // SAFETY: plain integers; 1 and 2 stay open, and `frames` owns a copy of the old descriptor 1.
    if unsafe { libc::dup2(2, 1) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(frames)
}

/// Gives memory that was freed back to the system. Reading a model takes several times its size for a moment, which
/// the C library would keep for the next one.
pub fn trim_memory() {
    // SAFETY: no pointers, no preconditions; it locks what it looks at.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Ends the process without running destructors of C++ statics, which would race with threads that still run.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` has no preconditions and does not return.
    unsafe { libc::_exit(status) }
}

/// Asks the kernel for `SIGKILL` when the parent's thread ends, then checks that `parent` still is the
/// parent: it may have ended before the request, and then nothing would be sent.
pub fn die_with_parent(parent: u32) -> Result<(), EngineError> {
    process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|e| EngineError::Setup { what: "ask for a signal at the parent's end", source: e.into() })?;
    let now = process::getppid().map_or(0, Pid::as_raw_pid);
    if u32::try_from(now) == Ok(parent) { Ok(()) } else { Err(EngineError::Orphan { expected: parent, now }) }
}

/// No program started from here on gains rights by its file's set-user-id bit.
pub fn no_new_privileges() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

/// Offers this process to the kernel's out-of-memory killer before any other: 1000 is first, 0 is usual.
pub fn oom_score(score: i32) -> io::Result<()> {
    fs::write("/proc/self/oom_score_adj", score.to_string())
}

/// Lowers the priority of the process.
pub fn be_nice(by: i32) -> io::Result<()> {
    process::nice(by)?;
    Ok(())
}

/// Sets the limits of a job's process; 0 leaves one as it is. A limit below the present hard limit is always allowed.
pub fn limit(memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    if memory_bytes > 0 {
        set_limit(Resource::As, memory_bytes, memory_bytes)?;
    }
    if cpu_seconds > 0 {
        // SIGXCPU at the first limit ends the process; SIGKILL at the second, should something catch the first.
        set_limit(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(1))?;
    }
    Ok(())
}

fn set_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let most = process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let new = Rlimit { current: Some(soft.min(most)), maximum: Some(hard.min(most)) };
    Ok(process::setrlimit(resource, new)?)
}
