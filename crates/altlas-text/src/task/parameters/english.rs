//! Parameters of English segments: the object, then one parameter a preposition.

use crate::lexicon::{EN_PREPOSITIONS, EN_TIME, NUMBERS};
use crate::types::TaskType;

use super::spans::{FORMATS, Found, LANGUAGES};

/// Verbs whose object is a person.
const TOLD: &[&str] = &[
    "remind", "tell", "notify", "inform", "alert", "ask", "message", "text", "email", "call", "phone", "let",
    "invite", "warn", "contact", "advise", "ping", "thank", "mail",
];
/// Verbs whose `to` names a person.
const SENT: &[&str] = &[
    "send", "forward", "email", "mail", "share", "give", "write", "submit", "report", "reply", "respond",
    "assign", "hand", "pass", "deliver", "text", "message", "dispatch", "escalate", "transfer", "pay", "cc",
    "announce",
];
const DAYS: &[&str] = &[
    "today",
    "tomorrow",
    "tonight",
    "yesterday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "weekend",
    "week",
    "month",
    "year",
    "quarter",
    "weekday",
    "weekdays",
    "day",
];
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

pub(super) fn read(f: &mut Found<'_, '_>) {
    conditions(f);
    titles(f);
    times(f);
    let Some(verb) = f.draft.verb.or((f.first < f.last).then_some(f.first)) else {
        return;
    };
    let verb = if f.draft.question || f.draft.verb.is_none() { None } else { Some(verb) };
    f.skip(verb.unwrap_or(f.first), verb.map_or(f.first, |v| v + 1));
    objects(f, verb);
}

fn conditions(f: &mut Found<'_, '_>) {
    if let Some((a, b)) = f.draft.condition {
        match f.fold(a) {
            "if" | "when" | "unless" | "once" | "whenever" | "while" | "as" | "assuming" | "provided"
            | "in" | "should" => f.set("condition", a, b, false),
            "before" | "after" | "until" => f.set("time", a, b, false),
            _ => f.skip(a, b),
        }
        return;
    }
    let verb = f.draft.verb.unwrap_or(f.first);
    for i in verb + 1..f.last {
        let object = i == verb + 1;
        match f.fold(i) {
            "if" | "unless" | "without" | "whenever" if !object => {
                f.set("condition", i, f.last, false);
                return;
            }
            "when" | "once" | "whenever"
                if i > verb + 1 && !matches!(f.draft.lemma.as_str(), "tell" | "ask" | "let" | "check") =>
            {
                f.set("condition", i, f.last, false);
                return;
            }
            "but" if matches!(f.fold(i + 1), "don't" | "do" | "not" | "never") => {
                f.set("condition", i + 1, f.last, false);
                return;
            }
            "before" | "after" | "until" if !object && f.fold(i + 1).ends_with("ing") => {
                f.set("time", i, f.last, false);
                return;
            }
            _ => {}
        }
    }
}

fn titles(f: &mut Found<'_, '_>) {
    for i in f.first..f.last {
        if f.quoted(i) {
            f.set_inside("title", i);
            let from = if matches!(f.fold(i.wrapping_sub(1)), "called" | "named" | "titled" | "entitled") {
                i - 1
            } else {
                i
            };
            f.skip(from, i + 1);
            return;
        }
    }
}

fn clock(word: &str) -> bool {
    let digit = word.bytes().next().is_some_and(|b| b.is_ascii_digit());
    digit && (word.contains(':') || (word.ends_with("am") || word.ends_with("pm")) && word.len() <= 7)
        || matches!(word, "noon" | "midnight")
}

fn times(f: &mut Found<'_, '_>) {
    let mut i = f.draft.verb.map_or(f.first, |v| if v > f.first { f.first } else { v + 1 });
    while i < f.last {
        let word = f.fold(i);
        let base = word.strip_suffix("'s").unwrap_or(word);
        let next = f.fold(i + 1);
        let number = f.token(i).is_some_and(crate::token::Token::is_number);
        if f.used(i) {
            i += 1;
        } else if clock(word) || number && matches!(next, "am" | "pm" | "a.m" | "p.m" | "o'clock") {
            let to = if matches!(next, "am" | "pm" | "a.m" | "p.m" | "o'clock") { i + 2 } else { i + 1 };
            let at = usize::from(f.fold(i.wrapping_sub(1)) == "at");
            // `my 2 pm with marketing` is the object as well.
            let own = matches!(f.fold(i.wrapping_sub(1)), "my" | "the" | "our");
            f.set("time", i, to, own);
            if !own {
                f.skip(i - at, i);
            }
            i = to;
        } else if number && word.matches(['.', '-', '/']).count() == 2 {
            f.set("date", i, i + 1, false);
            i += 1;
        } else if MONTHS.contains(&base)
            && (base != "may"
                || number_at(f, i + 1)
                || number_at(f, i.wrapping_sub(1))
                || f.fold(i.wrapping_sub(1)) == "in")
        {
            let from = if number_at(f, i.wrapping_sub(1)) { i - 1 } else { i };
            let mut to = i + 1;
            while to < i + 3 && number_at(f, to) {
                to += 1;
            }
            let bound = matches!(f.fold(from.wrapping_sub(1)), "after" | "before" | "by" | "since");
            let plain = matches!(f.fold(from.wrapping_sub(1)), "in" | "on" | "for");
            if bound || plain || from < i || to > i + 1 {
                // In a query the time stays part of what is looked for.
                let keep = f.draft.kind == Some(TaskType::Search) && plain;
                f.set("date", from - usize::from(bound), to, keep);
                if !keep {
                    f.skip(from - usize::from(bound || plain), to);
                }
            }
            i = to;
        } else if DAYS.contains(&base)
            && (qualified(f, i) || !matches!(base, "week" | "month" | "year" | "quarter" | "day" | "weekend"))
        {
            let from = if matches!(
                f.fold(i.wrapping_sub(1)),
                "next" | "this" | "every" | "last" | "each" | "coming"
            ) {
                i - 1
            } else {
                i
            };
            let to = i + 1 + usize::from(matches!(next, "morning" | "afternoon" | "evening" | "night"));
            let possessive = base.len() != word.len();
            if !(possessive && from < i) {
                f.set("date", from, to, possessive);
            }
            if !possessive {
                let before =
                    usize::from(matches!(f.fold(from.wrapping_sub(1)), "on" | "for" | "by" | "at" | "until"));
                f.skip(from - before, to);
            }
            i = to;
        } else {
            i += 1;
        }
    }
}

fn number_at(f: &Found<'_, '_>, i: usize) -> bool {
    f.token(i).is_some_and(crate::token::Token::is_number)
}

fn qualified(f: &Found<'_, '_>, i: usize) -> bool {
    matches!(f.fold(i.wrapping_sub(1)), "next" | "this" | "every" | "last" | "each" | "coming")
}

/// The end of the phrase that begins at `from`: the next preposition that opens another parameter.
fn phrase_end(f: &Found<'_, '_>, from: usize, stop_at: &[&str]) -> usize {
    (from..f.last).find(|i| !f.free(*i) || *i > from && stop_at.contains(&f.fold(*i))).unwrap_or(f.last)
}

fn objects(f: &mut Found<'_, '_>, verb: Option<usize>) {
    let lemma = f.draft.lemma.clone();
    let search = f.draft.kind == Some(TaskType::Search);
    let key = if search { "query" } else { "target" };
    let mut i = verb.map_or(f.first, |v| v + 1);
    while i < f.last && (f.used(i) || is_particle(f.fold(i), i, verb)) {
        i += 1;
    }
    if TOLD.contains(&lemma.as_str()) && !matches!(f.fold(i), "it" | "them" | "this") {
        let stop = [
            "to", "that", "about", "how", "when", "if", "by", "know", "at", "on", "with", "for", "what",
            "who",
        ];
        let pronoun = matches!(f.fold(i), "me" | "us" | "him" | "her" | "everyone" | "everybody");
        let end = if pronoun { i + 1 } else { phrase_end(f, i, &stop) };
        if end > i {
            let thing =
                matches!(lemma.as_str(), "email" | "mail" | "text" | "message") && f.fold(end) == "to";
            if !thing {
                f.set("recipient", i, end, false);
                i = end;
                let to = usize::from(f.fold(i) == "to" || f.fold(i) == "that" || f.fold(i) == "about");
                while i + to < f.last && f.used(i + to) {
                    i += 1;
                }
                let to = usize::from(matches!(f.fold(i), "to" | "that" | "about"));
                let end = phrase_end(f, i + to, &[]);
                if end > i + to && f.fold(i) != "by" && f.fold(i) != "know" {
                    f.set(key, i + to, end, false);
                }
                return;
            }
        }
    }
    if matches!(f.fold(i), "me" | "us") {
        f.skip(i, i + 1);
        i += 1;
    }
    let stops: &[&str] = if search {
        &["from", "in", "on", "at", "to", "with"]
    } else {
        &[
            "to", "into", "as", "for", "from", "on", "onto", "in", "by", "via", "under", "against", "about",
            "so", "at", "using", "until", "till", "when", "if", "once",
        ]
    };
    let paired = matches!(lemma.as_str(), "share" | "compare" | "replace" | "place" | "merge");
    let with_stops: Vec<&str> = stops.iter().copied().chain(paired.then_some("with")).collect();
    let stops: &[&str] = &with_stops;
    if i < f.last && !EN_PREPOSITIONS.contains(f.fold(i)) || matches!(f.fold(i), "how" | "whether" | "that") {
        let sentence = matches!(
            f.fold(i),
            "how" | "whether" | "that" | "what" | "if" | "every" | "who" | "why" | "where"
        );
        let mut end = if sentence { f.last } else { phrase_end(f, i, stops) };
        // A place or a topic inside a query stays in it, unless it names a portal or a folder.
        while search
            && end < f.last
            && f.free(end)
            && matches!(f.fold(end), "in" | "to" | "at" | "with" | "on" | "from")
            && !store(f, end + 1)
        {
            end = phrase_end(f, end + 1, stops);
        }
        if f.fold(i) == "for" && search {
            i += 1;
        }
        counts(f, i, end);
        let (from, to) = query_after_for(f, i, end, search);
        if (from, to) != (i, end) {
            f.set("source", i, from - 1, false);
        }
        f.set(key, from, to, false);
        i = to.max(end);
    }
    prepositions(f, i, &lemma);
}

/// `search the wiki for X`.
fn query_after_for(f: &Found<'_, '_>, i: usize, end: usize, search: bool) -> (usize, usize) {
    if search
        && matches!(f.draft.lemma.as_str(), "search" | "query" | "scan" | "check" | "browse" | "comb")
        && let Some(k) = (i + 1..end).find(|k| f.fold(*k) == "for")
    {
        return (k + 1, end);
    }
    (i, end)
}

fn is_particle(word: &str, i: usize, verb: Option<usize>) -> bool {
    verb.is_some_and(|v| i == v + 1)
        && matches!(
            word,
            "up" | "for"
                | "off"
                | "on"
                | "out"
                | "down"
                | "over"
                | "at"
                | "into"
                | "through"
                | "back"
                | "around"
                | "sure"
        )
}

fn store(f: &Found<'_, '_>, i: usize) -> bool {
    (i..(i + 5).min(f.last)).take_while(|k| f.free(*k)).any(|k| {
        let w = f.fold(k);
        [
            "portal",
            "folder",
            "drive",
            "database",
            "wiki",
            "crm",
            "inbox",
            "archive",
            "directory",
            "repository",
            "repo",
            "google",
            "web",
            "internet",
            "table",
            "spreadsheet",
            "sheet",
            "system",
            "calendar",
            "server",
            "logs",
            "files",
            "desktop",
            "downloads",
            "intranet",
            "catalog",
            "catalogue",
            "warehouse",
        ]
        .contains(&w)
    })
}

fn counts(f: &mut Found<'_, '_>, from: usize, to: usize) {
    for i in from..to.min(from + 4) {
        let word = f.fold(i);
        let number = NUMBERS.contains(word) && word != "one"
            || word.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty() && word.len() < 5;
        let year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
        let last = i + 1 >= to;
        if number
            && !year
            && !last
            && !matches!(
                f.fold(i.wrapping_sub(1)),
                "chapter" | "version" | "floor" | "no" | "number" | "page"
            )
            && !matches!(f.fold(i + 1), "and" | "euro" | "dollar" | "am" | "pm")
            && f.fold(from) != "the"
        {
            f.set("count", i, i + 1, true);
            return;
        }
    }
}

fn prepositions(f: &mut Found<'_, '_>, from: usize, lemma: &str) {
    let all = [
        "to", "into", "as", "for", "from", "on", "onto", "in", "by", "via", "with", "under", "about",
        "against", "at", "using", "before", "after",
    ];
    let mut i = from;
    while i < f.last {
        let word = f.fold(i);
        if !f.free(i) || !all.contains(&word) {
            i += 1;
            continue;
        }
        let end = phrase_end(f, i + 1, &all);
        if end <= i + 1 {
            i += 1;
            continue;
        }
        let first = f.fold(i + 1);
        let any = |list: &[&str]| {
            (i + 1..end).any(|k| {
                list.contains(&f.fold(k).split('\'').next().unwrap_or("")) || f.fold(k).starts_with('.')
            })
        };
        let extension = f.token(i + 1).is_some_and(|t| f.text.chars.get(t.start) == Some(&'.'));
        let changing = f.draft.kind == Some(TaskType::Transform);
        let key = match word {
            "to" | "into" if any(LANGUAGES) => "language",
            "to" | "into" | "as" if f.draft.lemma != "add" && any(FORMATS) || extension => "format",
            "to" | "into" if changing && first.bytes().next().is_some_and(|b| b.is_ascii_digit()) => "format",
            "to" if SENT.contains(&lemma) && lemma != "submit" => "recipient",
            "with" if matches!(lemma, "share" | "place") => "recipient",
            "for" if matches!(f.draft.kind, Some(TaskType::Create)) && !EN_TIME.contains(first) => {
                "recipient"
            }
            "to" | "into" | "onto" | "under" => "destination",
            "on" if matches!(f.draft.kind, Some(TaskType::Open | TaskType::Execute)) => "destination",
            "in" if matches!(lemma, "post" | "save" | "publish" | "store" | "put" | "place" | "share") => {
                "destination"
            }
            "from" => "source",
            "in" if store(f, i + 1) => "source",
            "in" if f.draft.kind == Some(TaskType::Summarize) && NUMBERS.contains(first) => {
                f.set("count", i + 1, i + 2, false);
                ""
            }
            "in" if any(LANGUAGES) => "language",
            _ => "",
        };
        let purpose = word == "to" && crate::lexicon::EN_VERBS.contains_key(first);
        if !key.is_empty() && !purpose {
            f.set(key, i + 1, end, false);
        }
        i = end;
    }
}
