//! Hard breaks: the places where one action can never run into the next.

use crate::abbreviations::{Dot, dot_after};
use crate::language::Language;
use crate::token::{Kind, Token};

use super::{Draft, Text};

/// Tokens `[first, last)` between two hard breaks, list markers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub first: usize,
    pub last: usize,
    /// The item's place in a list, from 1; 0 outside lists.
    pub item: u32,
    /// The chunk before it ended with a colon or was an item.
    pub listed: bool,
    /// It ends with a colon.
    pub colon: bool,
}

/// The chunks of a text.
pub(crate) fn chunks(text: &Text<'_>, language: Language) -> Vec<Chunk> {
    let tokens = text.tokens;
    let mut out: Vec<Chunk> = Vec::new();
    let (mut first, mut item, mut number, mut i) = (0, 0, 0, 0);
    let mut close = |first: usize, last: usize, item: u32| {
        let body = tokens.get(first..last).unwrap_or_default();
        if body.iter().any(Token::is_text) {
            let listed = item > 0 && out.last().is_some_and(|c| c.colon || c.item > 0);
            let colon = body.iter().rev().find(|t| t.kind != Kind::Newline).is_some_and(|t| t.is_mark(":"));
            out.push(Chunk { first, last, item, listed, colon });
        }
    };
    while i < tokens.len() {
        let fresh = i == first;
        if let Some((width, value)) = marker(tokens, i, fresh, number) {
            close(first, i, item);
            number = value;
            item = if value > 0 { value } else { item + 1 };
            i += width;
            first = i;
            continue;
        }
        if ends(tokens, i, language) {
            close(first, i + 1, item);
            first = i + 1;
            // A new line without a marker leaves the list.
            if tokens.get(i).is_some_and(|t| t.kind == Kind::Newline) && !list_goes_on(tokens, i + 1) {
                item = 0;
            }
        }
        i += 1;
    }
    close(first, tokens.len(), item);
    out
}

fn list_goes_on(tokens: &[Token], i: usize) -> bool {
    marker(tokens, i, true, 0).is_some()
}

/// A list marker at `i`: how many tokens it takes and its number (0 for a bullet).
fn marker(tokens: &[Token], i: usize, fresh: bool, last: u32) -> Option<(usize, u32)> {
    let token = tokens.get(i)?;
    let next = tokens.get(i + 1)?;
    if fresh && token.is_mark("-*•‣◦·–—▪●○+→►✓✔☐") && (next.spaced || !token.is_mark("-+"))
    {
        // `- [ ] task`
        let boxed = next.kind == Kind::Quoted || next.is_mark("[");
        let skip =
            if boxed && next.is_mark("[") { 3 } else { usize::from(boxed && next.end - next.start <= 3) + 1 };
        return Some((skip, 0));
    }
    let ordinal: Option<u32> = token.fold.parse().ok().filter(|n| *n >= 1 && *n < 100);
    let letter = token.fold.len() == 1 && token.fold.bytes().all(|b| b.is_ascii_lowercase());
    if next.spaced || tokens.get(i + 2).is_some_and(|t| !t.spaced && t.kind != Kind::Newline) {
        return None;
    }
    if next.is_mark(")") && (fresh || token.spaced) && (ordinal.is_some() || (letter && fresh)) {
        return Some((2, ordinal.unwrap_or(0)));
    }
    let n = ordinal?;
    let in_order = n == last + 1 && (fresh || last > 0 && token.spaced);
    (next.is_mark(".-") && (in_order || fresh && n == 1)).then_some((2, n))
}

/// Whether token `i` is a hard break.
pub(crate) fn ends(tokens: &[Token], i: usize, language: Language) -> bool {
    let Some(token) = tokens.get(i) else { return false };
    let next = tokens.get(i + 1);
    match token.kind {
        Kind::Newline | Kind::Mark(';' | '!' | '?' | '…' | '。' | '؟' | '|') => {
            !next.is_some_and(|n| !n.spaced && n.is_text())
        }
        Kind::Mark('.') => {
            let Some(next) = next else { return true };
            if !next.spaced && next.kind != Kind::Newline {
                return false;
            }
            let Some(before) = i.checked_sub(1).and_then(|p| tokens.get(p)) else {
                return true;
            };
            if before.is_number() && before.fold.bytes().all(|b| b.is_ascii_digit()) {
                // `4. slaytına`: an ordinal in Turkish.
                return language != Language::Turkish || next.capital && before.fold.len() > 2;
            }
            let initial = before.capital && before.end - before.start == 1;
            match dot_after(&before.fold) {
                Dot::Inner => false,
                Dot::Either => next.capital || !next.is_text(),
                Dot::Number => !next.is_number(),
                Dot::Plain => !initial,
            }
        }
        _ => false,
    }
}

/// Items that ask for nothing belong to the request their list completes (`buy the following:`).
pub(crate) fn absorb_items(text: &Text<'_>, chunk: &Chunk, before: usize, drafts: &mut Vec<Draft>) {
    if chunk.item == 0 || !chunk.listed || before == 0 {
        return;
    }
    let bare = drafts.iter().skip(before).all(|d| d.verb.is_none());
    if !bare {
        return;
    }
    // Only when nothing but the list stands between.
    let Some(owner) = drafts.get(before - 1) else {
        return;
    };
    let gap = text.tokens.get(owner.last..chunk.first).unwrap_or_default();
    let open =
        owner.verb.is_some() && gap.len() <= 4 && gap.iter().all(|t| !t.is_text() || t.fold.len() <= 2);
    if open && owner.item == 0 {
        drafts.truncate(before);
        if let Some(owner) = drafts.last_mut() {
            owner.last = chunk.last;
        }
    }
}
