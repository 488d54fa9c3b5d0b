//! What a version takes, on disk and in memory.

use std::path::PathBuf;

use altlas_prep::Document;
use altlas_proto::{Reply, Request};

use super::Version;
use crate::engine;
use crate::error::{Error, Result};
use crate::store::artefact;

impl Version {
    /// Bytes of its files: the graph, and the tokenizer where it has one.
    pub fn size(&self) -> Result<i64> {
        let tokenizer = match &self.preprocess {
            Some(Document::Tokenizer(encoder)) => self.size_of(&encoder.tokenizer, engine::tokenizer_file)?,
            _ => 0,
        };
        Ok(self.size_of(&self.sha256, engine::model_file)? + tokenizer)
    }

    fn size_of(&self, sha256: &str, file: fn(&str) -> PathBuf) -> Result<i64> {
        if !self.builtin {
            return artefact::size_of(sha256);
        }
        let path = file(sha256);
        let about = std::fs::metadata(&path).map_err(|_| Error::MissingBuiltin {
            name: self.label.clone(),
            path: path.display().to_string(),
        })?;
        Ok(i64::try_from(about.len()).unwrap_or(i64::MAX))
    }

    /// Bytes in memory, once for all connections: of the compiled form, or in the engine, where it is loaded now.
    pub fn memory(&self) -> Result<Option<i64>> {
        let bytes = match self.compiled()? {
            Some(compiled) => Some(compiled.bytes() as u64),
            None => {
                match engine::call(&Request::Memory { model: self.sha256.clone() }, &[], |_, _| Ok(()))?.0 {
                    Reply::Memory { bytes } => bytes,
                    other => return Err(engine::unexpected(&other)),
                }
            }
        };
        Ok(bytes.and_then(|bytes| i64::try_from(bytes).ok()))
    }
}
