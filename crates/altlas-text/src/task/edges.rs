//! The edges of a segment: politeness, connectors and marks that stand there belong to no content.

use crate::language::Language;
use crate::phrases::{EN_CLOSINGS, EN_FILLERS, TR_CLOSINGS, TR_FILLERS};
use crate::token::Kind;

use super::{Connector, Draft, Text};

/// Marks that no content ends with.
const AFTER: &str = ".,;:!?…-–—()[]{}<>\"'“”‘’«»„%*•";
/// Marks that no content begins with.
const BEFORE: &str = ",;:!?…-–—()[]{}<>\"'“”‘’«»„%*•";

/// Trims the draft's tokens and gives the span in code points; none when nothing is left.
pub(crate) fn trim(text: &Text<'_>, draft: &mut Draft, language: Language) -> Option<(usize, usize)> {
    let tokens = text.tokens;
    let (fillers, closings) = match language {
        Language::Turkish => (&*TR_FILLERS, &*TR_CLOSINGS),
        _ => (&*EN_FILLERS, &*EN_CLOSINGS),
    };
    let keep_from = draft.verb.unwrap_or(draft.last).min(draft.condition.map_or(usize::MAX, |c| c.0));
    loop {
        let token = tokens.get(draft.first).filter(|_| draft.first < draft.last)?;
        let step = match fillers.longest(tokens, draft.first) {
            Some((n, ())) if draft.first + n <= keep_from.max(draft.first) || !token.is_text() => n,
            _ if !token.is_text() && (!token.is_mark(".") || spaced_after(text, draft.first)) => 1,
            _ => break,
        };
        draft.first += step;
    }
    let keep_to = draft.verb.map_or(draft.first, |v| v + 1);
    loop {
        let token = draft.last.checked_sub(1).filter(|l| *l >= draft.first).and_then(|l| tokens.get(l))?;
        let step = match closings.longest(tokens, draft.last - 1) {
            Some((n, ())) if draft.last - n >= keep_to => n,
            _ if !token.is_text() && draft.last > keep_to => 1,
            _ => break,
        };
        draft.last -= step;
    }
    bare(text.chars, tokens.get(draft.first)?.start, tokens.get(draft.last - 1)?.end)
}

/// The span without white space and marks at its edges; none when nothing is left.
pub(crate) fn bare(text: &[char], mut start: usize, mut end: usize) -> Option<(usize, usize)> {
    let at = |i: usize| text.get(i).copied().unwrap_or(' ');
    while start < end
        && (BEFORE.contains(at(start))
            || at(start).is_whitespace()
            || at(start) == '.' && !at(start + 1).is_alphanumeric())
    {
        start += 1;
    }
    while end > start && (AFTER.contains(at(end - 1)) || at(end - 1).is_whitespace()) {
        end -= 1;
    }
    (start < end).then_some((start, end))
}

fn spaced_after(text: &Text<'_>, i: usize) -> bool {
    text.tokens.get(i + 1).is_none_or(|t| t.spaced || t.kind == Kind::Newline)
}

/// The connector as written.
pub(crate) fn connector_text(text: &Text<'_>, connector: &Connector) -> String {
    match connector {
        Connector::Suffix(s) => (*s).to_owned(),
        Connector::Text(first, last) => {
            let start = text.tokens.get(*first).map_or(0, |t| t.start);
            let end = last.checked_sub(1).and_then(|l| text.tokens.get(l)).map_or(start, |t| t.end);
            text.slice(start, end)
        }
    }
}
