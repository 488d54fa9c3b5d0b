//! Shorthand of the tests.
// Each test program uses some of it; an index out of range is a failed test.
#![allow(dead_code, clippy::indexing_slicing)]

use altlas_text::{Segment, segment};

/// The task segments of a text.
pub fn tasks(text: &str) -> Vec<Segment> {
    segment(text, None, &|| ()).segments
}

/// `content` of each segment.
pub fn contents(text: &str) -> Vec<String> {
    tasks(text).into_iter().map(|s| s.content).collect()
}

/// Asserts contents.
#[track_caller]
pub fn split(text: &str, expected: &[&str]) {
    assert_eq!(contents(text), expected, "{text}");
}

/// Asserts the names of the types.
#[track_caller]
pub fn types(text: &str, expected: &[&str]) {
    let got: Vec<&str> = tasks(text).iter().map(|s| s.task_type.map_or("-", |t| t.as_str())).collect();
    assert_eq!(got, expected, "{text}");
}

/// Asserts `depends_on` and the kind's first letter: `"1d"`, `"1 2s"`, `""`.
#[track_caller]
pub fn depends(text: &str, expected: &[&str]) {
    let got: Vec<String> = tasks(text)
        .iter()
        .map(|s| {
            let parents: Vec<String> = s.depends_on.iter().map(u32::to_string).collect();
            format!("{}{}", parents.join(" "), s.dependency_kind.map_or("", |k| &k.as_str()[..1]))
        })
        .collect();
    assert_eq!(got, expected, "{text}");
}

/// Asserts connectors; `-` is none.
#[track_caller]
pub fn connectors(text: &str, expected: &[&str]) {
    let got: Vec<String> =
        tasks(text).into_iter().map(|s| s.connector.unwrap_or_else(|| "-".to_owned())).collect();
    assert_eq!(got, expected, "{text}");
}

/// The value of a parameter of segment `n` (from 0).
pub fn parameter(text: &str, n: usize, key: &str) -> Option<String> {
    tasks(text).get(n)?.parameters.get(key)?.as_str().map(str::to_owned)
}
