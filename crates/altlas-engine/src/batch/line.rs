//! Who waits for which model, and who is next. Plain data: [`Batches`](super::Batches) holds the lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::{Call, Joint};
use super::work::{Bounds, Size, Work};
use crate::Digest;
use crate::waiting::Place;

/// Runs that take at least so long are worth a lane each. Shorter ones gain more from company, and their models would be in
/// memory several times for nothing.
const LONG: Duration = Duration::from_millis(4);
/// Long runs of a model, one after the other with calls waiting at the end of each, before it changes to lanes: they must be
/// opened first.
const CROWDS: u32 = 16;

/// The processors that a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// All of them; nothing else of the model runs.
    Whole,
    /// A share of them, beside other lanes of the model. The threads of one run wait for each other after each operator; two
    /// runs do not.
    Part(usize),
}

/// A call in the line.
pub struct Waiter {
    pub call: Arc<Call>,
    pub model: Digest,
    pub work: Work,
    pub bounds: Bounds,
    /// `None` when it must run alone.
    pub size: Option<Size>,
    /// Lanes that its model may have.
    pub lanes: usize,
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
    pub lane: Lane,
    size: Option<Size>,
    /// Most members: what waits is shared among lanes.
    most: usize,
}

impl Batch {
    fn new(leader: &Waiter, lane: Lane, most: usize) -> Self {
        let size = leader.size.filter(|_| leader.kind() == Kind::Small);
        Self { model: leader.model, members: Vec::new(), joint: Arc::new(Joint::new()), lane, size, most }
    }

    /// The size with this one, if it may join.
    fn with(&self, other: &Waiter) -> Option<Size> {
        let leader = self.members.first().filter(|_| self.members.len() < self.most)?;
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

/// A run that just ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    model: Digest,
    kind: Kind,
    crowds: u32,
}

/// What goes on with a model.
#[derive(Default)]
struct Traffic {
    running: Vec<(Lane, Kind)>,
    /// Long runs so far at whose end calls waited.
    crowds: u32,
}

/// The line before all models.
pub struct Line {
    /// Runs that may begin now.
    free: usize,
    /// Models that run, or are waited for.
    traffic: HashMap<Digest, Traffic>,
    queue: VecDeque<Waiter>,
}

impl Line {
    /// A line for `places` runs at a time, at least one.
    pub fn new(places: usize) -> Self {
        Self { free: places.max(1), traffic: HashMap::new(), queue: VecDeque::new() }
    }

    /// Begins a run of this call at once, if its model is idle or has a free lane, and there is a place; else the call comes
    /// back.
    pub fn begin(&mut self, waiter: Waiter) -> Result<Option<Batch>, Waiter> {
        match self.lane(&waiter, None) {
            Some(lane) if self.free > 0 => Ok(self.start(waiter, lane)),
            _ => Err(waiter),
        }
    }

    /// Where a run of this call can begin. A model changes to lanes when calls keep waiting for long runs and there is work for
    /// each lane, that of whoever was just answered included; and back when it is idle.
    fn lane(&self, waiter: &Waiter, ended: Option<Ended>) -> Option<Lane> {
        let running = self.traffic.get(&waiter.model).map_or(&[][..], |traffic| traffic.running.as_slice());
        if running.is_empty() {
            let crowded = waiter.lanes > 1
                && ended.is_some_and(|run| run.model == waiter.model && run.crowds >= CROWDS)
                && self.waiting(waiter.model) + 1 >= waiter.lanes;
            return Some(if crowded { Lane::Part(0) } else { Lane::Whole });
        }
        let taken = |lane| running.iter().any(|(other, _)| *other == Lane::Whole || *other == lane);
        (0..waiter.lanes).map(Lane::Part).find(|lane| !taken(*lane))
    }

    fn waiting(&self, model: Digest) -> usize {
        self.queue.iter().filter(|waiter| waiter.model == model).count()
    }

    /// Puts a call at the end.
    pub fn push(&mut self, waiter: Waiter) {
        self.queue.push_back(waiter);
    }

    /// Takes a call out; `false` when it is not in the line.
    pub fn remove(&mut self, call: &Arc<Call>) -> bool {
        let at = self.queue.iter().position(|waiter| Arc::ptr_eq(&waiter.call, call));
        let Some(gone) = at.and_then(|at| self.queue.remove(at)) else { return false };
        self.forget_idle(gone.model);
        true
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

    /// A run is over, after so long: its lane and place are free.
    pub fn end(&mut self, model: Digest, lane: Lane, ran: Duration) -> Option<Ended> {
        self.free += 1;
        let crowd = ran >= LONG && self.waiting(model) > 0;
        let traffic = self.traffic.get_mut(&model)?;
        let at = traffic.running.iter().position(|(other, _)| *other == lane)?;
        let (_, kind) = traffic.running.swap_remove(at);
        traffic.crowds = if crowd { traffic.crowds.saturating_add(1) } else { 0 };
        let ended = Ended { model, kind, crowds: traffic.crowds };
        self.forget_idle(model);
        Some(ended)
    }

    fn forget_idle(&mut self, model: Digest) {
        if self.waiting(model) == 0 && self.traffic.get(&model).is_some_and(|t| t.running.is_empty()) {
            self.traffic.remove(&model);
        }
    }

    /// Whether a model runs.
    #[cfg(test)]
    pub fn is_busy(&self, model: Digest) -> bool {
        self.traffic.get(&model).is_some_and(|traffic| !traffic.running.is_empty())
    }

    /// The next run that can begin now, after one that just ended.
    ///
    /// First come, first served, as far as models have a lane free. Large calls and small ones of one model take turns, so that
    /// neither waits for more than one run of the other kind.
    pub fn next(&mut self, ended: Option<Ended>) -> Option<Batch> {
        loop {
            if self.free == 0 {
                return None;
            }
            let first = self.queue.iter().position(|waiter| self.lane(waiter, ended).is_some())?;
            let model = self.queue.get(first)?.model;
            let other_kind = ended.filter(|last| last.model == model).and_then(|last| {
                self.queue.iter().position(|waiter| waiter.model == model && waiter.kind() != last.kind)
            });
            let chosen = other_kind.unwrap_or(first);
            let lane = self.lane(self.queue.get(chosen)?, ended)?;
            let leader = self.queue.remove(chosen)?;
            // `None` when its client left.
            if let Some(batch) = self.start(leader, lane) {
                return Some(batch);
            }
        }
    }

    fn start(&mut self, leader: Waiter, lane: Lane) -> Option<Batch> {
        let most = match lane {
            Lane::Whole => usize::MAX,
            Lane::Part(_) => (self.waiting(leader.model) + 1).div_ceil(leader.lanes.max(1)),
        };
        let (mut batch, kind) = (Batch::new(&leader, lane, most), leader.kind());
        if !batch.enlist(leader) {
            self.forget_idle(batch.model);
            return None;
        }
        self.free = self.free.saturating_sub(1);
        self.traffic.entry(batch.model).or_default().running.push((lane, kind));
        self.gather(&mut batch);
        Some(batch)
    }
}
