//! Documents: parsing, checking, writing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::encoder::TextEncoder;
use crate::tabular::{ColumnSpec, Feature};
use crate::text_features::RawEmbedding;
use crate::{FORMAT, Fold, Ngram, PrepError, Tabular, TextFeatures, TextNgrams};

/// The longest document accepted as text: 64 MiB.
const MAX_BYTES: usize = 64 << 20;

/// A checked preprocessing document.
#[derive(Debug, Clone)]
pub enum Document {
    /// Rows to one tensor of features.
    Tabular(Tabular),
    /// Texts to weighted n-gram buckets.
    Text(TextNgrams),
    /// Texts to token ids, and the graph's answer to one vector a text.
    Tokenizer(TextEncoder),
    /// Texts to their vectors by an encoder that is named, and to n-grams.
    Features(TextFeatures),
}

/// A document as written, before any check beyond its shape.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Raw {
    Tabular { format: u32, output: String, columns: Vec<ColumnSpec>, features: Vec<Feature> },
    TextNgrams { format: u32, fold: Fold, buckets: u32, max_terms: usize, ngrams: Vec<Ngram> },
    Tokenizer(TextEncoder),
    TextFeatures { format: u32, ngrams: Option<Value>, embedding: RawEmbedding },
}

impl Document {
    /// Reads a document from its JSON text.
    pub fn parse(text: &str) -> Result<Self, PrepError> {
        if text.len() > MAX_BYTES {
            return Err(PrepError::invalid("document", format!("longer than {MAX_BYTES} bytes")));
        }
        let value: Value = serde_json::from_str(text).map_err(|e| PrepError::Syntax(e.to_string()))?;
        Self::from_value(&value)
    }

    /// Reads a document from its JSON value.
    pub fn from_value(value: &Value) -> Result<Self, PrepError> {
        // A later format may have other keys: its number is judged before they are.
        match value.get("format").map(Value::as_u64) {
            Some(None) => return Err(PrepError::invalid("format", "must be a whole number")),
            Some(Some(found)) if found != u64::from(FORMAT) => {
                return Err(PrepError::UnknownFormat { found, expected: FORMAT });
            }
            _ => {}
        }
        match Raw::deserialize(value).map_err(|e| PrepError::Syntax(e.to_string()))? {
            Raw::Tabular { output, columns, features, .. } => {
                Tabular::new(output, columns, features).map(Self::Tabular)
            }
            Raw::TextNgrams { fold, buckets, max_terms, ngrams, .. } => {
                TextNgrams::new(fold, buckets, max_terms, ngrams).map(Self::Text)
            }
            Raw::Tokenizer(encoder) => encoder.check().map(Self::Tokenizer),
            Raw::TextFeatures { ngrams, embedding, .. } => {
                TextFeatures::read(ngrams, embedding).map(Self::Features)
            }
        }
    }

    /// The document as JSON, with its keys in one order.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Tabular(t) => json!({
                "format": FORMAT, "kind": "tabular", "output": t.output(),
                "columns": t.columns(), "features": t.features(),
            }),
            Self::Text(t) => json!({
                "format": FORMAT, "kind": "text_ngrams", "fold": t.fold(), "buckets": t.buckets(),
                "max_terms": t.max_terms(), "ngrams": t.ngrams(),
            }),
            Self::Tokenizer(t) => t.to_json(),
            Self::Features(t) => t.to_json(),
        }
    }

    /// Whether it is for texts, not for rows.
    pub fn takes_text(&self) -> bool {
        !matches!(self, Self::Tabular(_))
    }

    /// The tabular document, if it is one.
    pub fn as_tabular(&self) -> Option<&Tabular> {
        if let Self::Tabular(tabular) = self { Some(tabular) } else { None }
    }

    /// The document of a tokenizer, if it is one.
    pub fn as_encoder(&self) -> Option<&TextEncoder> {
        if let Self::Tokenizer(encoder) = self { Some(encoder) } else { None }
    }

    /// The document of an encoder with n-grams, if it is one.
    pub fn as_features(&self) -> Option<&TextFeatures> {
        if let Self::Features(features) = self { Some(features) } else { None }
    }

    /// The text document, if it is one.
    pub fn as_text(&self) -> Option<&TextNgrams> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}
