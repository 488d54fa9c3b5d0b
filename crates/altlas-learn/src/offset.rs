//! An offset: a column, such as somebody's estimate, from which the target is counted (McCullagh, Nelder 1989).

use altlas_onnx::proto::data_type;
use altlas_onnx::write::Post;
use altlas_prep::{Column, Matrix, Table, Tabular};

use crate::graph::Dense;
use crate::metrics;
use crate::{LearnError, Options};

/// The output of a graph of a regression.
const OUTPUT: &str = "variable";

/// What a value of the column counts as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rule {
    /// Whether the target is learned in logarithms.
    log: bool,
    /// What the column is multiplied by, so that it is in the target's unit: the median ratio where the target is learned in logarithms.
    pub(crate) scale: f64,
    /// What counts where the column has no usable value.
    pub(crate) fill: f64,
}

impl Rule {
    /// The rule of rows with this target, which must be those of the training part.
    fn new(log: bool, column: &[f64], target: &[f64], rows: &[usize]) -> Self {
        let mut rule = Self { log, scale: 1.0, fill: 0.0 };
        let pairs = rows.iter().filter_map(|&row| column.get(row).copied().zip(target.get(row).copied()));
        let (mut ratios, mut targets) = (Vec::new(), Vec::new());
        for (x, y) in pairs {
            targets.push(y);
            if log && rule.usable(x) && y > 0.0 {
                ratios.push(y / x);
            }
        }
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            metrics::median(&values)
        };
        if !ratios.is_empty() {
            rule.scale = median(ratios);
        }
        rule.fill = median(targets) / rule.scale;
        rule
    }

    /// Whether a value says something: a number, of a target in logarithms above 0.
    fn usable(&self, x: f64) -> bool {
        x.is_finite() && (!self.log || x > 0.0)
    }

    /// The estimate that the column is, in the target's unit.
    fn estimate(&self, x: f64) -> f64 {
        self.scale * if self.usable(x) { x } else { self.fill }
    }

    /// The same, but as the column has it where it has something.
    fn as_given(&self, x: f64) -> f64 {
        if self.usable(x) { x } else { self.scale * self.fill }
    }

    /// What is taken off the learned target, and added to what is predicted.
    fn base(&self, x: f64) -> f64 {
        let estimate = self.estimate(x);
        if self.log { estimate.ln_1p() } else { estimate }
    }
}

/// A column with its rule.
#[derive(Debug, Clone)]
pub(crate) struct Offset {
    pub(crate) column: String,
    pub(crate) rule: Rule,
    /// What is taken off the learned target, by row.
    bases: Vec<f64>,
}

impl Offset {
    /// The column named by the options, if one is. Its rule is made of `rows`.
    pub(crate) fn new(
        table: &Table,
        options: &Options,
        target_name: &str,
        target: &[f64],
        log: bool,
        rows: &[usize],
    ) -> Result<Option<Self>, LearnError> {
        let Some(name) = &options.offset else { return Ok(None) };
        let refuse = |problem: &str| Err(LearnError::option("offset", format!("\"{name}\" {problem}")));
        let values = match table.column(name) {
            None => return Err(LearnError::MissingColumn(name.clone())),
            Some(_) if name == target_name => return refuse("is the target"),
            Some(_) if options.preprocess.exclude.contains(name) => {
                return refuse("is excluded from the features");
            }
            Some(Column::Number(values) | Column::Interval(values)) => values,
            Some(_) => return refuse("is neither a number nor an interval"),
        };
        // As the features have it, so that trainer and graph count from the same number.
        let values: Vec<f64> = values.iter().map(|x| f64::from(*x as f32)).collect();
        let rule = Rule::new(log, &values, target, rows);
        if !(rule.scale.is_finite() && rule.scale > 0.0 && rule.fill.is_finite()) {
            return refuse("is out of proportion to the target");
        }
        let bases = values.iter().map(|x| rule.base(*x)).collect();
        Ok(Some(Self { column: name.clone(), rule, bases }))
    }

    /// What is taken off the learned target of a row.
    pub(crate) fn base(&self, row: usize) -> f64 {
        self.bases.get(row).copied().unwrap_or_default()
    }

    /// Where it is among the features of a document.
    pub(crate) fn placed(&self, tabular: &Tabular) -> Result<Placed, LearnError> {
        let at = tabular.feature_names().iter().position(|name| *name == self.column);
        let none = || {
            let problem =
                format!("\"{}\" has one value in a part of the rows, or orders or groups them", self.column);
            LearnError::option("offset", problem)
        };
        Ok(Placed { rule: self.rule, feature: at.ok_or_else(none)? })
    }
}

/// A rule and the feature that it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    rule: Rule,
    feature: usize,
}

impl Placed {
    fn column<'m>(&self, matrix: &'m Matrix) -> impl Iterator<Item = f64> + 'm {
        matrix.values.iter().skip(self.feature).step_by(matrix.width.max(1)).map(|x| f64::from(*x))
    }

    /// Adds what was taken off the learned targets.
    pub(crate) fn add(&self, matrix: &Matrix, scores: &mut [f64]) {
        scores.iter_mut().zip(self.column(matrix)).for_each(|(score, x)| *score += self.rule.base(x));
    }

    /// Names of what the column alone says: as it is, and scaled where that is another number.
    pub(crate) fn names(&self) -> &'static [&'static str] {
        if self.rule.log { &["offset", "scaled_offset"] } else { &["offset"] }
    }

    /// What the column alone says of the rows, under one of the names.
    pub(crate) fn alone(&self, name: &str, matrix: &Matrix) -> Vec<f64> {
        let says = |x| if name == "offset" { self.rule.as_given(x) } else { self.rule.estimate(x) };
        self.column(matrix).map(says).collect()
    }

    /// A graph that gives learned targets, less the offset, as one that gives predictions.
    pub(crate) fn attach(&self, graph: &[u8], post: Post) -> Result<Vec<u8>, LearnError> {
        let mut dense = Dense::reopen(graph, OUTPUT, "learned")?;
        let Rule { log, scale, fill } = self.rule;
        dense.whole("offset_feature", &[i64::try_from(self.feature).unwrap_or(i64::MAX)]);
        dense.op_with("Gather", &["features", "offset_feature"], &["offset_given"], &[("axis", 1)]);
        dense.cast("offset_given", "offset_x", data_type::DOUBLE);
        dense.constant("offset_above", &[1], &[if log { 0.0 } else { f64::NEG_INFINITY }]);
        dense.constant("offset_below", &[1], &[f64::INFINITY]);
        dense.op("Greater", &["offset_x", "offset_above"], "offset_high");
        dense.op("Less", &["offset_x", "offset_below"], "offset_low");
        dense.op("And", &["offset_high", "offset_low"], "offset_usable");
        dense.constant("offset_fill", &[1], &[fill]);
        dense.op("Where", &["offset_usable", "offset_x", "offset_fill"], "offset_filled");
        let base = if log {
            dense.constant("offset_scale", &[1], &[scale]);
            dense.constant("offset_one", &[1], &[1.0]);
            dense.op("Mul", &["offset_filled", "offset_scale"], "offset_estimate");
            dense.op("Add", &["offset_estimate", "offset_one"], "offset_added");
            dense.op("Log", &["offset_added"], "offset_base");
            "offset_base"
        } else {
            "offset_filled"
        };
        dense.cast("learned", "learned_double", data_type::DOUBLE);
        dense.op("Add", &["learned_double", base], "offset_sum");
        Ok(dense.value("offset_sum", post))
    }
}
