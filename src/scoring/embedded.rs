//! Models of texts that take the vectors of an encoder: the engine makes the vectors, then runs the graph on them.

use altlas_prep::{EMBEDDING, TextFeatures};
use altlas_proto::{DataType, Request, Tensor, TensorSpec};

use super::asked::{Answer, Question};
use super::{Version, builtin_file, encode, send_pieces, tensors};
use crate::engine::{self, Exchange};
use crate::error::{Error, Result};
use crate::monitor;
use crate::store::artefact;

impl Version {
    /// What the engine is asked first: the vectors of texts. On the processor, where the model was trained.
    pub(super) fn ask_embeddings(&self, features: &TextFeatures, texts: &[String]) -> Result<Question> {
        let payload = encode::joined(texts).inspect_err(|e| monitor::failed(self, e))?;
        let spec = TensorSpec {
            name: "text".into(),
            dtype: DataType::String,
            shape: vec![texts.len()],
            bytes: payload.len(),
        };
        let request = Request::Encode {
            model: features.embedding.model.clone(),
            document: features.embedding.document(),
            texts: spec,
            providers: vec!["cpu".into()],
            // The run that follows is what counts.
            of: None,
        };
        Ok((request, payload))
    }

    /// Runs the graph on the vectors that the engine gave for texts.
    pub(super) fn run_on_embeddings(
        &self,
        features: &TextFeatures,
        answer: Answer,
        texts: &[String],
    ) -> Result<Answer> {
        let encoded = self.vectors_of(answer)?;
        encode::warn_of_truncation(self, &encoded);
        let width = encoded.first().map_or(0, |e| e.vector.len());
        let values: Vec<f32> = encoded.into_iter().flat_map(|e| e.vector).collect();
        let vectors = Tensor::f32(EMBEDDING, &[texts.len(), width], &values);
        let inputs = match &features.ngrams {
            Some(ngrams) => {
                let [term, weight] = tensors::of_terms(ngrams, texts)?;
                vec![term, weight, vectors]
            }
            None => vec![vectors],
        };
        let (request, payload) = self.ask_run(&inputs);
        self.counted(engine::call(&request, &payload, |e, m| self.upload(e, m)))
    }

    /// Gives the engine a file of the encoder, if it is one: that of the built-in model, or where this version of altlas has another,
    /// the one that `pin_builtin` kept.
    pub(super) fn upload_encoder(&self, exchange: &mut Exchange, file: &str) -> Option<Result<()>> {
        let embedding = &self.preprocess.as_ref()?.as_features()?.embedding;
        let is_tokenizer = file == embedding.encoder.tokenizer;
        (is_tokenizer || file == embedding.model).then(|| {
            match builtin_file(&embedding.name, file, is_tokenizer) {
                Ok((_, bytes)) => send_pieces(exchange, file, bytes.len() as u64, |send| {
                    bytes.chunks(artefact::PIECE).try_for_each(send)
                }),
                Err(missing @ Error::MissingBuiltin { .. }) => {
                    let size = artefact::size_if_any(file)?.and_then(|size| u64::try_from(size).ok());
                    send_pieces(exchange, file, size.ok_or(missing)?, |send| artefact::each_piece(file, send))
                }
                Err(other) => Err(other),
            }
        })
    }
}
