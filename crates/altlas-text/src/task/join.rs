//! How what the network says of a segment and what the rules say of it are joined. The spans are the network's.

use crate::types::TaskType;

use super::{DependencyKind, Segment};

/// From here on the rules are sure of a type.
const SURE: f32 = 0.85;
/// Below, the network is not sure of a type.
const UNSURE: f32 = 0.5;

/// What the network says of a segment that the rules described.
pub(crate) struct Said {
    pub task_type: TaskType,
    pub confidence: f32,
    /// Ordinals of segments of the same window.
    pub depends_on: Vec<u32>,
    pub dependency_kind: Option<DependencyKind>,
    pub parameters: Vec<(&'static str, String)>,
    /// Ordinal of the window's first segment: before it the network saw nothing.
    pub window: u32,
}

/// The segment that `rules` describes, as both say it is.
pub(crate) fn join(rules: Segment, network: Said) -> Segment {
    let mut joined = rules;
    let by_rule = joined.task_type.is_some() && joined.type_confidence >= SURE && network.confidence < UNSURE;
    if !by_rule {
        joined.task_type = Some(network.task_type);
        joined.type_confidence = network.confidence;
    }
    // Across windows the rules alone see what a segment waits for.
    joined.depends_on.retain(|parent| *parent < network.window);
    if joined.depends_on.is_empty() {
        joined.dependency_kind = None;
    }
    joined.depends_on.extend(network.depends_on);
    joined.dependency_kind = joined.dependency_kind.max(network.dependency_kind);
    // Names in braces are found by rule.
    joined.parameters.retain(|name, _| name == "variables");
    joined
        .parameters
        .extend(network.parameters.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
    joined
}
