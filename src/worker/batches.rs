//! Rows that a worker sent: an Arrow IPC stream in which no length is believed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::{array::RecordBatch, buffer::Buffer, datatypes::SchemaRef, error::ArrowError, ipc::reader::StreamDecoder};

/// The batches of a stream, decoded as they are asked for. Memory is taken for bytes that are there, never for those that
/// a length promises.
pub struct Batches {
    decoder: StreamDecoder,
    rest: Buffer,
    ended: bool,
}

impl Batches {
    /// Those of `stream`.
    pub fn of(stream: Vec<u8>) -> Self {
        Self { decoder: StreamDecoder::new(), rest: Buffer::from_vec(stream), ended: false }
    }

    /// The schema, once the first batch or the end was asked for.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.decoder.schema()
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        // The decoder holds what it reads to be consistent in places, and panics where it is not.
        let decoded = catch_unwind(AssertUnwindSafe(|| self.decoder.decode(&mut self.rest)));
        let next = match decoded {
            Ok(Ok(Some(batch))) => return Some(Ok(batch)),
            Ok(Ok(None)) => self.decoder.finish().err(),
            Ok(Err(error)) => Some(error),
            Err(_) => Some(ArrowError::IpcError("the rows contradict themselves".into())),
        };
        self.ended = true;
        next.map(Err)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array, StringArray},
        ipc::writer::StreamWriter,
    };

    use super::*;

    fn stream(batches: usize) -> Vec<u8> {
        let (texts, numbers) = (StringArray::from(vec![Some("York"), None]), Int64Array::from(vec![3, 4]));
        let columns: [(&str, ArrayRef); 2] = [("area", Arc::new(texts)), ("n", Arc::new(numbers))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        (0..batches).for_each(|_| stream.write(&batch).unwrap());
        stream.into_inner().unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_its_schema_also_where_there_are_no_rows() {
        for count in [0, 1, 3] {
            let mut batches = Batches::of(stream(count));
            assert_eq!(batches.by_ref().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2 * count);
            assert_eq!(batches.schema().unwrap().field(1).name(), "n");
            assert!(batches.next().is_none());
        }
    }

    #[test]
    fn a_stream_that_is_cut_or_promises_more_than_it_has_ends_with_an_error_and_takes_no_memory_for_it() {
        let whole = stream(2);
        for at in [5, 100, whole.len() / 2, whole.len() - 9] {
            assert!(Batches::of(whole[..at].to_vec()).any(|batch| batch.is_err()), "cut at {at}");
        }
        // A message of two gigabytes, and a body of 2^62 bytes in place of the first batch's.
        let promised = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3];
        assert!(Batches::of(promised.to_vec()).all(|batch| batch.is_err()));
        let mut lied = stream(1);
        let length = lied.windows(8).rposition(|eight| eight == 192_i64.to_le_bytes());
        if let Some(at) = length {
            lied[at..at + 8].copy_from_slice(&(1_i64 << 62).to_le_bytes());
            assert!(Batches::of(lied).any(|batch| batch.is_err()));
        }
    }
}
