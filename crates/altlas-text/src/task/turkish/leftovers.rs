//! Words after the verb, and clauses without a known verb.

use crate::lexicon::words::Order;
use crate::morph::Form;
use crate::phrases::{TR_CLOSINGS, TR_FILLERS};
use crate::task::Draft;
use crate::task::chunks::Chunk;
use crate::types::TaskType;

use super::{Clauses, Lead, accusative, has_case};

impl Clauses<'_, '_> {
    /// `Merhaba Zeynep Hanım, …`, `Acil: …`: whom the text addresses, or how urgent it is, up to a mark.
    pub(super) fn addressed(&self, from: usize) -> usize {
        let greeted = from > self.first;
        let stop =
            (from..self.last.min(from + 4)).find(|k| self.text.tokens.get(*k).is_some_and(|t| !t.is_text()));
        let Some(stop) = stop.filter(|s| *s > from) else {
            return from;
        };
        let comma = self.text.tokens.get(stop).is_some_and(|t| t.is_mark(",:!–—-"));
        let urgent = (from..stop).all(|k| {
            matches!(self.fold(k), "acil" | "cok" | "ivedi" | "onemli" | "kritik" | "dikkat" | "not")
        });
        let named = greeted
            && (from..stop)
                .all(|k| self.text.tokens.get(k).is_some_and(|t| t.capital) && self.form(k).is_none());
        if comma && (urgent || named) { self.separators(stop, true).next } else { from }
    }

    /// Where the objects after a first verb end, when they belong to it.
    pub(super) fn inverted(&self, verb: usize, end: usize, start: usize, lead: &Lead) -> Option<usize> {
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
    pub(super) fn rest(
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

    pub(super) fn only_fillers(&self, start: usize, end: usize) -> bool {
        let mut i = start;
        let mut greeting = false;
        while i < end {
            if let Some((n, ())) = TR_FILLERS.longest(self.text.tokens, i).or_else(|| {
                (i..end.min(i + 5))
                    .find_map(|k| TR_CLOSINGS.longest(self.text.tokens, k).filter(|(n, ())| k + 1 == i + n))
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
    pub(super) fn unknown_imperative(&self, start: usize, last: usize) -> Option<TaskType> {
        let word = self.fold(last);
        let before = last.checked_sub(1).filter(|b| *b >= start).map(|b| self.fold(b))?;
        let verbal =
            ["la", "le", "lastir", "lestir", "landir", "lendir", "tir", "dir", "ir", "ur", "at", "et", "an"]
                .iter()
                .any(|s| word.ends_with(s));
        (word.len() >= 4
            && verbal
            && accusative(before)
            && (!has_case(word) || word.ends_with("la") || word.ends_with("le"))
            || self.reading(last).is_some_and(|r| r.form == Form::Imperative && r.verb.is_some()))
        .then_some(TaskType::Execute)
    }
}
