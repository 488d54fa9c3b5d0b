//! SQL functions, one file per family: decode the arguments, call, encode the result.

mod access;
mod duration;
mod engine;
mod errors;
mod predict;
mod registry;
mod text;
mod train;
