//! Turkish clauses: the verb comes last, so a segment ends at each form that asks for something.

use crate::lexicon::words::Order;
use crate::lexicon::{Doubt, TR_COMPOUNDS, TR_HAPPENS, TR_LIGHT, TR_PARTICLES, TR_QUESTION_ENDS, TR_WH};
use crate::morph::{Form, Reading, is_statement, read};
use crate::phrases::{TR_CLOSINGS, TR_CONNECTORS, TR_FILLERS};
use crate::token::Kind;
use crate::types::TaskType;

use super::chunks::Chunk;
use super::{Connector, Draft, Text};

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
    for (n, token) in text
        .tokens
        .get(chunk.first..chunk.last)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        if n % 512 == 0 {
            tick();
        }
        readings.push(if token.is_word() { read(&token.fold) } else { None });
    }
    Clauses {
        text,
        first: chunk.first,
        last: chunk.last,
        readings,
    }
    .run(chunk, out);
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
            || self
                .text
                .tokens
                .get(i)
                .is_none_or(|t| t.kind == Kind::Newline || t.is_mark(",;:!?….-–—)"))
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

    /// `Merhaba Zeynep Hanım, …`, `Acil: …`: whom the text addresses, or how urgent it is, up to a mark.
    fn addressed(&self, from: usize) -> usize {
        let greeted = from > self.first;
        let stop =
            (from..self.last.min(from + 4)).find(|k| self.text.tokens.get(*k).is_some_and(|t| !t.is_text()));
        let Some(stop) = stop.filter(|s| *s > from) else {
            return from;
        };
        let comma = self.text.tokens.get(stop).is_some_and(|t| t.is_mark(",:!–—-"));
        let urgent = (from..stop).all(|k| {
            matches!(
                self.fold(k),
                "acil" | "cok" | "ivedi" | "onemli" | "kritik" | "dikkat" | "not"
            )
        });
        let named = greeted
            && (from..stop)
                .all(|k| self.text.tokens.get(k).is_some_and(|t| t.capital) && self.form(k).is_none());
        if comma && (urgent || named) {
            self.separators(stop, true).next
        } else {
            from
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

    /// The verb at `i` as an action: compounds first, then the stem.
    fn action(&self, i: usize) -> Option<Action> {
        let reading = self.reading(i)?;
        let before = i
            .checked_sub(1)
            .filter(|b| *b >= self.first)
            .map(|b| self.fold(b))
            .unwrap_or("");
        if let Some(kind) = compound(before, &reading.stem) {
            return Some(Action {
                kind,
                confidence: 0.9,
            });
        }
        if TR_LIGHT.contains(&reading.stem) {
            return (!before.is_empty()).then_some(Action {
                kind: TaskType::Execute,
                confidence: 0.4,
            });
        }
        let verb = reading.verb?;
        Some(Action {
            kind: verb.kind,
            confidence: if verb.doubt == Doubt::None { 0.85 } else { 0.65 },
        })
    }

    /// A request that ends at token `i`: the verb's token, one past the end, its action, and whether it is a question.
    fn request(
        &self,
        i: usize,
        start: usize,
        question: bool,
    ) -> Option<(usize, usize, Option<Action>, bool)> {
        let token = self.text.tokens.get(i)?;
        if !token.is_word() {
            return None;
        }
        let next = self.fold(i + 1);
        let particle = TR_PARTICLES.contains(next);
        if let Some(form) = self.form(i) {
            match form {
                Form::Imperative | Form::PoliteImperative | Form::Optative => {
                    if !self.bare_verb(i, start, form) {
                        return None;
                    }
                    let end = i + 1 + usize::from(particle);
                    return Some((i, end, self.action(i), false));
                }
                Form::Prohibition if self.boundary(i + 1) && i > start => {
                    return Some((i, i + 1, self.action(i), false));
                }
                Form::Aorist | Form::Present if particle && second_person(next) => {
                    return Some((i, i + 2, self.action(i), false));
                }
                Form::Nominal if next.starts_with("unutma") => {
                    return Some((i, i + 1, self.action(i), false));
                }
                Form::Infinitive | Form::Nominal if wants(next) => {
                    let more = TR_PARTICLES.contains(self.fold(i + 2)) || wants(self.fold(i + 2));
                    return Some((i, i + 2 + usize::from(more), self.action(i), false));
                }
                _ => {}
            }
        } else if particle && second_person(next) && polite_ending(self.fold(i)) {
            return Some((i, i + 2, None, false));
        } else if wants(next)
            && (token.fold.ends_with("mak")
                || token.fold.ends_with("mek")
                || token.fold.ends_with("mem")
                || token.fold.ends_with("mam"))
        {
            return Some((i, i + 2, None, false));
        }
        let word = token.fold.as_str();
        if i > start
            && (word.starts_with("istiyor")
                || matches!(word, "isterim" | "isteriz" | "lazim" | "gerekiyor" | "gerekli"))
            && self.boundary_or_capital(i + 1)
        {
            return Some((
                i,
                i + 1,
                Some(Action {
                    kind: TaskType::Search,
                    confidence: 0.3,
                }),
                true,
            ));
        }
        let asks = Action {
            kind: TaskType::Search,
            confidence: 0.6,
        };
        if i > start && matches!(word, "ihtiyacim" | "ihtiyacimiz") && next == "var" {
            return Some((
                i,
                i + 2,
                Some(Action {
                    kind: TaskType::Search,
                    confidence: 0.3,
                }),
                true,
            ));
        }
        if i > start && TR_QUESTION_ENDS.contains(word) && self.boundary(i + 1) {
            return Some((i, i + 1, Some(asks), true));
        }
        if i > start && TR_PARTICLES.contains(word) && self.boundary(i + 1) && !self.checked_later(i + 1) {
            return Some((i, i + 1, Some(asks), true));
        }
        if question && self.states(i) && self.boundary(i + 1) {
            return Some((i, i + 1, Some(asks), true));
        }
        None
    }

    fn boundary_or_capital(&self, i: usize) -> bool {
        self.boundary(i) || self.text.tokens.get(i).is_some_and(|t| t.capital)
    }

    /// `var mı diye bak`, `var mı kontrol et`: the question is the object of a check.
    fn checked_later(&self, i: usize) -> bool {
        self.fold(i) == "diye"
    }

    /// Whether a bare stem is a verb here, by its doubt and its place.
    fn bare_verb(&self, i: usize, start: usize, form: Form) -> bool {
        let Some(reading) = self.reading(i) else {
            return false;
        };
        if reading.verb.is_none() && !TR_LIGHT.contains(&reading.stem) {
            return false;
        }
        let before = i
            .checked_sub(1)
            .filter(|b| *b >= start)
            .map_or("", |b| self.fold(b));
        if TR_LIGHT.contains(&reading.stem) {
            // `et` is meat as well: an unknown noun before it needs the end of the clause after it.
            let ends = self.boundary(i + 1) || TR_PARTICLES.contains(self.fold(i + 1));
            return !before.is_empty() && (ends || compound(before, &reading.stem).is_some());
        }
        if compound(before, &reading.stem).is_some() {
            return true;
        }
        let mut doubt = reading.verb.map_or(Doubt::None, |v| v.doubt);
        if form != Form::Imperative {
            doubt = doubt.max(Doubt::Some);
        }
        let next = self.fold(i + 1);
        let ends = self.boundary(i + 1) || TR_PARTICLES.contains(next);
        let capital = self.text.tokens.get(i).is_some_and(|t| t.capital);
        match doubt {
            Doubt::None => true,
            _ if ends => i > start || i + 1 >= self.last || self.joined_verb(i),
            Doubt::Some => i > start && has_case(before) || i == start && capital,
            Doubt::Much => {
                (i > start && has_case(before) && !capital)
                    || i == start && form == Form::Imperative && self.no_other_verb(i)
            }
        }
    }

    /// The next words are a connector and another verb.
    fn joined_verb(&self, i: usize) -> bool {
        self.form(i + 2)
            .is_some_and(|f| matches!(f, Form::Imperative | Form::PoliteImperative | Form::Optative))
    }

    fn no_other_verb(&self, i: usize) -> bool {
        let end = (i + 12).min(self.last);
        (i + 1..end)
            .take_while(|k| !self.boundary(*k))
            .all(|k| !matches!(self.form(k), Some(Form::Imperative | Form::PoliteImperative)))
    }

    /// Where the objects after a first verb end, when they belong to it.
    fn inverted(&self, verb: usize, end: usize, start: usize, lead: &Lead) -> Option<usize> {
        if lead.seen || start != end || end >= self.last {
            return None;
        }
        // Objects after their verb are short; a bound keeps long texts linear.
        let limit = (end + 24).min(self.last);
        let stop = (end..limit).find(|k| self.boundary(*k)).unwrap_or(limit);
        let other = (end..stop).any(|k| self.request(k, end, false).is_some());
        let initial = verb == self.first || self.text.tokens.get(verb - 1).is_some_and(|t| !t.is_text());
        let last_clause = (stop..self.last.min(stop + 24)).all(|k| self.form(k).is_none());
        (!other && (initial || last_clause || stop == self.last)).then_some(stop)
    }

    /// What is left without a recognised verb: a question, a request without a verb, or nothing.
    #[allow(clippy::too_many_arguments)]
    fn rest(
        &self,
        start: usize,
        end: usize,
        lead: &Lead,
        question: bool,
        chunk: &Chunk,
        base: usize,
        out: &mut Vec<Draft>,
    ) {
        let body = self.text.tokens.get(start..end).unwrap_or_default();
        let words = body.iter().filter(|t| t.is_text()).count();
        let Some(last) = body.iter().rposition(|t| t.is_text()).map(|p| start + p) else {
            return;
        };
        if words == 0 {
            return;
        }
        if !lead.seen && out.len() > base && start == out.last().map_or(0, |d| d.last) {
            if let Some(before) = out.last_mut() {
                before.last = end;
            }
            return;
        }
        let only_fillers = self.only_fillers(start, end);
        if only_fillers || chunk.colon || (chunk.item > 0 && words < 2) {
            return;
        }
        let mut draft = Draft::new(start, end);
        draft.connector = lead.connector.clone();
        draft.order = lead.order;
        if question {
            draft.kind = Some(TaskType::Search);
            draft.confidence = 0.5;
            draft.question = true;
        } else if let Some(kind) = self.unknown_imperative(start, last) {
            draft.kind = Some(kind);
            draft.verb = Some(last);
            draft.confidence = 0.2;
        } else {
            let states = self.states(last) || matches!(self.fold(last), "var" | "yok" | "degil");
            if states || words < 3 && !(lead.seen && lead.order == Order::Next) || chunk.item > 0 {
                return;
            }
            draft.kind = Some(TaskType::Search);
        }
        out.push(draft);
    }

    fn only_fillers(&self, start: usize, end: usize) -> bool {
        let mut i = start;
        let mut greeting = false;
        while i < end {
            if let Some((n, ())) = TR_FILLERS.longest(self.text.tokens, i).or_else(|| {
                (i..end.min(i + 5)).find_map(|k| {
                    TR_CLOSINGS
                        .longest(self.text.tokens, k)
                        .filter(|(n, ())| k + 1 == i + n)
                })
            }) {
                i += n;
                greeting = true;
            } else if self.text.tokens.get(i).is_some_and(|t| !t.is_text()) {
                i += 1;
            } else {
                // `Merhaba Ayşe Hanım,`: whom a greeting greets.
                return greeting && end - i <= 3;
            }
        }
        true
    }

    /// A last word after an accusative object that no table knows: `raporu fırınla`.
    fn unknown_imperative(&self, start: usize, last: usize) -> Option<TaskType> {
        let word = self.fold(last);
        let before = last
            .checked_sub(1)
            .filter(|b| *b >= start)
            .map(|b| self.fold(b))?;
        let verbal = [
            "la", "le", "lastir", "lestir", "landir", "lendir", "tir", "dir", "ir", "ur", "at", "et", "an",
        ]
        .iter()
        .any(|s| word.ends_with(s));
        (word.len() >= 4
            && verbal
            && accusative(before)
            && (!has_case(word) || word.ends_with("la") || word.ends_with("le"))
            || self
                .reading(last)
                .is_some_and(|r| r.form == Form::Imperative && r.verb.is_some()))
        .then_some(TaskType::Execute)
    }

    /// Emits the clause `[start, end)` and the converb clauses in it.
    #[allow(clippy::too_many_arguments)]
    fn emit(
        &self,
        start: usize,
        end: usize,
        verb: usize,
        action: Option<Action>,
        asks: bool,
        lead: &Lead,
        out: &mut Vec<Draft>,
    ) {
        let mut cuts: Vec<(usize, usize, usize, Connector)> = Vec::new();
        let mut blocked = false;
        for k in (start..verb).rev() {
            let Some(reading) = self.reading(k) else { continue };
            let split = match reading.form {
                Form::Ip => {
                    self.action(k).is_some()
                        && !reading.passive
                        && !self.repeated(k)
                        && !TR_HAPPENS.contains(&reading.stem)
                }
                Form::Inca => {
                    self.action(k).is_some()
                        && !reading.passive
                        && !TR_HAPPENS.contains(&reading.stem)
                        && k > start
                }
                Form::Diktan => {
                    self.action(k).is_some()
                        && !reading.passive
                        && !TR_HAPPENS.contains(&reading.stem)
                        && k > start
                        && self.after(k).is_some()
                }
                // `ödemeyi`, `görüşmesini` are nouns of their own.
                Form::Nominal
                    if matches!(
                        reading.stem.as_str(),
                        "ode" | "ara" | "gorus" | "acikla" | "guncelle" | "duzenle"
                    ) && !self.fold(k).ends_with("mi") =>
                {
                    false
                }
                Form::Infinitive | Form::Nominal => {
                    blocked = true;
                    false
                }
                _ => false,
            };
            if !split || blocked && reading.form == Form::Ip {
                continue;
            }
            blocked = false;
            let (next, connector) = match self.after(k) {
                Some((a, b)) if reading.form == Form::Diktan => (b, Connector::Text(a, b)),
                _ => (k + 1, Connector::Suffix(suffix(self.text, k, reading.form))),
            };
            cuts.push((k, k + 1, next, connector));
        }
        cuts.reverse();
        let mut from = start;
        let (mut connector, mut order) = (lead.connector.clone(), lead.order);
        for (k, stop, next, cut) in cuts {
            let mut draft = Draft::new(from, stop);
            draft.connector = connector.take();
            draft.order = order;
            self.fill(&mut draft, k, self.action(k));
            out.push(draft);
            // `hazırlayıp ardından gönder`: the order word after a converb belongs to it.
            let more = self.separators(next, true);
            from = more.next.min(verb);
            order = Order::Next;
            connector = Some(match (more.connector, more.order) {
                (Some(c), Order::Next | Order::Last) => {
                    order = more.order;
                    c
                }
                _ => cut,
            });
        }
        let mut draft = Draft::new(from, end);
        draft.connector = connector;
        draft.order = order;
        self.fill(&mut draft, verb, action);
        draft.question = asks;
        if asks {
            draft.verb = None;
            if let Some(a) = action {
                draft.confidence = a.confidence;
            }
        }
        out.push(draft);
    }

    fn fill(&self, draft: &mut Draft, verb: usize, action: Option<Action>) {
        draft.verb = Some(verb);
        draft.lemma = self.reading(verb).map_or_else(String::new, |r| r.stem.clone());
        draft.kind = Some(action.map_or(TaskType::Execute, |a| a.kind));
        draft.confidence = action.map_or(0.1, |a| a.confidence);
        let condition = (draft.first..verb)
            .find(|k| self.form(*k) == Some(Form::Condition) || conditional(self.fold(*k)) || self.when(*k));
        draft.condition = condition.map(|k| {
            (
                draft.first,
                k + 1 + usize::from(matches!(self.fold(k + 1), "once" | "sonra")),
            )
        });
    }

    /// `bitince`, `geldiğinde`: a condition of the same task.
    fn when(&self, k: usize) -> bool {
        match self.reading(k) {
            Some(r) => r.form == Form::Inca || r.form == Form::Diktan,
            None => ["ildiginde", "indiginde", "ininca", "ilince", "ulunca"]
                .iter()
                .any(|s| self.fold(k).ends_with(s)),
        }
    }

    /// `gelip gelmediğini`: whether it comes, one verb.
    fn repeated(&self, k: usize) -> bool {
        let stem = self.reading(k).map_or("", |r| r.stem.as_str());
        let next = self.fold(k + 1);
        let root = stem.get(..stem.len().saturating_sub(1)).unwrap_or(stem);
        !root.is_empty()
            && next.starts_with(root)
            && (next.contains("madi")
                || next.contains("medi")
                || next.contains("mama")
                || next.contains("meme")
                || next.contains("maya")
                || next.contains("meye"))
    }

    /// The `sonra` after a `-dıktan`, perhaps with `hemen` before it.
    fn after(&self, k: usize) -> Option<(usize, usize)> {
        match (self.fold(k + 1), self.fold(k + 2)) {
            ("sonra", "da") => Some((k + 1, k + 3)),
            ("sonra", _) => Some((k + 1, k + 2)),
            ("hemen", "sonra") => Some((k + 1, k + 3)),
            _ => None,
        }
    }

    /// Reads marks, connectors and fillers from `i` on.
    fn separators(&self, from: usize, opening: bool) -> Lead {
        let mut lead = Lead {
            next: from,
            ..Lead::default()
        };
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
            if let Some((n, order)) = TR_CONNECTORS
                .longest(self.text.tokens, i)
                .filter(|(n, _)| i + n <= self.last)
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
            if let Some((n, ())) = TR_FILLERS
                .longest(self.text.tokens, i)
                .filter(|(n, ())| i + n <= self.last)
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
    options
        .iter()
        .find(|(end, _)| low.ends_with(end))
        .map_or("-ip", |o| o.1)
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
        if let Some(key) = noun.strip_suffix(suffix).filter(|k| k.len() >= 3) {
            if let Some(kind) = find(key) {
                return Some(kind);
            }
        }
    }
    None
}
