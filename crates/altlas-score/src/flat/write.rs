use bytemuck::Pod;

use super::checksum::checksum;
use super::{Bank, CHECKED_FROM, Code, HEADER, MAGIC, Reg};
use crate::FORMAT;

/// Gathers the words and arrays of a flat form.
#[derive(Default)]
pub(crate) struct Writer {
    code: Vec<u32>,
    data: Vec<u8>,
}

impl Writer {
    pub(crate) fn word(&mut self, value: u32) {
        self.code.push(value);
    }

    pub(crate) fn count(&mut self, value: usize) {
        self.word(u32::try_from(value).unwrap_or(u32::MAX));
    }

    pub(crate) fn coded<C: Code>(&mut self, value: C) {
        self.word(value.code());
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.word(u32::from(value));
    }

    pub(crate) fn float(&mut self, value: f32) {
        self.word(value.to_bits());
    }

    pub(crate) fn reg(&mut self, reg: Reg) {
        self.code.extend([reg.at, reg.len]);
    }

    pub(crate) fn banked(&mut self, (bank, reg): (Bank, Reg)) {
        self.coded(bank);
        self.reg(reg);
    }

    /// An array: its offset in units of 8 bytes, and its length. Large ones start on a cache line.
    pub(crate) fn array<T: Pod>(&mut self, values: &[T]) {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let alignment = if bytes.len() >= 256 { 64 } else { 8 };
        self.data.resize(self.data.len().next_multiple_of(alignment), 0);
        self.count(self.data.len() / 8);
        self.count(values.len());
        self.data.extend_from_slice(bytes);
    }

    /// A text of any length.
    pub(crate) fn text(&mut self, text: &str) {
        self.array(text.as_bytes());
    }

    /// Takes the words that were gathered away; their arrays stay.
    pub(crate) fn detach(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.code)
    }

    /// Puts words back that [`detach`](Self::detach) took away.
    pub(crate) fn attach(&mut self, code: &[u32]) {
        self.code.extend_from_slice(code);
    }

    /// How much was gathered, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.code.len() * 4 + self.data.len()
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let data_at = (HEADER + self.code.len() * 4).next_multiple_of(64);
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        let length = data_at + self.data.len();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_ne_bytes());
        bytes.extend_from_slice(&(self.code.len() as u32).to_ne_bytes());
        bytes.extend_from_slice(&(length as u64).to_ne_bytes());
        let rest_at = bytes.len() + 8;
        let mut rest = Vec::with_capacity(length - rest_at);
        rest.extend_from_slice(&(data_at as u64).to_ne_bytes());
        rest.extend_from_slice(&0u64.to_ne_bytes());
        rest.extend_from_slice(bytemuck::cast_slice(&self.code));
        rest.resize(data_at - rest_at, 0);
        rest.extend_from_slice(&self.data);
        debug_assert_eq!(rest_at, CHECKED_FROM);
        bytes.extend_from_slice(&checksum(&rest).to_ne_bytes());
        bytes.extend_from_slice(&rest);
        bytes
    }
}
