//! The rows of a sheet, read as they are asked for.

use arrow::array::RecordBatch;
use futures::{Stream, StreamExt, stream};

use super::{DecodeError, aside};

/// So many pieces are read before they are asked for.
const AHEAD: usize = 3;

/// Batches of a sheet's rows in their order. Reading ends with the first error.
pub struct Rows {
    pieces: Box<dyn Iterator<Item = Result<Piece, DecodeError>> + Send>,
    ended: bool,
}

/// A part of a sheet that is still to be read, on whichever thread has time for it.
pub struct Piece(Box<dyn FnOnce() -> Result<RecordBatch, DecodeError> + Send>);

impl Rows {
    /// Rows that come as batches.
    pub fn of(batches: impl Iterator<Item = Result<RecordBatch, DecodeError>> + Send + 'static) -> Self {
        Self::in_pieces(batches.map(|batch| batch.map(|batch| Piece::new(move || Ok(batch)))))
    }

    /// Rows that come in pieces, which several threads may read at the same time.
    pub(super) fn in_pieces(pieces: impl Iterator<Item = Result<Piece, DecodeError>> + Send + 'static) -> Self {
        Self { pieces: Box::new(pieces), ended: false }
    }

    /// The batches in their order, read ahead of whoever asks for them.
    pub fn ahead(self) -> impl Stream<Item = Result<RecordBatch, DecodeError>> + Send {
        let read = |piece: Result<Piece, DecodeError>| async {
            let piece = piece?;
            aside(move || piece.read()).await
        };
        stream::iter(self.pieces()).map(read).buffered(AHEAD)
    }

    /// The pieces in their order; an error is the last of them.
    fn pieces(self) -> impl Iterator<Item = Result<Piece, DecodeError>> + Send {
        let (mut pieces, mut ended) = (self.pieces, self.ended);
        std::iter::from_fn(move || {
            let piece = if ended { None } else { pieces.next() };
            ended |= piece.as_ref().is_none_or(Result::is_err);
            piece
        })
    }
}

impl Piece {
    pub(super) fn new(read: impl FnOnce() -> Result<RecordBatch, DecodeError> + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    /// Reads it; there may be no row in it.
    ///
    /// # Errors
    /// When one of its rows cannot be read.
    pub fn read(self) -> Result<RecordBatch, DecodeError> {
        (self.0)()
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let batch = self.pieces.next().map(|piece| piece.and_then(Piece::read));
            self.ended = batch.as_ref().is_none_or(Result::is_err);
            if batch.as_ref().is_none_or(|batch| batch.as_ref().map_or(true, |batch| batch.num_rows() > 0)) {
                return batch;
            }
        }
        None
    }
}
