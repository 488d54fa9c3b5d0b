//! Whether a text goes on after a terminator.

use super::cursor::OPENERS;
use super::{Splitter, Stop};
use crate::abbreviations::{Dot, dot_after};
use crate::fold::fold_chars;
use crate::language::Language;

/// Turkish verbs of saying that take what was said before them as their object.
const REPORTS: [&str; 11] =
    ["dedi", "diye", "diyor", "der", "demis", "deyip", "diyen", "derken", "diyerek", "dedim", "dediler"];
/// Words of two letters that end sentences in both languages; other short words before a dot are taken for abbreviations.
const SHORT_WORDS: [&str; 27] = [
    "it", "of", "in", "on", "me", "us", "so", "is", "be", "do", "go", "up", "to", "at", "by", "my", "we",
    "he", "mi", "mu", "bu", "su", "ki", "da", "de", "ok", "ty",
];
/// What follows the dot of a host's name.
const TOP_DOMAINS: [&str; 4] = ["com", "org", "net", "edu"];

impl Splitter<'_> {
    fn single_dot(&self, stop: Stop) -> bool {
        stop.run_end == stop.from + 1 && self.text.at(stop.from) == '.'
    }

    /// A line that ends with an abbreviation goes on in the next one.
    pub(super) fn runs_over_a_break(&self, stop: Stop) -> bool {
        let mut k = stop.next;
        while k < stop.next + 8 && self.text.at(k).is_whitespace() {
            k += 1;
        }
        self.text.at(k).is_lowercase()
            && self.single_dot(stop)
            && dot_after(&self.text.word_before(stop.from)) != Dot::Plain
    }

    /// A mark without white space behind it: `geldi.Sonra`, but no `a.b`, `3.5`, `www.x.org`.
    pub(super) fn glued(&self, stop: Stop) -> bool {
        let Stop { from, run_end, end, .. } = stop;
        let (before, after) = (self.text.before(from), self.text.at(end));
        let word = before.is_lowercase() && self.text.before(from.saturating_sub(1)).is_alphabetic();
        if end == run_end && word && !self.text.in_address(from) {
            if self.single_dot(stop) && after.is_ascii_digit() {
                return self.glued_number(stop);
            }
            if self.text.at(from) == '?' && after.is_lowercase() {
                return self.text.letters_from(end).len() > 2;
            }
        }
        if after == '*' && matches!(self.text.at(end + 1), '*' | ' ') {
            return true;
        }
        let opens = OPENERS.contains(after) && end > run_end;
        if !after.is_uppercase() && !opens {
            return false;
        }
        let closed = end > run_end && after.is_uppercase() && before.is_alphanumeric();
        if closed {
            return true;
        }
        if self.text.in_address(from) {
            return false;
        }
        if self.text.at(from) != '.' {
            return before.is_alphabetic() && after.is_uppercase();
        }
        let follows = self.text.letters_from(end);
        let sentence =
            self.text.at(end + 1).is_lowercase() && !TOP_DOMAINS.contains(&fold_chars(follows).as_str());
        word && sentence && dot_after(&self.text.word_before(from)) == Dot::Plain
    }

    /// `yükseldi.3 Belediye`: a number and a capital letter after a word that is no abbreviation.
    fn glued_number(&self, stop: Stop) -> bool {
        let number = self.text.span(stop.end, self.text.token_end(stop.end));
        let next = self.text.at(stop.end + number.len() + 1);
        let word = self.text.word_before(stop.from);
        number.len() <= 2
            && number.iter().all(char::is_ascii_digit)
            && next.is_uppercase()
            && word.len() > 4
            && self.plain_word(&word)
    }

    /// Whether the sentence goes on after a stop with white space behind it.
    pub(super) fn goes_on(&self, stop: Stop) -> bool {
        let first = self.text.at(stop.next);
        let marks = self.text.token_after(stop.next);
        let spaced_out = marks.iter().all(|c| *c == self.text.at(stop.from));
        if spaced_out || matches!(first, ',' | ';') {
            // `. . .`, `etc. ,`
            return true;
        }
        let letter = self.text.at(self.text.first_letter(stop.next));
        let lower = letter.is_lowercase();
        if self.single_dot(stop) {
            return self.dot_goes_on(stop, letter);
        }
        let marks = self.text.span(stop.from, stop.run_end);
        if marks.iter().all(|x| matches!(x, '.' | '…' | '‥')) {
            // An ellipsis before a small letter is a pause.
            return lower && !self.is_url(self.text.token_after(stop.next))
                || matches!(self.text.before(stop.from), '“' | '‘' | '«');
        }
        // `"Geldi mi?" diye sordu`: the quotation is part of the sentence.
        lower && stop.end > stop.run_end && self.text.at(stop.end - 1) != ')'
    }

    fn dot_goes_on(&self, stop: Stop, letter: char) -> bool {
        let Stop { from, end, next, start, .. } = stop;
        let word = self.text.word_before(from);
        let before = self.text.before(from);
        if letter.is_lowercase() {
            if self.language == Language::Turkish && self.reports(next) {
                return true;
            }
            if end > from + 1 || self.language == Language::Other || !self.plain_word(&word) {
                return true;
            }
        }
        if word.is_empty() {
            // A dot after a bracket, a quotation or a space.
            return from == start;
        }
        if end > from + 1 {
            return false;
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            return self.number_goes_on(stop, &word, letter);
        }
        if self.language == Language::Turkish && before.is_uppercase() && is_roman(&word) {
            // `II. Mahmut`: an ordinal.
            return true;
        }
        let initials = before.is_uppercase() && word.split('.').all(|part| part.len() == 1);
        if initials {
            // `J. Smith`, `T. C. Ankara`; but `So do I. She`.
            return !self.is_opener(next);
        }
        match dot_after(&word) {
            Dot::Inner => !self.is_opener(next),
            Dot::Either => {
                self.text.at(next) == '('
                    || letter.is_alphanumeric() && !letter.is_uppercase()
                    || self.name_goes_on(&word, next)
            }
            Dot::Number => letter.is_numeric(),
            Dot::Plain => false,
        }
    }

    /// `… dedi`: what was said before belongs to the verb of saying.
    fn reports(&self, next: usize) -> bool {
        REPORTS.contains(&fold_chars(self.text.letters_from(next)).as_str())
    }

    /// A word that is no abbreviation: carelessly written text goes on in small letters.
    fn plain_word(&self, word: &str) -> bool {
        (word.len() > 2 || SHORT_WORDS.contains(&word))
            && !word.contains('.')
            && dot_after(word) == Dot::Plain
            && word.bytes().all(|b| b.is_ascii_alphabetic())
    }

    /// `U.S. NAVY`, `Acme Corp. USA`.
    fn name_goes_on(&self, word: &str, next: usize) -> bool {
        let at = self.text.first_letter(next);
        matches!(word, "u.s" | "u.k" | "jr" | "sr" | "inc" | "corp" | "ltd" | "co" | "şti" | "sti")
            && self.text.at(at).is_uppercase()
            && self.text.at(at + 1).is_uppercase()
    }

    /// `3. Madde`, `19. Yüzyıl` in Turkish; a list marker at the start of a sentence in any language.
    fn number_goes_on(&self, stop: Stop, word: &str, letter: char) -> bool {
        if stop.from - stop.start == word.len() && word.len() <= 2 {
            return true;
        }
        // A year or a larger number ends a sentence, an ordinal is small; and no pronoun follows an ordinal.
        self.language == Language::Turkish
            && letter.is_alphabetic()
            && word.len() <= 2
            && !self.is_opener(stop.next)
    }
}

/// A Roman numeral of two letters or more.
fn is_roman(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|b| matches!(b, b'i' | b'v' | b'x' | b'l'))
}
