//! One value of a source or a row, in the five kinds that altlas reads.

use std::ffi::CStr;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::{FromDatum, pg_sys};

/// Seconds from the Unix epoch to PostgreSQL's (2000-01-01), in microseconds.
const EPOCH_OFFSET_US: i64 = 946_684_800_000_000;
const DAY_US: i64 = 86_400_000_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any number, as a double.
    Number,
    /// True or false.
    Boolean,
    /// Text, also of enums and uuid.
    Text,
    /// A moment. Types without time zone are read as UTC.
    Timestamp,
    /// A duration. Months count 30 days and years 365.25, as in `extract(epoch FROM …)`.
    Interval,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A text.
    Text(String),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// Seconds.
    Interval(f64),
}

impl Cell {
    /// The value as a number, where it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(v) | Self::Interval(v) => Some(*v),
            Self::Boolean(v) => Some(f64::from(u8::from(*v))),
            Self::Null | Self::Text(_) | Self::Timestamp(_) => None,
        }
    }
}

impl Kind {
    /// The kind of a type, if altlas reads it. Domains count as their base type.
    pub fn of(oid: pg_sys::Oid) -> Option<Self> {
        Self::with_base(oid).map(|(kind, _)| kind)
    }

    /// The kind of a type and the type without domains, for [`Kind::cell`].
    pub fn with_base(oid: pg_sys::Oid) -> Option<(Self, pg_sys::Oid)> {
        // SAFETY: catalogue lookups by OID.
        let (base, is_enum) = unsafe {
            let base = pg_sys::getBaseType(oid);
            (base, pg_sys::get_typtype(base) as u8 == pg_sys::TYPTYPE_ENUM)
        };
        let kind = match base {
            pg_sys::INT2OID
            | pg_sys::INT4OID
            | pg_sys::INT8OID
            | pg_sys::FLOAT4OID
            | pg_sys::FLOAT8OID
            | pg_sys::NUMERICOID => Self::Number,
            pg_sys::BOOLOID => Self::Boolean,
            pg_sys::TEXTOID
            | pg_sys::VARCHAROID
            | pg_sys::BPCHAROID
            | pg_sys::NAMEOID
            | pg_sys::UUIDOID
            | pg_sys::CHAROID
            | pg_sys::UNKNOWNOID => Self::Text,
            pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::DATEOID => Self::Timestamp,
            pg_sys::INTERVALOID => Self::Interval,
            _ if is_enum => Self::Text,
            _ => return None,
        };
        Some((kind, base))
    }

    /// Reads a datum of type `base`, no domain, whose kind this is.
    ///
    /// # Safety
    /// `datum` is a valid, non-null value of type `base`.
    pub unsafe fn cell(self, datum: pg_sys::Datum, base: pg_sys::Oid) -> Cell {
        // SAFETY: the caller vouches for the datum; each branch reads it as its own type.
        unsafe {
            match self {
                Self::Number => number(datum, base).map_or(Cell::Null, Cell::Number),
                Self::Boolean => Cell::Boolean(datum.value() != 0),
                Self::Text => Cell::Text(text(datum, base)),
                Self::Timestamp => timestamp(datum, base),
                Self::Interval => interval(datum),
            }
        }
    }
}

impl Cell {
    /// The text, if it is one.
    pub fn into_text(self) -> Option<String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// # Safety
/// As of [`Kind::cell`].
pub(super) unsafe fn number(datum: pg_sys::Datum, oid: pg_sys::Oid) -> Option<f64> {
    // SAFETY: see `Kind::cell`.
    unsafe {
        match oid {
            pg_sys::INT2OID => i16::from_datum(datum, false).map(f64::from),
            pg_sys::INT4OID => i32::from_datum(datum, false).map(f64::from),
            pg_sys::INT8OID => i64::from_datum(datum, false).map(|v| v as f64),
            pg_sys::FLOAT4OID => f32::from_datum(datum, false).map(f64::from),
            pg_sys::FLOAT8OID => f64::from_datum(datum, false),
            _ => pgrx::direct_function_call::<f64>(pg_sys::numeric_float8_no_overflow, &[Some(datum)]),
        }
    }
}

unsafe fn text(datum: pg_sys::Datum, oid: pg_sys::Oid) -> String {
    // SAFETY: see `Kind::cell`; other types go through their own output function.
    unsafe {
        if matches!(oid, pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID) {
            // A value that was unpacked is freed at once: a source may have many, and is read in one go.
            let packed = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
            let text = String::from_datum(pg_sys::Datum::from(packed), false).unwrap_or_default();
            if packed != datum.cast_mut_ptr() {
                pg_sys::pfree(packed.cast());
            }
            return text;
        }
        let (mut function, mut varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(oid, &mut function, &mut varlena);
        CStr::from_ptr(pg_sys::OidOutputFunctionCall(function, datum)).to_string_lossy().into_owned()
    }
}

unsafe fn timestamp(datum: pg_sys::Datum, oid: pg_sys::Oid) -> Cell {
    let since_2000 = match oid {
        pg_sys::DATEOID => i64::from(datum.value() as i32).checked_mul(DAY_US),
        _ => Some(datum.value() as i64),
    };
    // Infinite dates and times have no place on a time axis.
    match since_2000 {
        Some(us) if us != i64::MIN && us != i64::MAX => {
            us.checked_add(EPOCH_OFFSET_US).map_or(Cell::Null, Cell::Timestamp)
        }
        _ => Cell::Null,
    }
}

unsafe fn interval(datum: pg_sys::Datum) -> Cell {
    // SAFETY: see `Kind::cell`: an interval is passed by reference.
    let value = unsafe { *datum.cast_mut_ptr::<pg_sys::Interval>() };
    let (years, months) = (value.month / 12, value.month % 12);
    let days = f64::from(years) * 365.25 + f64::from(months) * 30.0 + f64::from(value.day);
    Cell::Interval(days * 86_400.0 + value.time as f64 / 1e6)
}

/// A type's name as SQL shows it.
pub fn type_name(oid: pg_sys::Oid) -> String {
    // SAFETY: the result is palloc'ed and NUL-terminated.
    unsafe { CStr::from_ptr(pg_sys::format_type_be(oid)).to_string_lossy().into_owned() }
}

/// A moment given in microseconds since 1970-01-01 UTC; none when PostgreSQL cannot hold it.
pub fn timestamp_of_unix_us(us: i64) -> Option<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(us.checked_sub(EPOCH_OFFSET_US)?).ok()
}
