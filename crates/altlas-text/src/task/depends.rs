//! Which earlier segment a segment waits for: order words and uses of results.

mod english;
mod turkish;

use crate::language::Language;
use crate::lexicon::words::Order;
use crate::types::TaskType;

use super::{DependencyKind, Draft, Text};

/// How a segment uses the result of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// It does not.
    None,
    /// It makes something without a source of its own.
    Makes,
    /// It names a part or a result of the segment before.
    Names,
    /// It names some of what the segment before gave.
    Picks,
    /// A pronoun or an elided object.
    Refers,
}

/// The dependencies of each draft, in order.
pub(crate) fn dependencies(
    text: &Text<'_>,
    drafts: &[Draft],
    language: Language,
    tick: &dyn Fn(),
) -> Vec<(Vec<u32>, Option<DependencyKind>)> {
    let mut out: Vec<(Vec<u32>, Option<DependencyKind>)> = Vec::with_capacity(drafts.len());
    // Segments that nothing waits for yet.
    let mut open: Vec<usize> = Vec::new();
    // The segment whose result the last pronoun meant.
    let mut referent: Vec<usize> = Vec::with_capacity(drafts.len());
    for (n, draft) in drafts.iter().enumerate() {
        if n % 64 == 0 {
            tick();
        }
        let (mut parents, mut kind) = (Vec::new(), None);
        let mut source = n;
        if let Some(previous) = n.checked_sub(1) {
            let chained = out.last().is_some_and(|(_, why)| *why == Some(DependencyKind::Data));
            let (uses, named) = match language {
                Language::Turkish => turkish::uses(text, drafts, n, chained),
                _ => english::uses(text, drafts, n, chained),
            };
            let order =
                if draft.order == Order::None { inner_order(text, draft, language) } else { draft.order };
            match order {
                Order::Otherwise => {
                    if let Some((before, why)) = out.last() {
                        parents.clone_from(before);
                        kind = *why;
                    }
                    // Without an if-branch before it, the check itself is what it waits for.
                    if parents.is_empty() {
                        parents.push(ordinal(previous));
                        kind = Some(DependencyKind::Data);
                    }
                }
                Order::Last => {
                    parents = open.iter().map(|o| ordinal(*o)).collect();
                    kind = Some(DependencyKind::Sequence);
                }
                Order::Next => {
                    parents.push(ordinal(previous));
                    kind = Some(DependencyKind::Sequence);
                }
                Order::None | Order::First => {}
            }
            if uses != Use::None && order != Order::Otherwise && order != Order::First {
                // A pronoun after a task that only used the thing means what that task used.
                let target = match uses {
                    Use::Refers if keeps(drafts.get(previous)) && order == Order::None => {
                        referent.get(previous).copied().unwrap_or(previous)
                    }
                    Use::Names => named.unwrap_or(previous),
                    _ => previous,
                };
                if uses == Use::Refers {
                    source = target;
                }
                if parents.is_empty() {
                    parents.push(ordinal(target));
                }
                kind = Some(DependencyKind::Data);
            }
        }
        // What only uses a thing passes it on; what changes or makes one is a new source.
        referent.push(if keeps(Some(draft)) { source } else { n });
        open.retain(|o| !parents.contains(&ordinal(*o)));
        open.push(n);
        // A bound keeps texts with very many parallel tasks linear; `finally` then waits for the latest.
        if open.len() > 512 {
            open.remove(0);
        }
        parents.sort_unstable();
        parents.dedup();
        out.push((parents, kind));
    }
    out
}

fn ordinal(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// A task that uses a thing without changing it or making another.
fn keeps(draft: Option<&Draft>) -> bool {
    draft.is_some_and(|d| matches!(d.kind, Some(TaskType::Execute | TaskType::Schedule | TaskType::Open)))
}

/// An order word inside a segment still orders.
fn inner_order(text: &Text<'_>, draft: &Draft, language: Language) -> Order {
    // `güncelleme bitince`, `once the backup finishes`: the end of what was asked before.
    if let Some((a, b)) = draft.condition {
        let ended = (a..b.min(a + 8)).any(|i| {
            let w = text.fold(i);
            match language {
                Language::Turkish => [
                    "bitince",
                    "bittiginde",
                    "bittikten",
                    "tamamlaninca",
                    "tamamlandiginda",
                    "tamamlandiktan",
                    "bitir",
                    "biter",
                ]
                .iter()
                .any(|s| w.starts_with(s)),
                _ => matches!(
                    w,
                    "finishes"
                        | "completes"
                        | "finished"
                        | "completed"
                        | "done"
                        | "ends"
                        | "succeeds"
                        | "complete"
                ),
            }
        });
        let turkish = language == Language::Turkish;
        if ended && (turkish || matches!(text.fold(a), "when" | "once" | "after" | "as")) {
            return Order::Next;
        }
    }
    for i in draft.first..draft.last.min(draft.first + 200) {
        let word = text.fold(i);
        let before = if i > draft.first { text.fold(i - 1) } else { "" };
        let found = match language {
            Language::Turkish => match word {
                "sonra" | "sonrasinda"
                    if i == draft.first
                        || !(before.ends_with("dan")
                            || before.ends_with("den")
                            || before.ends_with("tan")
                            || before.ends_with("ten")
                            || is_span(before)
                            || before.ends_with("ca")
                            || before.ends_with("ce")) =>
                {
                    Order::Next
                }
                "ardindan" if i == draft.first || !(before.ends_with("in") || before.ends_with("un")) => {
                    Order::Next
                }
                "son" if before == "en" => Order::Last,
                _ => Order::None,
            },
            _ => match word {
                "afterwards" | "afterward" | "subsequently" | "thereafter" => Order::Next,
                "then" if before != "by" && before != "since" && before != "until" => Order::Next,
                "finally" | "lastly" => Order::Last,
                _ => Order::None,
            },
        };
        if found != Order::None && draft.condition.is_none_or(|(a, b)| i < a || i > b) {
            return found;
        }
    }
    Order::None
}

fn is_span(word: &str) -> bool {
    ["gun", "saat", "hafta", "ay", "yil", "dakika", "saniye"].contains(&word)
}

/// How many earlier segments a name is looked for in.
const LOOK_BACK: usize = 6;

/// The latest earlier draft, in reach, that fits.
fn latest(n: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    (n.saturating_sub(LOOK_BACK)..n).rev().find(|k| fits(*k))
}
