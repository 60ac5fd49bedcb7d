//! What the figures say: indicators, trends, benchmarks, exceptions, and what of it may be shown.
//!
//! Rows that the indicators' SQL gave come in; a [`Disclosed`] comes out, the only thing a pack is made from. Knows
//! nothing of files, mail or the ledger.

mod analysed;
mod answer;
mod attack;
pub mod benchmark;
mod change;
mod comparison;
mod cumulative;
mod disclosed;
mod disclosure;
mod exception;
mod figures;
mod fixture;
mod headline;
mod in_words;
mod indicator;
pub mod interval;
mod model;
mod movement;
mod publication;
mod siblings;
mod small_count;
mod standing;
mod suppression;
mod tables;
pub mod trend;
mod wording;

pub use analysed::{Analysed, Answer, Given, analyse, check_columns};
pub use answer::AnalysisError;
pub use disclosed::{
    Assurance, Category, Cause, Change, Class, Comparator, Comparison, Disclosed, DisclosedIndicator, Exception, Good,
    Kind, Limits, Meta, Point, Shown, Tone, Unit, Variation,
};
pub use disclosure::disclose;
pub use fixture::{Case, cases};
pub use in_words::InWords;
pub use indicator::{Benchmark, Bridge, Indicator, Names, Rebase};
pub use model::{MODELS, Model, in_order};
pub use small_count::SmallCount;
pub use standing::{
    Stands, exceptions_schema, exceptions_table, expected_by_chance, ranked_exceptions, read_exceptions, standing,
    watched,
};
pub use tables::{disclosed_table, figures_schema, figures_table, sorted_figures};
