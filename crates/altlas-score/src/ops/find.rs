use super::cast::{To, whole};
use crate::ScoreError;
use crate::flat::{Bank, Reader, Reg, Writer, require};
use crate::scratch::{Memory, part, part_mut};

/// `out[k]`: where `x[k]` is among the keys, or the number of keys where it is not. The keys are sorted, without
/// duplicates; `positions` are the numbers they had before.
#[derive(Debug)]
pub(crate) struct Find<'a> {
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
    pub(crate) keys: Keys<'a>,
    pub(crate) positions: &'a [u32],
    /// What a value that is none of the keys gives.
    pub(crate) other: u32,
}

/// Keys of the two kinds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys<'a> {
    /// Whole numbers or texts; other numbers lose their fraction first.
    Whole(&'a [i64]),
    /// Fractions; the last may be NaN, which then is equal to NaN.
    Real(&'a [f64]),
}

impl<'a> Find<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.bank);
        w.reg(self.out);
        w.reg(self.x);
        w.flag(matches!(self.keys, Keys::Real(_)));
        match self.keys {
            Keys::Whole(keys) => w.array(keys),
            Keys::Real(keys) => w.array(keys),
        }
        w.array(self.positions);
        w.word(self.other);
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let bank = r.coded()?;
        let out = r.reg(Bank::I)?;
        let x = r.before(bank, (Bank::I, out))?;
        require(x.len == out.len, "operands differ in length")?;
        let (keys, len) = if r.flag()? {
            require(bank != Bank::I, "keys are of another type")?;
            let keys = r.array()?;
            (Keys::Real(keys), keys.len())
        } else {
            let keys = r.array()?;
            (Keys::Whole(keys), keys.len())
        };
        let positions = r.exactly(len)?;
        let other = r.word()?;
        Ok(Self { bank, x, out, keys, positions, other })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        for k in 0..self.x.len() {
            let at = self.x.start() + k;
            let found = match self.keys {
                Keys::Whole(keys) => {
                    let x = match self.bank {
                        Bank::F => m.f.get(at).map(|x| whole(To::I64, f64::from(*x))),
                        Bank::D => m.d.get(at).map(|x| whole(To::I64, *x)),
                        Bank::I => m.i.get(at).copied(),
                    };
                    x.and_then(|x| keys.binary_search(&x).ok())
                }
                Keys::Real(keys) => {
                    let x = match self.bank {
                        Bank::F => m.f.get(at).map(|x| f64::from(*x)),
                        _ => m.d.get(at).copied(),
                    };
                    x.and_then(|x| real(keys, x))
                }
            };
            let position = found.and_then(|n| self.positions.get(n)).copied().unwrap_or(self.other);
            if let Some(out) = part_mut(&mut m.i, self.out).get_mut(k) {
                *out = i64::from(position);
            }
        }
    }
}

fn real(keys: &[f64], x: f64) -> Option<usize> {
    if x.is_nan() {
        return keys.len().checked_sub(1).filter(|last| keys.get(*last).is_some_and(|key| key.is_nan()));
    }
    let at = keys.partition_point(|key| *key < x);
    keys.get(at).is_some_and(|key| *key == x).then_some(at)
}

/// For each index, `width` elements of which one is 1: none where the index is beyond them.
#[derive(Debug)]
pub(crate) struct Hot {
    pub(crate) index: Reg,
    pub(crate) width: u32,
    pub(crate) out: Reg,
}

impl Hot {
    pub(super) fn write(&self, w: &mut Writer) {
        w.reg(self.out);
        w.reg(self.index);
        w.word(self.width);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let out = r.reg(Bank::F)?;
        let index = r.reg(Bank::I)?;
        let width = r.word()?;
        require(index.len.checked_mul(width) == Some(out.len), "operands differ in length")?;
        Ok(Self { index, width, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let out = part_mut(&mut m.f, self.out);
        out.fill(0.0);
        let rows = out.chunks_exact_mut((self.width as usize).max(1));
        for (row, index) in rows.zip(part(&m.i, self.index)) {
            if let Some(out) = usize::try_from(*index).ok().and_then(|n| row.get_mut(n)) {
                *out = 1.0;
            }
        }
    }
}
