//! The smallest change of few columns that gives a wanted answer (Wachter, Mittelstadt, Russell 2017; sparse as in Mothilal et al. 2020).
//!
//! Single changes are all tried, then combinations with those that came nearest, so that the fewest columns win before the
//! smallest distance does. With one column the result is the best among the candidates; with more it may not be.

/// Combinations that are carried on to the next column.
const BEAM: usize = 24;

/// Another value for a column, and how far it is from the present one; above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The distance.
    pub distance: f64,
}

/// A column and the number of the candidate that it is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The column.
    pub column: usize,
    /// The candidate's number in the column's list.
    pub candidate: usize,
}

/// Changes that reach the goal.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// At least one, each of another column, by column.
    pub changes: Vec<Change>,
    /// The sum of their distances.
    pub distance: f64,
}

/// How far an answer is from what is wanted: 0 or less when it is reached.
pub type Goal = f64;

#[derive(Debug, Clone)]
struct Trial {
    changes: Vec<Change>,
    distance: f64,
    goal: Goal,
}

/// Searches for changes of at most `most` columns. `judge` answers for a batch of combinations.
pub fn search<E>(
    candidates: &[Vec<Candidate>],
    most: usize,
    mut judge: impl FnMut(&[Vec<Change>]) -> Result<Vec<Goal>, E>,
) -> Result<Option<Found>, E> {
    let mut beam = vec![Trial { changes: vec![], distance: 0.0, goal: f64::INFINITY }];
    for _ in 0..most.min(candidates.len()) {
        let mut tried: Vec<Trial> = beam.iter().flat_map(|trial| extended(trial, candidates)).collect();
        // The same combination comes from several of its parts.
        tried.sort_by_cached_key(key);
        tried.dedup_by(|a, b| a.changes == b.changes);
        let combinations: Vec<Vec<Change>> = tried.iter().map(|t| t.changes.clone()).collect();
        let goals = judge(&combinations)?;
        tried.iter_mut().zip(goals).for_each(|(trial, goal)| trial.goal = goal);
        let reached = tried.iter().filter(|t| t.goal <= 0.0);
        if let Some(best) = reached.min_by(|a, b| a.distance.total_cmp(&b.distance)) {
            return Ok(Some(Found { changes: best.changes.clone(), distance: best.distance }));
        }
        tried.retain(|t| t.goal.is_finite());
        tried.sort_by(|a, b| a.goal.total_cmp(&b.goal).then(a.distance.total_cmp(&b.distance)));
        beam = nearest(tried);
    }
    Ok(None)
}

/// Those that came nearest, half of the places for the best of each set of columns.
fn nearest(tried: Vec<Trial>) -> Vec<Trial> {
    let columns = |t: &Trial| t.changes.iter().map(|c| c.column).collect::<Vec<_>>();
    let mut kept: Vec<Trial> = vec![];
    for trial in &tried {
        if kept.len() < BEAM / 2 && !kept.iter().any(|k| columns(k) == columns(trial)) {
            kept.push(trial.clone());
        }
    }
    for trial in tried {
        if kept.len() < BEAM && !kept.iter().any(|k| k.changes == trial.changes) {
            kept.push(trial);
        }
    }
    kept
}

fn key(trial: &Trial) -> Vec<(usize, usize)> {
    trial.changes.iter().map(|c| (c.column, c.candidate)).collect()
}

fn extended(trial: &Trial, candidates: &[Vec<Candidate>]) -> Vec<Trial> {
    let mut all = vec![];
    for (column, values) in candidates.iter().enumerate() {
        if trial.changes.iter().any(|change| change.column == column) {
            continue;
        }
        for (candidate, value) in values.iter().enumerate() {
            let mut changes = trial.changes.clone();
            changes.push(Change { column, candidate });
            changes.sort_by_key(|change| change.column);
            all.push(Trial { changes, distance: trial.distance + value.distance, goal: f64::INFINITY });
        }
    }
    all
}

/// The smallest share of a change that still reaches the goal, by bisection: 1 where no smaller one was found.
pub fn smallest<E>(steps: usize, mut reaches: impl FnMut(f64) -> Result<bool, E>) -> Result<f64, E> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..steps {
        let middle = (low + high) / 2.0;
        *(if reaches(middle)? { &mut high } else { &mut low }) = middle;
    }
    Ok(high)
}
