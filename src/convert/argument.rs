//! Arguments that pgrx would copy element by element: rows and arrays of numbers, read where they lie.

use std::borrow::Cow;
use std::ptr::NonNull;

use pgrx::array::RawArray;
use pgrx::callconv::{Arg, ArgAbi};
use pgrx::{FromDatum, impl_sql_translatable, pg_sys};

/// A row, `record` in SQL.
#[derive(Clone, Copy)]
pub struct Record(pub pg_sys::Datum);

/// Numbers, `double precision[]` in SQL. NULL elements are NaN; without one, the values are those of the array itself.
pub struct Floats<'a> {
    /// The elements, the last dimension fastest.
    pub values: Cow<'a, [f64]>,
    /// Rows for a model: one for a plain array, the first dimension of a matrix, none when it is empty.
    pub rows: usize,
}

/// A model's name and numbers for it: the arguments `model`, `features` and `entity_key` in one, of which the last is not
/// looked at. pgrx takes as long to fetch three arguments as a linear model to score them.
pub struct VectorCall<'a> {
    /// The name. Where it is NULL, so is the whole.
    pub model: &'a str,
    /// The numbers.
    pub features: Option<Floats<'a>>,
}

/// The elements of an array of doubles.
fn values<'a>(mut array: RawArray) -> Cow<'a, [f64]> {
    let stored = array.data::<f64>();
    let Some(bits) = array.nulls() else {
        // SAFETY: the elements are doubles, aligned to eight bytes as the array is, and live as long as it.
        return Cow::Borrowed(unsafe { stored.as_ref() });
    };
    let mut next = stored.cast::<f64>();
    let filled = (0..array.len()).map(|n| {
        // SAFETY: NULL elements take no place, so that there are as many doubles as bits set; a bitmap has a bit an element.
        unsafe {
            if *bits.cast::<u8>().add(n / 8).as_ref() & (1 << (n % 8)) == 0 {
                return f64::NAN;
            }
            let value = *next.as_ref();
            next = next.add(1);
            value
        }
    });
    Cow::Owned(filled.collect())
}

impl FromDatum for Record {
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, _: pg_sys::Oid) -> Option<Self> {
        (!is_null).then_some(Self(datum))
    }
}

impl FromDatum for Floats<'_> {
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, _: pg_sys::Oid) -> Option<Self> {
        if is_null {
            return None;
        }
        // SAFETY: the SQL type is `double precision[]`; detoasting gives the same array, or a copy in the current memory context.
        unsafe {
            let mut array = datum.cast_mut_ptr::<pg_sys::varlena>();
            if !pgrx::varlena::varatt_is_4b_u(array) {
                array = pg_sys::pg_detoast_datum(array);
            }
            let array = RawArray::from_ptr(NonNull::new(array.cast())?);
            let rows = match array.dims() {
                [] => 0,
                [_] => 1,
                [rows, ..] => usize::try_from(*rows).unwrap_or(0),
            };
            Some(Self { values: values(array), rows })
        }
    }
}

macro_rules! argument {
    ($($type:ty),*) => { $(
        // SAFETY: the value is made from the argument's datum, whose type SQL declares.
        unsafe impl<'fcx> ArgAbi<'fcx> for $type {
            unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
                let index = arg.index();
                // SAFETY: as above. `Option` takes the NULLs.
                let value = unsafe { arg.unbox_arg_using_from_datum() };
                value.unwrap_or_else(|| pgrx::error!("argument {index} is NULL"))
            }
        }
    )* };
}

argument!(Record, Floats<'fcx>);

// SAFETY: the arguments are those that the declaration below gives the SQL function.
unsafe impl<'fcx> ArgAbi<'fcx> for VectorCall<'fcx> {
    unsafe fn unbox_arg_unchecked(first: Arg<'_, 'fcx>) -> Self {
        // SAFETY: as above. The first argument is not NULL: this is called inside of `Option`.
        unsafe {
            let call = pg_sys::FunctionCallInfo::unbox_arg_unchecked(first);
            let [model, features] = &*(&raw const (*call).args).cast::<[pg_sys::NullableDatum; 2]>();
            Self {
                model: <&str>::from_datum(model.value, model.isnull).unwrap_or_default(),
                features: Floats::from_datum(features.value, features.isnull),
            }
        }
    }
}

impl_sql_translatable!(
    VectorCall<'_>,
    arg_only = r#"TEXT, "features" double precision[], "entity_key" TEXT DEFAULT NULL"#
);
impl_sql_translatable!(Record, arg_only = "record");
impl_sql_translatable!(Floats<'_>, arg_only = "double precision[]");
