//! The server as its clients see it, without models.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use altlas_engine::Digest;
use altlas_proto::{FailureKind, MAX_PAYLOAD, Reply, Request, VERSION, encode};
use common::{Place, alive, hello, kind_of, send_signal, wait_until};
use rustix::process::Signal;

#[test]
fn the_handshake_comes_first_and_needs_a_common_version() {
    let place = Place::started(&[]);
    let mut early = place.connect_silently();
    assert_eq!(early.refused(&Request::Status, &[]).kind, FailureKind::Protocol);
    assert!(early.closed());
    let mut young = place.connect_silently();
    let failure = young.refused(&hello(VERSION + 1, VERSION + 3), &[]);
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert!(failure.detail.unwrap().contains(&format!("{} to {}", VERSION + 1, VERSION + 3)));
    assert!(young.closed());
    let mut newer = place.connect_silently();
    let (reply, _) = newer.ask(&hello(VERSION, VERSION + 3), &[]);
    assert!(matches!(reply, Reply::Welcome { protocol: VERSION, .. }));
    let twice = newer.refused(&hello(VERSION, VERSION), &[]);
    assert_eq!(twice.kind, FailureKind::Protocol);
    assert!(newer.closed());
}

#[test]
fn without_the_runtime_it_says_so() {
    let place = Place::started(&["--restarts", "3", "--memory-budget", "123456789"]);
    let mut client = place.connect();
    let status = client.status();
    assert_eq!((status.pid, status.supervisor_pid), (place.pid(), std::process::id()));
    assert_eq!((status.restarts, status.memory_budget_bytes), (3, 123_456_789));
    assert!(status.started_us > 1_700_000_000_000_000 && status.connections >= 1);
    assert!(status.runtime_version.is_empty() && status.providers.is_empty());
    assert!(status.notes.iter().any(|n| n.contains("no-such-library.so")), "{:?}", status.notes);
    assert!(status.confinement.iter().any(|c| c == "no_new_privs"));
    let model = Digest::of(b"").to_string();
    let failure = client.refused(&Request::Describe { model, providers: vec![] }, &[]);
    assert_eq!(failure.kind, FailureKind::Internal);
    assert!(failure.hint.is_some());
}

#[test]
fn only_the_owner_reaches_the_socket() {
    let place = Place::started(&[]);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.dir.path().join("pgsql_tmp_altlas")), 0o700);
    assert_eq!(mode(place.file("engine.sock")), 0o600);
    assert_eq!(mode(place.file("cache")), 0o700);
    assert_eq!(fs::read_to_string(format!("/proc/{}/oom_score_adj", place.pid())).unwrap().trim(), "900");
}

#[test]
fn inherited_descriptors_are_closed() {
    let mut place = Place::new(&[]);
    let engine = place.command(&std::process::id().to_string());
    let mut shell = Command::new("sh");
    shell.current_dir(place.dir.path()).args(["-c", "exec 7</dev/zero; exec \"$0\" \"$@\""]);
    shell.arg(engine.get_program()).args(engine.get_args());
    let mut child = shell.spawn().unwrap();
    place.wait_until_ready();
    let open: Vec<_> = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap().flatten().collect();
    let targets: Vec<_> = open.iter().filter_map(|e| fs::read_link(e.path()).ok()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!targets.iter().any(|t| t.ends_with("zero")), "{targets:?}");
    place.start();
}

#[test]
fn garbage_and_oversized_frames_end_one_connection_only() {
    let place = Place::started(&[]);
    let mut bystander = place.connect();
    let mut garbage = vec![0xff; 4096];
    for seed in 0..64u32 {
        for (n, byte) in garbage.iter_mut().enumerate().skip(usize::from(seed > 0) * 8) {
            *byte = (seed.wrapping_mul(2_654_435_761).wrapping_add(n as u32 * 40_503) >> 7) as u8;
        }
        if seed > 0 {
            // Lengths that are allowed, so that the rest is looked at.
            garbage[..8].copy_from_slice(&[100, 0, 0, 0, seed as u8, 0, 0, 0]);
        }
        for greeted in [false, true] {
            let mut client = if greeted { place.connect() } else { place.connect_silently() };
            client.raw(&garbage);
            assert_eq!(client.failure().kind, FailureKind::Protocol);
            assert!(client.closed());
        }
    }
    let mut large = place.connect();
    let mut frame = encode(&Request::Chunk, 0).unwrap();
    frame[4..8].copy_from_slice(&(MAX_PAYLOAD + 1).to_le_bytes());
    large.raw(&frame);
    assert!(large.failure().detail.unwrap().contains(&MAX_PAYLOAD.to_string()));
    assert!(large.closed());
    let mut stray = place.connect();
    assert_eq!(stray.refused(&Request::DataEnd, &[]).kind, FailureKind::Protocol);
    assert!(stray.closed());
    drop(place.connect_silently());
    assert_eq!(bystander.status().pid, place.pid());
}

#[test]
fn one_client_too_many_is_told() {
    let place = Place::started(&["--max-connections", "3"]);
    // The harness itself connected once to see whether the engine is ready; that connection ends soon.
    let mut clients: Vec<_> = Vec::new();
    wait_until("the first connection ended", || {
        clients = vec![place.connect()];
        clients[0].status().connections == 1
    });
    clients.push(place.connect());
    clients.push(place.connect());
    let mut fourth = place.connect_silently();
    assert_eq!(fourth.refused(&hello(VERSION, VERSION), &[]).kind, FailureKind::Resources);
    assert!(fourth.closed());
    drop(clients.pop());
    wait_until("there is a place again", || {
        let mut client = place.connect_silently();
        matches!(client.ask(&hello(VERSION, VERSION), &[]).0, Reply::Welcome { .. })
    });
}

#[test]
fn uploads_are_checked() {
    let place = Place::started(&["--memory-budget", "4000000"]);
    let mut client = place.connect();
    let name = Digest::of(b"model").to_string();
    assert_eq!(kind_of(&client.upload_as(&name, b"MODEL")), FailureKind::BadModel);
    for wrong in ["../../etc/passwd", &name.to_uppercase()] {
        assert_eq!(kind_of(&client.upload_as(wrong, b"model")), FailureKind::BadParameter);
    }
    // The pieces of an upload that was refused are read and dropped.
    let large = vec![7; 5_000_000];
    assert_eq!(kind_of(&client.upload_as(&Digest::of(&large).to_string(), &large)), FailureKind::Resources);
    client.send(&Request::Upload { model: name.clone(), size: 3 }, &[]);
    assert_eq!(client.refused(&Request::Chunk, b"model").kind, FailureKind::BadModel);
    let cached = || fs::read_dir(place.file("cache")).unwrap().count();
    assert_eq!(cached(), 0);
    assert_eq!(client.upload(b"model"), name);
    assert_eq!(client.upload(b"model"), name);
    assert_eq!(cached(), 1);
    let mut leaver = place.connect();
    leaver.send(&Request::Upload { model: Digest::of(b"other").to_string(), size: 5 }, &[]);
    leaver.send(&Request::Chunk, b"ot");
    wait_until("the upload began", || cached() == 2);
    drop(leaver);
    wait_until("the upload was undone", || cached() == 1);
}

#[test]
fn two_clients_may_upload_one_model_at_once() {
    let place = Place::started(&[]);
    let bytes: Vec<u8> = (0..9_000_000u32).map(|n| (n >> 3) as u8).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| place.connect().upload(&bytes));
        }
    });
    assert_eq!(fs::read(place.cached(&Digest::of(&bytes).to_string())).unwrap(), bytes);
    assert_eq!(fs::read_dir(place.file("cache")).unwrap().count(), 1);
}

#[test]
fn a_second_engine_does_not_serve_the_same_directory() {
    let place = Place::started(&[]);
    let mut second = place.command(&std::process::id().to_string()).spawn().unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(1));
    assert_eq!(place.connect().status().pid, place.pid());
}

#[test]
fn a_killed_engine_leaves_nothing_in_the_way_of_the_next() {
    let mut place = Place::started(&[]);
    fs::write(place.file("cache").join("x.part"), b"half").unwrap();
    place.signal(Signal::KILL);
    assert!(!place.ended().success());
    assert!(place.file("engine.sock").exists());
    place.start();
    wait_until("the new engine answers", || place.connect().status().pid == place.pid());
    assert!(!place.file("cache").join("x.part").exists());
}

#[test]
fn told_to_stop_it_goes_at_once_and_cleans_up() {
    let mut place = Place::started(&[]);
    let mut client = place.connect();
    client.status();
    let before = Instant::now();
    place.signal(Signal::TERM);
    assert_eq!(place.ended().code(), Some(0));
    assert!(before.elapsed() < Duration::from_secs(2));
    let refused = UnixStream::connect(place.file("engine.sock")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert!(client.closed());
}

#[test]
fn it_dies_with_its_parent() {
    let place = Place::new(&[]);
    let engine = place.command("PARENT");
    let mut line = vec![engine.get_program().to_str().unwrap().to_owned()];
    line.extend(engine.get_args().map(|a| a.to_str().unwrap().to_owned()));
    let script = format!("{} & echo $! > pid; wait", line.join(" ").replace("PARENT", "$$"));
    let mut parent = Command::new("sh").current_dir(place.dir.path()).args(["-c", &script]).spawn().unwrap();
    place.wait_until_ready();
    let mut pid = 0;
    wait_until("the number is written", || {
        let text = fs::read_to_string(place.dir.path().join("pid")).unwrap_or_default();
        pid = text.trim().parse().unwrap_or(0);
        pid > 0
    });
    assert!(alive(pid));
    send_signal(parent.id(), Signal::KILL);
    parent.wait().unwrap();
    wait_until("the engine is dead", || !alive(pid));
}

#[test]
fn it_does_not_start_for_a_parent_that_is_not_its_own() {
    let place = Place::new(&[]);
    assert_eq!(place.command("1").status().unwrap().code(), Some(1));
    assert_eq!(place.command("nonsense").status().unwrap().code(), Some(2));
}
