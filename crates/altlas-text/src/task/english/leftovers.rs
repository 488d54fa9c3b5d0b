//! Requests without a verb of their own.

use crate::lexicon::{EN_FINITE, EN_FORMS, EN_PREPOSITIONS, EN_VERBS, EnForm};
use crate::task::Draft;
use crate::task::chunks::Chunk;
use crate::types::TaskType;

use super::{Clauses, Head};

impl Clauses<'_, '_> {
    /// `then Task 2`: the verb of the task before is meant again.
    pub(super) fn elided(&self, i: usize, cur: Option<&Draft>) -> Option<Head> {
        let cur = cur?;
        let word = self.fold(i);
        let words = (i..self.last.min(i + 4)).filter(|j| self.is_text(*j)).count();
        if EN_FORMS.contains_key(word)
            || EN_FINITE.contains(word)
            || EN_PREPOSITIONS.contains(word)
            || words < 2
            || word.ends_with("ing")
            || matches!(word, "it" | "that" | "this" | "some" | "not" | "only" | "again" | "back" | "there")
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

    /// What stands before the first recognised request of a chunk: `the song needs to be added to the list`, or,
    /// before a strong connector, a request without a verb.
    pub(super) fn before_first(&self, k: usize, strong: bool, out: &mut Vec<Draft>) {
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
    pub(super) fn needed(&self, from: usize, to: usize) -> Option<(usize, String)> {
        let end = to.min(from + 60);
        let be = (from + 1..end).find(|i| {
            self.fold(*i) == "be"
                && matches!(self.fold(*i - 1), "to" | "should" | "must")
                && (self.fold(*i - 1) != "to"
                    || matches!(self.fold(i.wrapping_sub(2)), "needs" | "need" | "has" | "have" | "ought"))
        })?;
        let form = EN_FORMS.get(self.fold(be + 1)).filter(|f| f.1 == EnForm::Past)?;
        EN_VERBS.contains_key(&form.0).then(|| (be + 1, form.0.clone()))
    }

    /// Three words or more without a finite verb.
    pub(super) fn verbless(&self, from: usize, to: usize) -> bool {
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
    pub(super) fn fragment(&self, chunk: &Chunk, out: &mut Vec<Draft>) {
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
