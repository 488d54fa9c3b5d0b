//! Collecting parameters: token ranges by key, each token used once.

use serde_json::{Map, Value};

use crate::task::{Draft, Text};
use crate::token::{Kind, Token};

use super::WINDOW;

/// The parameters found so far.
pub(super) struct Found<'t, 'a> {
    pub text: &'t Text<'a>,
    pub draft: &'t Draft,
    /// The tokens read: `[first, last)`.
    pub first: usize,
    pub last: usize,
    start: usize,
    end: usize,
    taken: Vec<bool>,
    out: Map<String, Value>,
}

impl<'t, 'a> Found<'t, 'a> {
    pub(super) fn new(text: &'t Text<'a>, draft: &'t Draft, start: usize, end: usize) -> Self {
        let first = draft.first;
        let last = draft.last.min(first + WINDOW);
        Self {
            text,
            draft,
            first,
            last,
            start,
            end,
            taken: vec![false; last.saturating_sub(first)],
            out: Map::new(),
        }
    }

    pub(super) fn fold(&self, i: usize) -> &'a str {
        if i >= self.first && i < self.last { self.text.fold(i) } else { "" }
    }

    pub(super) fn token(&self, i: usize) -> Option<&'a Token> {
        if i >= self.first && i < self.last { self.text.tokens.get(i) } else { None }
    }

    /// The token holds text and belongs to no parameter yet.
    pub(super) fn free(&self, i: usize) -> bool {
        self.token(i).is_some_and(|t| t.is_text() || t.is_mark(".") && i + 1 < self.last) && !self.used(i)
    }

    pub(super) fn used(&self, i: usize) -> bool {
        i.checked_sub(self.first).and_then(|k| self.taken.get(k)).copied().unwrap_or(true)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.out.contains_key(key)
    }

    pub(super) fn quoted(&self, i: usize) -> bool {
        self.token(i).is_some_and(|t| t.kind == Kind::Quoted)
    }

    /// Marks tokens as used without a parameter.
    pub(super) fn skip(&mut self, from: usize, to: usize) {
        for i in from..to {
            if let Some(slot) = i.checked_sub(self.first).and_then(|k| self.taken.get_mut(k)) {
                *slot = true;
            }
        }
    }

    /// Sets `key` to the source text of tokens `[from, to)` unless it is set; a copy leaves the tokens free.
    pub(super) fn set(&mut self, key: &str, from: usize, to: usize, keep_free: bool) {
        let (Some(a), Some(b)) = (self.token(from), to.checked_sub(1).and_then(|l| self.token(l))) else {
            return;
        };
        let (start, end) = (a.start.max(self.start), b.end.min(self.end.max(a.start)));
        if from >= to || start >= end {
            return;
        }
        let value = self.text.slice(start, end);
        self.out.entry(key.to_owned()).or_insert(Value::String(value));
        if !keep_free {
            self.skip(from, to);
        }
    }

    /// Sets `key` to the inside of the quotation at `i`.
    pub(super) fn set_inside(&mut self, key: &str, i: usize) {
        if let Some(token) = self.token(i) {
            let value = self.text.slice(token.start + 1, token.end.saturating_sub(1));
            self.out.entry(key.to_owned()).or_insert(Value::String(value.trim().to_owned()));
        }
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.out
    }
}

/// Names of languages, both languages, folded, without case endings.
pub(super) const LANGUAGES: &[&str] = &[
    "english",
    "turkish",
    "german",
    "french",
    "spanish",
    "italian",
    "dutch",
    "russian",
    "arabic",
    "chinese",
    "japanese",
    "korean",
    "portuguese",
    "greek",
    "polish",
    "swedish",
    "danish",
    "norwegian",
    "finnish",
    "czech",
    "hungarian",
    "romanian",
    "bulgarian",
    "ukrainian",
    "hebrew",
    "persian",
    "hindi",
    "kurdish",
    "azerbaijani",
    "latin",
    "mandarin",
    "ingilizce",
    "turkce",
    "almanca",
    "fransizca",
    "ispanyolca",
    "italyanca",
    "rusca",
    "arapca",
    "cince",
    "japonca",
    "korece",
    "portekizce",
    "yunanca",
    "lehce",
    "isvecce",
    "hollandaca",
    "flemenkce",
    "bulgarca",
    "farsca",
    "kurtce",
    "azerice",
    "ukraynaca",
    "latince",
    "python",
    "javascript",
    "typescript",
    "java",
    "rust",
    "sql",
    "bash",
    "kotlin",
    "swift",
    "php",
    "ruby",
    "perl",
    "c++",
    "c#",
];

/// Names of formats.
pub(super) const FORMATS: &[&str] = &[
    "pdf",
    "csv",
    "excel",
    "xlsx",
    "xls",
    "word",
    "docx",
    "doc",
    "json",
    "xml",
    "yaml",
    "html",
    "markdown",
    "md",
    "txt",
    "text",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "mp3",
    "mp4",
    "wav",
    "zip",
    "tar",
    "epub",
    "parquet",
    "powerpoint",
    "pptx",
    "ppt",
    "grafik",
    "tablo",
    "table",
    "chart",
    "graph",
    "list",
    "liste",
    "metin",
    "duz",
    "bmp",
    "tiff",
    "avi",
    "mov",
    "heic",
    "latex",
    "rtf",
    "ods",
    "odt",
    "sqlite",
    "avro",
    "gzip",
    "7z",
    "rar",
    "tsv",
    "flac",
    "mkv",
];
