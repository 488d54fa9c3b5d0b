//! Settings. `docs/guc.md` is generated from these definitions.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

static EXECUTION_PROVIDERS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"cpu"));
static ENGINE_THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
static ENGINE_START_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(15_000);
static MODEL_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(1024 * 1024);
static MODEL_CACHE: GucSetting<i32> = GucSetting::<i32>::new(4 * 1024 * 1024);
static MAX_MODEL_SIZE: GucSetting<i32> = GucSetting::<i32>::new(512 * 1024);
static MAX_CONNECTIONS: GucSetting<i32> = GucSetting::<i32>::new(1000);
static MAX_JOBS: GucSetting<i32> = GucSetting::<i32>::new(2);
static JOB_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(4 * 1024 * 1024);
static JOB_THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_TEXT_BYTES: GucSetting<i32> = GucSetting::<i32>::new(1 << 20);
static MAX_SOURCE_ROWS: GucSetting<i32> = GucSetting::<i32>::new(20_000_000);
static COMPILE_MODELS: GucSetting<bool> = GucSetting::<bool>::new(true);
static BATCH_SIZE: GucSetting<i32> = GucSetting::<i32>::new(1024);
static MAX_QUEUE: GucSetting<i32> = GucSetting::<i32>::new(1000);
static BATCH_ROWS: GucSetting<i32> = GucSetting::<i32>::new(512);
static BATCH_WAIT: GucSetting<i32> = GucSetting::<i32>::new(0);
static DEVICE_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_JOB_WORKERS: GucSetting<i32> = GucSetting::<i32>::new(2);
static MAX_JOB_INPUT: GucSetting<i32> = GucSetting::<i32>::new(1024 * 1024);
static JOB_RETENTION: GucSetting<i32> = GucSetting::<i32>::new(7 * 24 * 60 * 60);
static STATS: GucSetting<bool> = GucSetting::<bool>::new(true);
static STATS_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(10);
static STATS_RETENTION: GucSetting<i32> = GucSetting::<i32>::new(90 * 24 * 60);
static PRICE_PER_HOUR: GucSetting<f64> = GucSetting::<f64>::new(0.0);
static DURATION_MODEL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"duration"));

static EMBEDDING_MODEL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static ON_TRUNCATION: GucSetting<OnTruncation> = GucSetting::<OnTruncation>::new(OnTruncation::Warn);

/// What is done about a text that has more tokens than its model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
pub enum OnTruncation {
    #[name = c"warn"]
    Warn,
    #[name = c"error"]
    Error,
    #[name = c"ignore"]
    Ignore,
}

/// Registers every setting; called once from `_PG_init`.
pub fn register() {
    let kb = GucFlags::UNIT_KB;
    GucRegistry::define_string_guc(
        c"altlas.execution_providers",
        c"Execution providers of ONNX Runtime, in order of preference.",
        c"A comma-separated list such as 'cuda,cpu'; those that cannot be used are passed over, and altlas.engine_status() says so.",
        &EXECUTION_PROVIDERS,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.engine_threads",
        c"Threads that the engine uses to run models.",
        c"0 takes the number of processors.",
        &ENGINE_THREADS,
        0,
        1024,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.engine_start_timeout",
        c"How long a call waits for the engine to start.",
        c"",
        &ENGINE_START_TIMEOUT,
        100,
        600_000,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"altlas.model_memory",
        c"Memory that models loaded in the engine may take together.",
        c"Models not used for longest are dropped first; a model that alone is larger is refused.",
        &MODEL_MEMORY,
        16 * 1024,
        i32::MAX,
        GucContext::Sighup,
        kb,
    );
    GucRegistry::define_int_guc(
        c"altlas.model_cache",
        c"Disk space for model files in the engine's cache, in the data directory.",
        c"",
        &MODEL_CACHE,
        16 * 1024,
        i32::MAX,
        GucContext::Sighup,
        kb,
    );
    GucRegistry::define_int_guc(
        c"altlas.max_model_size",
        c"Largest ONNX file that may be registered.",
        c"",
        &MAX_MODEL_SIZE,
        1,
        i32::MAX,
        GucContext::Suset,
        kb,
    );
    GucRegistry::define_int_guc(
        c"altlas.engine_max_connections",
        c"Connections that the engine accepts at once.",
        c"",
        &MAX_CONNECTIONS,
        1,
        65_535,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.max_jobs",
        c"Jobs (such as trainings) that run at once.",
        c"",
        &MAX_JOBS,
        1,
        64,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.job_memory",
        c"Address space that one job's process may take.",
        c"0 means no limit.",
        &JOB_MEMORY,
        0,
        i32::MAX,
        GucContext::Suset,
        kb,
    );
    GucRegistry::define_int_guc(
        c"altlas.job_threads",
        c"Threads that one job may use.",
        c"0 takes the number of processors. The same number gives the same model bytes.",
        &JOB_THREADS,
        0,
        1024,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.max_text_bytes",
        c"Longest text that the text functions take.",
        c"",
        &MAX_TEXT_BYTES,
        1024,
        64 << 20,
        GucContext::Userset,
        GucFlags::UNIT_BYTE,
    );
    GucRegistry::define_int_guc(
        c"altlas.max_source_rows",
        c"Most rows that a function reads from its source into memory.",
        c"",
        &MAX_SOURCE_ROWS,
        1000,
        i32::MAX,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"altlas.compile_models",
        c"Whether classical models are compiled and scored in the session itself.",
        c"When off, the engine scores every model. The compiled forms are files in the data directory, shared by all sessions.",
        &COMPILE_MODELS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.batch_size",
        c"Rows that the set forms of scoring functions give to a model at once.",
        c"A window function reads so many rows ahead, or twice as many where the engine scores them.",
        &BATCH_SIZE,
        1,
        65_536,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.max_queue",
        c"Calls that may wait in the engine at once, for a model to be loaded or for their turn.",
        c"More are refused with an error.",
        &MAX_QUEUE,
        1,
        1_000_000,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.batch_rows",
        c"Most rows in a run that the engine makes of several sessions' calls.",
        c"1 joins no calls. Models on a device take eight times as many.",
        &BATCH_ROWS,
        1,
        65_536,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.batch_wait",
        c"Microseconds that a call of an idle model waits for calls of other sessions to join it.",
        c"0 runs it at once; calls that come meanwhile are joined into the next run.",
        &BATCH_WAIT,
        0,
        10_000,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.device_memory",
        c"Memory that each model may take on a CUDA device.",
        c"0 means no limit.",
        &DEVICE_MEMORY,
        0,
        i32::MAX,
        GucContext::Sighup,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_int_guc(
        c"altlas.max_job_workers",
        c"Background workers that run asynchronous jobs at once, in all databases together.",
        c"0 leaves jobs in the queue. Each worker takes one of max_worker_processes.",
        &MAX_JOB_WORKERS,
        0,
        64,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.max_job_input",
        c"Most that the rows of one asynchronous job may take in the database.",
        c"",
        &MAX_JOB_INPUT,
        64,
        i32::MAX,
        GucContext::Suset,
        kb,
    );
    GucRegistry::define_int_guc(
        c"altlas.job_retention",
        c"How long an asynchronous job and its result are kept after its end.",
        c"",
        &JOB_RETENTION,
        1,
        i32::MAX,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_bool_guc(
        c"altlas.stats",
        c"Whether statistics of scoring are gathered.",
        c"Counts, errors, durations and the distribution of inputs and answers; see altlas.model_stats.",
        &STATS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"altlas.stats_interval",
        c"How often statistics are written to altlas' tables.",
        c"A crash loses at most what was gathered in this time.",
        &STATS_INTERVAL,
        1,
        3600,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"altlas.stats_retention",
        c"How long statistics are kept.",
        c"0 keeps them for ever.",
        &STATS_RETENTION,
        0,
        i32::MAX,
        GucContext::Sighup,
        GucFlags::UNIT_MIN,
    );
    GucRegistry::define_float_guc(
        c"altlas.price_per_hour",
        c"What an hour of this server costs, for altlas.compare_models.",
        c"In a currency of your own; 0 leaves costs out.",
        &PRICE_PER_HOUR,
        0.0,
        1e9,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"altlas.duration_model",
        c"Model that altlas.predict_duration uses when none is named.",
        c"",
        &DURATION_MODEL,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"altlas.embedding_model",
        c"Model that altlas.embed and its like use when none is named.",
        c"",
        &EMBEDDING_MODEL,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"altlas.on_truncation",
        c"What is done about a text that has more tokens than its model takes.",
        c"The text is cut off, with a warning once a statement (warn) or without (ignore), or refused (error). Functions that give a column \"truncated\" do not warn.",
        &ON_TRUNCATION,
        GucContext::Userset,
        GucFlags::default(),
    );
}

fn text(setting: &'static GucSetting<Option<CString>>) -> String {
    setting.get().map(|v| v.to_string_lossy().into_owned()).unwrap_or_default()
}

fn bytes(setting: &'static GucSetting<i32>) -> u64 {
    u64::try_from(setting.get()).unwrap_or(0) * 1024
}

fn count(setting: &'static GucSetting<i32>) -> usize {
    usize::try_from(setting.get()).unwrap_or(0)
}

/// Providers, in order of preference.
pub fn execution_providers() -> String {
    text(&EXECUTION_PROVIDERS)
}

/// Threads for models; 0 for the number of processors.
pub fn engine_threads() -> usize {
    count(&ENGINE_THREADS)
}

/// Milliseconds to wait for the engine.
pub fn engine_start_timeout_ms() -> u64 {
    count(&ENGINE_START_TIMEOUT) as u64
}

/// Bytes for loaded models.
pub fn model_memory() -> u64 {
    bytes(&MODEL_MEMORY)
}

/// Bytes for cached model files.
pub fn model_cache() -> u64 {
    bytes(&MODEL_CACHE)
}

/// Bytes of the largest model.
pub fn max_model_size() -> u64 {
    bytes(&MAX_MODEL_SIZE)
}

/// Connections to the engine.
pub fn engine_max_connections() -> usize {
    count(&MAX_CONNECTIONS)
}

/// Jobs at once.
pub fn max_jobs() -> usize {
    count(&MAX_JOBS)
}

/// Bytes of address space for a job; 0 for no limit.
pub fn job_memory() -> u64 {
    bytes(&JOB_MEMORY)
}

/// Threads for a job; 0 for the number of processors.
pub fn job_threads() -> u32 {
    count(&JOB_THREADS) as u32
}

/// Bytes of the longest text.
pub fn max_text_bytes() -> usize {
    count(&MAX_TEXT_BYTES)
}

/// Rows read from a source.
pub fn max_source_rows() -> usize {
    count(&MAX_SOURCE_ROWS)
}

/// Whether classical models are compiled.
pub fn compile_models() -> bool {
    COMPILE_MODELS.get()
}

/// Rows given to a model at once.
pub fn batch_size() -> usize {
    count(&BATCH_SIZE)
}

/// Calls that may wait in the engine.
pub fn max_queue() -> usize {
    count(&MAX_QUEUE)
}

/// Rows of a joined run.
pub fn batch_rows() -> usize {
    count(&BATCH_ROWS)
}

/// Microseconds that a call waits for others.
pub fn batch_wait_us() -> usize {
    count(&BATCH_WAIT)
}

/// Bytes of device memory for a model; 0 for no limit.
pub fn device_memory() -> u64 {
    bytes(&DEVICE_MEMORY) * 1024
}

/// Workers for asynchronous jobs.
pub fn max_job_workers() -> usize {
    count(&MAX_JOB_WORKERS)
}

/// Bytes of the rows of one asynchronous job.
pub fn max_job_input() -> u64 {
    bytes(&MAX_JOB_INPUT)
}

/// Seconds that an ended job is kept.
pub fn job_retention_s() -> f64 {
    f64::from(JOB_RETENTION.get())
}

/// Whether statistics are gathered.
pub fn stats() -> bool {
    STATS.get()
}

/// Seconds between two writes of statistics.
pub fn stats_interval_s() -> u64 {
    count(&STATS_INTERVAL) as u64
}

/// Minutes that statistics are kept; 0 for ever.
pub fn stats_retention_min() -> i32 {
    STATS_RETENTION.get()
}

/// `altlas.price_per_hour`; `None` where nobody said it.
pub fn price_per_hour() -> Option<f64> {
    Some(PRICE_PER_HOUR.get()).filter(|price| *price > 0.0)
}

/// The model of `predict_duration`.
pub fn duration_model() -> String {
    text(&DURATION_MODEL)
}

/// The model of `embed`; empty for none.
pub fn embedding_model() -> String {
    text(&EMBEDDING_MODEL)
}

/// What is done about a text that is too long for its model.
pub fn on_truncation() -> OnTruncation {
    ON_TRUNCATION.get()
}
