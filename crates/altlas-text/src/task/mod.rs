//! Task segments: chunks, clauses, types, dependencies, parameters by rules; spans by rules or by a network.

mod case;
mod chunks;
mod command;
mod depends;
pub(crate) mod edges;
mod english;
mod given;
mod join;
mod kinds;
mod parameters;
mod priority;
mod turkish;

use serde_json::{Map, Value};

pub use command::{Command, Window};

use crate::language::Language;
use crate::lexicon::words::Order;
use crate::token::Token;
use crate::types::TaskType;

/// The version of the rules; it changes whenever their output may.
pub const RULES_VERSION: &str = "rules-1";

/// Why a task waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DependencyKind {
    /// An order word says so.
    Sequence,
    /// It uses the other's result.
    Data,
}

impl DependencyKind {
    /// The name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Data => "data",
        }
    }
}

/// A span of text that asks for one action.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// The text of the span, unchanged.
    pub content: String,
    /// The type the rules read off the verb and its object.
    pub task_type: Option<TaskType>,
    /// How sure the rules are of the type, in [0, 1]; 0 when no verb of the tables was found.
    pub type_confidence: f32,
    /// Urgency in [0, 1]; 0.4 (medium) when nothing is said.
    pub priority: f32,
    /// What the action names.
    pub parameters: Map<String, Value>,
    /// Ordinals (from 1) of the segments that must end first, ascending.
    pub depends_on: Vec<u32>,
    /// Why it depends; `data` wins over `sequence`.
    pub dependency_kind: Option<DependencyKind>,
    /// The connector that introduces the segment, as written, or the converb suffix.
    pub connector: Option<String>,
}

/// The task segments of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// The language the rules used.
    pub language: Language,
    /// In text order, without overlap.
    pub segments: Vec<Segment>,
}

/// What joins a segment to the text before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connector {
    /// Token range `[first, last)` of the text.
    Text(usize, usize),
    /// A converb suffix.
    Suffix(&'static str),
}

/// What a connector introduces.
#[derive(Debug, Clone)]
pub(crate) struct Introduced {
    /// The first token after connectors, fillers and marks.
    pub next: usize,
    pub connector: Option<Connector>,
    pub order: Order,
}

/// A segment in the making: a range of tokens.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub first: usize,
    pub last: usize,
    /// The token of the verb, when one of the tables was found.
    pub verb: Option<usize>,
    /// The verb's base form or stem.
    pub lemma: String,
    pub kind: Option<TaskType>,
    pub confidence: f32,
    pub connector: Option<Connector>,
    pub order: Order,
    /// Tokens `[first, last)` of a condition that stands before or in the action.
    pub condition: Option<(usize, usize)>,
    /// A question rather than an order.
    pub question: bool,
    /// The list the segment is an item of, counted from 1; 0 outside lists.
    pub item: u32,
}

impl Draft {
    pub(crate) fn new(first: usize, last: usize) -> Self {
        Self {
            first,
            last,
            verb: None,
            lemma: String::new(),
            kind: None,
            confidence: 0.0,
            connector: None,
            order: Order::None,
            condition: None,
            question: false,
            item: 0,
        }
    }
}

/// The text under analysis.
pub(crate) struct Text<'a> {
    pub chars: &'a [char],
    pub tokens: &'a [Token],
}

impl<'a> Text<'a> {
    pub(crate) fn fold(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |t| t.fold.as_str())
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> String {
        self.chars.get(start..end.max(start)).unwrap_or_default().iter().collect()
    }
}

/// Splits `text` into task segments by rules; `language` is detected when not given. Texts in neither Turkish nor
/// English have no segments. `tick` is called every few thousand characters and every few segments.
#[must_use]
pub fn segment(text: &str, language: Option<Language>, tick: &dyn Fn()) -> Segmentation {
    Command::read(text, language, tick).by_rules(tick)
}

/// A draft with its span in code points, edges trimmed.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub draft: Draft,
    pub start: usize,
    pub end: usize,
}

/// Trims the edges of drafts and lets the object decide about the type; what is left of none, or lies in another, goes.
pub(crate) fn place(text: &Text<'_>, drafts: Vec<Draft>, language: Language) -> Vec<Placed> {
    let mut kept: Vec<Placed> = Vec::new();
    for mut draft in drafts {
        let Some((start, end)) = edges::trim(text, &mut draft, language) else {
            continue;
        };
        if kept.last().is_some_and(|before| before.end > start) {
            continue;
        }
        kinds::refine(text, &mut draft, language);
        kept.push(Placed { draft, start, end });
    }
    kept
}

/// What the rules say of segments whose spans are known.
pub(crate) fn describe(
    text: &Text<'_>,
    placed: &[Placed],
    language: Language,
    tick: &dyn Fn(),
) -> Vec<Segment> {
    let drafts: Vec<Draft> = placed.iter().map(|p| p.draft.clone()).collect();
    let parents = depends::dependencies(text, &drafts, language, tick);
    let mut out = Vec::with_capacity(placed.len());
    for (n, (Placed { draft, start, end }, (depends_on, dependency_kind))) in
        placed.iter().zip(parents).enumerate()
    {
        if n % 16 == 0 {
            tick();
        }
        out.push(Segment {
            start: *start,
            end: *end,
            content: text.slice(*start, *end),
            task_type: draft.kind,
            type_confidence: draft.confidence,
            priority: priority::priority(text, draft),
            parameters: parameters::parameters(text, draft, *start, *end, language),
            depends_on,
            dependency_kind,
            connector: draft.connector.as_ref().map(|c| edges::connector_text(text, c)),
        });
    }
    out
}
