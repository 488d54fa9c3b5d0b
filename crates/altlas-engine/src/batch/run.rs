//! Running a batch: together where that gives the same, else one call after the other.

use std::time::Instant;

use altlas_proto::FailureKind;

use super::Run;
use super::call::Outcome;
use super::line::{Batch, Lane, Waiter};
use super::tensors::together;
use super::work::Work;
use crate::log;
use crate::observe::{Observation, Observer, Seen};

/// Calls of a joined run that are run alone, too, when it is compared.
const COMPARED: usize = 4;

/// Runs a batch; one outcome a call, in their order. A call's failure is its own.
pub fn all(model: &impl Run, batch: &Batch, observer: &Observer) -> Vec<Outcome> {
    // Until now whoever gathered the calls counted as one of them.
    batch.joint.left();
    let begun = Instant::now();
    let (outcomes, joined) = match joined(model, batch) {
        Some(outcomes) => (outcomes, true),
        None => (batch.members.iter().map(|member| alone(model, batch.lane, member)).collect(), false),
    };
    if joined {
        let rows = batch.members.iter().filter_map(|member| Some(member.size?.rows)).sum();
        batch.members.iter().for_each(|member| member.call.note_joined(rows));
    }
    let seen: Vec<Seen> = batch.members.iter().zip(&outcomes).map(|(m, o)| seen(m, o, begun)).collect();
    observer.observe(&Observation { model: batch.model, joined, ran: begun.elapsed(), calls: &seen });
    outcomes
}

fn alone(model: &impl Run, lane: Lane, member: &Waiter) -> Outcome {
    model.run(lane, &member.work.inputs, &member.work.outputs, member.call.stop())
}

/// The outcomes of one run for all; `None` when each must be run alone.
fn joined(model: &impl Run, batch: &Batch) -> Option<Vec<Outcome>> {
    let (first, others) = batch.members.split_first()?;
    if others.is_empty() || !model.trust().may_join() {
        return None;
    }
    let works: Vec<&Work> = batch.members.iter().map(|member| &member.work).collect();
    let together = together(&works)?;
    let outputs = match model.run(batch.lane, &together.inputs, &first.work.outputs, batch.joint.stop()) {
        Ok(outputs) => outputs,
        Err(failure) if failure.kind == FailureKind::Cancelled => {
            return Some(batch.members.iter().map(|_| Err(failure.clone())).collect());
        }
        // It may be the fault of one call's data.
        Err(_) => return None,
    };
    let Some(shares) = together.apart(&outputs) else {
        doubt(model, batch, "its outputs are not by row");
        return None;
    };
    let mut outcomes: Vec<Outcome> = shares.into_iter().map(Ok).collect();
    if !model.trust().wants_proof() {
        model.trust().confirm();
        return Some(outcomes);
    }
    let mut agreed: Vec<&Work> = Vec::new();
    for (member, outcome) in batch.members.iter().zip(&mut outcomes).take(COMPARED) {
        let single = alone(model, batch.lane, member);
        if let (Ok(alone), Ok(beside)) = (&single, &*outcome) {
            if !model.trust().same(beside, alone) {
                doubt(model, batch, "a row gives something else beside others");
                return None;
            }
            agreed.push(&member.work);
        }
        *outcome = single;
    }
    // Equal rows prove nothing.
    if agreed.windows(2).any(|pair| matches!(pair, [a, b] if a.inputs != b.inputs)) {
        model.trust().confirm();
    }
    Some(outcomes)
}

fn doubt(model: &impl Run, batch: &Batch, why: &str) {
    model.trust().lose();
    let model = batch.model;
    log::repeated("rows not joined", format_args!("calls of model {model} are not joined any more: {why}"));
}

fn seen(member: &Waiter, outcome: &Outcome, begun: Instant) -> Seen {
    Seen {
        rows: member.size.map_or(1, |size| size.rows),
        queued: begun.saturating_duration_since(member.since),
        failed: outcome.as_ref().err().map(|failure| failure.kind),
    }
}
