//! Texts to their vectors by an encoder, with n-grams beside them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Document, FORMAT, PrepError, TextEncoder, TextNgrams};

/// The input of a graph that takes the vectors: `float32 [rows, width]`.
pub const EMBEDDING: &str = "embedding";
/// The longest name of an encoder, in bytes.
const MAX_NAME: usize = 63;

/// A checked `text_features` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFeatures {
    /// What the graph's inputs `term` and `weight` are made by, where it has them.
    pub ngrams: Option<TextNgrams>,
    /// What its input [`EMBEDDING`] is made by.
    pub embedding: Embedding,
}

/// An encoder that is not part of the version, but named by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    /// The built-in model's name, for people.
    pub name: String,
    /// SHA-256 of its graph, in lower-case hexadecimal digits.
    pub model: String,
    /// How it takes texts.
    pub encoder: TextEncoder,
}

/// An embedding as written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEmbedding {
    name: String,
    model: String,
    document: Value,
}

impl TextFeatures {
    /// Checks the parts of a document.
    pub(crate) fn read(ngrams: Option<Value>, embedding: RawEmbedding) -> Result<Self, PrepError> {
        let other = |place: &str, kind: &str| PrepError::invalid(place, format!("must be of kind {kind}"));
        let ngrams = match ngrams {
            None => None,
            Some(document) => match Document::from_value(&document)? {
                Document::Text(ngrams) => Some(ngrams),
                _ => return Err(other("ngrams", "text_ngrams")),
            },
        };
        Ok(Self { ngrams, embedding: embedding.check()? })
    }

    /// The document as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let ngrams = self.ngrams.clone().map(|ngrams| Document::Text(ngrams).to_json());
        json!({"format": FORMAT, "kind": "text_features", "ngrams": ngrams, "embedding": self.embedding.to_json()})
    }
}

impl Embedding {
    /// Reads `{"name", "model", "document"}`.
    pub fn from_value(value: &Value) -> Result<Self, PrepError> {
        RawEmbedding::deserialize(value).map_err(|e| PrepError::Syntax(e.to_string()))?.check()
    }

    /// How it takes texts, as a document of kind `tokenizer`.
    pub fn document(&self) -> Value {
        self.encoder.to_json()
    }

    fn to_json(&self) -> Value {
        json!({"name": self.name, "model": self.model, "document": self.document()})
    }
}

impl RawEmbedding {
    fn check(self) -> Result<Embedding, PrepError> {
        let hash =
            self.model.len() == 64 && self.model.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !hash {
            let problem = "must be a SHA-256 in 64 lower-case hexadecimal digits";
            return Err(PrepError::invalid("embedding.model", problem));
        }
        if self.name.len() > MAX_NAME {
            return Err(PrepError::invalid("embedding.name", format!("must have at most {MAX_NAME} bytes")));
        }
        match Document::from_value(&self.document)? {
            Document::Tokenizer(encoder) => Ok(Embedding { name: self.name, model: self.model, encoder }),
            _ => Err(PrepError::invalid("embedding.document", "must be of kind tokenizer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let hash = "ab".repeat(32);
        json!({
            "format": 1, "kind": "text_features",
            "ngrams": {
                "format": 1, "kind": "text_ngrams", "fold": "ascii_tr", "buckets": 1024, "max_terms": 64,
                "ngrams": [{"unit": "char", "min": 2, "max": 3}],
            },
            "embedding": {
                "name": "altlas.e5_small", "model": hash,
                "document": {
                    "format": 1, "kind": "tokenizer", "tokenizer": hash, "max_length": 512, "prefix": "query: ",
                    "padding": "longest", "inputs": {"ids": "input_ids", "mask": "attention_mask", "types": null},
                    "output": "last_hidden_state", "pooling": "mean", "normalize": true, "activation": "none",
                },
            },
        })
    }

    #[test]
    fn a_document_comes_back_as_it_was_written() {
        let mut written = document();
        assert_eq!(Document::from_value(&written).unwrap().to_json(), written);
        written["ngrams"] = Value::Null;
        let read = Document::from_value(&written).unwrap();
        assert_eq!(read.to_json(), written);
        assert!(read.as_features().unwrap().ngrams.is_none() && read.as_encoder().is_none());
    }

    #[test]
    fn parts_of_another_kind_are_refused() {
        let parts = [
            ("/ngrams/kind", json!("tokenizer")),
            ("/embedding/model", json!("0A")),
            ("/embedding/name", json!("x".repeat(64))),
            ("/embedding/document", document()["ngrams"].clone()),
        ];
        for (place, part) in parts {
            let mut wrong = document();
            *wrong.pointer_mut(place).unwrap() = part;
            assert!(Document::from_value(&wrong).is_err(), "{place}");
        }
        let mut wrong = document();
        wrong["ngrams"] = wrong["embedding"]["document"].clone();
        assert!(Document::from_value(&wrong).is_err());
    }
}
