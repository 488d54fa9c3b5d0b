//! Models that give numbers for each token of a text, with the token's place.

use altlas_prep::Pooling;
use altlas_proto::{Reply, Tensor, split};

use super::Version;
use super::asked::Answer;
use super::encode::Frames;
use crate::engine;
use crate::error::{Error, Result};

/// Texts of a frame: their answers are some hundred times as large as they are.
const MOST_TEXTS: usize = 64;
/// Bytes of the texts of a frame.
const MOST_BYTES: usize = 16 << 10;

/// What a model says of the tokens of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// Where the tokens lie, `[start, end)` in code points.
    pub places: Vec<(usize, usize)>,
    /// The numbers of each token, one token after the other.
    pub scores: Vec<f32>,
    /// Whether the text has more tokens than the model saw.
    pub truncated: bool,
}

impl Version {
    /// Whether the model gives numbers for each token of a text.
    pub fn labels_tokens(&self) -> bool {
        self.encoder().is_some_and(|encoder| encoder.pooling == Pooling::Tokens)
    }
}

impl<'v> Frames<'v, Labels> {
    /// Texts whose tokens are to be labelled.
    pub fn of_tokens(version: &'v Version) -> Self {
        Self::with(version, (MOST_TEXTS, MOST_BYTES), |_, answer| read(answer))
    }
}

fn read((reply, payload): Answer) -> Result<Vec<Labels>> {
    let Reply::Outputs { outputs } = reply else {
        return Err(engine::unexpected(&reply));
    };
    let tensors = split(outputs, &payload)?;
    let named = |name: &str| tensors.iter().find(|t| t.spec.name == name);
    let vectors = named("vector").and_then(|t| Some((t.as_f32()?, *t.spec.shape.get(1)?)));
    let texts = named("tokens").and_then(Tensor::as_i32).zip(named("truncated"));
    let (Some((scores, width)), Some((tokens, truncated)), Some(places)) =
        (vectors, texts, named("place").and_then(Tensor::as_i32))
    else {
        return Err(Error::Internal { message: "the engine's answer for tokens lacks a part".into() });
    };
    let code_point = |n: i32| usize::try_from(n).unwrap_or(0);
    let (mut scores, mut places) = (scores.as_slice(), places.as_slice());
    let mut found = Vec::with_capacity(tokens.len());
    for (count, cut) in tokens.into_iter().zip(&truncated.data) {
        let count = code_point(count);
        let parts = scores.split_at_checked(count * width).zip(places.split_at_checked(count * 2));
        let Some(((own, more), (own_places, more_places))) = parts else {
            return Err(Error::Internal { message: "the engine's answer lacks tokens".into() });
        };
        (scores, places) = (more, more_places);
        let pairs = own_places.chunks_exact(2).map(|pair| match *pair {
            [start, end] => (code_point(start), code_point(end)),
            _ => (0, 0),
        });
        found.push(Labels { places: pairs.collect(), scores: own.to_vec(), truncated: *cut != 0 });
    }
    Ok(found)
}
