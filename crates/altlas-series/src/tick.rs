//! Counts work and calls the caller's closure now and then.

use std::cell::Cell;

/// Elementary steps between two calls: some tens of microseconds.
const BUDGET: usize = 1 << 15;

/// The caller's `tick` closure with a budget of work before the next call.
pub(crate) struct Ticker<'a> {
    tick: &'a dyn Fn(),
    left: Cell<usize>,
}

impl<'a> Ticker<'a> {
    pub fn new(tick: &'a dyn Fn()) -> Self {
        Self { tick, left: Cell::new(BUDGET) }
    }

    /// Says that `steps` elementary steps (about one nanosecond each) were done.
    pub fn work(&self, steps: usize) {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => {
                self.left.set(BUDGET);
                (self.tick)();
            }
        }
    }
}
