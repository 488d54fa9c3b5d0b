//! The development gold, where it is present: `ALTLAS_DATA`, or `../shared/data` beside the workspace.
//! Floors, not targets: a change of the rules must not fall below them. Skips without the data.

// An index out of range is a failed test.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::PathBuf;

use altlas_text::{Language, segment};

fn data() -> Option<String> {
    let root = std::env::var_os("ALTLAS_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    std::fs::read_to_string(root.join("segmentation/commands/dev.jsonl")).ok()
}

#[test]
fn development_commands_stay_above_the_floors() {
    let Some(gold) = data() else {
        eprintln!("skipped: segmentation/commands/dev.jsonl is absent");
        return;
    };
    let (mut hit, mut got, mut want, mut same, mut language, mut rows) = (0, 0, 0, 0, 0, 0);
    for line in gold.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let found = segment(row["text"].as_str().unwrap(), None, &|| ());
        let spans: Vec<(u64, u64)> = row["segments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["start"].as_u64().unwrap(), s["end"].as_u64().unwrap()))
            .collect();
        let kinds: Vec<&str> =
            row["segments"].as_array().unwrap().iter().map(|s| s["type"].as_str().unwrap()).collect();
        hit += found.segments.iter().filter(|s| spans.contains(&(s.start as u64, s.end as u64))).count();
        got += found.segments.len();
        want += spans.len();
        same += usize::from(found.segments.iter().map(|s| s.task_type.map_or("", |t| t.as_str())).eq(kinds));
        let expected: Language = row["language"].as_str().unwrap().parse().unwrap();
        language += usize::from(found.language == expected || found.segments.is_empty());
        rows += 1;
    }
    let f1 = 2.0 * hit as f64 / (got + want) as f64;
    let typed = f64::from(u32::try_from(same).unwrap()) / f64::from(rows);
    assert!(f1 >= 0.95, "segment F1 {f1}");
    assert!(typed >= 0.95, "typed sequence accuracy {typed}");
    assert_eq!(language, rows as usize, "language");
}
