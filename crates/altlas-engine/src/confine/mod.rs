//! What the process does to itself before it serves: descriptors, signals, limits, how it dies, and what it may reach.
//!
//! The only module of this crate with `unsafe`: each block is one system call on values owned here.
#![allow(unsafe_code)]

mod landlock;
mod places;
#[cfg(feature = "test-jobs")]
pub mod probe;
mod seccomp;
mod shared;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use rustix::process::{self, Pid, Resource, Rlimit, Signal};

pub use self::places::OWN;
pub use self::shared::SharedWords;
use crate::options::{Files, ServeOptions};
use crate::{EngineError, log};

/// What is in force, and why the rest is not.
#[derive(Debug, Default)]
pub struct Report {
    /// Names for `engine_status()`.
    pub in_force: Vec<String>,
    /// For people.
    pub notes: Vec<String>,
}

impl Report {
    /// Enters a step that makes the engine safer to run and is not worth refusing service for.
    fn enter(&mut self, name: impl Into<String>, result: io::Result<()>) -> bool {
        let name = name.into();
        match &result {
            Ok(()) => self.in_force.push(name),
            Err(e) if unknown_to_kernel(e) => {
                self.notes.push(format!("{name} is not in force: this kernel does not offer it ({e})."));
            }
            Err(e) => self.notes.push(format!("{name} was refused: {e}.")),
        }
        result.is_ok()
    }

    fn landlock(&mut self, result: io::Result<u32>) {
        let name =
            result.as_ref().map_or("landlock".to_owned(), |version| format!("landlock (ABI {version})"));
        self.enter(name, result.map(drop));
    }
}

/// The kernel has no such thing, or it was switched off when the machine started.
fn unknown_to_kernel(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::Unsupported
        || [libc::ENOSYS, libc::EOPNOTSUPP].map(Some).contains(&e.raw_os_error())
}

/// First steps of the engine: it gains no rights, and is killed before any backend when memory is short.
pub fn begin(report: &mut Report) -> OomScore {
    report.in_force.push("parent_death_signal".to_owned());
    report.enter("no_new_privs", no_new_privileges());
    let score = OomScore::open();
    report.enter(format!("oom_score_adj={OF_ENGINE}"), score.set(OF_ENGINE));
    score
}

/// Restricts the engine to its files. It is the only thread so far: the runtime's threads and jobs come after, and
/// what a thread was refused is refused to all that it starts.
pub fn files(options: &ServeOptions, report: &mut Report) {
    let gpu = wants_gpu(&options.providers);
    if gpu {
        let path = std::path::absolute(options.directory.join(places::JIT));
        // SAFETY: there is one thread.
        let _ = path.map(|path| unsafe { std::env::set_var("CUDA_CACHE_PATH", path) });
    }
    report.landlock(landlock::restrict(&places::of_engine(options, gpu)));
}

/// Restricts all threads of the engine to the system calls that they need, now that the runtime and its `providers` are
/// loaded. Without a GPU what was open for one is closed.
pub fn calls(options: &ServeOptions, providers: &[String], report: &mut Report) {
    let gpu = wants_gpu(providers);
    if !gpu && wants_gpu(&options.providers) {
        let _ = landlock::restrict(&places::of_engine(options, false));
    }
    let profile = if gpu { seccomp::Profile::Device } else { seccomp::Profile::Processor };
    if report.enter("seccomp", seccomp::restrict(profile)) && gpu {
        report.in_force.push("gpu_profile".to_owned());
    }
}

/// Restricts a job, beyond what holds for the engine that started it.
pub fn job(files: &Files) {
    let steps = [
        ("landlock", landlock::restrict(&places::of_job(files)).map(drop)),
        ("seccomp", seccomp::restrict(seccomp::Profile::Job)),
    ];
    for (name, result) in steps {
        match result {
            // The engine's status says so already.
            Err(e) if unknown_to_kernel(&e) => {}
            Err(e) => log::event(format_args!("a job goes on without {name}: {e}")),
            Ok(()) => {}
        }
    }
}

/// Providers after `cpu` are never used.
fn wants_gpu(providers: &[String]) -> bool {
    providers.first().is_some_and(|first| !first.trim().eq_ignore_ascii_case("cpu"))
}

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

/// Keeps the signal that says to end with the best so far back, in this thread and all it will start; [`is_to_finish`] finds it.
pub fn hold_finish_signal() -> io::Result<()> {
    change_mask(libc::SIG_BLOCK, &[FINISH_SIGNAL])
}

/// Whether that signal has come.
pub fn is_to_finish() -> bool {
    let mut pending = signal_set(&[]);
    // SAFETY: both pointers are to a live set.
    unsafe {
        libc::sigpending(&raw mut pending) == 0 && libc::sigismember(&raw const pending, FINISH_SIGNAL) == 1
    }
}

const FINISH_SIGNAL: i32 = libc::SIGUSR1;
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
fn no_new_privileges() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

/// The engine's place in the kernel's choice of whom to kill when memory is short: 1000 is first, 0 is usual.
const OF_ENGINE: u32 = 900;
/// The same for jobs.
const OF_JOB: u32 = 1000;

/// Sets that place. Kept open, because the confined engine may not open it any more, and a job neither.
pub struct OomScore(io::Result<File>);

impl OomScore {
    fn open() -> Self {
        Self(fs::OpenOptions::new().write(true).open("/proc/self/oom_score_adj"))
    }

    fn set(&self, score: u32) -> io::Result<()> {
        match &self.0 {
            Ok(file) => (&*file).write_all(score.to_string().as_bytes()),
            Err(e) => Err(e.kind().into()),
        }
    }

    /// What `work` starts has a job's place. For that moment the engine has it too; it may always go back.
    pub fn of_job<T>(&self, work: impl FnOnce() -> T) -> T {
        if let Err(e) = self.set(OF_JOB) {
            log::repeated("oom_score_adj", format_args!("a job goes on without its oom_score_adj: {e}"));
        }
        let done = work();
        let _ = self.set(OF_ENGINE);
        done
    }
}

/// Lowers the priority of the process.
pub fn be_nice(by: i32) -> io::Result<()> {
    process::nice(by)?;
    Ok(())
}

/// The most memory that the process has had in use so far, in bytes.
pub fn peak_memory() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the kernel fills the structure, which is read only when it says that it did.
    let usage = unsafe {
        match libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) {
            0 => usage.assume_init(),
            _ => return None,
        }
    };
    // Linux counts in KiB.
    u64::try_from(usage.ru_maxrss).ok()?.checked_mul(1024)
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
