//! Types of segments that the rules found: by the rules where they know the verb, else by a classifier.

use std::rc::Rc;

use altlas_text::{RULES_VERSION, Segment};

use crate::error::Result;
use crate::scoring::{Features, Scored, Version, resolved};

/// The built-in model of task types.
pub const TASK_TYPE: &str = "altlas.task_type";
/// Below this, the rules' own answer gives way to the classifier's.
const SURE: f32 = 0.5;

/// The type of each segment with its confidence, and what decided: the rules where they know the verb, else the classifier.
/// Without the engine the rules decide alone, and the version says so.
pub fn types(segments: &[Segment], classifier: Option<&Rc<Version>>) -> Result<(Vec<(String, f32)>, String)> {
    if segments.is_empty() {
        return Ok((Vec::new(), RULES_VERSION.to_owned()));
    }
    let texts: Vec<_> = segments.iter().map(|s| Features::Text(s.content.as_str().into())).collect();
    let version = classifier.map_or_else(|| resolved(TASK_TYPE), |version| Ok(version.clone()));
    match version.and_then(|v| Ok((v.score(&texts)?, v.label.clone()))) {
        Ok((answers, label)) => {
            let types =
                segments.iter().zip(answers).map(|(segment, answer)| decide(segment, &answer)).collect();
            Ok((types, format!("{RULES_VERSION}+{label}")))
        }
        // A model that was asked for by name must answer; the built-in one may be out of reach.
        Err(e) if classifier.is_some() || !e.is_engine_down() => Err(e),
        Err(_) => Ok((segments.iter().map(by_rule).collect(), without_engine())),
    }
}

/// The version of rules that had to do without the engine.
pub fn without_engine() -> String {
    format!("{RULES_VERSION} (engine not available)")
}

/// The type that the rules read off the verb. SEGMENTATION: any other action is execute.
pub fn by_rule(segment: &Segment) -> (String, f32) {
    let name = segment.task_type.map_or("execute", |t| t.as_str());
    (name.to_owned(), if segment.task_type.is_some() { segment.type_confidence } else { 0.0 })
}

fn decide(segment: &Segment, answer: &Scored) -> (String, f32) {
    let confidence = answer.likeliest();
    match (segment.task_type, &answer.label) {
        (Some(_), _) if segment.type_confidence >= SURE => by_rule(segment),
        (known, Some(label)) if known.is_none() || confidence > segment.type_confidence => {
            (label.clone(), confidence)
        }
        _ => by_rule(segment),
    }
}
