//! Landlock: which files and sockets the process may reach, whatever its user may.
//!
//! A thread is restricted together with the threads and processes it starts afterwards, so this is done while there is
//! one thread. What the kernel's version of Landlock does not know is left out; the version is reported.
//! Reference: the kernel's `Documentation/userspace-api/landlock.rst`.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::io::Errno;

// Rights on files, from `linux/landlock.h`.
const EXECUTE: u64 = 1 << 0;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE_DIR: u64 = 1 << 4;
const REMOVE_FILE: u64 = 1 << 5;
const MAKE_DIR: u64 = 1 << 7;
const MAKE_REG: u64 = 1 << 8;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
/// Those that exist for something that is no directory.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

/// TCP, both to serve and to connect.
const TCP: u64 = 1 << 0 | 1 << 1;
/// Abstract Unix sockets and signals of processes outside.
const SCOPES: u64 = 1 << 0 | 1 << 1;

const RULE_PATH_BENEATH: libc::c_int = 1;
const CREATE_RULESET_VERSION: libc::c_uint = 1;
const RESTRICT_ALL_THREADS: libc::c_uint = 1 << 3;

/// What may be done with files. A place stands for everything beneath it; one that does not exist is left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Files may be read and directories listed.
    pub read: Vec<PathBuf>,
    /// Files may also be made, written and removed.
    pub write: Vec<PathBuf>,
    /// Devices may be read, written and controlled.
    pub devices: Vec<PathBuf>,
    /// Programs may be started.
    pub execute: Vec<PathBuf>,
}

/// `struct landlock_ruleset_attr`.
#[repr(C)]
struct RulesetAttributes {
    fs: u64,
    net: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    access: u64,
    parent: libc::c_int,
}

/// The kernel's version of Landlock. `ENOSYS` and `EOPNOTSUPP` say that it has none, or that it is off.
pub fn version() -> io::Result<u32> {
    // SAFETY: with this flag the call takes no attributes and returns a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<RulesetAttributes>(),
            0usize,
            CREATE_RULESET_VERSION,
        )
    };
    u32::try_from(version).map_err(|_| io::Error::last_os_error())
}

/// Restricts this thread, and all it starts, to what is allowed; says by which version. Once done it cannot be undone, a
/// second call restricts further. The process must have given up new privileges.
pub fn restrict(allowed: &Allowed) -> io::Result<u32> {
    let version = version()?;
    let handled = rights(version);
    let attributes = RulesetAttributes { fs: handled, net: TCP, scoped: SCOPES };
    // Older kernels refuse attributes that they do not know.
    let size = match version {
        0..=3 => size_of::<u64>(),
        4..=5 => 2 * size_of::<u64>(),
        _ => size_of::<RulesetAttributes>(),
    };
    // SAFETY: the attributes live through the call, `size` bytes of them are read.
    let ruleset = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0 as libc::c_uint)
    };
    let ruleset = i32::try_from(ruleset).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: a descriptor that the kernel just made; nobody else has it.
    let ruleset = unsafe { OwnedFd::from_raw_fd(ruleset) };
    let read = READ_FILE | READ_DIR;
    let write = read | WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE | MAKE_DIR | REMOVE_DIR;
    let device = read | WRITE_FILE | IOCTL_DEV;
    for (places, access) in [
        (&allowed.read, read),
        (&allowed.write, write),
        (&allowed.devices, device),
        (&allowed.execute, EXECUTE | READ_FILE),
    ] {
        for place in places {
            allow(&ruleset, place, access & handled)?;
        }
    }
    let flags = if version >= 8 { RESTRICT_ALL_THREADS } else { 0 };
    // SAFETY: plain integers.
    match unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), flags) } {
        0 => Ok(version),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The rights on files that this version knows: all of them are refused where no rule allows them.
fn rights(version: u32) -> u64 {
    let known = match version {
        0..=1 => 13,
        2 => 14,
        3..=4 => 15,
        _ => 16,
    };
    (1 << known) - 1
}

fn allow(ruleset: &OwnedFd, place: &Path, access: u64) -> io::Result<()> {
    let parent = match open(place, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(parent) => parent,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    let directory = fstat(&parent)?.st_mode & libc::S_IFMT == libc::S_IFDIR;
    let access = if directory { access } else { access & OF_FILES };
    let rule = PathBeneath { access, parent: parent.as_raw_fd() };
    // SAFETY: the rule lives through the call, and both descriptors are open.
    let done = unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            ruleset.as_raw_fd(),
            RULE_PATH_BENEATH,
            &raw const rule,
            0 as libc::c_uint,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_knows_what_the_ones_before_it_knew() {
        for version in 0..12 {
            assert_eq!(rights(version) & rights(version + 1), rights(version));
        }
        assert_eq!(rights(1) & (TRUNCATE | IOCTL_DEV), 0);
        assert_eq!(rights(3) & (TRUNCATE | IOCTL_DEV), TRUNCATE);
        assert_eq!(rights(7) & (TRUNCATE | IOCTL_DEV), TRUNCATE | IOCTL_DEV);
    }
}
