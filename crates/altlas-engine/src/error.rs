use std::io;
use std::path::PathBuf;

/// Why the engine, or a job's process, cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An option is missing, unknown, repeated or malformed.
    #[error("option {option}: {problem}")]
    Option {
        /// The option as written.
        option: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The first argument is no known command.
    #[error(
        "usage: altlas-engine serve --directory DIR --models DIR --runtime FILE --supervisor PID [options]"
    )]
    Usage,
    /// A step of the process setup was refused.
    #[error("cannot {what}: {source}")]
    Setup {
        /// The step.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file or directory cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The parent ended before this process was ready.
    #[error("process {expected} should be the parent, but process {now} is")]
    Orphan {
        /// Who should be the parent.
        expected: u32,
        /// Who is.
        now: i32,
    },
    /// Another engine serves this directory.
    #[error("another engine holds {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The conversation with the parent of a job failed.
    #[error(transparent)]
    Proto(#[from] altlas_proto::ProtoError),
}

impl EngineError {
    pub(crate) fn setup(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Setup { what, source }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
