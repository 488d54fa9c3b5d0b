use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DataType, TensorSpec};

/// What a backend asks of the engine. Answers come in order; one request is in flight per connection.
/// Models are named by the lower-case hex SHA-256 of their bytes; so are tokenizers, which are uploaded like models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// First on every connection. Answer: [`Reply::Welcome`] or a failure of kind `Protocol`.
    Hello {
        /// The oldest protocol the client speaks.
        oldest: u16,
        /// The newest protocol the client speaks.
        newest: u16,
        /// The client's program version, for logs.
        client: String,
    },
    /// Answer: [`Reply::Status`].
    Status,
    /// Run a model; the payload holds the inputs. Answer: [`Reply::Outputs`], [`Reply::NeedModel`] or a failure.
    Run {
        /// The model.
        model: String,
        /// The inputs in the payload.
        inputs: Vec<TensorSpec>,
        /// Outputs wanted, by the graph's names; empty for all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outputs: Vec<String>,
        /// Execution providers for this model, of those in force; empty for all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        providers: Vec<String>,
        /// On whose behalf, for statistics; without it the run is not recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Origin>,
    },
    /// What was recorded of the runs of a database. Answer: [`Reply::Stats`].
    Stats {
        /// OID of the database.
        database: u32,
        /// Whether to begin anew.
        take: bool,
    },
    /// Open a model and describe it. Answer: [`Reply::Signature`], [`Reply::NeedModel`] or a failure.
    Describe {
        /// The model.
        model: String,
        /// As for [`Request::Run`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        providers: Vec<String>,
    },
    /// Turn texts into token ids, run a model on them, and make one vector of each. The payload holds one tensor of strings,
    /// `[rows]`. Answer: [`Reply::Outputs`] with `vector` (`f32 [rows, width]`), `tokens` (`i32 [rows]`) and `truncated`
    /// (`bool [rows]`), in the order of the texts; [`Reply::NeedModel`] for the model or the tokenizer; or a failure.
    /// With pooling `tokens` each token has a vector, text by text, and there is a fourth tensor, `place`
    /// (`i32 [tokens, 2]`): where each lies in its text, from and up to which code point.
    Encode {
        /// The model.
        model: String,
        /// A preprocessing document of kind `tokenizer`, which names the tokenizer's file.
        document: Value,
        /// The texts in the payload.
        texts: TensorSpec,
        /// Execution providers for this model, of those in force; empty for all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        providers: Vec<String>,
        /// On whose behalf, for statistics; without it the call is not recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Origin>,
    },
    /// Open a model and a tokenizer, and complete the preprocessing document that joins them. Answer:
    /// [`Reply::Encoder`], [`Reply::NeedModel`] for the model or the tokenizer, or a failure.
    DescribeEncoder {
        /// The model.
        model: String,
        /// The tokenizer's file.
        tokenizer: String,
        /// What is known of the document; any key may be missing.
        given: Value,
        /// Execution providers for this model, of those in force; empty for all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        providers: Vec<String>,
    },
    /// Begin to upload a model; `size` bytes follow in [`Request::Chunk`] frames, which are not answered one by one.
    /// After the last byte the engine checks the hash and answers [`Reply::Stored`] or a failure.
    Upload {
        /// The model.
        model: String,
        /// Its size in bytes.
        size: u64,
    },
    /// Bytes of an upload (in the payload).
    Chunk,
    /// Start a job in a process of its own; its input (an Arrow IPC stream) follows in [`Request::Data`] frames.
    /// Answer: [`Reply::JobStarted`] at once; then, while and after the input is sent, any number of
    /// [`Reply::Progress`] and [`Reply::Artefact`], and last [`Reply::JobDone`] or a failure.
    Job {
        /// What to do: `train`; later `solve`, `forecast`.
        kind: String,
        /// The job's parameters.
        spec: Value,
        /// Who asked, for the list of jobs.
        owner: JobOwner,
        /// Limits of the process.
        limits: JobLimits,
    },
    /// A piece of a job's input (in the payload).
    Data,
    /// The job's input is complete.
    DataEnd,
    /// Answer: [`Reply::Jobs`].
    Jobs,
    /// End a running job's process. Answer: [`Reply::Cancelled`]. Whoever waits for the job gets a failure of kind `Cancelled`.
    CancelJob {
        /// The job's number.
        job: u64,
    },
    /// Tell a running job to end soon with the best that it has. Answer: [`Reply::Cancelled`].
    FinishJob {
        /// The job's number.
        job: u64,
    },
    /// Forget the crashes of a model, so that it may run again. Answer: [`Reply::Released`].
    Release {
        /// The model.
        model: String,
    },
    /// Ask how much memory a model takes. Answer: [`Reply::Memory`].
    Memory {
        /// The model.
        model: String,
    },
}

/// On whose behalf a model is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// OID of the database.
    pub database: u32,
    /// `name/version`, or a built-in model's name.
    pub model_version: String,
    /// Whether the inputs are features, whose distribution means something; tokens of a text are not.
    pub features: bool,
}

/// Who asked for a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobOwner {
    /// OID of the database.
    pub database: u32,
    /// OID of the role.
    pub role: u32,
    /// A name for people: the project of a training, say.
    pub label: String,
    /// The job's number in its database, which is the one that people use; 0 where it has none.
    #[serde(default)]
    pub number: u64,
}

/// What a job's process may take; 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLimits {
    /// Address space in bytes (`RLIMIT_AS`).
    #[serde(default)]
    pub memory_bytes: u64,
    /// Processor time in seconds (`RLIMIT_CPU`).
    #[serde(default)]
    pub cpu_seconds: u64,
    /// Threads the job may use.
    #[serde(default)]
    pub threads: u32,
}

/// What the engine, or a job through the engine, answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Reply {
    /// The connection is open at this protocol version.
    Welcome {
        /// The version both sides speak from now on.
        protocol: u16,
        /// The engine's program version.
        version: String,
    },
    /// How the engine is.
    Status(Box<EngineStatus>),
    /// Outputs of a run; their bytes are the payload.
    Outputs {
        /// The outputs in the payload.
        outputs: Vec<TensorSpec>,
    },
    /// Summaries of what was recorded (in the payload: a batch of `altlas-stats`).
    Stats,
    /// The engine does not hold this model: upload it, then ask again.
    NeedModel {
        /// The model.
        model: String,
    },
    /// An uploaded model is complete and its hash is right.
    Stored {
        /// The model.
        model: String,
    },
    /// What a model takes and gives.
    Signature(Box<ModelSignature>),
    /// The complete preprocessing document of a model of texts.
    Encoder {
        /// A document of kind `tokenizer`.
        document: Value,
    },
    /// The job runs.
    JobStarted {
        /// Its number, unique while the engine lives.
        job: u64,
    },
    /// How far a job is.
    Progress {
        /// What it does now, for people.
        phase: String,
        /// Units done.
        done: u64,
        /// Units in all; 0 when unknown.
        total: u64,
    },
    /// A piece of a file that a job made (in the payload); pieces of one name come in order.
    Artefact {
        /// The file's name within the job, `model.onnx` for example.
        name: String,
    },
    /// The job's result; nothing follows.
    JobDone {
        /// What the job's kind defines.
        result: Value,
    },
    /// The jobs that run, and the last that ended.
    Jobs {
        /// Newest first.
        jobs: Vec<JobInfo>,
    },
    /// The job was told to end (`true`) or there is none of that number (`false`).
    Cancelled {
        /// Whether a running job was found.
        found: bool,
    },
    /// The model's crashes are forgotten (`true`), or none were known (`false`).
    Released {
        /// Whether there was something to forget.
        found: bool,
    },
    /// What a model takes.
    Memory {
        /// Bytes that count in the budget; `None` for a model that is not loaded.
        bytes: Option<u64>,
    },
    /// The request failed; the connection stays usable unless the kind is `Protocol`.
    Failed(Failure),
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The class, which decides the SQLSTATE.
    pub kind: FailureKind,
    /// One sentence for people, without a trailing full stop.
    pub message: String,
    /// More about it, if there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it, if something can be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without detail or hint.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None, hint: None }
    }

    /// Adds the detail.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Classes of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The peer broke the protocol or speaks no common version.
    Protocol,
    /// The bytes are no usable model.
    BadModel,
    /// Inputs do not fit the model (name, type, shape), or data do not fit the job.
    BadInput,
    /// A parameter of the request is unknown or out of range.
    BadParameter,
    /// The feature exists but not for this (algorithm, type, provider).
    Unsupported,
    /// A budget is used up: model memory, job memory, queue, connections.
    Resources,
    /// Somebody cancelled it.
    Cancelled,
    /// A job's process ended without a result.
    JobDied,
    /// The model ended the engine too often and is not used any more.
    Quarantined,
    /// A fault of the engine itself.
    Internal,
}

impl FailureKind {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::BadModel => "bad_model",
            Self::BadInput => "bad_input",
            Self::BadParameter => "bad_parameter",
            Self::Unsupported => "unsupported",
            Self::Resources => "resources",
            Self::Cancelled => "cancelled",
            Self::JobDied => "job_died",
            Self::Quarantined => "quarantined",
            Self::Internal => "internal",
        }
    }

    /// The class of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        serde_json::from_value(Value::String(name.to_owned())).ok()
    }
}

/// How the engine is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Process id of the engine.
    pub pid: u32,
    /// Process id of its supervisor (its parent).
    pub supervisor_pid: u32,
    /// When it started, in microseconds since 1970-01-01 UTC.
    pub started_us: i64,
    /// How often the supervisor had to start it again since the supervisor itself started.
    pub restarts: u32,
    /// Program version.
    pub version: String,
    /// Version of ONNX Runtime; empty when it could not be loaded.
    pub runtime_version: String,
    /// Execution providers in use, in order of preference.
    pub providers: Vec<String>,
    /// Confinement in force.
    pub confinement: Vec<String>,
    /// Models in memory.
    pub models_loaded: u32,
    /// Bytes those models take, estimated from their files.
    pub memory_bytes: u64,
    /// What they may take together, in bytes.
    pub memory_budget_bytes: u64,
    /// Requests that wait.
    pub queue_depth: u32,
    /// Connections open.
    pub connections: u32,
    /// Anything an administrator should know.
    pub notes: Vec<String>,
    /// Calls of models answered since the engine started.
    #[serde(default)]
    pub calls: u64,
    /// Runs they took: fewer, where calls that waited together were joined.
    #[serde(default)]
    pub runs: u64,
}

/// What a model takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSignature {
    /// Inputs in the graph's order.
    pub inputs: Vec<PortInfo>,
    /// Outputs in the graph's order.
    pub outputs: Vec<PortInfo>,
    /// Custom metadata of the model.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// One input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortInfo {
    /// The graph's name for it.
    pub name: String,
    /// Its element type; `None` for types that altlas does not carry (sequences, maps, others).
    pub dtype: Option<DataType>,
    /// Its dimensions; `None` where the model leaves one open.
    pub shape: Vec<Option<usize>>,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInfo {
    /// Its number.
    pub job: u64,
    /// What it does.
    pub kind: String,
    /// Who asked for it.
    pub owner: JobOwner,
    /// Process id.
    pub pid: u32,
    /// How it stands.
    pub state: JobState,
    /// What it does now.
    pub phase: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 when unknown.
    pub total: u64,
    /// When it started, in microseconds since 1970-01-01 UTC.
    pub started_us: i64,
    /// When it ended, likewise.
    pub ended_us: Option<i64>,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It runs.
    Running,
    /// It gave its result.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled, or whoever asked for it went away.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failures_name_is_the_one_in_messages() {
        for kind in [FailureKind::Protocol, FailureKind::BadParameter, FailureKind::JobDied] {
            assert_eq!(FailureKind::of_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(FailureKind::of_name("22023"), None);
    }

    #[test]
    fn a_run_of_an_older_client_has_no_origin() {
        let old = r#"{"ask": "run", "model": "m", "inputs": []}"#;
        let Ok(Request::Run { of, .. }) = serde_json::from_str(old) else { panic!("not understood") };
        assert_eq!(of, None);
        let new = Request::Run { model: "m".into(), inputs: vec![], outputs: vec![], providers: vec![], of };
        assert!(!serde_json::to_string(&new).unwrap().contains("of"), "an older engine sees what it knows");
    }
}
