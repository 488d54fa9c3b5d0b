//! The engine and its jobs try to break out (feature `test-jobs`). What the kernel does not offer is left out, with a word.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;

use altlas_proto::{EngineStatus, JobLimits, Request};
use common::{Place, model};
use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::json;

const NO_LIMITS: JobLimits = JobLimits { memory_bytes: 0, cpu_seconds: 0, threads: 0 };
/// What is refused by a file's place, what by the kind of call, and what is allowed.
const FILES: &[&str] = &[
    "read /etc/passwd",
    "read the working directory",
    "read a file in it",
    "write a file in it",
    "write beside the cache",
    "remove a lock",
    "read another process",
    "write own settings",
    "start a program",
];
const CALLS: &[&str] = &[
    "truncate by name",
    "change a mode",
    "socket AF_INET",
    "socket AF_INET6",
    "socket AF_NETLINK",
    "socket AF_UNIX",
    "limit the parent",
    "ptrace",
    "unshare",
    "io_uring",
    "bpf",
];
const ALLOWED: &[&str] = &["read a system library's folder", "thread"];

type Attempts = BTreeMap<String, i32>;

/// A place with files to try, in it and beside it.
fn prepared(with_runtime: bool) -> Option<Place> {
    let mut place =
        if with_runtime { Place::with_runtime(&["--threads", "3"])? } else { Place::started(&[]) };
    place.signal(Signal::TERM);
    assert_eq!(place.ended().code(), Some(0));
    fs::write(place.dir.path().join("secret"), "x").unwrap();
    fs::write(place.file("supervisor.lock"), "x").unwrap();
    place.environment.push(("ALTLAS_TEST_PROBE", "1"));
    place.start();
    Some(place)
}

/// The version of Landlock in force.
fn landlock(status: &EngineStatus) -> Option<u32> {
    let version = status
        .confinement
        .iter()
        .find_map(|c| c.strip_prefix("landlock (ABI ")?.strip_suffix(')')?.parse().ok());
    if version.is_none() {
        println!("skipped: what Landlock refuses; {:?}", status.notes);
    }
    version
}

/// What the engine tried.
fn told(status: &EngineStatus) -> Attempts {
    let told = status.notes.iter().find_map(|note| serde_json::from_str(note.strip_prefix("probe ")?).ok());
    told.expect("the engine did not tell")
}

fn seccomp(status: &EngineStatus) -> bool {
    let there = status.confinement.iter().any(|c| c == "seccomp");
    if !there {
        println!("skipped: what seccomp refuses; {:?}", status.notes);
    }
    there
}

fn assert_refused(attempts: &Attempts, status: &EngineStatus) {
    let denied = |what: &str| [Errno::PERM, Errno::ACCESS].map(Errno::raw_os_error).contains(&attempts[what]);
    for what in ALLOWED {
        assert_eq!(attempts[*what], 0, "{what}");
    }
    if seccomp(status) {
        for what in CALLS {
            assert!(denied(what), "{what}: {}", attempts[*what]);
        }
    }
    if let Some(version) = landlock(status) {
        for what in FILES {
            assert!(denied(what), "{what}: {}", attempts[*what]);
        }
        if version >= 6 {
            assert!(denied("signal the parent"), "{}", attempts["signal the parent"]);
        }
    }
}

#[test]
fn a_client_s_thread_reaches_the_cache_and_nothing_else() {
    let Some(mut place) = prepared(true) else {
        return;
    };
    let mut client = place.connect();
    // Something was run, so that the runtime has done what it does the first time.
    let name = client.upload(&model::scale(2.0, 0));
    client.run(&name, &[model::features(1.0)]).unwrap();
    let status = client.status();
    let attempts = told(&status);
    assert_refused(&attempts, &status);
    assert_eq!(attempts["write in the cache"], 0);
    assert!(!place.dir.path().join("written").exists());
    assert!(place.file("supervisor.lock").exists());
    // Every thread, those of the runtime included.
    let tasks = fs::read_dir(format!("/proc/{}/task", place.pid())).unwrap().flatten();
    // A client's thread may end meanwhile.
    let threads: Vec<_> =
        tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok()).collect();
    assert!(threads.len() >= 6, "{}", threads.len());
    for thread in threads {
        let has = |line: &str| thread.lines().any(|l| l.split_whitespace().eq(line.split(' ')));
        assert!(has("NoNewPrivs: 1"), "{thread}");
        assert!(!seccomp(&status) || has("Seccomp: 2"), "{thread}");
    }
    // What it needs to end well is not refused.
    place.signal(Signal::TERM);
    assert_eq!(place.ended().code(), Some(0));
}

#[test]
fn a_job_reaches_less_than_the_engine() {
    let place = prepared(false).unwrap();
    let mut client = place.connect();
    let status = client.status();
    client.job("test", json!("probe"), NO_LIMITS);
    client.send(&Request::DataEnd, &[]);
    let attempts: Attempts = serde_json::from_value(client.job_end().1.unwrap()).unwrap();
    assert_refused(&attempts, &status);
    if landlock(&status).is_some() {
        assert_ne!(attempts["write in the cache"], 0);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_door_for_other_programs_is_shut() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    if !seccomp(&client.status()) {
        return;
    }
    let failure = client.job_failure("test", json!("foreign_call"), NO_LIMITS);
    assert!(failure.detail.unwrap().contains("Signal 31"), "SIGSYS ends it");
    assert_eq!(client.status().pid, place.pid());
}

#[test]
fn it_says_what_is_in_force_or_why_it_is_not() {
    let place = Place::started(&[]);
    let status = place.connect().status();
    for step in ["parent_death_signal", "no_new_privs", "oom_score_adj=900"] {
        assert!(status.confinement.iter().any(|c| c == step), "{step}: {:?}", status.confinement);
    }
    for step in ["landlock", "seccomp"] {
        let so = |text: &String| text.starts_with(step);
        assert!(
            status.confinement.iter().any(so) != status.notes.iter().any(so),
            "{step}: {:?} {:?}",
            status.confinement,
            status.notes
        );
    }
}

#[test]
fn without_a_gpu_a_wish_for_one_opens_nothing() {
    let Some(mut place) = prepared(true) else {
        return;
    };
    place.signal(Signal::TERM);
    place.ended();
    place.options.extend(["--providers".to_owned(), "cuda,cpu".to_owned()]);
    place.start();
    let mut client = place.connect();
    let status = client.status();
    if status.providers != ["cpu"] {
        println!("skipped: there is a GPU");
        return;
    }
    let attempts = told(&status);
    assert_refused(&attempts, &status);
    assert!(!status.confinement.iter().any(|c| c == "gpu_profile"));
    let name = client.upload(&model::scale(2.0, 0));
    client.run(&name, &[model::features(1.0)]).unwrap();
}
