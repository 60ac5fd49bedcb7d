//! sqlfn
