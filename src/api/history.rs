//! `task_history_query`: a source with what was known of earlier tasks when each task was submitted.

use std::fmt::Write as _;

use pgrx::prelude::*;

use crate::convert::{Cell, Kind};
use crate::error::{Error, Result, required, sql};
use crate::store::source::{self, Sink, SourceColumn};

/// Groups of columns at most.
const MOST_KEYS: usize = 20;
/// The numbers of last tasks whose durations are averaged.
const SPANS: [usize; 4] = [2, 5, 20, 50];
/// What the query's own names begin with.
const OWN: &str = "altlas_";

/// The text of a query that gives the rows of `source` and, for each element of `keys` (a column, or several joined by `+`), features of
/// the tasks with the same values there that had ended before the row's was submitted.
#[pg_extern(stable, parallel_unsafe)]
fn task_history_query(
    source: Option<&str>,
    submitted: Option<&str>,
    ended: Option<&str>,
    duration: Option<&str>,
    keys: Option<Vec<Option<String>>>,
) -> sql::Result<String> {
    let task = Task {
        source: source::as_query(required(source, "source")?)?,
        submitted: required(submitted, "submitted")?,
        ended: required(ended, "ended")?,
        duration: required(duration, "duration")?,
    };
    let keys: Vec<String> = required(keys, "keys")?.into_iter().flatten().collect();
    Ok(task.query(&keys)?)
}

struct Task<'a> {
    source: String,
    submitted: &'a str,
    ended: &'a str,
    duration: &'a str,
}

/// The columns of a source.
#[derive(Default)]
struct Columns(Vec<SourceColumn>);

impl Sink for Columns {
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        self.0 = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, _: Vec<Cell>) -> Result<()> {
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    pgrx::spi::quote_identifier(name)
}

impl Task<'_> {
    fn query(&self, keys: &[String]) -> Result<String> {
        let wrong = |problem: String| Error::BadArgument {
            argument: "keys".into(),
            problem,
            hint: "Give columns whose values tasks have in common: ARRAY['user_id', 'user_id+application']."
                .into(),
        };
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(wrong(format!("there are {}, not 1 to {MOST_KEYS}", keys.len())));
        }
        let mut columns = Columns::default();
        source::read(&format!("SELECT * FROM ({}) s LIMIT 0", self.source), None, &mut columns)?;
        let columns = columns.0;
        let kind = |argument: &str, column: &str| {
            columns.iter().find(|c| c.name == column).map(|c| c.kind).ok_or_else(|| Error::UnknownColumn {
                argument: argument.to_owned(),
                column: column.to_owned(),
                have: columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
            })
        };
        if let Some(own) = columns.iter().find(|c| c.name.starts_with(OWN)) {
            return Err(wrong(format!(
                "the source has a column \"{}\"; names that begin so are the query's own",
                own.name
            )));
        }
        let at = |argument: &str, column: &str| match kind(argument, column)? {
            Kind::Timestamp => Ok(format!("extract(epoch FROM {}::timestamptz)::float8", quoted(column))),
            Kind::Number => Ok(format!("{}::float8", quoted(column))),
            _ => Err(unfit(argument, column, "a moment or a number")),
        };
        let (submitted, ended) = (at("submitted", self.submitted)?, at("ended", self.ended)?);
        let duration = match kind("duration", self.duration)? {
            Kind::Interval => format!("extract(epoch FROM {})::float8", quoted(self.duration)),
            Kind::Number => format!("{}::float8", quoted(self.duration)),
            _ => return Err(unfit("duration", self.duration, "an interval or a number")),
        };
        // A task that ended before it was submitted, by its data, is no part of its own history.
        let mut with = format!(
            "WITH altlas_task AS MATERIALIZED (\n  SELECT row_number() OVER () AS altlas_row, s.*, {submitted} AS altlas_from, \
             greatest({ended}, {submitted}) AS altlas_to, ln(1 + greatest({duration}, 0)) AS altlas_x\n    FROM ({}\n) s)",
            self.source
        );
        let (mut select, mut joins) = (String::new(), String::new());
        for (n, key) in keys.iter().enumerate() {
            let parts: Vec<&str> = key.split('+').map(str::trim).collect();
            for part in &parts {
                kind("keys", part)?;
            }
            let same: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
            let known: Vec<String> = same.iter().map(|c| format!("{c} IS NOT NULL")).collect();
            let (list, known) = (same.join(", "), known.join(" AND "));
            with.push_str(&ended_tasks(n, &list, &known));
            let name = |what: &str| quoted(&format!("{}_{what}", parts.join("_")));
            let _ =
                write!(select, ", coalesce(a{n}.n, 0) AS {}, e{n}.last AS {}", name("count"), name("last"));
            for span in SPANS {
                let _ = write!(select, ", e{n}.mean{span} AS {}", name(&format!("mean{span}")));
            }
            let _ = write!(select, ", t.altlas_from - e{n}.altlas_to AS {}", name("since"));
            let equal: Vec<String> = same.iter().map(|c| format!("e{n}.{c} = t.{c}")).collect();
            let _ = write!(
                joins,
                "\n  LEFT JOIN altlas_at_{n} a{n} ON a{n}.altlas_row = t.altlas_row\n  \
                 LEFT JOIN altlas_ended_{n} e{n} ON e{n}.n = a{n}.n AND {}",
                equal.join(" AND ")
            );
        }
        let all: Vec<String> = columns.iter().map(|c| format!("t.{}", quoted(&c.name))).collect();
        Ok(format!(
            "{with}\nSELECT {}{select}\n  FROM altlas_task t{joins}\n ORDER BY t.altlas_row",
            all.join(", ")
        ))
    }
}

/// For one group: its ended tasks by their order, with means over the last ones; and for each task how many had ended before it.
fn ended_tasks(n: usize, list: &str, known: &str) -> String {
    let means = SPANS
        .map(|span| format!("(sum - coalesce(lag(sum, {span}) OVER w, 0)) / least(n, {span}) AS mean{span}"));
    format!(
        ",\naltlas_ended_{n} AS MATERIALIZED (\n  SELECT {list}, altlas_to, n, altlas_x AS last, {}\n    \
         FROM (SELECT {list}, altlas_to, altlas_x, row_number() OVER w AS n, sum(altlas_x) OVER (w ROWS UNBOUNDED PRECEDING) AS sum\n            \
         FROM altlas_task WHERE {known} AND altlas_to IS NOT NULL AND altlas_x IS NOT NULL\n          \
         WINDOW w AS (PARTITION BY {list} ORDER BY altlas_to, altlas_row)) e\n  WINDOW w AS (PARTITION BY {list} ORDER BY n)),\n\
         altlas_at_{n} AS MATERIALIZED (\n  SELECT altlas_row, n FROM (\n    \
         SELECT altlas_row, starts, count(*) FILTER (WHERE NOT starts) OVER (PARTITION BY {list} ORDER BY at, starts DESC, altlas_row ROWS UNBOUNDED PRECEDING) AS n\n      \
         FROM (SELECT {list}, altlas_row, true AS starts, altlas_from AS at FROM altlas_task WHERE {known} AND altlas_from IS NOT NULL\n             UNION ALL\n            \
         SELECT {list}, altlas_row, false, altlas_to FROM altlas_task WHERE {known} AND altlas_to IS NOT NULL AND altlas_x IS NOT NULL) e) a\n   WHERE starts)",
        means.join(", ")
    )
}

fn unfit(argument: &str, column: &str, wanted: &str) -> Error {
    Error::BadArgument {
        argument: argument.to_owned(),
        problem: format!("column \"{column}\" is not {wanted}"),
        hint: "Cast it in the source.".into(),
    }
}
