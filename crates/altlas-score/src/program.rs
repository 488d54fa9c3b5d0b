use crate::flat::{Bank, Code, Reader, Reg, damaged, require};
use crate::ops::Op;
use crate::scratch::{Memory, part, part_mut};
use crate::{Input, InputType, Output, OutputType, ScoreError, Scratch};

/// What the working memory of a program may take, in elements of a bank (8 MiB of numbers in double precision).
pub(crate) const MOST_ELEMENTS: usize = 1 << 20;

/// A view of a flat form.
///
/// Opening checks all of it once: magic, version, length, checksum, and every offset, index and width. Evaluation then
/// neither leaves its bounds nor loops, whatever the numbers are.
#[derive(Debug)]
pub struct Program<'a> {
    inputs: Vec<Input>,
    /// Where each input goes.
    entries: Vec<Reg>,
    outputs: Vec<Output>,
    /// Where each output comes from.
    exits: Vec<(Bank, Reg)>,
    texts: Texts<'a>,
    constants: Vec<Constant<'a>>,
    ops: Vec<Op<'a>>,
    sizes: [usize; 3],
    width: usize,
    text_columns: usize,
    identity: u64,
}

/// A constant that operations find in a register.
#[derive(Debug)]
enum Constant<'a> {
    F(Reg, &'a [f32]),
    D(Reg, &'a [f64]),
    I(Reg, &'a [i64]),
}

/// The texts that the graph knows, by number.
#[derive(Debug)]
struct Texts<'a> {
    all: Vec<&'a str>,
    /// Their numbers in the order of the texts.
    sorted: &'a [u32],
}

impl<'a> Texts<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let bytes = r.text()?;
        let ends: &[u32] = r.array()?;
        let mut all = Vec::with_capacity(ends.len());
        let mut from = 0;
        for end in ends {
            all.push(bytes.get(from..*end as usize).ok_or(damaged("a text is out of range"))?);
            from = *end as usize;
        }
        let sorted: &[u32] = r.exactly(all.len())?;
        require(sorted.iter().all(|n| (*n as usize) < all.len()), "a text is out of range")?;
        Ok(Self { all, sorted })
    }

    /// The number of a text; −1 where the graph does not know it.
    fn number(&self, text: &str) -> i64 {
        let known = |n: &u32| self.all.get(*n as usize).copied().unwrap_or_default();
        let found = self.sorted.binary_search_by(|n| known(n).cmp(text)).ok();
        found.and_then(|at| self.sorted.get(at)).map_or(-1, |n| i64::from(*n))
    }
}

impl<'a> Program<'a> {
    /// Opens a flat form, which must start at an address that is a multiple of 8.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ScoreError> {
        let mut reader = Reader::open(bytes)?;
        let r = &mut reader;
        let identity = r.identity;
        r.sizes = [r.count()?, r.count()?, r.count()?];
        let sizes = r.sizes;
        require(sizes.iter().all(|n| *n <= MOST_ELEMENTS), "it takes too much memory")?;
        let texts = Texts::read(r)?;
        let (mut inputs, mut entries) = (vec![], vec![]);
        for _ in 0..r.count()? {
            let name = r.text()?.to_owned();
            let dtype: InputType = r.coded()?;
            let reg = r.reg(dtype.bank())?;
            inputs.push(Input { name, dtype, columns: reg.len() });
            entries.push(reg);
        }
        let mut constants = vec![];
        for _ in 0..r.count()? {
            constants.push(match r.banked()? {
                (Bank::F, reg) => Constant::F(reg, r.exactly(reg.len())?),
                (Bank::D, reg) => Constant::D(reg, r.exactly(reg.len())?),
                (Bank::I, reg) => Constant::I(reg, r.exactly(reg.len())?),
            });
        }
        let mut ops = vec![];
        for _ in 0..r.count()? {
            ops.push(Op::read(r)?);
        }
        let (mut outputs, mut exits) = (vec![], vec![]);
        for _ in 0..r.count()? {
            let name = r.text()?.to_owned();
            let kind: OutputType = r.coded()?;
            let reg = r.reg(kind.bank())?;
            outputs.push(Output { name, kind, columns: reg.len() });
            exits.push((kind.bank(), reg));
        }
        require(r.is_empty(), "its code has no end")?;
        let columns = |text: bool| {
            let of_kind = inputs.iter().filter(|i| (i.dtype == InputType::String) == text);
            of_kind.map(|i| i.columns).sum()
        };
        let (width, text_columns) = (columns(false), columns(true));
        Ok(Self {
            inputs,
            entries,
            outputs,
            exits,
            texts,
            constants,
            ops,
            sizes,
            width,
            text_columns,
            identity,
        })
    }

    /// The graph's inputs, in its order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Numeric columns over all numeric inputs, concatenated in the order of the graph's inputs.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Text columns over all text inputs, likewise.
    pub fn texts(&self) -> usize {
        self.text_columns
    }

    /// The graph's outputs, in its order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Working memory for this program.
    pub fn scratch(&self) -> Scratch {
        let [f, d, i] = self.sizes;
        let mut memory = Memory { f: vec![0.0; f], d: vec![0.0; d], i: vec![0; i], ..Memory::default() };
        for constant in &self.constants {
            match constant {
                Constant::F(reg, values) => part_mut(&mut memory.f, *reg).copy_from_slice(values),
                Constant::D(reg, values) => part_mut(&mut memory.d, *reg).copy_from_slice(values),
                Constant::I(reg, values) => part_mut(&mut memory.i, *reg).copy_from_slice(values),
            }
        }
        let mut places = Vec::with_capacity(self.outputs.len());
        let mut end = 0;
        for output in &self.outputs {
            let start = end;
            end += if output.kind == OutputType::Text { 0 } else { output.columns };
            places.push(start..end);
        }
        let wholes = self.exits.iter().map(|(bank, reg)| (*bank == Bank::I).then(|| reg.start())).collect();
        Scratch { memory, numbers: vec![0.0; end], places, wholes, owner: self.identity }
    }

    /// Scores one row; the outputs are then in `scratch`. Numbers are rounded to single precision where the graph's
    /// input is; NaN is a missing value.
    pub fn score(&self, numbers: &[f64], texts: &[&str], scratch: &mut Scratch) -> Result<(), ScoreError> {
        if scratch.owner != self.identity {
            return Err(ScoreError::Scratch);
        }
        let check = |what, expected, actual| {
            if expected == actual { Ok(()) } else { Err(ScoreError::Width { what, expected, actual }) }
        };
        check("numbers", self.width, numbers.len())?;
        check("texts", self.text_columns, texts.len())?;
        self.run(numbers, texts, scratch)
    }

    /// Scores `rows` rows of [`width`](Self::width) numbers each, row by row in `numbers`, and calls `each` after every
    /// row, in order, with its number and its outputs.
    pub fn score_rows(
        &self,
        numbers: &[f64],
        rows: usize,
        scratch: &mut Scratch,
        mut each: impl FnMut(usize, &Scratch),
    ) -> Result<(), ScoreError> {
        if scratch.owner != self.identity {
            return Err(ScoreError::Scratch);
        }
        if self.text_columns > 0 {
            return Err(ScoreError::TextRows);
        }
        let (expected, actual) = (rows.saturating_mul(self.width), numbers.len());
        if expected != actual {
            return Err(ScoreError::Width { what: "numbers", expected, actual });
        }
        for (n, row) in numbers.chunks_exact(self.width.max(1)).enumerate() {
            self.run(row, &[], scratch)?;
            each(n, scratch);
        }
        Ok(())
    }

    /// The text of a text output in the last row.
    pub fn text(&self, output: usize, scratch: &Scratch) -> Option<&'a str> {
        self.outputs.get(output).filter(|o| o.kind == OutputType::Text)?;
        self.texts.all.get(usize::try_from(scratch.whole(output)?).ok()?).copied()
    }

    #[inline]
    fn run(&self, mut numbers: &[f64], mut texts: &[&str], scratch: &mut Scratch) -> Result<(), ScoreError> {
        let Scratch { memory, numbers: out, places, .. } = scratch;
        for (input, reg) in self.inputs.iter().zip(&self.entries) {
            if input.dtype == InputType::String {
                let (own, rest) = texts.split_at_checked(reg.len()).unwrap_or_default();
                texts = rest;
                let places = part_mut(&mut memory.i, *reg).iter_mut();
                places.zip(own).for_each(|(place, text)| *place = self.texts.number(text));
                continue;
            }
            let (own, rest) = numbers.split_at_checked(reg.len()).unwrap_or_default();
            numbers = rest;
            match input.dtype {
                InputType::F32 => put(&mut memory.f, *reg, own, |x| x as f32),
                InputType::F64 => put(&mut memory.d, *reg, own, |x| x),
                InputType::I64 => put(&mut memory.i, *reg, own, |x| x as i64),
                InputType::Bool | InputType::String => put(&mut memory.i, *reg, own, |x| i64::from(x != 0.0)),
            }
        }
        memory.failed = false;
        self.ops.iter().for_each(|op| op.run(memory));
        if memory.failed {
            return Err(ScoreError::Row);
        }
        for ((bank, reg), place) in self.exits.iter().zip(places) {
            let out = out.get_mut(place.clone()).unwrap_or_default();
            match bank {
                Bank::F => out.iter_mut().zip(part(&memory.f, *reg)).for_each(|(o, x)| *o = f64::from(*x)),
                Bank::D => out.iter_mut().zip(part(&memory.d, *reg)).for_each(|(o, x)| *o = *x),
                Bank::I => out.iter_mut().zip(part(&memory.i, *reg)).for_each(|(o, x)| *o = *x as f64),
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn put<T>(bank: &mut [T], reg: Reg, numbers: &[f64], convert: impl Fn(f64) -> T) {
    part_mut(bank, reg).iter_mut().zip(numbers).for_each(|(place, x)| *place = convert(*x));
}

impl Code for InputType {
    const ALL: &'static [Self] = &[Self::F32, Self::F64, Self::I64, Self::String, Self::Bool];
}

impl InputType {
    pub(crate) fn bank(self) -> Bank {
        match self {
            Self::F32 => Bank::F,
            Self::F64 => Bank::D,
            Self::I64 | Self::String | Self::Bool => Bank::I,
        }
    }
}

impl Code for OutputType {
    const ALL: &'static [Self] = &[Self::F32, Self::F64, Self::I64, Self::Text];
}

impl OutputType {
    pub(crate) fn bank(self) -> Bank {
        match self {
            Self::F32 => Bank::F,
            Self::F64 => Bank::D,
            Self::I64 | Self::Text => Bank::I,
        }
    }
}
