use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, require};
use crate::scratch::{Element, Memory, part, part_mut};

/// What a number becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    F32,
    F64,
    I64,
    I32,
    Bool,
}

impl Code for To {
    const ALL: &'static [Self] = &[Self::F32, Self::F64, Self::I64, Self::I32, Self::Bool];
}

impl To {
    pub(crate) fn bank(self) -> Bank {
        match self {
            Self::F32 => Bank::F,
            Self::F64 => Bank::D,
            Self::I64 | Self::I32 | Self::Bool => Bank::I,
        }
    }
}

/// `out[k] = x[k]` as another type.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) from: Bank,
    pub(crate) to: To,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
}

impl Cast {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.from);
        w.coded(self.to);
        w.reg(self.out);
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let from = r.coded()?;
        let to: To = r.coded()?;
        let out = r.reg(to.bank())?;
        let x = r.before(from, (to.bank(), out))?;
        require(x.len == out.len, "operands differ in length")?;
        Ok(Self { from, to, x, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let Self { to, x, out, .. } = *self;
        let Memory { f, d, i, .. } = m;
        match (self.from, to.bank()) {
            (Bank::F, Bank::D) => each(part(f, x), part_mut(d, out), f64::from),
            (Bank::D, Bank::F) => each(part(d, x), part_mut(f, out), |x| x as f32),
            (Bank::I, Bank::F) => each(part(i, x), part_mut(f, out), |x| x as f32),
            (Bank::I, Bank::D) => each(part(i, x), part_mut(d, out), |x| x as f64),
            (Bank::F, Bank::I) => each(part(f, x), part_mut(i, out), |x| whole(to, f64::from(x))),
            (Bank::D, Bank::I) => each(part(d, x), part_mut(i, out), |x| whole(to, x)),
            (Bank::I, Bank::I) => {
                let (before, out) = i64::split(m, out);
                each(part(before, x), out, |x| match to {
                    To::I32 => i64::from(x as i32),
                    To::Bool => i64::from(x != 0),
                    _ => x,
                });
            }
            (Bank::F, Bank::F) => copy::<f32>(m, x, out),
            (Bank::D, Bank::D) => copy::<f64>(m, x, out),
        }
    }
}

#[inline(always)]
fn each<T: Copy, U>(x: &[T], out: &mut [U], f: impl Fn(T) -> U) {
    out.iter_mut().zip(x).for_each(|(out, x)| *out = f(*x));
}

fn copy<T: Element>(m: &mut Memory, x: Reg, out: Reg) {
    let (before, out) = T::split(m, out);
    each(part(before, x), out, |x| x);
}

/// A number without its fraction. Out of range, it is what the processor's conversion gives, as in the runtime.
pub(super) fn whole(to: To, x: f64) -> i64 {
    const RANGE: std::ops::Range<f64> = i64::MIN as f64..i64::MAX as f64;
    const NARROW: std::ops::Range<f64> = i32::MIN as f64 - 0.5..i32::MAX as f64 + 1.0;
    match to {
        To::Bool => i64::from(x != 0.0),
        To::I32 if NARROW.contains(&x) => x as i64,
        To::I32 => i64::from(i32::MIN),
        _ if RANGE.contains(&x) => x as i64,
        _ => i64::MIN,
    }
}
