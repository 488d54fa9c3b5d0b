//! The stored rows of a job as one stream, read in a short transaction for each piece.

use std::io::{self, Read};

use super::worker::transaction;
use crate::store::job;

/// Reads a job's rows.
pub struct Rows {
    job: i64,
    next: i32,
    piece: Vec<u8>,
    at: usize,
}

impl Rows {
    pub fn new(job: i64) -> Self {
        Self { job, next: 0, piece: Vec::new(), at: 0 }
    }
}

impl Read for Rows {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.piece.len() {
            let piece = transaction(|| job::input(self.job, self.next));
            // PostgreSQL's errors unwind: what is left says only that its answer was not understood.
            let Some(piece) = piece.map_err(|e| io::Error::other(e.parts().1))? else {
                return Ok(0);
            };
            (self.piece, self.at) = (piece, 0);
            self.next += 1;
        }
        let n = self.piece.get(self.at..).unwrap_or_default().read(into)?;
        self.at += n;
        Ok(n)
    }
}
