//! What an action names, as source text: query, target, title, format, source, destination, recipient,
//! date, time, language, count, condition and variables.

mod english;
mod spans;
mod turkish;

use serde_json::{Map, Value};

use crate::language::Language;
use crate::token::Kind;

use super::{Draft, Text};

/// How many tokens of a long segment are read.
const WINDOW: usize = 300;

/// The parameters of the segment that spans `[start, end)` code points.
pub(crate) fn parameters(
    text: &Text<'_>,
    draft: &Draft,
    start: usize,
    end: usize,
    language: Language,
) -> Map<String, Value> {
    let mut found = spans::Found::new(text, draft, start, end);
    match language {
        Language::Turkish => turkish::read(&mut found),
        _ => english::read(&mut found),
    }
    let mut out = found.finish();
    let variables = variables(text, draft);
    if !variables.is_empty() {
        out.insert("variables".to_owned(), Value::Array(variables.into_iter().map(Value::String).collect()));
    }
    out
}

/// Names in `{braces}` and `<angles>`, also inside words and quotations.
fn variables(text: &Text<'_>, draft: &Draft) -> Vec<String> {
    let mut out = Vec::new();
    for token in text.tokens.get(draft.first..draft.last).unwrap_or_default() {
        if token.kind != Kind::Quoted && token.kind != Kind::Opaque {
            continue;
        }
        let body = text.chars.get(token.start..token.end).unwrap_or_default();
        let mut open: Option<(usize, char)> = None;
        for (i, c) in body.iter().enumerate() {
            match c {
                '{' | '<' => open = Some((i, *c)),
                '}' | '>' => {
                    if let Some((from, mark)) = open.take() {
                        let name: String = body.get(from + 1..i).unwrap_or_default().iter().collect();
                        let name = name.trim().to_owned();
                        let pair = (mark == '{') == (*c == '}');
                        let plain = !name.is_empty()
                            && name.chars().count() <= 64
                            && name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c));
                        if pair && plain && !out.contains(&name) && out.len() < 64 {
                            out.push(name);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    out
}
