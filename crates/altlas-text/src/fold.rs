//! Folding for matching: one form for `İstanbul`, `ISTANBUL`, `ıstanbul` and `istanbul`.
//!
//! Compatibility decomposition, combining marks dropped, lower case, `ı` → `i`. Turkish and English
//! text fold alike, so capitals and missing diacritics never hide a word, and no rule depends on
//! knowing the language before the text was folded.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Longer words than this many code points are no dictionary words and fold to nothing.
pub(crate) const LONGEST_WORD: usize = 48;

/// Appends the folded form of `c` to `out`.
pub(crate) fn fold_char(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    match c {
        'ı' => out.push('i'),
        '’' | 'ʼ' | '`' | '´' => out.push('\''),
        _ => decompose_compatible(c, |part| {
            if !is_combining_mark(part) {
                out.extend(part.to_lowercase().filter(|low| !is_combining_mark(*low)));
            }
        }),
    }
}

/// The folded form of `word`.
pub(crate) fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    word.chars().for_each(|c| fold_char(c, &mut out));
    out
}

/// The folded form of a run of characters, empty when the run is too long to be a word.
pub(crate) fn fold_chars(chars: &[char]) -> String {
    let mut out = String::new();
    if chars.len() <= LONGEST_WORD {
        chars.iter().for_each(|c| fold_char(*c, &mut out));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turkish_and_english_letters_fold_alike() {
        for word in ["İstanbul", "ISTANBUL", "ıstanbul", "istanbul", "I\u{307}stanbul"] {
            assert_eq!(fold(word), "istanbul", "{word}");
        }
        assert_eq!(fold("ÇÖĞÜŞ Iı"), "cogus ii");
        assert_eq!(fold("don’t"), "don't");
    }

    #[test]
    fn a_run_without_end_is_no_word() {
        assert_eq!(fold_chars(&['a'; LONGEST_WORD + 1]), "");
    }
}
