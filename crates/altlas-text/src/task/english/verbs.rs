//! Which word at a site is a verb that asks.

use crate::lexicon::{
    Doubt, EN_AUX, EN_FINITE, EN_FORMS, EN_NO_VERB_AFTER, EN_OBJECT_START, EN_PHRASES, EN_PREPOSITIONS,
    EN_TIME, EN_VERBS, EN_WH, EnForm,
};
use crate::task::Draft;
use crate::types::TaskType;

use super::{Clauses, Head, Site};

impl Clauses<'_, '_> {
    pub(super) fn prohibition(&self, i: usize) -> bool {
        matches!(self.fold(i), "don't" | "never" | "dont" | "not")
            || self.fold(i) == "do" && self.fold(i + 1) == "not"
    }

    /// A verb at `i`, perhaps after one adverb.
    pub(super) fn verb(
        &self,
        i: usize,
        site: Site,
        asked: bool,
        cur: Option<&Draft>,
        k: usize,
    ) -> Option<Head> {
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
        if let Some((kind, words)) = self.phrase(v, word)
            && self.evident(v, v + words.min(2) - 1, Doubt::Some, site, cur, k)
        {
            let mut head = self.head(i, v, word, kind, 0.9);
            head.next = v + 1;
            return Some(head);
        }
        if let Some(entry) = EN_VERBS.get(word)
            && (!token.capital || site >= Site::Comma || self.shouting() || cur.is_some())
        {
            let doubt = if asked { Doubt::None } else { entry.doubt };
            if self.evident(v, v, doubt, site, cur, k) {
                let confidence = if entry.doubt == Doubt::Much { 0.7 } else { 0.85 };
                return Some(self.head(i, v, word, entry.kind, confidence));
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
    pub(super) fn unknown(&self, v: usize, expected: bool) -> bool {
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

    pub(super) fn head(
        &self,
        start: usize,
        verb: usize,
        lemma: &str,
        kind: TaskType,
        confidence: f32,
    ) -> Head {
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
    pub(super) fn wish(&self, i: usize, site: Site) -> Option<Head> {
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
    pub(super) fn phrase(&self, v: usize, word: &str) -> Option<(TaskType, usize)> {
        let list = EN_PHRASES.get(word)?;
        list.iter().find_map(|(kind, rest)| {
            let mut at = v + 1;
            for part in rest {
                if part == "_" {
                    continue;
                }
                let gap = rest.iter().any(|p| p == "_") && at > v;
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

    pub(super) fn shouting(&self) -> bool {
        let end = (self.first + 40).min(self.last);
        (self.first..end).filter_map(|i| self.text.tokens.get(i)).filter(|t| t.is_word()).all(|t| {
            self.text.chars.get(t.start..t.end).unwrap_or_default().iter().all(|c| !c.is_lowercase())
        })
    }
}
