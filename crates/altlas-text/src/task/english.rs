//! English clauses: the verb comes first, so a segment begins at each place where a request can begin.

use crate::lexicon::words::Order;
use crate::lexicon::{
    Doubt, EN_AUX, EN_FINITE, EN_FORMS, EN_NO_VERB_AFTER, EN_OBJECT_START, EN_PHRASES, EN_PREPOSITIONS,
    EN_TIME, EN_VERBS, EN_WH, EnForm,
};
use crate::phrases::{EN_ASKING, EN_CONNECTORS, EN_FILLERS};
use crate::token::Kind;
use crate::types::TaskType;

use super::chunks::Chunk;
use super::{Connector, Draft, Text};

/// How strongly a place suggests that a new request begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Site {
    /// No mark at all.
    Bare,
    /// `and`, `or`, `but`.
    And,
    /// A comma.
    Comma,
    /// `then`, `also`, an order word.
    Strong,
    /// `please`, `can you`.
    Ask,
    /// The start of a chunk.
    Hard,
}

/// A request found at a site.
#[derive(Debug, Clone)]
struct Head {
    /// The first token of the content.
    start: usize,
    verb: Option<usize>,
    lemma: String,
    kind: TaskType,
    confidence: f32,
    /// Where to go on reading.
    next: usize,
    question: bool,
    condition: Option<(usize, usize)>,
}

/// What stands between two clauses.
#[derive(Debug, Clone, Default)]
struct Lead {
    next: usize,
    connector: Option<Connector>,
    order: Order,
    asked: bool,
    strong: bool,
    adversative: bool,
}

struct Clauses<'t, 'a> {
    text: &'t Text<'a>,
    first: usize,
    last: usize,
}

/// Spans in which a coordination does not split.
#[derive(Debug, Clone, Copy, Default)]
struct Scope {
    /// `remind me to A and B`, `ask X to A and B`.
    asking: bool,
    /// `how to A and B`, `that download A and store B`: one coordination is absorbed.
    once: bool,
    /// The matrix verb of an asking scope was seen.
    matrix: bool,
}

/// Finds the requests of a chunk.
pub(crate) fn chunk(text: &Text<'_>, chunk: &Chunk, out: &mut Vec<Draft>, tick: &dyn Fn()) {
    Clauses {
        text,
        first: chunk.first,
        last: chunk.last,
    }
    .run(chunk, out, tick);
}

impl Clauses<'_, '_> {
    fn fold(&self, i: usize) -> &str {
        if i >= self.first && i < self.last {
            self.text.fold(i)
        } else {
            ""
        }
    }

    fn mark(&self, i: usize, marks: &str) -> bool {
        i >= self.first && i < self.last && self.text.tokens.get(i).is_some_and(|t| t.is_mark(marks))
    }

    fn is_text(&self, i: usize) -> bool {
        i < self.last && self.text.tokens.get(i).is_some_and(crate::token::Token::is_text)
    }

    fn run(&self, chunk: &Chunk, out: &mut Vec<Draft>, tick: &dyn Fn()) {
        let base = out.len();
        let mut scope = Scope::default();
        let mut k = self.first;
        while k < self.last {
            if k % 512 == 0 {
                tick();
            }
            let open = out.len() > base;
            let Some(site) = self.site(k, open) else {
                self.widen(k, &mut scope, out.get(base..).and_then(<[Draft]>::last));
                k += 1;
                continue;
            };
            let mut lead = self.lead(k);
            let mut site = site;
            if lead.strong && site < Site::Strong {
                site = Site::Strong;
            }
            if lead.asked && site < Site::Ask {
                site = Site::Ask;
            }
            let comma = self.mark(k.wrapping_sub(1), ",;");
            let absorbed = open && self.absorbed(k, site, comma, scope);
            if open && lead.adversative && self.prohibition(lead.next) {
                k = lead.next + 1;
                continue;
            }
            let cur = out.get(base..).and_then(<[Draft]>::last).cloned();
            let head = if absorbed {
                None
            } else {
                self.probe(k, &mut lead, site, cur.as_ref())
            };
            if let Some(heads) = head {
                if out.len() == base && k > self.first {
                    self.before_first(k, lead.strong, out);
                }
                for (n, head) in heads.into_iter().enumerate() {
                    if let Some(before) = out.get_mut(base..).and_then(<[Draft]>::last_mut) {
                        before.last = before.last.min(if n == 0 { k } else { head.start });
                    }
                    k = head.next.max(k + 1);
                    let mut draft = Draft::new(head.start, self.last);
                    draft.verb = head.verb;
                    draft.lemma = head.lemma;
                    draft.kind = Some(head.kind);
                    draft.confidence = head.confidence;
                    draft.question = head.question;
                    draft.condition = head.condition;
                    if n == 0 {
                        draft.connector = lead.connector.clone();
                        draft.order = lead.order;
                    } else {
                        // The request after `After X-ing`.
                        draft.order = Order::Next;
                    }
                    out.push(draft);
                }
                scope = Scope::default();
                if let Some(draft) = out.last() {
                    scope.matrix = asks_somebody(&draft.lemma) && draft.confidence > 0.3;
                }
                continue;
            }
            self.widen(k, &mut scope, out.get(base..).and_then(<[Draft]>::last));
            k += 1;
        }
        if out.len() == base {
            self.fragment(chunk, out);
        }
    }

    /// Notes what opens a span in which `and` joins arguments.
    fn widen(&self, k: usize, scope: &mut Scope, draft: Option<&Draft>) {
        let Some(draft) = draft else { return };
        let word = self.fold(k);
        let before = self.fold(k.wrapping_sub(1));
        if EN_VERBS.contains_key(word) || EN_PHRASES.contains_key(word) {
            if before == "to" {
                if scope.matrix && k > draft.first + 1 {
                    scope.asking = true;
                }
                if self.fold(k.wrapping_sub(2)) == "how"
                    || self.fold(k + 1) == "and"
                    || self.fold(k + 1) == "or"
                {
                    scope.once = true;
                }
            }
            if matches!(before, "that" | "which" | "who" | "can" | "will" | "to")
                && matches!(self.fold(k.wrapping_sub(2)), "that" | "which" | "who" | "how")
            {
                scope.once = true;
            }
            if matches!(before, "that" | "which" | "who") && draft.verb.is_some_and(|v| k > v + 1) {
                scope.once = true;
            }
        }
        if asks_somebody(word) && (before == "to" || EN_FORMS.contains_key(word)) {
            scope.matrix = true;
        }
    }

    fn absorbed(&self, k: usize, site: Site, comma: bool, scope: Scope) -> bool {
        if site == Site::Hard {
            return false;
        }
        if scope.asking {
            return !(comma && site >= Site::Strong && self.text.fold(k) != "and") || site == Site::Bare;
        }
        if scope.once && site <= Site::Comma {
            return true;
        }
        // `between A and B`
        site == Site::And && (2..=6).any(|d| self.fold(k.wrapping_sub(d)) == "between")
    }

    fn site(&self, k: usize, open: bool) -> Option<Site> {
        if !self.is_text(k) {
            return None;
        }
        if k == self.first {
            return Some(Site::Hard);
        }
        let prev = k - 1;
        if self.mark(prev, ",;:")
            || self.mark(prev, "–—-") && self.text.tokens.get(k).is_some_and(|t| t.spaced)
            || self.mark(prev, "!?")
        {
            return Some(Site::Comma);
        }
        if let Some((n, order)) = EN_CONNECTORS.longest(self.text.tokens, k) {
            let word = self.fold(k);
            let anywhere = n > 1
                || matches!(
                    word,
                    "then"
                        | "also"
                        | "afterwards"
                        | "afterward"
                        | "finally"
                        | "lastly"
                        | "subsequently"
                        | "otherwise"
                        | "thereafter"
                        | "additionally"
                );
            return match order {
                Order::None if matches!(word, "and" | "or" | "but" | "so" | "plus" | "&") => Some(Site::And),
                _ if anywhere && !(open && self.belongs_inside(k, n)) => Some(Site::Strong),
                _ => None,
            };
        }
        if EN_ASKING.longest(self.text.tokens, k).is_some() {
            return Some(Site::Ask);
        }
        let verb =
            EN_VERBS.get(self.fold(k)).is_some_and(|v| v.doubt == Doubt::None) || self.fold(k) == "show";
        let object = EN_OBJECT_START.contains(self.fold(k + 1))
            && !matches!(
                self.fold(k + 1),
                "that" | "how" | "when" | "who" | "why" | "which" | "where" | "what"
            );
        let free = !EN_NO_VERB_AFTER.contains(self.fold(prev))
            && self.is_text(prev)
            && (!EN_VERBS.contains_key(self.fold(prev))
                || EN_OBJECT_START.contains(self.fold(prev.wrapping_sub(1))))
            && !self.fold(prev).ends_with("ly")
            && !self.fold(prev).ends_with("'s");
        (verb && object && free).then_some(Site::Bare)
    }

    /// A connector at the end of the text or before a mark is an adverb of the clause before it.
    fn belongs_inside(&self, k: usize, n: usize) -> bool {
        !self.is_text(k + n)
            || matches!(self.fold(k), "along" | "together" | "as" | "in")
                && n > 1
                && self.fold(k) != "in"
                && !self.mark(k.wrapping_sub(1), ",")
    }

    /// Reads connectors and fillers from `k` on.
    fn lead(&self, k: usize) -> Lead {
        let mut lead = Lead {
            next: k,
            ..Lead::default()
        };
        for _ in 0..10 {
            let i = lead.next;
            if i >= self.last {
                break;
            }
            if lead.next > k && self.mark(i, ",:–—-!") {
                lead.next += 1;
                continue;
            }
            if let Some((n, order)) = EN_CONNECTORS
                .longest(self.text.tokens, i)
                .filter(|(n, _)| i + n <= self.last)
            {
                let word = self.fold(i);
                lead.adversative |= matches!(word, "but" | "and" | "so") || n > 1 && word == "but";
                lead.strong |= order != Order::None
                    || n > 1
                    || matches!(word, "also" | "additionally" | "moreover" | "plus");
                lead.connector = Some(match lead.connector {
                    Some(Connector::Text(a, b)) if b == i => Connector::Text(a, i + n),
                    Some(c) if order == Order::None => c,
                    _ => Connector::Text(i, i + n),
                });
                if order != Order::None {
                    lead.order = order;
                }
                lead.next += n;
                continue;
            }
            let asking = EN_ASKING.longest(self.text.tokens, i);
            let filler = EN_FILLERS.longest(self.text.tokens, i);
            match (asking, filler) {
                (Some((n, ())), f) if f.is_none_or(|(m, ())| m <= n) && i + n <= self.last => {
                    lead.asked = true;
                    lead.next += n;
                }
                (a, Some((n, ()))) if i + n <= self.last => {
                    lead.asked |= a.is_some();
                    lead.next += n;
                }
                _ => break,
            }
        }
        lead
    }

    fn prohibition(&self, i: usize) -> bool {
        matches!(self.fold(i), "don't" | "never" | "dont" | "not")
            || self.fold(i) == "do" && self.fold(i + 1) == "not"
    }

    /// The request (or the two of `After X-ing, Y`) that begins after the lead, if one does.
    fn probe(&self, k: usize, lead: &mut Lead, site: Site, cur: Option<&Draft>) -> Option<Vec<Head>> {
        let i = lead.next;
        if i >= self.last {
            return None;
        }
        if let Some(head) = self.verb(i, site, lead.asked, cur, k) {
            return Some(vec![head]);
        }
        if site >= Site::Comma || lead.strong || lead.order != Order::None || lead.connector.is_some() {
            if let Some(heads) = self.subordinate(i, lead, cur, k) {
                return Some(heads);
            }
        }
        if site == Site::Hard
            || site == Site::Ask
            || lead.strong
            || lead.connector.is_some()
            || (site == Site::Comma && (cur.is_none_or(|c| c.question) || self.inverted(i)))
        {
            if let Some(head) = self.question(i, lead.strong) {
                return Some(vec![head]);
            }
        }
        if site >= Site::Strong || lead.connector.is_some() {
            if let Some(head) = self.time_first(i, cur, k) {
                return Some(vec![head]);
            }
        }
        if cur.is_some()
            && site == Site::Strong
            && matches!(lead.order, Order::Next | Order::Last | Order::None)
        {
            return self.elided(i, cur).map(|h| vec![h]);
        }
        None
    }

    /// `then Task 2`: the verb of the task before is meant again.
    fn elided(&self, i: usize, cur: Option<&Draft>) -> Option<Head> {
        let cur = cur?;
        let word = self.fold(i);
        let words = (i..self.last.min(i + 4)).filter(|j| self.is_text(*j)).count();
        if EN_FORMS.contains_key(word)
            || EN_FINITE.contains(word)
            || EN_PREPOSITIONS.contains(word)
            || words < 2
            || word.ends_with("ing")
            || matches!(
                word,
                "it" | "that" | "this" | "some" | "not" | "only" | "again" | "back" | "there"
            )
        {
            return None;
        }
        Some(Head {
            start: i,
            verb: None,
            lemma: String::new(),
            kind: cur.kind.unwrap_or(TaskType::Execute),
            confidence: 0.0,
            next: i + 1,
            question: false,
            condition: None,
        })
    }

    /// A verb at `i`, perhaps after one adverb.
    fn verb(&self, i: usize, site: Site, asked: bool, cur: Option<&Draft>, k: usize) -> Option<Head> {
        let adverb =
            self.fold(i).len() > 4 && self.fold(i).ends_with("ly") && !EN_VERBS.contains_key(self.fold(i));
        let v = if adverb { i + 1 } else { i };
        let word = self.fold(v);
        if word.is_empty() {
            return None;
        }
        if self.prohibition(v) && site == Site::Hard && cur.is_none() {
            return Some(self.head(i, v, word, TaskType::Execute, 0.5));
        }
        let token = self.text.tokens.get(v)?;
        if let Some((kind, words)) = self.phrase(v, word) {
            if self.evident(v, v + words.min(2) - 1, Doubt::Some, site, cur, k) {
                let mut head = self.head(i, v, word, kind, 0.9);
                head.next = v + 1;
                return Some(head);
            }
        }
        if let Some(entry) = EN_VERBS.get(word) {
            if !token.capital || site >= Site::Comma || self.shouting() || cur.is_some() {
                let doubt = if asked { Doubt::None } else { entry.doubt };
                if self.evident(v, v, doubt, site, cur, k) {
                    let confidence = if entry.doubt == Doubt::Much { 0.7 } else { 0.85 };
                    return Some(self.head(i, v, word, entry.kind, confidence));
                }
            }
        }
        if !asked {
            let unknown = site != Site::Bare
                && !token.capital | (site == Site::Hard)
                && self.unknown(v, cur.is_some() || site >= Site::Strong);
            return if unknown {
                Some(self.head(i, v, word, TaskType::Execute, 0.0))
            } else {
                self.wish(i, site)
            };
        }
        // `would you mind sharing`
        if let Some((base, EnForm::Ing)) = EN_FORMS.get(word) {
            let kind = EN_VERBS.get(base).map_or(TaskType::Execute, |e| e.kind);
            return Some(self.head(i, v, base, kind, 0.8));
        }
        let unknown = token.is_word()
            && !EN_OBJECT_START.contains(word)
            && !EN_PREPOSITIONS.contains(word)
            && !EN_FINITE.contains(word)
            && !EN_TIME.contains(word)
            && self.is_text(v + 1)
            && !EN_WH.contains(word);
        if unknown && word.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Some(self.head(i, v, word, TaskType::Execute, 0.0));
        }
        self.wish(i, site)
    }

    /// A word of no table right before a pronoun or an article: `bisect the commits`, `paste it`.
    fn unknown(&self, v: usize, expected: bool) -> bool {
        let (word, next) = (self.fold(v), self.fold(v + 1));
        let object = matches!(
            next,
            "it" | "them"
                | "the"
                | "a"
                | "an"
                | "my"
                | "our"
                | "your"
                | "me"
                | "us"
                | "him"
                | "all"
                | "each"
                | "every"
        );
        let plain = word.len() > 2
            && word.bytes().all(|b| b.is_ascii_lowercase())
            && !["ed", "ing", "ly", "s"].iter().any(|e| word.ends_with(e));
        let function = EN_NO_VERB_AFTER.contains(word)
            || EN_PREPOSITIONS.contains(word)
            || EN_OBJECT_START.contains(word)
            || EN_FINITE.contains(word)
            || EN_TIME.contains(word)
            || EN_WH.contains(word)
            || EN_AUX.contains(word)
            || EN_FORMS.contains_key(word)
            || EN_VERBS.contains_key(word)
            || matches!(
                word,
                "maybe"
                    | "perhaps"
                    | "then"
                    | "just"
                    | "even"
                    | "yet"
                    | "still"
                    | "nor"
                    | "thank"
                    | "sometimes"
                    | "often"
                    | "despite"
                    | "except"
                    | "once"
                    | "here"
                    | "there"
                    | "today"
                    | "also"
                    | "not"
                    | "only"
                    | "almost"
                    | "half"
                    | "quite"
                    | "rather"
                    | "instead"
                    | "well"
                    | "however"
                    | "although"
                    | "though"
                    | "plus"
                    | "likewise"
                    | "hello"
                    | "dear"
                    | "yes"
                    | "unlike"
                    | "upon"
                    | "amid"
                    | "beyond"
                    | "beside"
                    | "throughout"
                    | "underneath"
                    | "nearly"
                    | "seldom"
                    | "never"
                    | "always"
                    | "currently"
                    | "that"
                    | "ago"
                    | "away"
                    | "much"
                    | "many"
                    | "such"
            );
        expected && object && plain && !function
    }

    fn head(&self, start: usize, verb: usize, lemma: &str, kind: TaskType, confidence: f32) -> Head {
        Head {
            start,
            verb: Some(verb),
            lemma: lemma.to_owned(),
            kind,
            confidence,
            next: verb + 1,
            question: false,
            condition: None,
        }
    }

    /// `i need a table`, `looking for a game`: a wish for a thing.
    fn wish(&self, i: usize, site: Site) -> Option<Head> {
        if site < Site::And {
            return None;
        }
        let words = [self.fold(i), self.fold(i + 1), self.fold(i + 2), self.fold(i + 3)];
        let (len, kind) = match words {
            ["i" | "we", "want" | "need", ..] => (2, TaskType::Execute),
            ["i'd" | "we'd", "like" | "love", ..] => (2, TaskType::Execute),
            ["i" | "we", "would", "like" | "love", _] => (3, TaskType::Execute),
            ["looking" | "searching", "for", ..] => (2, TaskType::Search),
            ["need", "a" | "an", ..] if site >= Site::Comma => (1, TaskType::Execute),
            ["i'm" | "we're", "looking" | "searching", "for", _] => (3, TaskType::Search),
            ["i" | "we", "am" | "are" | "m", "looking" | "searching", "for"] => (4, TaskType::Search),
            _ => return None,
        };
        self.is_text(i + len).then(|| {
            let mut head = self.head(i, i, "want", kind, 0.3);
            head.next = i + len;
            head
        })
    }

    /// A phrasal verb whose first word is at `v`: the type and how many words it takes.
    fn phrase(&self, v: usize, word: &str) -> Option<(TaskType, usize)> {
        let list = EN_PHRASES.get(word)?;
        list.iter().find_map(|(kind, rest)| {
            let mut at = v + 1;
            for part in rest {
                if part == "_" {
                    continue;
                }
                let gap = rest.iter().any(|p| p == "_") && at >= v + 1;
                let reach = if gap { 5 } else { 1 };
                let found = (at..at + reach)
                    .take_while(|j| {
                        self.is_text(*j) && (*j == at || !matches!(self.fold(*j), "and" | "then"))
                    })
                    .find(|j| {
                        self.fold(*j) == part
                            || part.len() > 3 && self.fold(*j).strip_suffix('s') == Some(part)
                    });
                at = found? + 1;
            }
            Some((*kind, at - v))
        })
    }

    fn shouting(&self) -> bool {
        let end = (self.first + 40).min(self.last);
        (self.first..end)
            .filter_map(|i| self.text.tokens.get(i))
            .filter(|t| t.is_word())
            .all(|t| {
                self.text
                    .chars
                    .get(t.start..t.end)
                    .unwrap_or_default()
                    .iter()
                    .all(|c| !c.is_lowercase())
            })
    }

    /// Whether a word that may be a verb is one here. `end` is the last token of the verb.
    fn evident(&self, v: usize, end: usize, doubt: Doubt, site: Site, cur: Option<&Draft>, k: usize) -> bool {
        let next = self.fold(end + 1);
        let ends = !self.is_text(end + 1);
        if EN_FINITE.contains(next)
            && !EN_OBJECT_START.contains(next)
            && !matches!(
                next,
                "i" | "we"
                    | "they"
                    | "he"
                    | "she"
                    | "everybody"
                    | "everyone"
                    | "nobody"
                    | "thanks"
                    | "stopped"
                    | "finished"
                    | "works"
            )
        {
            return false;
        }
        if matches!(next, "of") && doubt != Doubt::None {
            return false;
        }
        let token = self.text.tokens.get(end + 1);
        let strong_object = EN_OBJECT_START.contains(next)
            || crate::lexicon::NUMBERS.contains(next)
            || token.is_some_and(|t| {
                matches!(t.kind, Kind::Opaque | Kind::Quoted)
                    || t.is_number()
                    || t.capital && !self.shouting()
            })
            || next.contains("'s");
        let joined = matches!(next, "and" | "or" | "then" | "&");
        if site >= Site::Strong {
            if self.mark(end + 1, ":") || self.mark(end + 1, "-") {
                return false;
            }
            let joined_verb = joined && (EN_VERBS.contains_key(self.fold(end + 2)) || matches!(next, "then"));
            return match doubt {
                Doubt::None => true,
                Doubt::Some => !joined || joined_verb,
                Doubt::Much => {
                    joined_verb
                        || !joined
                            && (ends && site == Site::Hard && cur.is_none()
                                || strong_object
                                || !ends && !self.noun_phrase(end + 1))
                }
            };
        }
        let prev = self.fold(k.wrapping_sub(1));
        if site == Site::And
            && (EN_NO_VERB_AFTER.contains(prev)
                && !matches!(
                    prev,
                    "it" | "do"
                        | "on"
                        | "off"
                        | "out"
                        | "up"
                        | "down"
                        | "in"
                        | "all"
                        | "both"
                        | "one"
                        | "first"
                        | "last"
                        | "next"
                        | "same"
                        | "other"
                        | "another"
                        | "some"
                        | "that"
                        | "this"
                        | "these"
                        | "those"
                        | "you"
                        | "them"
                        | "now"
                        | "not"
                        | "over"
                        | "through"
                        | "help"
                        | "around"
                        | "more"
                ))
        {
            return false;
        }
        if site == Site::Bare {
            return doubt == Doubt::None && strong_object;
        }
        // Before the first request, a list of nouns is more likely: `the build, test and deploy stages failed`.
        if cur.is_none()
            && !strong_object
            && !(self.first..k).any(|j| {
                EN_FINITE.contains(self.fold(j))
                    || EN_FORMS.get(self.fold(j)).is_some_and(|f| f.1 == EnForm::Past)
            })
            && matches!(
                self.fold(self.first),
                "the" | "a" | "an" | "our" | "my" | "this" | "these" | "all" | "your"
            )
        {
            return false;
        }
        // An object, or a verb that stands alone before `and`, is complete.
        let complete = cur.is_none_or(|c| c.verb.is_none_or(|cv| k > cv));
        let preposition = EN_PREPOSITIONS.contains(next);
        match doubt {
            Doubt::None => !joined || EN_VERBS.contains_key(self.fold(end + 2)),
            Doubt::Some => {
                strong_object
                    || cur.is_none() && !joined
                    || complete
                        && !joined
                        && (!preposition
                            || matches!(
                                next,
                                "for" | "to" | "with" | "on" | "in" | "by" | "through" | "out" | "up"
                            ) && site == Site::Comma
                            || matches!(next, "to" | "into")
                                && matches!(self.fold(end + 2), "the" | "my" | "our" | "a")
                            || ends)
                        && !(ends && site == Site::Comma)
            }
            Doubt::Much => {
                strong_object
                    || cur.is_none() && !ends && !preposition && !joined
                    || cur.is_some_and(|c| c.verb.is_some_and(|cv| cv + 1 >= k.saturating_sub(1) && cv < v))
                        && !joined
                        && !ends
                        && !preposition
                    || self.plural_object(end + 1) && !joined
            }
        }
    }

    /// `plot results`: a bare plural right after the verb, then the end or a preposition.
    fn plural_object(&self, i: usize) -> bool {
        let one = self.fold(i);
        let two = self.fold(i + 1);
        let plural = |w: &str| w.len() > 3 && w.ends_with('s') && !w.ends_with("ss");
        let closed = |j: usize| {
            !self.is_text(j)
                || EN_PREPOSITIONS.contains(self.fold(j))
                || matches!(self.fold(j), "and" | "then")
        };
        plural(one) && closed(i + 1) && self.is_text(i + 1)
            || plural(two) && closed(i + 2) && !EN_PREPOSITIONS.contains(one)
    }

    /// A noun verb followed by what makes it a subject: `report status is late`.
    fn noun_phrase(&self, i: usize) -> bool {
        (i..self.last.min(i + 4))
            .any(|j| matches!(self.fold(j), "is" | "are" | "was" | "were" | "has" | "will"))
    }

    /// `If the build fails, notify me`, `After exporting X, upload it`, `For the Monday meeting, book a room`.
    fn subordinate(&self, i: usize, lead: &mut Lead, cur: Option<&Draft>, k: usize) -> Option<Vec<Head>> {
        let word = self.fold(i);
        let conditional = matches!(
            word,
            "if" | "when"
                | "whenever"
                | "once"
                | "unless"
                | "until"
                | "while"
                | "before"
                | "after"
                | "because"
                | "since"
                | "assuming"
                | "provided"
                | "given"
        ) || matches!(
            (word, self.fold(i + 1)),
            ("in", "case") | ("as", "soon" | "long") | ("should", "the" | "it" | "any" | "there")
        );
        let phrase = matches!(
            word,
            "for"
                | "to"
                | "from"
                | "using"
                | "with"
                | "on"
                | "at"
                | "by"
                | "during"
                | "based"
                | "in"
                | "as"
                | "every"
                | "per"
                | "via"
                | "within"
                | "under"
                | "without"
                | "instead"
                | "each"
                | "next"
                | "this"
                | "last"
        ) || is_moment(word);
        if !conditional && !(phrase && (cur.is_none() || lead.order != Order::None || lead.strong)) {
            return None;
        }
        let limit = (i + 48).min(self.last);
        let (mut commas, mut j) = (0, i + 1);
        while j < limit && commas < 4 {
            let comma = self.mark(j, ",:–—");
            if comma || self.fold(j) == "then" && conditional {
                commas += 1;
                let after = self.lead(j + 1);
                if after.next >= self.last {
                    break;
                }
                if let Some(mut head) = self
                    .verb(after.next, Site::Strong, after.asked, None, j + 1)
                    .or_else(|| self.time_first(after.next, None, j + 1))
                {
                    if let Some(first) = self.finished(i, j, &head, lead) {
                        return Some(vec![first, head]);
                    }
                    head.start = i;
                    head.condition = Some((i, j));
                    return Some(vec![head]);
                }
                // `If it is late, cold, or wet, ...`: another comma may follow.
            } else if conditional && j > i + 2 && self.site(j, true) == Some(Site::Bare) && cur.is_none() {
                let mut head = self.verb(j, Site::Bare, false, None, k)?;
                head.start = i;
                head.condition = Some((i, j));
                return Some(vec![head]);
            } else if conditional && j > i + 2 && EN_ASKING.longest(self.text.tokens, j).is_some() {
                let after = self.lead(j);
                if let Some(mut head) = self.verb(after.next, Site::Ask, true, None, j) {
                    head.start = i;
                    head.condition = Some((i, j));
                    return Some(vec![head]);
                }
            }
            j += 1;
        }
        None
    }

    /// `After exporting X` and `Once you've exported X` are tasks themselves.
    fn finished(&self, i: usize, comma: usize, next: &Head, lead: &mut Lead) -> Option<Head> {
        let word = self.fold(i);
        let you = matches!(self.fold(i + 1), "you've" | "you" | "youve");
        let v = match (word, you) {
            ("after" | "once" | "when" | "upon", true)
                if matches!(self.fold(i + 2), "have" | "are" | "had") =>
            {
                i + 3
            }
            ("after" | "once" | "when" | "upon", true) => i + 2,
            ("after" | "upon", false) => i + 1,
            _ => return None,
        };
        if matches!(self.fold(v), "done" | "finished" | "ready" | "it" | "that") || comma <= v {
            return None;
        }
        let form = EN_FORMS.get(self.fold(v)).cloned();
        let base = match form {
            Some((base, EnForm::Ing)) if !you => base,
            Some((base, EnForm::Past)) if you => base,
            _ if you && EN_VERBS.contains_key(self.fold(v)) => self.fold(v).to_owned(),
            _ => return None,
        };
        let kind = self
            .phrase(v, &base)
            .map(|p| p.0)
            .or_else(|| EN_VERBS.get(&base).map(|e| e.kind))?;
        lead.connector = Some(match lead.connector.take() {
            Some(Connector::Text(a, b)) if b == i => Connector::Text(a, v),
            _ => Connector::Text(i, v),
        });
        let mut head = self.head(v, v, &base, kind, 0.8);
        head.next = next.next;
        Some(head)
    }

    /// `Tomorrow at 9 call the bank`: a time before the verb, without a comma.
    fn time_first(&self, i: usize, cur: Option<&Draft>, k: usize) -> Option<Head> {
        let mut j = i;
        while j < (i + 8).min(self.last) {
            let word = self.fold(j);
            let time = EN_TIME.contains(word) || word.bytes().next().is_some_and(|b| b.is_ascii_digit());
            if !time {
                break;
            }
            j += 1;
        }
        let only_preposition = !(i..j).any(|t| {
            is_moment(self.fold(t)) || self.fold(t).bytes().next().is_some_and(|b| b.is_ascii_digit())
        });
        if j == i || only_preposition {
            return None;
        }
        let after = self.lead(j);
        let mut head = self.verb(after.next, Site::Comma, after.asked, cur, k)?;
        head.start = i;
        Some(head)
    }

    /// A direct question for information.
    fn question(&self, i: usize, strong: bool) -> Option<Head> {
        let word = self.fold(i);
        let next = self.fold(i + 1);
        let wh = EN_WH.contains(word) || matches!(word, "is there" | "any");
        let subject = |w: &str| {
            matches!(
                w,
                "the"
                    | "a"
                    | "an"
                    | "there"
                    | "it"
                    | "this"
                    | "that"
                    | "my"
                    | "our"
                    | "i"
                    | "we"
                    | "they"
                    | "he"
                    | "she"
                    | "any"
                    | "these"
                    | "those"
                    | "all"
                    | "your"
                    | "you"
                    | "his"
                    | "her"
                    | "its"
                    | "their"
            )
        };
        let asks = if wh {
            EN_AUX.contains(next)
                || matches!(
                    word,
                    "what's"
                        | "where's"
                        | "who's"
                        | "when's"
                        | "how's"
                        | "whats"
                        | "what"
                        | "which"
                        | "how"
                        | "why"
                ) && self.is_text(i + 1)
        } else {
            EN_AUX.contains(word)
                && !matches!(word, "s" | "re" | "may" | "am")
                && (subject(next) || strong && !next.is_empty() || self.ends_with_question())
        };
        if !asks
            || matches!(
                (word, next),
                ("what", "a" | "an") | ("how", "to" | "nice" | "great")
            )
        {
            return None;
        }
        Some(Head {
            start: i,
            verb: None,
            lemma: String::new(),
            kind: TaskType::Search,
            confidence: 0.6,
            next: i + 1,
            question: true,
            condition: None,
        })
    }

    /// `what is`, `when will`, `will it`: a question's order of words.
    fn inverted(&self, i: usize) -> bool {
        let (word, next) = (self.fold(i), self.fold(i + 1));
        let aux = |w: &str| {
            matches!(
                w,
                "is" | "are" | "will" | "was" | "were" | "does" | "do" | "did" | "s" | "can" | "has"
            )
        };
        EN_WH.contains(word) && (aux(next) || word.ends_with("'s"))
            || aux(word) && matches!(next, "it" | "there" | "the" | "this" | "my" | "any")
    }

    fn ends_with_question(&self) -> bool {
        (self.last.saturating_sub(2)..self.last).any(|j| self.mark(j, "?"))
    }

    /// What stands before the first recognised request of a chunk: `the song needs to be added to the list`, or,
    /// before a strong connector, a request without a verb.
    fn before_first(&self, k: usize, strong: bool, out: &mut Vec<Draft>) {
        let lead = self.lead(self.first);
        if let Some((verb, base)) = self.needed(lead.next, k) {
            let mut draft = Draft::new(lead.next, k);
            draft.kind = EN_VERBS.get(&base).map(|e| e.kind);
            draft.verb = Some(verb);
            draft.lemma = base;
            draft.confidence = 0.6;
            out.push(draft);
        } else if strong && self.verbless(lead.next, k) {
            let mut draft = Draft::new(lead.next, k);
            draft.kind = Some(TaskType::Search);
            out.push(draft);
        }
    }

    /// `needs to be added`, `should be deleted`: the verb's token and base.
    fn needed(&self, from: usize, to: usize) -> Option<(usize, String)> {
        let end = to.min(from + 60);
        let be = (from + 1..end).find(|i| {
            self.fold(*i) == "be"
                && matches!(self.fold(*i - 1), "to" | "should" | "must")
                && (self.fold(*i - 1) != "to"
                    || matches!(
                        self.fold(i.wrapping_sub(2)),
                        "needs" | "need" | "has" | "have" | "ought"
                    ))
        })?;
        let form = EN_FORMS.get(self.fold(be + 1)).filter(|f| f.1 == EnForm::Past)?;
        EN_VERBS.contains_key(&form.0).then(|| (be + 1, form.0.clone()))
    }

    /// Three words or more without a finite verb.
    fn verbless(&self, from: usize, to: usize) -> bool {
        let body = self.text.tokens.get(from..to).unwrap_or_default();
        let words = body.iter().filter(|t| t.is_text()).take(30).count();
        let finite = body.iter().take(64).any(|t| {
            EN_FINITE.contains(&t.fold)
                || EN_FORMS.get(&t.fold).is_some_and(|f| {
                    f.1 == EnForm::Past && !matches!(t.fold.as_str(), "read" | "set" | "cut")
                })
        });
        !finite && (3..=24).contains(&words)
    }

    /// A chunk without a verb: `weather next year in dominica`.
    fn fragment(&self, chunk: &Chunk, out: &mut Vec<Draft>) {
        let lead = self.lead(self.first);
        let courtesy = matches!(
            self.fold(self.first),
            "thanks"
                | "thank"
                | "sorry"
                | "welcome"
                | "congrats"
                | "congratulations"
                | "great"
                | "nice"
                | "good"
                | "happy"
                | "hope"
                | "no"
                | "yes"
                | "bye"
                | "goodbye"
                | "regards"
                | "sincerely"
                | "best"
                | "kind"
                | "hi"
                | "hello"
                | "hey"
                | "dear"
                | "cheers"
                | "ok"
                | "okay"
                | "sure"
        );
        if courtesy {
            return;
        }
        self.before_first(self.last, false, out);
        if out.last().is_some_and(|d| d.first >= self.first)
            || chunk.colon
            || chunk.item > 0
            || !self.verbless(lead.next, self.last)
        {
            return;
        }
        let mut draft = Draft::new(lead.next, self.last);
        draft.kind = Some(TaskType::Search);
        draft.connector = lead.connector;
        draft.order = lead.order;
        out.push(draft);
    }
}

/// A word of time, not one that merely stands beside them.
fn is_moment(word: &str) -> bool {
    EN_TIME.contains(word)
        && !matches!(
            word,
            "every"
                | "each"
                | "at"
                | "on"
                | "in"
                | "by"
                | "this"
                | "next"
                | "first"
                | "last"
                | "thing"
                | "of"
                | "the"
                | "end"
                | "from"
                | "later"
                | "am"
                | "pm"
        )
}

/// Verbs that ask somebody else to act: what follows `to` is one task.
fn asks_somebody(lemma: &str) -> bool {
    matches!(
        lemma,
        "remind"
            | "ask"
            | "tell"
            | "invite"
            | "advise"
            | "warn"
            | "help"
            | "allow"
            | "want"
            | "get"
            | "instruct"
            | "request"
            | "encourage"
            | "teach"
            | "require"
            | "reminder"
            | "asking"
            | "telling"
            | "order"
            | "have"
            | "notify"
            | "message"
            | "email"
            | "text"
    )
}
