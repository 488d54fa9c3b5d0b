//! Whose spans and types count, the network's or the rules'. Dependencies and parameters are the rules'.
//!
//! The bounds are measured on `models/segmenter/held_out.py`; models/README.md has the figures.

use crate::types::TaskType;

use super::Segment;

/// From here on the network is sure of all edges of a window, and the spans there are its own; below, they are the rules'.
pub(crate) const SURE_OF_EDGES: f32 = 0.9;
/// From here on the rules are sure of a type, and the network must be surer than usual.
const RULES_SURE: f32 = 0.85;
const OVER_SURE_RULES: f32 = 0.95;
const OVER_UNSURE_RULES: f32 = 0.5;

/// The segment that `rules` describes, of the type that both together say; `network` is its type and how likely it is, none where no
/// piece of the text lies.
pub(crate) fn join(rules: Segment, network: Option<(TaskType, f32)>) -> Segment {
    let bound = if rules.type_confidence >= RULES_SURE { OVER_SURE_RULES } else { OVER_UNSURE_RULES };
    match network {
        Some((task_type, confidence)) if rules.task_type.is_none() || confidence >= bound => {
            Segment { task_type: Some(task_type), type_confidence: confidence, ..rules }
        }
        _ => rules,
    }
}
