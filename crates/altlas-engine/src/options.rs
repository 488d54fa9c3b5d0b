//! The command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use crate::EngineError;

/// What the program is asked to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// The server.
    Serve(ServeOptions),
    /// One job's process.
    Job {
        /// Process id of the engine that started it.
        parent: u32,
        /// What it may read besides its input.
        files: Files,
    },
    /// Print the version and end.
    Version,
}

/// Files that engine and jobs read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The folder of the built-in models.
    pub models: PathBuf,
    /// The ONNX Runtime library.
    pub runtime: PathBuf,
}

/// Options of `serve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeOptions {
    /// Where socket, lock and cache lie; relative to the data directory, so that the socket's path stays short.
    pub directory: PathBuf,
    /// The built-in models and the runtime.
    pub files: Files,
    /// Execution providers in order of preference.
    pub providers: Vec<String>,
    /// Bytes that models may take together.
    pub memory_budget: u64,
    /// Bytes that the disk cache may take.
    pub cache_budget: u64,
    /// Threads within one run.
    pub threads: usize,
    /// How often the supervisor restarted the engine.
    pub restarts: u32,
    /// Process id of the supervisor.
    pub supervisor: u32,
    /// Connections served at the same time.
    pub max_connections: usize,
    /// Jobs run at the same time.
    pub max_jobs: usize,
    /// Requests that may wait at the same time.
    pub max_queue: u32,
    /// Most rows of calls that are joined; 1 to join none.
    pub batch_rows: usize,
    /// Microseconds that a call of an idle model waits for others.
    pub batch_wait_us: u64,
    /// Bytes of device memory for each model; 0 for no limit.
    pub device_memory: usize,
    /// The signal that ended the engine before this one, 0 for none.
    pub ended_by: i32,
}

impl Command {
    /// Reads the arguments after the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, EngineError> {
        let mut arguments = arguments.into_iter();
        let command = arguments.next().ok_or(EngineError::Usage)?;
        let mut given = Given::read(arguments)?;
        let command = match command.to_str() {
            Some("serve") => Self::Serve(given.serve()?),
            Some("job") => Self::Job { parent: given.required("--parent")?, files: given.files()? },
            Some("--version") => Self::Version,
            _ => return Err(EngineError::Usage),
        };
        given.nothing_left()?;
        Ok(command)
    }
}

struct Given(BTreeMap<String, OsString>);

impl Given {
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, EngineError> {
        let mut given = BTreeMap::new();
        while let Some(name) = arguments.next() {
            let name = name.to_string_lossy().into_owned();
            let value = arguments.next().ok_or_else(|| wrong(&name, "has no value"))?;
            if given.insert(name.clone(), value).is_some() {
                return Err(wrong(&name, "is given twice"));
            }
        }
        Ok(Self(given))
    }

    fn files(&mut self) -> Result<Files, EngineError> {
        Ok(Files { models: self.path("--models")?, runtime: self.path("--runtime")? })
    }

    fn serve(&mut self) -> Result<ServeOptions, EngineError> {
        let providers = self.optional("--providers", "cpu".to_owned())?;
        Ok(ServeOptions {
            directory: self.path("--directory")?,
            files: self.files()?,
            providers: providers
                .split(',')
                .map(str::trim)
                .filter(|p| !p.is_empty())
                .map(str::to_owned)
                .collect(),
            memory_budget: self.optional("--memory-budget", 1 << 30)?,
            cache_budget: self.optional("--cache-budget", 4 << 30)?,
            threads: self.optional("--threads", 1)?,
            restarts: self.optional("--restarts", 0)?,
            supervisor: self.required("--supervisor")?,
            max_connections: self.optional("--max-connections", 200)?,
            max_jobs: self.optional("--max-jobs", 2)?,
            max_queue: self.optional("--max-queue", 1000)?,
            batch_rows: self.optional("--batch-rows", 512)?,
            batch_wait_us: self.optional("--batch-wait", 0)?,
            device_memory: self.optional("--device-memory", 0)?,
            ended_by: self.optional("--ended-by", 0)?,
        })
    }

    fn path(&mut self, name: &str) -> Result<PathBuf, EngineError> {
        self.0.remove(name).map(PathBuf::from).ok_or_else(|| wrong(name, "is missing"))
    }

    fn required<T: FromStr>(&mut self, name: &str) -> Result<T, EngineError> {
        let value = self.0.remove(name).ok_or_else(|| wrong(name, "is missing"))?;
        value.to_str().and_then(|v| v.parse().ok()).ok_or_else(|| wrong(name, "is out of range"))
    }

    fn optional<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, EngineError> {
        if self.0.contains_key(name) { self.required(name) } else { Ok(default) }
    }

    fn nothing_left(&self) -> Result<(), EngineError> {
        self.0.keys().next().map_or(Ok(()), |name| Err(wrong(name, "is unknown")))
    }
}

fn wrong(option: &str, problem: &str) -> EngineError {
    EngineError::Option { option: option.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, EngineError> {
        Command::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn defaults_fill_what_is_not_given() {
        let line =
            "serve --directory d --models m --runtime r --supervisor 7 --threads 3 --providers cuda,cpu";
        let Ok(Command::Serve(options)) = parse(line) else { panic!("not understood") };
        assert_eq!((options.threads, options.supervisor, options.max_jobs), (3, 7, 2));
        assert_eq!(options.providers, ["cuda", "cpu"]);
    }

    #[test]
    fn what_is_unknown_missing_repeated_or_malformed_is_refused() {
        for line in [
            "",
            "sing",
            "job",
            "job --parent 1",
            "job --models m --runtime r --parent x",
            "job --models m --runtime r --parent 1 --parent 1",
            "job --models m --runtime r --parent",
            "job --models m --runtime r --parent 1 --colour red",
            "serve --directory d --models m --runtime r",
            "serve --directory d --models m --runtime r --supervisor 1 --threads -1",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        let files = Files { models: "m".into(), runtime: "r".into() };
        let job = parse("job --parent 12 --models m --runtime r").unwrap();
        assert_eq!(job, Command::Job { parent: 12, files });
    }
}
