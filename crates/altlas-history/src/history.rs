//! The runs, column by column.

use std::collections::HashMap;

/// No value.
const NONE: u32 = u32::MAX;

/// Names, each kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The number of a name, given now if it is new.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(NONE - 1).min(NONE - 1);
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    /// The number of a name, if there is such a one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A column that may go with failures or long runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Factor {
    /// Categories.
    Levels {
        /// Their names.
        names: Names,
        /// One a run.
        of: Vec<Option<u32>>,
    },
    /// Numbers, NaN where there is none.
    Numbers(Vec<f64>),
}

/// The runs of tasks: one entry a run in each list. Moments are seconds since any epoch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Names of the types.
    pub types: Names,
    /// The type of each run.
    pub kind: Vec<Option<u32>>,
    /// Seconds that it took, where it ended.
    pub seconds: Vec<Option<f64>>,
    /// Whether it failed, where that is known.
    pub failed: Vec<Option<bool>>,
    /// When it was queued.
    pub queued: Vec<Option<f64>>,
    /// When it started.
    pub started: Vec<Option<f64>>,
    /// Names of the resources.
    pub resources: Names,
    /// What it ran on.
    pub resource: Vec<Option<u32>>,
    /// Names of the tasks.
    pub tasks: Names,
    /// The task it is a run of.
    pub task: Vec<Option<u32>>,
    /// Names of the commands.
    pub commands: Names,
    /// The command that asked for the task.
    pub command: Vec<Option<u32>>,
    /// Further columns, by name.
    pub factors: Vec<(String, Factor)>,
    /// (task, what it waits for), by the tasks' numbers.
    pub dependencies: Vec<(u32, u32)>,
    /// Dependencies that name a task without a run.
    pub unknown_dependencies: u64,
}

impl History {
    /// Runs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kind.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kind.is_empty()
    }

    /// Notes that a task waits for another.
    pub fn depend(&mut self, task: &str, on: &str) {
        match (self.tasks.find(task), self.tasks.find(on)) {
            (Some(task), Some(on)) => self.dependencies.push((task, on)),
            _ => self.unknown_dependencies += 1,
        }
    }
}
