//! What the figures say: indicators, trends, benchmarks, exceptions, and what of it may be shown.
//!
//! Rows that the indicators' SQL gave come in; a [`Disclosed`] comes out, the only thing a pack is made from. Knows
//! nothing of files, mail or the ledger.

mod disclosed;

pub use disclosed::{
    Assurance, Cause, Change, Class, Comparator, Comparison, Disclosed, DisclosedIndicator, Exception, Good, Kind,
    Limits, Meta, Point, Shown, Tone, Unit, Variation,
};
