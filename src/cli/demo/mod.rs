//! The example board: Exampleshire, its partners' files and the quarter they live through.
//!
//! Pure of clocks and daemons: a [`World`] knows what each partner would send, [`story`] when, and the [`Partner`] is
//! the server from which the files are pulled. Everything is invented; the same seed gives the same bytes.

mod benchmarks;
mod chance;
mod dataset;
mod figures;
mod formats;
mod partner;
mod story;
mod words;
mod world;

use include_dir::{Dir, include_dir};

pub use dataset::Dataset;
pub use formats::FormatError;
pub use partner::{Partner, PartnerError};
pub use story::{Act, Scene, StoryError, story};
pub use world::{File, World};

/// The example board's `quarterday.toml`, `agencies.toml` and `timetable.toml`.
pub static BOARD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo/board");

/// The seed of the example that the README shows.
pub const SEED: u64 = 2025;
