//! Longest match of phrases in a run of tokens, forwards and backwards.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fold::fold;
use crate::lexicon::words::{self, Order};
use crate::token::Token;

/// Phrases indexed by their first word, the longest first.
pub(crate) struct Phrases<T> {
    by_first: HashMap<String, Vec<(Vec<String>, T)>>,
    backwards: bool,
}

impl<T: Copy> Phrases<T> {
    fn new<'a>(rows: impl Iterator<Item = (&'a str, T)>, backwards: bool) -> Self {
        let mut by_first: HashMap<String, Vec<(Vec<String>, T)>> = HashMap::new();
        for (phrase, value) in rows {
            let mut parts: Vec<String> = phrase.split_whitespace().map(fold).collect();
            if backwards {
                parts.reverse();
            }
            if let Some(first) = parts.first().cloned() {
                by_first.entry(first).or_default().push((parts, value));
            }
        }
        for list in by_first.values_mut() {
            list.sort_by_key(|(parts, _)| std::cmp::Reverse(parts.len()));
        }
        Self { by_first, backwards }
    }

    /// The longest phrase that begins at token `at` (ends there, when backwards): its length and value.
    pub(crate) fn longest(&self, tokens: &[Token], at: usize) -> Option<(usize, T)> {
        let word = |k: usize| {
            let index = if self.backwards { at.checked_sub(k) } else { at.checked_add(k) };
            index.and_then(|i| tokens.get(i)).map_or("", |t| t.fold.as_str())
        };
        let list = self.by_first.get(word(0))?;
        list.iter()
            .find(|(parts, _)| parts.iter().enumerate().all(|(k, part)| word(k) == part))
            .map(|(parts, value)| (parts.len(), *value))
    }
}

fn table(rows: &'static [(Order, &'static str)]) -> Phrases<Order> {
    Phrases::new(rows.iter().flat_map(|(order, list)| list.split('|').map(|p| (p, *order))), false)
}

fn list(list: &'static str) -> Phrases<()> {
    Phrases::new(list.split('|').map(|p| (p, ())), false)
}

/// English connectors.
pub(crate) static EN_CONNECTORS: LazyLock<Phrases<Order>> = LazyLock::new(|| table(words::EN_CONNECTORS));
/// Turkish connectors.
pub(crate) static TR_CONNECTORS: LazyLock<Phrases<Order>> = LazyLock::new(|| table(words::TR_CONNECTORS));
/// English fillers at the front.
pub(crate) static EN_FILLERS: LazyLock<Phrases<()>> = LazyLock::new(|| list(words::EN_FILLERS));
/// English fillers that ask.
pub(crate) static EN_ASKING: LazyLock<Phrases<()>> = LazyLock::new(|| list(words::EN_ASKING));
/// Turkish fillers at the front.
pub(crate) static TR_FILLERS: LazyLock<Phrases<()>> = LazyLock::new(|| list(words::TR_FILLERS));
/// English fillers at the back.
pub(crate) static EN_CLOSINGS: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::new(words::EN_CLOSINGS.split('|').map(|p| (p, ())), true));
/// Turkish fillers at the back.
pub(crate) static TR_CLOSINGS: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::new(words::TR_CLOSINGS.split('|').map(|p| (p, ())), true));
