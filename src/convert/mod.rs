//! From datums to plain values, and to Arrow.

mod arrow;
mod cell;
mod row;

pub use arrow::ArrowStream;
pub use cell::{Cell, Kind, timestamp_of_unix_us, type_name};
pub use row::{fields_of_json, fields_of_record};

/// Lets long work of a pure crate be interrupted; unwinds when it is.
pub fn tick() {
    pgrx::check_for_interrupts!();
}
