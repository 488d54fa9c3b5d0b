//! How likely a word is in each language: by the list of common words, and by its characters.
//!
//! Character trigrams of the listed words, interpolated with bigrams and single characters (Witten & Bell 1991), one model a
//! language; all languages side by side in one table, so that a look-up answers for all of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
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

/// Counts of a run of characters: how often it occurs, how often something follows, and how many different things.
struct Counts {
    seen: [u16; LANGUAGES],
    followed: [u16; LANGUAGES],
    kinds: [u16; LANGUAGES],
}

/// Negative logarithms in steps of 1/[`STEPS`]: a session keeps thousands of them.
type Coarse = [u8; LANGUAGES];
const STEPS: f32 = 16.0;

/// For a run of characters: P(its last character | the ones before), and what the run leaves to the shorter context when
/// nothing that followed it fits.
struct Gram {
    probability: Coarse,
    backoff: Coarse,
}

pub(super) struct Statistics {
    grams: Grams<Gram>,
    /// Probabilities of listed words.
    words: HashMap<String, Vec<(usize, f32)>>,
}

/// Keys are characters side by side: multiplying spreads them well enough, and the table is built once a session.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = (self.0 ^ key).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }
}

type Grams<T> = HashMap<u64, T, BuildHasherDefault<Spread>>;

/// Up to three characters as one key.
fn key(chars: &[char]) -> u64 {
    chars.iter().fold(1, |k, c| k << 21 | u64::from(u32::from(*c)))
}

impl Statistics {
    fn new() -> Self {
        let mut counts = Grams::default();
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
                count(&mut counts, word, language);
                if bare != word {
                    // Written without diacritics.
                    count(&mut counts, &bare, language);
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
        Self { grams: interpolated(&counts), words }
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
                return add(scores, &found.probability);
            }
            if let Some(context) = gram.split_last().and_then(|(_, context)| self.grams.get(&key(context))) {
                add(scores, &context.backoff);
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

fn add(scores: &mut Scores, more: &Coarse) {
    scores.iter_mut().zip(more).for_each(|(s, m)| *s -= f32::from(*m) / STEPS);
}

fn coarse(p: f32) -> u8 {
    (-p.ln() * STEPS).round() as u8
}

/// Counts the runs of a word.
fn count(counts: &mut Grams<Counts>, word: &str, language: usize) {
    let mut window = [EDGE; 3];
    for c in word.chars().chain([EDGE]) {
        window = [window[1], window[2], c];
        for from in 0..3 {
            let gram = window.get(from..).unwrap_or_default();
            let context = gram.split_last().map_or(1, |(_, context)| key(context));
            let first = bump(&mut row(counts, key(gram)).seen, language) == 1;
            let context = row(counts, context);
            bump(&mut context.followed, language);
            if first {
                bump(&mut context.kinds, language);
            }
        }
    }
}

fn row(counts: &mut Grams<Counts>, key: u64) -> &mut Counts {
    counts.entry(key).or_insert(Counts {
        seen: [0; LANGUAGES],
        followed: [0; LANGUAGES],
        kinds: [0; LANGUAGES],
    })
}

/// Counts one more, and answers the count.
fn bump(row: &mut [u16; LANGUAGES], language: usize) -> u16 {
    row.get_mut(language).map_or(0, |n| {
        *n = n.saturating_add(1);
        *n
    })
}

/// P(c | context) = (seen + kinds P(c | shorter context)) / (followed + kinds).
fn interpolated(counts: &Grams<Counts>) -> Grams<Gram> {
    // Shorter runs first: the longer ones are interpolated with them.
    let mut keys: Vec<u64> = counts.keys().copied().collect();
    keys.sort_unstable();
    let mut probabilities: Grams<Scores> = Grams::default();
    let figure = |row: &[u16; LANGUAGES], l: usize| f32::from(row.get(l).copied().unwrap_or(0));
    for gram in keys {
        let Some(own) = counts.get(&gram) else { continue };
        let shorter = without_first(gram).and_then(|s| probabilities.get(&s));
        let context = counts.get(&(gram >> 21));
        let probability = std::array::from_fn(|l| {
            let less = shorter.and_then(|s| s.get(l).copied()).unwrap_or(1.0 / ALPHABET);
            let (n, t) = context.map_or((0.0, 0.0), |c| (figure(&c.followed, l), figure(&c.kinds, l)));
            if n > 0.0 { (figure(&own.seen, l) + t * less) / (n + t) } else { less }
        });
        probabilities.insert(gram, probability);
    }
    let row = |(gram, probability): (u64, Scores)| {
        let backoff = std::array::from_fn(|l| {
            let own = counts.get(&gram).map_or((0.0, 0.0), |c| (figure(&c.followed, l), figure(&c.kinds, l)));
            // A context never seen leaves all to the shorter one.
            if own.0 > 0.0 { coarse(own.1 / (own.0 + own.1)) } else { 0 }
        });
        (gram, Gram { probability: probability.map(coarse), backoff })
    };
    probabilities.into_iter().map(row).collect()
}

/// A gram without its first character; nothing for a single one.
fn without_first(gram: u64) -> Option<u64> {
    let bits = (63 - gram.leading_zeros()) / 21;
    (bits > 1).then(|| {
        let low = 21 * (bits - 1);
        1 << low | gram & ((1 << low) - 1)
    })
}
