//! Why a model answers as it does: Shapley values, permutation importance, partial dependence, counterfactuals.
//! `altlas-explain` computes; here models are asked, and rows are read.

mod counterfactual;
mod dependence;
mod explainer;
mod importance;
mod options;
mod quantity;
mod rows;

use crate::convert::{Cell, timestamp_of_unix_us};
use crate::error::{Error, Result};
use crate::scoring::Version;
use crate::store::model;

pub use counterfactual::{Changed, Counterfactual, counterfactual};
pub use dependence::partial_dependence;
pub use explainer::Explainer;
pub use importance::importance;
pub use options::{CounterfactualOptions, DependenceOptions, ImportanceOptions, Scale, ShapleyOptions};

/// A model that is looked at. What is tried out here is no use of it, and is not counted.
fn looked_at(name: &str) -> Result<Version> {
    let mut version = model::resolve(name)?;
    version.watch = None;
    Ok(version)
}

/// A value as text; none for NULL. An interval is its seconds.
pub fn shown(cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Number(v) | Cell::Interval(v) => v.to_string(),
        Cell::Boolean(v) => v.to_string(),
        Cell::Text(v) => v.clone(),
        Cell::Timestamp(us) => timestamp_of_unix_us(*us)?.to_string(),
    })
}

/// The place of a column among a model's.
fn place(columns: &[String], column: &str, argument: &str) -> Result<usize> {
    columns.iter().position(|c| c == column).ok_or_else(|| Error::BadArgument {
        argument: argument.to_owned(),
        problem: format!("the model has no column \"{column}\""),
        hint: format!("It takes: {}.", columns.join(", ")),
    })
}
