//! Reads JSONL with "text" (and, with `--gold-language`, "language") from standard input and writes one prediction a
//! line: task segments, or with `--sentences` the ends of sentences, or with `--ends` the ends of task segments,
//! or with `--language` the language alone. Rows with `network`, the segments that `models/segmenter/predict.py` gives, are
//! joined with the rules' reading as the extension does.
//!
//! cargo run --release -p altlas-text --example segment_jsonl < commands.jsonl > predicted.jsonl

use std::io::{self, BufRead, Write};

use altlas_text::{
    Command, DependencyKind, Language, PARAMETERS, Segmentation, Tagged, TaskType, detect_language, sentences,
};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let flags: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| flags.iter().any(|f| f == name);
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = row.get("text").and_then(Value::as_str).unwrap_or_default();
        let language: Option<Language> = row
            .get("language")
            .and_then(Value::as_str)
            .filter(|_| has("--gold-language"))
            .and_then(|l| l.parse().ok());
        let answer = if has("--language") {
            json!({"language": detect_language(text).code()})
        } else if has("--sentences") {
            json!({"ends": sentences(text, language, &|| ()).iter().map(|s| s.end).collect::<Vec<_>>()})
        } else {
            let command = Command::read(text, language, &|| ());
            let found = match row.get("network").and_then(Value::as_array) {
                Some(network) => joined(text, command, network),
                None => command.by_rules(&|| ()),
            };
            if has("--ends") {
                json!({"ends": found.segments.iter().map(|s| s.end).collect::<Vec<_>>()})
            } else {
                let rows: Vec<Value> = found
                    .segments
                    .iter()
                    .map(|s| {
                        json!({"start": s.start, "end": s.end, "content": s.content,
                               "type": s.task_type.map_or("execute", |t| t.as_str()), "confidence": s.type_confidence,
                               "priority": s.priority, "connector": s.connector, "depends_on": s.depends_on,
                               "dependency_kind": s.dependency_kind.map(|k| k.as_str()), "parameters": s.parameters})
                    })
                    .collect();
                json!({"language": found.language.code(), "segments": rows})
            }
        };
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

/// The segments of a text that a network found, with what the rules say of them.
fn joined(text: &str, command: Command, network: &[Value]) -> Segmentation {
    let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let text: Vec<char> = text.chars().collect();
    let read = |segment: &Value| {
        let (start, end) = (number(&segment["start"]), number(&segment["end"]));
        // Values are given as text: they lie where they are found first.
        let place = |name: &'static str| {
            let value: Vec<char> = segment["parameters"].get(name)?.as_str()?.chars().collect();
            let from = text.get(start..end)?.windows(value.len().max(1)).position(|part| *part == *value)?;
            Some((name, start + from, start + from + value.len()))
        };
        Tagged {
            start,
            end,
            task_type: segment["type"]
                .as_str()
                .and_then(|name| name.parse().ok())
                .unwrap_or(TaskType::Execute),
            confidence: segment["confidence"].as_f64().map_or(1.0, |c| c as f32),
            depends_on: segment["depends_on"]
                .as_array()
                .iter()
                .flat_map(|a| a.iter())
                .map(|n| number(n).saturating_sub(1))
                .collect(),
            dependency_kind: match segment["dependency_kind"].as_str() {
                Some("data") => Some(DependencyKind::Data),
                Some(_) => Some(DependencyKind::Sequence),
                None => None,
            },
            parameters: PARAMETERS.into_iter().filter_map(place).collect(),
        }
    };
    let whole = command.whole();
    command.by_network(&[(whole, network.iter().map(read).collect())], &|| ())
}
