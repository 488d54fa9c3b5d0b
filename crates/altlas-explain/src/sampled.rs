//! Shapley values of any model, by permutations (Castro, Gómez, Tejada 2009), each with its reverse (Mitchell et al. 2022).

use crate::Contributions;
use crate::rng::Rng;

/// How much is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Pairs of a permutation and its reverse for each row of the background; at least 2, so that the error can be estimated.
    pub pairs: usize,
    /// Seed of the permutations.
    pub seed: u64,
}

/// A row that has some columns of the row explained and the others of a row of the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hybrid {
    /// The row of the background.
    pub background: usize,
    /// Whether a column is that of the row explained.
    pub from_row: Vec<bool>,
}

/// Estimates the Shapley values of `columns` columns. `score` answers for a batch of hybrids, one number each. The contributions sum
/// to `prediction − base` whatever was drawn: along a permutation the differences telescope, and each background row is used equally.
pub fn sampled<E>(
    columns: usize,
    background: usize,
    sampling: Sampling,
    mut score: impl FnMut(Vec<Hybrid>) -> Result<Vec<f64>, E>,
) -> Result<Contributions, E> {
    let pairs = sampling.pairs.max(2);
    let mut rng = Rng::new(sampling.seed, 1);
    let mut sums = vec![0.0; columns];
    let mut variances = vec![0.0; columns];
    let (mut base, mut prediction) = (0.0, 0.0);
    for other in 0..background {
        let orders: Vec<Vec<usize>> = (0..pairs).map(|_| rng.order(columns)).collect();
        let mut hybrids = vec![ends(other, columns, false), ends(other, columns, true)];
        for order in &orders {
            hybrids.extend(between(other, order.iter()));
            hybrids.extend(between(other, order.iter().rev()));
        }
        let answers = score(hybrids)?;
        let mut answers = answers.into_iter();
        let (from, to) = (answers.next().unwrap_or(f64::NAN), answers.next().unwrap_or(f64::NAN));
        base += from;
        prediction += to;
        let mut drawn: Vec<Vec<f64>> = Vec::with_capacity(pairs);
        for order in &orders {
            let mut own = vec![0.0; columns];
            let mut add = |column: &usize, from: f64, to: f64| {
                own.get_mut(*column).into_iter().for_each(|v| *v += (to - from) / 2.0);
            };
            let mut follow = |order: &mut dyn Iterator<Item = &usize>| {
                let mut before = from;
                for (step, column) in order.enumerate() {
                    let after = if step + 1 == columns { to } else { answers.next().unwrap_or(f64::NAN) };
                    add(column, before, after);
                    before = after;
                }
            };
            follow(&mut order.iter());
            follow(&mut order.iter().rev());
            drawn.push(own);
        }
        for (column, (sum, variance)) in sums.iter_mut().zip(&mut variances).enumerate() {
            let own = || drawn.iter().filter_map(|d| d.get(column));
            let mean = own().sum::<f64>() / pairs as f64;
            *sum += mean;
            *variance += own().map(|v| (v - mean).powi(2)).sum::<f64>() / ((pairs - 1) * pairs) as f64;
        }
    }
    let count = background.max(1) as f64;
    Ok(Contributions {
        values: sums.into_iter().map(|sum| sum / count).collect(),
        errors: Some(variances.into_iter().map(|v| v.sqrt() / count).collect()),
        base: base / count,
        prediction: prediction / count,
    })
}

fn ends(background: usize, columns: usize, from_row: bool) -> Hybrid {
    Hybrid { background, from_row: vec![from_row; columns] }
}

/// The hybrids on the way from the background's row to the row explained, without both ends.
fn between<'o>(
    background: usize,
    order: impl ExactSizeIterator<Item = &'o usize>,
) -> impl Iterator<Item = Hybrid> {
    let columns = order.len();
    let mut from_row = vec![false; columns];
    order.take(columns.saturating_sub(1)).map(move |column| {
        from_row.get_mut(*column).into_iter().for_each(|own| *own = true);
        Hybrid { background, from_row: from_row.clone() }
    })
}
