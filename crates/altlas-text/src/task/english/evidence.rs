//! Whether a word that may be a noun is a verb at its place.

use crate::lexicon::{
    Doubt, EN_FINITE, EN_FORMS, EN_NO_VERB_AFTER, EN_OBJECT_START, EN_PREPOSITIONS, EN_VERBS, EnForm,
};
use crate::task::Draft;
use crate::token::Kind;

use super::{Clauses, Site};

impl Clauses<'_, '_> {
    /// Whether a word that may be a verb is one here. `end` is the last token of the verb.
    pub(super) fn evident(
        &self,
        v: usize,
        end: usize,
        doubt: Doubt,
        site: Site,
        cur: Option<&Draft>,
        k: usize,
    ) -> bool {
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
    pub(super) fn plural_object(&self, i: usize) -> bool {
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
    pub(super) fn noun_phrase(&self, i: usize) -> bool {
        (i..self.last.min(i + 4))
            .any(|j| matches!(self.fold(j), "is" | "are" | "was" | "were" | "has" | "will"))
    }
}
