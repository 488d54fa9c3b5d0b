//! The rows of a source as cells of the columns asked for.

use altlas_prep::element_name;
use pgrx::pg_sys;

use super::source::{self, Sink, SourceColumn, TupleSink, pick};
use crate::convert::{Cell, Kind, element_type, read_elements, type_name, wrong_length};
use crate::error::{Error, Result};
use crate::guc;

/// Rows that are held back until each array has told its length.
const HELD: usize = 10_000;

/// Gives a [`Sink`] the cells of the wanted columns.
pub struct Cells<'a, S> {
    wanted: Option<&'a [(&'a str, &'a str)]>,
    picked: Vec<Picked>,
    sink: &'a mut S,
    rows: usize,
    limit: usize,
    /// Rows before the first in which all lengths are known; `None` from then on.
    held: Option<Vec<Vec<Part>>>,
}

/// A column that is read.
struct Picked {
    /// The attribute's number.
    number: i32,
    name: String,
    what: What,
}

enum What {
    /// A value of a type without domains.
    Value(Kind, pg_sys::Oid),
    /// An array of numbers of a type, and its length, once it is known.
    Elements(pg_sys::Oid, Option<usize>),
}

/// What a row has in a column.
enum Part {
    Value(Cell),
    /// Elements; `None` for NULL.
    Elements(Option<Vec<f64>>),
}

impl<'a, S: Sink> Cells<'a, S> {
    pub fn new(wanted: Option<&'a [(&'a str, &'a str)]>, sink: &'a mut S) -> Self {
        Self {
            wanted,
            picked: Vec::new(),
            sink,
            rows: 0,
            limit: guc::max_source_rows(),
            held: Some(Vec::new()),
        }
    }

    /// Gives away what is held back; returns the number of rows.
    pub fn finish(mut self) -> Result<usize> {
        self.release()?;
        Ok(self.rows)
    }

    /// The array whose length is not known.
    fn open(&self) -> Option<&Picked> {
        self.picked.iter().find(|p| matches!(p.what, What::Elements(_, None)))
    }

    /// Tells the columns and gives the rows that were held back. An array of which nothing is known has no elements.
    fn release(&mut self) -> Result<()> {
        let Some(held) = self.held.take() else { return Ok(()) };
        let mut columns = Vec::new();
        for picked in &self.picked {
            match picked.what {
                What::Value(kind, _) => columns.push(SourceColumn { name: picked.name.clone(), kind }),
                What::Elements(_, length) => columns.extend((1..=length.unwrap_or(0)).map(|place| {
                    SourceColumn { name: element_name(&picked.name, place), kind: Kind::Number }
                })),
            }
        }
        self.sink.columns(&columns)?;
        held.into_iter().try_for_each(|row| self.give(row))
    }

    fn give(&mut self, row: Vec<Part>) -> Result<()> {
        let mut cells = Vec::with_capacity(row.len());
        for (part, picked) in row.into_iter().zip(&self.picked) {
            match (part, &picked.what) {
                (Part::Value(cell), _) => cells.push(cell),
                (Part::Elements(Some(values)), _) => {
                    let cell = |v: f64| if v.is_nan() { Cell::Null } else { Cell::Number(v) };
                    cells.extend(values.into_iter().map(cell));
                }
                (Part::Elements(None), What::Elements(_, Some(length))) => {
                    cells.extend(std::iter::repeat_n(Cell::Null, *length));
                }
                (Part::Elements(None), _) => {}
            }
        }
        self.sink.row(cells)
    }
}

impl Picked {
    /// # Safety
    /// The tuple is of the descriptor in which the column was found.
    unsafe fn read(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<Part> {
        let mut null = false;
        // SAFETY: the attribute number is of this descriptor, the type that of its attribute.
        unsafe {
            let datum = pg_sys::SPI_getbinval(tuple, descriptor, self.number, &mut null);
            let (element, length) = match &mut self.what {
                What::Value(kind, base) => {
                    return Ok(Part::Value(if null { Cell::Null } else { kind.cell(datum, *base) }));
                }
                What::Elements(element, length) => (*element, length),
            };
            if null {
                return Ok(Part::Elements(None));
            }
            let mut values = Vec::with_capacity(length.unwrap_or(0));
            let count = read_elements(&self.name, datum, element, &mut values)?;
            let expected = *length.get_or_insert(count);
            if count != expected {
                return Err(wrong_length(&self.name, expected, count));
            }
            Ok(Part::Elements(Some(values)))
        }
    }
}

impl<S: Sink> TupleSink for Cells<'_, S> {
    unsafe fn describe(&mut self, descriptor: pg_sys::TupleDesc) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        for (number, name, oid) in pick(unsafe { source::columns(descriptor) }, self.wanted)? {
            let what = match (Kind::with_base(oid), element_type(oid).filter(|_| S::ARRAYS)) {
                (Some((kind, base)), _) => What::Value(kind, base),
                (None, Some(element)) => What::Elements(element, None),
                (None, None) => return Err(Error::UnsupportedType { column: name, r#type: type_name(oid) }),
            };
            self.picked.push(Picked { number, name, what });
        }
        if self.open().is_none() { self.release() } else { Ok(()) }
    }

    unsafe fn tuple(&mut self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Result<()> {
        self.rows += 1;
        if self.rows > self.limit {
            return Err(Error::TooManyRows { limit: self.limit });
        }
        // SAFETY: the caller vouches for the tuple.
        let parts = self.picked.iter_mut().map(|picked| unsafe { picked.read(tuple, descriptor) });
        let row = parts.collect::<Result<Vec<_>>>()?;
        let Some(held) = &mut self.held else { return self.give(row) };
        held.push(row);
        let full = held.len() == HELD;
        match self.open() {
            None => self.release(),
            Some(open) if full => Err(Error::BadInput {
                message: format!(
                    "column \"{}\" is NULL in the first {HELD} rows: its length is not known",
                    open.name
                ),
                detail: String::new(),
                hint: "Have the source give a row with an array first, or leave the column out.".into(),
            }),
            Some(_) => Ok(()),
        }
    }
}
