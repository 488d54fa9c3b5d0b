//! Every error a user can meet, with its SQLSTATE, detail and hint. `docs/errors.md` is generated from this table.

use altlas_proto::{Failure, FailureKind, ProtoError};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgSqlErrorCode, function_name};

/// One line of `altlas.error_codes()`.
pub struct Entry {
    pub name: &'static str,
    pub code: PgSqlErrorCode,
    pub condition: &'static str,
    pub message: &'static str,
    pub detail: &'static str,
    pub hint: &'static str,
}

/// Declares the enum and everything that must stay in step with it: SQLSTATE, message, detail, hint, catalogue.
/// A detail or hint that formats to nothing is left out.
macro_rules! errors {
    ($( $(#[doc = $doc:literal])+ $variant:ident { $($field:ident: $ty:ty),* } $code:ident, $message:literal, $detail:literal, $hint:literal; )+) => {
        /// What can go wrong, as the user is told.
        #[derive(Debug)]
        pub enum Error { $( $(#[doc = $doc])+ $variant { $($field: $ty),* } ),+ }

        /// Every error, in the order of its declaration.
        pub const CATALOGUE: &[Entry] = &[ $( Entry {
            name: stringify!($variant),
            code: PgSqlErrorCode::$code,
            condition: concat!($($doc),+),
            message: $message,
            detail: $detail,
            hint: $hint,
        } ),+ ];

        impl Error {
            /// SQLSTATE, message, detail, hint.
            #[allow(unused_variables)] // a message need not show every field
            pub fn parts(&self) -> (PgSqlErrorCode, String, String, String) {
                match self {
                    $( Self::$variant { $($field),* } => (
                        PgSqlErrorCode::$code,
                        format!($message),
                        format!($detail),
                        format!($hint),
                    ) ),+
                }
            }
        }
    };
}

errors! {
    /// An argument that must have a value is NULL.
    NullArgument { argument: &'static str }
        ERRCODE_NULL_VALUE_NOT_ALLOWED, "argument \"{argument}\" must not be NULL", "", "";
    /// An argument's value is not one of those allowed.
    BadArgument { argument: String, problem: String, hint: String }
        ERRCODE_INVALID_PARAMETER_VALUE, "argument \"{argument}\": {problem}", "", "{hint}";
    /// A JSON document has a key that is not known, lacks one, or has a value of the wrong type.
    BadDocument { what: String, problem: String, hint: String }
        ERRCODE_INVALID_PARAMETER_VALUE, "{what} is not valid: {problem}", "", "{hint}";
    /// A parameter of a job is unknown or out of range.
    BadOption { message: String, detail: String, hint: String }
        ERRCODE_INVALID_PARAMETER_VALUE, "{message}", "{detail}", "{hint}";
    /// A text is longer than `altlas.max_text_bytes`.
    TextTooLong { bytes: usize, limit: usize }
        ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the text has {bytes} bytes, the limit is {limit}", "", "Split the text, or raise altlas.max_text_bytes.";
    /// A text has more tokens than its model takes, and `altlas.on_truncation` is `error`; as a warning where it is `warn`.
    TextTruncated { model: String, limit: usize }
        ERRCODE_STRING_DATA_RIGHT_TRUNCATION, "a text has more tokens than model \"{model}\" takes", "It takes {limit}; what is beyond has no part in the answer.", "Split the text. altlas.on_truncation says what is done about such texts.";
    /// A role that is named does not exist.
    UnknownRole { role: String }
        ERRCODE_UNDEFINED_OBJECT, "role \"{role}\" does not exist", "", "";
    /// No model has this name.
    UnknownModel { name: String }
        ERRCODE_UNDEFINED_OBJECT, "model \"{name}\" does not exist", "", "SELECT name, version, aliases FROM altlas.models lists the models you may use.";
    /// The model has no version of this number.
    UnknownVersion { name: String, version: i32 }
        ERRCODE_UNDEFINED_OBJECT, "model \"{name}\" has no version {version}", "", "SELECT version FROM altlas.models WHERE name = '{name}' lists its versions.";
    /// The model has no such alias.
    UnknownAlias { name: String, alias: String }
        ERRCODE_UNDEFINED_OBJECT, "model \"{name}\" has no alias \"{alias}\"", "A model's plain name stands for its alias \"production\".", "Set it with altlas.set_alias('{name}', '{alias}', version), or name a version: '{name}/1'.";
    /// No training has this number.
    UnknownRun { run: i64 }
        ERRCODE_UNDEFINED_OBJECT, "training run {run} does not exist", "", "SELECT run_id, project, started_at FROM altlas.training_runs lists the trainings.";
    /// A version that an alias points to cannot be dropped.
    VersionInUse { name: String, version: i32, aliases: String }
        ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST, "version {version} of model \"{name}\" is in use", "These aliases point to it: {aliases}.", "Point them to another version first (altlas.set_alias), or drop them (altlas.drop_alias).";
    /// A model by this name exists with another task.
    TaskMismatch { name: String, existing: String, asked: String }
        ERRCODE_DATATYPE_MISMATCH, "model \"{name}\" is for {existing}, not for {asked}", "", "Use another name.";
    /// The model cannot answer this question: no label, no probabilities, no duration.
    WrongKindOfModel { model: String, problem: String, hint: String }
        ERRCODE_WRONG_OBJECT_TYPE, "model \"{model}\" {problem}", "", "{hint}";
    /// An ONNX file is refused: not valid, a foreign operator domain, external data, too large.
    BadModel { message: String, detail: String, hint: String }
        ERRCODE_INVALID_BINARY_REPRESENTATION, "the model is refused: {message}", "{detail}", "{hint}";
    /// A model does not reproduce its own test vectors.
    TestVectorMismatch { row: usize, expected: String, got: String }
        ERRCODE_DATA_EXCEPTION, "the model does not reproduce test vector {row}", "Expected {expected}, got {got}.", "The graph, the preprocessing or the vectors belong to another model; nothing was registered.";
    /// A smaller version of a model answers worse than it may.
    QualityLost { model: String, figure: String, before: String, after: String, bound: f64 }
        ERRCODE_DATA_EXCEPTION, "the smaller version of model \"{model}\" lost too much", "Its {figure} is {after}, that of the model {before}; the bound is {bound}.", "Raise \"max_loss\" in the options, or keep the model as it is; nothing was registered.";
    /// An upload by chunks is unknown, incomplete, or does not match its hash.
    BadUpload { sha256: String, problem: String, hint: &'static str }
        ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "artefact {sha256}: {problem}", "", "{hint}";
    /// The stored bytes of a model are gone or damaged.
    DamagedArtefact { sha256: String, problem: String }
        ERRCODE_DATA_CORRUPTED, "the stored model {sha256} is damaged: {problem}", "", "Register the model again, or restore the table altlas.artefact_chunk.";
    /// A built-in model's file is missing from the server's share directory.
    MissingBuiltin { name: String, path: String }
        ERRCODE_UNDEFINED_FILE, "the built-in model \"{name}\" is not installed", "There is no readable file {path}.", "Install altlas again on this server (make install).";
    /// An input column that the model needs is not there.
    MissingColumn { model: String, column: String, have: String }
        ERRCODE_UNDEFINED_COLUMN, "model \"{model}\" needs the column \"{column}\"", "The input has: {have}.", "Columns are matched by name; a NULL counts as a missing value, an absent column does not.";
    /// The number of features is not what the model takes.
    WrongWidth { model: String, expected: usize, got: usize }
        ERRCODE_ARRAY_ELEMENT_ERROR, "model \"{model}\" takes {expected} features, the array has {got}", "", "Order them as in the model's manifest (\"columns\").";
    /// Values do not fit what the model or the job takes.
    BadInput { message: String, detail: String, hint: String }
        ERRCODE_DATATYPE_MISMATCH, "{message}", "{detail}", "{hint}";
    /// A column has a type that altlas does not read.
    UnsupportedType { column: String, r#type: String }
        ERRCODE_DATATYPE_MISMATCH, "column \"{column}\" has type {type}, which altlas does not read", "It reads numbers, boolean, text, timestamp, date, interval and uuid.", "Cast the column in the source query, or leave it out.";
    /// A source query is not a single SELECT, VALUES, TABLE or WITH, and not the name of a relation.
    BadSource { problem: String }
        ERRCODE_SYNTAX_ERROR, "the source cannot be used: {problem}", "", "Give the name of a table or view, or one SELECT, WITH, VALUES or TABLE statement.";
    /// A column named by an argument is not in the source.
    UnknownColumn { argument: String, column: String, have: String }
        ERRCODE_UNDEFINED_COLUMN, "the source has no column \"{column}\" (argument \"{argument}\")", "It has: {have}.", "";
    /// A source gives more rows than a function may hold in memory.
    TooManyRows { limit: usize }
        ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the source gives more than {limit} rows", "", "Aggregate or filter in the source, or raise altlas.max_source_rows.";
    /// No KPI has this name.
    UnknownKpi { name: String }
        ERRCODE_UNDEFINED_OBJECT, "KPI \"{name}\" does not exist", "", "SELECT name, description FROM altlas.kpis lists them; altlas.define_kpi(name, definition) makes one.";
    /// A rollup has more periods and combinations of dimensions than a call may give.
    RollupTooLarge { limit: usize }
        ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the rollup gives more than {limit} rows", "Empty periods between the first and the last count, too.", "Use a longer grain, fewer dimensions, or since and until.";
    /// No feedback has this number.
    UnknownFeedback { feedback: i64 }
        ERRCODE_UNDEFINED_OBJECT, "feedback {feedback} does not exist", "", "SELECT feedback_id, input, correct, state FROM altlas.feedback lists it.";
    /// A window's partition has more rows than a window function holds in memory.
    PartitionTooLarge { rows: i64, limit: i64 }
        ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the window's partition has {rows} rows, the limit is {limit}", "", "Use PARTITION BY, or aggregate first.";
    /// A table that would be made is there.
    TableExists { schema: String, tables: String }
        ERRCODE_DUPLICATE_TABLE, "schema \"{schema}\" already has {tables}", "Nothing was made.", "Give another schema.";
    /// A feature is known but not offered for this combination.
    NotSupported { message: String, detail: String, hint: String }
        ERRCODE_FEATURE_NOT_SUPPORTED, "{message}", "{detail}", "{hint}";
    /// Something would write, but the transaction is read-only or the server a replica.
    ReadOnly { action: &'static str }
        ERRCODE_READ_ONLY_SQL_TRANSACTION, "cannot {action} in a read-only transaction", "", "On a replica, run it on the primary.";
    /// The engine could not be started, or did not answer in time.
    EngineUnavailable { reason: String, hint: String }
        ERRCODE_CONNECTION_FAILURE, "the altlas engine is not available", "{reason}", "{hint}";
    /// There is no free slot for the supervisor's background worker.
    NoWorkerSlot { setting: String }
        ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, "there is no free background worker for the altlas engine", "max_worker_processes is {setting}.", "Raise max_worker_processes and restart the server.";
    /// The engine went away during the call, also when it was tried again.
    EngineLost { reason: String }
        ERRCODE_CONNECTION_FAILURE, "the altlas engine went away during the call", "{reason}", "The engine is restarted by itself; try again. The server log says why it ended.";
    /// A budget of the engine is used up: model memory, jobs, connections.
    EngineBusy { message: String, detail: String, hint: String }
        ERRCODE_INSUFFICIENT_RESOURCES, "{message}", "{detail}", "{hint}";
    /// The model ended the engine twice and is not used any more.
    Quarantined { message: String, detail: String, hint: String }
        ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "{message}", "{detail}", "{hint}";
    /// A job was cancelled, by `altlas.cancel_job` or by its owner.
    JobCancelled { message: String }
        ERRCODE_QUERY_CANCELED, "{message}", "", "";
    /// A job's process ended without a result.
    JobDied { message: String, detail: String, hint: String }
        ERRCODE_SYSTEM_ERROR, "{message}", "{detail}", "{hint}";
    /// No asynchronous job has this number.
    UnknownJob { job: i64 }
        ERRCODE_UNDEFINED_OBJECT, "job {job} does not exist", "Ended jobs are kept for altlas.job_retention.", "SELECT job_id, kind, label, state FROM altlas.jobs lists the jobs of this database.";
    /// The job belongs to a role whose rights the caller does not have.
    NotYourJob { job: i64, role: String }
        ERRCODE_INSUFFICIENT_PRIVILEGE, "job {job} belongs to role \"{role}\"", "Its result is for that role and its members.", "";
    /// The job has no result to give: it has not ended, failed, was cancelled, is of another kind, or its result has expired.
    NoJobResult { job: i64, problem: String, detail: String, hint: String }
        ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "job {job} {problem}", "{detail}", "{hint}";
    /// The rows of an asynchronous job are more than may be stored.
    JobInputTooLarge { limit: u64 }
        ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the rows of the job take more than {limit} bytes", "", "Submit fewer rows or columns at a time; an administrator can raise altlas.max_job_input.";
    /// The role that submitted a job may not do any more what the job does.
    NoLongerAllowed { role: String, function: &'static str }
        ERRCODE_INSUFFICIENT_PRIVILEGE, "role \"{role}\" may not call altlas.{function} any more", "It was allowed to when it submitted the job.", "altlas.grant_access gives the right.";
    /// The worker of a job ended in the middle as often as it was tried.
    JobAbandoned { attempts: i32 }
        ERRCODE_SYSTEM_ERROR, "the worker of the job ended in the middle, {attempts} times", "The worker was terminated, or the server went down.", "The server log says more. Submit the job again.";
    /// Bytes that should be a summary of statistics are not, or are of a later version of altlas.
    DamagedStats { problem: String }
        ERRCODE_DATA_CORRUPTED, "a summary of statistics cannot be read: {problem}", "", "";
    /// A fault of altlas itself.
    Internal { message: String }
        ERRCODE_INTERNAL_ERROR, "{message}", "", "This is a bug in altlas; please report it with the server log.";
}

impl Error {
    /// The SQLSTATE in its five characters.
    pub fn sqlstate(&self) -> String {
        sqlstate(self.parts().0)
    }

    /// Whether a call to run a model failed before the engine was asked to.
    pub fn is_before_run(&self) -> bool {
        self.is_engine_down() || matches!(self, Self::DamagedArtefact { .. } | Self::MissingBuiltin { .. })
    }

    /// Whether the engine could not be reached, as opposed to having refused something.
    pub fn is_engine_down(&self) -> bool {
        matches!(self, Self::EngineUnavailable { .. } | Self::EngineLost { .. } | Self::NoWorkerSlot { .. })
    }
}

impl From<Failure> for Error {
    fn from(f: Failure) -> Self {
        let (message, detail, hint) = (f.message, f.detail.unwrap_or_default(), f.hint.unwrap_or_default());
        match f.kind {
            FailureKind::BadModel => Self::BadModel { message, detail, hint },
            FailureKind::BadInput => Self::BadInput { message, detail, hint },
            FailureKind::BadParameter => Self::BadOption { message, detail, hint },
            FailureKind::Unsupported => Self::NotSupported { message, detail, hint },
            FailureKind::Resources => Self::EngineBusy { message, detail, hint },
            FailureKind::Quarantined => Self::Quarantined { message, detail, hint },
            FailureKind::Cancelled => Self::JobCancelled { message },
            FailureKind::JobDied => Self::JobDied { message, detail, hint },
            FailureKind::Protocol => Self::EngineUnavailable {
                reason: message,
                hint: "Library and engine are of different versions; restart the server after an upgrade."
                    .into(),
            },
            FailureKind::Internal => Self::Internal { message },
        }
    }
}

impl From<ProtoError> for Error {
    fn from(e: ProtoError) -> Self {
        Self::EngineLost { reason: e.to_string() }
    }
}

impl From<altlas_stats::StatsError> for Error {
    fn from(e: altlas_stats::StatsError) -> Self {
        Self::DamagedStats { problem: e.to_string() }
    }
}

impl From<pgrx::spi::SpiError> for Error {
    fn from(e: pgrx::spi::SpiError) -> Self {
        Self::Internal { message: format!("reading altlas' own tables failed: {e}") }
    }
}

impl From<Error> for ErrorReport {
    #[track_caller]
    fn from(e: Error) -> Self {
        let (code, message, detail, hint) = e.parts();
        let mut report = ErrorReport::new(code, message, function_name!());
        if !detail.is_empty() {
            report = report.set_detail(detail);
        }
        if !hint.is_empty() {
            report = report.set_hint(hint);
        }
        report
    }
}

/// What an internal function returns.
pub type Result<T> = std::result::Result<T, Error>;
/// What SQL functions return.
pub mod sql {
    /// pgrx reads the name `Result` off the signature, so the alias must keep it.
    pub type Result<T> = std::result::Result<T, super::ErrorReport>;
}

/// A code as users see it: five characters of six bits each, as in PostgreSQL's `unpack_sql_state`.
pub fn sqlstate(code: PgSqlErrorCode) -> String {
    let code = code as i32;
    (0..5).map(|n| char::from(((code >> (6 * n)) & 0x3f) as u8 + b'0')).collect()
}

/// The value of an argument that must not be NULL.
pub fn required<T>(value: Option<T>, argument: &'static str) -> Result<T> {
    value.ok_or(Error::NullArgument { argument })
}
