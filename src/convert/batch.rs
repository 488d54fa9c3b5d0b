//! Rows read back from an Arrow IPC stream that `ArrowStream` wrote.

use std::io::Read;

use arrow_array::cast::AsArray;
use arrow_array::types::{DurationMicrosecondType, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, DataType, Field};

use super::{Cell, Kind};
use crate::error::{Error, Result};
use crate::store::source::SourceColumn;

/// The batches of a stream.
pub struct Batches<R> {
    reader: StreamReader<R>,
    columns: Vec<SourceColumn>,
}

impl<R: Read> Batches<R> {
    /// Reads the head of a stream.
    pub fn open(from: R) -> Result<Self> {
        let reader = StreamReader::try_new(from, None).map_err(broken)?;
        let schema = reader.schema();
        let columns = schema.fields().iter().map(|field| column(field)).collect::<Result<_>>()?;
        Ok(Self { reader, columns })
    }

    /// The columns, in the stream's order.
    pub fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    /// The next batch.
    pub fn next(&mut self) -> Result<Option<Batch>> {
        self.reader.next().transpose().map(|batch| batch.map(Batch)).map_err(broken)
    }
}

/// Some rows.
pub struct Batch(RecordBatch);

impl Batch {
    pub fn rows(&self) -> usize {
        self.0.num_rows()
    }

    /// One value.
    pub fn cell(&self, column: usize, row: usize) -> Cell {
        self.0.columns().get(column).and_then(|array| cell(array, row)).unwrap_or(Cell::Null)
    }

    /// One text, without a copy.
    pub fn text(&self, column: usize, row: usize) -> Option<&str> {
        let array = self.0.columns().get(column)?.as_string_opt::<i32>()?;
        array.is_valid(row).then(|| array.value(row))
    }
}

/// `None` for NULL.
fn cell(array: &ArrayRef, row: usize) -> Option<Cell> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Boolean => Cell::Boolean(array.as_boolean_opt()?.value(row)),
        DataType::Utf8 => Cell::Text(array.as_string_opt::<i32>()?.value(row).to_owned()),
        DataType::Timestamp(..) => {
            Cell::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row))
        }
        DataType::Duration(_) => {
            Cell::Interval(array.as_primitive_opt::<DurationMicrosecondType>()?.value(row) as f64 / 1e6)
        }
        _ => Cell::Number(array.as_primitive_opt::<Float64Type>()?.value(row)),
    })
}

fn column(field: &Field) -> Result<SourceColumn> {
    let kind = match field.data_type() {
        DataType::Float64 => Kind::Number,
        DataType::Boolean => Kind::Boolean,
        DataType::Utf8 => Kind::Text,
        DataType::Timestamp(..) => Kind::Timestamp,
        DataType::Duration(_) => Kind::Interval,
        other => {
            return Err(Error::Internal { message: format!("stored rows have a column of type {other}") });
        }
    };
    Ok(SourceColumn { name: field.name().clone(), kind })
}

fn broken(e: ArrowError) -> Error {
    Error::Internal { message: format!("the stored rows of a job cannot be read: {e}") }
}

#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::*;
    use crate::convert::ArrowStream;
    use crate::store::source;

    #[pg_test]
    fn rows_come_back_as_they_were_written() {
        let mut bytes = Vec::new();
        let mut stream = ArrowStream::new(|piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        });
        let rows = source::read(
            "SELECT i AS n, i % 2 = 0 AS b, nullif('text ' || i, 'text 2') AS t, timestamptz '1970-01-01 00:00:01+00' AS at, \
             interval '1.5 s' AS d FROM generate_series(1, 9000) i ORDER BY i",
            None,
            &mut stream,
        )
        .unwrap();
        stream.finish().unwrap();
        let mut batches = Batches::open(bytes.as_slice()).unwrap();
        let names: Vec<_> = batches.columns().iter().map(|c| c.name.clone()).collect();
        assert_eq!(names, ["n", "b", "t", "at", "d"]);
        let mut seen = 0;
        while let Some(batch) = batches.next().unwrap() {
            for row in 0..batch.rows() {
                seen += 1;
                assert_eq!(batch.cell(0, row), Cell::Number(seen as f64));
                assert_eq!(batch.cell(1, row), Cell::Boolean(seen % 2 == 0));
                assert_eq!(batch.text(2, row).is_none(), seen == 2);
                assert_eq!(batch.cell(3, row), Cell::Timestamp(1_000_000));
                assert_eq!(batch.cell(4, row), Cell::Interval(1.5));
            }
        }
        assert_eq!((seen, rows), (9000, 9000));
    }
}
