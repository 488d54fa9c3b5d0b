//! The program `altlas-engine`; see `docs/architecture.md`.

use altlas_engine::options::Command;
use altlas_engine::{EngineError, close_inherited_descriptors, exit_now, job, log, serve};

fn main() {
    // Before anything else opens a descriptor.
    if let Err(e) = close_inherited_descriptors() {
        log::event(format_args!("cannot close inherited descriptors: {e}"));
        exit_now(1);
    }
    match run() {
        Ok(status) => exit_now(status),
        Err(e) => {
            log::event(&e);
            exit_now(if matches!(e, EngineError::Usage | EngineError::Option { .. }) { 2 } else { 1 })
        }
    }
}

fn run() -> Result<i32, EngineError> {
    match Command::parse(std::env::args_os().skip(1))? {
        Command::Serve(options) => serve(options),
        Command::Job { parent, files } => job::run(parent, &files).map(|()| 0),
        Command::Version => {
            println!("altlas-engine {}", env!("CARGO_PKG_VERSION"));
            Ok(0)
        }
    }
}
