//! Uses of results in English segments.

use crate::lexicon::words::Order;
use crate::lexicon::{EN_PREPOSITIONS, EN_TIME};
use crate::task::kinds::object_head;
use crate::task::{Draft, Text};
use crate::types::TaskType;

use super::{Use, latest};

/// Names of what an earlier task gives.
const RESULTS: &[&str] = &[
    "result",
    "results",
    "finding",
    "findings",
    "output",
    "outputs",
    "outcome",
    "outcomes",
    "answer",
    "answers",
    "total",
    "totals",
    "count",
    "counts",
    "failures",
    "errors",
    "duplicates",
    "differences",
    "impact",
    "rest",
    "remainder",
    "remaining",
    "matches",
    "insights",
    "changes",
    "conclusions",
    "copies",
    "link",
    "links",
    "details",
    "numbers",
    "figures",
    "key",
    "response",
    "responses",
    "winner",
    "highlights",
    "takeaways",
    "average",
    "averages",
    "outliers",
    "issues",
    "anomalies",
    "warnings",
];

/// Things that tasks make.
const MADE: &[&str] = &[
    "chart",
    "graph",
    "plot",
    "summary",
    "report",
    "draft",
    "file",
    "document",
    "email",
    "list",
    "table",
    "message",
    "image",
    "script",
    "folder",
    "ticket",
    "presentation",
    "deck",
    "slide",
    "invoice",
    "note",
    "letter",
    "reply",
    "memo",
    "translation",
    "diagram",
    "recording",
    "article",
    "proposal",
];

const PRONOUNS: &[&str] = &[
    "it",
    "its",
    "them",
    "their",
    "theirs",
    "those",
    "these",
    "ones",
    "each",
    "both",
    "they",
    "whichever",
    "itself",
    "everything",
    "thereof",
    "it's",
    "they're",
    "it'll",
    "whatever",
];

/// Verbs whose object may be missing without being elided.
const WITHOUT_OBJECT: &[&str] = &[
    "go",
    "log",
    "look",
    "wait",
    "search",
    "check",
    "reply",
    "respond",
    "login",
    "connect",
    "navigate",
    "browse",
    "listen",
    "join",
    "tell",
    "remind",
    "notify",
    "let",
    "want",
    "see",
    "find",
    "sign",
    "subscribe",
    "register",
    "exit",
    "restart",
    "reboot",
    "plan",
    "call",
    "do",
    "head",
    "order",
    "continue",
    "proceed",
    "vote",
];

/// How segment `n` uses earlier ones, and which.
pub(crate) fn uses(text: &Text<'_>, drafts: &[Draft], n: usize, chained: bool) -> (Use, Option<usize>) {
    let (Some(draft), Some(before)) = (drafts.get(n), n.checked_sub(1).and_then(|p| drafts.get(p))) else {
        return (Use::None, None);
    };
    let end = draft.last.min(draft.first + 120);
    let words: Vec<&str> = (draft.first..end).map(|i| text.fold(i)).collect();
    let word = |k: usize| words.get(k).copied().unwrap_or("");
    // `this` and `that` alone, `the cheapest`, `the 11:30 one`
    for (k, w) in words.iter().enumerate() {
        let next = word(k + 1);
        let embedded = k > 1 && matches!(word(k - 1), "whether" | "if" | "that") && *w == "it";
        let own = matches!(*w, "its" | "their" | "they" | "it" | "them")
            && has_own_antecedent(text, draft, k)
            && !embedded;
        if PRONOUNS.contains(w) && !own {
            let determiner = matches!(*w, "each" | "both" | "these" | "those" | "everything")
                && !next.is_empty()
                && !EN_PREPOSITIONS.contains(next)
                && !matches!(next, "who" | "that" | "which");
            if !determiner || matches!(*w, "these" | "those") {
                return (Use::Refers, None);
            }
        }
        let alone = next.is_empty() || EN_PREPOSITIONS.contains(next) || EN_TIME.contains(next);
        if matches!(*w, "this" | "that") && k > 0 && alone && !matches!(word(k - 1), "after" | "before") {
            return (Use::Refers, None);
        }
        if *w == "one"
            && k > 1
            && alone
            && !matches!(word(k - 1), "no" | "any" | "new" | "q2")
            && words.iter().take(k).any(|d| *d == "the" || *d == "each")
            && draft.kind != Some(TaskType::Transform)
        {
            return (Use::Refers, None);
        }
        if *w == "the"
            && superlative(next)
            && (word(k + 2).is_empty()
                || EN_PREPOSITIONS.contains(word(k + 2))
                || crate::lexicon::NUMBERS.contains(word(k + 2))
                || word(k + 2).bytes().all(|b| b.is_ascii_digit()))
        {
            return (Use::Picks, None);
        }
        if k > 0
            && RESULTS.contains(w)
            && (word(k - 1) == "the" || word(k - 1) == "any" || k > 1 && word(k - 2) == "the")
            && !matches!(next, "of")
        {
            return (Use::Names, None);
        }
    }
    let joined = matches!(draft.order, Order::None | Order::Next | Order::Last) && !apart(text, draft);
    // What is done on a condition waits for the check before it.
    let conditional = draft.condition.is_some_and(|(a, _)| matches!(text.fold(a), "if" | "unless" | "when"));
    if conditional && matches!(before.kind, Some(TaskType::Analyze | TaskType::Search)) && draft.item == 0 {
        return (Use::Names, None);
    }
    let Some(mut verb) = draft.verb else {
        return (Use::None, None);
    };
    let alone = verb + 1 >= draft.last;
    if matches!(text.fold(verb + 1), "out" | "up" | "off" | "down" | "over" | "back" | "through" | "away")
        && verb + 2 < draft.last
    {
        verb += 1;
    }
    let next = text.fold(verb + 1);
    // `Download and install X`
    if before.verb.is_some_and(|v| v + 1 >= before.last)
        && before.kind.is_some()
        && !WITHOUT_OBJECT.contains(&before.lemma.as_str())
        && !before.question
    {
        return (Use::Refers, None);
    }
    let bare = alone
        || matches!(next, "to" | "by" | "as" | "into" | "with" | "on" | "in" | "from" | "via" | "for")
            && text.fold(verb + 2) != "now"
        || text.tokens.get(verb + 1).is_some_and(crate::token::Token::is_number)
            && matches!(text.fold(verb + 2), "copies" | "copy" | "times");
    if bare
        && draft.item == 0
        && !WITHOUT_OBJECT.contains(&draft.lemma.as_str())
        && !draft.question
        && draft.confidence > 0.0
    {
        return (Use::Refers, None);
    }
    // A definite name that an earlier segment has.
    let head = object_head(text, verb + 1, end);
    let noun = singular(text.fold(head));
    let definite = matches!(next, "the" | "this" | "that" | "these" | "those");
    if definite
        && noun.len() > 2
        && head > verb + 1
        && let Some(k) = latest(n, |k| drafts.get(k).is_some_and(|d| mentions(text, d, noun)))
    {
        return (Use::Names, Some(k));
    }
    if !joined || draft.item > 0 {
        return (Use::None, None);
    }
    let informs = |d: &Draft| {
        (matches!(d.kind, Some(TaskType::Search | TaskType::Analyze | TaskType::Summarize))
            || chained && d.kind == Some(TaskType::Transform))
            && !d.question
    };
    if draft.kind == Some(TaskType::Create) && informs(before) && !matches!(next, "my" | "our") {
        return (Use::Makes, None);
    }
    let short = definite && head <= verb + 3 && next == "the" && !sourced(text, head + 1, end);
    let changes = matches!(
        before.kind,
        Some(TaskType::Search | TaskType::Transform | TaskType::Create | TaskType::Summarize)
    ) && !before.question;
    if short
        && changes
        && text.fold(head).ends_with('s')
        && matches!(draft.order, Order::None | Order::Last | Order::Next)
        && same_sentence(text, before, draft)
    {
        return (Use::Names, None);
    }
    // `plot the counts and email the chart`
    if short && head == verb + 2 && MADE.contains(&singular(text.fold(head))) {
        let made = latest(n, |k| {
            drafts.get(k).is_some_and(|d| {
                matches!(
                    d.kind,
                    Some(TaskType::Create | TaskType::Transform | TaskType::Summarize | TaskType::Search)
                )
            })
        });
        if let Some(k) = made.filter(|k| *k + 2 >= n) {
            return (Use::Names, Some(k));
        }
    }
    // `validate the header, then load the file`
    if short
        && head == verb + 2
        && draft.order == Order::Next
        && matches!(before.kind, Some(TaskType::Analyze | TaskType::Transform | TaskType::Create))
        && matches!(
            text.fold(head),
            "file"
                | "report"
                | "list"
                | "document"
                | "data"
                | "chart"
                | "summary"
                | "table"
                | "notes"
                | "email"
                | "draft"
                | "image"
                | "text"
        )
    {
        return (Use::Names, None);
    }
    let from_found = matches!(draft.kind, Some(TaskType::Analyze))
        && before.kind == Some(TaskType::Search)
        && next == "the"
        && same_sentence(text, before, draft);
    if from_found || next == "anything" && informs(before) {
        return (Use::Names, None);
    }
    (Use::None, None)
}

/// `also`, `in addition`: said to be apart.
fn apart(text: &Text<'_>, draft: &Draft) -> bool {
    (draft.first.saturating_sub(3)..draft.first).any(|i| {
        matches!(
            text.fold(i),
            "also" | "addition" | "additionally" | "separately" | "meanwhile" | "moreover" | "besides"
        )
    })
}

fn same_sentence(text: &Text<'_>, before: &Draft, draft: &Draft) -> bool {
    text.tokens
        .get(before.last..draft.first)
        .unwrap_or_default()
        .iter()
        .all(|t| !t.is_mark(".;!?") && t.kind != crate::token::Kind::Newline)
}

/// A source of its own follows the object.
fn sourced(text: &Text<'_>, from: usize, end: usize) -> bool {
    (from..end.min(from + 8)).any(|i| matches!(text.fold(i), "of" | "in" | "from" | "for" | "on"))
}

/// A pronoun whose noun stands before it in the same segment: `compare my references with it` has none,
/// `check whether the laptop has its charger` does.
fn has_own_antecedent(text: &Text<'_>, draft: &Draft, k: usize) -> bool {
    let from = draft.verb.map_or(draft.first, |v| v + 1);
    let at = draft.first + k;
    (from..at).any(|i| matches!(text.fold(i), "that" | "who" | "whether" | "if" | "which")) && at > from + 3
}

fn superlative(word: &str) -> bool {
    word.len() > 4
        && word.ends_with("est")
        && !matches!(word, "latest" | "request" | "interest" | "forest" | "guest" | "test" | "newest")
        || matches!(word, "best" | "worst" | "top" | "first")
}

pub(crate) fn singular(word: &str) -> &str {
    let base = word.strip_suffix("'s").unwrap_or(word);
    if base.len() > 4 && base.ends_with("ies") {
        return base.get(..base.len() - 3).unwrap_or(base);
    }
    base.strip_suffix('s').filter(|b| b.len() > 2 && !b.ends_with('s')).unwrap_or(base)
}

/// Whether a draft names `noun` or makes it by its verb (`summarize` → `summary`).
fn mentions(text: &Text<'_>, draft: &Draft, noun: &str) -> bool {
    let root = noun.get(..noun.len().min(6)).unwrap_or(noun);
    let verb_root =
        |lemma: &str| lemma.len() > 4 && root.len() > 4 && lemma.starts_with(root.get(..5).unwrap_or(root));
    if verb_root(&draft.lemma) {
        return true;
    }
    (draft.first..draft.last.min(draft.first + 60)).any(|i| {
        let word = text.fold(i);
        singular(word) == noun || noun.len() > 4 && word.len() > 4 && word.starts_with(root)
    })
}
