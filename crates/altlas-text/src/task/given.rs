//! What the rules know of spans that they did not find: verb, connector, order, condition.

use crate::language::Language;
use crate::lexicon::words::Order;
use crate::token::Kind;

use super::chunks::{Chunk, ends};
use super::{Connector, Draft, Introduced, Placed, Text, edges, english, kinds, turkish};

/// Tokens between two segments that a connector is looked for in.
const GAP: usize = 12;

/// The rules' reading of a text, beside spans that are given one after the other.
pub(crate) struct Given<'t, 'a> {
    text: &'t Text<'a>,
    language: Language,
    rules: &'t [Placed],
    /// The first of the rules' segments that is not behind the last span.
    at: usize,
    /// The first token after the last span.
    from: usize,
    /// The token that is looked at next.
    token: usize,
}

impl<'t, 'a> Given<'t, 'a> {
    pub(crate) fn new(text: &'t Text<'a>, language: Language, rules: &'t [Placed]) -> Self {
        Self { text, language, rules, at: 0, from: 0, token: 0 }
    }

    /// The segment of the code points `[start, end)`, its edges on those of tokens; none when nothing is left of it.
    pub(crate) fn place(&mut self, start: usize, end: usize, tick: &dyn Fn()) -> Option<Placed> {
        let (first, last) = self.tokens(start, end)?;
        let mut draft = self.read(first, last, tick);
        let introduced = self.introduced(&draft);
        // `next week, move …`: what looks like a connector at the beginning of a span is one where the rules begin behind it, too.
        if introduced.next > draft.first
            && self.rules_at(first, last).any(|p| p.draft.first == introduced.next)
        {
            draft.first = introduced.next;
        }
        // `URGENT: move …`: a label, where the rules begin behind its colon.
        if let Some(known) = self.rules_at(first, last).next().map(|p| p.draft.first)
            && known > draft.first
            && self.text.tokens.get(known - 1).is_some_and(|t| t.kind == Kind::Mark(':'))
        {
            draft.first = known;
        }
        // Without a verb nothing says where fillers end: the network left out those that are.
        let verb = draft.verb;
        draft.verb = verb.or(Some(draft.first));
        let trimmed = edges::trim(self.text, &mut draft, self.language);
        draft.verb = verb;
        let (start, end) = trimmed?;
        let known = self.rules_at(first, last).find(|p| p.draft.first == draft.first);
        (draft.connector, draft.order) = match known {
            Some(known) => (known.draft.connector.clone(), known.draft.order),
            None => (introduced.connector, introduced.order),
        };
        draft.condition = draft.condition.filter(|(a, b)| *a >= draft.first && *b <= draft.last);
        kinds::refine(self.text, &mut draft, self.language);
        self.from = draft.last;
        Some(Placed { draft, start, end })
    }

    /// Goes on behind token `last`: nothing before it is given any more.
    pub(crate) fn pass(&mut self, last: usize) {
        self.from = self.from.max(last);
    }

    /// The tokens of which the span has the greater part, none of them in the span before: an edge in a word, a number, an
    /// address or a quotation moves to the edge of it.
    fn tokens(&mut self, start: usize, end: usize) -> Option<(usize, usize)> {
        let tokens = self.text.tokens;
        while tokens.get(self.token).is_some_and(|t| t.end <= start) {
            self.token += 1;
        }
        let belongs = |i: &usize| {
            tokens
                .get(*i)
                .is_some_and(|t| 2 * (t.end.min(end).saturating_sub(t.start.max(start))) >= t.end - t.start)
        };
        let reach = || {
            (self.token.max(self.from)..tokens.len())
                .take_while(|i| tokens.get(*i).is_some_and(|t| t.start < end))
        };
        let first = reach().find(belongs)?;
        let last = reach().filter(belongs).last()? + 1;
        Some((first, last))
    }

    /// The rules' segments that have tokens of `[first, last)`.
    fn rules_at(&self, first: usize, last: usize) -> impl Iterator<Item = &'t Placed> {
        let rules = self.rules.get(self.at..).unwrap_or_default();
        rules.iter().skip_while(move |p| p.draft.last <= first).take_while(move |p| p.draft.first < last)
    }

    /// The rules' own segment with its verb in the span, or what they read in the span alone.
    fn read(&mut self, first: usize, last: usize, tick: &dyn Fn()) -> Draft {
        while self.rules.get(self.at).is_some_and(|p| p.draft.last <= first) {
            self.at += 1;
        }
        let inside = |draft: &Draft| match draft.verb {
            Some(verb) => (first..last).contains(&verb),
            None => draft.first >= first && draft.last <= last,
        };
        let mut found: Vec<Draft> =
            self.rules_at(first, last).map(|p| &p.draft).filter(|d| inside(d)).cloned().collect();
        if found.is_empty() {
            let alone = Chunk { first, last, item: 0, listed: false, colon: false };
            match self.language {
                Language::Turkish => turkish::chunk(self.text, &alone, &mut found, tick),
                _ => english::chunk(self.text, &alone, &mut found, tick),
            }
        }
        let verbs =
            found.iter().position(|d| d.verb.is_some()).zip(found.iter().rposition(|d| d.verb.is_some()));
        // English verbs stand first, Turkish ones last.
        let chosen =
            verbs.map_or(0, |(first, last)| if self.language == Language::Turkish { last } else { first });
        let mut draft = found.into_iter().nth(chosen).unwrap_or_else(|| Draft::new(first, last));
        (draft.first, draft.last) = (first, last);
        draft
    }

    /// What stands between the span before and this one, and at its beginning.
    fn introduced(&self, draft: &Draft) -> Introduced {
        let Draft { first, last, .. } = *draft;
        let connector = |from: usize| match self.language {
            Language::Turkish => turkish::connector(self.text, from, last),
            _ => english::connector(self.text, from, last),
        };
        let gap = self.from.max(first.saturating_sub(GAP))..first;
        let fresh = gap.clone().rev().find(|i| ends(self.text.tokens, *i, self.language)).map(|i| i + 1);
        let mut found = Introduced { next: first, connector: None, order: Order::None };
        let mut i = fresh.unwrap_or(gap.start);
        while i <= first {
            let next = connector(i);
            if next.connector.is_some() {
                found = Introduced { next: next.next.max(first), ..next.clone() };
            }
            i = next.next.max(i + 1);
        }
        let silent = gap
            .clone()
            .all(|i| self.text.tokens.get(i).is_some_and(|t| !t.is_text() && t.kind != Kind::Newline));
        if found.order == Order::None
            && self.language == Language::Turkish
            && self.from > 0
            && fresh.is_none()
            && (silent || found.connector.is_some())
            && let Some(suffix @ Connector::Suffix(_)) = turkish::converb(self.text, self.from - 1)
        {
            found.connector = Some(suffix);
            found.order = Order::Next;
        }
        found
    }
}
