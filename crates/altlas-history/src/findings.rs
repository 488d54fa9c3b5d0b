//! The findings, section by section.
#![allow(clippy::indexing_slicing)] // Numbers of types, resources, tasks and commands are those of the history.

use altlas_metrics::quantile_of_sorted;

use crate::factors::factors;
use crate::graph::Graph;
use crate::history::History;
use crate::rates::{Interval, wilson};
use crate::resources::busy;
use crate::times::median_interval;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is about: overall, type, failure_factor, duration_factor, bottleneck, graph, critical_path, longest_path.
    pub section: &'static str,
    /// The type, group, resource or task; empty for all.
    pub item: String,
    /// The name of the figure.
    pub measure: &'static str,
    /// The figure.
    pub value: f64,
    /// Its bounds, where it is an estimate.
    pub bounds: Option<(f64, f64)>,
    /// Runs, or tasks in the sections of the graph, that it rests on.
    pub count: u64,
    /// The adjusted p-value of a factor.
    pub p_value: Option<f64>,
}

impl Finding {
    fn plain(section: &'static str, item: &str, measure: &'static str, value: f64, count: usize) -> Self {
        Self {
            section,
            item: item.to_owned(),
            measure,
            value,
            bounds: None,
            count: count as u64,
            p_value: None,
        }
    }

    pub(crate) fn of(
        section: &'static str,
        item: &str,
        measure: &'static str,
        found: Interval,
        count: u64,
    ) -> Self {
        let bounds = Some((found.lower, found.upper));
        Self { section, item: item.to_owned(), measure, value: found.value, bounds, count, p_value: None }
    }
}

/// What may be said about an analysis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Of all intervals.
    pub confidence: f64,
    /// Runs that a group must have, and the others.
    pub min_runs: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { confidence: 0.95, min_runs: 20 }
    }
}

/// Everything there is to say. `tick` is called often and may unwind.
pub fn analyze(history: &History, options: &Options, tick: &dyn Fn()) -> Vec<Finding> {
    let all: Vec<usize> = (0..history.len()).collect();
    let mut out = group("overall", "", &all, history, options);
    let total: f64 = history.seconds.iter().flatten().sum();
    let mut of_type = by_number(&history.kind, history.types.len());
    let mut types: Vec<(f64, u32)> = (0..)
        .zip(&of_type)
        .map(|(number, runs)| (runs.iter().filter_map(|&run| history.seconds[run]).sum(), number))
        .collect();
    types.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (seconds, number) in types {
        tick();
        let (name, runs) = (history.types.name(number), std::mem::take(&mut of_type[number as usize]));
        out.extend(group("type", name, &runs, history, options));
        if total > 0.0 {
            out.push(Finding::plain("type", name, "share_of_time", seconds / total, runs.len()));
        }
    }
    out.extend(factors(history, options, tick));
    out.extend(bottlenecks(history, tick));
    out.extend(chains(history, tick));
    out.retain(|finding| finding.value.is_finite());
    out
}

fn by_number(of: &[Option<u32>], numbers: usize) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); numbers];
    for (run, number) in of.iter().enumerate() {
        if let Some(number) = number {
            lists[*number as usize].push(run);
        }
    }
    lists
}

/// Failures and durations of some runs.
fn group(
    section: &'static str,
    item: &str,
    runs: &[usize],
    history: &History,
    options: &Options,
) -> Vec<Finding> {
    let mut out = vec![Finding::plain(section, item, "runs", runs.len() as f64, runs.len())];
    let known: Vec<bool> = runs.iter().filter_map(|&run| history.failed[run]).collect();
    let failed = known.iter().filter(|failed| **failed).count() as u64;
    if let Some(rate) = wilson(failed, known.len() as u64, options.confidence) {
        out.push(Finding::of(section, item, "failure_rate", rate, known.len() as u64));
    }
    let mut seconds: Vec<f64> = runs.iter().filter_map(|&run| history.seconds[run]).collect();
    seconds.sort_by(f64::total_cmp);
    let count = seconds.len();
    if let Some(median) = median_interval(&seconds, options.confidence) {
        out.push(Finding::of(section, item, "median_seconds", median, count as u64));
        out.extend(
            quantile_of_sorted(&seconds, 0.95)
                .map(|q| Finding::plain(section, item, "p95_seconds", q, count)),
        );
        let total = seconds.iter().sum();
        out.push(Finding::plain(section, item, "total_seconds", total, count));
    }
    out
}

/// Where runs wait, and what they wait for.
fn bottlenecks(history: &History, tick: &dyn Fn()) -> Vec<Finding> {
    let waited = |run: usize| Some((history.started[run]? - history.queued[run]?).max(0.0));
    let all: f64 = (0..history.len()).filter_map(waited).sum();
    let mut found: Vec<(f64, Vec<Finding>)> = Vec::new();
    for (names, of, what) in
        [(&history.resources, &history.resource, "resource"), (&history.types, &history.kind, "type")]
    {
        for (number, runs) in (0..).zip(by_number(of, names.len())) {
            tick();
            let item = format!("{what} {}", names.name(number));
            let section = "bottleneck";
            let mut own = Vec::new();
            let mut waits: Vec<f64> = runs.iter().filter_map(|&run| waited(run)).collect();
            waits.sort_by(f64::total_cmp);
            let total: f64 = waits.iter().sum();
            if all > 0.0 && !waits.is_empty() {
                own.push(Finding::plain(section, &item, "share_of_waiting", total / all, waits.len()));
                let mean = total / waits.len() as f64;
                own.push(Finding::plain(section, &item, "mean_wait_seconds", mean, waits.len()));
                let late = quantile_of_sorted(&waits, 0.95);
                own.extend(late.map(|q| Finding::plain(section, &item, "p95_wait_seconds", q, waits.len())));
            }
            if what == "resource" {
                let times: Vec<(f64, f64)> =
                    runs.iter().filter_map(|&run| history.started[run].zip(history.seconds[run])).collect();
                if let Some(busy) = busy(&times) {
                    if busy.span > 0.0 {
                        let share = busy.seconds / busy.span;
                        own.push(Finding::plain(section, &item, "share_of_time_busy", share, times.len()));
                    }
                    let most = busy.most as f64;
                    own.push(Finding::plain(section, &item, "most_at_once", most, times.len()));
                }
            }
            found.push((total, own));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().flat_map(|(_, own)| own).collect()
}

/// The graph of dependencies, and the chains that commands last as long as.
fn chains(history: &History, tick: &dyn Fn()) -> Vec<Finding> {
    if history.dependencies.is_empty() && history.unknown_dependencies == 0 {
        return Vec::new();
    }
    let tasks = history.tasks.len();
    let graph = Graph::new(tasks, &history.dependencies);
    tick();
    // A task lasts as long as all its attempts.
    let (mut length, mut command, mut kind) = (vec![0.0; tasks], vec![None; tasks], vec![None; tasks]);
    for run in 0..history.len() {
        let Some(task) = history.task[run].map(|task| task as usize) else { continue };
        length[task] += history.seconds[run].unwrap_or(0.0);
        command[task] = command[task].or(history.command[run]);
        kind[task] = kind[task].or(history.kind[run]);
    }
    let (part, large) = graph.parts();
    let (most_before, most_after) = graph.most();
    // Without commands a connected part is one.
    let (groups, count) = match history.commands.is_empty() {
        true => (part.iter().copied().map(Some).collect(), tasks),
        false => (command, history.commands.len()),
    };
    let steps: Vec<_> = graph.longest(&vec![1.0; tasks], &vec![Some(0); tasks], 1);
    let chain = steps.into_iter().flatten().next().map_or(0, |longest| longest.path.len());
    let mut out: Vec<Finding> = [
        ("tasks", tasks),
        ("dependencies", graph.edges),
        ("unknown_dependencies", usize::try_from(history.unknown_dependencies).unwrap_or(usize::MAX)),
        ("connected_parts", large),
        ("tasks_blocked_by_cycles", graph.blocked()),
        ("longest_chain_tasks", chain),
        ("max_fan_in", most_before),
        ("max_fan_out", most_after),
    ]
    .into_iter()
    .map(|(measure, value)| Finding::plain("graph", "", measure, value as f64, tasks))
    .collect();
    tick();
    let paths: Vec<_> = graph.longest(&length, &groups, count).into_iter().flatten().collect();
    let mut lengths: Vec<f64> = paths.iter().map(|path| path.length).collect();
    lengths.sort_by(f64::total_cmp);
    let section = "critical_path";
    for (measure, q) in [("median_seconds", 0.5), ("p95_seconds", 0.95)] {
        out.extend(
            quantile_of_sorted(&lengths, q).map(|s| Finding::plain(section, "", measure, s, paths.len())),
        );
    }
    let total: f64 = lengths.iter().sum();
    let mut by_type = vec![(0.0, 0); history.types.len()];
    for task in paths.iter().flat_map(|path| &path.path) {
        if let Some(kind) = kind[*task as usize] {
            by_type[kind as usize].0 += length[*task as usize];
            by_type[kind as usize].1 += 1;
        }
    }
    let mut by_type: Vec<(f64, usize, u32)> =
        (0..).zip(by_type).map(|(number, (seconds, tasks))| (seconds, tasks, number)).collect();
    by_type.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
    if total > 0.0 {
        for (seconds, tasks, number) in by_type.into_iter().filter(|(_, tasks, _)| *tasks > 0) {
            let name = history.types.name(number);
            out.push(Finding::plain(section, name, "share_of_critical_time", seconds / total, tasks));
        }
    }
    let longest = paths.iter().max_by(|a, b| a.length.total_cmp(&b.length));
    for task in longest.iter().flat_map(|path| &path.path) {
        let at = *task as usize;
        out.push(Finding::plain("longest_path", history.tasks.name(*task), "seconds", length[at], 1));
    }
    out
}
