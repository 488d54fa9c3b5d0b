//! Parameters of Turkish segments: case endings say what a word is to its verb.

use crate::lexicon::{NUMBERS, TR_PARTICLES};
use crate::morph::{Form, read as read_form};
use crate::task::case::{accusative, is_base};
use crate::types::TaskType;

use super::spans::{FORMATS, Found, LANGUAGES};

/// Nouns of people; what is sent to them has a recipient, not a destination.
const PEOPLE: &[&str] = &[
    "ekib",
    "ekip",
    "musteri",
    "mudur",
    "calisan",
    "muhasebe",
    "patron",
    "bey",
    "hanim",
    "herkes",
    "personel",
    "uye",
    "arkadas",
    "avukat",
    "doktor",
    "hoca",
    "ogretmen",
    "ogrenci",
    "kullanici",
    "yonet",
    "sahib",
    "destek",
    "firma",
    "tedarikci",
    "kaynak",
    "aday",
    "misafir",
    "abone",
    "anne",
    "baba",
    "kardes",
    "temsilci",
    "sorumlu",
    "danisman",
    "editor",
    "isle",
    "birim",
    "departman",
    "yonetici",
    "bana",
    "bize",
    "ona",
    "onlara",
    "kendi",
    "komisyon",
    "kurul",
    "asistan",
];
/// Verbs that send.
const SENDING: &[&str] = &[
    "gonder", "ilet", "yolla", "bildir", "at", "ver", "yaz", "paylas", "soyle", "anlat", "sor", "goster",
    "haberle", "sun", "duyur", "hatirlat", "ac", "et", "aktar", "hazirla", "oku", "gecir",
];
const DAYS: &[&str] = &[
    "bugun",
    "yarin",
    "dun",
    "pazartesi",
    "sali",
    "carsamba",
    "persembe",
    "cuma",
    "cumartesi",
    "pazar",
    "haftaya",
    "hafta",
    "ay",
    "yil",
    "gun",
    "ocak",
    "subat",
    "mart",
    "nisan",
    "mayis",
    "haziran",
    "temmuz",
    "agustos",
    "eylul",
    "ekim",
    "kasim",
    "aralik",
];

pub(super) fn read(f: &mut Found<'_, '_>) {
    if let Some((a, b)) = f.draft.condition {
        let before = f.fold(b.wrapping_sub(1)) == "once";
        f.set(if before { "time" } else { "condition" }, a, b, false);
    }
    for i in f.first..f.last {
        if f.quoted(i) {
            f.set_inside("title", i);
            break;
        }
    }
    prohibition(f);
    let verb = f.draft.verb.unwrap_or(f.last);
    before_time(f, verb);
    times(f, verb);
    phrases(f, verb);
}

/// `sil ama son 7 güne dokunma`.
fn prohibition(f: &mut Found<'_, '_>) {
    if let Some(k) = (f.first..f.last)
        .find(|k| matches!(f.fold(*k), "ama" | "fakat" | "ancak") && f.draft.verb.is_some_and(|v| *k > v))
    {
        f.set("condition", k + 1, f.last, false);
    }
}

/// `toplantı başlamadan önce`.
fn before_time(f: &mut Found<'_, '_>, verb: usize) {
    for i in f.first..verb {
        let word = f.fold(i);
        if matches!(f.fold(i + 1), "once") && (word.ends_with("madan") || word.ends_with("meden")) {
            f.set("time", f.first, i + 2, false);
        }
    }
}

fn times(f: &mut Found<'_, '_>, verb: usize) {
    let mut i = f.first;
    while i < verb {
        if f.used(i) {
            i += 1;
            continue;
        }
        let word = f.fold(i);
        let base = word.split('\'').next().unwrap_or(word);
        let number = f.token(i).is_some_and(crate::token::Token::is_number);
        let date = number && base.matches(['.', '/', '-']).count() == 2;
        let clock = number
            && (base.contains(':')
                || base.contains('.') && base.len() <= 5 && f.fold(i.wrapping_sub(1)) != "yuzde");
        if date {
            f.set("date", i, i + 1, false);
        } else if clock || word == "saat" && f.token(i + 1).is_some_and(crate::token::Token::is_number) {
            let named = word == "saat";
            let daypart =
                i > f.first && !f.used(i - 1) && matches!(f.fold(i - 1), "aksam" | "sabah" | "ogle" | "gece");
            f.set("time", i - usize::from(daypart), i + 1 + usize::from(named), false);
            i += usize::from(named);
        } else if is_day(word) {
            let mut from = i;
            while from > f.first
                && !f.used(from - 1)
                && (matches!(f.fold(from - 1), "her" | "gelecek" | "onumuzdeki" | "bu" | "gecen")
                    || f.token(from - 1).is_some_and(crate::token::Token::is_number))
            {
                from -= 1;
            }
            let mut to = i + 1;
            while to < verb
                && (f.token(to).is_some_and(|t| t.is_number() && t.fold.len() == 4)
                    || matches!(
                        f.fold(to),
                        "tarihinde" | "gunu" | "gunune" | "kadar" | "sabahi" | "aksami" | "sonu" | "sonuna"
                    )
                    || is_day(f.fold(to)) && f.fold(to) != "gun")
            {
                to += 1;
            }
            // `Mart ayı satış raporu`, `gelecek ayın ödemesi`: part of the object.
            let inside = word.ends_with("nin")
                || word.ends_with("in") && word != "yarin"
                || word.ends_with("ki")
                || matches!(f.fold(to), "ayi" | "ayinin")
                || matches!(word, "gun" | "ay" | "yil" | "hafta" | "mart" | "ocak" | "gunu" | "ayi")
                    && from == i;
            let dated = !inside && to < verb + 1;
            if dated {
                f.set("date", from, to, false);
                if matches!(f.fold(to), "icin") {
                    f.skip(to, to + 1);
                }
            }
            i = to;
            continue;
        }
        i += 1;
    }
    for i in f.first..verb {
        if f.fold(i) == "icin" && i > f.first && f.used(i - 1) {
            f.skip(i, i + 1);
        }
    }
}

fn is_day(word: &str) -> bool {
    let base = word.split('\'').next().unwrap_or(word);
    DAYS.contains(&base)
        || ["a", "e", "ya", "ye", "da", "de", "ta", "te", "i", "u", "in", "nin", "ki", "yi"]
            .iter()
            .any(|s| base.strip_suffix(s).is_some_and(|b| b.len() > 3 && DAYS.contains(&b)))
}

fn languages(word: &str) -> bool {
    let base = word.split('\'').next().unwrap_or(word);
    LANGUAGES.contains(&base)
        || ["ye", "ya", "den", "dan", "yle", "yla"]
            .iter()
            .any(|s| base.strip_suffix(s).is_some_and(|b| LANGUAGES.contains(&b)))
}

fn formats(word: &str) -> bool {
    let base = word.split('\'').next().unwrap_or(word);
    FORMATS.contains(&base)
        || base.strip_suffix(['e', 'a']).is_some_and(|b| {
            FORMATS.contains(&b) || b.strip_suffix('y').is_some_and(|c| FORMATS.contains(&c))
        })
}

/// The dative, or none.
fn dative(word: &str) -> bool {
    word.len() > 3
        && !is_base(word)
        && word.ends_with(['a', 'e'])
        && !["da", "de", "ta", "te", "la", "le", "ca", "ce"].iter().any(|s| word.ends_with(s))
        || matches!(word, "bana" | "bize" | "ona" | "sana")
}

fn locative(word: &str) -> bool {
    word.len() > 3
        && !is_base(word)
        && ["da", "de", "ta", "te"].iter().any(|s| word.ends_with(s))
        && !matches!(word, "tarihinde")
}

fn phrases(f: &mut Found<'_, '_>, verb: usize) {
    let key = if f.draft.kind == Some(TaskType::Search) { "query" } else { "target" };
    // `PDF olarak`
    for i in f.first..verb {
        if f.fold(i + 1) == "olarak"
            && f.free(i)
            && !matches!(f.fold(i), "ilk" | "son" | "otomatik" | "acil" | "ek" | "detayli")
        {
            f.set("format", i, i + 1, false);
            f.skip(i + 1, i + 2);
        }
    }
    // What `-a göre` and `-e kadar` measure by is no destination.
    for i in f.first..verb {
        if matches!(f.fold(i + 1), "gore" | "dogru" | "ragmen") {
            f.skip(i, i + 2);
        }
    }
    let light = verb > f.first
        && f.draft.verb.is_some()
        && crate::task::turkish::compound(f.fold(verb - 1), &f.draft.lemma).is_some()
        && crate::lexicon::TR_COMPOUNDS.contains_key(f.fold(verb - 1))
        && !f.used(verb - 1)
        && f.draft.kind != Some(TaskType::Create);
    let mut end = if light { verb - 1 } else { verb };
    if f.draft.kind == Some(TaskType::Summarize)
        && verb > f.first
        && f.fold(verb - 1).starts_with("ozet")
        && end == verb
    {
        end = verb - 1;
    }
    while end > f.first
        && matches!(
            f.fold(end - 1),
            "yeniden"
                | "tekrar"
                | "hemen"
                | "acilen"
                | "kisaca"
                | "ayaga"
                | "geri"
                | "otomatik"
                | "disa"
                | "ice"
                | "da"
                | "de"
        )
    {
        end -= 1;
    }
    // From the verb backwards: runs of free tokens that end in a case.
    let mut stop = end;
    while stop > f.first {
        let i = stop - 1;
        if !f.free(i) {
            stop = i;
            continue;
        }
        let word = f.fold(i);
        if matches!(word, "icin" | "gore" | "ile" | "hakkinda" | "konusunda" | "kadar" | "olarak" | "uzere")
            || TR_PARTICLES.contains(word)
        {
            let from = start_of(f, i);
            match word {
                "icin"
                    if (from..i).any(|k| {
                        PEOPLE.iter().any(|p| f.fold(k).starts_with(p)) || f.fold(k) == "stajyer"
                    }) =>
                {
                    f.set("recipient", from, i, false)
                }
                "hakkinda" | "konusunda" => f.set(key, from, i, false),
                _ => {}
            }
            f.skip(from, i + 1);
            stop = from;
            continue;
        }
        let object = !f.has(key)
            && (accusative(word)
                || stop == end
                    && !dative(word)
                    && !locative(word)
                    && !word.ends_with("dan")
                    && !word.ends_with("den")
                    && !word.ends_with("yla")
                    && !word.ends_with("yle"));
        if word == "bana" || word == "bize" || word == "ona" || word == "onlara" {
            f.set("recipient", i, i + 1, false);
            stop = i;
        } else if object {
            let from = start_of(f, i);
            counts(f, from, i);
            f.set(key, from, i + 1, false);
            stop = from;
        } else if dative(word) {
            let from = start_of(f, i);
            let person = (from..=i).any(|k| PEOPLE.iter().any(|p| f.fold(k).starts_with(p)));
            let name = f.token(i).is_some_and(|t| t.capital && t.fold.contains('\''));
            if languages(word) {
                f.set("language", i, i + 1, false);
                stop = i;
            } else if formats(word) {
                f.set("format", i, i + 1, false);
                stop = i;
            } else if (person || name && f.draft.kind == Some(TaskType::Execute) && f.draft.lemma != "tasi")
                && SENDING.contains(&f.draft.lemma.as_str())
            {
                f.set("recipient", from, i + 1, false);
                stop = from;
            } else {
                f.set("destination", from, i + 1, false);
                stop = from;
            }
        } else if word.ends_with("daki")
            || word.ends_with("deki")
            || word.ends_with("taki")
            || word.ends_with("teki")
        {
            let from = start_of(f, i);
            f.set("source", from, i + 1, false);
            stop = from;
        } else if locative(word)
            && (matches!(f.draft.lemma.as_str(), "yayinla" | "paylas" | "ara" | "bul" | "yap" | "arastir"))
        {
            let from = start_of(f, i);
            f.set(
                if f.draft.kind == Some(TaskType::Search) { "source" } else { "destination" },
                from,
                i + 1,
                false,
            );
            stop = from;
        } else if (word.ends_with("dan")
            || word.ends_with("den")
            || word.ends_with("tan")
            || word.ends_with("ten"))
            && word.len() > 4
        {
            let from = start_of(f, i);
            f.set("source", from, i + 1, false);
            stop = from;
        } else if matches!(f.draft.lemma.as_str(), "paylas")
            && (word.ends_with("yla")
                || word.ends_with("yle")
                || word.ends_with("le")
                || word.ends_with("la"))
        {
            let from = start_of(f, i);
            f.set("recipient", from, i + 1, false);
            stop = from;
        } else {
            stop = i;
        }
    }
}

/// Where the phrase that ends at `i` begins: after the last word with a case of its own.
fn start_of(f: &Found<'_, '_>, i: usize) -> usize {
    let mut from = i;
    while from > f.first {
        let k = from - 1;
        let word = f.fold(k);
        let bare_dative =
            dative(f.fold(i)) && !["ina", "ine", "una", "une"].iter().any(|s| f.fold(i).ends_with(s));
        let converb = read_form(word).is_some_and(|r| {
            matches!(r.form, Form::Adverb | Form::Ip | Form::Inca | Form::Condition | Form::Diktan)
        });
        // The only word in the accusative is the object, whatever stands after it.
        let lone = dative(f.fold(i))
            && accusative(word)
            && !(k.saturating_sub(12).max(f.first)..k).any(|j| f.free(j) && accusative(f.fold(j)));
        let closed = !f.free(k)
            || lone
            || converb
            || accusative(word)
                && (bare_dative || dative(f.fold(i)) && (word.ends_with("yi") || word.ends_with("yu")))
            || matches!(
                word,
                "icin" | "gore" | "ile" | "hakkinda" | "kadar" | "olarak" | "bana" | "bize" | "yeniden"
            )
            || dative(word) && word.contains('\'')
            || dative(word)
                && word.len() > 4
                && ["ina", "ine", "una", "une", "ye", "ya", "lara", "lere"].iter().any(|s| word.ends_with(s))
            || accusative(word)
                && (word.ends_with("sini")
                    || word.ends_with("larini")
                    || word.ends_with("lerini")
                    || word.ends_with("ini"))
            || word.contains('\'')
                && (word.ends_with("'da")
                    || word.ends_with("'de")
                    || word.ends_with("'ta")
                    || word.ends_with("'te"))
            || ["daki", "deki", "taki", "teki"].iter().any(|s| word.ends_with(s))
                && word.len() > 6
                && f.token(k).is_some_and(|t| t.end > t.start + 8)
                && k > f.first;
        if closed {
            break;
        }
        from = k;
    }
    from
}

fn counts(f: &mut Found<'_, '_>, from: usize, to: usize) {
    for i in from..to {
        let word = f.fold(i);
        let digits = !word.is_empty() && word.len() < 5 && word.bytes().all(|b| b.is_ascii_digit());
        let named = NUMBERS.contains(word) && word != "bir" && word != "on";
        if (digits || named) && !matches!(f.fold(i.wrapping_sub(1)), "yuzde" | "numara" | "no" | "numarasi") {
            f.set("count", i, i + 1, true);
            return;
        }
    }
}
