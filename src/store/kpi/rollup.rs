//! The statement that computes a KPI's periods, and its rows.

use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::{JsonB, Spi};
use serde_json::{Map, Value};

use super::definition::{self, Definition, Grain, Kind};
use super::filter;
use super::source::Source;
use crate::error::{Error, Result};
use crate::store::read;
use crate::store::source::ReadOnly;

/// Most rows of a rollup, the empty periods included.
pub const MAX_ROWS: usize = 1_000_000;

/// What is asked of a KPI.
pub struct Question<'a> {
    pub grain: Grain,
    pub since: Option<TimestampWithTimeZone>,
    pub until: Option<TimestampWithTimeZone>,
    pub by: &'a [String],
    pub filter: &'a Map<String, Value>,
}

/// A period of one combination of dimensions.
pub struct Period {
    pub start: TimestampWithTimeZone,
    pub end: TimestampWithTimeZone,
    /// Numbers the combinations.
    pub combination: i64,
    pub dimensions: Value,
    pub value: Option<f64>,
    pub samples: i64,
    pub is_final: bool,
}

/// A statement with the values of its parameters $7 and following.
pub struct Statement {
    sql: String,
    values: Vec<Vec<String>>,
}

impl Statement {
    /// Writes the statement; columns that are missing or of the wrong type are errors.
    pub fn new(definition: &Definition, question: &Question<'_>) -> Result<Self> {
        let source = Source::open(&definition.source)?;
        let mut values = Vec::new();
        let mut conditions = Vec::new();
        for (column, value) in &definition.filter {
            conditions.push(condition(&source, column, value, definition::WHAT, &mut values)?);
        }
        for (column, value) in question.filter {
            conditions.push(condition(&source, column, value, "the filter", &mut values)?);
        }
        // All are checked, also those that this rollup does not split by.
        for dimension in &definition.dimensions {
            source.plain("dimensions", dimension)?;
        }
        let mut columns = String::new();
        for (n, dimension) in question.by.iter().enumerate() {
            columns.push_str(&format!(", {} AS d{n}", source.any("by", dimension)?));
        }
        let (measured, value, samples) = aggregate(definition, &source)?;
        columns.push_str(&measured);
        let dimensions: Vec<_> = (0..question.by.len()).map(|n| format!("d{n}")).collect();
        let pairs = question
            .by
            .iter()
            .zip(&dimensions)
            .map(|(name, column)| format!("{}, {column}", pgrx::spi::quote_literal(name)));
        let (bucket, calendar) = match question.grain {
            Grain::Hour => (
                "pg_catalog.date_trunc($2, ts, $1)",
                include_str!("../../../sql/queries/kpi_calendar_hour.sql"),
            ),
            _ => (
                "pg_catalog.date_trunc($2, pg_catalog.timezone($1, ts))",
                include_str!("../../../sql/queries/kpi_calendar_local.sql"),
            ),
        };
        let groups: Vec<_> = (1..=1 + dimensions.len()).map(|n| n.to_string()).collect();
        let order = match dimensions.is_empty() {
            true => String::new(),
            false => format!("ORDER BY {}", dimensions.join(", ")),
        };
        let sql = fill(
            include_str!("../../../sql/queries/kpi_rollup.sql"),
            &[
                ("time", &source.moment("time_column", &definition.time_column)?),
                ("columns", &columns),
                ("source", &source.query),
                (
                    "conditions",
                    &match conditions.is_empty() {
                        true => "true".to_owned(),
                        false => conditions.join(" AND "),
                    },
                ),
                ("bucket", bucket),
                ("dimensions", &dimensions.iter().map(|d| format!(", {d}")).collect::<String>()),
                ("value", &value),
                ("samples", &samples),
                ("groups", &groups.join(", ")),
                (
                    "object",
                    &format!("pg_catalog.jsonb_build_object({})", pairs.collect::<Vec<_>>().join(", ")),
                ),
                ("order", &order),
                ("calendar", calendar.trim_end()),
            ],
        );
        Ok(Self { sql, values })
    }

    /// Runs it, read-only and by the caller's rights. Rows come by combination, then time.
    pub fn run(&self, definition: &Definition, question: &Question<'_>) -> Result<Vec<Period>> {
        let limit = i64::try_from(MAX_ROWS).unwrap_or(i64::MAX);
        let mut arguments: Vec<DatumWithOid<'_>> = vec![
            definition.time_zone.as_str().into(),
            question.grain.as_str().into(),
            interval(question.grain)?.into(),
            question.since.into(),
            question.until.into(),
            limit.into(),
        ];
        arguments.extend(self.values.iter().map(|v| v.clone().into()));
        let _read_only = ReadOnly::enter();
        let periods = Spi::connect(|client| -> Result<Vec<Period>> {
            let rows = client.select(&self.sql, None, &arguments)?;
            let mut periods = Vec::with_capacity(rows.len());
            for row in rows {
                let (Some(start), Some(end)) = (row.get(1)?, row.get(2)?) else {
                    continue; // borders are never NULL
                };
                periods.push(Period {
                    start,
                    end,
                    combination: row.get(3)?.unwrap_or_default(),
                    dimensions: row.get::<JsonB>(4)?.map(|j| j.0).unwrap_or_default(),
                    value: row.get(5)?,
                    samples: row.get(6)?.unwrap_or_default(),
                    is_final: row.get(7)?.unwrap_or_default(),
                });
            }
            Ok(periods)
        })?;
        if periods.len() > MAX_ROWS {
            return Err(Error::RollupTooLarge { limit: MAX_ROWS });
        }
        Ok(periods)
    }
}

/// The columns that are measured, and how: value and number of samples of a group.
fn aggregate(definition: &Definition, source: &Source) -> Result<(String, String, String)> {
    let value = definition.value.as_deref().unwrap_or_default();
    let count = |of: &str| format!("pg_catalog.count({of})");
    Ok(match definition.kind {
        Kind::Count if definition.value.is_none() => (String::new(), count("*"), count("*")),
        Kind::Count => {
            let column = source.any("value", value)?;
            (format!(", {column} AS v"), count("v"), count("v"))
        }
        Kind::Sum => {
            let column = source.numeric("value", value)?;
            (format!(", {column} AS v"), "COALESCE(pg_catalog.sum(v), 0)".into(), count("v"))
        }
        Kind::Average => {
            let column = source.numeric("value", value)?;
            (format!(", {column} AS v"), "pg_catalog.avg(v)".into(), count("v"))
        }
        Kind::Median => {
            source.numeric("value", value)?;
            let column = source.any("value", value)?;
            (
                format!(", {column}::pg_catalog.float8 AS v"),
                "pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY v)".into(),
                count("v"),
            )
        }
        Kind::Ratio => {
            let numerator = definition.numerator.as_deref().unwrap_or_default();
            let mut columns = format!(", {} AS n", source.numeric_or_boolean("numerator", numerator)?);
            let below = match &definition.denominator {
                Some(denominator) => {
                    let column = source.numeric_or_boolean("denominator", denominator)?;
                    columns.push_str(&format!(", {column} AS m"));
                    "pg_catalog.sum(m)"
                }
                None => "pg_catalog.count(*)::pg_catalog.numeric",
            };
            let value = format!(
                "CASE WHEN {below} OPERATOR(pg_catalog.<>) 0 THEN pg_catalog.sum(n) OPERATOR(pg_catalog./) {below} END"
            );
            (columns, value, count("*"))
        }
    })
}

/// The condition of a filter on one column; its values become a parameter.
fn condition(
    source: &Source,
    column: &str,
    value: &Value,
    what: &str,
    values: &mut Vec<Vec<String>>,
) -> Result<String> {
    let wrong =
        |problem: String| Error::BadDocument { what: what.into(), problem, hint: filter::HINT.into() };
    let filter = filter::parse(column, value).map_err(wrong)?;
    let (name, kind, r#type) = source.plain("filter", filter.column)?;
    let texts = filter.texts(kind).map_err(wrong)?;
    if texts.is_empty() {
        return Ok(format!("{name} IS NULL"));
    }
    values.push(texts);
    let equal = format!("{name} OPERATOR(pg_catalog.=) ANY (${}::{}[])", values.len() + 6, r#type);
    Ok(match filter.or_null {
        true => format!("({equal} OR {name} IS NULL)"),
        false => equal,
    })
}

/// Fills in the words in braces, in one pass: what is filled in is not looked at again.
fn fill(template: &str, words: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((word, behind)) => {
                let known = words.iter().find(|(name, _)| *name == word);
                filled.push_str(known.map_or("", |(_, text)| text));
                rest = behind;
            }
            None => rest = "",
        }
    }
    filled.push_str(rest);
    filled
}

fn interval(grain: Grain) -> Result<pgrx::datum::Interval> {
    read::one::<pgrx::datum::Interval>(
        "SELECT $1::pg_catalog.text::pg_catalog.interval",
        &[grain.step().into()],
    )?
    .ok_or_else(|| Error::Internal { message: "a grain has no length".into() })
}
