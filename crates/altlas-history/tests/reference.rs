//! Against statsmodels, scipy and networkx: scripts/reference/history.py.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use altlas_history::{Graph, Interval, adjusted, newcombe, ratio_of_means, two_rates, wilson};
use altlas_metrics::quantile_of_sorted;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("data/reference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} is not {expected}");
}

#[test]
fn rates_and_their_differences() {
    let reference = reference();
    for row in reference["wilson"].as_array().unwrap() {
        let row = numbers(row);
        let found = wilson(row[0] as u64, row[1] as u64, row[2]).unwrap();
        near(found.lower, row[3]);
        near(found.upper, row[4]);
    }
    for row in reference["differences"].as_array().unwrap() {
        let row = numbers(row);
        let (first, second) = ((row[0] as u64, row[1] as u64), (row[2] as u64, row[3] as u64));
        let found = newcombe(first, second, 0.95).unwrap();
        near(found.lower, row[4]);
        near(found.upper, row[5]);
        near(two_rates(first, second), row[6]);
    }
    assert_eq!(wilson(0, 0, 0.95), None);
    assert_eq!(two_rates((0, 9), (0, 4)), 1.0);
}

#[test]
fn many_tests_are_adjusted() {
    let reference = reference();
    let found = adjusted(&numbers(&reference["p_values"]));
    found.iter().zip(numbers(&reference["adjusted"])).for_each(|(f, e)| near(*f, e));
    assert!(adjusted(&[]).is_empty());
}

#[test]
fn durations_are_compared() {
    let reference = reference();
    let (first, second) = (numbers(&reference["first"]), numbers(&reference["second"]));
    let (Interval { value, lower, upper }, p) = ratio_of_means(&first, &second, 0.9).unwrap();
    for (found, expected) in [value, lower, upper].into_iter().zip(numbers(&reference["ratio"])) {
        near(found, expected);
    }
    near(p, reference["ratio_p"].as_f64().unwrap());
    let mut sorted = first;
    sorted.sort_by(f64::total_cmp);
    for row in reference["quantiles"].as_array().unwrap() {
        let row = numbers(row);
        near(quantile_of_sorted(&sorted, row[0]).unwrap(), row[1]);
    }
    assert!(ratio_of_means(&[1.0], &[1.0, 2.0], 0.9).is_none());
}

#[test]
fn the_longest_chain_is_found() {
    for case in reference()["graphs"].as_array().unwrap() {
        let tasks = case["tasks"].as_u64().unwrap() as usize;
        let pairs: Vec<(u32, u32)> = serde_json::from_value(case["pairs"].clone()).unwrap();
        let path: Vec<u32> = serde_json::from_value(case["path"].clone()).unwrap();
        let length = numbers(&case["length"]);
        let graph = Graph::new(tasks, &pairs);
        let found = graph.longest(&length, &vec![Some(0); tasks], 1).pop().unwrap().unwrap();
        assert_eq!(found.path, path);
        near(found.length, path.iter().map(|task| length[*task as usize]).sum());
        assert_eq!((graph.edges, graph.blocked()), (pairs.len(), 0));
        assert_eq!(graph.parts().1 as u64, case["parts"].as_u64().unwrap());
    }
}
