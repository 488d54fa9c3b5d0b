//! SQL functions, one file per family: decode the arguments, call, encode the result.

mod access;
mod anomaly;
mod anomaly_score;
mod duration;
mod engine;
mod errors;
mod kpi;
mod predict;
mod registry;
mod task_schema;
mod text;
mod train;
