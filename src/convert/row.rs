//! A row given as a record or as `jsonb`, by column name.

use std::collections::HashMap;

use pgrx::{PgTupleDesc, pg_sys};
use serde_json::{Map, Value};

use super::{Cell, Kind, type_name};
use crate::error::{Error, Result};

/// The fields of a composite value. Columns of types that altlas does not read are left out unless `wanted` names them.
///
/// # Safety
/// `record` is a non-null composite datum.
pub unsafe fn fields_of_record(
    record: pg_sys::Datum,
    wanted: impl Fn(&str) -> bool,
) -> Result<HashMap<String, Cell>> {
    let mut fields = HashMap::new();
    // SAFETY: the header of a composite datum names its row type; the descriptor is pinned until released below.
    unsafe {
        let header = pg_sys::pg_detoast_datum(record.cast_mut_ptr()) as pg_sys::HeapTupleHeader;
        let descriptor = pg_sys::lookup_rowtype_tupdesc_copy(
            pgrx::heap_tuple_header_get_type_id(header),
            pgrx::heap_tuple_header_get_typmod(header),
        );
        let attributes = PgTupleDesc::from_pg_copy(descriptor);
        let mut tuple = pg_sys::HeapTupleData {
            t_len: pgrx::heap_tuple_header_get_datum_length(header) as u32,
            t_data: header,
            ..Default::default()
        };
        for (n, attribute) in (1..).zip(attributes.iter()) {
            let name = attribute.name().to_owned();
            if attribute.is_dropped() || !wanted(&name) {
                continue;
            }
            let oid = attribute.type_oid().value();
            let Some(kind) = Kind::of(oid) else {
                return Err(Error::UnsupportedType { column: name, r#type: type_name(oid) });
            };
            let mut null = false;
            let datum = pg_sys::heap_getattr(&mut tuple, n, descriptor, &mut null);
            fields.insert(name, if null { Cell::Null } else { kind.cell(datum, oid) });
        }
    }
    Ok(fields)
}

/// The fields of a JSON object. Texts stay texts: whoever knows the column's type reads a timestamp or a number from them.
pub fn fields_of_json(object: &Map<String, Value>) -> HashMap<String, Cell> {
    object
        .iter()
        .map(|(name, value)| {
            let cell = match value {
                Value::Null => Cell::Null,
                Value::Bool(b) => Cell::Boolean(*b),
                Value::Number(n) => n.as_f64().map_or(Cell::Null, Cell::Number),
                Value::String(s) => Cell::Text(s.clone()),
                other => Cell::Text(other.to_string()),
            };
            (name.clone(), cell)
        })
        .collect()
}
