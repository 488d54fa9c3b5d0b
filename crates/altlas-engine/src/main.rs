//! The altlas engine.
fn main() {}
