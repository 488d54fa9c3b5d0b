//! How a model takes the rows of a source.

use std::collections::HashMap;

use altlas_prep::Document;

use super::takes::arrays_fit;
use super::{Features, Scored, Version};
use crate::convert::{Cell, Kind};
use crate::error::{Error, Result};
use crate::store::source::SourceColumn;

/// The columns that a model takes, by their numbers in the source.
pub enum Reader {
    /// One text.
    Text(usize),
    /// Columns by name.
    Fields(Vec<(usize, String)>),
    /// All columns, as numbers, in the source's order.
    Vector(usize),
}

impl Reader {
    /// How `version` takes these columns. Asks the engine only for a graph that says nothing about its columns.
    pub fn new(version: &Version, columns: &[SourceColumn]) -> Result<Self> {
        match (&version.preprocess, &version.manifest.columns) {
            (Some(Document::Tabular(document)), _) => {
                fields(version, columns, document.columns().iter().map(|c| c.name.as_str()))
            }
            (Some(_), named) => {
                let name = named.as_ref().and_then(|n| n.first());
                text(version, columns, name.map(String::as_str))
            }
            (None, Some(named)) => fields(version, columns, named.iter().map(String::as_str)),
            (None, None) => Self::by_signature(version, columns),
        }
    }

    fn by_signature(version: &Version, columns: &[SourceColumn]) -> Result<Self> {
        let signature = version.signature()?;
        if signature.inputs.len() > 1 {
            return fields(version, columns, signature.inputs.iter().map(|i| i.name.as_str()));
        }
        if let [SourceColumn { kind: Kind::Text, .. }] = columns {
            return Ok(Self::Text(0));
        }
        match columns.iter().find(|c| matches!(c.kind, Kind::Text | Kind::Timestamp)) {
            None => Ok(Self::Vector(columns.len())),
            Some(column) => Err(Error::BadInput {
                message: format!(
                    "model \"{}\" takes numbers, column \"{}\" is none",
                    version.label, column.name
                ),
                detail: "It does not name its columns: it gets all of the source's, in their order.".into(),
                hint: "Name the columns in the source: SELECT a, b FROM ….".into(),
            }),
        }
    }

    /// The features of a row, given what is in its columns; `None` where the model's one input is NULL.
    pub fn features<'a>(
        &self,
        cell: impl Fn(usize) -> Cell,
        text: impl FnOnce(usize) -> Option<&'a str>,
    ) -> Option<Features<'a>> {
        match self {
            Self::Text(column) => text(*column).map(|text| Features::Text(text.into())),
            Self::Fields(wanted) => {
                let cells = wanted.iter().map(|(n, name)| (name.clone(), cell(*n)));
                Some(Features::Fields(cells.collect::<HashMap<_, _>>()))
            }
            Self::Vector(width) => {
                let numbers = (0..*width).map(|n| cell(n).as_number().unwrap_or(f64::NAN));
                Some(Features::Vector(numbers.collect()))
            }
        }
    }

    /// The same of a row that is here.
    pub fn features_of<'a>(&self, row: &'a [Cell]) -> Option<Features<'a>> {
        let text = |n: usize| match row.get(n) {
            Some(Cell::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        self.features(|n| row.get(n).cloned().unwrap_or(Cell::Null), text)
    }
}

/// Scores rows. NULL features give NULL.
pub fn score_rows(version: &Version, rows: Vec<Option<Features<'_>>>) -> Result<Vec<Scored>> {
    let given: Vec<bool> = rows.iter().map(Option::is_some).collect();
    let mut scored = version.score(&rows.into_iter().flatten().collect::<Vec<_>>())?.into_iter();
    Ok(given.into_iter().map(|g| g.then(|| scored.next()).flatten().unwrap_or_default()).collect())
}

/// The text column: the one of this name, else the only one of the source.
fn text(version: &Version, columns: &[SourceColumn], name: Option<&str>) -> Result<Reader> {
    let found = columns.iter().position(|c| Some(c.name.as_str()) == name);
    let only = (columns.len() == 1).then_some(0);
    match found.or(only).and_then(|n| Some((n, columns.get(n)?))) {
        Some((n, SourceColumn { kind: Kind::Text, .. })) => Ok(Reader::Text(n)),
        Some((_, other)) => Err(Error::BadInput {
            message: format!("model \"{}\" takes a text, column \"{}\" is none", version.label, other.name),
            detail: String::new(),
            hint: "Cast it in the source.".into(),
        }),
        None => Err(missing(version, columns, name.unwrap_or("text"))),
    }
}

fn fields<'a>(
    version: &Version,
    columns: &[SourceColumn],
    wanted: impl Iterator<Item = &'a str> + Clone,
) -> Result<Reader> {
    arrays_fit(|name| columns.iter().any(|c| c.name == name), wanted.clone())?;
    let find = |name: &str| {
        let found = columns.iter().position(|c| c.name == name);
        found.map(|n| (n, name.to_owned())).ok_or_else(|| missing(version, columns, name))
    };
    wanted.map(find).collect::<Result<_>>().map(Reader::Fields)
}

fn missing(version: &Version, columns: &[SourceColumn], name: &str) -> Error {
    Error::MissingColumn {
        model: version.label.clone(),
        column: name.to_owned(),
        have: columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
    }
}
