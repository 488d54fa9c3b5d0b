//! Subordinate clauses, times before the verb, questions.

use crate::lexicon::words::Order;
use crate::lexicon::{EN_AUX, EN_FORMS, EN_TIME, EN_VERBS, EN_WH, EnForm};
use crate::phrases::EN_ASKING;
use crate::task::{Connector, Draft};
use crate::types::TaskType;

use super::{Clauses, Head, Lead, Site, is_moment};

impl Clauses<'_, '_> {
    /// `If the build fails, notify me`, `After exporting X, upload it`, `For the Monday meeting, book a room`.
    pub(super) fn subordinate(
        &self,
        i: usize,
        lead: &mut Lead,
        cur: Option<&Draft>,
        k: usize,
    ) -> Option<Vec<Head>> {
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
    pub(super) fn finished(&self, i: usize, comma: usize, next: &Head, lead: &mut Lead) -> Option<Head> {
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
        let kind = self.phrase(v, &base).map(|p| p.0).or_else(|| EN_VERBS.get(&base).map(|e| e.kind))?;
        lead.connector = Some(match lead.connector.take() {
            Some(Connector::Text(a, b)) if b == i => Connector::Text(a, v),
            _ => Connector::Text(i, v),
        });
        let mut head = self.head(v, v, &base, kind, 0.8);
        head.next = next.next;
        Some(head)
    }

    /// `Tomorrow at 9 call the bank`: a time before the verb, without a comma.
    pub(super) fn time_first(&self, i: usize, cur: Option<&Draft>, k: usize) -> Option<Head> {
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
    pub(super) fn question(&self, i: usize, strong: bool) -> Option<Head> {
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
        if !asks || matches!((word, next), ("what", "a" | "an") | ("how", "to" | "nice" | "great")) {
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
    pub(super) fn inverted(&self, i: usize) -> bool {
        let (word, next) = (self.fold(i), self.fold(i + 1));
        let aux = |w: &str| {
            matches!(w, "is" | "are" | "will" | "was" | "were" | "does" | "do" | "did" | "s" | "can" | "has")
        };
        EN_WH.contains(word) && (aux(next) || word.ends_with("'s"))
            || aux(word) && matches!(next, "it" | "there" | "the" | "this" | "my" | "any")
    }

    pub(super) fn ends_with_question(&self) -> bool {
        (self.last.saturating_sub(2)..self.last).any(|j| self.mark(j, "?"))
    }
}
