//! Workbooks for the people who send data: the template they fill in, and their own file with what is to be fixed marked.
//!
//! Text stays text: no cell of these workbooks is a formula that somebody else's words could have become. Knows nothing of
//! who gets a workbook and when; foreign bytes are touched in a worker only.

mod choices;
mod guide;
mod headings;
mod in_place;
mod list;
mod marked;
mod notes;
mod parts;
mod plain;
mod rewritten;
mod sheet;
mod styles;
mod template;

pub use guide::{NARRATIVE, NARRATIVE_COLUMNS, is_narrative};
pub use list::Head;
pub use marked::{MOST_BYTES, NotMarked, marked_anew, marked_in_place, serve_mark};
pub use plain::plain_book;
pub use template::{FormError, Template};

/// The media type of CSV.
pub const CSV: &str = "text/csv";

/// The media type of a workbook.
pub const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Sheets that these workbooks have besides the sender's own; nobody is told that they were left aside.
pub const OWN_SHEETS: [&str; 3] = ["Read me", "Lists", "What to fix"];
