use altlas_prep::{Activation, Document, MAX_TOKENS, Padding, Pooling, PrepError, TextEncoder, TokenInputs};
use altlas_proto::{DataType, ModelSignature, PortInfo};
use serde::Deserialize;
use serde_json::Value;

use crate::encoder::list;
use crate::{Encoder, Tokenizer, TokensError};

/// What a text may have where neither the document nor the tokenizer says.
const USUAL_LENGTH: usize = 512;
/// Names that exporters give, the likeliest first.
const IDS: [&str; 3] = ["input_ids", "ids", "tokens"];
const MASK: [&str; 3] = ["attention_mask", "input_mask", "mask"];
const TYPES: [&str; 3] = ["token_type_ids", "segment_ids", "type_ids"];
const OUTPUTS: [&str; 5] =
    ["sentence_embedding", "last_hidden_state", "token_embeddings", "logits", "pooler_output"];

/// A document of which any part may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Draft {
    format: Option<u32>,
    kind: Option<String>,
    tokenizer: Option<String>,
    max_length: Option<usize>,
    prefix: Option<String>,
    padding: Option<Padding>,
    inputs: Option<TokenInputs>,
    output: Option<String>,
    pooling: Option<Pooling>,
    normalize: Option<bool>,
    activation: Option<Activation>,
}

/// The document that joins a graph and a tokenizer: what `given` does not say is found from them.
/// `name` is the hash of the tokenizer's file.
pub fn complete(
    given: &Value,
    name: &str,
    tokenizer: &Tokenizer,
    graph: &ModelSignature,
) -> Result<Encoder, TokensError> {
    let syntax = |e: serde_json::Error| PrepError::Syntax(e.to_string());
    let draft = Draft::deserialize(given).map_err(syntax)?;
    let inputs = draft.inputs.map_or_else(|| find_inputs(&graph.inputs), Ok)?;
    let fixed = graph.inputs.iter().find(|port| port.name == inputs.ids);
    let fixed = fixed.and_then(|port| port.shape.get(1).copied().flatten());
    let output = draft.output.map_or_else(|| find_output(&graph.outputs), Ok)?;
    let dims = graph.outputs.iter().find(|port| port.name == output).map_or(0, |port| port.shape.len());
    let pooling = draft.pooling.unwrap_or(if dims == 3 { Pooling::Mean } else { Pooling::None });
    let scores = output == "logits";
    let activation = draft.activation.unwrap_or(if scores { Activation::Softmax } else { Activation::None });
    let usual = tokenizer.max_length().unwrap_or(USUAL_LENGTH).clamp(1, MAX_TOKENS);
    let document = TextEncoder {
        format: draft.format.unwrap_or(altlas_prep::FORMAT),
        tokenizer: draft.tokenizer.unwrap_or_else(|| name.to_owned()),
        max_length: draft.max_length.or(fixed).unwrap_or(usual),
        prefix: draft.prefix.unwrap_or_default(),
        padding: draft.padding.unwrap_or(if fixed.is_some() { Padding::MaxLength } else { Padding::Longest }),
        inputs,
        output,
        pooling,
        normalize: draft
            .normalize
            .unwrap_or(!scores && activation == Activation::None && pooling != Pooling::Tokens),
        activation,
    };
    if draft.kind.is_some_and(|kind| kind != "tokenizer") || document.tokenizer != name {
        let problem = "its document is of another kind, or for another tokenizer".to_owned();
        return Err(TokensError::mismatch(problem, format!("The tokenizer's file is {name}.")));
    }
    if tokenizer.special() >= document.max_length {
        let problem = format!("a length of {} tokens leaves no room for a text", document.max_length);
        let detail = format!("The tokenizer adds {} tokens of its own.", tokenizer.special());
        return Err(TokensError::mismatch(problem, detail));
    }
    // As it will be read when it is used.
    match Document::from_value(&Document::Tokenizer(document).to_json())? {
        Document::Tokenizer(document) => Encoder::new(document, graph),
        _ => Err(TokensError::mismatch("its document is of another kind", "")),
    }
}

fn find_inputs(ports: &[PortInfo]) -> Result<TokenInputs, TokensError> {
    let ids = find(ports, &IDS).or_else(|| match ports {
        [only] if matches!(only.dtype, Some(DataType::I64 | DataType::I32)) => Some(only.name.clone()),
        _ => None,
    });
    let ids = ids.ok_or_else(|| {
        TokensError::mismatch("it has no input of token ids", format!("It has: {}.", list(ports)))
    })?;
    Ok(TokenInputs { ids, mask: find(ports, &MASK), types: find(ports, &TYPES) })
}

fn find_output(ports: &[PortInfo]) -> Result<String, TokensError> {
    let only = || match ports {
        [only] => Some(only.name.clone()),
        _ => None,
    };
    find(ports, &OUTPUTS).or_else(only).ok_or_else(|| {
        let detail = format!("It has: {}.", list(ports));
        TokensError::mismatch("it is not clear which of its outputs is meant", detail)
    })
}

fn find(ports: &[PortInfo], names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| ports.iter().find(|port| port.name == *name)).map(|port| port.name.clone())
}
