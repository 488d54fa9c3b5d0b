//! Words: verbs by type and language, connectors, fillers. The tables are plain data; this module folds
//! and indexes them once.

pub(crate) mod en;
pub(crate) mod tr;
pub(crate) mod words;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::fold::fold;
use crate::types::TaskType;

/// How readily a word that may be a verb is taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    /// A verb almost always.
    None,
    /// A noun as often (`?` in the tables).
    Some,
    /// A noun more often (`!` in the tables).
    Much,
}

/// A verb of the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verb {
    pub kind: TaskType,
    pub doubt: Doubt,
}

/// A set of folded words.
pub(crate) type Words = HashSet<String>;

/// The folded words of a table.
pub(crate) fn words(table: &str) -> Words {
    table.split_whitespace().map(fold).collect()
}

fn verbs(table: &[(TaskType, &str)]) -> HashMap<String, Verb> {
    let mut map = HashMap::new();
    for (kind, list) in table {
        for word in list.split_whitespace() {
            let (word, doubt) = match word.strip_suffix('!') {
                Some(w) => (w, Doubt::Much),
                None => word.strip_suffix('?').map_or((word, Doubt::None), |w| (w, Doubt::Some)),
            };
            map.entry(fold(word)).or_insert(Verb { kind: *kind, doubt });
        }
    }
    map
}

/// English verbs by base form.
pub(crate) static EN_VERBS: LazyLock<HashMap<String, Verb>> = LazyLock::new(|| verbs(en::VERBS));

/// The type of a phrasal verb and the words after its first.
type Continuation = (TaskType, Vec<String>);

/// English phrasal verbs by their first word: the type and the following words.
pub(crate) static EN_PHRASES: LazyLock<HashMap<String, Vec<Continuation>>> = LazyLock::new(|| {
    let mut map: HashMap<String, Vec<Continuation>> = HashMap::new();
    for (kind, list) in en::PHRASES {
        for phrase in list.split('|') {
            let mut parts = phrase.split_whitespace().map(str::to_owned);
            if let Some(first) = parts.next() {
                map.entry(first).or_default().push((*kind, parts.collect()));
            }
        }
    }
    // Longer phrases first, so that `give _ key points` is not hidden by a shorter one.
    for list in map.values_mut() {
        list.sort_by_key(|(_, rest)| std::cmp::Reverse(rest.len()));
    }
    map
});

/// English inflected forms (`-ing`, `-ed`, `-s`, irregular) of the verbs, with the base.
pub(crate) static EN_FORMS: LazyLock<HashMap<String, (String, EnForm)>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    let phrase_heads = EN_PHRASES.keys().cloned();
    for base in EN_VERBS.keys().cloned().chain(phrase_heads) {
        for (form, kind) in inflect(&base) {
            if !EN_VERBS.contains_key(&form) {
                map.entry(form).or_insert((base.clone(), kind));
            }
        }
    }
    for (form, base) in en::IRREGULAR {
        map.insert((*form).to_owned(), ((*base).to_owned(), EnForm::Past));
    }
    map
});

/// An inflected English form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnForm {
    Ing,
    Past,
    Third,
}

fn inflect(base: &str) -> Vec<(String, EnForm)> {
    let bytes = base.as_bytes();
    let vowel = |i: usize| {
        bytes.len().checked_sub(i).and_then(|k| bytes.get(k)).is_some_and(|b| b"aeiou".contains(b))
    };
    let last = base.chars().last().unwrap_or('e');
    let mut out = Vec::new();
    let stem_e = base.strip_suffix('e');
    let stem_y = base.strip_suffix('y').filter(|_| !vowel(2));
    out.push((stem_e.map_or_else(|| format!("{base}ing"), |s| format!("{s}ing")), EnForm::Ing));
    out.push(match (stem_e, stem_y) {
        (Some(s), _) => (format!("{s}ed"), EnForm::Past),
        (_, Some(s)) => (format!("{s}ied"), EnForm::Past),
        _ => (format!("{base}ed"), EnForm::Past),
    });
    if base.ends_with("see") || base.ends_with("ee") {
        out.push((format!("{base}ing"), EnForm::Ing));
    }
    // Stopped, planning: both spellings are taken, one of them is no word.
    if !vowel(1) && vowel(2) && !vowel(3) && !"wxy".contains(last) {
        out.push((format!("{base}{last}ing"), EnForm::Ing));
        out.push((format!("{base}{last}ed"), EnForm::Past));
    }
    out.push(match stem_y {
        Some(s) => (format!("{s}ies"), EnForm::Third),
        None if base.ends_with(['s', 'x', 'z']) || base.ends_with("ch") || base.ends_with("sh") => {
            (format!("{base}es"), EnForm::Third)
        }
        None => (format!("{base}s"), EnForm::Third),
    });
    out
}

/// Turkish verbs by stem.
pub(crate) static TR_STEMS: LazyLock<HashMap<String, Verb>> = LazyLock::new(|| verbs(tr::STEMS));

/// Turkish compounds: noun → (light verbs, type).
pub(crate) static TR_COMPOUNDS: LazyLock<HashMap<String, Vec<(Words, TaskType)>>> = LazyLock::new(|| {
    let mut map: HashMap<String, Vec<(Words, TaskType)>> = HashMap::new();
    // The types whose nouns say more come first: a summary is a summary with any light verb.
    let order = [TaskType::Summarize, TaskType::Schedule, TaskType::Create];
    let rank = |t: &TaskType| order.iter().position(|o| o == t).unwrap_or(order.len());
    let mut rows: Vec<_> = tr::COMPOUNDS.iter().collect();
    rows.sort_by_key(|(kind, _, _)| rank(kind));
    for (kind, lights, nouns) in rows {
        let lights: Words = lights.split('|').map(fold).collect();
        for noun in nouns.split_whitespace() {
            map.entry(fold(noun)).or_default().push((lights.clone(), *kind));
        }
    }
    map
});

/// A table of words, folded once.
macro_rules! word_set {
    ($($(#[$doc:meta])* $name:ident = $table:expr;)*) => {
        $($(#[$doc])* pub(crate) static $name: LazyLock<Words> = LazyLock::new(|| words($table));)*
    };
}

word_set! {
    /// Turkish verbs without an object.
    TR_HAPPENS = tr::HAPPENS;
    /// Turkish look-alikes of verb forms.
    TR_NOT_VERBS = tr::NOT_VERBS;
    /// Turkish nouns that look like datives.
    TR_BASE_NOUNS = tr::BASE_NOUNS;
    /// Turkish events.
    TR_EVENTS = tr::EVENTS;
    /// Turkish verbs that plan or create an event.
    TR_ARRANGING = tr::ARRANGING;
    /// Turkish light verbs for any noun.
    TR_LIGHT = tr::LIGHT;
    /// English events.
    EN_EVENTS = en::EVENTS;
    /// English verbs that plan or create an event.
    EN_ARRANGING = en::ARRANGING;
    /// English light verbs.
    EN_LIGHT = en::LIGHT;
    /// Things that are new when opened.
    EN_OPENED_NEW = en::OPENED_NEW;
    /// English determiners and pronouns that begin an object.
    EN_OBJECT_START = words::EN_OBJECT_START;
    /// English prepositions.
    EN_PREPOSITIONS = words::EN_PREPOSITIONS;
    /// English function words after which no verb can begin.
    EN_NO_VERB_AFTER = words::EN_NO_VERB_AFTER;
    /// English auxiliaries.
    EN_AUX = words::EN_AUX;
    /// English question words.
    EN_WH = words::EN_WH;
    /// English finite verbs that make a statement.
    EN_FINITE = words::EN_FINITE;
    /// English words of time.
    EN_TIME = words::EN_TIME;
    /// Turkish words of time.
    TR_TIME = words::TR_TIME;
    /// Turkish question words.
    TR_WH = words::TR_WH;
    /// Turkish predicates that end a question.
    TR_QUESTION_ENDS = words::TR_QUESTION_ENDS;
    /// Turkish question particles.
    TR_PARTICLES = words::TR_PARTICLES;
    /// Words of number.
    NUMBERS = words::NUMBERS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_broad() {
        assert!(EN_VERBS.len() > 400, "{}", EN_VERBS.len());
        assert!(TR_STEMS.len() + TR_COMPOUNDS.len() > 400, "{}", TR_STEMS.len() + TR_COMPOUNDS.len());
    }

    #[test]
    fn inflected_forms_know_their_base() {
        for (form, base) in [
            ("exporting", "export"),
            ("planned", "plan"),
            ("copies", "copy"),
            ("written", "write"),
            ("sharing", "share"),
        ] {
            let found = EN_FORMS.get(form).map(|f| f.0.as_str()).unwrap_or(base);
            assert_eq!(found, base, "{form}");
        }
    }
}
