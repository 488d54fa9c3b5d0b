use super::by_bank;
use crate::ScoreError;
use crate::flat::{Bank, Reader, Reg, Writer, require};
use crate::scratch::{Element, Memory, part, part_mut};

/// `out[k] = x[k]`, into a part of a larger register.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
}

impl Place {
    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.bank, self.out));
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let (bank, out) = r.banked()?;
        let x = r.before(bank, (bank, out))?;
        require(x.len == out.len, "operands differ in length")?;
        Ok(Self { bank, x, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, copy(self, m));
    }
}

fn copy<T: Element>(op: &Place, m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    out.iter_mut().zip(part(before, op.x)).for_each(|(out, x)| *out = *x);
}

/// `out[k] = x[map[k]]`: columns, slices, transpositions and broadcasts.
#[derive(Debug)]
pub(crate) struct Pick<'a> {
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) map: &'a [u32],
    pub(crate) out: Reg,
}

impl<'a> Pick<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.bank, self.out));
        w.reg(self.x);
        w.array(self.map);
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let (bank, out) = r.banked()?;
        let x = r.before(bank, (bank, out))?;
        let map: &[u32] = r.exactly(out.len())?;
        require(map.iter().all(|from| *from < x.len), "an index is out of range")?;
        Ok(Self { bank, x, map, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, pick(self, m));
    }
}

fn pick<T: Element>(op: &Pick, m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    let x = part(before, op.x);
    for (out, from) in out.iter_mut().zip(op.map) {
        *out = x.get(*from as usize).copied().unwrap_or_default();
    }
}

/// Position of an index that may count from the end.
fn position(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add_unsigned(len as u64)? } else { index };
    usize::try_from(index).ok().filter(|at| *at < len)
}

/// `out[k] = table[index[k]]`, with a constant table. An index out of range fails the row, as in the runtime.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    pub(crate) index: Reg,
    pub(crate) out: Reg,
    pub(crate) table: Table<'a>,
}

/// A constant table of an element type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table<'a> {
    F(&'a [f32]),
    D(&'a [f64]),
    I(&'a [i64]),
}

impl Table<'_> {
    pub(crate) fn bank(&self) -> Bank {
        match self {
            Self::F(_) => Bank::F,
            Self::D(_) => Bank::D,
            Self::I(_) => Bank::I,
        }
    }
}

impl<'a> Lookup<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.table.bank(), self.out));
        w.reg(self.index);
        match self.table {
            Table::F(values) => w.array(values),
            Table::D(values) => w.array(values),
            Table::I(values) => w.array(values),
        }
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let out = r.banked()?;
        let index = r.before(Bank::I, out)?;
        require(index.len == out.1.len, "operands differ in length")?;
        let table = match out.0 {
            Bank::F => Table::F(r.array()?),
            Bank::D => Table::D(r.array()?),
            Bank::I => Table::I(r.array()?),
        };
        Ok(Self { index, out: out.1, table })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        for k in 0..self.index.len() {
            let index = m.i.get(self.index.start() + k).copied().unwrap_or_default();
            let done = match self.table {
                Table::F(values) => put(values, index, part_mut(&mut m.f, self.out).get_mut(k)),
                Table::D(values) => put(values, index, part_mut(&mut m.d, self.out).get_mut(k)),
                Table::I(values) => put(values, index, part_mut(&mut m.i, self.out).get_mut(k)),
            };
            m.failed |= done.is_none();
        }
    }
}

fn put<T: Copy>(values: &[T], index: i64, out: Option<&mut T>) -> Option<()> {
    *out? = *values.get(position(index, values.len())?)?;
    Some(())
}

/// `out[k] = x[index[k]]`, with an index computed from the row.
#[derive(Debug)]
pub(crate) struct RowLookup {
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) index: Reg,
    pub(crate) out: Reg,
}

impl RowLookup {
    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.bank, self.out));
        w.reg(self.x);
        w.reg(self.index);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let out = r.banked()?;
        let x = r.before(out.0, out)?;
        let index = r.before(Bank::I, out)?;
        require(index.len == out.1.len, "operands differ in length")?;
        Ok(Self { bank: out.0, x, index, out: out.1 })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, row_lookup(self, m));
    }
}

fn row_lookup<T: Element>(op: &RowLookup, m: &mut Memory) {
    for k in 0..op.index.len() {
        let index = m.i.get(op.index.start() + k).copied().unwrap_or_default();
        let value = position(index, op.x.len()).and_then(|at| T::bank(m).get(op.x.start() + at)).copied();
        m.failed |= value.is_none();
        if let Some(out) = part_mut(T::bank_mut(m), op.out).get_mut(k) {
            *out = value.unwrap_or_default();
        }
    }
}
