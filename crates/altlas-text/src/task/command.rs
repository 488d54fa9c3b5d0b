//! A text that was read by rules, its parts that a network can read, and the segments by either.

use crate::language::{Language, detect_folded};
use crate::tags::{Tags, decode};
use crate::token::{Kind, Token, tokens};

use super::chunks::{self, Chunk};
use super::given::Given;
use super::join::{SURE_OF_EDGES, join};
use super::{Draft, Placed, Segment, Segmentation, Text, describe, english, place, turkish};

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

    /// What the network says of a window, from its numbers for the window's pieces; see [`decode`].
    #[must_use]
    pub fn decode(&self, window: Window, places: &[(usize, usize)], scores: &[f32]) -> Option<Tags> {
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

    /// The task segments by what the network says of windows, in order; its offsets are those of each window. Where it is not
    /// sure of the edges of a window, the spans there are the rules'.
    #[must_use]
    pub fn by_network(self, found: &[(Window, Tags)], tick: &dyn Fn()) -> Segmentation {
        let (text, language) = (self.text(), self.language);
        let rules = place(&text, self.drafts.clone(), language);
        let mut given = Given::new(&text, language, &rules);
        let (mut placed, mut said) = (Vec::new(), Vec::new());
        for (window, tags) in found {
            tick();
            let base = self.span(*window).0;
            if tags.certainty >= SURE_OF_EDGES {
                for tag in &tags.segments {
                    let Some(mut one) = given.place(base + tag.start, base + tag.end, tick) else { continue };
                    one.draft.item = self.item(one.draft.first);
                    placed.push(one);
                    said.push(Some((tag.task_type, tag.confidence)));
                }
            } else {
                let inside = |p: &&Placed| (window.first..window.last).contains(&p.draft.first);
                for one in rules.iter().filter(inside) {
                    said.push(tags.task_type(one.start.saturating_sub(base), one.end.saturating_sub(base)));
                    placed.push(one.clone());
                }
                given.pass(placed.last().map_or(0, |p: &Placed| p.draft.last).max(window.last));
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
