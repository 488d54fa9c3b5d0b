//! How busy resources are.

/// What a resource did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Busy {
    /// Seconds in which at least one run was on it.
    pub seconds: f64,
    /// Seconds from the first start to the last end.
    pub span: f64,
    /// The most runs at once.
    pub most: usize,
}

/// How busy a resource was, by the start and the seconds of its runs.
#[must_use]
pub fn busy(runs: &[(f64, f64)]) -> Option<Busy> {
    let mut events: Vec<(f64, i64)> =
        runs.iter().flat_map(|&(start, seconds)| [(start, 1), (start + seconds, -1)]).collect();
    // A run that ends as another starts is not beside it.
    events.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (first, last) = (events.first()?.0, events.last()?.0);
    let (mut running, mut most, mut seconds, mut since) = (0_i64, 0_i64, 0.0, first);
    for (at, change) in events {
        if running > 0 {
            seconds += at - since;
        }
        since = at;
        running += change;
        most = most.max(running);
    }
    Some(Busy { seconds, span: last - first, most: usize::try_from(most).unwrap_or(0) })
}
