//! The nouns everything else speaks of, parsed once.
//!
//! Knows no I/O, no async and no configuration.

mod address;
mod agency;
mod bank_holidays;
mod calendar;
mod digest;
mod heading;
mod identifiers;
mod instant;
pub mod limits;
mod pattern;
mod period;
pub mod rounding;
mod standing;
mod status;
mod verdict;
pub mod words;

pub use address::is_address;
pub use agency::{AgencyId, NotAnId, ReturnId};
pub use bank_holidays::{BankHolidays, Nation, NotAList, NotNewer};
pub use calendar::{Calendar, CalendarError};
pub use digest::{hex, sha256};
pub use heading::{MONTHS, StraddlingYear, names_a_period, period_of_heading};
pub use identifiers::{is_nhs_number, is_upn, is_uprn, upn_check_letter};
pub use instant::{civil_day, london, to_london};
pub use pattern::matches;
pub use period::{NotAPeriod, Period};
pub use standing::Standing;
pub use status::Status;
pub use verdict::Verdict;
