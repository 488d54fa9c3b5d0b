//! How many requests wait, and how many may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use altlas_proto::{Failure, FailureKind};

/// Counts the requests that wait, for a model to be loaded or for their turn to run, and bounds them.
pub struct Waiting {
    count: AtomicU32,
    most: u32,
}

impl Waiting {
    /// Nobody waits yet; at most `most` may, at least one.
    pub fn new(most: u32) -> Self {
        Self { count: AtomicU32::new(0), most: most.max(1) }
    }

    /// Counts a request until the result is dropped, or refuses it.
    pub fn enter(self: &Arc<Self>) -> Result<Place, Failure> {
        let place = Place(Arc::clone(self));
        if self.count.fetch_add(1, Ordering::SeqCst) < self.most {
            return Ok(place);
        }
        Err(Failure::new(FailureKind::Resources, "the engine's queue is full")
            .detail(format!("{} requests wait for their turn already.", self.most))
            .hint("Try again later, score more rows with each call, or raise altlas.max_queue."))
    }

    /// How many wait.
    pub fn count(&self) -> u32 {
        self.count.load(Ordering::SeqCst)
    }
}

/// A request that waits.
pub struct Place(Arc<Waiting>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_refused_and_a_place_is_given_back() {
        let waiting = Arc::new(Waiting::new(2));
        let first = waiting.enter().unwrap();
        let _second = waiting.enter().unwrap();
        assert_eq!(waiting.enter().map(drop).unwrap_err().kind, FailureKind::Resources);
        assert_eq!(waiting.count(), 2);
        drop(first);
        assert!(waiting.enter().is_ok());
    }
}
