use super::{by_bank, fits};
use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, require};
use crate::scratch::{Element, Memory, part, part_mut};

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum UnaryKind {
    Abs,
    Ceil,
    Exp,
    Floor,
    Log,
    Neg,
    Reciprocal,
    Relu,
    Sigmoid,
    Sign,
    Softplus,
    Sqrt,
    Tanh,
}

impl Code for UnaryKind {
    const ALL: &'static [Self] = &[
        Self::Abs,
        Self::Ceil,
        Self::Exp,
        Self::Floor,
        Self::Log,
        Self::Neg,
        Self::Reciprocal,
        Self::Relu,
        Self::Sigmoid,
        Self::Sign,
        Self::Softplus,
        Self::Sqrt,
        Self::Tanh,
    ];
}

/// Functions of two numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum BinaryKind {
    Add,
    Div,
    Max,
    Min,
    Mul,
    Pow,
    Sub,
}

impl Code for BinaryKind {
    const ALL: &'static [Self] =
        &[Self::Add, Self::Div, Self::Max, Self::Min, Self::Mul, Self::Pow, Self::Sub];
}

/// Arithmetic of the element types, as the runtime does it.
pub(crate) trait Number: Element {
    fn unary(kind: UnaryKind, x: Self) -> Self;
    fn binary(kind: BinaryKind, a: Self, b: Self) -> Self;
    fn missing(self) -> bool;
    fn infinite(self) -> bool;
}

macro_rules! float {
    ($ty:ty) => {
        impl Number for $ty {
            #[inline(always)]
            fn unary(kind: UnaryKind, x: Self) -> Self {
                match kind {
                    UnaryKind::Abs => x.abs(),
                    UnaryKind::Ceil => x.ceil(),
                    UnaryKind::Exp => x.exp(),
                    UnaryKind::Floor => x.floor(),
                    UnaryKind::Log => x.ln(),
                    UnaryKind::Neg => -x,
                    UnaryKind::Reciprocal => 1.0 / x,
                    UnaryKind::Relu => {
                        if x < 0.0 {
                            0.0
                        } else {
                            x
                        }
                    }
                    UnaryKind::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                    UnaryKind::Sign if x == 0.0 || x.is_nan() => x,
                    UnaryKind::Sign => x.signum(),
                    UnaryKind::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
                    UnaryKind::Sqrt => x.sqrt(),
                    UnaryKind::Tanh => x.tanh(),
                }
            }

            #[inline(always)]
            fn binary(kind: BinaryKind, a: Self, b: Self) -> Self {
                match kind {
                    BinaryKind::Add => a + b,
                    BinaryKind::Div => a / b,
                    BinaryKind::Max if a.is_nan() || b.is_nan() => Self::NAN,
                    BinaryKind::Max => a.max(b),
                    BinaryKind::Min if a.is_nan() || b.is_nan() => Self::NAN,
                    BinaryKind::Min => a.min(b),
                    BinaryKind::Mul => a * b,
                    BinaryKind::Pow => a.powf(b),
                    BinaryKind::Sub => a - b,
                }
            }

            fn missing(self) -> bool {
                self.is_nan()
            }

            fn infinite(self) -> bool {
                self.is_infinite()
            }
        }
    };
}

float!(f32);
float!(f64);

impl Number for i64 {
    #[inline(always)]
    fn unary(kind: UnaryKind, x: Self) -> Self {
        match kind {
            UnaryKind::Abs => x.wrapping_abs(),
            UnaryKind::Neg => x.wrapping_neg(),
            UnaryKind::Sign => x.signum(),
            UnaryKind::Relu => x.max(0),
            // The others exist for fractions only; `Unary::read` refuses them.
            _ => x,
        }
    }

    #[inline(always)]
    fn binary(kind: BinaryKind, a: Self, b: Self) -> Self {
        match kind {
            BinaryKind::Add => a.wrapping_add(b),
            // The runtime's result for a division by zero is not defined.
            BinaryKind::Div => a.checked_div(b).unwrap_or_default(),
            BinaryKind::Max => a.max(b),
            BinaryKind::Min => a.min(b),
            BinaryKind::Mul => a.wrapping_mul(b),
            BinaryKind::Pow => a.wrapping_pow(u32::try_from(b).unwrap_or_default()),
            BinaryKind::Sub => a.wrapping_sub(b),
        }
    }

    fn missing(self) -> bool {
        false
    }

    fn infinite(self) -> bool {
        false
    }
}

/// `out[k] = f(x[k])`.
#[derive(Debug)]
pub(crate) struct Unary {
    pub(crate) kind: UnaryKind,
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
}

impl Unary {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.kind);
        w.banked((self.bank, self.out));
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let kind = r.coded()?;
        let (bank, out) = r.banked()?;
        let x = r.before(bank, (bank, out))?;
        require(x.len == out.len, "operands differ in length")?;
        let whole = matches!(kind, UnaryKind::Abs | UnaryKind::Neg | UnaryKind::Sign | UnaryKind::Relu);
        require(whole || bank != Bank::I, "whole numbers have no such function")?;
        Ok(Self { kind, bank, x, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, unary(self, m));
    }
}

fn unary<T: Number>(op: &Unary, m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    for (out, x) in out.iter_mut().zip(part(before, op.x)) {
        *out = T::unary(op.kind, *x);
    }
}

/// `out[k] = f(a[k], b[k])`, where one of them may be a single element.
#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) kind: BinaryKind,
    pub(crate) bank: Bank,
    pub(crate) a: Reg,
    pub(crate) b: Reg,
    pub(crate) out: Reg,
}

impl Binary {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.kind);
        w.banked((self.bank, self.out));
        w.reg(self.a);
        w.reg(self.b);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let kind = r.coded()?;
        let (bank, out) = r.banked()?;
        let (a, b) = (r.before(bank, (bank, out))?, r.before(bank, (bank, out))?);
        fits(a.len, out.len)?;
        fits(b.len, out.len)?;
        Ok(Self { kind, bank, a, b, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, binary(self, m));
    }
}

fn binary<T: Number>(op: &Binary, m: &mut Memory) {
    let (before, out) = T::split(m, op.out);
    let (a, b) = (part(before, op.a), part(before, op.b));
    // One loop for each function, so that the common ones are vectorised.
    match op.kind {
        BinaryKind::Add => zip(a, b, out, |a, b| T::binary(BinaryKind::Add, a, b)),
        BinaryKind::Div => zip(a, b, out, |a, b| T::binary(BinaryKind::Div, a, b)),
        BinaryKind::Mul => zip(a, b, out, |a, b| T::binary(BinaryKind::Mul, a, b)),
        BinaryKind::Sub => zip(a, b, out, |a, b| T::binary(BinaryKind::Sub, a, b)),
        kind => zip(a, b, out, |a, b| T::binary(kind, a, b)),
    }
}

#[inline(always)]
fn zip<T: Copy, U>(a: &[T], b: &[T], out: &mut [U], f: impl Fn(T, T) -> U) {
    match (a, b) {
        (a, [b]) => out.iter_mut().zip(spread(a)).for_each(|(out, a)| *out = f(a, *b)),
        ([a], b) => out.iter_mut().zip(b).for_each(|(out, b)| *out = f(*a, *b)),
        (a, b) => out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = f(*a, *b)),
    }
}

/// The elements of an operand; a single one as often as is needed.
fn spread<T: Copy>(x: &[T]) -> impl Iterator<Item = T> {
    let last = x.last().copied();
    let repeated = if x.len() == 1 { usize::MAX } else { 0 };
    x.iter().copied().chain(last.into_iter().cycle().take(repeated))
}

/// Comparisons and logic, whose results are 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CompareKind {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    And,
    Or,
    Xor,
}

impl Code for CompareKind {
    const ALL: &'static [Self] = &[
        Self::Equal,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::And,
        Self::Or,
        Self::Xor,
    ];
}

/// `out[k] = a[k] ? b[k]` as 0 or 1 in the bank of whole numbers.
#[derive(Debug)]
pub(crate) struct Compare {
    pub(crate) kind: CompareKind,
    pub(crate) bank: Bank,
    pub(crate) a: Reg,
    pub(crate) b: Reg,
    pub(crate) out: Reg,
}

impl Compare {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.kind);
        w.coded(self.bank);
        w.reg(self.out);
        w.reg(self.a);
        w.reg(self.b);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let (kind, bank) = (r.coded()?, r.coded()?);
        let out = r.reg(Bank::I)?;
        let (a, b) = (r.before(bank, (Bank::I, out))?, r.before(bank, (Bank::I, out))?);
        fits(a.len, out.len)?;
        fits(b.len, out.len)?;
        Ok(Self { kind, bank, a, b, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let Self { kind, a, b, out, .. } = *self;
        match self.bank {
            Bank::F => compare(kind, part(&m.f, a), part(&m.f, b), part_mut(&mut m.i, out)),
            Bank::D => compare(kind, part(&m.d, a), part(&m.d, b), part_mut(&mut m.i, out)),
            Bank::I => {
                let (before, out) = i64::split(m, out);
                compare(kind, part(before, a), part(before, b), out);
            }
        }
    }
}

fn compare<T: Number>(kind: CompareKind, a: &[T], b: &[T], out: &mut [i64]) {
    let zero = T::default();
    zip(a, b, out, |a, b| {
        i64::from(match kind {
            CompareKind::Equal => a == b,
            CompareKind::Greater => a > b,
            CompareKind::GreaterOrEqual => a >= b,
            CompareKind::Less => a < b,
            CompareKind::LessOrEqual => a <= b,
            CompareKind::And => a != zero && b != zero,
            CompareKind::Or => a != zero || b != zero,
            CompareKind::Xor => (a != zero) != (b != zero),
        })
    });
}

/// Questions about one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PredicateKind {
    Missing,
    Infinite,
    Zero,
}

impl Code for PredicateKind {
    const ALL: &'static [Self] = &[Self::Missing, Self::Infinite, Self::Zero];
}

/// `out[k] = x[k] is …` as 0 or 1 in the bank of whole numbers.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) kind: PredicateKind,
    pub(crate) bank: Bank,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
}

impl Predicate {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.kind);
        w.coded(self.bank);
        w.reg(self.out);
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let (kind, bank) = (r.coded()?, r.coded()?);
        let out = r.reg(Bank::I)?;
        let x = r.before(bank, (Bank::I, out))?;
        require(x.len == out.len, "operands differ in length")?;
        Ok(Self { kind, bank, x, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let Self { kind, x, out, .. } = *self;
        match self.bank {
            Bank::F => predicate(kind, part(&m.f, x), part_mut(&mut m.i, out)),
            Bank::D => predicate(kind, part(&m.d, x), part_mut(&mut m.i, out)),
            Bank::I => {
                let (before, out) = i64::split(m, out);
                predicate(kind, part(before, x), out);
            }
        }
    }
}

fn predicate<T: Number>(kind: PredicateKind, x: &[T], out: &mut [i64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = i64::from(match kind {
            PredicateKind::Missing => x.missing(),
            PredicateKind::Infinite => x.infinite(),
            PredicateKind::Zero => *x == T::default(),
        });
    }
}

/// The row has no result where any of these is not 0, since the runtime would refuse it.
#[derive(Debug)]
pub(crate) struct Refuse {
    pub(crate) x: Reg,
}

impl Refuse {
    pub(super) fn write(&self, w: &mut Writer) {
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        Ok(Self { x: r.reg(Bank::I)? })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        m.failed |= part(&m.i, self.x).iter().any(|x| *x != 0);
    }
}

/// `out[k] = a[k]` where the condition is not 0, else `b[k]`.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) bank: Bank,
    pub(crate) condition: Reg,
    pub(crate) a: Reg,
    pub(crate) b: Reg,
    pub(crate) out: Reg,
}

impl Select {
    pub(super) fn write(&self, w: &mut Writer) {
        w.banked((self.bank, self.out));
        w.reg(self.condition);
        w.reg(self.a);
        w.reg(self.b);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let out = r.banked()?;
        let condition = r.before(Bank::I, out)?;
        let (a, b) = (r.before(out.0, out)?, r.before(out.0, out)?);
        for reg in [condition, a, b] {
            fits(reg.len, out.1.len)?;
        }
        Ok(Self { bank: out.0, condition, a, b, out: out.1 })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        by_bank!(self.bank, select(self, m));
    }
}

fn select<T: Element>(op: &Select, m: &mut Memory) {
    let at = |reg: Reg, k: usize| reg.start() + if reg.len == 1 { 0 } else { k };
    for k in 0..op.out.len() {
        let condition = m.i.get(at(op.condition, k)).copied().unwrap_or_default() != 0;
        let from = if condition { op.a } else { op.b };
        let value = T::bank(m).get(at(from, k)).copied().unwrap_or_default();
        if let Some(out) = part_mut(T::bank_mut(m), op.out).get_mut(k) {
            *out = value;
        }
    }
}
