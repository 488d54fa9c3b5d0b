//! What a history of task runs says: types, durations, what goes with failures and with long runs, what waits for what.
//!
//! [`History`] holds the runs, [`analyze`] gives [`Finding`]s, one number each. Undefined figures are left out.

mod factors;
mod findings;
mod graph;
mod history;
mod rates;
mod resources;
mod times;

pub use findings::{Finding, Options, analyze};
pub use graph::{Graph, Longest};
pub use history::{Factor, History, Names};
pub use rates::{Interval, adjusted, newcombe, two_rates, wilson};
pub use resources::{Busy, busy};
pub use times::{median_interval, ratio_of_means};
