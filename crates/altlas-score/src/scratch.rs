use crate::flat::Reg;
use crate::trees::Room;

/// Working memory of a program, and the outputs of the last row. Made by [`Program::scratch`](crate::Program::scratch),
/// used for any number of rows.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    pub(crate) memory: Memory,
    /// The values of all numeric outputs, concatenated.
    pub(crate) numbers: Vec<f64>,
    /// Where each output is in `numbers`; empty for texts.
    pub(crate) places: Vec<std::ops::Range<usize>>,
    /// Where the first element of each whole-number or text output is in the bank of whole numbers.
    pub(crate) wholes: Vec<Option<usize>>,
    /// The program that it belongs to.
    pub(crate) owner: u64,
}

/// The banks of registers, and what ensembles of trees need besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) f: Vec<f32>,
    pub(crate) d: Vec<f64>,
    pub(crate) i: Vec<i64>,
    /// The leaves of an ensemble's trees that a row falls into.
    pub(crate) leaves: Vec<u32>,
    /// What ensembles of trees of up to 32 leaves, and up to 64, work on.
    pub(crate) small: Room<u32>,
    pub(crate) large: Room<u64>,
    /// Whether any leaf added to a target of an ensemble.
    pub(crate) added: Vec<bool>,
    /// An operation met a value that the runtime would refuse too.
    pub(crate) failed: bool,
}

impl Scratch {
    /// Values of a numeric output in the last row; none where the output is text or does not exist.
    pub fn numbers(&self, output: usize) -> &[f64] {
        self.places.get(output).and_then(|place| self.numbers.get(place.clone())).unwrap_or_default()
    }

    /// The first value of a whole-number output in the last row.
    pub fn integer(&self, output: usize) -> Option<i64> {
        self.places.get(output).filter(|place| !place.is_empty())?;
        self.whole(output)
    }

    pub(crate) fn whole(&self, output: usize) -> Option<i64> {
        self.memory.i.get((*self.wholes.get(output)?)?).copied()
    }
}

/// An element of a bank.
pub(crate) trait Element: Copy + PartialOrd + PartialEq + Default + bytemuck::Pod {
    fn bank(memory: &Memory) -> &[Self];
    fn bank_mut(memory: &mut Memory) -> &mut [Self];

    /// A register and what lies before it.
    fn split(memory: &mut Memory, out: Reg) -> (&[Self], &mut [Self]) {
        let Some((before, after)) = Self::bank_mut(memory).split_at_mut_checked(out.start()) else {
            return (&[], &mut []);
        };
        (before, after.get_mut(..out.len()).unwrap_or_default())
    }
}

macro_rules! element {
    ($ty:ty, $field:ident) => {
        impl Element for $ty {
            fn bank(memory: &Memory) -> &[Self] {
                &memory.$field
            }

            fn bank_mut(memory: &mut Memory) -> &mut [Self] {
                &mut memory.$field
            }
        }
    };
}

element!(f32, f);
element!(f64, d);
element!(i64, i);

/// The elements of a register. Registers were checked when the program was opened; were one out of range, it would be
/// empty, and an operation on it would do nothing.
#[inline]
pub(crate) fn part<T>(bank: &[T], reg: Reg) -> &[T] {
    bank.get(reg.start()..reg.end()).unwrap_or_default()
}

#[inline]
pub(crate) fn part_mut<T>(bank: &mut [T], reg: Reg) -> &mut [T] {
    bank.get_mut(reg.start()..reg.end()).unwrap_or_default()
}
