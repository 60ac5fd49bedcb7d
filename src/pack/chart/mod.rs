//! Charts, drawn from figures as SVG, each with a text that says the same.
//!
//! A board reads them in black and white and may hear them read out: symbols differ by shape, lines carry their names,
//! and there is no legend. Values that are hidden or missing are drawn as such, never as nought.

mod bars;
mod labels;
mod pen;
mod place;
mod runs;
mod scale;
mod spark;
mod trend;
mod words;

pub(super) use bars::bars;
pub(super) use spark::{SYMBOLS, spark, symbol};
pub(super) use trend::{HEIGHT, trend};

/// A drawing.
pub(super) struct Chart {
    /// The drawing.
    pub svg: String,
    /// What it shows, for those who hear it.
    pub alt: String,
    /// What a reader must know to read it rightly, each a sentence for the text below it.
    pub notes: Vec<String>,
}
