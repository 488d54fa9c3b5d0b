use super::reduce::Axis;
use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, require};
use crate::scratch::{Element, Memory, part};

/// `exp(x) / Σ exp(x)` along an axis.
#[derive(Debug)]
pub(crate) struct Softmax {
    pub(crate) log: bool,
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) axis: Axis,
    pub(crate) out: Reg,
}

impl Softmax {
    pub(super) fn write(&self, w: &mut Writer) {
        w.flag(self.log);
        w.banked((self.bank, self.out));
        w.reg(self.x);
        self.axis.write(w);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let log = r.flag()?;
        let (bank, out) = r.banked()?;
        let x = r.before(bank, (bank, out))?;
        require(x.len == out.len, "operands differ in length")?;
        require(bank != Bank::I, "whole numbers have no softmax")?;
        Ok(Self { log, bank, x, axis: Axis::read(r, x.len)?, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        match self.bank {
            Bank::F => softmax::<f32>(self, m, |x| x as f32),
            Bank::D => softmax::<f64>(self, m, |x| x),
            Bank::I => {}
        }
    }
}

fn softmax<T: Element + Into<f64>>(op: &Softmax, m: &mut Memory, round: impl Fn(f64) -> T) {
    let (before, out) = T::split(m, op.out);
    let x = part(before, op.x);
    for line in 0..op.axis.lines() as usize {
        let places = op.axis.line(line);
        let value = |at: usize| -> f64 { x.get(at).copied().unwrap_or_default().into() };
        let top = places.clone().map(value).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = places.clone().map(|at| (value(at) - top).exp()).sum();
        for at in places {
            let shifted = value(at) - top;
            let share = if op.log { shifted - sum.ln() } else { shifted.exp() / sum };
            if let Some(out) = out.get_mut(at) {
                *out = round(share);
            }
        }
    }
}

/// What a row is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Norm {
    Max,
    L1,
    L2,
}

impl Code for Norm {
    const ALL: &'static [Self] = &[Self::Max, Self::L1, Self::L2];
}

/// Divides a single-precision row by its norm, unless that is 0, with the runtime's own order of operations.
#[derive(Debug)]
pub(crate) struct Normalize {
    pub(crate) norm: Norm,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
}

impl Normalize {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.norm);
        w.reg(self.out);
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let norm = r.coded()?;
        let out = r.reg(Bank::F)?;
        let x = r.before(Bank::F, (Bank::F, out))?;
        require(x.len == out.len, "operands differ in length")?;
        Ok(Self { norm, x, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let (before, out) = f32::split(m, self.out);
        let x = part(before, self.x);
        let values = x.iter().copied();
        let size = match self.norm {
            Norm::Max => values.fold(f32::MIN, |top, x| if top < x { x } else { top }),
            Norm::L1 => values.fold(0.0, |sum, x| sum + x.abs()),
            Norm::L2 => values.fold(0.0, |sum, x| sum + x * x),
        };
        for (out, x) in out.iter_mut().zip(x.iter().copied()) {
            *out = match self.norm {
                _ if size == 0.0 => x,
                Norm::L2 if x < 0.0 => -(x * x / size).sqrt(),
                Norm::L2 => (x * x / size).sqrt(),
                Norm::Max | Norm::L1 => x / size,
            };
        }
    }
}
