//! Looking around in the characters of a text. Every look is bounded, so that the work stays linear.

use crate::fold::fold_chars;
use crate::token::is_break;

/// Marks that close a quotation or a bracket.
pub(super) const CLOSERS: &str = "\"'”’»)]}›」』）";
/// Marks that open one.
pub(super) const OPENERS: &str = "\"'“‘«([{‹„「『（-–—*•#_<";
/// Letters looked at before and after a mark.
const REACH: usize = 40;
/// The longest run without white space that is looked at as one token (URLs are long).
const LONGEST_TOKEN: usize = 200;
/// White space skipped between a token and the one before it.
const LONGEST_GAP: usize = 8;

/// Unicode's `Sentence_Terminal` (UAX 29) in the scripts of living languages, and the ellipses.
pub(super) fn is_terminator(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '‥' | '։' | '؝'..='؟' | '۔' | '܀'..='܂' | '߹' | '।' | '॥' | '၊' | '။' | '።' | '፧' | '፨'
            | '។' | '៕' | '᙮' | '᠃' | '᠉' | '᥄' | '᥅' | '᪨'..='᪫' | '᭚' | '᭛' | '᭞' | '᭟' | '᰻' | '᰼' | '᱾' | '᱿' | '‼'
            | '‽' | '⁇'..='⁉' | '⸮' | '。' | '꓿' | '꘎' | '꘏' | '꛳' | '꛷' | '꧈' | '꧉' | '꩝'..='꩟' | '꫰' | '꫱' | '꯫' | '﹒'
            | '﹖' | '﹗' | '！' | '．' | '？' | '｡'
    )
}

/// Characters by index; `\0` outside the text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub chars: &'a [char],
}

impl<'a> Cursor<'a> {
    pub(super) fn at(&self, i: usize) -> char {
        self.chars.get(i).copied().unwrap_or('\0')
    }

    /// The character before `i`.
    pub(super) fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or('\0', |k| self.at(k))
    }

    pub(super) fn span(&self, from: usize, to: usize) -> &'a [char] {
        self.chars.get(from..to).unwrap_or_default()
    }

    /// The first index from `i` on that is no white space, or a line break.
    pub(super) fn skip_blanks(&self, mut i: usize) -> usize {
        while self.at(i).is_whitespace() && !is_break(self.at(i)) {
            i += 1;
        }
        i
    }

    /// The end of the run without white space that begins at `i`.
    pub(super) fn token_end(&self, i: usize) -> usize {
        let stop = (i + LONGEST_TOKEN).min(self.chars.len());
        (i..stop).find(|k| self.at(*k).is_whitespace()).unwrap_or(stop)
    }

    /// The token that ends at or before `i`, on the same line.
    pub(super) fn token_before(&self, i: usize) -> &'a [char] {
        let mut end = i;
        while end + LONGEST_GAP > i && self.before(end).is_whitespace() && !is_break(self.before(end)) {
            end -= 1;
        }
        let from = end.saturating_sub(LONGEST_TOKEN);
        let head = (from..end).rev().find(|k| self.at(*k).is_whitespace()).map_or(from, |k| k + 1);
        self.span(head, end)
    }

    /// The token that begins at or after `i`, on the same line.
    pub(super) fn token_after(&self, i: usize) -> &'a [char] {
        let next = self.skip_blanks_shortly(i);
        self.span(next, self.token_end(next))
    }

    fn skip_blanks_shortly(&self, i: usize) -> usize {
        (i..i + LONGEST_GAP)
            .find(|k| !self.at(*k).is_whitespace() || is_break(self.at(*k)))
            .unwrap_or(i + LONGEST_GAP)
    }

    /// The letters from `i` on.
    pub(super) fn letters_from(&self, i: usize) -> &'a [char] {
        let stop = (i + REACH).min(self.chars.len());
        self.span(i, (i..stop).find(|k| !self.at(*k).is_alphabetic()).unwrap_or(stop))
    }

    /// The folded word, dots included, that ends before `i`.
    pub(super) fn word_before(&self, i: usize) -> String {
        let from = i.saturating_sub(REACH);
        let head = (from..i)
            .rev()
            .find(|k| !(self.at(*k).is_alphanumeric() || self.at(*k) == '.'))
            .map_or(from, |k| k + 1);
        fold_chars(self.span(head, i))
    }

    /// Where the first letter behind opening marks stands.
    pub(super) fn first_letter(&self, i: usize) -> usize {
        (i..i + 6).find(|k| !(OPENERS.contains(self.at(*k)) || self.at(*k) == ' ')).unwrap_or(i + 6)
    }

    /// A quote after white space and before a letter opens rather than closes.
    pub(super) fn opens(&self, i: usize) -> bool {
        matches!(self.at(i), '"' | '\'') && self.at(i + 1).is_alphanumeric() && self.before(i).is_whitespace()
    }

    /// Inside a URL, an e-mail address or a path.
    pub(super) fn in_address(&self, i: usize) -> bool {
        let from = i.saturating_sub(REACH);
        let head = (from..i).rev().find(|k| self.at(*k).is_whitespace()).map_or(from, |k| k + 1);
        let stop = (i + REACH).min(self.chars.len());
        let tail = (i..stop).find(|k| self.at(*k).is_whitespace()).unwrap_or(stop);
        (head..tail).any(|k| matches!(self.at(k), '/' | '@' | '\\' | '=' | '&' | '_'))
    }

    /// `:)`, `;-(`, `:P` as a token of its own.
    pub(super) fn is_emoticon(&self, i: usize) -> bool {
        let token = self.span(i, (i + 6).min(self.token_end(i)));
        let Some((eyes, rest)) = token.split_first() else {
            return false;
        };
        let mouth = rest.strip_prefix(&['-']).unwrap_or(rest);
        matches!(eyes, ':' | ';' | '=')
            && (1..=3).contains(&mouth.len())
            && self.token_end(i) == i + token.len()
            && mouth
                .iter()
                .all(|c| matches!(c, ')' | '(' | 'D' | 'P' | 'p' | '/' | '|' | 'O' | 'o' | '*' | '3'))
    }
}
