//! A KPI's definition: the document that `define_kpi` takes, checked as far as it can be without its source.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::filter;
use crate::error::{Error, Result};
use crate::store::document;

/// What errors call the document.
pub const WHAT: &str = "the KPI's definition";

/// Most dimensions of a KPI: a rollup has one combination for each of their values.
const MAX_DIMENSIONS: usize = 32;

/// How the rows of a period become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// sum(numerator) / sum(denominator), or / number of rows.
    Ratio,
    /// The exact sum.
    Sum,
    /// The exact sum by the number of values.
    Average,
    /// The number of values, or of rows.
    Count,
    /// The value in the middle, or the mean of the two.
    Median,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Grain {
    const ALL: [Self; 6] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The name in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The length as an interval.
    pub fn step(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::Day => "1 day",
            Self::Week => "7 days",
            Self::Month => "1 month",
            Self::Quarter => "3 months",
            Self::Year => "1 year",
        }
    }

    /// The grain of this name.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|grain| grain.as_str() == name).ok_or_else(|| Error::BadArgument {
            argument: "grain".into(),
            problem: format!("\"{name}\" is not a grain"),
            hint: "Grains are: hour, day, week, month, quarter, year.".into(),
        })
    }
}

/// The document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub kind: Kind,
    /// A relation, or one query.
    pub source: String,
    /// A column of type timestamptz; or timestamp or date, in the definition's time zone.
    pub time_column: String,
    /// The column that is summed, averaged, counted.
    #[serde(default)]
    pub value: Option<String>,
    /// The column above a ratio's line; true counts as 1.
    #[serde(default)]
    pub numerator: Option<String>,
    /// The column below a ratio's line; the number of rows when it is left out.
    #[serde(default)]
    pub denominator: Option<String>,
    /// Columns that a rollup can be split and filtered by.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// Column → a value, a list of values, or null.
    #[serde(default)]
    pub filter: BTreeMap<String, Value>,
    /// The zone of the calendar.
    #[serde(default = "utc")]
    pub time_zone: String,
    #[serde(default)]
    pub direction: Option<Direction>,
    #[serde(default)]
    pub target: Option<f64>,
    #[serde(default)]
    pub warn: Option<f64>,
    #[serde(default)]
    pub critical: Option<f64>,
    // For readers of the catalogue; nothing is computed from these.
    #[serde(default, rename = "unit")]
    _unit: Option<String>,
    #[serde(default, rename = "frequency")]
    _frequency: Option<Grain>,
    #[serde(default, rename = "owner")]
    _owner: Option<String>,
    #[serde(default, rename = "description")]
    _description: Option<String>,
}

fn utc() -> String {
    "UTC".into()
}

impl Definition {
    /// Reads the document and checks what keys and values must be together.
    pub fn parse(json: &Value) -> Result<Self> {
        let definition: Self = document::read(
            WHAT,
            json,
            "Keys are: kind, source, time_column, value, numerator, denominator, dimensions, filter, time_zone, unit, \
             direction, target, warn, critical, frequency, owner, description.",
        )?;
        definition.check_columns()?;
        definition.check_dimensions()?;
        definition.check_thresholds()?;
        for (column, value) in &definition.filter {
            filter::parse(column, value).map_err(|problem| wrong(problem, filter::HINT))?;
        }
        Ok(definition)
    }

    fn check_columns(&self) -> Result<()> {
        let (kind, needed, refused): (_, &[_], &[_]) = match self.kind {
            Kind::Ratio => ("ratio", &[("numerator", &self.numerator)], &[("value", &self.value)]),
            Kind::Sum | Kind::Average | Kind::Median => (
                match self.kind {
                    Kind::Sum => "sum",
                    Kind::Average => "average",
                    _ => "median",
                },
                &[("value", &self.value)],
                &[("numerator", &self.numerator), ("denominator", &self.denominator)],
            ),
            Kind::Count => {
                ("count", &[], &[("numerator", &self.numerator), ("denominator", &self.denominator)])
            }
        };
        let hint = "A ratio has \"numerator\" and perhaps \"denominator\"; sum, average and median have \"value\"; count may have it.";
        if let Some((key, _)) = needed.iter().find(|(_, column)| column.is_none()) {
            return Err(wrong(format!("kind \"{kind}\" needs the key \"{key}\""), hint));
        }
        if let Some((key, _)) = refused.iter().find(|(_, column)| column.is_some()) {
            return Err(wrong(format!("kind \"{kind}\" takes no key \"{key}\""), hint));
        }
        Ok(())
    }

    fn check_dimensions(&self) -> Result<()> {
        if self.dimensions.len() > MAX_DIMENSIONS {
            return Err(wrong(format!("it has more than {MAX_DIMENSIONS} dimensions"), ""));
        }
        match duplicate(&self.dimensions) {
            Some(twice) => Err(wrong(format!("the dimension \"{twice}\" is there twice"), "")),
            None => Ok(()),
        }
    }

    fn check_thresholds(&self) -> Result<()> {
        let thresholds = self.warn.is_some() || self.critical.is_some();
        let Some(direction) = self.direction else {
            if thresholds {
                return Err(wrong(
                    "\"warn\" and \"critical\" need \"direction\"".into(),
                    "Directions are: up (more is better), down (less is better).",
                ));
            }
            return Ok(());
        };
        let swapped = match (self.warn, self.critical, direction) {
            (Some(warn), Some(critical), Direction::Up) => critical > warn,
            (Some(warn), Some(critical), Direction::Down) => critical < warn,
            _ => false,
        };
        if swapped {
            return Err(wrong(
                "\"critical\" comes before \"warn\"".into(),
                "With direction \"up\", critical is at most warn; with \"down\", at least.",
            ));
        }
        Ok(())
    }

    /// How a value stands to the thresholds; nothing without thresholds.
    pub fn status(&self, value: f64) -> Option<&'static str> {
        let beyond = |threshold: Option<f64>| match (threshold, self.direction) {
            (Some(t), Some(Direction::Up)) => value < t,
            (Some(t), Some(Direction::Down)) => value > t,
            _ => false,
        };
        if value.is_nan() || (self.warn.is_none() && self.critical.is_none()) {
            None
        } else if beyond(self.critical) {
            Some("critical")
        } else if beyond(self.warn) {
            Some("warn")
        } else {
            Some("ok")
        }
    }

    /// What a period without values is: nothing happened, or nothing is known.
    pub fn empty_value(&self) -> Option<f64> {
        matches!(self.kind, Kind::Count | Kind::Sum).then_some(0.0)
    }
}

/// The first name that is there twice.
pub fn duplicate(names: &[String]) -> Option<&String> {
    (1..).zip(names).find_map(|(n, name)| names.iter().skip(n).any(|other| other == name).then_some(name))
}

fn wrong(problem: String, hint: &str) -> Error {
    Error::BadDocument { what: WHAT.into(), problem, hint: hint.into() }
}
