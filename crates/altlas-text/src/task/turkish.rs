//! Turkish clauses: the verb comes last, so a segment ends at each form that asks for something.

mod converbs;
mod leftovers;
mod requests;

use crate::lexicon::words::Order;
use crate::lexicon::{TR_COMPOUNDS, TR_PARTICLES, TR_WH};
use crate::morph::{Form, Reading, is_statement, read};
use crate::phrases::{TR_CONNECTORS, TR_FILLERS};
use crate::token::Kind;
use crate::types::TaskType;

use super::chunks::Chunk;
use super::{Connector, Draft, Introduced, Text};

/// A verb found at a token: the type, the doubt, and where its words begin (compounds take two).
#[derive(Debug, Clone, Copy)]
struct Action {
    kind: TaskType,
    confidence: f32,
}

struct Clauses<'t, 'a> {
    text: &'t Text<'a>,
    first: usize,
    last: usize,
    readings: Vec<Option<Reading>>,
}

/// Finds the requests of a chunk.
pub(crate) fn chunk(text: &Text<'_>, chunk: &Chunk, out: &mut Vec<Draft>, tick: &dyn Fn()) {
    let mut readings = Vec::with_capacity(chunk.last - chunk.first);
    for (n, token) in text.tokens.get(chunk.first..chunk.last).unwrap_or_default().iter().enumerate() {
        if n % 512 == 0 {
            tick();
        }
        readings.push(if token.is_word() { read(&token.fold) } else { None });
    }
    Clauses { text, first: chunk.first, last: chunk.last, readings }.run(chunk, out);
}

/// The connector that tokens from `from` on begin with, and where what it introduces begins.
pub(crate) fn connector(text: &Text<'_>, from: usize, last: usize) -> Introduced {
    let lead = Clauses { text, first: from, last, readings: Vec::new() }.separators(from, true);
    Introduced { next: lead.next, connector: lead.connector, order: lead.order }
}

/// The connector that a converb at token `k` is: the segment that ends with it comes first.
pub(crate) fn converb(text: &Text<'_>, k: usize) -> Option<Connector> {
    let form = text.tokens.get(k).filter(|t| t.is_word()).and_then(|t| read(&t.fold))?.form;
    matches!(form, Form::Ip | Form::Inca).then(|| Connector::Suffix(suffix(text, k, form)))
}

impl Clauses<'_, '_> {
    fn reading(&self, i: usize) -> Option<&Reading> {
        self.readings.get(i.checked_sub(self.first)?)?.as_ref()
    }

    fn form(&self, i: usize) -> Option<Form> {
        self.reading(i).map(|r| r.form)
    }

    fn fold(&self, i: usize) -> &str {
        if i < self.last { self.text.fold(i) } else { "" }
    }

    /// A clause may end before token `i`.
    fn boundary(&self, i: usize) -> bool {
        i >= self.last
            || self.text.tokens.get(i).is_none_or(|t| t.kind == Kind::Newline || t.is_mark(",;:!?….-–—)"))
            || TR_CONNECTORS.longest(self.text.tokens, i).is_some()
            || TR_CLOSINGS_START.contains(&self.fold(i))
    }

    fn run(&self, chunk: &Chunk, out: &mut Vec<Draft>) {
        let base = out.len();
        let mut start = self.first;
        let mut lead = self.separators(start, true);
        start = self.addressed(lead.next);
        let mut question = false;
        let mut i = start;
        while i < self.last {
            // A strong connector ends a clause that has no verb the rules know.
            if i > start && self.strong(i, start) {
                self.rest(start, i, &lead, question, chunk, base, out);
                lead = self.separators(i, true);
                start = lead.next.max(i + 1);
                question = false;
                i = start;
                continue;
            }
            question |= TR_WH.contains(self.fold(i))
                || i > start && TR_PARTICLES.contains(self.fold(i)) && !self.boundary(i + 1);
            if let Some((verb, end, action, asks)) = self.request(i, start, question) {
                let prohibited = self.form(verb) == Some(Form::Prohibition);
                if prohibited && out.len() > base && lead.adversative {
                    if let Some(before) = out.last_mut() {
                        before.last = end;
                    }
                } else {
                    self.emit(start, end, verb, action, asks, &lead, out);
                }
                lead = self.separators(end, false);
                start = lead.next;
                // `Ara yapay zeka hakkında bilgi`: the verb stands first, its object follows.
                if let Some(tail) = self.inverted(verb, end, start, &lead) {
                    if let Some(draft) = out.last_mut() {
                        draft.last = tail;
                    }
                    lead = self.separators(tail, false);
                    start = lead.next;
                }
                question = false;
                i = start;
                continue;
            }
            if self.states(i) && self.boundary(i + 1) {
                // A statement asks for nothing.
                let comma = self.text.tokens.get(i + 1).is_some_and(|t| t.is_mark(","))
                    || i + 1 >= self.last
                    || self.boundary(i + 1);
                if comma {
                    lead = self.separators(i + 1, true);
                    start = lead.next.max(i + 1);
                    question = false;
                    i = start;
                    continue;
                }
            }
            i += 1;
        }
        if start < self.last {
            self.rest(start, self.last, &lead, question, chunk, base, out);
        }
    }

    fn states(&self, i: usize) -> bool {
        let word = self.fold(i);
        match self.form(i) {
            Some(Form::Statement | Form::Present) => true,
            Some(_) => false,
            None => is_statement(word),
        }
    }

    /// A connector that splits even where no verb was recognised before it.
    fn strong(&self, i: usize, start: usize) -> bool {
        let Some((n, order)) = TR_CONNECTORS.longest(self.text.tokens, i) else {
            return false;
        };
        let before = self.text.tokens.get(i.wrapping_sub(1));
        let comma = before.is_some_and(|t| t.is_mark(","));
        let word = self.fold(i);
        match order {
            Order::Next | Order::Last if comma => i + n < self.last,
            Order::Next | Order::Last => word == "ve" && n > 1,
            Order::None => word == "ayrica" && i - start >= 2,
            _ => false,
        }
    }

    /// Reads marks, connectors and fillers from `i` on.
    fn separators(&self, from: usize, opening: bool) -> Lead {
        let mut lead = Lead { next: from, ..Lead::default() };
        let mut words = 0;
        while lead.next < self.last {
            let i = lead.next;
            let Some(token) = self.text.tokens.get(i) else {
                break;
            };
            if !token.is_text() {
                lead.seen = true;
                lead.next += 1;
                continue;
            }
            if words >= 8 {
                break;
            }
            if let Some((n, order)) =
                TR_CONNECTORS.longest(self.text.tokens, i).filter(|(n, _)| i + n <= self.last)
            {
                // `sonra` after a noun in the ablative is no connector; at an edge it is one.
                if !opening && order == Order::First && !lead.seen && lead.connector.is_none() {
                    break;
                }
                lead.adversative |= matches!(self.fold(i), "ama" | "fakat" | "ancak" | "yalniz");
                lead.connector = Some(match lead.connector {
                    Some(Connector::Text(a, b)) if b == i => Connector::Text(a, i + n),
                    Some(c) if order == Order::None => c,
                    _ => Connector::Text(i, i + n),
                });
                if order != Order::None {
                    lead.order = order;
                }
                lead.seen = true;
                lead.next += n;
                words += 1;
                continue;
            }
            if let Some((n, ())) =
                TR_FILLERS.longest(self.text.tokens, i).filter(|(n, ())| i + n <= self.last)
            {
                lead.next += n;
                words += 1;
                continue;
            }
            break;
        }
        lead
    }
}

/// What stands between two clauses.
#[derive(Debug, Clone, Default)]
struct Lead {
    next: usize,
    connector: Option<Connector>,
    order: Order,
    /// A mark or a connector was there.
    seen: bool,
    adversative: bool,
}

/// First words of closings that end a clause.
const TR_CLOSINGS_START: &[&str] = &["lutfen", "tesekkurler", "tesekkur", "zahmet", "diye"];

fn second_person(particle: &str) -> bool {
    particle.contains("sin")
        || particle.contains("sun")
        || particle.ends_with("yiz")
        || particle.ends_with("yuz")
        || particle.ends_with("yim")
        || particle.ends_with("yum")
}

fn polite_ending(word: &str) -> bool {
    ["abilir", "ebilir", "ar", "er", "ir", "ur", "iyor", "uyor"]
        .iter()
        .any(|s| word.len() > s.len() + 1 && word.ends_with(s))
}

fn wants(word: &str) -> bool {
    word.starts_with("istiyor")
        || matches!(
            word,
            "isterim"
                | "isteriz"
                | "istedim"
                | "isterdim"
                | "gerek"
                | "gerekiyor"
                | "gerekli"
                | "lazim"
                | "zorundayim"
                | "rica"
                | "bekliyorum"
                | "ederim"
                | "ediyorum"
                | "ediyoruz"
                | "ederiz"
                | "zorunda"
                | "zorundayiz"
                | "mumkun"
                | "zorundasin"
        )
}

fn conditional(word: &str) -> bool {
    word.len() > 4
        && [
            "irse", "arsa", "erse", "ursa", "diyse", "diysa", "tiyse", "duysa", "miyorsa", "iyorsa",
            "uyorsa", "mazsa", "mezse", "ilirse", "mussa", "misse", "ysa", "yse",
        ]
        .iter()
        .any(|s| word.ends_with(s))
        || matches!(word, "varsa" | "yoksa" | "ise" | "olursa" | "surece")
}

fn accusative(word: &str) -> bool {
    word.len() > 2 && word.ends_with(['i', 'u'])
}

/// A noun that has a case or possessive ending, as an object has.
fn has_case(word: &str) -> bool {
    word.contains('\'')
        || word.len() > 3
            && (word.ends_with(['i', 'u'])
                || [
                    "a", "e", "den", "dan", "ten", "tan", "de", "da", "te", "ta", "le", "la", "ce", "ca",
                    "nin", "nun",
                ]
                .iter()
                .any(|s| word.ends_with(s)))
}

/// The converb suffix of the word at `k`, as written.
fn suffix(text: &Text<'_>, k: usize, form: Form) -> &'static str {
    let token = text.tokens.get(k);
    let written: String = token.map_or_else(String::new, |t| text.slice(t.start, t.end));
    let low: String = written
        .chars()
        .flat_map(|c| match c {
            'I' => "ı".chars().collect::<Vec<_>>(),
            'İ' => "i".chars().collect(),
            _ => c.to_lowercase().collect(),
        })
        .collect();
    let options: &[(&str, &str)] = match form {
        Form::Inca => &[
            ("ınca", "-ınca"),
            ("ince", "-ince"),
            ("unca", "-unca"),
            ("ünce", "-ünce"),
            ("inca", "-inca"),
            ("unce", "-unce"),
        ],
        _ => &[("ıp", "-ıp"), ("ip", "-ip"), ("up", "-up"), ("üp", "-üp")],
    };
    options.iter().find(|(end, _)| low.ends_with(end)).map_or("-ip", |o| o.1)
}

/// The type of `noun verb`, when the tables know the pair.
pub(crate) fn compound(noun: &str, stem: &str) -> Option<TaskType> {
    let find = |key: &str| {
        TR_COMPOUNDS
            .get(key)
            .and_then(|list| list.iter().find(|(lights, _)| lights.contains(stem)).map(|l| l.1))
    };
    if let Some(kind) = find(noun) {
        return Some(kind);
    }
    for suffix in [
        "lerini", "larini", "leri", "lari", "sini", "sunu", "ini", "unu", "si", "su", "yi", "yu", "ni", "nu",
        "i", "u", "im", "imi", "sina", "ler", "lar",
    ] {
        if let Some(key) = noun.strip_suffix(suffix).filter(|k| k.len() >= 3)
            && let Some(kind) = find(key)
        {
            return Some(kind);
        }
    }
    None
}
