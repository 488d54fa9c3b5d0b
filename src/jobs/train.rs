//! A training job: stored rows to the engine, its answer to the registry.

use std::cell::Cell;
use std::time::Instant;

use super::worker::{PACE, Stop, TRIES, first_pause, transaction};
use crate::engine;
use crate::error::{Error, Result};
use crate::store::job::{self, Claimed, Ending};
use crate::store::with_role;
use crate::training::{self, Order, Product};

/// Why a training waits.
const NO_PLACE: &str = "waits for a place among altlas.max_jobs";

/// Runs the job.
pub fn run(claimed: &Claimed) -> std::result::Result<(), Stop> {
    let order: Order = claimed.spec()?;
    let started_at = pgrx::datum::clock_timestamp();
    let role = transaction(|| job::authorise(&claimed.submitted_by, claimed.kind))?;
    let product = train(claimed, &order, role)?;
    let ended = transaction(|| {
        if !job::is_mine(claimed.job, claimed.attempt)? {
            return Ok(false);
        }
        let registered = with_role(role, || training::register(&order, product, started_at))?;
        let result = serde_json::to_value(registered).map_err(|e| Error::Internal {
            message: format!("a training's result cannot be written: {e}"),
        })?;
        job::end(claimed.job, claimed.attempt, Ending::Done(Some(result)))
    })?;
    ended.then_some(()).ok_or(Stop::Gone)
}

/// Has the engine train, again from the beginning when it went away meanwhile.
fn train(claimed: &Claimed, order: &Order, role: pgrx::pg_sys::Oid) -> std::result::Result<Product, Stop> {
    let mut pause = first_pause();
    for tries_left in (0..TRIES).rev() {
        let (gone, refused) = (Cell::new(false), Cell::new(false));
        let product = training::carry_out(
            order,
            claimed.job,
            role,
            |send| feed(claimed, send, &refused),
            paced(|phase, done, total, rate| {
                let mine =
                    transaction(|| job::progress(claimed.job, claimed.attempt, phase, done, total, rate))?;
                gone.set(!mine);
                // Dropping the connection ends the engine's work.
                if mine { Ok(()) } else { Err(Error::JobCancelled { message: String::new() }) }
            }),
        );
        match product {
            Ok(product) => return Ok(product),
            Err(_) if gone.get() => return Err(Stop::Gone),
            Err(Error::EngineBusy { .. }) if refused.get() => return Err(Stop::Later(NO_PLACE)),
            // An engine that stops cancels its jobs.
            Err(e) if tries_left > 0 && (e.is_engine_down() || matches!(e, Error::JobCancelled { .. })) => {
                engine::pause(pause);
                pause *= 2;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Err(Stop::Gone)
}

/// Sends the stored rows; returns their number. `refused`: the engine did not take the job.
fn feed(claimed: &Claimed, send: &mut dyn FnMut(&[u8]) -> Result<()>, refused: &Cell<bool>) -> Result<usize> {
    let mut n = 0;
    while let Some(piece) = transaction(|| job::input(claimed.job, n))? {
        send(&piece).inspect_err(|_| refused.set(n == 0))?;
        n += 1;
    }
    Ok(usize::try_from(claimed.rows).unwrap_or(usize::MAX))
}

/// Passes progress on at `PACE`, with the rate.
fn paced(
    mut write: impl FnMut(&str, i64, Option<i64>, Option<f64>) -> Result<()>,
) -> impl FnMut(&str, u64, u64) -> Result<()> {
    let mut written: Option<Instant> = None;
    let begun = Instant::now();
    move |phase, done, total| {
        if written.is_some_and(|w| w.elapsed() < PACE) {
            return Ok(());
        }
        written = Some(Instant::now());
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rate = done as f64 / begun.elapsed().as_secs_f64().max(1e-6);
        write(phase, count(done), Some(count(total)).filter(|t| *t > 0), Some(rate).filter(|_| done > 0))
    }
}
