//! The nouns everything else speaks of, parsed once.
//!
//! Knows no I/O, no async and no configuration.

mod address;
mod agency;
mod calendar;
mod digest;
mod identifiers;
mod instant;
mod period;
pub mod rounding;
mod standing;
mod status;
mod verdict;
pub mod words;

pub use address::is_address;
pub use agency::{AgencyId, NotAnId, ReturnId};
pub use calendar::{Calendar, CalendarError};
pub use digest::{hex, sha256};
pub use identifiers::{is_nhs_number, upn_check_letter};
pub use instant::{civil_day, london, to_london};
pub use period::{NotAPeriod, Period};
pub use standing::Standing;
pub use status::Status;
pub use verdict::Verdict;
