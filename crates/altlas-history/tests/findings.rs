//! Findings on small histories whose answers are known.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use altlas_history::{Factor, Finding, Graph, History, Names, Options, analyze, busy, median_interval};

/// A history in which runs on `old` fail twice as often, and `bulk` ones take three times as long.
fn history() -> History {
    let mut history = History::default();
    let (mut machine, mut size) = (Names::default(), Vec::new());
    let mut of = Vec::new();
    for n in 0..400_u32 {
        let kind = history.types.number(if n % 4 == 0 { "create" } else { "search" });
        let old = n % 2 == 0;
        let bulk = n % 5 < 2;
        history.kind.push(Some(kind));
        history.failed.push(Some(n % 10 < if old { 4 } else { 2 }));
        let seconds = (10.0 + f64::from(n % 7)) * if bulk { 3.0 } else { 1.0 };
        history.seconds.push((n != 3).then_some(seconds));
        history.queued.push(Some(f64::from(n) * 100.0));
        history.started.push(Some(f64::from(n) * 100.0 + if old { 30.0 } else { 2.0 }));
        let resource = history.resources.number(if old { "r1" } else { "r2" });
        history.resource.push(Some(resource));
        let task = history.tasks.number(&n.to_string());
        history.task.push(Some(task));
        let command = history.commands.number(&(n / 4).to_string());
        history.command.push(Some(command));
        of.push(Some(machine.number(if old { "old" } else { "new" })));
        size.push(if bulk { 100.0 + f64::from(n % 3) } else { f64::from(n % 50) });
    }
    history.factors = vec![
        ("machine".to_owned(), Factor::Levels { names: machine, of }),
        ("size".to_owned(), Factor::Numbers(size)),
    ];
    for n in (0..400_u32).filter(|n| n % 4 != 0) {
        history.depend(&n.to_string(), &(n - 1).to_string());
    }
    history.depend("1", "nobody");
    history
}

fn one<'a>(found: &'a [Finding], section: &str, item: &str, measure: &str) -> &'a Finding {
    let wanted = |f: &&Finding| (f.section, f.item.as_str(), f.measure) == (section, item, measure);
    let mut all = found.iter().filter(wanted);
    let first = all.next();
    assert!(all.next().is_none());
    first.unwrap_or_else(|| panic!("{section} {item} {measure} is missing in {found:#?}"))
}

#[test]
fn what_is_there_is_found() {
    let found = analyze(&history(), &Options::default(), &|| ());
    let value = |section, item, measure| one(&found, section, item, measure).value;
    assert_eq!(value("overall", "", "runs"), 400.0);
    assert_eq!(one(&found, "overall", "", "median_seconds").count, 399);
    assert!((value("overall", "", "failure_rate") - 0.3).abs() < 0.02);
    assert_eq!(value("type", "create", "runs"), 100.0);
    let shares = value("type", "create", "share_of_time") + value("type", "search", "share_of_time");
    assert!((shares - 1.0).abs() < 1e-9);
    let old = one(&found, "failure_factor", "machine = old", "failure_rate_difference");
    let (lower, upper) = old.bounds.unwrap();
    assert!(lower > 0.0 && upper < 1.0 && old.p_value.unwrap() < 0.01 && old.count == 200, "{old:?}");
    // The same the other way round.
    let new = one(&found, "failure_factor", "machine = new", "failure_rate_difference");
    assert_eq!((new.value, new.bounds), (-old.value, Some((-upper, -lower))));
    let bulk = found.iter().find(|f| f.section == "duration_factor").unwrap();
    assert!(bulk.item.starts_with("size >") && bulk.value > 2.0 && bulk.p_value.unwrap() < 1e-6, "{bulk:?}");
    assert_eq!(value("bottleneck", "resource r1", "mean_wait_seconds"), 30.0);
    assert!((value("bottleneck", "resource r1", "share_of_waiting") - 30.0 / 32.0).abs() < 1e-9);
    assert_eq!(value("bottleneck", "resource r1", "most_at_once"), 1.0);
    assert_eq!(value("graph", "", "unknown_dependencies"), 1.0);
    assert_eq!(value("graph", "", "longest_chain_tasks"), 4.0);
    assert_eq!(value("graph", "", "connected_parts"), 100.0);
    // All four tasks of a command are on its path, but for one that did not end.
    let longest: f64 = found.iter().filter(|f| f.section == "longest_path").map(|f| f.value).sum();
    assert!(longest >= value("critical_path", "", "p95_seconds"));
    assert_eq!(one(&found, "critical_path", "search", "share_of_critical_time").count, 299);
}

#[test]
fn nothing_is_said_of_nothing() {
    let found = analyze(&History::default(), &Options::default(), &|| ());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].measure, found[0].value), ("runs", 0.0));
    let few = Options { min_runs: 1000, ..Options::default() };
    assert!(analyze(&history(), &few, &|| ()).iter().all(|f| !f.section.ends_with("_factor")));
}

#[test]
fn cycles_end_nothing() {
    let graph = Graph::new(5, &[(0, 1), (1, 0), (2, 1), (3, 3), (4, 4), (4, 4), (9, 0)]);
    assert_eq!((graph.edges, graph.blocked()), (5, 5));
    let graph = Graph::new(4, &[(0, 1), (1, 0), (3, 2)]);
    assert_eq!(graph.blocked(), 2);
    let found = graph.longest(&[5.0, 5.0, 1.0, 2.0], &[Some(0); 4], 1).pop().unwrap().unwrap();
    assert_eq!((found.path, found.length), (vec![2, 3], 3.0));
    // A chain ends where its group does.
    let found = graph.longest(&[5.0, 5.0, 1.0, 2.0], &[None, None, Some(0), Some(1)], 2);
    assert_eq!(found.into_iter().map(|f| f.unwrap().path).collect::<Vec<_>>(), [vec![2], vec![3]]);
}

#[test]
fn times_beside_each_other_count_once() {
    let found = busy(&[(0.0, 10.0), (5.0, 10.0), (15.0, 5.0), (40.0, 0.0), (50.0, 10.0)]).unwrap();
    assert_eq!((found.seconds, found.span, found.most), (30.0, 60.0, 2));
    assert!(busy(&[]).is_none());
}

#[test]
fn the_interval_of_a_median_lies_between_values() {
    let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
    let found = median_interval(&sorted, 0.95).unwrap();
    // Conover's ranks for n = 100: 40 and 61.
    assert_eq!((found.value, found.lower, found.upper), (50.5, 40.0, 61.0));
    let one = median_interval(&[7.0], 0.95).unwrap();
    assert_eq!((one.lower, one.upper), (7.0, 7.0));
    assert!(median_interval(&[], 0.95).is_none());
}
