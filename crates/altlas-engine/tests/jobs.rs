//! The job protocol, with jobs that misbehave on request (feature `test-jobs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use altlas_proto::{FailureKind, JobLimits, JobState, Reply, Request, write_frame};
use common::{Client, Place, alive, send_signal, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

const NO_LIMITS: JobLimits = JobLimits { memory_bytes: 0, cpu_seconds: 0, threads: 0 };

fn sleeper(client: &mut Client) -> u64 {
    client.job("test", json!({"sleep": 600_000}), NO_LIMITS)
}

#[test]
fn input_goes_in_and_artefacts_come_out() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let input: Vec<u8> = (0..30_000_000u32).map(|n| (n >> 2) as u8).collect();
    for length in [0, 1, 10_000_000, input.len()] {
        let input = &input[..length];
        client.job("test", json!("echo"), NO_LIMITS);
        // What comes back is read while the rest is sent, as the protocol demands of a client.
        let mut writer = client.stream.try_clone().unwrap();
        let (made, result) = std::thread::scope(|scope| {
            scope.spawn(move || {
                for piece in input.chunks(1 << 20) {
                    write_frame(&mut writer, &Request::Data, piece).unwrap();
                }
                write_frame(&mut writer, &Request::DataEnd, &[]).unwrap();
            });
            client.job_end()
        });
        assert_eq!(result.unwrap(), json!({"bytes": length}));
        assert!(made == input);
    }
    let Reply::Jobs { jobs } = client.ask(&Request::Jobs, &[]).0 else { panic!() };
    let ended: Vec<_> =
        jobs.iter().map(|j| (j.job, j.state, j.ended_us.is_some(), j.owner.label.as_str())).collect();
    assert_eq!(ended, [4, 3, 2, 1].map(|n| (n, JobState::Done, true, "test")));
}

#[test]
fn a_jobs_process_is_the_first_to_go_when_memory_is_short() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let limits = JobLimits { memory_bytes: 1 << 30, cpu_seconds: 1000, threads: 1 };
    let job = client.job("test", json!({"sleep": 600_000}), limits);
    // It reports when it is set up.
    assert!(matches!(client.receive().0, Reply::Progress { .. }));
    let mut other = place.connect();
    let pid = other.job_pid(job);
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
    assert_eq!(read("oom_score_adj").trim(), "1000");
    // Fields after the name in parentheses; `nice` is number 19 of all.
    assert_eq!(read("stat").rsplit(')').next().unwrap().split_whitespace().nth(16), Some("10"));
    let limits = read("limits");
    let line = |name: &str| limits.lines().find(|l| l.starts_with(name)).unwrap().to_owned();
    assert!(line("Max address space").contains("1073741824"));
    assert!(line("Max cpu time").contains("1000"));
    assert!(fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() <= 5);
    let Reply::Jobs { jobs } = other.ask(&Request::Jobs, &[]).0 else { panic!() };
    assert_eq!((jobs[0].state, jobs[0].phase.as_str(), jobs[0].total), (JobState::Running, "sleep", 600_000));
}

#[test]
fn a_job_can_be_cancelled_from_another_connection() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let job = sleeper(&mut client);
    let mut other = place.connect();
    let pid = other.job_pid(job);
    assert_eq!(other.ask(&Request::CancelJob { job }, &[]).0, Reply::Cancelled { found: true });
    assert_eq!(client.job_end().1.unwrap_err().kind, FailureKind::Cancelled);
    assert!(!alive(pid));
    assert_eq!(other.ask(&Request::CancelJob { job }, &[]).0, Reply::Cancelled { found: false });
    let Reply::Jobs { jobs } = other.ask(&Request::Jobs, &[]).0 else { panic!() };
    assert_eq!(jobs[0].state, JobState::Cancelled);
    // The input was never completed; the connection is good all the same, whatever of it still comes.
    client.send(&Request::Data, b"late");
    assert_eq!(client.status().pid, place.pid());
}

#[test]
fn a_job_can_be_told_to_finish_from_another_connection() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let mut other = place.connect();
    for waits in [false, true] {
        let job = client.job("test", json!("search"), NO_LIMITS);
        if waits {
            assert!(matches!(client.receive().0, Reply::Progress { .. }));
        }
        // Told before it listens it finishes as well.
        assert_eq!(other.ask(&Request::FinishJob { job }, &[]).0, Reply::Cancelled { found: true });
        let result = client.job_end().1.unwrap();
        assert!(result["trials"].as_u64().is_some_and(|n| n > 0), "{result}");
        assert_eq!(other.ask(&Request::FinishJob { job }, &[]).0, Reply::Cancelled { found: false });
        let Reply::Jobs { jobs } = other.ask(&Request::Jobs, &[]).0 else { panic!() };
        assert_eq!(jobs[0].state, JobState::Done);
    }
}

#[test]
fn how_a_process_died_is_told() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let job = sleeper(&mut client);
    send_signal(place.connect().job_pid(job), Signal::KILL);
    let killed = client.job_end().1.unwrap_err();
    assert_eq!((killed.kind, killed.detail.as_deref()), (FailureKind::JobDied, Some("Signal 9 ended it.")));

    let limits = JobLimits { memory_bytes: 300 << 20, ..NO_LIMITS };
    let hungry = client.job_failure("test", json!("eat"), limits);
    assert_eq!(hungry.kind, FailureKind::JobDied);
    assert!(hungry.hint.unwrap().contains("limit of 314572800 bytes"));

    let before = Instant::now();
    let busy = client.job_failure("test", json!("spin"), JobLimits { cpu_seconds: 1, ..NO_LIMITS });
    assert!(busy.kind == FailureKind::JobDied && busy.hint.unwrap().contains("1 second"));
    assert!(before.elapsed() < Duration::from_secs(15));

    let ended = client.job_failure("test", json!({"exit": 3}), NO_LIMITS);
    assert_eq!((ended.kind, ended.detail.as_deref()), (FailureKind::JobDied, Some("Its exit status is 3.")));

    assert_eq!(client.job_failure("test", json!("panic"), NO_LIMITS).kind, FailureKind::Internal);
    let Reply::Jobs { jobs } = client.ask(&Request::Jobs, &[]).0 else { panic!() };
    assert!(jobs.len() == 5 && jobs.iter().all(|info| info.state == JobState::Failed));
}

#[test]
fn what_a_job_prints_does_not_disturb() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    client.job("test", json!("print"), NO_LIMITS);
    client.send(&Request::DataEnd, &[]);
    assert_eq!(client.job_end().1.unwrap(), Value::Null);
}

#[test]
fn a_job_ends_with_its_client() {
    let place = Place::started(&[]);
    let mut other = place.connect();
    for input_complete in [false, true] {
        let mut client = place.connect();
        let job = sleeper(&mut client);
        if input_complete {
            client.send(&Request::DataEnd, &[]);
        }
        let pid = other.job_pid(job);
        assert!(alive(pid));
        drop(client);
        wait_until("the job's process is gone", || !alive(pid));
        wait_until("the job is listed as cancelled", || match other.ask(&Request::Jobs, &[]).0 {
            Reply::Jobs { jobs } => jobs[0].state == JobState::Cancelled,
            other => panic!("{other:?}"),
        });
    }
}

#[test]
fn a_client_that_does_not_read_stops_its_job_and_nobody_else() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let job = client.job("test", json!({"flood": 200_000_000}), NO_LIMITS);
    client.send(&Request::DataEnd, &[]);
    std::thread::sleep(Duration::from_millis(300));
    let mut other = place.connect();
    let pid = other.job_pid(job);
    let status = fs::read_to_string(format!("/proc/{}/status", place.pid())).unwrap();
    let resident = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    let kilobytes: u64 = resident.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kilobytes < 100_000, "the engine holds {kilobytes} kB of what its client does not read");
    drop(client);
    wait_until("the job's process is gone", || !alive(pid));
}

#[test]
fn only_input_may_be_sent_while_a_job_runs() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let job = sleeper(&mut client);
    let pid = place.connect().job_pid(job);
    client.send(&Request::Status, &[]);
    assert_eq!(client.job_end().1.unwrap_err().kind, FailureKind::Protocol);
    assert!(client.closed() && !alive(pid));
}

#[test]
fn a_job_that_fails_early_leaves_the_connection_in_step() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    for complete in [true, false] {
        client.job("dance", json!(null), NO_LIMITS);
        for _ in 0..20 {
            client.send(&Request::Data, &[0; 100_000]);
        }
        if complete {
            client.send(&Request::DataEnd, &[]);
        }
        assert_eq!(client.job_end().1.unwrap_err().kind, FailureKind::BadParameter);
        assert_eq!(client.status().pid, place.pid());
    }
}

#[test]
fn one_job_too_many_is_refused() {
    let place = Place::started(&["--max-jobs", "1"]);
    let mut first = place.connect();
    let job = sleeper(&mut first);
    let mut second = place.connect();
    let owner = altlas_proto::JobOwner { database: 1, role: 1, label: String::new(), number: 0 };
    let ask = Request::Job { kind: "test".into(), spec: json!("echo"), owner, limits: NO_LIMITS };
    assert_eq!(second.refused(&ask, &[]).kind, FailureKind::Resources);
    second.send(&Request::Data, b"nobody reads this");
    second.send(&Request::DataEnd, &[]);
    second.ask(&Request::CancelJob { job }, &[]);
    first.job_end().1.unwrap_err();
    second.job("test", json!("echo"), NO_LIMITS);
    second.send(&Request::DataEnd, &[]);
    second.job_end().1.unwrap();
}

#[test]
fn the_engines_end_is_the_jobs_end() {
    let mut place = Place::started(&[]);
    let mut client = place.connect();
    let job = sleeper(&mut client);
    let pid = place.connect().job_pid(job);
    let before = Instant::now();
    place.signal(Signal::TERM);
    assert_eq!(place.ended().code(), Some(0));
    assert!(before.elapsed() < Duration::from_secs(2));
    assert_eq!(client.job_end().1.unwrap_err().kind, FailureKind::Cancelled);
    assert!(!alive(pid));

    place.start();
    let mut client = place.connect();
    let job = sleeper(&mut client);
    let pid = place.connect().job_pid(job);
    place.signal(Signal::KILL);
    place.ended();
    wait_until("the job's process is gone", || !alive(pid));
}

#[test]
fn nothing_is_left_when_the_supervisor_is_killed() {
    let place = Place::new(&[]);
    let engine = place.command("PARENT");
    let mut line = vec![engine.get_program().to_str().unwrap().to_owned()];
    line.extend(engine.get_args().map(|a| a.to_str().unwrap().to_owned()));
    let script = format!("{} & wait", line.join(" ").replace("PARENT", "$$"));
    let mut parent = Command::new("sh").current_dir(place.dir.path()).args(["-c", &script]).spawn().unwrap();
    place.wait_until_ready();
    let mut client = place.connect();
    let job = sleeper(&mut client);
    let mut other = place.connect();
    let (engine, process) = (other.status().pid, other.job_pid(job));
    send_signal(parent.id(), Signal::KILL);
    parent.wait().unwrap();
    wait_until("engine and job are gone", || !alive(engine) && !alive(process));
}

#[test]
fn a_job_does_not_start_for_a_parent_that_is_not_its_own() {
    let status = Command::new(env!("CARGO_BIN_EXE_altlas-engine"))
        .args(["job", "--parent", "1", "--models", "m", "--runtime", "r"])
        .status();
    assert_eq!(status.unwrap().code(), Some(1));
}
