//! Folding of text: spelling variants of one word become one word.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// How many code points go by between two calls of `tick`.
const TICK_EVERY: usize = 1 << 16;

/// NFKD, drop Mn, lower case, NFKD, drop Mn, `ı` to `i`, each step on the whole text.
pub(crate) fn ascii_tr(text: &str, tick: &dyn Fn()) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower = strip(text, tick).to_lowercase();
    tick();
    let mut folded = strip(&lower, tick);
    if folded.contains('ı') {
        folded = folded.replace('ı', "i");
    }
    folded
}

/// Compatibility decomposition without non-spacing marks.
fn strip(text: &str, tick: &dyn Fn()) -> String {
    let mut stripped = String::with_capacity(text.len());
    for (i, c) in text.nfkd().enumerate() {
        if i % TICK_EVERY == TICK_EVERY - 1 {
            tick();
        }
        if c.is_ascii() || c.general_category() != GeneralCategory::NonspacingMark {
            stripped.push(c);
        }
    }
    stripped
}
