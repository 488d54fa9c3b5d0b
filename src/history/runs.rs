//! The rows of a source as runs of tasks.

use std::borrow::Cow;

use altlas_history::{Factor, History, Names};

use super::options::{Options, ROLES};
use crate::convert::{Cell, Kind};
use crate::error::{Error, Result};
use crate::store::source::{Sink, SourceColumn};

/// Columns that are looked at as factors.
const MOST_FACTORS: usize = 50;
/// Bytes of a category that count.
const LONGEST: usize = 100;

/// Reads the runs.
pub struct Runs<'a> {
    options: &'a Options,
    history: History,
    /// The place of each role's column.
    places: Vec<Option<usize>>,
    /// The place of each factor's column.
    factors: Vec<usize>,
}

impl<'a> Runs<'a> {
    /// None yet.
    pub fn new(options: &'a Options) -> Self {
        Self { options, history: History::default(), places: Vec::new(), factors: Vec::new() }
    }

    /// Those that were read.
    pub fn history(self) -> History {
        self.history
    }
}

impl Sink for Runs<'_> {
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        let find = |name: &str| columns.iter().position(|c| c.name == name);
        let unknown = |argument: &str, column: &str| Error::UnknownColumn {
            argument: argument.into(),
            column: column.into(),
            have: columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        for role in ROLES {
            let name = self.options.column(role);
            let place = find(name);
            let must = role == "task_type" || self.options.columns.contains_key(role);
            if place.is_none() && must {
                return Err(unknown(&format!("options: {role}"), name));
            }
            if let Some(column) = place.and_then(|at| columns.get(at)) {
                check(role, column)?;
            }
            self.places.push(place);
        }
        let chosen: Vec<usize> = match &self.options.factors {
            Some(names) => names
                .iter()
                .map(|name| find(name).ok_or_else(|| unknown("options: factors", name)))
                .collect::<Result<_>>()?,
            None => (0..columns.len()).filter(|at| !self.places.contains(&Some(*at))).collect(),
        };
        for at in chosen {
            let Some(SourceColumn { name, kind }) = columns.get(at) else { continue };
            let factor = match kind {
                Kind::Number | Kind::Interval => Factor::Numbers(Vec::new()),
                Kind::Text | Kind::Boolean => Factor::Levels { names: Names::default(), of: Vec::new() },
                // The moment of a run is no property that others share.
                Kind::Timestamp => continue,
            };
            self.factors.push(at);
            self.history.factors.push((name.clone(), factor));
        }
        if self.factors.len() > MOST_FACTORS {
            return Err(Error::BadInput {
                message: format!("the source has {} columns to compare runs by", self.factors.len()),
                detail: format!("At most {MOST_FACTORS} are looked at."),
                hint: "Name those that matter: {\"factors\": [\"…\"]}.".into(),
            });
        }
        Ok(())
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        let [kind, started, ended, duration, queued, status, failed, resource, task, command] =
            std::array::from_fn(|role| {
                self.places.get(role).copied().flatten().and_then(|at| cells.get(at)).unwrap_or(&Cell::Null)
            });
        let history = &mut self.history;
        let started = moment(started);
        let seconds = match duration {
            Cell::Null => moment(ended).zip(started).map(|(end, start)| end - start),
            other => other.as_number(),
        };
        history.kind.push(named(&mut history.types, kind));
        history.seconds.push(seconds.filter(|s| s.is_finite() && *s >= 0.0));
        history.started.push(started);
        history.queued.push(moment(queued));
        history.failed.push(match (failed, status) {
            (Cell::Boolean(failed), _) => Some(*failed),
            (_, Cell::Text(status)) => self.options.is_failure(status),
            _ => None,
        });
        history.resource.push(named(&mut history.resources, resource));
        history.task.push(named(&mut history.tasks, task));
        history.command.push(named(&mut history.commands, command));
        for (at, (_, factor)) in self.factors.iter().zip(&mut history.factors) {
            let cell = cells.get(*at).unwrap_or(&Cell::Null);
            match factor {
                Factor::Numbers(values) => values.push(cell.as_number().unwrap_or(f64::NAN)),
                Factor::Levels { names, of } => of.push(named(names, cell)),
            }
        }
        Ok(())
    }
}

/// Refuses a column whose type does not fit what it stands for.
fn check(role: &str, column: &SourceColumn) -> Result<()> {
    let fits = match role {
        "started_at" | "ended_at" | "queued_at" => column.kind == Kind::Timestamp,
        "duration" => matches!(column.kind, Kind::Interval | Kind::Number),
        "failed" => column.kind == Kind::Boolean,
        "status" | "task_type" => column.kind == Kind::Text,
        _ => matches!(column.kind, Kind::Text | Kind::Number),
    };
    if fits {
        return Ok(());
    }
    Err(Error::BadInput {
        message: format!("column \"{}\" cannot be {role}", column.name),
        detail: match role {
            "started_at" | "ended_at" | "queued_at" => "That is a time stamp.",
            "duration" => "That is an interval, or a number of seconds.",
            "failed" => "That is a boolean.",
            "status" | "task_type" => "That is a text.",
            _ => "That is a text or a number.",
        }
        .into(),
        hint: "Cast it in the source, or name another column: {\"columns\": {…}}.".into(),
    })
}

fn moment(cell: &Cell) -> Option<f64> {
    if let Cell::Timestamp(micros) = cell { Some(*micros as f64 / 1e6) } else { None }
}

/// The number of a cell's name.
fn named(names: &mut Names, cell: &Cell) -> Option<u32> {
    name(cell).map(|name| names.number(&name))
}

/// What a cell is called, if it is one that names something.
fn name(cell: &Cell) -> Option<Cow<'_, str>> {
    Some(match cell {
        Cell::Text(text) if text.len() <= LONGEST => text.into(),
        Cell::Text(text) => shortened(text).into(),
        Cell::Number(number) => number.to_string().into(),
        Cell::Boolean(truth) => truth.to_string().into(),
        Cell::Null | Cell::Timestamp(_) | Cell::Interval(_) => return None,
    })
}

fn shortened(text: &str) -> String {
    let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// Reads what waits for what.
pub struct Dependencies<'a>(pub &'a mut History);

impl Sink for Dependencies<'_> {
    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        columns.iter().try_for_each(|column| check("task_id", column))
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        if let [task, on] = cells.as_slice()
            && let (Some(task), Some(on)) = (name(task), name(on))
        {
            self.0.depend(&task, &on);
        }
        Ok(())
    }
}
