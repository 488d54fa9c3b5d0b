//! From datums to plain values, and to Arrow.

mod argument;
mod arrow;
mod batch;
mod cell;
mod elements;
mod plan;
mod row;
mod tuplestore;

pub use argument::{Floats, Record, VectorCall};
pub use arrow::ArrowStream;
pub use batch::Batches;
pub use cell::{Cell, Kind, timestamp_of_unix_us, type_name};
pub use elements::{element_type, read_elements, wrong_length};
pub use plan::RowPlan;
pub use row::fields_of_json;
pub use tuplestore::TupleStore;

/// Lets long work of a pure crate be interrupted; unwinds when it is.
pub fn tick() {
    pgrx::check_for_interrupts!();
}
