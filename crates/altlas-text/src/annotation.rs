//! Task segments that people give as the right answer for a text, checked against it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::TextError;
use crate::task::DependencyKind;
use crate::types::TaskType;

/// Most segments of one text.
pub const MAX_ANNOTATED: usize = 5000;

/// A segment as a person gives it: the columns of `segment_text`, of which a model's own (`confidence`, say) are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotated {
    /// First code point.
    pub start_char: usize,
    /// One past the last code point.
    pub end_char: usize,
    /// The text of the span; filled in where it is not given.
    #[serde(default)]
    pub content: Option<String>,
    /// What it asks for.
    pub task_type: TaskType,
    /// What the action names.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Ordinals (from 1) of the segments that must end first, ascending.
    #[serde(default)]
    pub depends_on: Vec<u32>,
    /// Why it depends on them.
    #[serde(default)]
    pub dependency_kind: Option<DependencyKind>,
    /// What introduces it.
    #[serde(default)]
    pub connector: Option<String>,
    #[serde(default, skip_serializing)]
    ordinal: Option<usize>,
    #[serde(default, skip_serializing, rename = "confidence")]
    _confidence: Option<f32>,
    #[serde(default, skip_serializing, rename = "priority")]
    _priority: Option<f32>,
    #[serde(default, skip_serializing, rename = "language")]
    _language: Option<String>,
    #[serde(default, skip_serializing, rename = "model_version")]
    _model_version: Option<String>,
}

/// Reads the segments of `text`: an array in text order, without overlap; an empty one says that nothing is asked for.
pub fn annotation(text: &str, segments: &Value) -> Result<Vec<Annotated>, TextError> {
    let Value::Array(items) = segments else {
        return Err(TextError::Annotation("it is not a JSON array of segments".into()));
    };
    if items.len() > MAX_ANNOTATED {
        return Err(TextError::Annotation(format!(
            "it has {} segments, at most {MAX_ANNOTATED} are taken",
            items.len()
        )));
    }
    let chars: Vec<char> = text.chars().collect();
    let mut before = 0;
    (1..)
        .zip(items)
        .map(|(ordinal, item)| {
            let refuse = |problem: String| TextError::Annotation(format!("segment {ordinal}: {problem}"));
            let mut segment = Annotated::deserialize(item).map_err(|e| refuse(e.to_string()))?;
            check(&mut segment, ordinal, &chars, before).map_err(refuse)?;
            before = segment.end_char;
            Ok(segment)
        })
        .collect()
}

fn check(segment: &mut Annotated, ordinal: usize, chars: &[char], before: usize) -> Result<(), String> {
    let (start, end) = (segment.start_char, segment.end_char);
    let Some(span) = chars.get(start..end).filter(|span| !span.is_empty()) else {
        return Err(format!(
            "[{start}, {end}) is not a span of the text, which has {} characters",
            chars.len()
        ));
    };
    if start < before {
        return Err(format!("it begins at {start}, before the end of the one before it, {before}"));
    }
    if segment.ordinal.is_some_and(|given| given != ordinal) {
        return Err("its ordinal is not its place".into());
    }
    let content: String = span.iter().collect();
    if segment.content.as_ref().is_some_and(|given| *given != content) {
        return Err(format!("its content is not what the text has at [{start}, {end})"));
    }
    segment.content = Some(content);
    segment.depends_on.sort_unstable();
    segment.depends_on.dedup();
    if segment.depends_on.iter().any(|n| *n == 0 || *n as usize >= ordinal) {
        return Err("it may depend on earlier segments only".into());
    }
    if segment.depends_on.is_empty() != segment.dependency_kind.is_none() {
        return Err("depends_on and dependency_kind go together".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "Dosyayı bul ve sil";

    fn one(mut change: Value) -> Result<Vec<Annotated>, TextError> {
        let mut second = json!({
            "start_char": 15, "end_char": 18, "task_type": "execute", "depends_on": [1], "dependency_kind": "data",
        });
        if let (Value::Object(second), Value::Object(change)) = (&mut second, &mut change) {
            second.append(change);
        }
        annotation(TEXT, &json!([{ "start_char": 0, "end_char": 11, "task_type": "search" }, second]))
    }

    #[test]
    fn columns_of_segment_text_are_taken() {
        let full = json!({
            "ordinal": 2, "content": "sil", "confidence": 0.9, "priority": 0.4, "parameters": {"target": "dosya"},
            "connector": "ve", "language": "tr", "model_version": "rules-1",
        });
        let segments = one(full).unwrap();
        assert_eq!(segments[0].content.as_deref(), Some("Dosyayı bul"));
        let stored = serde_json::to_value(&segments[1]).unwrap();
        assert_eq!(
            stored,
            json!({
                "start_char": 15, "end_char": 18, "content": "sil", "task_type": "execute", "connector": "ve",
                "parameters": {"target": "dosya"}, "depends_on": [1], "dependency_kind": "data",
            })
        );
        assert_eq!(annotation(TEXT, &json!([])).unwrap(), []);
    }

    #[test]
    fn what_does_not_fit_the_text_is_refused() {
        for (change, problem) in [
            (json!({ "end_char": 19 }), "not a span"),
            (json!({ "start_char": 18 }), "not a span"),
            (json!({ "start_char": -1 }), "segment 2"),
            (json!({ "start_char": 17, "end_char": 16 }), "not a span"),
            (json!({ "start_char": 10 }), "before the end"),
            (json!({ "content": "Sil" }), "content"),
            (json!({ "task_type": "dance" }), "dance"),
            (json!({ "depends_on": [2] }), "earlier"),
            (json!({ "depends_on": [0] }), "earlier"),
            (json!({ "depends_on": [] }), "go together"),
            (json!({ "dependency_kind": null }), "go together"),
            (json!({ "ordinal": 1 }), "place"),
            (json!({ "colour": "red" }), "colour"),
        ] {
            let said = one(change.clone()).unwrap_err().to_string();
            assert!(said.contains(problem), "{change}: {said}");
        }
        assert!(annotation(TEXT, &json!({})).is_err());
        assert!(annotation(TEXT, &Value::Array(vec![Value::Null; MAX_ANNOTATED + 1])).is_err());
    }
}
