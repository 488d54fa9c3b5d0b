//! Which verb forms ask for something.

use crate::lexicon::{Doubt, TR_LIGHT, TR_PARTICLES, TR_QUESTION_ENDS};
use crate::morph::Form;
use crate::types::TaskType;

use super::{Action, Clauses, compound, has_case, polite_ending, second_person, wants};

impl Clauses<'_, '_> {
    /// The verb at `i` as an action: compounds first, then the stem.
    pub(super) fn action(&self, i: usize) -> Option<Action> {
        let reading = self.reading(i)?;
        let before = i.checked_sub(1).filter(|b| *b >= self.first).map(|b| self.fold(b)).unwrap_or("");
        if let Some(kind) = compound(before, &reading.stem) {
            return Some(Action { kind, confidence: 0.9 });
        }
        if TR_LIGHT.contains(&reading.stem) {
            return (!before.is_empty()).then_some(Action { kind: TaskType::Execute, confidence: 0.4 });
        }
        let verb = reading.verb?;
        Some(Action { kind: verb.kind, confidence: if verb.doubt == Doubt::None { 0.85 } else { 0.65 } })
    }

    /// A request that ends at token `i`: the verb's token, one past the end, its action, and whether it is a question.
    pub(super) fn request(
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
        } else {
            // Verbs of no table, in forms that only requests have.
            let asked = particle && second_person(next) && polite_ending(self.fold(i));
            let wished = wants(next) && ["mak", "mek", "mem", "mam"].iter().any(|s| token.fold.ends_with(s));
            if asked || wished {
                return Some((i, i + 2, None, false));
            }
        }
        let word = token.fold.as_str();
        if i > start
            && (word.starts_with("istiyor")
                || matches!(word, "isterim" | "isteriz" | "lazim" | "gerekiyor" | "gerekli"))
            && self.boundary_or_capital(i + 1)
        {
            return Some((i, i + 1, Some(Action { kind: TaskType::Search, confidence: 0.3 }), true));
        }
        let asks = Action { kind: TaskType::Search, confidence: 0.6 };
        if i > start && matches!(word, "ihtiyacim" | "ihtiyacimiz") && next == "var" {
            return Some((i, i + 2, Some(Action { kind: TaskType::Search, confidence: 0.3 }), true));
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

    pub(super) fn boundary_or_capital(&self, i: usize) -> bool {
        self.boundary(i) || self.text.tokens.get(i).is_some_and(|t| t.capital)
    }

    /// `var mı diye bak`, `var mı kontrol et`: the question is the object of a check.
    pub(super) fn checked_later(&self, i: usize) -> bool {
        self.fold(i) == "diye"
    }

    /// Whether a bare stem is a verb here, by its doubt and its place.
    pub(super) fn bare_verb(&self, i: usize, start: usize, form: Form) -> bool {
        let Some(reading) = self.reading(i) else {
            return false;
        };
        if reading.verb.is_none() && !TR_LIGHT.contains(&reading.stem) {
            return false;
        }
        let before = i.checked_sub(1).filter(|b| *b >= start).map_or("", |b| self.fold(b));
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
    pub(super) fn joined_verb(&self, i: usize) -> bool {
        self.form(i + 2)
            .is_some_and(|f| matches!(f, Form::Imperative | Form::PoliteImperative | Form::Optative))
    }

    pub(super) fn no_other_verb(&self, i: usize) -> bool {
        let end = (i + 12).min(self.last);
        (i + 1..end)
            .take_while(|k| !self.boundary(*k))
            .all(|k| !matches!(self.form(k), Some(Form::Imperative | Form::PoliteImperative)))
    }
}
