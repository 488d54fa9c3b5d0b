//! Texts through a tokenizer and a graph of token ids.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::PrepError;

/// The longest row of tokens that a document may ask for.
pub const MAX_TOKENS: usize = 32_768;
/// The longest prefix, in bytes.
const MAX_PREFIX: usize = 4096;

/// A checked `tokenizer` document. The tokenizer itself is a file, named by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoder {
    /// The document's format.
    pub format: u32,
    /// SHA-256 of the tokenizer's file, in lower-case hexadecimal digits.
    pub tokenizer: String,
    /// Tokens that a text may have, special ones included; what is beyond is cut off.
    pub max_length: usize,
    /// What is put before each text.
    #[serde(default)]
    pub prefix: String,
    /// How long the rows of a run are.
    pub padding: Padding,
    /// The graph's inputs.
    pub inputs: TokenInputs,
    /// The graph's output.
    pub output: String,
    /// What makes one vector of the states of a text's tokens.
    pub pooling: Pooling,
    /// Whether vectors are divided by their Euclidean norm.
    pub normalize: bool,
    /// What turns a classifier's scores into probabilities.
    pub activation: Activation,
}

/// Names of a graph's inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenInputs {
    /// Token ids.
    pub ids: String,
    /// 1 for tokens, 0 for padding.
    pub mask: Option<String>,
    /// Number of the segment that a token belongs to.
    pub types: Option<String>,
}

/// How long the rows of a run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// As long as the longest text of the run.
    Longest,
    /// Always `max_length`, for graphs with a fixed length.
    MaxLength,
}

/// What makes one vector of the states of a text's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The mean of all tokens but padding.
    Mean,
    /// The first token.
    Cls,
    /// The graph's output is one vector a text already.
    None,
    /// Nothing: every token keeps its vector, and has its place in the text.
    Tokens,
}

/// What turns a classifier's scores into probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    None,
    /// exp(x) / Σ exp: one class of several.
    Softmax,
    /// 1 / (1 + exp(−x)): each class for itself.
    Sigmoid,
}

impl TextEncoder {
    /// Checks what the types do not say.
    pub(crate) fn check(self) -> Result<Self, PrepError> {
        let check = |good: bool, place: &str, problem: String| {
            if good { Ok(()) } else { Err(PrepError::invalid(place, problem)) }
        };
        let hash = self.tokenizer.len() == 64
            && self.tokenizer.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        check(hash, "tokenizer", "must be a SHA-256 in 64 lower-case hexadecimal digits".to_owned())?;
        let range = format!("must be 1 to {MAX_TOKENS}");
        check((1..=MAX_TOKENS).contains(&self.max_length), "max_length", range)?;
        check(self.prefix.len() <= MAX_PREFIX, "prefix", format!("must have at most {MAX_PREFIX} bytes"))?;
        let names = [Some(&self.inputs.ids), self.inputs.mask.as_ref(), self.inputs.types.as_ref()];
        let mut names: Vec<_> = names.into_iter().flatten().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        check(names.len() == count, "inputs", "names an input twice".to_owned())?;
        let both = self.normalize && self.activation != Activation::None;
        check(!both, "normalize", "probabilities are not normalised".to_owned())?;
        Ok(self)
    }

    /// The document as JSON.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "format": self.format, "kind": "tokenizer", "tokenizer": self.tokenizer, "max_length": self.max_length,
            "prefix": self.prefix, "padding": self.padding, "inputs": self.inputs, "output": self.output,
            "pooling": self.pooling, "normalize": self.normalize, "activation": self.activation,
        })
    }
}
