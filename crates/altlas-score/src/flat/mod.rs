//! The bytes of the flat form; `docs/formats.md` describes them.
//!
//! A header, then `code` (32-bit words: inputs, outputs, constants, operations), then `data` (arrays that the code
//! names by offset and length). Everything is in the machine's byte order: the form is a cache of an ONNX model and
//! not carried between machines; a foreign one fails the check of its format number.

mod checksum;
mod read;
mod write;

#[cfg(test)]
pub(crate) use checksum::checksum;
pub(crate) use read::Reader;
pub(crate) use write::Writer;

use crate::ScoreError;

const MAGIC: [u8; 8] = *b"ALTLFLAT";
/// Magic, format number, number of words, length, checksum, offset of the data, zero.
const HEADER: usize = 48;
/// What the checksum covers starts here, after itself; the fields before it are checked one by one.
pub(crate) const CHECKED_FROM: usize = 32;

/// Element types of registers: each has its own bank of working memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bank {
    /// Single precision.
    F,
    /// Double precision.
    D,
    /// Whole numbers, booleans, and texts as numbers of the program's table of texts (−1: a text not in it).
    I,
}

/// A register: consecutive elements of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Reg {
    pub(crate) at: u32,
    pub(crate) len: u32,
}

impl Reg {
    pub(crate) fn start(self) -> usize {
        self.at as usize
    }

    pub(crate) fn len(self) -> usize {
        self.len as usize
    }

    pub(crate) fn end(self) -> usize {
        self.start().saturating_add(self.len())
    }
}

pub(crate) fn damaged(reason: &'static str) -> ScoreError {
    ScoreError::Flat { reason }
}

pub(crate) fn require(holds: bool, reason: &'static str) -> Result<(), ScoreError> {
    if holds { Ok(()) } else { Err(damaged(reason)) }
}

/// A fieldless enum that is stored as its position in [`ALL`](Self::ALL).
pub(crate) trait Code: Copy + PartialEq + 'static {
    const ALL: &'static [Self];

    fn code(self) -> u32 {
        Self::ALL.iter().position(|v| *v == self).unwrap_or(usize::MAX) as u32
    }

    fn from_code(code: u32) -> Result<Self, ScoreError> {
        Self::ALL.get(code as usize).copied().ok_or(damaged("it names something unknown"))
    }
}

impl Code for Bank {
    const ALL: &'static [Self] = &[Self::F, Self::D, Self::I];
}
