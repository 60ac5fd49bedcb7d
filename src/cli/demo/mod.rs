//! The example board: Exampleshire, its partners' files and the quarter they live through.
//!
//! Pure of clocks and daemons: a [`World`] knows what each partner would send, [`story`] when, and the [`Partner`] is
//! the server from which the files are pulled. Everything is invented; the same seed gives the same bytes.

mod benchmarks;
mod chance;
mod dataset;
mod figures;
mod formats;
mod invented;
mod live;
mod partner;
mod relay;
mod story;
mod telling;
mod words;
mod world;

use include_dir::{Dir, include_dir};

pub use dataset::Dataset;
pub use formats::FormatError;
pub use live::demo;
pub use partner::{Partner, PartnerError};
pub use story::{Act, Scene, StoryError, story};
pub use world::{File, World};

/// The example board's `quarterday.toml`, `agencies.toml` and `timetable.toml`.
pub static BOARD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/demo/board");

/// The seed of the example that the README shows.
pub const SEED: u64 = 2025;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        settings::{Problems, read_text},
        timetable::Timetable,
    };

    #[test]
    fn both_timetables_are_valid_and_leave_room_for_every_step() {
        let example = BOARD.get_file("timetable.toml").and_then(include_dir::File::contents_utf8).unwrap();
        for text in [example, include_str!("../../../config/timetable.toml")] {
            let mut problems = Problems::default();
            let document = read_text("timetable.toml", text, &mut problems).unwrap();
            let timetable =
                Timetable::settle(&mut document.root(), std::path::Path::new("."), None, &|_, _| None).unwrap();
            assert_eq!(timetable.ladder, crate::timetable::Ladder::default());
            assert!(!timetable.meetings().is_empty());
            problems.merge(document.finish());
            assert!(problems.is_empty(), "{problems}");
        }
    }

    #[test]
    fn the_agencies_of_the_example_owe_its_returns_and_the_real_board_begins_with_the_same() {
        let example = BOARD.get_file("agencies.toml").and_then(include_dir::File::contents_utf8).unwrap();
        for dataset in Dataset::ALL {
            assert!(example.contains(&format!("id = \"{}\"", dataset.agency_name())), "{}", dataset.agency_name());
        }
        assert_eq!(example, include_str!("../../../config/agencies.toml"));
    }
}
