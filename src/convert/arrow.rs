//! A source as an Arrow IPC stream, cut into pieces for the socket.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, DurationMicrosecondBuilder, Float64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};

use super::{Cell, Kind};
use crate::error::{Error, Result};
use crate::store::source::{Sink, SourceColumn};

/// Rows in a batch, and bytes of text after which one with fewer rows ends.
const BATCH: usize = 8192;
const BATCH_TEXT: usize = 4 << 20;
/// Cells after which it ends likewise.
const BATCH_CELLS: usize = 1 << 20;
/// Bytes gathered before they are sent.
const PIECE: usize = 1 << 20;

/// Writes rows as an Arrow IPC stream and hands the bytes to `send` in pieces.
pub struct ArrowStream<F> {
    send: F,
    /// Bytes of the longest text.
    longest: usize,
    state: Option<State>,
}

struct State {
    schema: Arc<Schema>,
    writer: StreamWriter<Vec<u8>>,
    builders: Vec<Builder>,
    rows: usize,
    text: usize,
}

enum Builder {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(DurationMicrosecondBuilder),
}

impl<F: FnMut(&[u8]) -> Result<()>> ArrowStream<F> {
    /// A stream that sends its pieces through `send`.
    pub fn new(send: F) -> Self {
        Self { send, longest: usize::MAX, state: None }
    }

    /// Refuses longer texts.
    pub fn with_longest(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    /// Writes what is left, and the end of the stream.
    pub fn finish(mut self) -> Result<()> {
        self.flush_batch()?;
        if let Some(state) = &mut self.state {
            state.writer.finish().map_err(broken)?;
        }
        self.flush_bytes(0)
    }

    fn flush_batch(&mut self) -> Result<()> {
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        if state.rows == 0 {
            return Ok(());
        }
        let arrays = state.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(state.schema.clone(), arrays).map_err(broken)?;
        state.writer.write(&batch).map_err(broken)?;
        (state.rows, state.text) = (0, 0);
        Ok(())
    }

    /// Sends the bytes that are ready, if there are more than `keep`.
    fn flush_bytes(&mut self, keep: usize) -> Result<()> {
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let ready = state.writer.get_mut();
        if ready.len() > keep {
            for piece in ready.chunks(PIECE) {
                (self.send)(piece)?;
            }
            ready.clear();
        }
        Ok(())
    }
}

impl<F: FnMut(&[u8]) -> Result<()>> Sink for ArrowStream<F> {
    const ARRAYS: bool = true;

    fn columns(&mut self, columns: &[SourceColumn]) -> Result<()> {
        let fields: Vec<_> = columns.iter().map(|c| Field::new(&c.name, arrow_type(c.kind), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let writer = StreamWriter::try_new(Vec::new(), &schema).map_err(broken)?;
        let builders = columns.iter().map(|c| Builder::new(c.kind)).collect();
        self.state = Some(State { schema, writer, builders, rows: 0, text: 0 });
        Ok(())
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        for (builder, cell) in state.builders.iter_mut().zip(cells) {
            if let Cell::Text(text) = &cell {
                if text.len() > self.longest {
                    return Err(Error::TextTooLong { bytes: text.len(), limit: self.longest });
                }
                state.text += text.len();
            }
            builder.push(cell);
        }
        state.rows += 1;
        let cells = state.rows * state.builders.len();
        if state.rows == BATCH || cells >= BATCH_CELLS || state.text >= BATCH_TEXT {
            self.flush_batch()?;
            self.flush_bytes(PIECE)?;
        }
        Ok(())
    }
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::Interval => Self::Interval(DurationMicrosecondBuilder::new()),
        }
    }

    /// A cell of another kind than the column's cannot occur and counts as NULL.
    fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Self::Number(b), Cell::Number(v)) => b.append_value(v),
            (Self::Boolean(b), Cell::Boolean(v)) => b.append_value(v),
            (Self::Text(b), Cell::Text(v)) => b.append_value(v),
            (Self::Timestamp(b), Cell::Timestamp(v)) => b.append_value(v),
            (Self::Interval(b), Cell::Interval(v)) => b.append_value((v * 1e6).round() as i64),
            (Self::Number(b), _) => b.append_null(),
            (Self::Boolean(b), _) => b.append_null(),
            (Self::Text(b), _) => b.append_null(),
            (Self::Timestamp(b), _) => b.append_null(),
            (Self::Interval(b), _) => b.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Number(b) => Arc::new(b.finish()),
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::Text(b) => Arc::new(b.finish()),
            Self::Timestamp(b) => Arc::new(b.finish()),
            Self::Interval(b) => Arc::new(b.finish()),
        }
    }
}

fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Number => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::Text => DataType::Utf8,
        Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Interval => DataType::Duration(TimeUnit::Microsecond),
    }
}

fn broken(e: ArrowError) -> Error {
    Error::Internal { message: format!("writing the Arrow stream failed: {e}") }
}
