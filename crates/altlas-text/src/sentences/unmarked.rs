//! Boundaries that no terminator marks: text whose line breaks were lost (e-mail headers, greetings, signatures,
//! headings, lists), addresses, and sentences that begin without the one before having been ended.

use std::sync::LazyLock;

use super::Splitter;
use crate::fold::{fold, fold_chars};
use crate::language::Language;
use crate::lexicon::{EN_PREPOSITIONS, Words, words};

/// Words that stand in capitals at the start of a sentence alone: no names, no nouns.
const OPENERS_TR: &str = "bu bunun bunu buna bunlar bunları bunların bunlara bunda bundan şu şunu şuna onun onu ona onda ondan onlar onları onların onlara \
    ben beni bana bende benden benim sen seni sana senin biz bizi bize bizim siz sizi size sizin kendi kendim kendimi kendimize kendisi kendisini kendini kendine \
    kendileri kendilerini hepsi hepsini hepimiz hepimizi hepimizin herkes herkesin kimse kimsenin biri birisi birbirlerini birbirini bazı bazıları bütün tüm her hiç \
    hiçbir bir birçok birkaç çoğu kimi kim kimin kime ne neden niye niçin nasıl nerede hangi kaç acaba böyle böylece böylesi şöyle öyle öyleyse işte burada buraya \
    buradan orada oraya oradan şimdi artık sonra sonradan sonunda önce önceden ardından bugün daha çok en pek az yine gene belki keşke sanki zaten hatta üstelik \
    ayrıca aslında gerçekten özellikle genellikle sadece yalnızca bazen özetle kısacası mesela örneğin yani dolayısıyla nitekim oysa oysaki ama ancak fakat lakin \
    çünkü eğer meğer madem peki lütfen nedense";
const OPENERS_EN: &str = "the this these those that it its there they their we our you your he his she her my but if when why how where please also \
    however so then because although though while since after before therefore perhaps maybe it's let's that's there's here's he's she's they're we're you're \
    lets dont don't what which and";
/// Words that end no sentence: a capital letter behind them belongs to a title.
const NEVER_LAST: &str = "ve veya ile ya da de ki bir bu şu en daha her gibi için adlı isimli the a an and or but as that is are was were be not no our my your their his her called \
    named titled entitled than if when where which who what whose her very so too";
/// First words of a greeting.
const GREETINGS: &str =
    "hi hello hey dear greetings merhaba merhabalar selam selamlar sevgili sayın değerli günaydın";
/// Words that close a letter before the name.
const SIGN_OFFS: &str =
    "regards sincerely cheers thanks thx saygılarımla saygılarımızla sevgiler sevgilerimle teşekkürler";

/// With and without the Turkish letters: `Şimdi` and `Simdi`, but `Sen` is not `Şen`.
static TR: LazyLock<Words> =
    LazyLock::new(|| OPENERS_TR.split_whitespace().flat_map(|w| [w.to_owned(), fold(w)]).collect());
static EN: LazyLock<Words> = LazyLock::new(|| words(OPENERS_EN));
static NO_END: LazyLock<Words> = LazyLock::new(|| words(NEVER_LAST));
static HELLO: LazyLock<Words> = LazyLock::new(|| words(GREETINGS));
static BYE: LazyLock<Words> = LazyLock::new(|| words(SIGN_OFFS));

impl Splitter<'_> {
    /// Where the next sentence begins, when the one begun at `start` ends before the white space at `i`.
    pub(super) fn unmarked(&self, i: usize, start: usize) -> Option<usize> {
        if self.text.before(i).is_whitespace() || i <= start {
            return None;
        }
        let next = self.text.skip_blanks(i);
        let before = self.text.token_before(i);
        let after = self.text.token_after(next);
        let capital = self.text.at(next).is_uppercase();
        let ends = self.begins(before, after, i, next)
            || is_rule(before)
            || self.after_time(i, start, after, capital)
            || capital
                && (self.is_url(before)
                    || self.text.is_emoticon(i - before.len())
                    || self.bracketed(start, i)
                    || self.letter_line(before, start, i, next)
                    || self.opener_after(before, next));
        ends.then_some(next)
    }

    /// A URL, whatever comes before the scheme.
    pub(super) fn is_url(&self, token: &[char]) -> bool {
        let token = token.strip_prefix(&['<']).unwrap_or(token);
        ["http://", "https://", "www."].iter().any(|p| starts_with(token, p))
    }

    /// What stands at `next` begins a line of its own.
    fn begins(&self, before: &[char], after: &[char], i: usize, next: usize) -> bool {
        let second = self.text.token_after(next + after.len());
        let letter_behind = |n: usize| after.get(n).is_some_and(|c| c.is_uppercase());
        let bullet = match after {
            ['*' | '•', ..] if matches!(before, [.., '*' | '•']) => false,
            ['*' | '•'] => second.first().is_some_and(|c| c.is_uppercase()),
            ['*' | '•', ..] => letter_behind(1),
            ['-'] => is_file(before) && is_file(second),
            ['-', ..] => {
                letter_behind(1)
                    && after.get(2).is_some_and(|c| c.is_lowercase())
                    && before.last().is_some_and(|c| c.is_lowercase())
            }
            _ => false,
        };
        let list = list_marker(after).is_some_and(|(mark, rest)| {
            before.last().is_some_and(|c| c.is_alphanumeric())
                && match mark {
                    ')' => !self.in_brackets(i),
                    _ => after.get(rest).is_some_and(|c| c.is_uppercase()),
                }
        });
        let mail = before.contains(&'@') || before.first().is_some_and(|c| c.is_uppercase());
        let header = is_date(after) && is_time(second) && mail;
        bullet || list || header || is_rule(after) || self.is_url(after) && self.is_url(before)
    }

    /// The sentence ends with a date and a time, as the header of a message does.
    fn after_time(&self, i: usize, start: usize, after: &[char], capital: bool) -> bool {
        let mut end = i;
        let mut token = self.text.token_before(end);
        if matches!(token, ['A' | 'P', 'M']) {
            end -= 3;
            token = self.text.token_before(end);
        } else if matches!(after, ['A' | 'P', 'M', ..]) {
            return false;
        }
        if !is_time(token) || end <= token.len() {
            return false;
        }
        let date = self.text.token_before(end - token.len());
        is_date(date) && (capital || is_date(self.text.span(start, self.text.token_end(start))))
    }

    fn in_brackets(&self, i: usize) -> bool {
        (i.saturating_sub(40)..i).rev().map(|k| self.text.at(k)).find(|c| matches!(c, '(' | ')')) == Some('(')
    }

    /// All of the sentence stands in brackets: `(BBC)`, but no list marker.
    fn bracketed(&self, start: usize, i: usize) -> bool {
        let body = self.text.span(start, i);
        body.len() > 4
            && body.len() < 120
            && matches!(body, ['(', .., ')'] | ['[', .., ']'])
            && body.iter().filter(|c| matches!(c, '(' | '[')).count() == 1
    }

    /// The greeting or the sign-off of a letter: `Dear all,`, `Best regards,`, `Vince,`.
    fn letter_line(&self, before: &[char], start: usize, i: usize, next: usize) -> bool {
        if before.last() != Some(&',') || i - start > 40 {
            return false;
        }
        let line = fold_chars(self.text.span(start, i - 1));
        let mut parts = line.split_whitespace();
        let (first, last) = (parts.next().unwrap_or(""), parts.next_back());
        if BYE.contains(last.unwrap_or(first)) {
            return !self.signed(next);
        }
        let greets = HELLO.contains(first) || last.is_none() && !EN.contains(first) && !TR.contains(first);
        greets && self.text.at(start).is_uppercase() && self.is_opener(next)
    }

    /// `Thanks, John.`: the name ends the sentence, it is no signature.
    fn signed(&self, next: usize) -> bool {
        let mut at = next;
        for _ in 0..3 {
            let token = self.text.token_after(at);
            if !token.first().is_some_and(|c| c.is_uppercase()) {
                return false;
            }
            if matches!(token, [.., '.' | '!' | '?'] | [.., '.' | '!' | '?', _]) {
                return true;
            }
            at = self.text.skip_blanks(at + token.len());
        }
        false
    }

    /// A word that opens sentences alone follows a word in small letters, or a heading in capitals.
    fn opener_after(&self, before: &[char], next: usize) -> bool {
        // No pronoun stands in capitals behind a comma; in English a name may (`so, They Might Be Giants`).
        let before =
            before.strip_suffix(&[',']).filter(|_| self.language == Language::Turkish).unwrap_or(before);
        let small = before.last().is_some_and(|c| c.is_lowercase()) && before.len() > 1;
        let shouted = before.len() > 3 && before.iter().all(|c| c.is_uppercase());
        (small || shouted) && self.is_opener(next) && {
            let word = fold_chars(before);
            let preposition = self.language == Language::English && EN_PREPOSITIONS.contains(&word);
            !(preposition || NO_END.contains(&word))
        }
    }

    /// A word at `next` that stands in capitals only where a sentence begins, before a word in small letters.
    pub(super) fn is_opener(&self, next: usize) -> bool {
        let mut end = next + self.text.letters_from(next).len();
        if matches!(self.text.at(end), '\'' | '’') && self.language == Language::English {
            end += 1 + self.text.letters_from(end + 1).len();
        }
        let word = self.text.span(next, end);
        let openers = match self.language {
            Language::Turkish => &TR,
            Language::English => &EN,
            Language::Other => return false,
        };
        let then = end + usize::from(self.text.at(end) == ',');
        word.first().is_some_and(|c| c.is_uppercase())
            && word.iter().skip(1).all(|c| !c.is_uppercase())
            && self.text.at(then) == ' '
            && self.text.at(then + 1).is_lowercase()
            && openers.contains(&lower(word))
    }
}

/// Small letters, diacritics kept.
fn lower(word: &[char]) -> String {
    word.iter().flat_map(|c| if *c == 'İ' { 'i' } else { *c }.to_lowercase()).collect()
}

fn starts_with(token: &[char], prefix: &str) -> bool {
    token.len() > prefix.len() && prefix.chars().zip(token).all(|(p, c)| p == c.to_ascii_lowercase())
}

/// A line of one mark: `_____`, `*****`.
fn is_rule(token: &[char]) -> bool {
    match token {
        [first @ ('_' | '*' | '=' | '-' | '~' | '#'), rest @ ..] => {
            rest.len() > 2 && rest.iter().all(|c| c == first)
        }
        _ => false,
    }
}

/// `1)`, `12.Word`: the mark, and where the text begins.
fn list_marker(token: &[char]) -> Option<(char, usize)> {
    let digits = token.iter().take_while(|c| c.is_ascii_digit()).count();
    let mark = *token.get(digits)?;
    ((1..=2).contains(&digits) && matches!(mark, ')' | '.')).then_some((mark, digits + 1))
}

/// `budget.xlsx`
fn is_file(token: &[char]) -> bool {
    let dot = token.iter().rposition(|c| *c == '.').unwrap_or(0);
    dot > 0
        && (2..=4).contains(&(token.len() - dot - 1))
        && token.iter().skip(dot + 1).all(char::is_ascii_alphanumeric)
}

/// `03/28/2001`, `28.3.2001`
fn is_date(token: &[char]) -> bool {
    let parts: Vec<&[char]> = token.split(|c| matches!(c, '/' | '.' | '-')).collect();
    (6..=10).contains(&token.len())
        && parts.len() == 3
        && parts.iter().all(|p| (1..=4).contains(&p.len()) && p.iter().all(char::is_ascii_digit))
}

/// `9:05`, `06:03:48`
fn is_time(token: &[char]) -> bool {
    let mut parts = token.split(|c| *c == ':');
    token.contains(&':')
        && token.len() <= 8
        && parts.all(|p| (1..=2).contains(&p.len()) && p.iter().all(char::is_ascii_digit))
}
