//! Sources whose rows may carry a key, which is given back with what was made of the row, and a text.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::source::SourceAttribute;
use crate::convert::{Kind, type_name};
use crate::error::{Error, Result};

/// The column that is given back as text, of whatever type it is; or none.
#[derive(Clone, Copy)]
pub struct KeyColumn(Option<i32>);

impl KeyColumn {
    /// The column that argument `key` names.
    pub fn find(columns: &[SourceAttribute], name: Option<&str>) -> Result<Self> {
        let Some(name) = name else { return Ok(Self(None)) };
        match columns.iter().find(|(_, column, _)| column == name) {
            Some((number, ..)) => Ok(Self(Some(*number))),
            None => Err(Error::UnknownColumn {
                argument: "key".into(),
                column: name.to_owned(),
                have: names(columns),
            }),
        }
    }

    /// The key of a row.
    ///
    /// # Safety
    /// The tuple and its descriptor are of the source whose columns were looked at.
    pub unsafe fn of(self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Option<String> {
        let number = self.0?;
        // SAFETY: the attribute is one of the descriptor's; the text is palloc'ed and NUL-terminated, or null.
        unsafe {
            let text = pg_sys::SPI_getvalue(tuple, descriptor, number);
            let key = (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned());
            if !text.is_null() {
                pg_sys::pfree(text.cast());
            }
            key
        }
    }
}

/// The one column besides the key, which holds texts.
#[derive(Clone, Copy)]
pub struct TextColumn {
    number: i32,
    base: pg_sys::Oid,
}

impl TextColumn {
    /// Finds it; `model` takes a text.
    pub fn find(columns: &[SourceAttribute], key: KeyColumn, model: &str) -> Result<Self> {
        let mut others = columns.iter().filter(|(number, ..)| Some(*number) != key.0);
        let (Some((number, name, oid)), None) = (others.next(), others.next()) else {
            return Err(Error::WrongKindOfModel {
                model: model.to_owned(),
                problem: format!("takes a text, the source has the columns {}", names(columns)),
                hint: "Give a source of one column, or of two with key => 'the other'.".into(),
            });
        };
        let Some((Kind::Text, base)) = Kind::with_base(*oid) else {
            return Err(Error::BadInput {
                message: format!("column \"{name}\" is of type {}, not a text", type_name(*oid)),
                detail: String::new(),
                hint: "Cast it in the source.".into(),
            });
        };
        Ok(Self { number: *number, base })
    }

    /// The text of a row.
    ///
    /// # Safety
    /// As for [`KeyColumn::of`].
    pub unsafe fn of(self, tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> Option<String> {
        let mut null = false;
        // SAFETY: the attribute is one of the descriptor's, of the type that was looked up.
        let cell = unsafe {
            let datum = pg_sys::SPI_getbinval(tuple, descriptor, self.number, &mut null);
            (!null).then(|| Kind::Text.cell(datum, self.base))
        };
        cell.and_then(|cell| cell.into_text())
    }
}

fn names(columns: &[SourceAttribute]) -> String {
    columns.iter().map(|(_, name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}
