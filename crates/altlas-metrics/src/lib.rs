//! How good answers are, and whether one model's are better than another's.
//!
//! Everything is a pure function of known and given answers. Undefined figures are `None`, never NaN.

mod labels;
mod numbers;
mod paired;
mod quantile;

pub use labels::{Answer, Labels, labels};
pub use numbers::{Numbers, numbers};
pub use paired::{mcnemar, wilcoxon};
pub use quantile::{quantile, quantile_of_sorted};
