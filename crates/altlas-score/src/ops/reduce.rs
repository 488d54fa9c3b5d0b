use super::by_bank;
use super::elementwise::Number;
use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, damaged, require};
use crate::scratch::{Element, Memory, part, part_mut};
use crate::trees::Real;

/// The axis that an operation works along: a row is `outer` × `len` × `inner` elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) outer: u32,
    pub(crate) len: u32,
    pub(crate) inner: u32,
}

impl Axis {
    pub(super) fn write(self, w: &mut Writer) {
        w.word(self.outer);
        w.word(self.len);
        w.word(self.inner);
    }

    /// An axis of a register of `elements`.
    pub(super) fn read(r: &mut Reader, elements: u32) -> Result<Self, ScoreError> {
        let axis = Self { outer: r.word()?, len: r.word()?, inner: r.word()? };
        let all = axis.outer.checked_mul(axis.len).and_then(|n| n.checked_mul(axis.inner));
        require(all == Some(elements), "an axis does not fit its register")?;
        Ok(axis)
    }

    pub(super) fn lines(self) -> u32 {
        self.outer.saturating_mul(self.inner)
    }

    /// Where the elements of a line are.
    pub(super) fn line(self, line: usize) -> impl Iterator<Item = usize> + Clone {
        let (len, inner) = (self.len as usize, (self.inner as usize).max(1));
        // A division costs as much as the rest of a short line.
        let start = if inner == 1 { line * len } else { line / inner * inner * len + line % inner };
        (0..len).map(move |k| start + k * inner)
    }
}

/// What a line of elements is reduced to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ReduceKind {
    L1,
    L2,
    LogSum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Prod,
    Sum,
    SumSquare,
}

impl Code for ReduceKind {
    const ALL: &'static [Self] = &[
        Self::L1,
        Self::L2,
        Self::LogSum,
        Self::LogSumExp,
        Self::Max,
        Self::Mean,
        Self::Min,
        Self::Prod,
        Self::Sum,
        Self::SumSquare,
    ];
}

/// One element for each line; fractions are summed in double precision.
#[derive(Debug)]
pub(crate) struct Reduce {
    pub(crate) kind: ReduceKind,
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) axis: Axis,
    pub(crate) out: Reg,
}

impl Reduce {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.kind);
        w.banked((self.bank, self.out));
        w.reg(self.x);
        self.axis.write(w);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let kind = r.coded()?;
        let (bank, out) = r.banked()?;
        let x = r.before(bank, (bank, out))?;
        let axis = Axis::read(r, x.len)?;
        require(axis.lines() == out.len, "operands differ in length")?;
        Ok(Self { kind, bank, x, axis, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        match self.bank {
            Bank::F => reduce::<f32>(self, m),
            Bank::D => reduce::<f64>(self, m),
            Bank::I => reduce_whole(self, m),
        }
    }
}

fn reduce<T: Real>(op: &Reduce, m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    let x = part(before, op.x);
    for (line, out) in out.iter_mut().enumerate() {
        let own = op.axis.line(line).map(|at| x.get(at).copied().unwrap_or_default());
        // Products are of the elements' precision, so that they overflow as in the runtime.
        let squares = own.clone().map(|x| -> f64 { (x * x).into() });
        let values = own.clone().map(|x| -> f64 { x.into() });
        // The runtime's result with NaN depends on where it is; here it is NaN.
        let top = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) };
        *out = T::of(match op.kind {
            ReduceKind::L1 => values.map(f64::abs).sum(),
            ReduceKind::L2 => T::of(squares.sum::<f64>()).into().sqrt(),
            ReduceKind::LogSum => values.sum::<f64>().ln(),
            ReduceKind::LogSumExp => {
                let highest = values.clone().fold(f64::NEG_INFINITY, top);
                let shift = if highest.is_finite() { highest } else { 0.0 };
                values.map(|x| (x - shift).exp()).sum::<f64>().ln() + shift
            }
            ReduceKind::Max => values.fold(f64::NEG_INFINITY, top),
            ReduceKind::Mean => values.sum::<f64>() / f64::from(op.axis.len),
            ReduceKind::Min => -values.map(|x| -x).fold(f64::NEG_INFINITY, top),
            ReduceKind::Prod => own.fold(T::of(1.0), |product, x| product * x).into(),
            ReduceKind::Sum => values.sum(),
            ReduceKind::SumSquare => squares.sum(),
        });
    }
}

fn reduce_whole(op: &Reduce, m: &mut Memory) {
    let (before, out) = i64::split(m, op.out);
    let x = part(before, op.x);
    for (line, out) in out.iter_mut().enumerate() {
        let values = op.axis.line(line).map(|at| x.get(at).copied().unwrap_or_default());
        let sum = |values: &mut dyn Iterator<Item = i64>| values.fold(0i64, i64::wrapping_add);
        *out = match op.kind {
            ReduceKind::Max => values.max().unwrap_or_default(),
            ReduceKind::Min => values.min().unwrap_or_default(),
            ReduceKind::Prod => values.fold(1, i64::wrapping_mul),
            ReduceKind::Mean => sum(&mut { values }).checked_div(i64::from(op.axis.len)).unwrap_or_default(),
            ReduceKind::L1 => sum(&mut values.map(i64::wrapping_abs)),
            ReduceKind::SumSquare => sum(&mut values.map(|x| x.wrapping_mul(x))),
            // The compiler writes no roots or logarithms of whole numbers.
            _ => sum(&mut { values }),
        };
    }
}

/// The position of the largest or smallest element of each line; of equal ones the first.
#[derive(Debug)]
pub(crate) struct Arg {
    pub(crate) smallest: bool,
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) axis: Axis,
    pub(crate) out: Reg,
}

impl Arg {
    pub(super) fn write(&self, w: &mut Writer) {
        w.flag(self.smallest);
        w.coded(self.bank);
        w.reg(self.out);
        w.reg(self.x);
        self.axis.write(w);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let (smallest, bank) = (r.flag()?, r.coded()?);
        let out = r.reg(Bank::I)?;
        let x = r.before(bank, (Bank::I, out))?;
        let axis = Axis::read(r, x.len)?;
        require(axis.lines() == out.len, "operands differ in length")?;
        Ok(Self { smallest, bank, x, axis, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, arg(self, m));
    }
}

fn arg<T: Element>(op: &Arg, m: &mut Memory) {
    for line in 0..op.out.len() {
        let x = part(T::bank(m), op.x);
        let best = if op.axis.inner == 1 {
            let len = op.axis.len as usize;
            let x = x.get(line * len..(line + 1) * len).unwrap_or_default();
            first_best(op.smallest, x.iter().copied())
        } else {
            first_best(op.smallest, op.axis.line(line).map(|at| x.get(at).copied().unwrap_or_default()))
        };
        if let Some(out) = part_mut(&mut m.i, op.out).get_mut(line) {
            *out = best;
        }
    }
}

#[inline(always)]
fn first_best<T: Element>(smallest: bool, mut values: impl Iterator<Item = T>) -> i64 {
    let (mut at, mut best) = (0, values.next().unwrap_or_default());
    for (n, value) in (1..).zip(values) {
        if if smallest { value < best } else { value > best } {
            (at, best) = (n, value);
        }
    }
    at
}

/// Running sums along an axis.
#[derive(Debug)]
pub(crate) struct CumSum {
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) axis: Axis,
    pub(crate) out: Reg,
}

impl CumSum {
    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.bank, self.out));
        w.reg(self.x);
        self.axis.write(w);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let (bank, out) = r.banked()?;
        let x = r.before(bank, (bank, out))?;
        require(x.len == out.len, "operands differ in length")?;
        Ok(Self { bank, x, axis: Axis::read(r, x.len)?, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, running(self, m));
    }
}

fn running<T: Number>(op: &CumSum, m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    let x = part(before, op.x);
    for line in 0..op.axis.lines() as usize {
        let mut sum = T::default();
        for at in op.axis.line(line) {
            sum = T::binary(super::BinaryKind::Add, sum, x.get(at).copied().unwrap_or_default());
            if let Some(out) = out.get_mut(at) {
                *out = sum;
            }
        }
    }
}

/// The most that [`TopK`] finds, in as many passes over the row.
pub(crate) const MOST_TOP: usize = 64;

/// The `k` largest or smallest elements of a row in order, and their positions; of equal ones the first.
#[derive(Debug)]
pub(crate) struct TopK {
    pub(crate) smallest: bool,
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) values: Reg,
    pub(crate) indices: Reg,
}

impl TopK {
    pub(super) fn write(&self, w: &mut Writer) {
        w.flag(self.smallest);
        w.banked((self.bank, self.values));
        w.reg(self.x);
        w.reg(self.indices);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let smallest = r.flag()?;
        let values = r.banked()?;
        let x = r.before(values.0, values)?;
        let indices = r.reg(Bank::I)?;
        require(values.1.len == indices.len && indices.len <= x.len, "operands differ in length")?;
        require(indices.len() <= MOST_TOP, "it looks for too many elements")?;
        let apart = x.end() <= indices.start() && values.1.end() <= indices.start();
        require(values.0 != Bank::I || apart, "registers overlap")?;
        match values.0 {
            Bank::I => Err(damaged("whole numbers have no largest elements")),
            bank => Ok(Self { smallest, bank, x, values: values.1, indices }),
        }
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, top(self, m));
    }
}

fn top<T: Element>(op: &TopK, m: &mut Memory) {
    let mut last: Option<(T, usize)> = None;
    for rank in 0..op.values.len() {
        let mut best: Option<(T, usize)> = None;
        for (at, value) in part(T::bank(m), op.x).iter().copied().enumerate() {
            let ahead = |a: T, b: T| if op.smallest { a < b } else { a > b };
            let taken = last.is_some_and(|(l, n)| ahead(value, l) || (!ahead(l, value) && at <= n));
            if !taken && best.is_none_or(|(b, _)| ahead(value, b)) {
                best = Some((value, at));
            }
        }
        let (value, at) = best.unwrap_or_default();
        last = best;
        if let Some(out) = part_mut(T::bank_mut(m), op.values).get_mut(rank) {
            *out = value;
        }
        if let Some(out) = part_mut(&mut m.i, op.indices).get_mut(rank) {
            *out = at as i64;
        }
    }
}
