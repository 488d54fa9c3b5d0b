//! Priority on one scale: low < 0.25 ≤ medium < 0.5 ≤ high < 0.75 ≤ critical. Nothing said is medium.

use std::sync::LazyLock;

use crate::lexicon::{Words, words};

use super::{Draft, Text};

/// The priority of a task that says nothing about it: the middle of medium.
const DEFAULT: f32 = 0.4;
const LOW: f32 = 0.15;
const HIGH: f32 = 0.7;
const CRITICAL: f32 = 0.9;

static CRITICAL_WORDS: LazyLock<Words> = LazyLock::new(|| {
    words(
        "urgent urgently asap a.s.a.p critical emergency immediately acil acilen acele ivedi ivedilikle derhal kritik hayati",
    )
});
static HIGH_WORDS: LazyLock<Words> = LazyLock::new(|| {
    words(
        "important quickly promptly now hemen öncelikli önemli çabuk çabucak hızlıca hızla şimdi today bugün gecikmeden",
    )
});
static PAIRS: &[(&str, &str, f32)] = &[
    ("low", "priority", LOW),
    ("no", "rush", LOW),
    ("no", "hurry", LOW),
    ("not", "urgent", LOW),
    ("dusuk", "oncelikli", LOW),
    ("dusuk", "oncelik", LOW),
    ("dusuk", "oncelikle", LOW),
    ("acelesi", "yok", LOW),
    ("acele", "etme", LOW),
    ("acil", "degil", LOW),
    ("onemli", "degil", LOW),
    ("bos", "vaktinde", LOW),
    ("medium", "priority", DEFAULT),
    ("normal", "priority", DEFAULT),
    ("orta", "oncelikli", DEFAULT),
    ("high", "priority", HIGH),
    ("top", "priority", CRITICAL),
    ("highest", "priority", CRITICAL),
    ("yuksek", "oncelikli", HIGH),
    ("yuksek", "oncelik", HIGH),
    ("yuksek", "oncelikle", HIGH),
    ("en", "kisa", HIGH),
    ("right", "away", CRITICAL),
    ("right", "now", CRITICAL),
    ("bir", "an", HIGH),
    ("vakit", "kaybetmeden", CRITICAL),
    ("as", "soon", HIGH),
];

/// How far before a segment its urgency may be said (`URGENT: restart it`).
const REACH: usize = 4;
/// How much of a long segment is read.
const WINDOW: usize = 400;

/// The priority of a draft, by its own words and those cut from its edges.
pub(crate) fn priority(text: &Text<'_>, draft: &Draft) -> f32 {
    let from = (draft.first.saturating_sub(REACH)..draft.first)
        .rev()
        .take_while(|i| {
            text.tokens.get(*i).is_some_and(|t| {
                !t.is_mark(".;!?") && t.kind != crate::token::Kind::Newline || t.is_mark("!")
            })
        })
        .last()
        .unwrap_or(draft.first);
    let to = (draft.last + REACH).min(text.tokens.len()).min(draft.first + WINDOW);
    let to = (draft.last..to)
        .find(|i| {
            text.tokens.get(*i).is_some_and(|t| t.is_mark(".;!?,") || t.kind == crate::token::Kind::Newline)
        })
        .unwrap_or(draft.last.min(to));
    let mut found: Option<f32> = None;
    for i in from..to {
        let word = text.fold(i);
        let next = text.fold(i + 1);
        if let Some((_, _, value)) = PAIRS.iter().find(|(a, b, _)| *a == word && *b == next) {
            return *value;
        }
        // A cue before the first connector of the previous task is that task's.
        let value = if CRITICAL_WORDS.contains(word) {
            CRITICAL
        } else if HIGH_WORDS.contains(word) && !matches!(word, "today" | "bugun" | "simdi") {
            HIGH
        } else {
            continue;
        };
        if i >= draft.first || !joined(text, i, draft.first) {
            found = Some(found.map_or(value, |f| f.max(value)));
        }
    }
    found.unwrap_or(DEFAULT)
}

/// Whether a connector or a comma stands between a cue and the segment after it.
fn joined(text: &Text<'_>, from: usize, to: usize) -> bool {
    (from..to).any(|i| matches!(text.fold(i), "and" | "then" | "ve" | "sonra"))
}
