use altlas_prep::{Padding, Pooling, TextEncoder};
use altlas_proto::{DataType, ModelSignature, PortInfo, Tensor};

use crate::batch::{Batch, Bounds, plan};
use crate::{Row, TokensError};

/// A document that fits a graph.
#[derive(Debug, Clone)]
pub struct Encoder {
    document: TextEncoder,
    inputs: Vec<Input>,
    /// Texts that a run may have.
    rows: usize,
    /// Whether shorter texts may be filled up.
    padding: bool,
}

/// One input of the graph.
#[derive(Debug, Clone)]
struct Input {
    name: String,
    dtype: DataType,
    holds: Holds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Ids,
    Mask,
    Types,
}

impl Encoder {
    /// Checks that the document names every input of the graph, and an output of numbers.
    pub fn new(document: TextEncoder, graph: &ModelSignature) -> Result<Self, TokensError> {
        let names = &document.inputs;
        let wanted = [
            (Some(&names.ids), Holds::Ids),
            (names.mask.as_ref(), Holds::Mask),
            (names.types.as_ref(), Holds::Types),
        ];
        let wanted: Vec<_> = wanted.into_iter().filter_map(|(name, holds)| Some((name?, holds))).collect();
        let known = || format!("It has: {}.", list(&graph.inputs));
        let mut inputs = Vec::new();
        for (name, holds) in &wanted {
            let port = graph.inputs.iter().find(|port| port.name == **name);
            let port =
                port.ok_or_else(|| TokensError::mismatch(format!("it has no input {name:?}"), known()))?;
            let dtype = port.dtype.filter(|t| matches!(t, DataType::I64 | DataType::I32));
            let dtype = dtype.filter(|_| matches!(port.shape.len(), 0 | 2)).ok_or_else(|| {
                TokensError::mismatch(format!("its input {name:?} takes no token ids"), describe(port))
            })?;
            inputs.push(Input { name: port.name.clone(), dtype, holds: *holds });
        }
        let other = graph.inputs.iter().find(|port| !wanted.iter().any(|(name, _)| **name == port.name));
        if let Some(port) = other {
            let problem = format!("it needs the input {:?}, which its document does not name", port.name);
            return Err(TokensError::mismatch(problem, known()));
        }
        check_output(&document, graph)?;
        let ids = graph.inputs.iter().find(|port| port.name == names.ids);
        let [rows, length] = [0, 1].map(|n| ids.and_then(|port| port.shape.get(n).copied().flatten()));
        if let Some(length) = length
            && (document.max_length, document.padding) != (length, Padding::MaxLength)
        {
            let problem = format!("it takes rows of exactly {length} tokens");
            let detail =
                format!("The document needs \"max_length\": {length} and \"padding\": \"max_length\".");
            return Err(TokensError::mismatch(problem, detail));
        }
        if rows.is_some_and(|rows| rows != 1) {
            return Err(TokensError::mismatch(
                "it takes a fixed number of texts",
                "Export it with an open batch.",
            ));
        }
        // Without a mask the graph takes padding for text: only where there is always as much does it belong there.
        let padding = document.inputs.mask.is_some() || document.padding == Padding::MaxLength;
        Ok(Self { document, inputs, rows: rows.unwrap_or(usize::MAX), padding })
    }

    /// The document.
    pub fn document(&self) -> &TextEncoder {
        &self.document
    }

    /// Whether rows that are filled up with more padding than [`Encoder::tensors`] gives them have the same vectors.
    pub fn masks(&self) -> bool {
        self.document.inputs.mask.is_some() && self.document.padding == Padding::Longest
    }

    /// Whether each token has a vector of its own.
    pub fn keeps_tokens(&self) -> bool {
        self.document.pooling == Pooling::Tokens
    }

    /// The vectors that a text of so many tokens has.
    pub fn vectors(&self, tokens: usize) -> usize {
        if self.keeps_tokens() { tokens } else { 1 }
    }

    /// Which texts run together, in runs of at most so many tokens, unless one text alone has more.
    pub fn plan(&self, rows: &[Row], tokens: usize) -> Vec<Batch> {
        let length = |row: &Row| match self.document.padding {
            Padding::Longest => row.ids.len(),
            Padding::MaxLength => self.document.max_length,
        };
        let bounds = Bounds { rows: self.rows, tokens, padding: self.padding };
        plan(&rows.iter().map(length).collect::<Vec<_>>(), bounds)
    }

    /// The graph's inputs for some of the rows; `pad` fills up the shorter ones.
    pub fn tensors(&self, rows: &[Row], batch: &Batch, pad: u32) -> Vec<Tensor> {
        let length = batch.length;
        let shape = [batch.rows.len(), length];
        let picked = || batch.rows.iter().filter_map(|&row| rows.get(row));
        self.inputs
            .iter()
            .map(|input| {
                let mut values = Vec::with_capacity(shape.iter().product());
                for row in picked() {
                    let end = values.len() + length;
                    match input.holds {
                        Holds::Ids => values.extend_from_slice(&row.ids),
                        Holds::Mask => values.resize(values.len() + row.ids.len(), 1),
                        Holds::Types => values.extend_from_slice(&row.types),
                    }
                    values.resize(end, if input.holds == Holds::Ids { pad } else { 0 });
                }
                let data = match input.dtype {
                    DataType::I32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                    _ => values.iter().flat_map(|v| u64::from(*v).to_le_bytes()).collect(),
                };
                Tensor::new(&input.name, input.dtype, &shape, data)
            })
            .collect()
    }
}

fn check_output(document: &TextEncoder, graph: &ModelSignature) -> Result<(), TokensError> {
    let name = &document.output;
    let port = graph.outputs.iter().find(|port| port.name == *name);
    let port = port.ok_or_else(|| {
        let known = format!("It has: {}.", list(&graph.outputs));
        TokensError::mismatch(format!("it has no output {name:?}"), known)
    })?;
    if !matches!(port.dtype, Some(DataType::F32 | DataType::F64)) {
        let problem = format!("its output {name:?} holds no floating-point numbers");
        return Err(TokensError::mismatch(problem, describe(port)));
    }
    let fits = match (document.pooling, port.shape.len()) {
        // Any shape, or a scalar, which shows when it runs.
        (_, 0) => true,
        (Pooling::Mean | Pooling::Cls | Pooling::Tokens, dims) => dims == 3,
        (Pooling::None, dims) => dims <= 2,
    };
    if !fits {
        let pooling = format!("{:?}", document.pooling).to_lowercase();
        let problem = format!("its output {name:?} does not fit the pooling {pooling:?}");
        return Err(TokensError::mismatch(problem, describe(port)));
    }
    Ok(())
}

/// Names, for people.
pub(crate) fn list(ports: &[PortInfo]) -> String {
    ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn describe(port: &PortInfo) -> String {
    let dims: Vec<_> =
        port.shape.iter().map(|d| d.map_or_else(|| "?".to_owned(), |d| d.to_string())).collect();
    let dtype = port.dtype.map_or_else(|| "another type".to_owned(), |t| format!("{t:?}").to_lowercase());
    format!("It is {dtype} [{}].", dims.join(", "))
}
