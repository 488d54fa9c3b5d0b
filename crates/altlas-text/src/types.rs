//! The eight task types.

use std::fmt;
use std::str::FromStr;

use crate::error::TextError;

/// What a task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskType {
    /// Find, look up, fetch information.
    Search,
    /// Produce something new.
    Create,
    /// Examine, compare, check, measure.
    Analyze,
    /// Open, show, display, list.
    Open,
    /// Change what exists.
    Transform,
    /// Run, send, move, delete, start, stop; also any other action.
    Execute,
    /// Shorten, give key points.
    Summarize,
    /// Plan for a time, remind, repeat.
    Schedule,
}

impl TaskType {
    /// All types, in the order of the guideline.
    pub const ALL: [Self; 8] = [
        Self::Search,
        Self::Create,
        Self::Analyze,
        Self::Open,
        Self::Transform,
        Self::Execute,
        Self::Summarize,
        Self::Schedule,
    ];

    /// The name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Create => "create",
            Self::Analyze => "analyze",
            Self::Open => "open",
            Self::Transform => "transform",
            Self::Execute => "execute",
            Self::Summarize => "summarize",
            Self::Schedule => "schedule",
        }
    }
}

impl fmt::Display for TaskType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskType {
    type Err = TextError;

    fn from_str(name: &str) -> Result<Self, TextError> {
        Self::ALL
            .into_iter()
            .find(|t| t.as_str() == name)
            .ok_or_else(|| TextError::UnknownTaskType(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for t in TaskType::ALL {
            assert_eq!(t.as_str().parse::<TaskType>().unwrap(), t);
        }
        assert!("Search".parse::<TaskType>().is_err());
    }
}
