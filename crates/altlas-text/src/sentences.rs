//! Sentence boundaries by rules: Turkish and English abbreviations, numbers, ordinals, quotations,
//! ellipses; other languages by terminators and white space.

use crate::abbreviations::{Dot, dot_after};
use crate::fold::fold_chars;
use crate::language::{Language, detect_folded};
use crate::token::{is_break, tokens};

/// A span of code points, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
}

/// Marks that may end a sentence.
const TERMINATORS: &str = ".!?…‥。！？؟।॥۔‼⁇⁈⁉";
/// Terminators that need no white space behind them.
const WIDE: &str = "。！？";
/// Marks that close a quotation or a bracket.
const CLOSERS: &str = "\"'”’»)]}›」』）";
/// Marks that open one.
const OPENERS: &str = "\"'“‘«([{‹„「『（-–—*•#_<";
/// Letters looked at before and after a mark.
const REACH: usize = 40;

/// The sentences of `text`, trimmed, in order. `language` is detected when not given.
#[must_use]
pub fn sentences(text: &str, language: Option<Language>, tick: &dyn Fn()) -> Vec<Span> {
    let chars: Vec<char> = text.chars().collect();
    let language = language.unwrap_or_else(|| {
        let window = chars.get(..chars.len().min(20_000)).unwrap_or_default();
        detect_folded(window, &tokens(window, tick))
    });
    let splitter = Splitter { chars: &chars, language };
    let mut out = Vec::new();
    let (mut start, mut i, mut seen) = (0, 0, 0);
    while i < chars.len() {
        if i - seen >= 2048 {
            tick();
            seen = i;
        }
        match splitter.end_at(i, start, tick) {
            Step::Go(next) => i = next.max(i + 1),
            Step::Cut(end, next) => {
                push(&chars, start, end, &mut out);
                start = end;
                i = next.max(i + 1);
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

struct Splitter<'a> {
    chars: &'a [char],
    language: Language,
}

impl Splitter<'_> {
    fn at(&self, i: usize) -> char {
        self.chars.get(i).copied().unwrap_or('\0')
    }

    fn end_at(&self, i: usize, start: usize, tick: &dyn Fn()) -> Step {
        let c = self.at(i);
        if is_break(c) {
            return self.line_break(i, tick);
        }
        if !TERMINATORS.contains(c) {
            return Step::Go(i + 1);
        }
        let mut end = i + 1;
        while TERMINATORS.contains(self.at(end)) && end < self.chars.len() {
            end += 1;
            if (end - i).is_multiple_of(4096) {
                tick();
            }
        }
        let run_end = end;
        while end < self.chars.len()
            && end < run_end + 8
            && CLOSERS.contains(self.at(end))
            && !self.opens(end)
        {
            end += 1;
        }
        let mut next = end;
        while self.at(next).is_whitespace() && !is_break(self.at(next)) {
            next += 1;
        }
        if next >= self.chars.len() || is_break(self.at(next)) {
            let goes_on = is_break(self.at(next))
                && self.lower_after(next)
                && self.single_dot(i, run_end)
                && dot_after(&self.word_before(i)) != Dot::Plain;
            return if goes_on { Step::Go(next) } else { Step::Cut(end, next) };
        }
        let spaced = next > end;
        if !spaced && !WIDE.contains(c) {
            return if self.glued(i, run_end, end) { Step::Cut(end, end) } else { Step::Go(run_end) };
        }
        if self.keeps(i, run_end, end, next, start) { Step::Go(run_end) } else { Step::Cut(end, next) }
    }

    /// A line break ends a sentence, unless the line before is wrapped: it is long, ends without a mark, and
    /// the next line begins with a small letter.
    fn line_break(&self, i: usize, tick: &dyn Fn()) -> Step {
        let (mut next, mut breaks) = (i, 0);
        while next < self.chars.len() && self.at(next).is_whitespace() {
            let carriage = self.at(next) == '\r' && self.at(next + 1) == '\n';
            breaks += usize::from(is_break(self.at(next)) && !carriage);
            next += 1;
            if (next - i).is_multiple_of(4096) {
                tick();
            }
        }
        let from = i.saturating_sub(60);
        let wrapped = breaks == 1
            && self.at(next).is_lowercase()
            && i >= 60
            && (from..i).all(|k| !is_break(self.at(k)))
            && self.at(i - 1).is_alphanumeric();
        if wrapped { Step::Go(next) } else { Step::Cut(i, next) }
    }

    /// A quote after white space or before a letter opens rather than closes.
    fn opens(&self, i: usize) -> bool {
        let after = self.at(i + 1);
        matches!(self.at(i), '"' | '\'')
            && after.is_alphanumeric()
            && !self.at(i.wrapping_sub(1)).is_alphanumeric()
            && self.at(i.wrapping_sub(1)).is_whitespace()
    }

    fn single_dot(&self, i: usize, end: usize) -> bool {
        end == i + 1 && self.at(i) == '.'
    }

    /// A mark without white space behind it: `geldi.Sonra`, but no `a.b`, `3.5`, `www.x.org`.
    fn glued(&self, i: usize, run_end: usize, end: usize) -> bool {
        let before = self.at(i.wrapping_sub(1));
        let two = self.at(i.wrapping_sub(2));
        let after = self.at(end);
        let opens = OPENERS.contains(after) && end > run_end;
        if !after.is_uppercase() && !opens {
            return false;
        }
        let word = before.is_lowercase() && two.is_alphabetic() && self.at(end + 1).is_lowercase();
        let closed = end > run_end && after.is_uppercase() && before.is_alphanumeric();
        let marks = self.at(i) != '.' && before.is_alphabetic() && after.is_uppercase();
        (word && dot_after(&self.word_before(i)) == Dot::Plain && !self.in_address(i))
            || closed
            || marks && !self.in_address(i)
    }

    /// Inside a URL, an e-mail address or a path.
    fn in_address(&self, i: usize) -> bool {
        let from = i.saturating_sub(REACH);
        let head = (from..i).rev().find(|k| self.at(*k).is_whitespace()).map_or(from, |k| k + 1);
        let tail = (i..i + REACH)
            .find(|k| self.at(*k).is_whitespace() || *k >= self.chars.len())
            .unwrap_or(i + REACH);
        (head..tail).any(|k| matches!(self.at(k), '/' | '@' | '\\' | '=' | '&' | '_'))
    }

    /// The folded word, dots included, that ends before `i`.
    fn word_before(&self, i: usize) -> String {
        let from = i.saturating_sub(REACH);
        let head = (from..i)
            .rev()
            .find(|k| !(self.at(*k).is_alphanumeric() || self.at(*k) == '.'))
            .map_or(from, |k| k + 1);
        fold_chars(self.chars.get(head..i).unwrap_or_default())
    }

    fn first_letter(&self, mut i: usize) -> (char, usize) {
        let stop = i + 6;
        while i < stop && (OPENERS.contains(self.at(i)) || self.at(i) == ' ') {
            i += 1;
        }
        (self.at(i), i)
    }

    fn lower_after(&self, i: usize) -> bool {
        let mut k = i;
        while self.at(k).is_whitespace() {
            k += 1;
        }
        self.at(k).is_lowercase()
    }

    /// Whether the text goes on after the terminators `[i, run_end)`, closers up to `end`, white space up to `next`.
    fn keeps(&self, i: usize, run_end: usize, end: usize, next: usize, start: usize) -> bool {
        let (letter, _) = self.first_letter(next);
        let lower = letter.is_lowercase();
        let c = self.at(i);
        if self.single_dot(i, run_end) {
            return self.dot_keeps(i, end, next, letter, start);
        }
        if matches!(c, '.' | '…')
            || self.chars.get(i..run_end).unwrap_or_default().iter().all(|x| matches!(x, '.' | '…' | '‥'))
        {
            // An ellipsis before a small letter is a pause.
            return lower;
        }
        // `"Geldi mi?" diye sordu`: the quotation is part of the sentence.
        lower && end > run_end
    }

    fn dot_keeps(&self, i: usize, end: usize, next: usize, letter: char, start: usize) -> bool {
        let word = self.word_before(i);
        let before = self.at(i.wrapping_sub(1));
        if letter.is_lowercase()
            && (end > i + 1 || self.language == Language::Other || !self.plain_word(&word))
        {
            return true;
        }
        if self.language == Language::Turkish && self.reports(next) {
            return true;
        }
        if word.is_empty() {
            // A dot after a bracket, a quotation or a space.
            return i == start;
        }
        if end > i + 1 {
            return false;
        }
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        if digits {
            return self.number_keeps(i, &word, letter, start);
        }
        let initial = word.chars().count() == 1 && before.is_uppercase();
        if initial || word.len() == 3 && word.contains('.') && before.is_uppercase() {
            // Initials: `J. Smith`, `T. C. Ankara`.
            return true;
        }
        match dot_after(&word) {
            Dot::Inner => true,
            Dot::Either => {
                letter.is_alphanumeric() && !letter.is_uppercase() || self.name_goes_on(&word, next)
            }
            Dot::Number => letter.is_numeric(),
            Dot::Plain => false,
        }
    }

    /// `… dedi`: what was said before belongs to the verb of saying.
    fn reports(&self, next: usize) -> bool {
        let end = (next..next + 8).find(|k| !self.at(*k).is_alphabetic()).unwrap_or(next + 8);
        let word = fold_chars(self.chars.get(next..end).unwrap_or_default());
        matches!(
            word.as_str(),
            "dedi"
                | "diye"
                | "diyor"
                | "der"
                | "demis"
                | "deyip"
                | "diyen"
                | "derken"
                | "diyerek"
                | "dedim"
                | "dediler"
        )
    }

    /// A word of three letters or more that is no abbreviation: carelessly written text goes on in small letters.
    fn plain_word(&self, word: &str) -> bool {
        word.len() > 2
            && !word.contains('.')
            && dot_after(word) == Dot::Plain
            && word.bytes().all(|b| b.is_ascii_alphabetic())
    }

    /// `Jan. 5`, `Acme Corp. said`.
    fn name_goes_on(&self, word: &str, next: usize) -> bool {
        matches!(word, "u.s" | "u.k" | "jr" | "sr" | "inc" | "corp" | "ltd" | "co" | "şti" | "sti") && {
            let (_, at) = self.first_letter(next);
            self.at(at).is_uppercase() && self.at(at + 1).is_uppercase()
        }
    }

    /// `3. Madde`, `19. Yüzyıl` in Turkish; a list marker at the start of a sentence in any language.
    fn number_keeps(&self, i: usize, word: &str, letter: char, start: usize) -> bool {
        let head = self.chars.get(start..i).unwrap_or_default();
        let marker = head.iter().filter(|c| !c.is_whitespace()).count() == word.len();
        if marker && word.len() <= 2 {
            return true;
        }
        if self.language != Language::Turkish || !letter.is_alphabetic() && !letter.is_numeric() {
            return false;
        }
        // A year or a larger number ends a sentence, an ordinal is small.
        word.len() <= 2
    }
}
