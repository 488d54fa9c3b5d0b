//! Arrays of numbers, whose elements are columns (`altlas_prep::element_name`).

use altlas_prep::MAX_ELEMENTS;
use pgrx::pg_sys;

use super::Kind;
use super::cell::number;
use crate::error::{Error, Result};

/// The type of the elements of a type that is an array of numbers, without domains.
pub fn element_type(oid: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: catalogue lookups by OID.
    let element = unsafe { pg_sys::get_element_type(pg_sys::getBaseType(oid)) };
    if element == pg_sys::InvalidOid {
        return None;
    }
    Kind::with_base(element).filter(|(kind, _)| *kind == Kind::Number).map(|(_, base)| base)
}

/// Appends the elements of an array of numbers, NaN for NULL.
///
/// # Safety
/// `datum` is a valid, non-null array of elements of type `element`.
pub unsafe fn read_elements(
    column: &str,
    datum: pg_sys::Datum,
    element: pg_sys::Oid,
    into: &mut Vec<f64>,
) -> Result<usize> {
    // SAFETY: the caller vouches for the array; what was allocated here is freed here: a source may have many rows.
    unsafe {
        let stored = datum.cast_mut_ptr::<pg_sys::varlena>();
        let array = pg_sys::pg_detoast_datum(stored).cast::<pg_sys::ArrayType>();
        let (mut length, mut by_value, mut align) = (0, false, 0);
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        let dimensions = (*array).ndim;
        if dimensions <= 1 {
            pg_sys::deconstruct_array(
                array,
                element,
                i32::from(length),
                by_value,
                align,
                &mut values,
                &mut nulls,
                &mut count,
            );
        }
        let count = usize::try_from(count).unwrap_or(0);
        if count <= MAX_ELEMENTS {
            let each = (0..count).map(|n| match *nulls.add(n) {
                true => f64::NAN,
                false => number(*values.add(n), element).unwrap_or(f64::NAN),
            });
            into.extend(each);
        }
        if !values.is_null() {
            pg_sys::pfree(values.cast());
            pg_sys::pfree(nulls.cast());
        }
        if !std::ptr::addr_eq(array, stored) {
            pg_sys::pfree(array.cast());
        }
        if dimensions > 1 {
            return Err(unfit(column, &format!("has {dimensions} dimensions, one is wanted")));
        }
        if count > MAX_ELEMENTS {
            return Err(unfit(column, &format!("has {count} elements, the most are {MAX_ELEMENTS}")));
        }
        Ok(count)
    }
}

/// The error for an array that is longer or shorter than the others of its column.
pub fn wrong_length(column: &str, expected: usize, got: usize) -> Error {
    unfit(column, &format!("has {got} elements, the others have {expected}"))
}

fn unfit(column: &str, problem: &str) -> Error {
    Error::BadInput {
        message: format!("column \"{column}\": an array {problem}"),
        detail: "Each element of an array of numbers is a feature.".into(),
        hint: "Give arrays of one length; NULL stands for one whose elements are all missing.".into(),
    }
}
