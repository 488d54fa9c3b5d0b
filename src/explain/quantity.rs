//! The one number of an answer that is explained.

use crate::error::{Error, Result};
use crate::scoring::{Scored, Version};

/// Which number of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The value.
    Value,
    /// The probability of a class, by its place.
    Class(usize),
}

impl Quantity {
    /// What an answer is explained by: the class asked for; else the second of two, the likeliest of more; the value of a regression.
    pub fn of(version: &Version, answer: &Scored, class: Option<&str>) -> Result<Self> {
        let Some(proba) = answer.proba.as_ref().filter(|p| p.len() > 1) else {
            return match (class, answer.value.is_some() && !version.manifest.classifies()) {
                (None, true) => Ok(Self::Value),
                (Some(_), true) => Err(wrong(version, "has no classes", "Leave out the option \"class\".")),
                (_, false) => Err(wrong(
                    version,
                    "gives neither a number nor probabilities",
                    "Register it with an output of probabilities (\"output\" in the manifest).",
                )),
            };
        };
        let likeliest = || proba.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
        match class {
            Some(name) => {
                (0..proba.len()).find(|n| Self::name(version, *n) == name).map(Self::Class).ok_or_else(|| {
                    let names: Vec<String> =
                        (0..proba.len().min(20)).map(|n| Self::name(version, n)).collect();
                    Error::BadArgument {
                        argument: "class".into(),
                        problem: format!("model \"{}\" has no class \"{name}\"", version.label),
                        hint: format!("It has: {}.", names.join(", ")),
                    }
                })
            }
            None if proba.len() == 2 => Ok(Self::Class(1)),
            None => Ok(Self::Class(likeliest())),
        }
    }

    /// The number; NaN where the answer lacks it.
    pub fn in_answer(self, answer: &Scored) -> f64 {
        let number = match self {
            Self::Value => answer.value,
            Self::Class(class) => answer.proba.as_ref().and_then(|p| p.get(class).copied()),
        };
        number.unwrap_or(f64::NAN)
    }

    /// The class's name, where it is one.
    pub fn class(self, version: &Version) -> Option<String> {
        match self {
            Self::Value => None,
            Self::Class(class) => Some(Self::name(version, class)),
        }
    }

    /// A class without a name has its number.
    fn name(version: &Version, class: usize) -> String {
        let named = version.manifest.labels.as_ref().and_then(|names| names.get(class));
        named.cloned().unwrap_or_else(|| class.to_string())
    }
}

fn wrong(version: &Version, problem: &str, hint: &str) -> Error {
    Error::WrongKindOfModel { model: version.label.clone(), problem: problem.into(), hint: hint.into() }
}
