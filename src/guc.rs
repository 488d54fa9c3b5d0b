//! Settings. `docs/guc.md` is generated from these definitions.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

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
static DURATION_MODEL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"duration"));

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
    GucRegistry::define_string_guc(
        c"altlas.duration_model",
        c"Model that altlas.predict_duration uses when none is named.",
        c"",
        &DURATION_MODEL,
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

/// The model of `predict_duration`.
pub fn duration_model() -> String {
    text(&DURATION_MODEL)
}
