//! A text that was read by rules, its parts that a network can read, and the segments by either.

use crate::language::{Language, detect_folded};
use crate::tags::{Tagged, decode};
use crate::token::{Kind, Token, tokens};

use super::chunks::{self, Chunk};
use super::given::Given;
use super::join::{Said, join};
use super::{Draft, Segment, Segmentation, Text, describe, english, place, turkish};

/// Pieces that a window should have at most, by estimate: the network reads 256, two of them special.
const PIECES: usize = 200;

/// A part of a text that the network reads at once: tokens `[first, last)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    first: usize,
    last: usize,
}

/// A text under analysis, read by rules.
pub struct Command {
    chars: Vec<char>,
    tokens: Vec<Token>,
    language: Language,
    chunks: Vec<Chunk>,
    drafts: Vec<Draft>,
}

impl Command {
    /// Reads a text; `language` is detected when not given. `tick` is called every few thousand characters and may unwind.
    #[must_use]
    pub fn read(text: &str, language: Option<Language>, tick: &dyn Fn()) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let tokens = tokens(&chars, tick);
        let language = language.unwrap_or_else(|| detect_folded(&chars, &tokens));
        let text = Text { chars: &chars, tokens: &tokens };
        let chunks = if language == Language::Other { Vec::new() } else { chunks::chunks(&text, language) };
        let mut drafts: Vec<Draft> = Vec::new();
        for (k, chunk) in chunks.iter().enumerate() {
            if k % 16 == 0 {
                tick();
            }
            let before = drafts.len();
            match language {
                Language::Turkish => turkish::chunk(&text, chunk, &mut drafts, tick),
                _ => english::chunk(&text, chunk, &mut drafts, tick),
            }
            chunks::absorb_items(&text, chunk, before, &mut drafts);
            for draft in drafts.iter_mut().skip(before) {
                draft.item = chunk.item;
            }
        }
        Self { chars, tokens, language, chunks, drafts }
    }

    /// The language that the text is read in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    fn text(&self) -> Text<'_> {
        Text { chars: &self.chars, tokens: &self.tokens }
    }

    /// The task segments that the rules find.
    #[must_use]
    pub fn by_rules(self, tick: &dyn Fn()) -> Segmentation {
        let placed = place(&self.text(), self.drafts.clone(), self.language);
        Segmentation {
            language: self.language,
            segments: describe(&self.text(), &placed, self.language, tick),
        }
    }

    /// The parts to be read by the network, in order: cut where a sentence or an item ends, else where the rules see a
    /// segment begin, else between words. None for a text in neither language; parts without a word are left out.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        let mut out = Vec::new();
        if self.chunks.is_empty() {
            return out;
        }
        let mut hard = self.chunks.iter().map(|c| c.first).peekable();
        let mut soft = self.drafts.iter().map(|d| d.first).peekable();
        let (mut first, mut cost, mut ends) = (0, 0, (0, 0));
        for (i, token) in self.tokens.iter().enumerate() {
            while hard.next_if(|at| *at <= i).is_some() {
                ends.0 = i;
            }
            while soft.next_if(|at| *at <= i).is_some() {
                ends.1 = i;
            }
            let more = pieces(token);
            if cost + more > PIECES && i > first {
                let cut = [ends.0, ends.1].into_iter().find(|cut| *cut > first).unwrap_or(i);
                out.push(Window { first, last: cut });
                first = cut;
                cost = self.tokens.get(cut..i).unwrap_or_default().iter().map(pieces).sum();
            }
            cost += more;
        }
        out.push(Window { first, last: self.tokens.len() });
        out.retain(|window| self.inside(*window).iter().any(Token::is_text));
        out
    }

    /// The whole text as one window.
    #[must_use]
    pub fn whole(&self) -> Window {
        Window { first: 0, last: self.tokens.len() }
    }

    fn inside(&self, window: Window) -> &[Token] {
        self.tokens.get(window.first..window.last).unwrap_or_default()
    }

    /// The code points of a window, `[start, end)`.
    fn span(&self, window: Window) -> (usize, usize) {
        let inside = self.inside(window);
        (inside.first().map_or(0, |t| t.start), inside.last().map_or(0, |t| t.end))
    }

    /// The text of a window.
    #[must_use]
    pub fn content(&self, window: Window) -> String {
        let (start, end) = self.span(window);
        self.text().slice(start, end)
    }

    /// What the network found in a window, from its numbers for the window's pieces; see [`decode`].
    #[must_use]
    pub fn decode(&self, window: Window, places: &[(usize, usize)], scores: &[f32]) -> Option<Vec<Tagged>> {
        let (start, end) = self.span(window);
        decode(self.chars.get(start..end).unwrap_or_default(), places, scores)
    }

    /// The halves of a window that has more pieces than the network reads; none when it cannot be cut.
    #[must_use]
    pub fn halves(&self, window: Window) -> Option<[Window; 2]> {
        let middle = window.first.midpoint(window.last);
        let halves = [Window { last: middle, ..window }, Window { first: middle, ..window }];
        (window.first < middle).then_some(halves)
    }

    /// The task segments that the network found in windows, in order; offsets and numbers of segments are those of
    /// each window.
    #[must_use]
    pub fn by_network(self, found: &[(Window, Vec<Tagged>)], tick: &dyn Fn()) -> Segmentation {
        let (text, language) = (self.text(), self.language);
        let rules = place(&text, self.drafts.clone(), language);
        let mut given = Given::new(&text, language, &rules);
        let (mut placed, mut said) = (Vec::new(), Vec::new());
        for (window, tagged) in found {
            tick();
            let base = self.span(*window).0;
            let ordinal = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
            let begin = ordinal(placed.len());
            // Where each of the window's segments went: one of which nothing is left is gone.
            let mut places: Vec<Option<u32>> = Vec::with_capacity(tagged.len());
            for tag in tagged {
                let Some(mut one) = given.place(base + tag.start, base + tag.end, tick) else {
                    places.push(None);
                    continue;
                };
                one.draft.item = self.item(one.draft.first);
                places.push(Some(ordinal(placed.len())));
                placed.push(one);
                let parents = tag.depends_on.iter().filter_map(|n| places.get(*n).copied().flatten());
                let depends_on: Vec<u32> = parents.collect();
                said.push(Said {
                    task_type: tag.task_type,
                    confidence: tag.confidence,
                    dependency_kind: tag.dependency_kind.filter(|_| !depends_on.is_empty()),
                    depends_on,
                    parameters: tag
                        .parameters
                        .iter()
                        .map(|(name, start, end)| (*name, text.slice(base + start, base + end)))
                        .collect(),
                    window: begin,
                });
            }
        }
        let described: Vec<Segment> = describe(&text, &placed, language, tick);
        let segments = described.into_iter().zip(said).map(|(rules, network)| join(rules, network)).collect();
        Segmentation { language, segments }
    }

    /// The place in its list of the item that a token lies in, from 1; 0 outside lists.
    fn item(&self, token: usize) -> u32 {
        let after = self.chunks.partition_point(|chunk| chunk.first <= token);
        after.checked_sub(1).and_then(|n| self.chunks.get(n)).map_or(0, |chunk| chunk.item)
    }
}

/// About how many pieces the network's tokenizer makes of a token; rather more.
fn pieces(token: &Token) -> usize {
    let length = token.end - token.start;
    match token.kind {
        Kind::Newline | Kind::Mark(_) => 2,
        Kind::Word if token.fold.is_ascii() => 1 + length / 3,
        Kind::Word | Kind::Quoted | Kind::Opaque => 1 + length / 2,
    }
}
