//! A training once more, and what came out differently.

use serde_json::{Map, Value, json};

use super::{Order, Product, carry_out};
use crate::convert::ArrowStream;
use crate::error::{Error, Result};
use crate::store::run::{self, Stored};
use crate::store::{artefact, audit, job, source};

/// A part of a training, as it was and as it is now.
pub struct Part {
    pub item: String,
    pub original: Option<String>,
    pub reproduced: Option<String>,
    pub same: bool,
}

/// Trains again from a run's source, options and seed, on the same number of threads. Refused where the source gives other rows.
/// Nothing is registered.
pub fn reproduce(run_id: i64) -> Result<Vec<Part>> {
    let run = run::stored(run_id)?.ok_or(Error::UnknownRun { run: run_id })?;
    let order = again(&run)?;
    // SAFETY: a plain getter.
    let role = unsafe { pgrx::pg_sys::GetUserId() };
    let feed = |send: &mut dyn FnMut(&[u8]) -> Result<()>| {
        let mut stream = ArrowStream::new(send).with_longest(order.longest_text());
        let rows = source::read(&order.source, None, &mut stream)?;
        stream.finish()?;
        Ok(rows)
    };
    let product = carry_out(&order, job::next_number()?, role, feed, |_, _, _| Ok(()))?;
    let parts = compare(&run, &product);
    let same = parts.iter().all(|part| part.same);
    audit::record("reproduce", &run.project, None, Some(json!({ "run_id": run_id, "same": same })))?;
    Ok(parts)
}

fn again(run: &Stored) -> Result<Order> {
    let algorithm = run.requested.as_deref().unwrap_or(&run.algorithm);
    let target = run.target.as_deref().unwrap_or_default();
    let options = Some(run.options.clone());
    let mut order = Order::new(&run.project, &run.task, &run.source, target, Some(algorithm), options)?;
    if let Some(threads) = run.threads.and_then(|n| u32::try_from(n).ok()) {
        order.threads = threads;
    }
    order.data_sha256 = Some(run.data_sha256.clone());
    Ok(order)
}

/// The hash of the rows, the chosen algorithm, the versions of libraries, the bytes of the graph, and every figure.
fn compare(run: &Stored, product: &Product) -> Vec<Part> {
    let manifest = &product.trained.manifest;
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let mut parts = vec![
        part("data_sha256", Some(run.data_sha256.clone()), text(manifest.get("data_sha256"))),
        part("algorithm", Some(run.algorithm.clone()), text(manifest.get("algorithm"))),
        part("library", text(run.report.get("library")), text(manifest.get("library"))),
        part("graph_sha256", run.graph_sha256.clone(), Some(artefact::sha256(&product.graph))),
    ];
    let none = Map::new();
    let metrics = |of: &Value| of.get("metrics").and_then(Value::as_object).unwrap_or(&none).clone();
    let (before, after) = (metrics(&run.report), metrics(manifest));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        parts.push(part(&format!("metrics.{name}"), text(before.get(name)), text(after.get(name))));
    }
    parts
}

fn part(item: &str, original: Option<String>, reproduced: Option<String>) -> Part {
    // `jsonb` may write a number in another way than the trainer did.
    let number = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<f64>().ok());
    let same = original == reproduced
        || number(&original).zip(number(&reproduced)).is_some_and(|(a, b)| a == b)
        || parsed(&original).zip(parsed(&reproduced)).is_some_and(|(a, b)| a == b);
    Part { item: item.to_owned(), original, reproduced, same }
}

fn parsed(text: &Option<String>) -> Option<Value> {
    text.as_ref().and_then(|text| serde_json::from_str(text).ok())
}
