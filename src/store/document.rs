//! Reading a JSON object that a user wrote into a typed struct, with errors that name the key.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

const OPTIONS: &str = "argument \"options\"";

/// Reads a document; `what` names it in errors. Unknown keys are refused where `T` denies them.
pub fn read<T: DeserializeOwned>(what: &str, document: &Value, hint: &str) -> Result<T> {
    let wrong = |problem: String| Error::BadDocument { what: what.into(), problem, hint: hint.into() };
    // Serde would take an array for the struct's fields in their order.
    let Value::Object(object) = document else {
        return Err(wrong("it is not a JSON object".into()));
    };
    parse(object).map_err(|problem| match culprit::<T>(object, &problem) {
        Some(key) => wrong(format!("key \"{key}\": {problem}")),
        None => wrong(problem),
    })
}

/// The keys that a function's argument `options` may have, as an error's hint lists them.
#[derive(Clone, Copy)]
pub struct OptionKeys(pub &'static str);

impl OptionKeys {
    /// Reads the options.
    pub fn read<T: DeserializeOwned>(self, options: &Value) -> Result<T> {
        read(OPTIONS, options, &self.hint())
    }

    /// An option that has a known key and a value that cannot be.
    pub fn wrong(self, problem: String) -> Error {
        Error::BadDocument { what: OPTIONS.into(), problem, hint: self.hint() }
    }

    /// Refuses a number out of its range.
    pub fn within<T: PartialOrd + Display>(
        self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<()> {
        if range.contains(&value) {
            return Ok(());
        }
        Err(self.wrong(format!(
            "key \"{key}\": {value} is not between {} and {}",
            range.start(),
            range.end()
        )))
    }

    fn hint(self) -> String {
        format!("It may have {}.", self.0)
    }
}

fn parse<T: DeserializeOwned>(object: &Map<String, Value>) -> std::result::Result<T, String> {
    T::deserialize(Value::Object(object.clone())).map_err(|e| e.to_string())
}

/// Serde does not say where a value of the wrong type was: at the key without which it says something else.
fn culprit<T: DeserializeOwned>(object: &Map<String, Value>, problem: &str) -> Option<String> {
    if problem.contains(" field `") {
        return None; // unknown, missing and duplicate fields are named
    }
    object
        .keys()
        .find(|key| {
            let mut others = object.clone();
            others.remove(*key);
            parse::<T>(&others).err().as_deref() != Some(problem)
        })
        .cloned()
}
