//! Turkish noun endings, as far as folded words show them.

use crate::lexicon::TR_BASE_NOUNS;

use super::Text;

/// The accusative, or a possessive that looks like it.
pub(crate) fn accusative(word: &str) -> bool {
    word.len() > 3
        && word.ends_with(['i', 'u'])
        && !matches!(
            word,
            "yeni"
                | "gibi"
                | "simdi"
                | "iki"
                | "yedi"
                | "kendi"
                | "eski"
                | "sadece"
                | "ayni"
                | "resmi"
                | "bu"
                | "su"
                | "aylik"
                | "hangi"
                | "haftalik"
        )
}

/// Dative, locative, ablative, instrumental.
pub(crate) fn oblique(word: &str) -> bool {
    word.len() > 3
        && ["a", "e", "da", "de", "dan", "den", "ta", "te", "tan", "ten", "la", "le", "ca", "ce"]
            .iter()
            .any(|s| word.ends_with(s))
        && !is_base(word)
}

/// A noun whose last vowel is no case ending.
pub(crate) fn is_base(word: &str) -> bool {
    TR_BASE_NOUNS.contains(word) || word.len() > 5 && (word.ends_with("ma") || word.ends_with("me"))
}

/// A third person possessive in the accusative.
pub(crate) fn possessive(word: &str) -> bool {
    word.len() > 4 && ["sini", "sunu", "ini", "unu", "larini", "lerini"].iter().any(|s| word.ends_with(s))
}

/// An owner stands before the object.
pub(crate) fn genitive(text: &Text<'_>, from: usize, object: usize) -> bool {
    (from..object).any(|i| {
        let word = text.fold(i);
        word.len() > 3
            && ["nin", "nun", "in", "un"].iter().any(|s| word.ends_with(s))
            && !matches!(word, "icin" | "butun" | "uzun" | "yarin" | "yakin" | "kesin" | "tahmin")
    })
}

/// The first letters of a noun, case and plural apart.
pub(crate) fn stem(word: &str) -> &str {
    let base = word.split('\'').next().unwrap_or(word);
    for suffix in [
        "larini", "lerini", "lari", "leri", "sini", "sunu", "nini", "ini", "unu", "yi", "yu", "ni", "nu",
        "i", "u",
    ] {
        if let Some(cut) = base.strip_suffix(suffix).filter(|c| c.len() >= 3) {
            return cut;
        }
    }
    base
}
