//! Who waits for which model, and who is next. Plain data: [`Batches`](super::Batches) holds the lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::call::{Call, Joint};
use super::work::{Bounds, Size, Work};
use crate::Digest;
use crate::waiting::Place;

/// A call in the line.
pub struct Waiter {
    pub call: Arc<Call>,
    pub model: Digest,
    pub work: Work,
    pub bounds: Bounds,
    /// `None` when it must run alone.
    pub size: Option<Size>,
    pub since: Instant,
    /// As long as it waits.
    pub place: Option<Place>,
}

impl Waiter {
    fn kind(&self) -> Kind {
        match self.size {
            Some(size) if !size.is_large(self.bounds) => Kind::Small,
            _ => Kind::Large,
        }
    }
}

/// Calls that run alone and calls that can be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It can be joined.
    Small,
    /// It runs alone.
    Large,
}

/// Calls that run together. The first leads: its thread does the work.
pub struct Batch {
    pub model: Digest,
    pub members: Vec<Waiter>,
    pub joint: Arc<Joint>,
    size: Option<Size>,
}

impl Batch {
    fn new(leader: &Waiter) -> Self {
        let size = leader.size.filter(|_| leader.kind() == Kind::Small);
        Self { model: leader.model, members: Vec::new(), joint: Arc::new(Joint::new()), size }
    }

    /// The size with this one, if it may join.
    fn with(&self, other: &Waiter) -> Option<Size> {
        let leader = self.members.first()?;
        let alike =
            || other.model == leader.model && other.kind() == Kind::Small && leader.work.matches(&other.work);
        let both = self.size?.joined(other.size?, leader.bounds)?;
        alike().then_some(both)
    }

    /// Takes a call in, unless its client left.
    fn enlist(&mut self, mut waiter: Waiter) -> bool {
        waiter.place = None;
        let stays = waiter.call.enlist(&self.joint);
        if stays {
            self.members.push(waiter);
        }
        stays
    }
}

/// The line before all models.
pub struct Line {
    /// Runs that may begin now.
    free: usize,
    /// Models that run now.
    busy: HashMap<Digest, Kind>,
    queue: VecDeque<Waiter>,
}

impl Line {
    /// A line for `places` runs at a time, at least one.
    pub fn new(places: usize) -> Self {
        Self { free: places.max(1), busy: HashMap::new(), queue: VecDeque::new() }
    }

    /// Begins a run of this call at once, if its model is idle and there is a place; else the call comes back.
    pub fn begin(&mut self, waiter: Waiter) -> Result<Option<Batch>, Waiter> {
        if self.free == 0 || self.busy.contains_key(&waiter.model) {
            return Err(waiter);
        }
        Ok(self.start(waiter))
    }

    /// Puts a call at the end.
    pub fn push(&mut self, waiter: Waiter) {
        self.queue.push_back(waiter);
    }

    /// Takes a call out; `false` when it is not in the line.
    pub fn remove(&mut self, call: &Arc<Call>) -> bool {
        let at = self.queue.iter().position(|waiter| Arc::ptr_eq(&waiter.call, call));
        at.and_then(|at| self.queue.remove(at)).is_some()
    }

    /// Adds to a batch those who came meanwhile and fit.
    pub fn gather(&mut self, batch: &mut Batch) {
        for waiter in std::mem::take(&mut self.queue) {
            match batch.with(&waiter) {
                Some(size) => {
                    if batch.enlist(waiter) {
                        batch.size = Some(size);
                    }
                }
                None => self.queue.push_back(waiter),
            }
        }
    }

    /// A run is over: its model and place are free.
    pub fn end(&mut self, model: Digest) -> Option<Kind> {
        self.free += 1;
        self.busy.remove(&model)
    }

    /// Whether a model runs.
    #[cfg(test)]
    pub fn is_busy(&self, model: Digest) -> bool {
        self.busy.contains_key(&model)
    }

    /// The next run that can begin now; `ended` is the model whose run just ended, and of which kind that was.
    ///
    /// First come, first served, as far as models are idle. Large calls and small ones of one model take turns, so that
    /// neither waits for more than one run of the other kind.
    pub fn next(&mut self, ended: Option<(Digest, Kind)>) -> Option<Batch> {
        loop {
            if self.free == 0 {
                return None;
            }
            let first = self.queue.iter().position(|waiter| !self.busy.contains_key(&waiter.model))?;
            let model = self.queue.get(first)?.model;
            let other_kind = ended.filter(|(of, _)| *of == model).and_then(|(_, last)| {
                self.queue.iter().position(|waiter| waiter.model == model && waiter.kind() != last)
            });
            let leader = self.queue.remove(other_kind.unwrap_or(first))?;
            // `None` when its client left.
            if let Some(batch) = self.start(leader) {
                return Some(batch);
            }
        }
    }

    fn start(&mut self, leader: Waiter) -> Option<Batch> {
        let (mut batch, kind) = (Batch::new(&leader), leader.kind());
        if !batch.enlist(leader) {
            return None;
        }
        self.free = self.free.saturating_sub(1);
        self.busy.insert(batch.model, kind);
        self.gather(&mut batch);
        Some(batch)
    }
}
