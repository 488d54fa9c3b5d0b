use std::cell::Cell;
use std::rc::Rc;

use crate::{Answer, Key, ModelStats, encode_batch};

/// Models that a recorder watches at once; further ones are not recorded until the next [`Recorder::take`].
const MOST_MODELS: usize = 32;
/// Rows sampled one by one after each [`Recorder::take`], so that models that are called rarely are seen in full.
const ALL_AT_FIRST: u32 = 256;
/// Then every so many rows, or sixteen times as many as the model has inputs if that is more.
const STRIDE: u32 = 256;

/// Where a recorder keeps a model; remembered by whoever calls often. The default is nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticket {
    generation: u32,
    place: u32,
}

/// Calls of one row that are only counted, where they are made, until the recorder is to look at one: see [`Recorder::lend`].
#[derive(Debug, Default)]
pub struct Tally {
    left: Cell<u32>,
    counted: Cell<u32>,
}

impl Tally {
    /// Whether the recorder is to be told of the next call.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.left.get() == 0
    }

    /// Counts a call of one row; false when the recorder is to be told of it.
    #[inline]
    pub fn count(&self) -> bool {
        let Some(left) = self.left.get().checked_sub(1) else { return false };
        self.left.set(left);
        self.counted.set(self.counted.get() + 1);
        true
    }

    /// What was counted; the recorder is told of the next call.
    fn settle(&self) -> u32 {
        self.left.set(0);
        self.counted.take()
    }
}

/// Gathers the statistics of one process that scores rows itself.
#[derive(Debug)]
pub struct Recorder {
    places: Vec<Place>,
    generation: u32,
}

#[derive(Debug)]
struct Place {
    key: Key,
    stats: ModelStats,
    /// Rows until the next sample.
    until: u32,
    /// What counts rows elsewhere meanwhile.
    tallies: Vec<Rc<Tally>>,
    samples: u32,
    /// What the samples and timings so far stand for.
    rows_sampled: u64,
    calls_timed: u64,
    /// Calls when the time of the last one was noted.
    calls_noted: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// A recorder of nothing yet.
    pub const fn new() -> Self {
        Self { places: Vec::new(), generation: 1 }
    }

    /// The ticket if it still holds; otherwise the model's, making a place for it when there is room.
    pub fn ticket(&mut self, known: Ticket, model_version: &str, sha256: &str) -> Option<Ticket> {
        if known.generation == self.generation {
            return Some(known);
        }
        let same = |place: &Place| place.key.model_version == model_version && place.key.sha256 == sha256;
        let place = match self.places.iter().position(same) {
            Some(place) => place,
            None if self.places.len() >= MOST_MODELS => return None,
            None => {
                let key = Key { model_version: model_version.to_owned(), sha256: sha256.to_owned() };
                self.places.push(Place::new(key));
                self.places.len() - 1
            }
        };
        Some(Ticket { generation: self.generation, place: place as u32 })
    }

    /// Has the rows before the next sample counted by `tally`.
    pub fn lend(&mut self, ticket: Ticket, tally: &Rc<Tally>) {
        if let Some(place) = self.place(ticket)
            && place.until > 1
        {
            tally.left.set(place.until - 1);
            place.tallies.push(tally.clone());
        }
    }

    /// The place, with everything counted.
    #[inline]
    fn place(&mut self, ticket: Ticket) -> Option<&mut Place> {
        let place = self.places.get_mut(ticket.place as usize)?;
        place.settle();
        Some(place)
    }

    /// Counts a row. Returns whether it is to be given to [`Recorder::sample`].
    #[inline]
    pub fn row(&mut self, ticket: Ticket) -> bool {
        let Some(place) = self.place(ticket) else { return false };
        place.stats.rows += 1;
        place.until -= 1;
        place.until == 0
    }

    /// Takes in the row that was counted last, which stands for those since the sample before.
    #[cold]
    pub fn sample(&mut self, ticket: Ticket, inputs: &[f64], answer: &Answer<'_>) {
        let Some(place) = self.place(ticket) else { return };
        let stands_for = place.stats.rows - place.rows_sampled;
        place.stats.sample(inputs.iter().copied(), answer, stands_for);
        place.rows_sampled = place.stats.rows;
        place.samples = place.samples.saturating_add(1);
        let sparse = STRIDE.max((inputs.len() as u32).saturating_mul(16));
        place.until = if place.samples < ALL_AT_FIRST { 1 } else { sparse };
    }

    /// Counts a call, timed or not.
    #[inline]
    pub fn call(&mut self, ticket: Ticket, nanoseconds: Option<u64>) {
        if let Some(place) = self.place(ticket) {
            place.stats.calls += 1;
            if let Some(nanoseconds) = nanoseconds {
                place.stats.latency.add(nanoseconds, place.stats.calls - place.calls_timed);
                place.calls_timed = place.stats.calls;
            }
        }
    }

    /// Counts a failed call.
    pub fn failed(&mut self, ticket: Ticket, code: &str) {
        if let Some(place) = self.place(ticket) {
            place.stats.failed(code);
        }
    }

    /// Counts an error of a call that was counted elsewhere.
    pub fn error(&mut self, ticket: Ticket, code: &str) {
        if let Some(place) = self.place(ticket) {
            place.stats.error(code);
        }
    }

    /// Notes when the calls since the last note were made. Returns whether there is anything to [`take`](Self::take).
    pub fn note_time(&mut self, now_us: i64) -> bool {
        let mut any = false;
        self.places.iter_mut().for_each(Place::settle);
        for place in self.places.iter_mut().filter(|place| !place.stats.is_empty()) {
            any = true;
            // Also of rows whose call did not come to its end.
            if place.stats.calls != place.calls_noted || place.stats.last_us == 0 {
                place.calls_noted = place.stats.calls;
                place.stats.last_us = now_us;
            }
        }
        any
    }

    /// What was gathered, as [`encode_batch`] writes it; begins anew. Models that were not called since the last time lose
    /// their place.
    pub fn take(&mut self) -> Vec<u8> {
        self.places.iter_mut().for_each(Place::settle);
        let used = self.places.iter().filter(|place| !place.stats.is_empty());
        let taken = encode_batch(used.map(|place| (&place.key, &place.stats)));
        let before = self.places.len();
        self.places.retain(|place| !place.stats.is_empty());
        if self.places.len() != before {
            self.generation = self.generation.wrapping_add(1).max(1);
        }
        self.places.iter_mut().for_each(Place::clear);
        taken
    }
}

impl Place {
    fn new(key: Key) -> Self {
        Self {
            key,
            stats: ModelStats::default(),
            until: 1,
            tallies: Vec::new(),
            samples: 0,
            rows_sampled: 0,
            calls_timed: 0,
            calls_noted: 0,
        }
    }

    #[inline]
    fn settle(&mut self) {
        for tally in self.tallies.drain(..) {
            let counted = tally.settle();
            self.stats.rows += u64::from(counted);
            self.stats.calls += u64::from(counted);
            self.until = self.until.saturating_sub(counted).max(1);
        }
    }

    fn clear(&mut self) {
        self.stats.clear();
        (self.until, self.samples) = (1, 0);
        (self.rows_sampled, self.calls_timed, self.calls_noted) = (0, 0, 0);
    }
}
