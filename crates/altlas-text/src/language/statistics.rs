//! How likely a word is in each language: by the list of common words, and by its characters.
//!
//! Character trigrams of the listed words, interpolated with bigrams and single characters (Witten & Bell 1991), one model a
//! language; all languages side by side in one table, so that a look-up answers for all of them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::profiles::{ENGLISH, OTHERS, TURKISH};
use crate::fold::fold;
use crate::lexicon::{EN_FORMS, EN_VERBS, TR_COMPOUNDS, TR_STEMS};

/// Turkish, English, and the others.
pub(super) const LANGUAGES: usize = 2 + OTHERS.len();
/// One figure a language.
pub(super) type Scores = [f32; LANGUAGES];

pub(super) const TR: usize = 0;
pub(super) const EN: usize = 1;

/// Of a word's probability the share that its place in the list gives; its characters give the rest.
const LISTED: f32 = 0.5;
/// Zipf-Mandelbrot: the word at rank r has the probability 1 / (H (r + q)).
const ZIPF_Q: f32 = 15.0;
const ZIPF_H: f32 = 4.0;
/// The rank of the words of the task lexicon.
const LEXICON_RANK: f32 = 1500.0;
/// Characters that any language may hold.
const ALPHABET: f32 = 200.0;
/// Stands before and after a word.
const EDGE: char = '\0';

pub(super) static STATISTICS: LazyLock<Statistics> = LazyLock::new(Statistics::new);

/// Counts of what follows a context of none, one or two characters, by language.
#[derive(Default)]
struct Counts {
    grams: HashMap<u64, [u16; LANGUAGES]>,
    totals: HashMap<u64, [u16; LANGUAGES]>,
    kinds: HashMap<u64, [u16; LANGUAGES]>,
}

pub(super) struct Statistics {
    /// Natural logarithms of P(last character | the ones before), for 1 to 3 characters.
    grams: HashMap<u64, Scores>,
    /// What a context of 1 or 2 characters leaves to the shorter one.
    backoff: HashMap<u64, Scores>,
    /// Probabilities of listed words.
    words: HashMap<String, Vec<(usize, f32)>>,
}

/// Up to three characters as one key.
fn key(chars: &[char]) -> u64 {
    chars.iter().fold(1, |k, c| k << 21 | u64::from(u32::from(*c)))
}

impl Statistics {
    fn new() -> Self {
        let mut counts = Counts::default();
        let mut words: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        let mut list = |language: usize, word: String, rank: f32| {
            let places = words.entry(word).or_default();
            if places.iter().all(|(l, _)| *l != language) {
                places.push((language, 1.0 / (ZIPF_H * (rank + ZIPF_Q))));
            }
        };
        let lists = [TURKISH, ENGLISH].into_iter().chain(OTHERS.iter().map(|(_, words)| *words));
        for (language, table) in lists.enumerate() {
            for (rank, word) in table.split_whitespace().enumerate() {
                let bare = fold(word);
                counts.add(word, language);
                if bare != word {
                    // Written without diacritics.
                    counts.add(&bare, language);
                    list(language, bare, 2.0 * rank as f32);
                }
                list(language, word.to_owned(), rank as f32);
            }
        }
        for word in EN_VERBS.keys().chain(EN_FORMS.keys()) {
            list(EN, word.clone(), LEXICON_RANK);
        }
        for word in TR_STEMS.keys().chain(TR_COMPOUNDS.keys()) {
            list(TR, word.clone(), LEXICON_RANK);
        }
        let (grams, backoff) = counts.probabilities();
        Self { grams, backoff, words }
    }

    /// Natural logarithms of the probabilities of a word in small letters.
    pub(super) fn word(&self, word: &str) -> Scores {
        let mut scores = [0.0; LANGUAGES];
        let mut window = [EDGE; 3];
        for c in word.chars().chain([EDGE]) {
            window = [window[1], window[2], c];
            self.character(window, &mut scores);
        }
        for score in &mut scores {
            *score += (1.0 - LISTED).ln();
        }
        for (language, p) in self.words.get(word).into_iter().flatten() {
            if let Some(score) = scores.get_mut(*language) {
                *score = (score.exp() + LISTED * p).ln();
            }
        }
        scores
    }

    /// Adds ln P(c | a, b) for the window `a b c`.
    fn character(&self, window: [char; 3], scores: &mut Scores) {
        for from in 0..3 {
            let gram = window.get(from..).unwrap_or_default();
            if let Some(found) = self.grams.get(&key(gram)) {
                return add(scores, found);
            }
            if let Some(left) = gram.split_last().and_then(|(_, context)| self.backoff.get(&key(context))) {
                add(scores, left);
            }
        }
        scores.iter_mut().for_each(|s| *s -= ALPHABET.ln());
    }

    /// Whether a word is listed for this language.
    pub(super) fn lists_for(&self, word: &str, language: usize) -> bool {
        self.words.get(word).is_some_and(|places| places.iter().any(|(l, _)| *l == language))
    }

    /// Whether a word is listed for any language.
    pub(super) fn lists(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }
}

fn add(scores: &mut Scores, more: &Scores) {
    scores.iter_mut().zip(more).for_each(|(s, m)| *s += m);
}

impl Counts {
    fn add(&mut self, word: &str, language: usize) {
        let mut window = [EDGE; 3];
        for c in word.chars().chain([EDGE]) {
            window = [window[1], window[2], c];
            for from in 0..3 {
                let gram = window.get(from..).unwrap_or_default();
                let context = key(gram.split_last().map_or(&[], |(_, context)| context));
                let seen = bump(&mut self.grams, key(gram), language);
                bump(&mut self.totals, context, language);
                if seen == 1 {
                    bump(&mut self.kinds, context, language);
                }
            }
        }
    }

    /// Logarithms of interpolated probabilities, and of the weights of the shorter contexts.
    fn probabilities(&self) -> (HashMap<u64, Scores>, HashMap<u64, Scores>) {
        let mut backoff = HashMap::new();
        for (context, totals) in &self.totals {
            let kinds = self.kinds.get(context).unwrap_or(&[0; LANGUAGES]);
            let weights = std::array::from_fn(|l| {
                let (n, t) = (figure(totals, l), figure(kinds, l));
                // A context never seen leaves all to the shorter one.
                if n > 0.0 { t / (n + t) } else { 1.0 }
            });
            backoff.insert(*context, weights);
        }
        // Shorter grams first: the longer ones are interpolated with them.
        let mut keys: Vec<u64> = self.grams.keys().copied().collect();
        keys.sort_unstable();
        let mut grams: HashMap<u64, Scores> = HashMap::new();
        for gram in keys {
            let (context, shorter) = (gram >> 21, without_first(gram));
            let unseen = [1.0 / ALPHABET; LANGUAGES];
            let less = shorter.and_then(|s| grams.get(&s)).unwrap_or(&unseen);
            let weights: &Scores = backoff.get(&context).unwrap_or(&[1.0; LANGUAGES]);
            let (counts, totals) = (self.grams.get(&gram), self.totals.get(&context));
            let row = std::array::from_fn(|l| {
                let n = totals.map_or(0.0, |t| figure(t, l)).max(1.0);
                let c = counts.map_or(0.0, |c| figure(c, l));
                let weight = weights.get(l).copied().unwrap_or(1.0);
                (1.0 - weight) * c / n + weight * less.get(l).copied().unwrap_or(1.0 / ALPHABET)
            });
            grams.insert(gram, row);
        }
        let logarithms = |mut map: HashMap<u64, Scores>| {
            map.values_mut().flatten().for_each(|p| *p = p.ln());
            map
        };
        (logarithms(grams), logarithms(backoff))
    }
}

/// A gram without its first character; nothing for a single one.
fn without_first(gram: u64) -> Option<u64> {
    let bits = (63 - gram.leading_zeros()) / 21;
    (bits > 1).then(|| {
        let low = 21 * (bits - 1);
        1 << low | gram & ((1 << low) - 1)
    })
}

fn figure(row: &[u16; LANGUAGES], language: usize) -> f32 {
    f32::from(row.get(language).copied().unwrap_or(0))
}

/// Counts one more, and answers the count.
fn bump(map: &mut HashMap<u64, [u16; LANGUAGES]>, key: u64, language: usize) -> u16 {
    let row = map.entry(key).or_insert([0; LANGUAGES]);
    row.get_mut(language).map_or(0, |n| {
        *n = n.saturating_add(1);
        *n
    })
}
