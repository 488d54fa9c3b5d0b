//! Tokens: words, numbers, marks and line breaks, with the spans that no rule may split.
//!
//! A quoted passage, a bracketed passage, a URL, an e-mail address, a file name or a path is one token.

use crate::fold::{LONGEST_WORD, fold_chars};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, digits and what may stand inside a word.
    Word,
    /// A URL, an e-mail address, a file name, a path or a variable: never looked into.
    Opaque,
    /// A quoted or bracketed passage, with its marks.
    Quoted,
    /// One mark.
    Mark(char),
    /// One or more line breaks.
    Newline,
}

/// One token of a text; offsets count code points.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// The folded form; empty for what is not a word.
    pub fold: String,
    /// White space (or the start of the text) stands before it.
    pub spaced: bool,
    /// It begins with a capital letter.
    pub capital: bool,
}

impl Token {
    pub(crate) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    pub(crate) fn is_mark(&self, marks: &str) -> bool {
        matches!(self.kind, Kind::Mark(c) if marks.contains(c))
    }

    /// A token that holds text rather than a mark or a line break.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Opaque | Kind::Quoted)
    }

    /// A word that begins with a digit.
    pub(crate) fn is_number(&self) -> bool {
        self.fold.as_bytes().first().is_some_and(u8::is_ascii_digit)
    }
}

const OPENING: &str = "([{<";
const CLOSING: &str = ")]}>";
/// A quotation longer than this is taken as text whose closing mark is missing.
const LONGEST_QUOTE: usize = 600;
/// How far a closing single quote is looked for.
const LONGEST_SINGLE_QUOTE: usize = 120;

/// The tokens of `chars`. `tick` is called every few thousand characters.
pub(crate) fn tokens(chars: &[char], tick: &dyn Fn()) -> Vec<Token> {
    let close = closers(chars);
    let first = chars.iter().position(|c| !c.is_whitespace()).unwrap_or(0);
    let last = chars.iter().rposition(|c| c.is_alphanumeric() || "\"”»'’)]}".contains(*c)).unwrap_or(0);
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out: Vec<Token> = Vec::new();
    let (mut i, mut spaced, mut seen) = (0, true, 0);
    while i < chars.len() {
        if i - seen >= 2048 {
            tick();
            seen = i;
        }
        let c = at(i);
        if is_break(c) {
            let from = i;
            while is_break(at(i)) || (at(i).is_whitespace() && i < chars.len()) {
                i += 1;
                if (i - from) % 4096 == 0 {
                    tick();
                }
            }
            out.push(Token {
                kind: Kind::Newline,
                start: from,
                end: i,
                fold: String::new(),
                spaced,
                capital: false,
            });
            spaced = true;
            continue;
        }
        if c.is_whitespace() {
            spaced = true;
            i += 1;
            continue;
        }
        let (kind, end) = match close.get(i).copied().unwrap_or(0) {
            // Marks around the whole text quote the command; they do not hide it.
            end if end > i && !(i == first && end >= last) => (Kind::Quoted, end + 1),
            _ => scan(chars, i, tick),
        };
        let end = end.max(i + 1).min(chars.len());
        let body = chars.get(i..end).unwrap_or_default();
        let fold = if kind == Kind::Word { fold_chars(body) } else { String::new() };
        out.push(Token { kind, start: i, end, fold, spaced, capital: c.is_uppercase() });
        spaced = false;
        i = end;
    }
    out
}

pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// For each opening quote or bracket the index of its closing mark; 0 elsewhere.
fn closers(chars: &[char]) -> Vec<usize> {
    let mut close = vec![0; chars.len()];
    let mut brackets: Vec<(usize, char)> = Vec::new();
    let mut double: Option<usize> = None;
    let mut curly: Option<usize> = None;
    let mut set = |from: usize, to: usize| {
        if to > from + 1
            && to - from <= LONGEST_QUOTE
            && let Some(slot) = close.get_mut(from)
        {
            *slot = to;
        }
    };
    let mut single_until = 0;
    for (i, &c) in chars.iter().enumerate() {
        match c {
            '"' => match double.take() {
                Some(from) if i - from <= LONGEST_QUOTE => set(from, i),
                _ => double = Some(i),
            },
            '“' | '„' | '«' => curly = Some(i),
            '”' | '»' => {
                if let Some(from) = curly.take() {
                    set(from, i);
                }
            }
            '\'' | '‘' if i >= single_until && opens(chars, i) => {
                if let Some(to) = single_close(chars, i) {
                    set(i, to);
                    single_until = to + 1;
                }
            }
            c if OPENING.contains(c) => brackets.push((i, c)),
            c if CLOSING.contains(c) => {
                let want = OPENING.chars().nth(CLOSING.chars().position(|x| x == c).unwrap_or(0));
                if brackets.last().map(|b| b.1) == want
                    && let Some((from, _)) = brackets.pop()
                {
                    // `a < b` and `b > c` are comparisons, `<name>` is a variable.
                    let tight = chars.get(from + 1).is_some_and(|n| !n.is_whitespace());
                    if c != '>' || tight {
                        set(from, i);
                    }
                }
            }
            _ => {}
        }
    }
    close
}

fn opens(chars: &[char], i: usize) -> bool {
    let before =
        i.checked_sub(1).and_then(|p| chars.get(p)).is_none_or(|p| p.is_whitespace() || OPENING.contains(*p));
    before && chars.get(i + 1).is_some_and(|n| n.is_alphanumeric())
}

fn single_close(chars: &[char], i: usize) -> Option<usize> {
    let end = (i + LONGEST_SINGLE_QUOTE).min(chars.len());
    (i + 2..end).find(|&k| {
        matches!(chars.get(k), Some('\'' | '’'))
            && chars.get(k + 1).is_none_or(|n| !n.is_alphanumeric())
            && chars.get(k - 1).is_some_and(|p| !p.is_whitespace())
    })
}

/// The kind and end of the token at `i`, which is neither white space nor a quotation.
fn scan(chars: &[char], i: usize, tick: &dyn Fn()) -> (Kind, usize) {
    let at = |k: usize| chars.get(k).copied().unwrap_or('\0');
    let c = at(i);
    let wordish =
        |c: char| c.is_alphanumeric() || c == '_' || unicode_normalization::char::is_combining_mark(c);
    let starts = wordish(c)
        || (matches!(c, '.' | '/' | '~' | '@' | '#' | '$' | '€' | '₺' | '£' | '\\')
            && (wordish(at(i + 1)) || at(i + 1) == '/' && c != '/'));
    if !starts {
        return (Kind::Mark(c), i + 1);
    }
    let mut end = i + 1;
    let (mut opaque, mut dotted) = (matches!(c, '.' | '/' | '~' | '@' | '\\'), false);
    while end < chars.len() {
        let d = at(end);
        let next = at(end + 1);
        let inner = match d {
            _ if wordish(d) => true,
            '\'' | '’' | 'ʼ' => wordish(next) && next != '_',
            '.' | ':' | ',' if at(end - 1).is_ascii_digit() && next.is_ascii_digit() => true,
            '.' => {
                let ok = wordish(next) && at(end - 1) != '.';
                dotted |= ok;
                ok
            }
            '-' | '‐' | '‑' => wordish(next) && wordish(at(end - 1)),
            ':' if next == '/' && at(end + 2) == '/' => {
                opaque = true;
                true
            }
            '/' | '\\' | '@' => {
                let ok = wordish(next) || opaque;
                opaque |= ok && (d == '@' || opaque || dotted);
                ok
            }
            '?' | '&' | '=' | '#' | '%' | '+' | '~' | ':' | '*' => opaque && wordish(next),
            _ => false,
        };
        if !inner {
            break;
        }
        end += 1;
        if (end - i).is_multiple_of(4096) {
            tick();
        }
    }
    let body = chars.get(i..end).unwrap_or_default();
    if opaque || (dotted && is_file_like(body)) {
        return (Kind::Opaque, end);
    }
    (Kind::Word, end)
}

/// A dotted word that is a file, a host or a version rather than a sentence without a space: no capital
/// letter follows the last dot, unless all of it is capital.
fn is_file_like(body: &[char]) -> bool {
    // `a.m.`, `e.g.`
    if body.split(|c| *c == '.').all(|part| part.len() <= 1) {
        return false;
    }
    if body.len() > 4 * LONGEST_WORD {
        return true;
    }
    let after = body.iter().rposition(|c| *c == '.').map_or(0, |p| p + 1);
    let ext = body.get(after..).unwrap_or_default();
    let sentence =
        ext.first().is_some_and(|c| c.is_uppercase()) && ext.iter().skip(1).any(|c| c.is_lowercase());
    !sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        tokens(&chars, &|| ()).iter().map(|t| chars[t.start..t.end].iter().collect()).collect()
    }

    #[test]
    fn protected_spans_are_single_tokens() {
        assert_eq!(
            texts("open https://a.example/x?y=1&z=2, butce.v3.xlsx and me@x.org"),
            ["open", "https://a.example/x?y=1&z=2", ",", "butce.v3.xlsx", "and", "me@x.org"]
        );
        assert_eq!(
            texts("say \"ring and leave\" (now, please) {due_date}"),
            ["say", "\"ring and leave\"", "(now, please)", "{due_date}"]
        );
        assert_eq!(texts("saat 10:30'da 3,5 kg 800x800"), ["saat", "10:30'da", "3,5", "kg", "800x800"]);
    }

    #[test]
    fn quotes_around_the_whole_text_do_not_hide_it() {
        assert_eq!(texts("\"find it and go\"").len(), 6);
    }

    #[test]
    fn an_apostrophe_is_no_quote() {
        assert_eq!(texts("Ayşe'nin ve Ali'nin izni"), ["Ayşe'nin", "ve", "Ali'nin", "izni"]);
    }
}
