//! The requested result decides where a verb fits two types.

use std::sync::LazyLock;

use crate::language::Language;
use crate::lexicon::en::RESULT_NOUNS;
use crate::lexicon::{
    EN_ARRANGING, EN_EVENTS, EN_LIGHT, EN_OPENED_NEW, EN_PREPOSITIONS, EN_TIME, EN_VERBS, TR_ARRANGING,
    TR_EVENTS, TR_TIME, Words, words,
};
use crate::token::Token;
use crate::types::TaskType;

use super::{Draft, Text};

/// Things that `aç` turns on.
const SWITCHED: &str = "mod isig lamb klima televizyon isitici kombi motor bildirim wifi bluetooth servis sunucu muzig muzik vana alarm fan hoparlor kamera ozellig";
/// People and places that `ara` phones.
const PHONED: &str = "musteri doktor anne baba banka ofis servis tedarikci avukat mudur hoca usta sekreter numara kurye taksi otel restoran polis itfaiye hastane eczane ev kardes abla abi es komsu sirket firma cagri destek bayi \
    yetkili temsilci danisma ekib patron adam kadin arkadas noter muhasebeci emlakci kargo";

static SWITCHED_STEMS: LazyLock<Words> = LazyLock::new(|| words(SWITCHED));
static PHONED_STEMS: LazyLock<Words> = LazyLock::new(|| words(PHONED));

fn begins(set: &Words, word: &str) -> bool {
    (2..=word.len().min(12)).any(|n| word.get(..n).is_some_and(|p| set.contains(p)))
}

/// Adjusts the type by the object.
pub(crate) fn refine(text: &Text<'_>, draft: &mut Draft, language: Language) {
    let Some(verb) = draft.verb else { return };
    match language {
        Language::Turkish => turkish(text, draft, verb),
        _ => english(text, draft, verb),
    }
}

fn set(draft: &mut Draft, kind: TaskType) {
    draft.kind = Some(kind);
    draft.confidence = draft.confidence.max(0.8);
}

fn english(text: &Text<'_>, draft: &mut Draft, verb: usize) {
    let end = draft.last.min(verb + 40);
    let fold = |i: usize| if i < end { text.fold(i) } else { "" };
    let lemma = draft.lemma.clone();
    let next = fold(verb + 1);
    if lemma == "want" {
        inner_wish(text, draft, verb, end);
        return;
    }
    let head = object_head(text, verb + 1, end);
    let definite = matches!(next, "the" | "this" | "that" | "my" | "our" | "your" | "these" | "those")
        || next.ends_with("'s");
    if lemma == "open"
        && draft.kind == Some(TaskType::Create)
        && (definite || !EN_OPENED_NEW.contains(fold(head)))
    {
        set(draft, TaskType::Open);
    }
    let timed = (verb + 1..end).any(|i| is_time(text, i));
    if EN_ARRANGING.contains(&lemma) && EN_EVENTS.contains(fold(head)) && timed {
        set(draft, TaskType::Schedule);
        return;
    }
    let arranged = (verb..end).any(|i| fold(i) == "calendar")
        && matches!(lemma.as_str(), "add" | "put" | "enter" | "place" | "create" | "save" | "drop");
    if arranged {
        set(draft, TaskType::Schedule);
        return;
    }
    if EN_LIGHT.contains(&lemma) {
        let noun = fold(head);
        let making = !matches!(lemma.as_str(), "make" | "do" | "perform" | "conduct");
        for (kind, list) in RESULT_NOUNS {
            let narrow = making && !matches!(kind, TaskType::Summarize | TaskType::Schedule);
            if !narrow && list.split(' ').any(|n| n == noun) {
                set(draft, *kind);
                return;
            }
        }
        if lemma == "make" && matches!(next, "it" | "them" | "this" | "that") {
            set(draft, TaskType::Transform);
        }
        if lemma == "give" && matches!(next, "me" | "us") && draft.kind == Some(TaskType::Execute) {
            draft.kind = Some(TaskType::Search);
            draft.confidence = 0.5;
        }
        if lemma == "set" && timed && EN_EVENTS.contains(noun) {
            set(draft, TaskType::Schedule);
        }
    }
    if lemma == "reorder"
        && (verb + 1..end).any(|i| {
            matches!(
                fold(i),
                "columns"
                    | "column"
                    | "list"
                    | "rows"
                    | "items"
                    | "pages"
                    | "slides"
                    | "fields"
                    | "sections"
                    | "paragraphs"
            )
        })
    {
        set(draft, TaskType::Transform);
    }
    if matches!(lemma.as_str(), "move" | "push" | "shift" | "bring" | "delay")
        && timed
        && (verb + 1..end).any(|i| EN_EVENTS.contains(fold(i)))
    {
        set(draft, TaskType::Schedule);
    }
}

/// `i want to see X`, `i need a table`: the verb inside decides.
fn inner_wish(text: &Text<'_>, draft: &mut Draft, verb: usize, end: usize) {
    for i in verb + 1..end.min(verb + 8) {
        if text.fold(i) == "to"
            && let Some(entry) = EN_VERBS.get(text.fold(i + 1))
        {
            draft.kind = Some(entry.kind);
            draft.confidence = 0.7;
            return;
        }
    }
}

/// The last word of the noun phrase that begins at `from`.
pub(crate) fn object_head(text: &Text<'_>, from: usize, end: usize) -> usize {
    let mut head = from;
    for i in from..end {
        let Some(token) = text.tokens.get(i) else { break };
        let word = token.fold.as_str();
        if !token.is_text()
            || matches!(word, "and" | "or" | "that" | "which" | "who")
            || EN_PREPOSITIONS.contains(word) && i > from
        {
            break;
        }
        let time = i > from
            && !word.ends_with("'s")
            && is_time(text, i)
            && !matches!(word, "first" | "last" | "next" | "day" | "month" | "week" | "year" | "the");
        if time {
            break;
        }
        head = i;
    }
    head
}

fn is_time(text: &Text<'_>, i: usize) -> bool {
    let word = text.fold(i);
    if word.is_empty() {
        return false;
    }
    let clock = word.contains(':') && word.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let named = EN_TIME.contains(word)
        && !matches!(
            word,
            "on" | "in"
                | "by"
                | "at"
                | "every"
                | "each"
                | "of"
                | "the"
                | "first"
                | "last"
                | "next"
                | "from"
                | "end"
                | "may"
                | "thing"
                | "later"
                | "day"
                | "quarter"
                | "month"
                | "this"
                | "year"
                | "now"
                | "am"
                | "yesterday"
        );
    let span = matches!(word, "month" | "year" | "day" | "quarter")
        && matches!(text.fold(i.wrapping_sub(1)), "next" | "this" | "every" | "each");
    clock
        || named
        || span
        || word.len() > 2
            && (word.ends_with("pm") || word.ends_with("am"))
            && word.bytes().next().is_some_and(|b| b.is_ascii_digit())
}

fn turkish(text: &Text<'_>, draft: &mut Draft, verb: usize) {
    let stem = draft.lemma.clone();
    let before = if verb > draft.first { text.fold(verb - 1) } else { "" };
    let body = draft.first..verb;
    match stem.as_str() {
        "ac" if draft.kind == Some(TaskType::Open) && begins(&SWITCHED_STEMS, before) => {
            set(draft, TaskType::Execute)
        }
        "ara"
            if before == "telefonla"
                || (before.contains('\'') && named_object(before))
                || begins(&PHONED_STEMS, before) && before.ends_with(['i', 'u']) =>
        {
            set(draft, TaskType::Execute);
        }
        "ver"
            if before == "bilgi"
                && body.clone().any(|i| matches!(text.fold(i), "hakkinda" | "ilgili" | "konusunda")) =>
        {
            set(draft, TaskType::Search)
        }
        "aktar" if before == "disa" => set(draft, TaskType::Transform),
        "indir" if body.clone().any(|i| text.fold(i).starts_with("fiyat") || text.fold(i) == "yuzde") => {
            set(draft, TaskType::Transform)
        }
        "ekle" | "koy" | "yaz" | "gir" | "isle" | "kaydet" | "al"
            if body.clone().any(|i| {
                ["takvim", "ajanda"].iter().any(|c| text.fold(i).starts_with(c))
                    && text.fold(i).ends_with(['e', 'a'])
            }) =>
        {
            set(draft, TaskType::Schedule);
        }
        _ => {}
    }
    let event =
        TR_EVENTS.contains(before) || before.strip_suffix("si").is_some_and(|b| TR_EVENTS.contains(b));
    let timed = body.clone().any(|i| tr_time(text.tokens.get(i)));
    if TR_ARRANGING.contains(&stem)
        && (event && (timed || matches!(stem.as_str(), "ayarla" | "koy" | "organize"))
            || timed && body.clone().any(|i| TR_EVENTS.contains(text.fold(i))))
    {
        set(draft, TaskType::Schedule);
    }
    if stem == "hazirla" && event && timed {
        set(draft, TaskType::Schedule);
    }
}

fn named_object(word: &str) -> bool {
    ["'i", "'u", "'yi", "'yu"].iter().any(|s| word.ends_with(s))
}

/// A Turkish word of time, with its case endings.
pub(crate) fn tr_time(token: Option<&Token>) -> bool {
    let Some(token) = token else { return false };
    let word = token.fold.as_str();
    if word.is_empty() || matches!(word, "her" | "gecen" | "sonu") {
        return false;
    }
    let clock = token.is_number() && (word.contains(':') || word.contains('.') && word.len() <= 10);
    let base = word.split('\'').next().unwrap_or(word);
    clock
        || TR_TIME.contains(base)
        || [
            "ya", "ye", "yi", "a", "e", "i", "u", "ki", "den", "dan", "te", "ta", "de", "da", "leyin",
            "lari", "leri",
        ]
        .iter()
        .any(|s| base.len() > s.len() + 3 && base.strip_suffix(s).is_some_and(|b| TR_TIME.contains(b)))
}
