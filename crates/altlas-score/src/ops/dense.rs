use crate::flat::{Bank, Reader, Reg, Writer, require};
use crate::scratch::{Memory, part};
use crate::trees::Real;
use crate::{ScoreError, simd};

/// `out[j] = bias[j] + Σ x[k] · weights[j][k]`, in lanes of the weights' precision. The runtime's order of summation
/// differs between processors and between one row and many; more lanes than it has are nearer to the exact sum.
#[derive(Debug)]
pub(crate) struct Dense<'a> {
    pub(crate) x: Reg,
    pub(crate) out: Reg,
    pub(crate) weights: Weights<'a>,
}

/// Rows of weights, one a result, and the bias, which is empty for none.
#[derive(Debug)]
pub(crate) enum Weights<'a> {
    F { rows: &'a [f32], bias: &'a [f32] },
    D { rows: &'a [f64], bias: &'a [f64] },
}

impl<'a> Dense<'a> {
    fn bank(&self) -> Bank {
        match self.weights {
            Weights::F { .. } => Bank::F,
            Weights::D { .. } => Bank::D,
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.bank(), self.out));
        w.reg(self.x);
        match self.weights {
            Weights::F { rows, bias } => {
                w.array(rows);
                w.array(bias);
            }
            Weights::D { rows, bias } => {
                w.array(rows);
                w.array(bias);
            }
        }
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let out = r.banked()?;
        let x = r.before(out.0, out)?;
        let weights = match out.0 {
            Bank::F => Weights::F { rows: r.array()?, bias: r.array()? },
            Bank::D => Weights::D { rows: r.array()?, bias: r.array()? },
            Bank::I => return Err(crate::flat::damaged("whole numbers have no sums of products")),
        };
        let (rows, bias) = match weights {
            Weights::F { rows, bias } => (rows.len(), bias.len()),
            Weights::D { rows, bias } => (rows.len(), bias.len()),
        };
        require(Some(rows) == x.len().checked_mul(out.1.len()), "a matrix has the wrong size")?;
        require(bias == 0 || bias == out.1.len(), "a bias has the wrong size")?;
        Ok(Self { x, out: out.1, weights })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        match self.weights {
            Weights::F { rows, bias } => dense(self, rows, bias, m),
            Weights::D { rows, bias } => dense(self, rows, bias, m),
        }
    }
}

fn dense<T: Real>(op: &Dense, rows: &[T], bias: &[T], m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    simd::sums(part(before, op.x), rows, bias, out);
}

/// Weighted sums of `x`, compiled for the processor by [`simd`].
#[inline(always)]
pub(crate) fn sums<T: Real>(x: &[T], mut rows: &[T], bias: &[T], out: &mut [T]) {
    for (j, out) in out.iter_mut().enumerate() {
        // Not `chunks_exact`, which divides by the length first: as long as the sum itself takes.
        let (row, rest) = rows.split_at_checked(x.len()).unwrap_or_default();
        rows = rest;
        let bias: f64 = bias.get(j).copied().unwrap_or_default().into();
        *out = T::of(bias + dot(x, row));
    }
}

/// The sum of products in eight lanes, which are put together in double precision.
#[inline(always)]
fn dot<T: Real>(x: &[T], row: &[T]) -> f64 {
    let mut lanes = [T::default(); 8];
    let ((x, x_rest), (row, row_rest)) = (x.as_chunks::<8>(), row.as_chunks::<8>());
    for (x, row) in x.iter().zip(row) {
        lanes.iter_mut().zip(x.iter().zip(row)).for_each(|(lane, (x, w))| *lane = *lane + *x * *w);
    }
    // The rest has a sum of its own: lanes of which some are longer would not stay in one register.
    let rest = x_rest.iter().zip(row_rest).fold(T::default(), |sum, (x, w)| sum + *x * *w);
    let mut halves = [0f64; 4];
    for four in lanes.as_chunks::<4>().0 {
        halves.iter_mut().zip(four).for_each(|(half, lane)| *half += (*lane).into());
    }
    let [a, b, c, d] = halves;
    rest.into() + ((a + b) + (c + d))
}
