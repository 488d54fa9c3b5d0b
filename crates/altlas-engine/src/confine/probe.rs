//! Attempts to break out, for the tests. Only in builds with the feature `test-jobs`, which no release has.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::process::Command;

/// Set in the environment of an engine whose status shall tell what a connection's thread may do.
const ASKED: &str = "ALTLAS_TEST_PROBE";

/// The answers, when they are asked for.
pub fn asked_for() -> Option<String> {
    std::env::var_os(ASKED).map(|_| format!("probe {}", serde_json::Value::from_iter(attempts())))
}

/// What was tried, and which error it met: 0 for none.
pub fn attempts() -> Vec<(String, i32)> {
    let own = "pgsql_tmp_altlas";
    let socket = |family| call(libc::SYS_socket, [family as usize, libc::SOCK_STREAM as usize, 0]);
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_pid() as usize);
    let path = |text: &str| CString::new(text).unwrap_or_default();
    let lock = path(&format!("{own}/engine.lock"));
    let attempts = [
        ("read /etc/passwd", code(fs::read("/etc/passwd"))),
        ("read the working directory", code(fs::read_dir("."))),
        ("read a file in it", code(fs::read("secret"))),
        ("write a file in it", code(fs::write("written", "x"))),
        ("write beside the cache", code(fs::write(format!("{own}/written"), "x"))),
        ("remove a lock", code(fs::remove_file(format!("{own}/supervisor.lock")))),
        ("truncate by name", call(libc::SYS_truncate, [lock.as_ptr() as usize, 0, 0])),
        ("change a mode", call(libc::SYS_fchmodat, [libc::AT_FDCWD as usize, lock.as_ptr() as usize, 0o777])),
        ("write in the cache", code(fs::write(format!("{own}/cache/written"), "x"))),
        ("read a system library's folder", code(fs::read_dir("/usr/lib"))),
        ("read another process", code(fs::read(format!("/proc/{parent}/status")))),
        ("write own settings", code(File::options().write(true).open("/proc/self/oom_score_adj"))),
        ("socket AF_INET", socket(libc::AF_INET)),
        ("socket AF_INET6", socket(libc::AF_INET6)),
        ("socket AF_NETLINK", socket(libc::AF_NETLINK)),
        ("socket AF_UNIX", socket(libc::AF_UNIX)),
        ("start a program", code(Command::new("/bin/sh").arg("-c").arg("true").status())),
        ("signal the parent", call(libc::SYS_kill, [parent, 0, 0])),
        ("limit the parent", call(libc::SYS_prlimit64, [parent, libc::RLIMIT_CORE as usize, 0])),
        ("ptrace", call(libc::SYS_ptrace, [libc::PTRACE_ATTACH as usize, parent, 0])),
        ("unshare", call(libc::SYS_unshare, [libc::CLONE_NEWUSER as usize, 0, 0])),
        ("io_uring", call(libc::SYS_io_uring_setup, [1, 0, 0])),
        ("bpf", call(libc::SYS_bpf, [0, 0, 0])),
        ("thread", code(std::thread::Builder::new().spawn(|| {}))),
    ];
    attempts.map(|(what, code)| (what.to_owned(), code)).into()
}

/// Asks the kernel through the door for 32-bit programs.
#[cfg(target_arch = "x86_64")]
pub fn foreign_call() -> i32 {
    let answer: i32;
    // SAFETY: the number is `getpid`'s there, which takes nothing and changes only its result.
    unsafe { std::arch::asm!("int 0x80", inlateout("eax") 20 => answer) };
    answer
}

fn code<T>(result: io::Result<T>) -> i32 {
    result.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |_| 0)
}

fn call(number: libc::c_long, [a, b, c]: [usize; 3]) -> i32 {
    // SAFETY: as far as these calls take pointers, they are to strings that live through the call, or null, which they
    // refuse. None changes memory.
    let done = unsafe { libc::syscall(number, a, b, c, 0usize, 0usize) };
    if done >= 0 { 0 } else { io::Error::last_os_error().raw_os_error().unwrap_or(-1) }
}
