//! Fits a preprocessing document to the rows of a training part.
#![allow(clippy::indexing_slicing)] // Row numbers come from the table itself.

use std::collections::HashMap;

use altlas_prep::{
    CalendarPart, Column, ColumnSpec, ColumnType, Document, Feature, Matrix, Table, Tabular, element_place,
};

use crate::rng::Rng;
use crate::target::Target;
use crate::{LearnError, Preprocess, free_text};

const FOLDS: usize = 5;
/// More categories than this in a column: the rest, the rarest, count as unseen.
const MAX_MEANS: usize = 50_000;
/// More classes than this: only the most frequent have encodings of their own.
const MAX_ENCODED_CLASSES: usize = 10;
/// Where rows are split by time: days that the rows must span for a calendar part to be a feature. What is learned of a
/// part that came round less often is what happened then, not what comes back: a season needs two years, and a day of
/// the month, of which each month has but one, a year's months.
const SPANS: [(CalendarPart, f64); 6] = [
    (CalendarPart::Month, 730.0),
    (CalendarPart::DayOfYear, 730.0),
    (CalendarPart::DayOfMonth, 365.0),
    (CalendarPart::DayOfWeek, 14.0),
    (CalendarPart::Hour, 2.0),
    (CalendarPart::MinuteOfDay, 2.0),
];
const DAY_US: f64 = 86_400e6;
/// A correlation with the target that is reported.
const LEAK: f64 = 0.9999;

/// What fitting needs to know of the data.
pub(crate) struct Source<'a> {
    pub(crate) table: &'a Table,
    pub(crate) target_name: &'a str,
    pub(crate) target: &'a Target,
    pub(crate) time_column: Option<&'a str>,
    /// The column that keeps rows together: other rows have other values.
    pub(crate) group_column: Option<&'a str>,
    pub(crate) preprocess: &'a Preprocess,
    pub(crate) seed: u64,
    /// The rows that early stopping learns from: by their span calendar parts are chosen, so that every fit has the same.
    pub(crate) inner: &'a [usize],
}

/// A fitted document and the features of the rows it was fitted to.
pub(crate) struct FitFeatures {
    pub(crate) tabular: Tabular,
    /// Category means are those of the other folds, so that a row's own target is not among its features.
    pub(crate) matrix: Matrix,
    pub(crate) warnings: Vec<String>,
}

/// Sums over the rows of one category, one for each encoding.
#[derive(Clone)]
struct Stat {
    count: usize,
    sums: Vec<f64>,
}

impl Source<'_> {
    /// Fits to the rows of these numbers.
    pub(crate) fn fit(&self, rows: &[usize]) -> Result<FitFeatures, LearnError> {
        let encodings = self.encodings(rows);
        let mut fold_of = vec![0; self.table.rows()];
        let mut rng = Rng::new(self.seed, 3);
        rows.iter().for_each(|&row| fold_of[row] = rng.below(FOLDS));
        let (mut warnings, mut columns, mut features) = (Vec::new(), Vec::new(), Vec::new());
        // Position of each out-of-fold column with its values.
        let mut replaced: Vec<(usize, Vec<f32>)> = Vec::new();
        let mut width = 0;
        for (name, column) in self.table.names().iter().zip(self.table.columns()) {
            if name == self.target_name || self.preprocess.excludes(name) {
                continue;
            }
            if self.group_column == Some(name) {
                warnings.push(format!("column \"{name}\" groups the rows and was left out of the features"));
                continue;
            }
            // All elements of an array are features: the last one says how long it is.
            if element_place(name).is_none() && constant(column, rows) {
                warnings.push(format!("column \"{name}\" is constant and was left out"));
                continue;
            }
            self.report_leak(name, column, rows, &mut warnings);
            let before = columns.len();
            match column {
                Column::Number(_) if self.time_column == Some(name) => {
                    warnings
                        .push(format!("column \"{name}\" orders the rows and was left out of the features"));
                }
                Column::Number(_) | Column::Interval(_) => {
                    features.push(Feature::Number { column: name.clone() });
                    width += 1;
                    columns.push(name);
                }
                Column::Boolean(_) => {
                    features.push(Feature::Boolean { column: name.clone() });
                    width += 1;
                    columns.push(name);
                }
                Column::Timestamp(values) => {
                    let feature = self.calendar(name, values, rows, &mut warnings)?;
                    if let Some((feature, parts)) = feature {
                        features.push(feature);
                        width += parts;
                        columns.push(name);
                    }
                }
                Column::Text(values) => {
                    let stats = collect(values, rows, &encodings, &fold_of);
                    let known: usize = stats.iter().map(|(_, folds)| total(folds).count).sum();
                    if stats.len() <= self.preprocess.one_hot_max {
                        let categories: Vec<String> = stats.into_iter().map(|(c, _)| c.to_owned()).collect();
                        width += categories.len();
                        features.push(Feature::OneHot { column: name.clone(), categories });
                        columns.push(name);
                        continue;
                    }
                    let scored = free_text::is_free_text(values, rows);
                    if scored {
                        let found = free_text::fit(name, values, rows, &encodings, &fold_of, FOLDS)?;
                        if let Some(some) = found.sampled {
                            warnings.push(format!(
                                "column \"{name}\": its words were learned from {some} of {} rows",
                                rows.len()
                            ));
                        }
                        replaced.extend(found.scores.into_iter().enumerate().map(|(n, s)| (width + n, s)));
                        width += encodings.len();
                        features.push(Feature::TextScore(found.step));
                    }
                    if stats.len() * 2 <= known {
                        if stats.len() > MAX_MEANS {
                            warnings.push(format!(
                                "column \"{name}\" has {} categories, the {MAX_MEANS} most frequent were encoded",
                                stats.len()
                            ));
                        }
                        for e in 0..encodings.len() {
                            let (feature, means) = self.means(name, values, rows, &stats, e, &fold_of);
                            features.push(feature);
                            replaced.push((width, means));
                            width += 1;
                        }
                    } else if !scored {
                        let percent = stats.len() * 100 / known.max(1);
                        warnings.push(format!(
                            "column \"{name}\" has {percent} % distinct values (ids) and was left out"
                        ));
                        continue;
                    }
                    columns.push(name);
                }
            }
            if columns.len() == before && matches!(column, Column::Timestamp(_)) {
                warnings.push(format!("column \"{name}\" has no calendar to learn from and was left out"));
            }
        }
        if features.is_empty() {
            let reason = match warnings.is_empty() {
                true => "there is none beside the target".to_owned(),
                false => warnings.join("; "),
            };
            return Err(LearnError::NoFeatures(reason));
        }
        let specs = columns.iter().map(|name| self.spec(name)).collect();
        let tabular = Tabular::new("features".to_owned(), specs, features)?;
        let mut matrix = self.apply(&tabular, rows)?;
        for (at, means) in replaced {
            for (row, mean) in means.into_iter().enumerate() {
                matrix.values[row * matrix.width + at] = mean;
            }
        }
        Ok(FitFeatures { tabular, matrix, warnings })
    }

    /// The features of the rows of these numbers.
    pub(crate) fn apply(&self, tabular: &Tabular, rows: &[usize]) -> Result<Matrix, LearnError> {
        let names: Vec<&str> = tabular.columns().iter().map(|c| c.name.as_str()).collect();
        Ok(tabular.apply(&self.table.pick(&names, rows)?, true, &|| ())?)
    }

    fn spec(&self, name: &str) -> ColumnSpec {
        let column_type = self.table.column(name).map_or(ColumnType::Number, Column::column_type);
        ColumnSpec { name: name.to_owned(), column_type }
    }

    /// The numbers whose means encode a category: the learned target, or membership of a class. By row.
    fn encodings(&self, rows: &[usize]) -> Vec<Vec<f64>> {
        let target = self.target;
        let values = &target.values;
        if target.labels.is_empty() {
            return vec![(0..values.len()).map(|row| target.learned(row)).collect()];
        }
        let mut counts: Vec<(usize, usize)> = (0..target.labels.len()).map(|class| (0, class)).collect();
        rows.iter().for_each(|&row| counts[values[row] as usize].0 += 1);
        // Of two classes one says all.
        let classes: Vec<usize> = if counts.len() == 2 {
            vec![1]
        } else {
            counts.sort_by_key(|&(count, class)| (std::cmp::Reverse(count), class));
            counts.iter().take(MAX_ENCODED_CLASSES).map(|&(_, class)| class).collect()
        };
        let member =
            |class: usize| values.iter().map(|y| f64::from(u8::from(*y as usize == class))).collect();
        classes.into_iter().map(member).collect()
    }

    /// The smoothed mean of each category (Micci-Barreca 2001), and out of fold for the rows.
    fn means(
        &self,
        name: &str,
        values: &[Option<String>],
        rows: &[usize],
        stats: &[(&str, Vec<Stat>)],
        encoding: usize,
        fold_of: &[usize],
    ) -> (Feature, Vec<f32>) {
        // Category -> folds -> (count, sum), cut to the most frequent.
        let mut kept: Vec<usize> = (0..stats.len()).collect();
        if kept.len() > MAX_MEANS {
            kept.sort_by_key(|&i| std::cmp::Reverse(total(&stats[i].1).count));
            kept.truncate(MAX_MEANS);
            kept.sort_unstable();
        }
        let mut all = (0.0, 0.0);
        let mut by_fold = [(0.0, 0.0); FOLDS];
        for (_, folds) in stats {
            for (fold, stat) in folds.iter().enumerate() {
                by_fold[fold].0 += stat.count as f64;
                by_fold[fold].1 += stat.sums[encoding];
                all.0 += stat.count as f64;
                all.1 += stat.sums[encoding];
            }
        }
        let m = self.preprocess.smoothing;
        let ratio =
            |(count, sum): (f64, f64), otherwise: f64| if count > 0.0 { sum / count } else { otherwise };
        let overall = ratio(all, 0.0);
        let smooth = |count: f64, sum: f64, prior: f64| ratio((count + m, sum + m * prior), prior);
        let mut index = HashMap::with_capacity(kept.len());
        let (mut categories, mut means) = (Vec::with_capacity(kept.len()), Vec::with_capacity(kept.len()));
        for &i in &kept {
            let (category, folds) = &stats[i];
            let sum = total(folds);
            index.insert(*category, folds);
            categories.push((*category).to_owned());
            means.push(smooth(sum.count as f64, sum.sums[encoding], overall));
        }
        let priors = by_fold.map(|(count, sum)| ratio((all.0 - count, all.1 - sum), overall));
        let out_of_fold = rows.iter().map(|&row| {
            let Some(category) = values[row].as_deref() else {
                return f32::NAN;
            };
            let fold = fold_of[row];
            let Some(folds) = index.get(category) else {
                return priors[fold] as f32;
            };
            let others = folds.iter().enumerate().filter(|(f, _)| *f != fold);
            let (count, sum) =
                others.fold((0.0, 0.0), |(c, s), (_, stat)| (c + stat.count as f64, s + stat.sums[encoding]));
            smooth(count, sum, priors[fold]) as f32
        });
        let out_of_fold = out_of_fold.collect();
        let feature =
            Feature::TargetMean { column: name.to_owned(), categories, values: means, unseen: overall };
        (feature, out_of_fold)
    }

    /// The calendar parts that vary. Where rows are split by time, days since 1970 and parts that came round too seldom
    /// are left out: what is learned from them does not hold for later rows.
    fn calendar(
        &self,
        name: &str,
        values: &[Option<i64>],
        rows: &[usize],
        warnings: &mut Vec<String>,
    ) -> Result<Option<(Feature, usize)>, LearnError> {
        use CalendarPart as P;
        let mut parts = vec![P::Month, P::DayOfMonth, P::DayOfYear, P::DayOfWeek, P::Hour, P::MinuteOfDay];
        let mut seldom = Vec::new();
        if self.time_column.is_none() {
            parts.push(P::EpochDays);
        } else {
            let days = span_days(values, self.inner);
            (seldom, parts) =
                parts.into_iter().partition(|part| SPANS.iter().any(|(p, least)| p == part && days < *least));
        }
        if !seldom.is_empty() {
            let names: Vec<&str> = seldom.iter().map(|part| part.name()).collect();
            warnings.push(format!(
                "column \"{name}\": {} left out, the rows that are learned from span {:.0} days",
                names.join(", "),
                span_days(values, self.inner)
            ));
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let build = |parts: Vec<P>| Feature::Calendar {
            column: name.to_owned(),
            time_zone: self.preprocess.time_zone.clone(),
            parts,
        };
        let probe = Tabular::new("probe".to_owned(), vec![self.spec(name)], vec![build(parts.clone())])
            .map_err(|e| LearnError::option("preprocess.time_zone", e.to_string()))?;
        let moments = Column::Timestamp(rows.iter().map(|&row| values[row]).collect());
        let matrix = probe.apply(&Table::new(vec![name.to_owned()], vec![moments])?, true, &|| ())?;
        let varies = |part: usize| {
            let mut known = (0..matrix.rows).map(|r| matrix.row(r)[part]).filter(|x| !x.is_nan());
            known.next().is_some_and(|first| known.any(|x| x != first))
        };
        let parts: Vec<P> = parts.iter().enumerate().filter(|(i, _)| varies(*i)).map(|(_, p)| *p).collect();
        let count = parts.len();
        Ok((count > 0).then(|| (build(parts), count)))
    }

    /// Reports a column that all but tells the target.
    fn report_leak(&self, name: &str, column: &Column, rows: &[usize], warnings: &mut Vec<String>) {
        let target = self.target;
        let leaks = match column {
            Column::Number(v) | Column::Interval(v) => correlation(
                rows.iter().map(|&row| (v[row], target.values[row])).filter(|(x, _)| x.is_finite()),
            )
            .is_some_and(|r| r.abs() > LEAK),
            Column::Text(v) if !target.labels.is_empty() => {
                rows.iter().all(|&row| v[row].as_ref() == target.labels.get(target.values[row] as usize))
            }
            Column::Boolean(v) if target.labels.len() == 2 => [true, false]
                .iter()
                .any(|same| rows.iter().all(|&row| v[row] == Some((target.values[row] == 1.0) == *same))),
            _ => false,
        };
        if leaks {
            warnings.push(format!(
                "column \"{name}\" all but equals the target: is it known before the outcome?"
            ));
        }
    }
}

/// Days from the first to the last moment of the rows.
fn span_days(values: &[Option<i64>], rows: &[usize]) -> f64 {
    let known = rows.iter().filter_map(|&row| values[row]);
    match (known.clone().min(), known.max()) {
        (Some(first), Some(last)) => (last as f64 - first as f64) / DAY_US,
        _ => 0.0,
    }
}

/// Pearson's correlation of two or more pairs.
pub(crate) fn correlation(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let n = pairs.clone().count() as f64;
    if n < 2.0 {
        return None;
    }
    let (sx, sy) = pairs.clone().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (mx, my) = (sx / n, sy / n);
    let (xx, yy, xy) = pairs.fold((0.0, 0.0, 0.0), |(xx, yy, xy), (x, y)| {
        (xx + (x - mx) * (x - mx), yy + (y - my) * (y - my), xy + (x - mx) * (y - my))
    });
    Some(xy / (xx * yy).sqrt())
}

/// Whether all rows are equal, NULL included.
fn constant(column: &Column, rows: &[usize]) -> bool {
    let mut cells = rows.iter().map(|&row| column.cell(row));
    let first = cells.next();
    cells.all(|cell| Some(cell) == first)
}

/// Sums by category and fold, categories ascending.
fn collect<'a>(
    values: &'a [Option<String>],
    rows: &[usize],
    encodings: &[Vec<f64>],
    fold_of: &[usize],
) -> Vec<(&'a str, Vec<Stat>)> {
    let empty = vec![Stat { count: 0, sums: vec![0.0; encodings.len()] }; FOLDS];
    let mut stats: HashMap<&str, Vec<Stat>> = HashMap::new();
    for &row in rows {
        let Some(category) = values[row].as_deref() else {
            continue;
        };
        let stat = &mut stats.entry(category).or_insert_with(|| empty.clone())[fold_of[row]];
        stat.count += 1;
        for (sum, encoding) in stat.sums.iter_mut().zip(encodings) {
            *sum += encoding[row];
        }
    }
    let mut stats: Vec<_> = stats.into_iter().collect();
    stats.sort_unstable_by_key(|(category, _)| *category);
    stats
}

fn total(folds: &[Stat]) -> Stat {
    let mut all = Stat { count: 0, sums: vec![0.0; folds.first().map_or(0, |s| s.sums.len())] };
    for stat in folds {
        all.count += stat.count;
        all.sums.iter_mut().zip(&stat.sums).for_each(|(a, b)| *a += b);
    }
    all
}

/// The document, for storing.
pub(crate) fn document(tabular: Tabular) -> Document {
    Document::Tabular(tabular)
}
