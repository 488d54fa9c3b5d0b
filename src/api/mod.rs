//! SQL functions, one file per family: decode the arguments, call, encode the result.

mod access;
mod analyze;
mod anomaly;
mod anomaly_score;
mod compare;
mod compress;
mod duration;
mod embed;
mod engine;
mod errors;
mod experiments;
mod explain;
mod explain_source;
mod feedback;
mod history;
mod inspect;
mod jobs;
mod kpi;
mod predict;
mod predict_array;
mod predict_batched;
mod quarantine;
mod registry;
mod score;
mod segment;
mod stats;
mod task_schema;
mod text;
mod text_model;
mod train;
mod window;

pub use registry::{check_graph, reproduce};
