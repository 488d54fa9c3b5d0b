//! Bytes of a state: counts as LEB128, signed numbers zigzag, floats as eight little-endian bytes.

use crate::StatsError;

#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Begins a state: what it is, and the version of its form.
    pub fn tagged(tag: u8, version: u8) -> Self {
        Self(vec![tag, version])
    }

    pub fn u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn i64(&mut self, value: i64) {
        self.u64(((value << 1) ^ (value >> 63)) as u64);
    }

    pub fn f64(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn bytes(&mut self, value: &[u8]) {
        self.u64(value.len() as u64);
        self.0.extend_from_slice(value);
    }
}

pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins to read a state of this kind and version.
    pub fn tagged(bytes: &'a [u8], tag: u8, version: u8, expected: &'static str) -> Result<Self, StatsError> {
        match bytes {
            [t, v, rest @ ..] if *t == tag && *v == version => Ok(Self(rest)),
            _ => Err(StatsError::Unknown { expected }),
        }
    }

    pub fn u64(&mut self) -> Result<u64, StatsError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(StatsError::Truncated)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(StatsError::Damaged { what: "a number is too long" })
    }

    pub fn i64(&mut self) -> Result<i64, StatsError> {
        let value = self.u64()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub fn f64(&mut self) -> Result<f64, StatsError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(StatsError::Truncated)?;
        self.0 = rest;
        Ok(f64::from_le_bytes(*bytes))
    }

    /// A length of at most `most`.
    pub fn len(&mut self, most: usize, what: &'static str) -> Result<usize, StatsError> {
        usize::try_from(self.u64()?).ok().filter(|n| *n <= most).ok_or(StatsError::Damaged { what })
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], StatsError> {
        let length = usize::try_from(self.u64()?).map_err(|_| StatsError::Truncated)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(StatsError::Truncated)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub fn text(&mut self, most: usize) -> Result<&'a str, StatsError> {
        let text = std::str::from_utf8(self.bytes()?);
        text.ok().filter(|t| t.len() <= most).ok_or(StatsError::Damaged { what: "a text is malformed" })
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), StatsError> {
        if self.0.is_empty() { Ok(()) } else { Err(StatsError::Damaged { what: "bytes are left over" }) }
    }
}
