//! Jobs that misbehave on request. Only in builds with the feature `test-jobs`, which no release has.

use std::hint::black_box;
use std::io::Read;
use std::time::Duration;

use altlas_proto::{Failure, FailureKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outlet;
use crate::confine::probe;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Do {
    /// Gives the input back.
    Echo,
    /// Sleeps without reading, reporting progress, for so many milliseconds.
    Sleep(u64),
    /// Reports progress until it is told to finish.
    Search,
    /// Allocates until it cannot.
    Eat,
    /// Uses the processor for ever.
    Spin,
    /// Prints to standard output, where only frames may go, then ends well.
    Print,
    /// Panics.
    Panic,
    /// Ends with this exit status.
    Exit(i32),
    /// Sends so many bytes, whatever the input.
    Flood(usize),
    /// Tries to break out, and tells which errors it met.
    Probe,
    /// Calls the kernel as a 32-bit program would.
    ForeignCall,
}

#[allow(clippy::panic)] // What it is for.
pub fn run(spec: &Value, mut input: impl Read, outlet: &mut Outlet) -> Result<Value, Failure> {
    let wanted = Do::deserialize(spec).map_err(|e| Failure::new(FailureKind::BadParameter, e.to_string()))?;
    match wanted {
        Do::Echo => {
            let mut bytes = Vec::new();
            input
                .read_to_end(&mut bytes)
                .map_err(|e| Failure::new(FailureKind::BadInput, "no input").detail(e.to_string()))?;
            outlet.progress("echo", 1, 2);
            outlet.progress("echo", 2, 2);
            outlet.artefact("echo.bin", &bytes)?;
            Ok(json!({"bytes": bytes.len()}))
        }
        Do::Sleep(ms) => {
            for done in 0..ms {
                std::thread::sleep(Duration::from_millis(1));
                outlet.progress("sleep", done, ms);
            }
            Ok(Value::Null)
        }
        Do::Search => {
            let mut trials = 0;
            while !crate::confine::is_to_finish() {
                std::thread::sleep(Duration::from_millis(1));
                trials += 1;
                outlet.progress("search", trials, u64::MAX);
            }
            Ok(json!({"trials": trials}))
        }
        Do::Eat => {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                eaten.push(black_box(vec![1; 16 << 20]));
            }
        }
        Do::Spin => loop {
            black_box(0);
        },
        Do::Print => {
            println!("this is no frame");
            Ok(Value::Null)
        }
        Do::Panic => panic!("as asked"),
        Do::Exit(status) => std::process::exit(status),
        Do::Flood(bytes) => {
            outlet.artefact("flood.bin", &vec![0; bytes])?;
            Ok(Value::Null)
        }
        Do::Probe => Ok(Value::from_iter(probe::attempts())),
        #[cfg(target_arch = "x86_64")]
        Do::ForeignCall => Ok(json!(probe::foreign_call())),
        #[cfg(not(target_arch = "x86_64"))]
        Do::ForeignCall => Err(Failure::new(FailureKind::Unsupported, "there is no such door")),
    }
}
