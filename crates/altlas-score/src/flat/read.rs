use bytemuck::Pod;

use super::checksum::checksum;
use super::{Bank, CHECKED_FROM, Code, HEADER, MAGIC, Reg, damaged, require};
use crate::{FORMAT, ScoreError};

/// Reads what a [`Writer`](super::Writer) wrote, and believes none of it.
pub(crate) struct Reader<'a> {
    code: &'a [u32],
    data: &'a [u8],
    /// Sizes of the banks, that registers must lie in; in the order of [`Bank::ALL`].
    pub(crate) sizes: [usize; 3],
    /// The checksum: equal for equal forms.
    pub(crate) identity: u64,
}

impl<'a> Reader<'a> {
    /// Checks header and checksum.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, ScoreError> {
        require(bytes.as_ptr().addr().is_multiple_of(8), "it does not start at a multiple of 8")?;
        require(bytes.get(..8) == Some(&MAGIC[..]), "it is no compiled model")?;
        require(word(bytes, 8) == Some(FORMAT), "it is of another version")?;
        let words = word(bytes, 12).ok_or(damaged("it is cut off"))? as usize;
        require(wide(bytes, 16) == Some(bytes.len() as u64), "its length is wrong")?;
        let sum = wide(bytes, 24).ok_or(damaged("it is cut off"))?;
        let data_at = wide(bytes, CHECKED_FROM).and_then(|at| usize::try_from(at).ok());
        let rest = bytes.get(CHECKED_FROM..).ok_or(damaged("it is cut off"))?;
        require(checksum(rest) == sum, "its checksum is wrong")?;
        let end = words.checked_mul(4).and_then(|n| n.checked_add(HEADER));
        let code = end.and_then(|end| bytes.get(HEADER..end)).ok_or(damaged("its code is out of range"))?;
        let data = data_at.filter(|at| at.is_multiple_of(8)).and_then(|at| bytes.get(at..));
        let code = bytemuck::try_cast_slice(code).map_err(|_| damaged("its code is not aligned"))?;
        Ok(Self {
            code,
            data: data.ok_or(damaged("its data is out of range"))?,
            sizes: [0; 3],
            identity: sum,
        })
    }

    pub(crate) fn word(&mut self) -> Result<u32, ScoreError> {
        let (first, rest) = self.code.split_first().ok_or(damaged("its code ends early"))?;
        self.code = rest;
        Ok(*first)
    }

    pub(crate) fn count(&mut self) -> Result<usize, ScoreError> {
        self.word().map(|n| n as usize)
    }

    pub(crate) fn coded<C: Code>(&mut self) -> Result<C, ScoreError> {
        C::from_code(self.word()?)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, ScoreError> {
        self.word().map(|n| n != 0)
    }

    pub(crate) fn float(&mut self) -> Result<f32, ScoreError> {
        self.word().map(f32::from_bits)
    }

    /// A register within its bank.
    pub(crate) fn reg(&mut self, bank: Bank) -> Result<Reg, ScoreError> {
        let reg = Reg { at: self.word()?, len: self.word()? };
        let size = self.sizes.get(bank.code() as usize).copied().unwrap_or_default();
        require(reg.len > 0 && reg.end() <= size, "a register is out of range")?;
        Ok(reg)
    }

    /// A register that lies before `out`, which is written while this one is read.
    pub(crate) fn before(&mut self, bank: Bank, out: (Bank, Reg)) -> Result<Reg, ScoreError> {
        let reg = self.reg(bank)?;
        require(bank != out.0 || reg.end() <= out.1.start(), "a register is read before it is written")?;
        Ok(reg)
    }

    pub(crate) fn banked(&mut self) -> Result<(Bank, Reg), ScoreError> {
        let bank = self.coded()?;
        Ok((bank, self.reg(bank)?))
    }

    pub(crate) fn array<T: Pod>(&mut self) -> Result<&'a [T], ScoreError> {
        let (at, len) = (self.count()?, self.count()?);
        let start = at.checked_mul(8).ok_or(damaged("an array is out of range"))?;
        let end = len.checked_mul(size_of::<T>()).and_then(|n| n.checked_add(start));
        let bytes =
            end.and_then(|end| self.data.get(start..end)).ok_or(damaged("an array is out of range"))?;
        bytemuck::try_cast_slice(bytes).map_err(|_| damaged("an array is not aligned"))
    }

    /// An array of a known length.
    pub(crate) fn exactly<T: Pod>(&mut self, len: usize) -> Result<&'a [T], ScoreError> {
        let array = self.array()?;
        require(array.len() == len, "an array has the wrong length")?;
        Ok(array)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, ScoreError> {
        std::str::from_utf8(self.array()?).map_err(|_| damaged("a text is not UTF-8"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.code.is_empty()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_ne_bytes(*b))
}

fn wide(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_ne_bytes(*b))
}
