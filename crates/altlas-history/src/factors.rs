//! What goes with failures and with long runs.

use altlas_metrics::quantile_of_sorted;

use crate::findings::{Finding, Options};
use crate::history::{Factor, History};
use crate::rates::{adjusted, newcombe, two_rates};
use crate::times::ratio_of_means;

/// A group of runs that have something in common.
struct Group {
    name: String,
    holds: Vec<bool>,
    /// Runs of which it is known whether they have it.
    known: Vec<bool>,
}

/// Levels of a column that are looked at, the most frequent.
const LEVELS: usize = 50;
/// Parts that numbers are cut into.
const PARTS: usize = 4;

/// Findings of both kinds, each p-value adjusted for the number of those of its kind.
pub(crate) fn factors(history: &History, options: &Options, tick: &dyn Fn()) -> Vec<Finding> {
    let (mut failures, mut durations) = (Vec::new(), Vec::new());
    let logs: Vec<Option<f64>> =
        history.seconds.iter().map(|s| s.filter(|s| *s > 0.0).map(f64::ln)).collect();
    for (name, factor) in &history.factors {
        for group in groups(name, factor, options) {
            tick();
            failures.extend(failure(history, &group, options));
            durations.extend(duration(&logs, &group, options));
        }
    }
    let mut out = Vec::new();
    for mut findings in [failures, durations] {
        let p_values: Vec<f64> = findings.iter().filter_map(|f: &Finding| f.p_value).collect();
        for (finding, p) in findings.iter_mut().zip(adjusted(&p_values)) {
            finding.p_value = Some(p);
        }
        findings.sort_by(|a, b| a.p_value.unwrap_or(1.0).total_cmp(&b.p_value.unwrap_or(1.0)));
        out.extend(findings);
    }
    out
}

/// The failure rate of a group less that of the others.
fn failure(history: &History, group: &Group, options: &Options) -> Option<Finding> {
    let (mut inside, mut outside) = ((0, 0), (0, 0));
    for ((failed, holds), known) in history.failed.iter().zip(&group.holds).zip(&group.known) {
        if let (Some(failed), true) = (failed, known) {
            let side = if *holds { &mut inside } else { &mut outside };
            side.0 += u64::from(*failed);
            side.1 += 1;
        }
    }
    if inside.1.min(outside.1) < options.min_runs {
        return None;
    }
    let difference = newcombe(inside, outside, options.confidence)?;
    let finding = Finding::of("failure_factor", &group.name, "failure_rate_difference", difference, inside.1);
    Some(Finding { p_value: Some(two_rates(inside, outside)), ..finding })
}

/// How many times as long a group's runs take as the others.
fn duration(logs: &[Option<f64>], group: &Group, options: &Options) -> Option<Finding> {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for ((log, holds), known) in logs.iter().zip(&group.holds).zip(&group.known) {
        if let (Some(log), true) = (log, known) {
            if *holds { inside.push(*log) } else { outside.push(*log) }
        }
    }
    if (inside.len().min(outside.len()) as u64) < options.min_runs {
        return None;
    }
    let (ratio, p) = ratio_of_means(&inside, &outside, options.confidence)?;
    let finding = Finding::of("duration_factor", &group.name, "duration_ratio", ratio, inside.len() as u64);
    Some(Finding { p_value: Some(p), ..finding })
}

fn groups(name: &str, factor: &Factor, options: &Options) -> Vec<Group> {
    match factor {
        Factor::Levels { names, of } => {
            let mut counts: Vec<(usize, u32)> =
                (0..).zip(0..names.len()).map(|(number, _)| (0, number)).collect();
            for number in of.iter().flatten() {
                if let Some(count) = counts.get_mut(*number as usize) {
                    count.0 += 1;
                }
            }
            counts.retain(|(count, _)| *count as u64 >= options.min_runs);
            counts.sort_unstable_by_key(|(count, number)| (std::cmp::Reverse(*count), *number));
            let known: Vec<bool> = of.iter().map(Option::is_some).collect();
            let group = |(_, number): &(usize, u32)| Group {
                name: format!("{name} = {}", names.name(*number)),
                holds: of.iter().map(|level| *level == Some(*number)).collect(),
                known: known.clone(),
            };
            counts.iter().take(LEVELS).map(group).collect()
        }
        Factor::Numbers(values) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
            sorted.sort_by(f64::total_cmp);
            let mut cuts: Vec<f64> = (1..PARTS)
                .filter_map(|part| quantile_of_sorted(&sorted, part as f64 / PARTS as f64))
                .collect();
            cuts.dedup();
            // A cut at the largest value leaves nothing above.
            cuts.retain(|cut| sorted.last().is_some_and(|last| cut < last));
            let known: Vec<bool> = values.iter().map(|v| v.is_finite()).collect();
            let group = |part: usize| {
                let low = part.checked_sub(1).and_then(|n| cuts.get(n)).copied();
                let high = cuts.get(part).copied();
                let bounds = match (low, high) {
                    (Some(low), Some(high)) => format!("{low} < {name} <= {high}"),
                    (Some(low), None) => format!("{name} > {low}"),
                    (None, Some(high)) => format!("{name} <= {high}"),
                    (None, None) => name.to_owned(),
                };
                let holds = |v: &f64| low.is_none_or(|low| *v > low) && high.is_none_or(|high| *v <= high);
                Group { name: bounds, holds: values.iter().map(holds).collect(), known: known.clone() }
            };
            (0..=cuts.len()).map(group).collect()
        }
    }
}
