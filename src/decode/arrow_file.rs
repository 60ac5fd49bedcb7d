//! Arrow IPC, read in a worker as Parquet is: the file with its footer, or the stream without one.

use std::io::Cursor;

use arrow::ipc::reader::{FileReader, StreamReader};
use serde_json::Value;

use super::columnar;
use crate::worker::Output;

/// What every message of a stream begins with; what begins otherwise would be taken for a length.
const CONTINUATION: [u8; 4] = [0xFF; 4];

/// The worker's side: `input` is the file.
pub(super) fn handle(_request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    if input.starts_with(b"ARROW1") {
        let reader = FileReader::try_new(Cursor::new(input), None).map_err(damaged)?;
        let schema = reader.schema();
        columnar::send(&schema, reader.map(|batch| batch.map_err(damaged)), output)
    } else if !input.starts_with(&CONTINUATION) {
        Err(damaged("it does not begin as one"))
    } else {
        let reader = StreamReader::try_new(Cursor::new(input), None).map_err(damaged)?;
        let schema = reader.schema();
        columnar::send(&schema, reader.map(|batch| batch.map_err(damaged)), output)
    }
}

fn damaged(error: impl std::fmt::Display) -> String {
    format!("the Arrow file is cut off or damaged ({error}); write it again and send it again")
}
