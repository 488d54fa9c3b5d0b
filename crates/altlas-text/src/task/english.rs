//! English clauses: the verb comes first, so a segment begins at each place where a request can begin.

mod clauses;
mod evidence;
mod leftovers;
mod verbs;

use crate::lexicon::words::Order;
use crate::lexicon::{Doubt, EN_FORMS, EN_NO_VERB_AFTER, EN_OBJECT_START, EN_PHRASES, EN_TIME, EN_VERBS};
use crate::phrases::{EN_ASKING, EN_CONNECTORS, EN_FILLERS};
use crate::types::TaskType;

use super::chunks::Chunk;
use super::{Connector, Draft, Introduced, Text};

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
    Clauses { text, first: chunk.first, last: chunk.last }.run(chunk, out, tick);
}

/// The connector that tokens from `from` on begin with, and where what it introduces begins.
pub(crate) fn connector(text: &Text<'_>, from: usize, last: usize) -> Introduced {
    let lead = Clauses { text, first: from, last }.lead(from);
    Introduced { next: lead.next, connector: lead.connector, order: lead.order }
}

impl Clauses<'_, '_> {
    fn fold(&self, i: usize) -> &str {
        if i >= self.first && i < self.last { self.text.fold(i) } else { "" }
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
            if k.is_multiple_of(512) {
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
            let head = if absorbed { None } else { self.probe(k, &mut lead, site, cur.as_ref()) };
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
        let mut lead = Lead { next: k, ..Lead::default() };
        for _ in 0..10 {
            let i = lead.next;
            if i >= self.last {
                break;
            }
            if lead.next > k && self.mark(i, ",:–—-!") {
                lead.next += 1;
                continue;
            }
            if let Some((n, order)) =
                EN_CONNECTORS.longest(self.text.tokens, i).filter(|(n, _)| i + n <= self.last)
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

    /// The request (or the two of `After X-ing, Y`) that begins after the lead, if one does.
    fn probe(&self, k: usize, lead: &mut Lead, site: Site, cur: Option<&Draft>) -> Option<Vec<Head>> {
        let i = lead.next;
        if i >= self.last {
            return None;
        }
        if let Some(head) = self.verb(i, site, lead.asked, cur, k) {
            return Some(vec![head]);
        }
        if (site >= Site::Comma || lead.strong || lead.order != Order::None || lead.connector.is_some())
            && let Some(heads) = self.subordinate(i, lead, cur, k)
        {
            return Some(heads);
        }
        if (site == Site::Hard
            || site == Site::Ask
            || lead.strong
            || lead.connector.is_some()
            || (site == Site::Comma && (cur.is_none_or(|c| c.question) || self.inverted(i))))
            && let Some(head) = self.question(i, lead.strong)
        {
            return Some(vec![head]);
        }
        if (site >= Site::Strong || lead.connector.is_some())
            && let Some(head) = self.time_first(i, cur, k)
        {
            return Some(vec![head]);
        }
        if cur.is_some()
            && site == Site::Strong
            && matches!(lead.order, Order::Next | Order::Last | Order::None)
        {
            return self.elided(i, cur).map(|h| vec![h]);
        }
        None
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
