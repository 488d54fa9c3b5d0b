//! Sentence boundaries by rules: Turkish and English abbreviations, numbers, ordinals, quotations,
//! ellipses, and the boundaries that careless text leaves unmarked; other languages by Unicode's sentence
//! terminals, white space and the structure of the text.

mod cursor;
mod stops;
mod unmarked;

use crate::language::{Language, detect_folded};
use crate::token::{is_break, tokens};
use cursor::{CLOSERS, Cursor, is_terminator};

/// A span of code points, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
}

/// Terminators that need no white space behind them.
const WIDE: &str = "。！？｡．။";

/// The sentences of `text`, trimmed, in order. `language` is detected when not given.
#[must_use]
pub fn sentences(text: &str, language: Option<Language>, tick: &dyn Fn()) -> Vec<Span> {
    let chars: Vec<char> = text.chars().collect();
    let language = language.unwrap_or_else(|| {
        let window = chars.get(..chars.len().min(20_000)).unwrap_or_default();
        detect_folded(window, &tokens(window, tick))
    });
    let splitter = Splitter { text: Cursor { chars: &chars }, language };
    let mut out = Vec::new();
    // No sentence begins with white space: a rule may look at its first characters at no cost.
    let mut start = chars.iter().position(|c| !c.is_whitespace()).unwrap_or(chars.len());
    let (mut i, mut seen) = (start, 0);
    while i < chars.len() {
        if i - seen >= 2048 {
            tick();
            seen = i;
        }
        match splitter.end_at(i, start, tick) {
            Step::Go(next) => i = next.max(i + 1),
            Step::Cut(end, next) => {
                push(&chars, start, end, &mut out);
                start = next.max(end);
                i = start.max(i + 1);
            }
        }
    }
    push(&chars, start, chars.len(), &mut out);
    out
}

fn push(chars: &[char], start: usize, end: usize, out: &mut Vec<Span>) {
    let body = chars.get(start..end).unwrap_or_default();
    let Some(first) = body.iter().position(|c| !c.is_whitespace()) else {
        return;
    };
    let last = body.iter().rposition(|c| !c.is_whitespace()).unwrap_or(first);
    out.push(Span { start: start + first, end: start + last + 1 });
}

enum Step {
    Go(usize),
    /// A sentence ends before the first index; reading goes on at the second.
    Cut(usize, usize),
}

/// Terminators with what surrounds them: `[from, run_end)` the marks, closing marks up to `end`, white space
/// up to `next`; the sentence began at `start`.
#[derive(Clone, Copy)]
struct Stop {
    start: usize,
    from: usize,
    run_end: usize,
    end: usize,
    next: usize,
}

struct Splitter<'a> {
    text: Cursor<'a>,
    language: Language,
}

impl Splitter<'_> {
    fn end_at(&self, i: usize, start: usize, tick: &dyn Fn()) -> Step {
        let c = self.text.at(i);
        if is_break(c) {
            return self.line_break(i, tick);
        }
        if c.is_whitespace() {
            return match self.unmarked(i, start) {
                Some(next) => Step::Cut(i, next),
                None => Step::Go(i + 1),
            };
        }
        if !is_terminator(c) {
            return Step::Go(i + 1);
        }
        self.terminator(i, start, tick)
    }

    fn terminator(&self, i: usize, start: usize, tick: &dyn Fn()) -> Step {
        let len = self.text.chars.len();
        let mut run_end = i + 1;
        while is_terminator(self.text.at(run_end)) {
            run_end += 1;
            if (run_end - i).is_multiple_of(4096) {
                tick();
            }
        }
        let mut end = run_end;
        while end < run_end + 8 && CLOSERS.contains(self.text.at(end)) && !self.text.opens(end) {
            end += 1;
        }
        let mut next = self.text.skip_blanks(end);
        if next > end && next < len && self.text.is_emoticon(next) {
            // `Great! :)` is one sentence.
            end = self.text.token_end(next);
            next = self.text.skip_blanks(end);
        }
        let stop = Stop { start, from: i, run_end, end, next };
        if next >= len || is_break(self.text.at(next)) {
            return if self.runs_over_a_break(stop) { Step::Go(next) } else { Step::Cut(end, next) };
        }
        if next == end && !WIDE.contains(self.text.at(i)) {
            return if self.glued(stop) { Step::Cut(end, end) } else { Step::Go(run_end) };
        }
        if self.goes_on(stop) { Step::Go(run_end) } else { Step::Cut(end, next) }
    }

    /// A line break ends a sentence, unless the line before is wrapped: it is long, ends without a mark, and
    /// the next line begins with a small letter.
    fn line_break(&self, i: usize, tick: &dyn Fn()) -> Step {
        let (mut next, mut breaks) = (i, 0);
        while self.text.at(next).is_whitespace() {
            let carriage = self.text.at(next) == '\r' && self.text.at(next + 1) == '\n';
            breaks += usize::from(is_break(self.text.at(next)) && !carriage);
            next += 1;
            if (next - i).is_multiple_of(4096) {
                tick();
            }
        }
        let from = i.saturating_sub(60);
        let wrapped = breaks == 1
            && self.text.at(next).is_lowercase()
            && i >= 60
            && (from..i).all(|k| !is_break(self.text.at(k)))
            && self.text.at(i - 1).is_alphanumeric();
        if wrapped { Step::Go(next) } else { Step::Cut(i, next) }
    }
}
