//! Where a model's columns are in the rows of one type, found once for many rows.

use pgrx::{PgTupleDesc, pg_sys};

use altlas_prep::element_place;

use super::elements::{element_type, read_elements, wrong_length};
use super::{Cell, Kind, Record, type_name};
use crate::error::{Error, Result};

/// The places of some columns in rows of one type.
pub struct RowPlan {
    descriptor: PgTupleDesc<'static>,
    columns: Vec<Place>,
    arrays: Vec<Elements>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

struct Place {
    name: String,
    /// From 0.
    attribute: usize,
    kind: Kind,
    /// The type, domains resolved.
    base: pg_sys::Oid,
    /// Of an element of an array of numbers: which array, and its place there, from 0.
    element: Option<(usize, usize)>,
}

/// An array of numbers, whose elements are columns.
struct Elements {
    name: String,
    attribute: usize,
    element: pg_sys::Oid,
    /// The largest place that is wanted.
    length: usize,
    /// The elements in the row taken last.
    values: Vec<f64>,
}

impl RowPlan {
    /// Finds `wanted` in rows of a type. `missing` makes the error for a column that is not there, of the names that are.
    fn new<'n>(
        descriptor: PgTupleDesc<'static>,
        wanted: impl Iterator<Item = &'n str>,
        missing: impl Fn(&str, Vec<&str>) -> Error,
    ) -> Result<Self> {
        let mut arrays: Vec<Elements> = Vec::new();
        let columns = wanted
            .map(|name| {
                let living = || descriptor.iter().enumerate().filter(|(_, a)| !a.is_dropped());
                let named = |name: &str| living().find(|(_, attribute)| attribute.name() == name);
                let found = named(name);
                if found.is_none()
                    && let Some((array, place)) = element_place(name)
                    && let Some((attribute, described)) = named(array)
                    && let Some(element) = element_type(described.type_oid().value())
                {
                    let place = place - 1;
                    let number = arrays.iter().position(|a| a.attribute == attribute).unwrap_or_else(|| {
                        let name = array.to_owned();
                        arrays.push(Elements { name, attribute, element, length: 0, values: Vec::new() });
                        arrays.len() - 1
                    });
                    if let Some(array) = arrays.get_mut(number) {
                        array.length = array.length.max(place + 1);
                    }
                    let (name, kind, base) = (name.to_owned(), Kind::Number, element);
                    return Ok(Place { name, attribute, kind, base, element: Some((number, place)) });
                }
                let (attribute, described) =
                    found.ok_or_else(|| missing(name, living().map(|(_, a)| a.name()).collect()))?;
                let oid = described.type_oid().value();
                let (kind, base) = Kind::with_base(oid).ok_or_else(|| Error::UnsupportedType {
                    column: name.to_owned(),
                    r#type: type_name(oid),
                })?;
                Ok(Place { name: name.to_owned(), attribute, kind, base, element: None })
            })
            .collect::<Result<_>>()?;
        let width = descriptor.len();
        Ok(Self {
            descriptor,
            columns,
            arrays,
            values: vec![pg_sys::Datum::from(0usize); width],
            nulls: vec![true; width],
        })
    }

    /// For rows of the type of `record`.
    ///
    /// # Safety
    /// `record` is a composite value.
    pub unsafe fn of_record<'n>(
        record: Record,
        wanted: impl Iterator<Item = &'n str>,
        missing: impl Fn(&str, Vec<&str>) -> Error,
    ) -> Result<Self> {
        // SAFETY: the header of a composite value names its row type. The copy lives until the plan is dropped, which may be in
        // a later transaction, so that it is made in memory of this process's lifetime.
        let descriptor = unsafe {
            let (type_id, modifier) = row_type(record);
            pgrx::PgMemoryContexts::TopMemoryContext.switch_to(|_| {
                PgTupleDesc::from_pg_is_copy(pg_sys::lookup_rowtype_tupdesc_copy(type_id, modifier))
            })
        };
        Self::new(descriptor, wanted, missing)
    }

    /// For rows of a source.
    ///
    /// # Safety
    /// The descriptor is valid.
    pub unsafe fn of_descriptor<'n>(
        descriptor: pg_sys::TupleDesc,
        wanted: impl Iterator<Item = &'n str>,
        missing: impl Fn(&str, Vec<&str>) -> Error,
    ) -> Result<Self> {
        // SAFETY: as above, and as for `of_record`.
        let descriptor = unsafe {
            pgrx::PgMemoryContexts::TopMemoryContext
                .switch_to(|_| PgTupleDesc::from_pg_is_copy(pg_sys::CreateTupleDescCopy(descriptor)))
        };
        Self::new(descriptor, wanted, missing)
    }

    /// Whether the plan is for rows of the type of `record`.
    ///
    /// # Safety
    /// `record` is a composite value.
    pub unsafe fn fits(&self, record: Record) -> bool {
        // SAFETY: as above.
        let (type_id, modifier) = unsafe { row_type(record) };
        // A named type is its OID alone: PostgreSQL before 16 leaves any modifier in the values of a table's rows.
        type_id == self.descriptor.oid()
            && (type_id != pg_sys::RECORDOID || modifier == self.descriptor.typmod())
    }

    /// Takes the next row, a composite value.
    ///
    /// # Safety
    /// The plan fits the record, which lives until its values are read.
    pub unsafe fn take_record(&mut self, record: Record) -> Result<()> {
        // SAFETY: the tuple's header is that of the composite value.
        unsafe {
            let header = header(record);
            let mut tuple = pg_sys::HeapTupleData {
                t_len: pgrx::heap_tuple_header_get_datum_length(header) as u32,
                t_data: header,
                ..Default::default()
            };
            self.take(&mut tuple)
        }
    }

    /// Takes the next row.
    ///
    /// # Safety
    /// The tuple is of the plan's row type and lives until its values are read.
    pub unsafe fn take(&mut self, tuple: pg_sys::HeapTuple) -> Result<()> {
        // SAFETY: the arrays have a place for each attribute of the descriptor.
        unsafe {
            pg_sys::heap_deform_tuple(
                tuple,
                self.descriptor.as_ptr(),
                self.values.as_mut_ptr(),
                self.nulls.as_mut_ptr(),
            );
        }
        for array in &mut self.arrays {
            array.values.clear();
            let known = self.nulls.get(array.attribute) == Some(&false);
            let Some(datum) = self.values.get(array.attribute).filter(|_| known) else {
                array.values.resize(array.length, f64::NAN);
                continue;
            };
            // SAFETY: the attribute is an array of this type.
            let count = unsafe { read_elements(&array.name, *datum, array.element, &mut array.values) }?;
            if count != array.length {
                return Err(wrong_length(&array.name, array.length, count));
            }
        }
        Ok(())
    }

    /// The value of the n-th wanted column in the row taken last.
    pub fn cell(&self, n: usize) -> Cell {
        if let Some(number) = self.element(n) {
            return if number.is_nan() { Cell::Null } else { Cell::Number(number) };
        }
        let Some((place, datum)) = self.place(n) else { return Cell::Null };
        // SAFETY: the row is of the type that the place was found in, and still there.
        datum.map_or(Cell::Null, |datum| unsafe { place.kind.cell(datum, place.base) })
    }

    /// The same as a number, NaN for NULL; `Err` gives name and value of what is none.
    pub fn number(&self, n: usize) -> std::result::Result<f64, (&str, Cell)> {
        if let Some(number) = self.element(n) {
            return Ok(number);
        }
        let Some((place, Some(datum))) = self.place(n) else { return Ok(f64::NAN) };
        if place.base == pg_sys::FLOAT8OID {
            return Ok(f64::from_bits(datum.value() as u64));
        }
        match self.cell(n) {
            Cell::Null => Ok(f64::NAN),
            Cell::Number(v) | Cell::Interval(v) => Ok(v),
            Cell::Boolean(v) => Ok(f64::from(u8::from(v))),
            other @ (Cell::Text(_) | Cell::Timestamp(_)) => Err((&place.name, other)),
        }
    }

    /// The value of a column that is an element of an array.
    #[inline]
    fn element(&self, n: usize) -> Option<f64> {
        if self.arrays.is_empty() {
            return None;
        }
        let (array, place) = self.columns.get(n)?.element?;
        self.arrays.get(array)?.values.get(place).copied()
    }

    fn place(&self, n: usize) -> Option<(&Place, Option<pg_sys::Datum>)> {
        let place = self.columns.get(n)?;
        let datum = self.values.get(place.attribute).copied();
        Some((place, datum.filter(|_| self.nulls.get(place.attribute) == Some(&false))))
    }
}

/// # Safety
/// `record` is a composite value.
unsafe fn header(record: Record) -> pg_sys::HeapTupleHeader {
    // SAFETY: a composite value is a varlena whose header is followed by the tuple's.
    unsafe {
        let value = record.0.cast_mut_ptr::<pg_sys::varlena>();
        if pgrx::varlena::varatt_is_4b_u(value) {
            value.cast()
        } else {
            pg_sys::pg_detoast_datum(value).cast()
        }
    }
}

/// # Safety
/// `record` is a composite value.
unsafe fn row_type(record: Record) -> (pg_sys::Oid, i32) {
    // SAFETY: the fields of a composite value's header.
    unsafe {
        let header = header(record);
        (pgrx::heap_tuple_header_get_type_id(header), pgrx::heap_tuple_header_get_typmod(header))
    }
}
