//! A history of task runs, read from a user's source; for `analyze_tasks`.

mod options;
mod runs;

use altlas_history::{Finding, analyze};

use crate::convert::tick;
use crate::error::Result;
use crate::store::source;

pub use options::Options;
use runs::{Dependencies, Runs};

/// What the runs of a source say.
pub fn findings(source: &str, options: &Options) -> Result<Vec<Finding>> {
    let mut runs = Runs::new(options);
    source::read(source, None, &mut runs)?;
    let mut history = runs.history();
    if let Some(dependencies) = &options.dependencies {
        let wanted = [("dependencies", "task_id"), ("dependencies", "depends_on")];
        source::read(dependencies, Some(&wanted), &mut Dependencies(&mut history))?;
    }
    Ok(analyze(&history, &options.analysis(), &tick))
}
