//! Arrow to tables of columns.

use std::io;

use altlas_prep::{Column, Table};
use altlas_proto::{Failure, FailureKind};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, DurationMicrosecondType, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{DataType, Field, TimeUnit};

/// Key of a field's metadata that says what its numbers mean.
pub const TYPE_KEY: &str = "altlas.type";
/// Value of [`TYPE_KEY`]: the numbers are seconds of an interval.
pub const INTERVAL: &str = "interval";

/// What was read of a stream.
#[derive(Debug)]
pub struct Read {
    pub table: Table,
    /// Rows that the stream had.
    pub rows: usize,
}

/// Reads a stream of record batches. NULL and NaN are one for numbers. Where the rows take more than `most` bytes, every second one
/// goes, as often as need be: what stays is evenly spaced. 0 is no limit.
pub fn read_table(from: impl io::Read, most: u64) -> Result<Read, Failure> {
    let mut reader = StreamReader::try_new(from, None).map_err(|e| unreadable(&e))?;
    let schema = reader.schema();
    let mut columns = schema.fields().iter().map(|field| empty(field)).collect::<Result<Vec<_>, _>>()?;
    // One of so many rows is kept.
    let (mut rows, mut stride, mut held) = (0_usize, 1_usize, 0_u64);
    for batch in &mut reader {
        let batch = batch.map_err(|e| unreadable(&e))?;
        let first = rows.next_multiple_of(stride) - rows;
        for ((column, array), field) in columns.iter_mut().zip(batch.columns()).zip(schema.fields()) {
            let before = column.len();
            append(column, array).ok_or_else(|| unsupported(field))?;
            thin(column, before, first, stride);
            held += bytes(column, before);
        }
        rows += batch.num_rows();
        while most > 0 && held > most && columns.first().is_some_and(|column| column.len() > 1) {
            stride *= 2;
            columns.iter_mut().for_each(|column| thin(column, 0, 0, 2));
            held = columns.iter().map(|column| bytes(column, 0)).sum();
        }
    }
    // A reader ends at the end mark; what the client sends behind it is read here so that its end is seen.
    io::copy(reader.get_mut(), &mut io::sink()).map_err(|e| unreadable(&e))?;
    let names = schema.fields().iter().map(|field| field.name().clone()).collect();
    let table = Table::new(names, columns)
        .map_err(|e| Failure::new(FailureKind::BadInput, "the input is no table").detail(e.to_string()))?;
    Ok(Read { table, rows })
}

/// Of the values from place `from` on, keeps the one at `first` behind it and each `stride` further on.
fn thin(column: &mut Column, from: usize, first: usize, stride: usize) {
    fn keep<T>(values: &mut Vec<T>, from: usize, first: usize, stride: usize) {
        let tail = values.split_off(from.min(values.len()));
        values.extend(tail.into_iter().skip(first).step_by(stride));
    }
    if stride == 1 {
        return;
    }
    match column {
        Column::Number(v) | Column::Interval(v) => keep(v, from, first, stride),
        Column::Boolean(v) => keep(v, from, first, stride),
        Column::Text(v) => keep(v, from, first, stride),
        Column::Timestamp(v) => keep(v, from, first, stride),
    }
}

/// Bytes that the values of a column take from place `from` on.
fn bytes(column: &Column, from: usize) -> u64 {
    let each = match column {
        Column::Number(_) | Column::Interval(_) => size_of::<f64>(),
        Column::Boolean(_) => size_of::<Option<bool>>(),
        Column::Text(_) => size_of::<Option<String>>(),
        Column::Timestamp(_) => size_of::<Option<i64>>(),
    };
    let texts = match column {
        Column::Text(v) => v.iter().skip(from).flatten().map(String::len).sum(),
        _ => 0,
    };
    (column.len().saturating_sub(from) * each + texts) as u64
}

fn empty(field: &Field) -> Result<Column, Failure> {
    let interval = field.metadata().get(TYPE_KEY).is_some_and(|t| t == INTERVAL);
    match field.data_type() {
        DataType::Int64 | DataType::Float64 if interval => Ok(Column::Interval(Vec::new())),
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Float32 | DataType::Float64 => {
            Ok(Column::Number(Vec::new()))
        }
        DataType::Boolean => Ok(Column::Boolean(Vec::new())),
        DataType::Utf8 => Ok(Column::Text(Vec::new())),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Ok(Column::Timestamp(Vec::new())),
        DataType::Duration(TimeUnit::Microsecond) => Ok(Column::Interval(Vec::new())),
        _ => Err(unsupported(field)),
    }
}

/// Appends an array to a column that [`empty`] made for its type; `None` when they do not fit.
fn append(column: &mut Column, array: &dyn Array) -> Option<()> {
    match column {
        Column::Number(to) | Column::Interval(to) => match array.data_type() {
            DataType::Int16 => numbers::<Int16Type>(to, array, f64::from),
            DataType::Int32 => numbers::<Int32Type>(to, array, f64::from),
            DataType::Int64 => numbers::<Int64Type>(to, array, |v| v as f64),
            DataType::Float32 => numbers::<Float32Type>(to, array, f64::from),
            DataType::Float64 => numbers::<Float64Type>(to, array, |v| v),
            _ => numbers::<DurationMicrosecondType>(to, array, |us| us as f64 / 1e6),
        },
        Column::Boolean(to) => {
            to.extend(array.as_boolean_opt()?.iter());
            Some(())
        }
        Column::Text(to) => {
            to.extend(array.as_string_opt::<i32>()?.iter().map(|v| v.map(str::to_owned)));
            Some(())
        }
        Column::Timestamp(to) => {
            to.extend(array.as_primitive_opt::<TimestampMicrosecondType>()?.iter());
            Some(())
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(
    to: &mut Vec<f64>,
    array: &dyn Array,
    number: fn(T::Native) -> f64,
) -> Option<()> {
    let array: &PrimitiveArray<T> = array.as_primitive_opt()?;
    to.extend(array.iter().map(|v| v.map_or(f64::NAN, number)));
    Some(())
}

fn unsupported(field: &Field) -> Failure {
    let (name, found) = (field.name(), field.data_type());
    Failure::new(FailureKind::BadInput, format!("column {name:?} has a type that training does not take"))
        .detail(format!("Its type is {found} in Arrow's terms."))
        .hint("Cast it to a number, boolean, text, timestamp or interval, or leave it out.")
}

fn unreadable(e: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::BadInput, "the job's input is no readable Arrow stream").detail(e.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BooleanArray, DurationMicrosecondArray, Float32Array, Float64Array, Int16Array, Int32Array,
        Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt8Array,
    };
    use arrow_ipc::writer::StreamWriter;
    use arrow_schema::Schema;

    use super::*;

    fn stream(columns: Vec<(Field, ArrayRef)>, times: usize) -> Vec<u8> {
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        for _ in 0..times {
            writer.write(&batch).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn column(name: &str, array: impl Array + 'static) -> (Field, ArrayRef) {
        (Field::new(name, array.data_type().clone(), true), Arc::new(array))
    }

    fn marked((field, array): (Field, ArrayRef)) -> (Field, ArrayRef) {
        (field.with_metadata(HashMap::from([(TYPE_KEY.into(), INTERVAL.into())])), array)
    }

    fn seen(column: &Column) -> String {
        format!("{column:?}")
    }

    #[test]
    fn every_type_is_converted_and_batches_are_joined() {
        let bytes = stream(
            vec![
                column("i2", Int16Array::from(vec![Some(-2), None])),
                column("i4", Int32Array::from(vec![i32::MIN, 4])),
                column("i8", Int64Array::from(vec![Some(8), None])),
                column("f4", Float32Array::from(vec![0.5, f32::INFINITY])),
                column("f8", Float64Array::from(vec![Some(0.1), None])),
                column("b", BooleanArray::from(vec![Some(true), None])),
                column("t", StringArray::from(vec![Some("İğne"), None])),
                column("at", TimestampMicrosecondArray::from(vec![Some(7), None]).with_timezone("UTC")),
                column("dur", DurationMicrosecondArray::from(vec![Some(1_500_000), None])),
                marked(column("secs", Float64Array::from(vec![Some(2.5), None]))),
                marked(column("whole", Int64Array::from(vec![3, 4]))),
            ],
            1,
        );
        let table = read_table(bytes.as_slice(), 0).unwrap().table;
        let found: Vec<String> = table.columns().iter().map(seen).collect();
        let expected = [
            "Number([-2.0, NaN])",
            "Number([-2147483648.0, 4.0])",
            "Number([8.0, NaN])",
            "Number([0.5, inf])",
            "Number([0.1, NaN])",
            "Boolean([Some(true), None])",
            "Text([Some(\"İğne\"), None])",
            "Timestamp([Some(7), None])",
            "Interval([1.5, NaN])",
            "Interval([2.5, NaN])",
            "Interval([3.0, 4.0])",
        ];
        assert_eq!(found, expected);
        assert_eq!(table.names()[7], "at");
        let twice = read_table(stream(vec![column("x", Int32Array::from(vec![1, 2]))], 2).as_slice(), 0)
            .unwrap()
            .table;
        assert_eq!(twice.columns(), [Column::Number(vec![1.0, 2.0, 1.0, 2.0])]);
    }

    #[test]
    fn rows_beyond_the_limit_are_thinned_evenly() {
        let ids = Int32Array::from((0..100).collect::<Vec<_>>());
        let names = StringArray::from((0..100).map(|n| format!("name {n:03}")).collect::<Vec<_>>());
        let bytes = stream(vec![column("id", ids), column("name", names)], 8);
        let all = read_table(bytes.as_slice(), 0).unwrap();
        assert_eq!((all.rows, all.table.rows()), (800, 800));
        // 8 bytes of a number, 24 of a string and 8 of its text: 100 rows.
        let some = read_table(bytes.as_slice(), 4000).unwrap();
        assert_eq!((some.rows, some.table.rows()), (800, 100));
        let Column::Number(ids) = &some.table.columns()[0] else { panic!("no numbers") };
        let expected: Vec<f64> = (0..800).step_by(8).map(|n| f64::from(n % 100)).collect();
        assert_eq!(ids, &expected);
        // One row is kept whatever it takes.
        assert_eq!(read_table(bytes.as_slice(), 1).unwrap().table.rows(), 1);
    }

    #[test]
    fn other_types_are_refused_with_column_and_type() {
        let bytes = stream(
            vec![column("fine", Int32Array::from(vec![1])), column("odd", UInt8Array::from(vec![1]))],
            1,
        );
        let failure = read_table(bytes.as_slice(), 0).unwrap_err();
        assert_eq!(failure.kind, FailureKind::BadInput);
        assert!(failure.message.contains("\"odd\"") && failure.detail.unwrap().contains("UInt8"));
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let good = stream(vec![column("x", Int32Array::from(vec![1, 2, 3]))], 1);
        for bytes in [&b""[..], b"garbage, and no Arrow at all", &good[..good.len() / 2]] {
            assert_eq!(read_table(bytes, 0).unwrap_err().kind, FailureKind::BadInput);
        }
    }
}
