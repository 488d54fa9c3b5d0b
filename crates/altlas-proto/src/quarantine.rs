use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// What is known of models that ended the engine. The engine keeps it in a file, which backends read: it can be looked at
/// when no engine runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashList {
    /// [`CrashList::FORMAT`] of the program that wrote it.
    pub format: u32,
    /// Version of ONNX Runtime. Another version may not have the fault, so it begins with an empty list.
    pub runtime: String,
    /// By the SHA-256 of the model.
    pub models: BTreeMap<String, Crashes>,
}

impl CrashList {
    /// Where it is, in the engine's directory.
    pub const FILE: &str = "quarantine/list.json";
    /// The format that this build writes, the only one it reads.
    pub const FORMAT: u32 = 1;

    /// Reads a list; `None` for what this build does not understand.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|list: &Self| list.format == Self::FORMAT)
    }
}

/// How a model ended the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashes {
    /// How often while it was the only model in use. When there were several, any may be at fault: none is counted.
    pub crashes: u32,
    /// The last time, in microseconds since 1970-01-01 UTC.
    pub last_us: i64,
    /// What happened then, for people.
    pub reason: String,
    /// Uses that it must survive with no other model in use beside it, so that it is known who is at fault.
    pub alone: u32,
}

impl Crashes {
    /// So many crashes put a model in quarantine.
    pub const LIMIT: u32 = 2;

    /// Whether the model is not used any more.
    pub fn quarantined(&self) -> bool {
        self.crashes >= Self::LIMIT
    }

    /// What callers of a model in quarantine are told.
    pub fn failure(&self, model: &str) -> Failure {
        let Self { crashes, reason, .. } = self;
        Failure::new(FailureKind::Quarantined, "the model is in quarantine")
            .detail(format!("It ended the engine {crashes} times, the last time so: {reason}"))
            .hint(format!(
                "altlas.quarantine() lists such models. Use another version, or let it run again with altlas.release_quarantine('{model}')."
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_and_another_format_does_not() {
        let crash = Crashes { crashes: 1, last_us: 7, reason: "signal 11".into(), alone: 3 };
        let models = BTreeMap::from([("ab".to_owned(), crash)]);
        let list = CrashList { format: CrashList::FORMAT, runtime: "1.32.0".into(), models };
        let bytes = serde_json::to_vec(&list).unwrap();
        assert_eq!(CrashList::parse(&bytes), Some(list.clone()));
        let newer = serde_json::to_vec(&CrashList { format: 2, ..list }).unwrap();
        assert_eq!(CrashList::parse(&newer), None);
        assert_eq!(CrashList::parse(&bytes[1..]), None);
    }

    #[test]
    fn the_second_crash_is_one_too_many() {
        let once = Crashes { crashes: 1, ..Crashes::default() };
        let twice = Crashes { crashes: 2, reason: "signal 6".into(), ..Crashes::default() };
        assert!(!once.quarantined() && twice.quarantined());
        let failure = twice.failure("ab");
        assert_eq!(failure.kind, FailureKind::Quarantined);
        assert!(failure.detail.unwrap().contains("2 times") && failure.hint.unwrap().contains("'ab'"));
    }
}
