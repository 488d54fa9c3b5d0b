//! seccomp: system calls that neither the engine nor its jobs ever make are refused.
//!
//! Landlock decides about files; this is about the rest: sockets, other processes, the kernel's own doors. What is not
//! listed is allowed, for the runtime and its drivers are not ours.

use std::io;

use libc::{c_long, sock_filter};

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

/// Calls of the x32 interface have this bit set.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// Flags of `clone` that make new namespaces.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
/// The low half of the first argument, on little-endian machines.
const FIRST: u32 = 16;

/// Who is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The engine on the processor: no sockets but those that it has.
    Processor,
    /// The engine with a GPU, whose driver may make Unix sockets: no others.
    Device,
    /// A job: like the engine, and it starts no processes.
    Job,
}

/// Refused to all, with EPERM.
const REFUSED: &[c_long] = &[
    // New sockets to somewhere. A Unix socket of the database would let in whoever has the server's user.
    libc::SYS_connect,
    libc::SYS_bind,
    // Other processes, and what they share.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    // Owner, mode and attributes of files, and their length by name: Landlock leaves these out, or did once.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_truncate,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // File systems and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_fanotify_init,
    // The kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

/// Those that only this architecture has.
#[cfg(target_arch = "x86_64")]
const OF_ARCHITECTURE: &[c_long] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_modify_ldt,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_uselib,
];
#[cfg(not(target_arch = "x86_64"))]
const OF_ARCHITECTURE: &[c_long] = &[];

/// Sets the filter for all threads of the process, which must have given up new privileges. Once done it cannot be undone;
/// filters add up.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub fn restrict(profile: Profile) -> io::Result<()> {
    let mut filter = filter(profile);
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program and the instructions it points to live through the call, which copies them.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_TSYNC,
            &raw const program,
        )
    };
    match done {
        0 => Ok(()),
        // Otherwise the number of a thread that has another filter.
        thread if thread > 0 => Err(io::Error::other(format!("thread {thread} cannot be confined"))),
        _ => Err(io::Error::last_os_error()),
    }
}

/// No filter is written for this architecture.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn restrict(_: Profile) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The filter, in the kernel's virtual machine: load a number, compare, answer.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn filter(profile: Profile) -> Vec<sock_filter> {
    let mut code = Code(Vec::new());
    code.load(ARCH);
    code.push(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, ARCHITECTURE, 1, 0);
    code.answer(libc::SECCOMP_RET_KILL_PROCESS);
    code.load(NUMBER);
    // Another interface to the kernel has other numbers: whoever uses it wants to get round this list.
    #[cfg(target_arch = "x86_64")]
    {
        code.push(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, X32, 0, 1);
        code.answer(libc::SECCOMP_RET_KILL_PROCESS);
    }
    for call in REFUSED.iter().chain(OF_ARCHITECTURE) {
        code.if_call(*call, refuse(libc::EPERM));
    }
    match profile {
        Profile::Processor | Profile::Job => {
            code.if_call(libc::SYS_socket, refuse(libc::EACCES));
            code.if_call(libc::SYS_socketpair, refuse(libc::EACCES));
        }
        Profile::Device => {
            for call in [libc::SYS_socket, libc::SYS_socketpair] {
                code.if_first(call, Is::Not(libc::AF_UNIX as u32), refuse(libc::EACCES));
            }
        }
    }
    if profile == Profile::Job {
        code.if_call(libc::SYS_execve, refuse(libc::EPERM));
        code.if_call(libc::SYS_execveat, refuse(libc::EPERM));
        #[cfg(target_arch = "x86_64")]
        for call in [libc::SYS_fork, libc::SYS_vfork] {
            code.if_call(call, refuse(libc::EPERM));
        }
        code.if_first(libc::SYS_clone, Is::Without(libc::CLONE_THREAD as u32), refuse(libc::EPERM));
    }
    code.if_first(libc::SYS_clone, Is::WithAny(NAMESPACES as u32), refuse(libc::EPERM));
    // Its flags are behind a pointer; told that it does not exist, the C library uses `clone`.
    code.if_call(libc::SYS_clone3, refuse(libc::ENOSYS));
    // Limits of this process only.
    code.if_first(libc::SYS_prlimit64, Is::Not(0), refuse(libc::EPERM));
    code.answer(libc::SECCOMP_RET_ALLOW);
    code.0
}

fn refuse(errno: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | (errno as u32 & libc::SECCOMP_RET_DATA)
}

/// Instructions; each helper leaves the call's number loaded.
struct Code(Vec<sock_filter>);

impl Code {
    fn push(&mut self, code: u32, k: u32, jt: u8, jf: u8) {
        self.0.push(sock_filter { code: code as u16, jt, jf, k });
    }

    fn load(&mut self, offset: u32) {
        self.push(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0);
    }

    fn answer(&mut self, answer: u32) {
        self.push(libc::BPF_RET | libc::BPF_K, answer, 0, 0);
    }

    fn if_call(&mut self, call: c_long, answer: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32, 0, 1);
        self.answer(answer);
    }

    /// Answers when the first argument is so.
    fn if_first(&mut self, call: c_long, is: Is, answer: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32, 0, 4);
        self.load(FIRST);
        let (test, k, jt, jf) = match is {
            Is::Not(value) => (libc::BPF_JEQ, value, 1, 0),
            Is::Without(bit) => (libc::BPF_JSET, bit, 1, 0),
            Is::WithAny(bits) => (libc::BPF_JSET, bits, 0, 1),
        };
        self.push(libc::BPF_JMP | test | libc::BPF_K, k, jt, jf);
        self.answer(answer);
        self.load(NUMBER);
    }
}

/// A question about an argument.
enum Is {
    Not(u32),
    Without(u32),
    WithAny(u32),
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// What the kernel's virtual machine answers to a call.
    #[allow(clippy::indexing_slicing, clippy::panic, reason = "a test may")]
    fn answer(filter: &[sock_filter], arch: u32, call: c_long, first: u32) -> u32 {
        let (mut at, mut loaded) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = filter[at];
            at += 1;
            let code = u32::from(code);
            let jump = |yes: bool| usize::from(if yes { jt } else { jf });
            if code == libc::BPF_RET {
                return k;
            } else if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS {
                loaded = match k {
                    NUMBER => call as u32,
                    ARCH => arch,
                    FIRST => first,
                    _ => panic!("offset {k}"),
                };
            } else {
                at += match code & 0xf0 {
                    libc::BPF_JEQ => jump(loaded == k),
                    libc::BPF_JGE => jump(loaded >= k),
                    libc::BPF_JSET => jump(loaded & k != 0),
                    _ => panic!("instruction {code:#x}"),
                };
            }
        }
    }

    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;

    #[test]
    fn each_profile_refuses_what_it_should() {
        let (inet, unix) = (libc::AF_INET as u32, libc::AF_UNIX as u32);
        let (thread, process) = (libc::CLONE_THREAD as u32 | libc::CLONE_VM as u32, libc::SIGCHLD as u32);
        let [eacces, eperm, enosys] = [libc::EACCES, libc::EPERM, libc::ENOSYS].map(refuse);
        for (call, first, processor, device, job) in [
            (libc::SYS_read, 0, ALLOW, ALLOW, ALLOW),
            (libc::SYS_accept4, 0, ALLOW, ALLOW, ALLOW),
            (libc::SYS_socket, inet, eacces, eacces, eacces),
            (libc::SYS_socket, libc::AF_NETLINK as u32, eacces, eacces, eacces),
            (libc::SYS_socket, unix, eacces, ALLOW, eacces),
            (libc::SYS_socketpair, inet, eacces, eacces, eacces),
            (libc::SYS_connect, 3, eperm, eperm, eperm),
            (libc::SYS_ptrace, 0, eperm, eperm, eperm),
            (libc::SYS_chmod, 0, eperm, eperm, eperm),
            (libc::SYS_io_uring_setup, 8, eperm, eperm, eperm),
            (libc::SYS_prlimit64, 0, ALLOW, ALLOW, ALLOW),
            (libc::SYS_prlimit64, 1, eperm, eperm, eperm),
            (libc::SYS_execve, 0, ALLOW, ALLOW, eperm),
            (libc::SYS_clone, thread, ALLOW, ALLOW, ALLOW),
            (libc::SYS_clone, process, ALLOW, ALLOW, eperm),
            (libc::SYS_clone, libc::CLONE_NEWUSER as u32, eperm, eperm, eperm),
            (libc::SYS_clone3, 0, enosys, enosys, enosys),
        ] {
            let all = [Profile::Processor, Profile::Device, Profile::Job]
                .map(|profile| answer(&filter(profile), ARCHITECTURE, call, first));
            assert_eq!(all, [processor, device, job], "call {call}, {first}");
        }
    }

    #[test]
    fn other_interfaces_end_the_process() {
        let i386 = 0x4000_0003;
        for profile in [Profile::Processor, Profile::Device, Profile::Job] {
            assert_eq!(answer(&filter(profile), i386, 3, 0), KILL);
            assert_eq!(answer(&filter(profile), ARCHITECTURE, libc::SYS_read | c_long::from(X32), 0), KILL);
        }
    }
}
