//! Rows to one tensor of features.

use std::collections::{HashMap, HashSet};

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::calendar::local;
use crate::text_score::{TextScore, TextScorer};
use crate::{CalendarPart, Cell, ColumnType, PrepError, Table};

const MAX_COLUMNS: usize = 4096;
const MAX_WIDTH: usize = 65_536;
const MAX_CATEGORIES: usize = 1_000_000;
const MAX_NAME: usize = 256;
/// Values computed between two calls of `tick`.
const TICK_EVERY: usize = 1 << 14;

/// A column a document reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
}

/// One step of a document, giving one or more features of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Feature {
    /// The number, or seconds, as it is.
    Number {
        /// Column of type number or interval.
        column: String,
    },
    /// 0 or 1.
    Boolean {
        /// Column of type boolean.
        column: String,
    },
    /// A feature a category.
    OneHot {
        /// Column of type text.
        column: String,
        /// The categories.
        categories: Vec<String>,
    },
    /// A number a category.
    TargetMean {
        /// Column of type text.
        column: String,
        /// The categories.
        categories: Vec<String>,
        /// Their numbers.
        values: Vec<f64>,
        /// The number of every other category.
        unseen: f64,
    },
    /// Parts of the local date and time.
    Calendar {
        /// Column of type timestamp.
        column: String,
        /// Name in the IANA time zone database.
        time_zone: String,
        /// The parts, in order.
        parts: Vec<CalendarPart>,
    },
    /// Scores of free text.
    TextScore(TextScore),
}

impl Feature {
    /// The column it reads.
    pub fn column(&self) -> &str {
        match self {
            Self::Number { column }
            | Self::Boolean { column }
            | Self::OneHot { column, .. }
            | Self::TargetMean { column, .. }
            | Self::Calendar { column, .. }
            | Self::TextScore(TextScore { column, .. }) => column,
        }
    }

    fn accepts(&self, column_type: ColumnType) -> bool {
        match self {
            Self::Number { .. } => matches!(column_type, ColumnType::Number | ColumnType::Interval),
            Self::Boolean { .. } => column_type == ColumnType::Boolean,
            Self::OneHot { .. } | Self::TargetMean { .. } | Self::TextScore(_) => {
                column_type == ColumnType::Text
            }
            Self::Calendar { .. } => column_type == ColumnType::Timestamp,
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Self::Number { column } | Self::Boolean { column } => vec![column.clone()],
            Self::OneHot { column, categories } => {
                categories.iter().map(|c| format!("{column}={c}")).collect()
            }
            Self::TargetMean { column, .. } => vec![format!("{column}:mean")],
            Self::Calendar { column, parts, .. } => {
                parts.iter().map(|part| format!("{column}:{}", part.name())).collect()
            }
            Self::TextScore(step) => vec![format!("{}:text", step.column); step.intercepts.len()],
        }
    }
}

/// A step with its look-ups built.
#[derive(Debug, Clone)]
enum Step {
    Number,
    Boolean,
    OneHot { index: HashMap<String, usize>, width: usize },
    TargetMean { values: HashMap<String, f64>, unseen: f64 },
    Calendar { zone: Tz, parts: Vec<CalendarPart> },
    TextScore(TextScorer),
}

#[derive(Debug, Clone)]
struct Compiled {
    /// Index into the document's columns.
    column: usize,
    width: usize,
    step: Step,
}

/// A checked `tabular` document.
#[derive(Debug, Clone)]
pub struct Tabular {
    output: String,
    columns: Vec<ColumnSpec>,
    features: Vec<Feature>,
    compiled: Vec<Compiled>,
    width: usize,
}

/// A tensor `[rows, width]` in row-major order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Features.
    pub width: usize,
    /// `rows * width` values.
    pub values: Vec<f32>,
}

impl Matrix {
    /// The features of a row; empty beyond the end.
    pub fn row(&self, row: usize) -> &[f32] {
        let start = row.saturating_mul(self.width);
        self.values.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }
}

impl Tabular {
    /// Checks the parts of a document and builds its look-ups.
    pub fn new(output: String, columns: Vec<ColumnSpec>, features: Vec<Feature>) -> Result<Self, PrepError> {
        check_name("output", &output)?;
        if columns.len() > MAX_COLUMNS {
            return Err(PrepError::invalid("columns", format!("more than {MAX_COLUMNS}")));
        }
        let mut index = HashMap::with_capacity(columns.len());
        for (i, column) in columns.iter().enumerate() {
            check_name(&format!("columns[{i}].name"), &column.name)?;
            if index.insert(column.name.as_str(), i).is_some() {
                return Err(PrepError::invalid(format!("columns[{i}].name"), "appears twice"));
            }
        }
        let mut compiled = Vec::with_capacity(features.len());
        let mut width = 0;
        let mut categories = 0;
        for (i, feature) in features.iter().enumerate() {
            let place = format!("features[{i}]");
            let step = compile(feature, &index, &columns, &place)?;
            width += step.width;
            if let Feature::OneHot { categories: c, .. } | Feature::TargetMean { categories: c, .. } = feature
            {
                categories += c.len();
            }
            if width > MAX_WIDTH || categories > MAX_CATEGORIES {
                let problem = format!("more than {MAX_WIDTH} features or {MAX_CATEGORIES} categories in all");
                return Err(PrepError::invalid(place, problem));
            }
            compiled.push(step);
        }
        if width == 0 {
            return Err(PrepError::invalid("features", "there are none"));
        }
        Ok(Self { output, columns, features, compiled, width })
    }

    /// The name of the graph's input.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// The columns, in the order `apply_row` wants their cells.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    /// The steps.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A name for each feature: `distance`, `carrier=AA`, `dest:mean`, `at:hour`.
    pub fn feature_names(&self) -> Vec<String> {
        self.features.iter().flat_map(Feature::names).collect()
    }

    /// The column that each feature is made of, by its place in [`columns`](Self::columns).
    pub fn feature_columns(&self) -> Vec<usize> {
        self.compiled.iter().flat_map(|step| std::iter::repeat_n(step.column, step.width)).collect()
    }

    /// The features of a table, whose columns are matched by name; more columns do no harm. A missing column is
    /// an error when `strict`, else NaN in every feature of it. `tick` is called often.
    pub fn apply(&self, table: &Table, strict: bool, tick: &dyn Fn()) -> Result<Matrix, PrepError> {
        let rows = table.rows();
        let size = rows
            .checked_mul(self.width)
            .filter(|&size| size <= isize::MAX as usize / size_of::<f32>())
            .ok_or(PrepError::TooLarge { rows, width: self.width })?;
        let mut sources = Vec::with_capacity(self.columns.len());
        for spec in &self.columns {
            let column = table.column(&spec.name);
            match column {
                None if strict => return Err(PrepError::MissingColumn(spec.name.clone())),
                Some(column) => check_type(spec, column.column_type())?,
                None => {}
            }
            sources.push(column);
        }
        let mut values = Vec::with_capacity(size);
        let mut work = 0;
        for row in 0..rows {
            for step in &self.compiled {
                let column = sources.get(step.column).copied().flatten();
                let cell = column.and_then(|c| c.cell(row)).unwrap_or(Cell::Null);
                step.push(cell, &mut values);
            }
            work += self.width;
            if work >= TICK_EVERY {
                work = 0;
                tick();
            }
        }
        Ok(Matrix { rows, width: self.width, values })
    }

    /// Appends the features of one row to `values`. The cells are those of `columns()`, in that order.
    pub fn apply_row(&self, cells: &[Cell<'_>], values: &mut Vec<f32>) -> Result<(), PrepError> {
        if cells.len() != self.columns.len() {
            return Err(PrepError::RowWidth { found: cells.len(), expected: self.columns.len() });
        }
        for (spec, cell) in self.columns.iter().zip(cells) {
            if let Some(found) = cell.column_type() {
                check_type(spec, found)?;
            }
        }
        values.reserve(self.width);
        for step in &self.compiled {
            step.push(cells.get(step.column).copied().unwrap_or(Cell::Null), values);
        }
        Ok(())
    }
}

impl Compiled {
    fn push(&self, cell: Cell<'_>, values: &mut Vec<f32>) {
        let end = values.len() + self.width;
        match (&self.step, cell) {
            (Step::Number, Cell::Number(x) | Cell::Interval(x)) => values.push(x as f32),
            (Step::Boolean, Cell::Boolean(x)) => values.push(f32::from(x)),
            (Step::OneHot { index, width }, Cell::Text(x)) => {
                let hit = index.get(x).copied();
                values.extend((0..*width).map(|i| f32::from(hit == Some(i))));
            }
            (Step::TargetMean { values: means, unseen }, Cell::Text(x)) => {
                values.push(means.get(x).copied().unwrap_or(*unseen) as f32);
            }
            (Step::Calendar { zone, parts }, Cell::Timestamp(x)) => {
                if let Some(local) = local(x, *zone) {
                    values.extend(parts.iter().map(|part| part.of(local) as f32));
                }
            }
            (Step::TextScore(scorer), Cell::Text(x)) => scorer.push(x, values),
            _ => {}
        }
        // NULL, and moments outside the calendar.
        values.resize(end, f32::NAN);
    }
}

fn compile(
    feature: &Feature,
    index: &HashMap<&str, usize>,
    columns: &[ColumnSpec],
    place: &str,
) -> Result<Compiled, PrepError> {
    let name = feature.column();
    let column = *index
        .get(name)
        .ok_or_else(|| PrepError::invalid(format!("{place}.column"), format!("no column \"{name}\"")))?;
    if let Some(spec) = columns.get(column)
        && !feature.accepts(spec.column_type)
    {
        let problem = format!("column \"{name}\" is of type {}", spec.column_type);
        return Err(PrepError::invalid(format!("{place}.column"), problem));
    }
    let (width, step) = match feature {
        Feature::Number { .. } => (1, Step::Number),
        Feature::Boolean { .. } => (1, Step::Boolean),
        Feature::OneHot { categories, .. } => {
            let index = unique(categories, 0..categories.len(), place)?;
            (categories.len(), Step::OneHot { index, width: categories.len() })
        }
        Feature::TargetMean { categories, values, unseen, .. } => {
            if values.len() != categories.len() {
                let problem = format!("{} for {} categories", values.len(), categories.len());
                return Err(PrepError::invalid(format!("{place}.values"), problem));
            }
            let values = unique(categories, values.iter().copied(), place)?;
            (1, Step::TargetMean { values, unseen: *unseen })
        }
        Feature::Calendar { time_zone, parts, .. } => {
            let zone = time_zone.parse::<Tz>().map_err(|_| {
                PrepError::invalid(format!("{place}.time_zone"), format!("unknown time zone \"{time_zone}\""))
            })?;
            if parts.iter().collect::<HashSet<_>>().len() != parts.len() {
                return Err(PrepError::invalid(format!("{place}.parts"), "a part appears twice"));
            }
            (parts.len(), Step::Calendar { zone, parts: parts.clone() })
        }
        Feature::TextScore(step) => {
            let scorer = TextScorer::new(step, place)?;
            (scorer.width(), Step::TextScore(scorer))
        }
    };
    if width == 0 {
        return Err(PrepError::invalid(place, "gives no feature"));
    }
    Ok(Compiled { column, width, step })
}

fn unique<V>(
    categories: &[String],
    values: impl Iterator<Item = V>,
    place: &str,
) -> Result<HashMap<String, V>, PrepError> {
    let map: HashMap<String, V> = categories.iter().cloned().zip(values).collect();
    if map.len() == categories.len() {
        Ok(map)
    } else {
        Err(PrepError::invalid(format!("{place}.categories"), "a category appears twice"))
    }
}

fn check_name(place: &str, name: &str) -> Result<(), PrepError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(PrepError::invalid(place, format!("must have 1 to {MAX_NAME} bytes")));
    }
    Ok(())
}

fn check_type(spec: &ColumnSpec, found: ColumnType) -> Result<(), PrepError> {
    let numeric = |t| matches!(t, ColumnType::Number | ColumnType::Interval);
    if found == spec.column_type || (numeric(found) && numeric(spec.column_type)) {
        return Ok(());
    }
    Err(PrepError::ColumnType { column: spec.name.clone(), found, expected: spec.column_type })
}
