//! Which language a text is in: words, forms and letters as evidence.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::error::TextError;
use crate::fold::fold;
use crate::lexicon::{EN_FORMS, EN_VERBS, TR_COMPOUNDS, TR_STEMS, Words, words};
use crate::morph::{Form, read};
use crate::token::{Token, tokens};

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

/// Words that are Turkish and not English, German, French, Spanish, Italian ...
const TURKISH: &str = "ve bir bu şu için ile sonra ardından ama daha çok gibi var yok mı mi mu mü ne nedir kadar olarak göre önce lütfen bana beni bize sana ben sen biz siz \
    onlar onu bunu şunu tüm bütün her hangi nasıl neden değil en şimdi bugün yarın dün saat gün hafta yeni eski son ilk ayrıca veya ya da fakat merhaba selam evet hayır tamam \
    olan oldu olacak hakkında üzerinde altında arasında tarafından ise diye çünkü kim nerede hiç bazı tane adet dosya dosyayı dosyaları rapor raporu toplantı \
    misin mısın musun müsün misiniz mısınız günaydın teşekkürler istiyorum eğer bir şey kaç nereye lazım gerek teşekkür ederim bey hanım sayın acil acilen hemen iyi güzel";
const ENGLISH: &str = "the a an and or of to in on for with from by at is are was were be been has have had do does did will would can could should it its this that these those my your \
    our his her their me you we they them us what which who when where why how not no yes please all any some then also after before if about into as but than there here \
    i i'm it's don't let's hello hi thanks hey today tomorrow report file files meeting email now need want would like more most new";
/// Function words of other languages in Latin script, none of them Turkish or English.
const OTHER: &str = "der das und ist nicht ein eine einen dem den mit für auf von zu im ich sie wir auch wie aber oder bitte ihr sich nach bei wird sind kein \
    le la les et est une des du pour dans que qui avec sur pas vous nous je il elle ce cette sont aux mais ou où été leur plus bonjour merci \
    el los las y es una por con para del se lo como su al más pero este esta está hola gracias qué muy también porque \
    il gli che di e per non sono della nel alla anche questo questa ciao grazie più dei \
    o os um uma não com em na da dos ao você obrigado isso são \
    het een van en dat niet op te zijn voor met ik je maar ook aan \
    och att det som på är av till inte jag den har med \
    i w na z do się nie to jest że jak po od dla oraz ale czy";

static TR: LazyLock<Words> = LazyLock::new(|| words(TURKISH));
static EN: LazyLock<Words> = LazyLock::new(|| words(ENGLISH));
static OTHERS: LazyLock<Words> = LazyLock::new(|| words(OTHER));

/// Tokens read from a long text.
const WINDOW: usize = 2000;

/// Detects the language of `text`. No evidence at all gives [`Language::Other`]; equal evidence for
/// Turkish and English gives Turkish when a letter speaks for it and English otherwise.
#[must_use]
pub fn detect_language(text: &str) -> Language {
    // A window of characters is enough evidence, and it bounds the work.
    let chars: Vec<char> = text.chars().take(20_000).collect();
    let tokens = tokens(&chars, &|| ());
    detect_folded(&chars, &tokens)
}

pub(crate) fn detect_folded(chars: &[char], tokens: &[Token]) -> Language {
    let (mut tr, mut en, mut other) = (0.0_f32, 0.0_f32, 0.0_f32);
    let (mut latin, mut foreign) = (0_u32, 0_u32);
    let mut letters = 0.0_f32;
    for c in chars.iter().take(20_000) {
        match c {
            'ä' | 'ß' | 'ñ' | 'õ' | 'ã' | 'œ' | 'æ' | 'å' | 'ø' | 'ł' | 'ż' | 'ę' | 'ą' | 'ś' | 'ć' | 'ź'
            | 'č' | 'š' | 'ž' | 'ř' | 'ě' | '¿' | '¡' | 'è' | 'ê' | 'à' | 'ò' | 'ù' | 'ő' | 'ű' | 'ț'
            | 'ș' | 'ă' | 'ə' | 'Ə' => other += 0.7,
            _ => {}
        }
        if c.is_alphabetic() {
            if ('\u{41}'..='\u{24f}').contains(c)
                || ('\u{1e00}'..='\u{1eff}').contains(c)
                || ('\u{ff21}'..='\u{ff5a}').contains(c)
            {
                latin += 1;
            } else {
                foreign += 1;
            }
        }
    }
    if foreign > latin || latin == 0 {
        return Language::Other;
    }
    for token in tokens.iter().take(WINDOW).filter(|t| t.is_word() && !t.is_number()) {
        let word = token.fold.as_str();
        // Letters speak inside words alone: a file name may be in any language.
        for c in chars.get(token.start..token.end).unwrap_or_default() {
            letters += match c {
                'ı' | 'İ' | 'ş' | 'Ş' | 'ğ' | 'Ğ' => 1.0,
                'ö' | 'ü' | 'Ö' | 'Ü' | 'ç' | 'Ç' => 0.25,
                _ => 0.0,
            };
        }
        let written = chars.get(token.start..token.end).unwrap_or_default();
        let marked = written.iter().any(|c| !c.is_ascii() && *c != '’');
        let (is_tr, is_en, is_other) =
            (TR.contains(word), EN.contains(word) && !marked, OTHERS.contains(word));
        if is_tr {
            tr += if is_other || is_en { 0.5 } else { 1.0 };
        }
        if is_en {
            en += if is_tr || is_other { 0.5 } else { 1.0 };
        }
        if is_other {
            other += if is_tr || is_en { 0.4 } else { 1.0 };
            if !is_tr && !is_en && TR_STEMS.contains_key(word) {
                // `al` is an article elsewhere and `take` in Turkish.
                tr += 0.6;
                other -= 0.5;
            }
        }
        if is_tr || is_en || is_other {
            continue;
        }
        tr += turkish_form(word);
        if TR_COMPOUNDS.contains_key(word) && !EN_VERBS.contains_key(word) {
            tr += 0.4;
        }
        en += if marked { 0.0 } else { english_form(word) };
    }
    tr += letters.min(tr + 3.0);
    let best = tr.max(en);
    if best <= 0.0 || other > best {
        return Language::Other;
    }
    if tr > en || (tr - en).abs() < f32::EPSILON && letters > 0.0 {
        Language::Turkish
    } else {
        Language::English
    }
}

/// Suffixes and forms that only Turkish has, as far as English and its neighbours go.
fn turkish_form(word: &str) -> f32 {
    if let Some((_, suffix)) = word.split_once('\'') {
        let tr = [
            "da", "de", "ta", "te", "dan", "den", "tan", "ten", "nin", "in", "un", "nun", "yi", "yu", "i",
            "u", "a", "e", "ya", "ye", "na", "ne", "la", "le", "yla", "yle", "ki", "daki", "deki", "lar",
            "ler",
        ];
        return if tr.contains(&suffix) || suffix.len() > 3 { 1.0 } else { 0.0 };
    }
    let mut score: f32 = 0.0;
    if let Some(reading) = read(word) {
        score = match reading.form {
            Form::Imperative if word.len() < 4 => 0.35,
            Form::Imperative => 0.9,
            _ if word.len() > 4 => 0.7,
            _ => 0.2,
        };
    }
    let endings = [
        "lari", "leri", "larini", "lerini", "lar", "ler", "sini", "sunu", "nin", "nun", "dan", "den", "tan",
        "ten", "yor", "yorum", "mak", "mek", "digi", "dugu", "acak", "ecek", "ligi", "lugu", "larin",
        "lerin", "imi", "unu", "ini", "lara", "lere", "inda", "inde", "sinda", "sinde", "ina", "ine", "yla",
        "yle", "daki", "deki", "abilir", "ebilir", "iyor", "uyor", "mis", "musun", "lik", "luk", "ci", "cu",
        "siz", "suz", "dir", "tir",
    ];
    if word.len() > 5 && endings.iter().any(|e| word.ends_with(e)) {
        score += 0.4;
    } else if word.len() > 4 && word.ends_with(['i', 'u']) {
        score += 0.25;
    }
    score
}

fn english_form(word: &str) -> f32 {
    if word.contains('\'') {
        return if ["'s", "n't", "'re", "'ll", "'ve", "'d", "'m"].iter().any(|s| word.ends_with(s)) {
            0.9
        } else {
            0.0
        };
    }
    let mut score: f32 = if EN_VERBS.contains_key(word) {
        0.8
    } else if EN_FORMS.contains_key(word) {
        0.6
    } else {
        0.0
    };
    let endings = [
        "ing", "tion", "tions", "ed", "ly", "ment", "ness", "ous", "ght", "sh", "ck", "ies", "ty", "ee",
        "oo", "th", "wh",
    ];
    if word.len() > 4 && endings.iter().any(|e| word.ends_with(e)) {
        score += 0.3;
    }
    if word.contains('w')
        || word.contains('q')
        || word.contains('x')
        || word.contains("th")
        || word.contains("sh")
    {
        score += 0.25;
    }
    score
}
