//! Uses of results in Turkish segments.

use crate::lexicon::words::Order;
use crate::lexicon::{NUMBERS, TR_COMPOUNDS};
use crate::morph::{Form, read};
use crate::task::case::{accusative, genitive, oblique, possessive, stem};
use crate::task::kinds::tr_time;
use crate::task::turkish::compound;
use crate::task::{Draft, Text};
use crate::types::TaskType;

use super::{Use, latest};

const PRONOUNS: &[&str] = &[
    "onu",
    "onlari",
    "bunu",
    "bunlari",
    "bunlar",
    "sunu",
    "sunlari",
    "hepsini",
    "tumunu",
    "ikisini",
    "birini",
    "biri",
    "bununla",
    "onunla",
    "bunlarla",
    "onlarla",
    "buna",
    "bunlara",
    "bunun",
    "onun",
    "bunlarin",
    "onlarin",
    "icindeki",
    "iclerindeki",
    "iclerinden",
    "icinden",
    "aralarindan",
    "gerisini",
    "kalanini",
    "kalanlari",
    "digerlerini",
    "tanesini",
    "tekini",
    "bundan",
    "bunlardan",
    "ondan",
    "onlardan",
    "birine",
    "hepsi",
    "hepsine",
    "kendisini",
    "olanlari",
    "olanlar",
    "olanini",
    "olani",
    "olanlara",
    "bunda",
    "orada",
    "oradan",
    "oraya",
];

const RESULTS: &[&str] = &[
    "sonuc",
    "bulgu",
    "cikti",
    "fark",
    "ozet",
    "degisiklik",
    "toplam",
    "ortalama",
    "hata",
    "eslesme",
    "yanit",
    "cevap",
    "dekont",
    "cikan",
    "tekrar",
    "eksik",
    "secenek",
    "kopya",
    "baglanti",
    "rapor",
    "tablo",
    "liste",
    "dosya",
    "grafik",
    "taslak",
    "icerik",
    "icerig",
    "metn",
    "baslik",
    "analiz",
    "karsilastirma",
    "uyari",
    "oneri",
];

/// Attributes of a thing that an earlier segment found.
const ATTRIBUTES: &[&str] = &[
    "tarih",
    "boyut",
    "adi",
    "baslig",
    "fiyat",
    "sayisi",
    "suresi",
    "durum",
    "ozet",
    "iceri",
    "ortalama",
    "toplam",
    "sonuc",
    "ad",
    "adres",
    "numara",
    "telefon",
    "maliyet",
    "malzeme",
    "surum",
    "yazar",
    "kapak",
    "imza",
    "kopya",
    "link",
    "baglanti",
    "yorum",
    "puan",
    "renk",
    "konum",
    "sahib",
    "kapasite",
    "detay",
    "ayrinti",
    "ozellik",
    "degisiklik",
    "fikr",
    "yazim",
    "hata",
    "bitis",
    "baslangic",
    "metin",
    "dili",
    "rengi",
];

/// Stems that need no object.
const WITHOUT_OBJECT: &[&str] = &[
    "baglan",
    "gir",
    "cik",
    "konus",
    "gorus",
    "bak",
    "basvur",
    "git",
    "gel",
    "bekle",
    "devam",
    "cevapla",
    "gec",
    "don",
    "kalk",
    "dur",
    "ol",
    "katil",
    "ara",
    "sor",
    "uyar",
    "bilgilendir",
];

/// How segment `n` uses earlier ones, and which.
pub(crate) fn uses(text: &Text<'_>, drafts: &[Draft], n: usize, chained: bool) -> (Use, Option<usize>) {
    let (Some(draft), Some(before)) = (drafts.get(n), n.checked_sub(1).and_then(|p| drafts.get(p))) else {
        return (Use::None, None);
    };
    let Some(verb) = draft.verb else {
        return (Use::None, None);
    };
    let from = draft.first.max(verb.saturating_sub(60));
    for i in from..verb {
        let word = text.fold(i);
        if PRONOUNS.contains(&word) && !(word == "onun" && i + 1 == verb) {
            return (Use::Refers, None);
        }
    }
    // What is done on a condition waits for the check before it.
    if draft.condition.is_some_and(|(a, b)| a < verb && text.fold(b.wrapping_sub(1)) != "once")
        && matches!(before.kind, Some(TaskType::Analyze | TaskType::Search))
        && draft.item == 0
    {
        return (Use::Names, None);
    }
    let noun = if verb > from { text.fold(verb - 1) } else { "" };
    let part = compound(noun, &draft.lemma).is_some() && compound_noun(noun);
    // The object: the word before the verb, or before the noun of a compound verb.
    let object_end = if part && !possessive(noun) { verb.saturating_sub(1) } else { verb };
    let has_object = part && possessive(noun)
        || (from..object_end).any(|i| is_object(text, i, i + 1 == object_end))
        || draft.last > verb + 2
        || draft.condition.is_some() && draft.condition.is_none_or(|c| c.1 >= verb);
    let transitive =
        !WITHOUT_OBJECT.contains(&draft.lemma.as_str()) && !draft.question && draft.confidence > 0.1;
    let needs = !part
        || matches!(draft.kind, Some(TaskType::Analyze | TaskType::Transform))
        || matches!(
            noun,
            "kontrol" | "teyit" | "iptal" | "deploy" | "download" | "upload" | "paylas" | "test"
        );
    if transitive && needs && !has_object && !light_noun(noun, &draft.lemma) {
        return (Use::Refers, None);
    }
    // `sayımda eksik çıkan ürünleri`: a place or a source that the segment before named.
    let place = (from..verb).find(|i| {
        let w = text.fold(*i);
        let root = ["dan", "den", "tan", "ten", "da", "de", "ta", "te", "daki", "deki"]
            .iter()
            .find_map(|s| w.strip_suffix(s));
        root.is_some_and(|r| r.len() >= 4 && !w.contains('\'') && mentions(text, before, r))
            && (*i == from || accusative(text.fold(i - 1)))
    });
    if place.is_some() {
        return (Use::Names, None);
    }
    let object = (from..object_end).rev().find(|i| is_object(text, *i, i + 1 == object_end));
    let Some(object) = object else {
        return (Use::None, None);
    };
    let word = text.fold(object);
    let modifiers = phrase_words(text, from, object);
    // Partitives: `geç kalanları`, `en ucuz üç seçeneği`, `ilk 20 satırı`.
    let relative = read(word).is_some_and(|r| r.form == Form::Relative)
        || word.ends_with("anlari")
        || word.ends_with("enleri")
        || word.ends_with("lileri");
    if relative && word.len() > 5 {
        return (Use::Picks, None);
    }
    let picks = (from..object).any(|i| {
        let (w, next) = (text.fold(i), text.fold(i + 1));
        w == "en" && next != "son"
            || matches!(w, "ilk" | "son")
                && (NUMBERS.contains(next)
                    || text.tokens.get(i + 1).is_some_and(crate::token::Token::is_number))
    });
    if picks && draft.item == 0 && !genitive(text, from, object) {
        return (Use::Picks, None);
    }
    let root = stem(word);
    if root.len() >= 3
        && accusative(word)
        && let Some(k) = latest(n, |k| {
            drafts.get(k).is_some_and(|d| mentions(text, d, root) && !(modifiers > 1 && d.verb.is_none()))
        })
        && (modifiers == 0
            || RESULTS.iter().any(|r| word.starts_with(r)) && modifiers < 2 && !genitive(text, from, object))
    {
        return (Use::Names, Some(k));
    }
    if modifiers == 0 && RESULTS.iter().any(|r| word.starts_with(r)) && accusative(word) {
        return (Use::Names, None);
    }
    if apart(text, draft) {
        return (Use::None, None);
    }
    // An attribute whose owner is not said: `boyutunu küçült`, `bitiş tarihini kontrol et`.
    let source = matches!(
        before.kind,
        Some(
            TaskType::Search
                | TaskType::Create
                | TaskType::Open
                | TaskType::Transform
                | TaskType::Execute
                | TaskType::Summarize
        )
    );
    if possessive(word)
        && !word.contains('\'')
        && !genitive(text, from, object)
        && source
        && draft.item == 0
        && (modifiers == 0
            || ATTRIBUTES.iter().any(|a| word.starts_with(a))
                && modifiers == 1
                && !proper(text, from, object))
    {
        return (Use::Names, None);
    }
    if draft.item > 0 {
        return (Use::None, None);
    }
    let informs = (matches!(before.kind, Some(TaskType::Search | TaskType::Analyze | TaskType::Summarize))
        || chained && before.kind == Some(TaskType::Transform))
        && !before.question;
    if draft.kind == Some(TaskType::Create) && informs && (!accusative(word) || text.fold(from) == "bir") {
        return (Use::Makes, None);
    }
    // `bulup formülleri gözden geçir`: a bare definite plural right after a source.
    let plural = word.ends_with("lari") || word.ends_with("leri");
    let joined = matches!(draft.order, Order::None | Order::Next);
    let converb = matches!(draft.connector, Some(crate::task::Connector::Suffix(_)));
    if joined
        && modifiers == 0
        && accusative(word)
        && (plural
            && matches!(
                before.kind,
                Some(TaskType::Search | TaskType::Analyze | TaskType::Transform | TaskType::Open)
            )
            || converb && matches!(before.kind, Some(TaskType::Search | TaskType::Create)))
    {
        return (Use::Names, None);
    }
    (Use::None, None)
}

fn apart(text: &Text<'_>, draft: &Draft) -> bool {
    (draft.first.saturating_sub(3)..draft.first)
        .any(|i| matches!(text.fold(i), "ayrica" | "ek" | "ustelik" | "dahasi" | "ilaveten"))
}

/// A noun that makes a verb with a light verb, without case.
fn compound_noun(noun: &str) -> bool {
    TR_COMPOUNDS.contains_key(noun) || possessive(noun)
}

/// `haber ver`, `arama yap`: the noun is the verb's own.
fn light_noun(noun: &str, stem: &str) -> bool {
    matches!((noun, stem), ("haber" | "bilgi" | "not" | "mail" | "mesaj" | "sms" | "arama", _))
        && stem != "et"
}

fn is_object(text: &Text<'_>, i: usize, adjacent: bool) -> bool {
    let Some(token) = text.tokens.get(i) else {
        return false;
    };
    if !token.is_word() {
        return token.is_text();
    }
    let word = token.fold.as_str();
    if word.is_empty()
        || tr_time(Some(token))
        || matches!(
            word,
            "yeniden"
                | "tekrar"
                | "hemen"
                | "olarak"
                | "icin"
                | "gore"
                | "kadar"
                | "da"
                | "de"
                | "once"
                | "sonra"
                | "ile"
                | "birlikte"
                | "ilk"
                | "acil"
                | "kisaca"
                | "ayri"
                | "tek"
                | "hizlica"
                | "detayli"
                | "tamamen"
                | "otomatik"
                | "acilen"
                | "bana"
                | "bize"
                | "geri"
                | "dogru"
                | "ayaga"
                | "devreye"
                | "yayina"
                | "iyice"
                | "sonunda"
                | "artik"
        )
    {
        return false;
    }
    let adjective = ["ci", "cu", "li", "lu", "ki"].iter().any(|s| word.ends_with(s));
    accusative(word) && (adjacent || !adjective) || adjacent && !oblique(word)
}

fn proper(text: &Text<'_>, from: usize, object: usize) -> bool {
    (from..object).any(|i| i > from && text.tokens.get(i).is_some_and(|t| t.capital))
}

/// Words of the object's phrase before its head that describe it.
fn phrase_words(text: &Text<'_>, from: usize, object: usize) -> usize {
    (from..object)
        .rev()
        .take_while(|i| {
            let word = text.fold(*i);
            let postposition =
                matches!(word, "gore" | "icin" | "ile" | "olarak" | "kadar" | "hakkinda" | "sonra" | "once");
            !postposition
                && !oblique(word)
                && !tr_time(text.tokens.get(*i))
                && text.tokens.get(*i).is_some_and(crate::token::Token::is_text)
        })
        .filter(|i| {
            !matches!(
                text.fold(*i),
                "bir" | "bu" | "su" | "o" | "da" | "de" | "tum" | "butun" | "ilk" | "son" | "tek"
            )
        })
        .take(8)
        .count()
}

fn mentions(text: &Text<'_>, draft: &Draft, root: &str) -> bool {
    let short = root.get(..root.len().min(6)).unwrap_or(root);
    let short = short.strip_suffix(['k', 'g']).filter(|s| s.len() >= 4).unwrap_or(short);
    (draft.first..draft.last.min(draft.first + 60)).any(|i| {
        let word = text.fold(i);
        word.starts_with(short) && (short.len() >= 4 || word.len() <= short.len() + 4)
    })
}
