//! Reads JSONL with "text" (and, with `--gold-language`, "language") from standard input and writes one prediction a
//! line: task segments, or with `--sentences` the ends of sentences, or with `--ends` the ends of task segments,
//! or with `--language` the language alone. Rows with `places` and `scores`, as `models/segmenter/predict.py --scores` gives
//! them, are read as the extension reads the network.
//!
//! cargo run --release -p altlas-text --example segment_jsonl < commands.jsonl > predicted.jsonl

use std::io::{self, BufRead, Write};

use altlas_text::{Command, Language, Segmentation, detect_language, sentences};
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
            let found = match row.get("scores").and_then(Value::as_array) {
                Some(scores) => joined(command, scores, row.get("places").unwrap_or(&Value::Null))
                    .ok_or_else(|| io::Error::other("scores that are not a segmenter's"))?,
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

/// The segments of a text by a network's numbers and the rules' reading.
fn joined(command: Command, scores: &[Value], places: &Value) -> Option<Segmentation> {
    let places: Vec<(usize, usize)> = serde_json::from_value(places.clone()).ok()?;
    let scores: Vec<f32> = scores.iter().map(|score| score.as_f64().map_or(f32::NAN, |s| s as f32)).collect();
    let whole = command.whole();
    let tags = command.decode(whole, &places, &scores)?;
    Some(command.by_network(&[(whole, tags)], &|| ()))
}
