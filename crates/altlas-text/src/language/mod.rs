//! Which language a text is in: common words, characters and Turkish word forms as evidence.

mod profiles;
mod statistics;

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::error::TextError;
use crate::fold::fold;
use crate::lexicon::TR_STEMS;
use crate::morph::read;
use crate::token::{Token, tokens};
use statistics::{EN, STATISTICS, Scores, TR};

/// A language the rules know, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Turkish.
    Turkish,
    /// English.
    English,
    /// Neither, or unknown.
    Other,
}

impl Language {
    /// The ISO 639 code: `tr`, `en` or `und`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Turkish => "tr",
            Self::English => "en",
            Self::Other => "und",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = TextError;

    /// Takes `tr`, `en` and `und`, in any case, with a region or script behind (`tr-TR`).
    fn from_str(code: &str) -> Result<Self, TextError> {
        let low = fold(code.trim());
        match low.split(['-', '_']).next().unwrap_or("") {
            "tr" | "tur" => Ok(Self::Turkish),
            "en" | "eng" => Ok(Self::English),
            "und" => Ok(Self::Other),
            _ => Err(TextError::UnknownLanguage(code.to_owned())),
        }
    }
}

/// Tokens read from a long text.
const WINDOW: usize = 400;
/// Characters read from a long text.
const LONGEST: usize = 20_000;
/// How much better one word may speak for one language than for another: a name or a slip decides nothing alone.
const LOUDEST: f32 = 5.0;
/// How a name in the middle of a text counts: names travel.
const NAME: f32 = 0.35;
/// What other languages must have over Turkish and English.
const MARGIN: f32 = 1.5;
/// What a Turkish suffix behind an apostrophe is worth, and a word that reads as a Turkish verb.
const SUFFIX: f32 = 3.0;
const VERB: f32 = 1.0;
/// What a Turkish verb at the end is worth: Turkish commands borrow nouns, English ones borrow no verbs.
const LAST_VERB: f32 = 3.0;
/// Characters of scripts without spaces that make a word.
const IDEOGRAPHS: usize = 2;

/// Small words inside English titles.
const IN_NAMES: [&str; 14] =
    ["of", "the", "and", "to", "in", "a", "an", "for", "from", "at", "on", "with", "by", "or"];

/// Turkish suffixes of names, folded.
const SUFFIXES: [&str; 33] = [
    "da", "de", "ta", "te", "dan", "den", "tan", "ten", "nin", "in", "un", "nun", "yi", "yu", "i", "u", "a",
    "e", "ya", "ye", "na", "ne", "la", "le", "yla", "yle", "ki", "daki", "deki", "lar", "ler", "nda", "nde",
];

/// Detects the language of `text`: Turkish, English, or another one. Common words, characters and Turkish
/// word forms are the evidence; a text without words gives [`Language::Other`].
#[must_use]
pub fn detect_language(text: &str) -> Language {
    // A window of characters is enough evidence, and it bounds the work.
    let chars: Vec<char> = text.chars().take(LONGEST).collect();
    let tokens = tokens(&chars, &|| ());
    detect_folded(&chars, &tokens)
}

pub(crate) fn detect_folded(chars: &[char], tokens: &[Token]) -> Language {
    let words: Vec<&Token> = tokens.iter().filter(|t| t.is_word()).take(WINDOW).collect();
    let mixed = words.iter().any(|t| !t.capital && !t.is_number());
    let capital = |k: usize| words.get(k).is_some_and(|t| t.capital);
    let mut total: Scores = std::array::from_fn(|l| if l > EN { -MARGIN } else { 0.0 });
    let mut foreign = -MARGIN;
    let (mut names, mut any) = (0.0_f32, false);
    for (n, token) in words.iter().enumerate() {
        let written = chars.get(token.start..token.end).unwrap_or_default();
        let suffixed = suffixed_name(&token.fold);
        if suffixed {
            total[TR] += SUFFIX;
            any = true;
        }
        if token.is_number() || !written.iter().any(|c| c.is_alphabetic()) {
            continue;
        }
        let strange = written.iter().filter(|c| c.is_alphabetic() && !is_latin(**c)).count();
        if strange > 0 {
            let word = if ideographic(written) { IDEOGRAPHS } else { written.len() };
            foreign += LOUDEST * strange.div_ceil(word) as f32;
            continue;
        }
        any = true;
        // `Tale of Two Cities`: a name, small words included. The more of them, the less each says.
        let joins = n > 0 && capital(n - 1) && capital(n + 1) && IN_NAMES.contains(&token.fold.as_str());
        let weight = if suffixed || mixed && (joins || token.capital && (n > 0 || capital(1))) {
            names += 1.0;
            NAME / names
        } else {
            1.0
        };
        let scores = word_scores(written, token, suffixed);
        let best = scores.iter().copied().fold(f32::MIN, f32::max);
        for (sum, score) in total.iter_mut().zip(scores) {
            *sum += weight * (score - best).max(-LOUDEST);
        }
        foreign -= weight * LOUDEST;
        if n + 1 == words.len() && n > 0 && turkish_verb(&token.fold) {
            total[TR] += LAST_VERB;
        }
    }
    let [turkish, english, others @ ..] = total;
    let other = others.into_iter().fold(foreign, f32::max);
    if !any || other > turkish.max(english) {
        Language::Other
    } else if turkish > english {
        Language::Turkish
    } else {
        Language::English
    }
}

/// `Ankara'da`, `15'inde`: a Turkish suffix behind an apostrophe.
fn suffixed_name(fold: &str) -> bool {
    fold.split_once('\'').is_some_and(|(stem, suffix)| stem.len() > 1 && SUFFIXES.contains(&suffix))
        && !STATISTICS.lists(fold)
}

/// A Turkish verb that is no English word.
fn turkish_verb(fold: &str) -> bool {
    let verb = TR_STEMS.contains_key(fold) || fold.len() > 4 && read(fold).is_some();
    verb && !STATISTICS.lists_for(fold, EN)
}

/// The evidence of one word for each language.
fn word_scores(written: &[char], token: &Token, suffixed: bool) -> Scores {
    let lower: String = written
        .iter()
        .flat_map(|c| match c {
            'İ' => 'i'.to_lowercase(),
            '’' => '\''.to_lowercase(),
            c => c.to_lowercase(),
        })
        .nfc()
        .collect();
    if suffixed {
        return STATISTICS.word(lower.split('\'').next().unwrap_or(&lower));
    }
    let mut scores = STATISTICS.word(&lower);
    if token.fold.len() > 4 && !STATISTICS.lists(&lower) && read(&token.fold).is_some() {
        scores[TR] += VERB;
    }
    scores
}

fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff5a}')
        || unicode_normalization::char::is_combining_mark(c)
}

/// Han, Kana, Thai, Lao, Khmer, Burmese: scripts without spaces between words.
fn ideographic(word: &[char]) -> bool {
    word.iter().any(|c| matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'))
}
