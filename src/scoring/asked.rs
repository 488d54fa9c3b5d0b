//! Questions on their way to the engine: while it works on one, the next is made and waits behind it.

use std::collections::VecDeque;

use altlas_proto::{Reply, Request};

use super::Version;
use crate::engine::Pending;
use crate::error::Result;

/// What the engine is asked, and its payload.
pub type Question = (Request, Vec<u8>);
/// What it answers, and its payload.
pub type Answer = (Reply, Vec<u8>);

/// Questions about one version that have no answer yet, each with what its asker wants to remember of it.
pub struct Asked<T> {
    waiting: VecDeque<(Pending, T)>,
    /// Whether the engine has the model: before, two questions would bring it twice.
    warm: bool,
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), warm: false }
    }
}

impl<T> Asked<T> {
    /// Asks, and waits for nothing.
    pub fn ask(&mut self, version: &Version, (request, payload): Question, with: T) -> Result<()> {
        let pending = version.counted(Pending::ask(request, payload))?;
        self.waiting.push_back((pending, with));
        Ok(())
    }

    /// Waits for the next answer, in the order of the questions, if more than one is on its way; with `all`, if any is.
    pub fn receive(&mut self, version: &Version, all: bool) -> Result<Option<(Answer, T)>> {
        let most = usize::from(self.warm && !all);
        let next = if self.waiting.len() > most { self.waiting.pop_front() } else { None };
        let Some((pending, with)) = next else { return Ok(None) };
        let answer = version.counted(pending.answer(|exchange, file| version.upload(exchange, file)))?;
        self.warm = true;
        Ok(Some((answer, with)))
    }
}
