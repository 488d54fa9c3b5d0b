//! The scores of a job, in pieces of columns.

use pgrx::Spi;

use crate::error::Result;
use crate::scoring::Scored;
use crate::store::{read, with_owner};

/// Bytes of scores after which a piece is stored.
pub const PIECE: usize = 1 << 20;

/// Scores that belong in one piece.
#[derive(Default)]
pub struct Scores {
    rows: Vec<Scored>,
    bytes: usize,
}

impl Scores {
    pub fn push(&mut self, scored: Scored) {
        self.bytes += 16
            + scored.label.as_ref().map_or(0, String::len)
            + scored.proba.as_ref().map_or(0, |p| p.len() * size_of::<f64>());
        self.rows.push(scored);
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    pub fn is_full(&self) -> bool {
        self.bytes >= PIECE
    }

    /// Probabilities of a row. A model gives the same number for every row.
    fn width(&self) -> usize {
        self.rows.iter().filter_map(|r| r.proba.as_ref()).map(Vec::len).max().unwrap_or(0)
    }

    /// The probabilities of all rows, `width` for each.
    fn proba(&self) -> Option<Vec<Option<f64>>> {
        let width = self.width();
        let flat = |row: &Scored| {
            let given = row.proba.iter().flatten().copied().map(Some);
            given.chain(std::iter::repeat(None)).take(width).collect::<Vec<_>>()
        };
        (width > 0).then(|| self.rows.iter().flat_map(flat).collect())
    }
}

/// Stores a piece: the scores of the rows from `first` on, counted from 1.
pub fn save_scores(job: i64, first: i64, scores: &Scores) -> Result<()> {
    if scores.rows.is_empty() {
        return Ok(());
    }
    let values: Vec<_> = scores.rows.iter().map(|r| r.value).collect();
    let labels: Vec<_> = scores.rows.iter().map(|r| r.label.clone()).collect();
    with_owner(|| {
        Ok(Spi::run_with_args(
            "INSERT INTO altlas.job_output (job_id, first_ordinal, row_count, value, label, proba, width) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                job.into(),
                first.into(),
                i32::try_from(scores.rows.len()).unwrap_or(i32::MAX).into(),
                values.iter().any(Option::is_some).then_some(values).into(),
                labels.iter().any(Option::is_some).then_some(labels).into(),
                scores.proba().into(),
                i32::try_from(scores.width()).unwrap_or(i32::MAX).into(),
            ],
        )?)
    })
}

/// A stored piece.
pub struct Piece {
    rows: usize,
    value: Vec<Option<f64>>,
    label: Vec<Option<String>>,
    proba: Vec<Option<f64>>,
    width: usize,
}

impl Piece {
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The scores, row by row.
    pub fn into_rows(self) -> impl Iterator<Item = Scored> {
        let mut value = self.value.into_iter();
        let mut label = self.label.into_iter();
        let mut proba = self.proba.into_iter();
        (0..self.rows).map(move |_| {
            // All of them before any is looked at: the next row's begin behind them.
            let given: Vec<_> = proba.by_ref().take(self.width).collect();
            let given: Option<Vec<f64>> = given.into_iter().collect();
            Scored {
                value: value.next().flatten(),
                label: label.next().flatten(),
                proba: given.filter(|p| !p.is_empty()),
                ..Scored::default()
            }
        })
    }
}

/// The piece that begins with this row.
pub fn piece(job: i64, first: i64) -> Result<Option<Piece>> {
    with_owner(|| {
        read::first(
            "SELECT row_count, value, label, proba, width FROM altlas.job_output WHERE job_id = $1 AND first_ordinal = $2",
            &[job.into(), first.into()],
            |row| Piece {
                rows: row.get::<i32>(1).and_then(|n| usize::try_from(n).ok()).unwrap_or_default(),
                value: row.get(2).unwrap_or_default(),
                label: row.get(3).unwrap_or_default(),
                proba: row.get(4).unwrap_or_default(),
                width: row.get::<i32>(5).and_then(|n| usize::try_from(n).ok()).unwrap_or_default(),
            },
        )
    })
}
