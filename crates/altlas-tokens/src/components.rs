//! Which components a tokenizer's file may name. The library itself takes one of an unknown type for another that has the
//! same keys, and would give wrong tokens without a word.

use serde::Deserialize;
use serde_json::Value;

const NORMALIZERS: [&str; 14] = [
    "BertNormalizer",
    "ByteLevel",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Precompiled",
    "Prepend",
    "Replace",
    "Sequence",
    "Strip",
    "StripAccents",
];
const PRE_TOKENIZERS: [&str; 12] = [
    "BertPreTokenizer",
    "ByteLevel",
    "CharDelimiterSplit",
    "Digits",
    "FixedLength",
    "Metaspace",
    "Punctuation",
    "Sequence",
    "Split",
    "UnicodeScripts",
    "Whitespace",
    "WhitespaceSplit",
];
const POST_PROCESSORS: [&str; 5] =
    ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"];

/// The parts of a file that name components; the vocabulary is passed over.
#[derive(Deserialize)]
struct Outline {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
}

/// The first unknown type of component that a file names.
pub fn unknown(file: &[u8]) -> Option<String> {
    // A file that does not parse is refused by the library, with its own words.
    let outline: Outline = serde_json::from_slice(file).ok()?;
    let parts = [
        (&outline.normalizer, "normalizers", &NORMALIZERS[..]),
        (&outline.pre_tokenizer, "pretokenizers", &PRE_TOKENIZERS[..]),
        (&outline.post_processor, "processors", &POST_PROCESSORS[..]),
    ];
    parts.into_iter().find_map(|(part, members, known)| first_unknown(part.as_ref()?, members, known))
}

/// As deep as the file nests, which its parser bounds.
fn first_unknown(part: &Value, members: &str, known: &[&str]) -> Option<String> {
    let name = part.get("type").and_then(Value::as_str).unwrap_or_default();
    if !part.is_null() && !known.contains(&name) {
        return Some(name.to_owned());
    }
    let mut inner = part.get(members).and_then(Value::as_array).into_iter().flatten();
    inner.find_map(|part| first_unknown(part, members, known))
}
