//! The pieces of which requests and answers are made.
//!
//! One frame is a kind byte, the length as `u64` little-endian, and the payload. Knows nothing of processes.

use std::io::{self, Read, Write};

use serde_json::Value;

/// One piece of a worker's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    Json(Value),
    Bytes(Vec<u8>),
}

pub(super) const START: u8 = b'S';
pub(super) const REQUEST: u8 = b'R';
pub(super) const HELLO: u8 = b'H';
pub(super) const JSON: u8 = b'J';
pub(super) const BYTES: u8 = b'B';
pub(super) const FAILED: u8 = b'F';
pub(super) const DONE: u8 = b'D';

/// Bytes of a frame before its payload.
pub(super) const HEADER: usize = 9;

pub(super) fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let mut header = [kind; HEADER];
    header[1..].copy_from_slice(&(length as u64).to_le_bytes());
    header
}

pub(super) fn parse_header(header: [u8; HEADER]) -> (u8, u64) {
    let [kind, length @ ..] = header;
    (kind, u64::from_le_bytes(length))
}

pub(super) fn write(out: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    out.write_all(&header(kind, payload.len()))?;
    out.write_all(payload)
}

/// Reads the frame that must come next.
pub(super) fn read(input: &mut impl Read, kind: u8) -> io::Result<Vec<u8>> {
    let mut bytes = [0; HEADER];
    input.read_exact(&mut bytes)?;
    let (found, length) = parse_header(bytes);
    if found != kind {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "another frame was expected"));
    }
    let mut payload = Vec::new();
    let read = input.take(length).read_to_end(&mut payload)?;
    if read as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_as_written() {
        let mut bytes = Vec::new();
        write(&mut bytes, JSON, b"{}").unwrap();
        assert_eq!(read(&mut bytes.as_slice(), JSON).unwrap(), b"{}");
    }

    #[test]
    fn a_cut_frame_and_a_frame_of_another_kind_are_errors() {
        let mut bytes = Vec::new();
        write(&mut bytes, JSON, b"{}").unwrap();
        assert!(read(&mut &bytes[..10], JSON).is_err());
        assert!(read(&mut bytes.as_slice(), BYTES).is_err());
    }

    #[test]
    fn a_length_that_lies_allocates_nothing() {
        assert!(read(&mut header(JSON, usize::MAX).as_slice(), JSON).is_err());
    }
}
