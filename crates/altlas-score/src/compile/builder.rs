use std::collections::HashMap;

use super::value::{Data, Dim, Kind, Row, Shape, Tensor, Value, broadcast_map, elements};
use super::{malformed, unsupported};
use crate::flat::{Bank, Code, Reg, Writer};
use crate::ops::{Binary, BinaryKind, Cast, Lookup, Op, Pick, Table};
use crate::program::MOST_ELEMENTS;
use crate::{InputType, OutputType, ScoreError};

/// The largest flat form. It bounds the time of a row too: what reads all of it takes about 0.1 s.
const MOST_BYTES: usize = 1 << 29;
/// The most operations of a program.
const MOST_OPS: usize = 1 << 16;

/// Gathers registers, constants, texts and operations of a program.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) ops: Writer,
    count: usize,
    sizes: [usize; 3],
    constants: Vec<(Reg, Data)>,
    known: HashMap<Vec<u8>, Reg>,
    texts: Vec<String>,
    numbers: HashMap<String, i64>,
}

impl Builder {
    /// Writes an operation. Operations are written at once: their arrays may be borrowed.
    pub(super) fn op(&mut self, op: &Op) -> Result<(), ScoreError> {
        self.count += 1;
        op.write(&mut self.ops);
        if self.count > MOST_OPS || self.ops.size() > MOST_BYTES {
            return unsupported("more than can be evaluated fast");
        }
        Ok(())
    }

    /// A register that no one else has.
    pub(super) fn reg(&mut self, bank: Bank, len: usize) -> Result<Reg, ScoreError> {
        if len == 0 {
            return unsupported("an empty value");
        }
        let size = self.sizes.get_mut(bank.code() as usize).ok_or_else(|| malformed("no such bank"))?;
        let at = *size;
        *size = at.saturating_add(len);
        if *size > MOST_ELEMENTS {
            return unsupported("more working memory than a row may take");
        }
        Ok(Reg { at: at as u32, len: len as u32 })
    }

    /// A value of a row in a register of its own.
    pub(super) fn row(&mut self, kind: Kind, shape: Shape) -> Result<Row, ScoreError> {
        let reg = self.reg(kind.bank(), elements(&shape))?;
        Ok(Row { kind, shape, reg, open: false })
    }

    /// The number of a text.
    pub(super) fn text(&mut self, text: &str) -> i64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as i64;
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    pub(super) fn text_numbers(&mut self, texts: &[String]) -> Vec<i64> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    /// A constant in a register.
    pub(super) fn constant(&mut self, tensor: &Tensor) -> Result<Row, ScoreError> {
        let data = match &tensor.data {
            Data::Text(texts) => Data::I(self.text_numbers(texts)),
            other => other.clone(),
        };
        let (bank, bytes) = match &data {
            Data::F(values) => (Bank::F, bytemuck::cast_slice::<_, u8>(values).to_vec()),
            Data::D(values) => (Bank::D, bytemuck::cast_slice::<_, u8>(values).to_vec()),
            Data::I(values) => (Bank::I, bytemuck::cast_slice::<_, u8>(values).to_vec()),
            Data::Text(_) => return Err(malformed("a text has no number")),
        };
        let mut key = bytes;
        key.push(bank.code() as u8);
        let reg = match self.known.get(&key) {
            Some(reg) => *reg,
            None => {
                let reg = self.reg(bank, tensor.len())?;
                self.constants.push((reg, data));
                self.known.insert(key, reg);
                reg
            }
        };
        let shape = tensor.sizes.iter().map(|n| Dim::Size(*n)).collect();
        Ok(Row { kind: tensor.kind, shape, reg, open: false })
    }

    pub(super) fn scalar(&mut self, kind: Kind, value: f64) -> Result<Row, ScoreError> {
        let data = match kind.bank() {
            Bank::F => Data::F(vec![value as f32]),
            Bank::D => Data::D(vec![value]),
            Bank::I => Data::I(vec![value as i64]),
        };
        self.constant(&Tensor { kind, sizes: vec![], data })
    }

    /// Any value in a register.
    pub(super) fn place(&mut self, value: &Value) -> Result<Row, ScoreError> {
        match value {
            Value::Row(row) => Ok(row.clone()),
            Value::Const(tensor) => self.constant(tensor),
            Value::Shape(_) => unsupported("arithmetic with the number of rows"),
        }
    }

    /// A value spread to a larger shape; one element is left as it is, since operations spread it themselves.
    pub(super) fn spread(&mut self, row: &Row, shape: &[Dim]) -> Result<Reg, ScoreError> {
        if row.reg.len == 1 {
            return Ok(row.reg);
        }
        match broadcast_map(&row.shape, shape) {
            None => Ok(row.reg),
            Some(map) => Ok(self.pick(row, &map, shape.to_vec())?.reg),
        }
    }

    pub(super) fn pick(&mut self, row: &Row, map: &[u32], shape: Shape) -> Result<Row, ScoreError> {
        let out = self.row(row.kind, shape)?;
        self.op(&Op::Pick(Pick { bank: row.kind.bank(), x: row.reg, map, out: out.reg }))?;
        Ok(Row { open: row.open, ..out })
    }

    pub(super) fn cast(&mut self, row: &Row, kind: Kind) -> Result<Row, ScoreError> {
        if row.kind == kind {
            return Ok(row.clone());
        }
        let to = kind.cast().filter(|_| row.kind != Kind::Text);
        let Some(to) = to else { return unsupported("a conversion between texts and numbers") };
        let out = self.row(kind, row.shape.clone())?;
        self.op(&Op::Cast(Cast { from: row.kind.bank(), to, x: row.reg, out: out.reg }))?;
        Ok(out)
    }

    pub(super) fn binary(&mut self, kind: BinaryKind, a: &Row, b: &Row) -> Result<Row, ScoreError> {
        let shape = super::value::broadcast(&a.shape, &b.shape)?;
        let (a_reg, b_reg) = (self.spread(a, &shape)?, self.spread(b, &shape)?);
        let out = self.row(a.kind, shape)?;
        let bank = a.kind.bank();
        self.op(&Op::Binary(Binary { kind, bank, a: a_reg, b: b_reg, out: out.reg }))?;
        Ok(out)
    }

    /// `table[index]`; texts become their numbers.
    pub(super) fn lookup(&mut self, index: &Row, table: &Tensor) -> Result<Row, ScoreError> {
        let out = self.row(table.kind, index.shape.clone())?;
        let numbers;
        let table = match &table.data {
            Data::F(values) => Table::F(values),
            Data::D(values) => Table::D(values),
            Data::I(values) => Table::I(values),
            Data::Text(texts) => {
                numbers = self.text_numbers(texts);
                Table::I(&numbers)
            }
        };
        self.op(&Op::Lookup(Lookup { index: index.reg, out: out.reg, table }))?;
        Ok(out)
    }

    /// Writes sizes, texts, inputs, constants, operations and outputs, in the order in which they are read.
    pub(super) fn finish(
        self,
        inputs: &[(&str, InputType, Reg)],
        outputs: &[(String, OutputType, Reg)],
    ) -> Vec<u8> {
        let mut w = self.ops;
        let ops = w.detach();
        self.sizes.iter().for_each(|n| w.count(*n));
        let mut end = 0;
        let mut close = |text: &String| {
            end += text.len() as u32;
            end
        };
        let ends: Vec<u32> = self.texts.iter().map(&mut close).collect();
        let mut sorted: Vec<u32> = (0..self.texts.len() as u32).collect();
        sorted.sort_by_key(|n| self.texts.get(*n as usize));
        w.text(&self.texts.concat());
        w.array(&ends);
        w.array(&sorted);
        w.count(inputs.len());
        for (name, dtype, reg) in inputs {
            w.text(name);
            w.coded(*dtype);
            w.reg(*reg);
        }
        w.count(self.constants.len());
        for (reg, data) in &self.constants {
            match data {
                Data::F(values) => {
                    w.banked((Bank::F, *reg));
                    w.array(values);
                }
                Data::D(values) => {
                    w.banked((Bank::D, *reg));
                    w.array(values);
                }
                Data::I(values) => {
                    w.banked((Bank::I, *reg));
                    w.array(values);
                }
                Data::Text(_) => {}
            }
        }
        w.count(self.count);
        w.attach(&ops);
        w.count(outputs.len());
        for (name, kind, reg) in outputs {
            w.text(name);
            w.coded(*kind);
            w.reg(*reg);
        }
        w.finish()
    }
}
