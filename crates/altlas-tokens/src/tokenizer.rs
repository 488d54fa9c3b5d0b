use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenizers::{Encoding, PostProcessor, PostProcessorWrapper, TruncationDirection};

use crate::{TokensError, components};

/// The largest file of a tokenizer: 64 MiB. The largest in use have a third of it.
pub const MAX_BYTES: usize = 64 << 20;
/// Bytes of a text that are looked at first for each token that is kept. Words have five or so.
const BYTES_A_TOKEN: usize = 64;

/// The tokens of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Token ids, special tokens included; at least one.
    pub ids: Vec<u32>,
    /// Segment numbers.
    pub types: Vec<u32>,
    /// Where each token lies in the text, `[start, end)` in code points; nothing for special tokens and those of a
    /// prefix. Empty unless [`Tokenizer::places`] made it.
    pub places: Vec<(u32, u32)>,
    /// Whether the text has more tokens than were kept.
    pub truncated: bool,
}

/// A tokenizer, ready to be used by several threads.
pub struct Tokenizer {
    /// Without truncation and padding, which documents decide, and without its post-processor, which must come
    /// after truncation.
    inner: tokenizers::Tokenizer,
    post: Option<PostProcessorWrapper>,
    /// Tokens that the post-processor adds.
    special: usize,
    max_length: Option<usize>,
    pad: u32,
    last_id: u32,
}

impl Tokenizer {
    /// Refuses a file of more than [`MAX_BYTES`].
    pub fn check_size(bytes: u64) -> Result<(), TokensError> {
        if bytes > MAX_BYTES as u64 {
            let reason = format!("It has {bytes} bytes, the limit is {MAX_BYTES}.");
            return Err(TokensError::Tokenizer { reason });
        }
        Ok(())
    }

    /// Reads a `tokenizer.json`.
    pub fn read(bytes: &[u8]) -> Result<Self, TokensError> {
        let refused = |reason: String| TokensError::Tokenizer { reason };
        Self::check_size(bytes.len() as u64)?;
        if let Some(name) = components::unknown(bytes) {
            return Err(refused(format!("It has a component of the unknown type {:?}.", clip(&name))));
        }
        // The library asserts here and there what a file may break.
        let read = catch_unwind(AssertUnwindSafe(|| tokenizers::Tokenizer::from_bytes(bytes)));
        let mut inner = read
            .map_err(|_| refused("Reading it failed by a fault of the library.".to_owned()))?
            .map_err(|e| refused(clip(&e.to_string())))?;
        let max_length = inner.get_truncation().map(|t| t.max_length);
        let padding = inner.get_padding().map(|p| p.pad_id);
        let known = ["[PAD]", "<pad>"].iter().find_map(|token| inner.token_to_id(token));
        let pad = padding.or(known).unwrap_or(0);
        let last_id = inner.get_vocab(true).into_values().max();
        let last_id = last_id.ok_or_else(|| refused("Its vocabulary is empty.".to_owned()))?;
        let post = inner.get_post_processor().cloned();
        let special = post.as_ref().map_or(0, |p| p.added_tokens(false));
        inner.with_padding(None).with_post_processor(None::<PostProcessorWrapper>);
        inner.with_truncation(None).map_err(|e| refused(clip(&e.to_string())))?;
        Ok(Self { inner, post, special, max_length, pad, last_id })
    }

    /// The tokens that the file says a text may have.
    pub fn max_length(&self) -> Option<usize> {
        self.max_length
    }

    /// Tokens that are added to each text.
    pub fn special(&self) -> usize {
        self.special
    }

    /// The id that fills up short rows.
    pub fn pad(&self) -> u32 {
        self.pad
    }

    /// The largest id of the vocabulary.
    pub fn last_id(&self) -> u32 {
        self.last_id
    }

    /// The tokens of a text, at most `max_length`. Of a text that is much longer only the beginning is looked at. A text
    /// without tokens is one padding token.
    pub fn encode(&self, prefix: &str, text: &str, max_length: usize) -> Result<Row, TokensError> {
        self.row(prefix, text, max_length, false)
    }

    /// As [`Tokenizer::encode`], with the tokens' places.
    pub fn places(&self, prefix: &str, text: &str, max_length: usize) -> Result<Row, TokensError> {
        self.row(prefix, text, max_length, true)
    }

    fn row(&self, prefix: &str, text: &str, max_length: usize, placed: bool) -> Result<Row, TokensError> {
        let keep = max_length.saturating_sub(self.special);
        let failed = |reason: String| TokensError::Text { reason };
        let encoded = catch_unwind(AssertUnwindSafe(|| {
            let mut encoding = self.beginning(prefix, text, keep, placed)?;
            let truncated = encoding.len() > keep;
            encoding.truncate(keep, 0, TruncationDirection::Right);
            drop(encoding.take_overflowing());
            let encoding = match &self.post {
                Some(post) => post.process(encoding, None, true)?,
                None => encoding,
            };
            Ok::<_, tokenizers::Error>((encoding, truncated))
        }));
        let (encoding, truncated) = encoded
            .map_err(|_| failed("It failed by a fault of the library.".to_owned()))?
            .map_err(|e| failed(clip(&e.to_string())))?;
        let (mut ids, mut types) = (encoding.get_ids().to_vec(), encoding.get_type_ids().to_vec());
        let before = prefix.chars().count();
        let place = |&(start, end): &(usize, usize)| (after(start, before), after(end, before));
        let mut places = if placed { encoding.get_offsets().iter().map(place).collect() } else { Vec::new() };
        if ids.is_empty() {
            (ids, types) = (vec![self.pad], vec![0]);
            places.resize(usize::from(placed), (0, 0));
        }
        Ok(Row { ids, types, places, truncated })
    }

    /// Tokens of the beginning of a text: all of them, or at least twice as many as are kept, so that the cut does not show
    /// in those.
    fn beginning(&self, prefix: &str, text: &str, keep: usize, placed: bool) -> tokenizers::Result<Encoding> {
        let encode = |text: String| match placed {
            true => self.inner.encode_char_offsets(text, true),
            false => self.inner.encode_fast(text, true),
        };
        let mut budget = keep.saturating_mul(BYTES_A_TOKEN).max(BYTES_A_TOKEN);
        loop {
            let head = head(text, budget);
            let encoding = encode([prefix, head].concat())?;
            if head.len() == text.len() || encoding.len() > keep.saturating_mul(2) {
                return Ok(encoding);
            }
            budget = budget.saturating_mul(4);
        }
    }
}

/// A place in the text behind a prefix.
fn after(place: usize, prefix: usize) -> u32 {
    u32::try_from(place.saturating_sub(prefix)).unwrap_or(u32::MAX)
}

/// At most `budget` bytes of a text, cut before a white space if there is one.
fn head(text: &str, budget: usize) -> &str {
    if text.len() <= budget {
        return text;
    }
    let end = text.floor_char_boundary(budget);
    let cut = text.get(..end).unwrap_or_default();
    match cut.rfind(char::is_whitespace) {
        Some(at) if at > 0 => cut.get(..at).unwrap_or_default(),
        _ => cut,
    }
}

/// Errors of the library may quote the file.
fn clip(message: &str) -> String {
    message.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_words_or_characters() {
        assert_eq!(head("kısa metin", 64), "kısa metin");
        assert_eq!(head("kısa metin", 9), "kısa");
        assert_eq!(head("ığığığ", 3), "ı");
        assert_eq!(head(" ığığ", 4), " ı");
        assert_eq!(head("", 4), "");
    }
}
