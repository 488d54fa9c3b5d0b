//! The Postgres layer of altlas: SQL functions, altlas' tables, and the way to the engine.
//! Everything that knows PostgreSQL is here; `docs/architecture.md` is the map.

// The one crate that calls PostgreSQL: each block says why it is sound.
#![allow(unsafe_code)]
// In-server tests may panic: the server reports it.
#![cfg_attr(
    feature = "pg_test",
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod api;
mod comparison;
mod convert;
mod engine;
mod error;
mod explain;
mod guc;
mod history;
mod jobs;
mod mlflow;
mod monitor;
mod scoring;
mod segments;
mod store;
mod training;

use pgrx::prelude::*;

::pgrx::pg_module_magic!();

extension_sql_file!("../sql/schema/bootstrap.sql", name = "bootstrap", bootstrap);
extension_sql_file!("../sql/schema/registry.sql", name = "registry", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/leaderboard.sql", name = "leaderboard", requires = ["registry"]);
extension_sql_file!("../sql/schema/audit.sql", name = "audit", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/access.sql", name = "access", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/jobs.sql", name = "job_tables", requires = ["bootstrap"]);
extension_sql_file!("../sql/views/jobs.sql", name = "jobs", requires = ["job_tables", _jobs]);
extension_sql_file!("../sql/views/quarantine.sql", name = "quarantine", requires = ["registry", _quarantine]);
extension_sql_file!("../sql/schema/builtin_models.sql", name = "builtin_models", requires = ["registry"]);
extension_sql_file!("../sql/schema/feedback.sql", name = "feedback_tables", requires = ["bootstrap"]);
extension_sql_file!("../sql/views/feedback.sql", name = "feedback", requires = ["feedback_tables"]);
extension_sql_file!("../sql/schema/comparisons.sql", name = "comparisons", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/kpi.sql", name = "kpi", requires = ["bootstrap"]);
extension_sql_file!("../sql/views/kpis.sql", name = "kpis", requires = ["kpi"]);
extension_sql_file!("../sql/schema/anomaly_score.sql", name = "anomaly_score", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/predict_batched.sql", name = "predict_batched", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/score.sql", name = "score", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/explain_source.sql", name = "explain_source", requires = ["bootstrap"]);
extension_sql_file!("../sql/schema/stats.sql", name = "stats", requires = ["bootstrap", _merge_stats]);
extension_sql_file!(
    "../sql/views/stats.sql",
    name = "stats_views",
    requires = ["stats", _histogram_summary, _sketch_summary, _label_counts]
);
extension_sql_file!("../sql/schema/finalize.sql", name = "finalize", finalize);

/// Called when the library is loaded, by a backend or, when preloaded, by the server.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // Errors of PostgreSQL that pass through Rust would carry a backtrace in their DETAIL where RUST_BACKTRACE is set.
    // SAFETY: a backend has one thread.
    unsafe { std::env::set_var("RUST_LIB_BACKTRACE", "0") };
    guc::register();
    // SAFETY: a plain flag that the server sets while it preloads libraries.
    if unsafe { pg_sys::process_shared_preload_libraries_in_progress } {
        engine::supervisor::register_at_server_start();
    }
}
